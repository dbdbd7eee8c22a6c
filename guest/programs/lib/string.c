#include "string.h"

void *memcpy(void *to, const void *from, size_t count)
{
	char *t = to;
	const char *f = from;

	while (count--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t count)
{
	char *t = to;
	const char *f = from;

	if (t <= f)
		return memcpy(to, from, count);
	while (count--)
		t[count] = f[count];
	return to;
}

void *memset(void *to, int byte, size_t count)
{
	char *t = to;

	while (count--)
		*t++ = (char)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t count)
{
	const unsigned char *x = a, *y = b;

	for (; count; count--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

size_t strlen(const char *text)
{
	size_t length = 0;

	while (text[length])
		length++;
	return length;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t count)
{
	while (count && *a && *a == *b)
		a++, b++, count--;
	return count ? (unsigned char)*a - (unsigned char)*b : 0;
}

char *strchr(const char *text, int character)
{
	for (;; text++) {
		if (*text == (char)character)
			return (char *)text;
		if (!*text)
			return NULL;
	}
}

void copy_text(char *to, const char *from, size_t size)
{
	while (size > 1 && *from)
		*to++ = *from++, size--;
	if (size)
		*to = 0;
}

bool parse_number(const char *text, int *number)
{
	const int largest = 2147483647;
	int value = 0;

	if (!*text)
		return false;
	for (; *text; text++) {
		int digit = *text - '0';

		if (digit < 0 || digit > 9 || value > (largest - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return true;
}

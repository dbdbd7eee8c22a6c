/* Memory and text, as in C's <string.h>. */
#ifndef STRING_H
#define STRING_H

#include "types.h"

void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);
char *strchr(const char *text, int character);

/* Copies text into a buffer of the given size, cut short if need be, always ended by a zero byte. */
void copy_text(char *to, const char *from, size_t size);

/* Reads a whole decimal number from 0 to 2147483647. False if the text is anything else. */
bool parse_number(const char *text, int *number);

#endif

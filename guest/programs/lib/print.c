#include "print.h"

#include "entry.h"
#include "string.h"
#include "unistd.h"

/* Where formatted text goes; what doesn't fit is dropped. */
struct sink {
	char *buffer;
	size_t size;
	size_t length;
};

static void put(struct sink *sink, char character)
{
	if (sink->length + 1 < sink->size)
		sink->buffer[sink->length++] = character;
}

static void put_padded(struct sink *sink, const char *text, size_t length, int width, bool left, char pad)
{
	int missing = width - (int)length;

	for (; !left && missing > 0; missing--)
		put(sink, pad);
	while (length--)
		put(sink, *text++);
	for (; missing > 0; missing--)
		put(sink, ' ');
}

/* Digits of a number, written backwards from the end of a buffer; returns where they start. */
static char *digits(char *end, unsigned long value, unsigned int base)
{
	do {
		*--end = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	return end;
}

size_t format_arguments(char *buffer, size_t size, const char *pattern, va_list arguments)
{
	struct sink sink = {buffer, size, 0};
	char number[24];
	char *const end = number + sizeof(number);

	for (; *pattern; pattern++) {
		bool left = false;
		char pad = ' ';
		int width = 0;

		if (*pattern != '%') {
			put(&sink, *pattern);
			continue;
		}
		for (pattern++; *pattern == '-' || *pattern == '0'; pattern++) {
			if (*pattern == '-')
				left = true;
			else
				pad = '0';
		}
		for (; *pattern >= '0' && *pattern <= '9'; pattern++)
			width = width * 10 + (*pattern - '0');
		if (*pattern == 'l') /* long is as wide as int here */
			pattern++;

		if (*pattern == 's') {
			const char *text = va_arg(arguments, const char *);

			put_padded(&sink, text, strlen(text), width, left, ' ');
		} else if (*pattern == 'c') {
			char character = (char)va_arg(arguments, int);

			put_padded(&sink, &character, 1, width, left, ' ');
		} else if (*pattern == 'd') {
			long value = va_arg(arguments, long);
			char *start = digits(end, value < 0 ? -(unsigned long)value : (unsigned long)value, 10);

			if (value < 0)
				*--start = '-';
			put_padded(&sink, start, end - start, width, left, pad);
		} else if (*pattern == 'u' || *pattern == 'x') {
			char *start = digits(end, va_arg(arguments, unsigned long), *pattern == 'u' ? 10 : 16);

			put_padded(&sink, start, end - start, width, left, pad);
		} else if (*pattern == '%') {
			put(&sink, '%');
		} else {
			break;
		}
	}
	if (size)
		buffer[sink.length] = 0;
	return sink.length;
}

size_t format(char *buffer, size_t size, const char *pattern, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, pattern);
	length = format_arguments(buffer, size, pattern, arguments);
	va_end(arguments);
	return length;
}

static void print_arguments(int fd, const char *pattern, va_list arguments)
{
	char line[512];
	size_t length = format_arguments(line, sizeof(line), pattern, arguments);

	write(fd, line, length);
}

void print_to(int fd, const char *pattern, ...)
{
	va_list arguments;

	va_start(arguments, pattern);
	print_arguments(fd, pattern, arguments);
	va_end(arguments);
}

void print(const char *pattern, ...)
{
	va_list arguments;

	va_start(arguments, pattern);
	print_arguments(STDOUT, pattern, arguments);
	va_end(arguments);
}

/* include/uapi/asm-generic/errno-base.h and errno.h: those that programs here can meet. */
static const struct {
	int number;
	const char *text;
} errors[] = {
	{1, "Operation not permitted"},
	{2, "No such file or directory"},
	{3, "No such process"},
	{4, "Interrupted system call"},
	{5, "Input/output error"},
	{7, "Argument list too long"},
	{8, "Exec format error"},
	{9, "Bad file descriptor"},
	{10, "No child processes"},
	{11, "Resource temporarily unavailable"},
	{12, "Cannot allocate memory"},
	{13, "Permission denied"},
	{14, "Bad address"},
	{16, "Device or resource busy"},
	{17, "File exists"},
	{20, "Not a directory"},
	{21, "Is a directory"},
	{22, "Invalid argument"},
	{23, "Too many open files in system"},
	{24, "Too many open files"},
	{25, "Inappropriate ioctl for device"},
	{28, "No space left on device"},
	{29, "Illegal seek"},
	{30, "Read-only file system"},
	{32, "Broken pipe"},
	{36, "File name too long"},
	{38, "Function not implemented"},
	{40, "Too many levels of symbolic links"},
	{88, "Socket operation on non-socket"},
	{89, "Destination address required"},
	{90, "Message too long"},
	{91, "Protocol wrong type for socket"},
	{92, "Protocol not available"},
	{93, "Protocol not supported"},
	{95, "Operation not supported"},
	{97, "Address family not supported by protocol"},
	{98, "Address already in use"},
	{99, "Cannot assign requested address"},
	{101, "Network is unreachable"},
	{103, "Software caused connection abort"},
	{104, "Connection reset by peer"},
	{105, "No buffer space available"},
	{106, "Transport endpoint is already connected"},
	{107, "Transport endpoint is not connected"},
	{110, "Connection timed out"},
	{111, "Connection refused"},
	{113, "No route to host"},
	{115, "Operation now in progress"},
};

const char *error_text(int number)
{
	static char unknown[24];

	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		if (errors[i].number == number)
			return errors[i].text;
	format(unknown, sizeof(unknown), "error %d", number);
	return unknown;
}

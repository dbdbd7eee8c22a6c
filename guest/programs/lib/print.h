/* Formatted output, straight to the kernel: each call is one write, so that lines of several programs don't mix. */
#ifndef PRINT_H
#define PRINT_H

#include "types.h"

/*
 * Formats as C's snprintf does, for the conversions %s %c %d %u %x %lx and %%, with the flags '-' and '0' and a width.
 * Returns the length without the closing zero byte, at most size - 1.
 */
size_t format(char *buffer, size_t size, const char *pattern, ...) __attribute__((format(printf, 3, 4)));
size_t format_arguments(char *buffer, size_t size, const char *pattern, va_list arguments);

/* Writes formatted text (up to 511 bytes) to a file descriptor, or to standard output. */
void print_to(int fd, const char *pattern, ...) __attribute__((format(printf, 2, 3)));
void print(const char *pattern, ...) __attribute__((format(printf, 1, 2)));

/* A short text for an error number: "Connection refused". */
const char *error_text(int number);

#endif

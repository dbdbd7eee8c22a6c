/* The types of the i386 system-call interface. No C library is used: all of a program's code is in this folder. */
#ifndef TYPES_H
#define TYPES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef long ssize_t;
typedef int pid_t;
typedef long off_t;

struct timeval {
	long tv_sec;
	long tv_usec;
};

struct timespec {
	long tv_sec;
	long tv_nsec;
};

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif

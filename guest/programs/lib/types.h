/* The types of the i386 system-call interface. No C library is used: all of a program's code is in this folder. */
#ifndef TYPES_H
#define TYPES_H

typedef __SIZE_TYPE__ size_t;
typedef __INT64_TYPE__ int64_t;
typedef __UINT8_TYPE__ uint8_t;
typedef __UINT16_TYPE__ uint16_t;
typedef __UINT32_TYPE__ uint32_t;
typedef __UINT64_TYPE__ uint64_t;
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

typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* The arguments behind "..." of a function. */
typedef __builtin_va_list va_list;
#define va_start(list, last) __builtin_va_start(list, last)
#define va_arg(list, type) __builtin_va_arg(list, type)
#define va_end(list) __builtin_va_end(list)

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif

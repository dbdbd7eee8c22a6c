/* The ways from a program into the kernel. */
#ifndef ENTRY_H
#define ENTRY_H

#include "types.h"

enum entry_way {
	ENTRY_INT80,    /* int $0x80; every socket call through socketcall, number 102 */
	ENTRY_SYSENTER, /* sysenter, by calling __kernel_vsyscall in the vDSO; sockets through socketcall */
	ENTRY_DIRECT,   /* int $0x80; each socket call by its own number, 359 to 373 */
};

/* The way that every system call of this program takes. */
extern enum entry_way entry_way;

/*
 * Chooses the way by name: "int80", "sysenter" or "direct". Returns NULL, or one sentence on why it can't be:
 * an unknown name, or a processor without sysenter.
 */
const char *choose_entry(const char *name);

/* Keeps what the kernel told the program at its start; called by _start only. */
void runtime_start(char **envp);

/*
 * One system call: number in eax, arguments in ebx, ecx, edx, esi, edi, ebp. Returns what the kernel leaves in
 * eax: a value, or an error number negated (-4095 to -1).
 */
long system_call(long number, long a1, long a2, long a3, long a4, long a5, long a6);

/* The same for the usual counts of arguments. */
#define system_call0(number) system_call(number, 0, 0, 0, 0, 0, 0)
#define system_call1(number, a) system_call(number, (long)(a), 0, 0, 0, 0, 0)
#define system_call2(number, a, b) system_call(number, (long)(a), (long)(b), 0, 0, 0, 0)
#define system_call3(number, a, b, c) system_call(number, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define system_call4(number, a, b, c, d) system_call(number, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define system_call5(number, a, b, c, d, e) \
	system_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define system_call6(number, a, b, c, d, e, f) \
	system_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Sets errno and gives -1 for a negated error number; gives every other value back. */
long result_of(long value);

extern int errno;

#endif

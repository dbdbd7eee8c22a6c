/*
 * From user mode into the kernel. This file alone is compiled with -O1 -fomit-frame-pointer, because a system
 * call of six arguments needs ebp too; its call-frame information counts from esp and holds at each instruction.
 */
#include "entry.h"
#include "string.h"

enum {
	AT_NULL = 0,
	AT_HWCAP = 16,   /* the processor's features as Linux sees them: CPUID leaf 1, edx */
	AT_SYSINFO = 32, /* the address of __kernel_vsyscall */
	CPUID_SEP = 1 << 11,
	LAST_ERROR = -4095,
};

enum entry_way entry_way = ENTRY_INT80;
int errno;

/* __kernel_vsyscall in the vDSO: sysenter where the kernel found it usable, int $0x80 otherwise. */
static unsigned long kernel_vsyscall;
static unsigned long processor_features;

void runtime_start(char **envp)
{
	unsigned long *aux;

	while (*envp)
		envp++;
	for (aux = (unsigned long *)(envp + 1); aux[0] != AT_NULL; aux += 2) {
		if (aux[0] == AT_SYSINFO)
			kernel_vsyscall = aux[1];
		if (aux[0] == AT_HWCAP)
			processor_features = aux[1];
	}
}

const char *choose_entry(const char *name)
{
	if (strcmp(name, "int80") == 0) {
		entry_way = ENTRY_INT80;
	} else if (strcmp(name, "direct") == 0) {
		entry_way = ENTRY_DIRECT;
	} else if (strcmp(name, "sysenter") == 0) {
		if (!(processor_features & CPUID_SEP))
			return "this processor offers no sysenter (CPUID reports SEP=0)";
		if (!kernel_vsyscall)
			return "this kernel offers no __kernel_vsyscall (no AT_SYSINFO in the auxiliary vector)";
		entry_way = ENTRY_SYSENTER;
	} else {
		return "the ways in are int80, sysenter and direct";
	}
	return NULL;
}

long system_call(long number, long a1, long a2, long a3, long a4, long a5, long a6)
{
	register long ebp asm("ebp") = a6;
	long eax = number;

	if (entry_way == ENTRY_SYSENTER)
		asm volatile("call *%[vsyscall]"
			     : "+a"(eax)
			     : [vsyscall] "m"(kernel_vsyscall), "b"(a1), "c"(a2), "d"(a3), "S"(a4), "D"(a5), "r"(ebp)
			     : "memory", "cc");
	else
		asm volatile("int $0x80"
			     : "+a"(eax)
			     : "b"(a1), "c"(a2), "d"(a3), "S"(a4), "D"(a5), "r"(ebp)
			     : "memory", "cc");
	return eax;
}

long result_of(long value)
{
	if (value < 0 && value >= LAST_ERROR) {
		errno = -value;
		return -1;
	}
	return value;
}

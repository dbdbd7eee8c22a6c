/* SPDX-License-Identifier: MIT */
#include <linux/linkage.h>
#define FRAME_SIZE(n) \
	movl	$(4 * (n)), %eax; \
	subl	%eax, %esp
#define PASTE(a, b) a ## b
#if defined(CONFIG_X86_32) && !defined(CONFIG_SMP)
# define ENTER int $0x80
#else
#error "no way in"
#endif
	.section .entry.text, "ax", @progbits

.macro SAVE regs:vararg pt_regs_ax=%eax unwind=0
.if \unwind > 0
	pushl	\pt_regs_ax
	movl	PT_OLDESP-4(%esp, %ebx, 4), %\regs
	.cfi_adjust_cfa_offset 4
.endif
.Lend_\@:
	jmp	.Lend_\@
.endm

# a comment of a whole line
SYM_CODE_START(entry_sample)	// and one at the end
	cld; rep; movsl		# copies, then
	lock; incl %gs:counter
	SAVE pt_regs_ax=$-ENOSYS unwind=1
	ALTERNATIVE "jmp .Ldone", "lfence; cmpl $1, %fs:0x10", X86_FEATURE_SEP
1:	movb	$'a', %al	/* a comment
	that goes on */
	testl	$(X86_EFLAGS_VM | (3 << 8)), PT_EFLAGS(%esp)
	jne	1b
	jecxz	2f
	call	*sys_call_table(, %eax, 4)
	call	do_sample
	fldt	8(%ebp)
	fxch	%st(1)
	movl	%cr3, %eax
	mov	%_ASM_DX, %eax
2:	ljmp	$__BOOT_CS, $.Ldone
.Ldone:
	lret
SYM_CODE_END(entry_sample)
	_ASM_EXTABLE(1b, 2b)
	EXC(3:	movl (%esi), %ebx)
	EXC( movl %ebx, 4(%edi))
	LOAD __stringify(mov $((1 << 12) - 1), %edx), 5
	.globl entry_sample
	.type entry_sample, @function
	.size entry_sample, . - entry_sample
limit = 0x7f + 010 - 0b11
	.asciz "done\n\0"
	.long limit, 3f - entry_sample

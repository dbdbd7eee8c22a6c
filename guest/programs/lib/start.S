/*
 * Where a program begins. The kernel's ELF loader leaves argc, argv, envp and the auxiliary vector on the
 * stack (System V ABI for i386, "Process Initialization"); main is called with the first three.
 *
 * The return address of this frame is declared undefined: a debugger's call stack ends here.
 */
	.cfi_sections .debug_frame
	.text
	.globl	_start
	.type	_start, @function
_start:
	.cfi_startproc
	.cfi_undefined eip
	xorl	%ebp, %ebp
	movl	(%esp), %esi		# argc
	leal	4(%esp), %edi		# argv
	leal	8(%esp,%esi,4), %ebx	# envp
	andl	$-16, %esp
	subl	$4, %esp
	pushl	%ebx
	pushl	%edi
	pushl	%esi
	movl	%ebx, %eax
	pushl	%eax
	call	runtime_start		# keeps the auxiliary vector, which follows envp
	addl	$4, %esp
	call	main			# main(argc, argv, envp)
	movl	%eax, (%esp)
	call	exit
	hlt
	.cfi_endproc
	.size	_start, . - _start
	.section .note.GNU-stack, "", @progbits

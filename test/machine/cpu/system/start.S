    .section .multiboot, "a"
    .long 0x1badb002, 0, -0x1badb002

    .text
    .globl _start
_start:
    mov $boot_stack_top, %esp
    pushl $0
    popf
    call main
1:  hlt
    jmp 1b

/* void run(int level, const void *code) */
    .globl run
run:
    push %ebp
    push %ebx
    push %esi
    push %edi
    mov %esp, recover_esp
    mov 20(%esp), %ecx
    mov 24(%esp), %edx
    xor %esi, %esi
    xor %edi, %edi
    xor %ebp, %ebp
    cmp $4, %ecx
    je 4f
    cmp $3, %ecx
    je 3f
    xor %eax, %eax
    xor %ebx, %ebx
    jmp *%edx
3:  pushl $0x23
    pushl $user_stack + 4096
    pushl initial_flags
    pushl $0x1b
    pushl %edx
    mov $0x23, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %fs
    mov %eax, %gs
    xor %eax, %eax
    xor %ebx, %ebx
    iret
4:  pushl $0x4444          /* gs fs ds es */
    pushl $0x3333
    pushl $0x2000
    pushl $0x1111
    pushl $0x3000          /* ss:sp */
    pushl $0x0100
    mov initial_flags, %eax
    or $0x20000, %eax
    pushl %eax
    pushl $0x1000          /* cs:ip */
    pushl $0x0010
    iret

/* Back to where `run` was called. */
    .globl recover
recover:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov recover_esp, %esp
    xor %eax, %eax
    mov %eax, %fs
    mov %eax, %gs
    pushl $0
    popf
    pop %edi
    pop %esi
    pop %ebx
    pop %ebp
    ret

    .globl stubs
    .align 16
stubs:
    vector = 0
    .rept 256
    .align 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
    pushl $0
    .endif
    pushl $vector
    jmp common
    vector = vector + 1
    .endr

common:
    pusha
    push %ds
    push %es
    push %fs
    push %gs
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    cld
    push %esp
    call handler
    add $4, %esp
    pop %gs
    pop %fs
    pop %es
    pop %ds
    popa
    add $8, %esp
    iret

/* Where a task of its own begins when it takes an exception; its own stack has the error code, if any. */
    .data
    .globl initial_flags
recover_esp: .long 0
initial_flags: .long 2
    .bss
    .align 16
    .skip 16384
boot_stack_top:

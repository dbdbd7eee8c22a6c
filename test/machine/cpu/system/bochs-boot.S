/* Boot sector for record-bochs.sh: loads the test kernel's flat image from the disk to 1 MiB and enters it in flat protected mode. */
    .code16
    .globl _boot
_boot:
    cli
    xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7c00, %sp
    in $0x92, %al
    or $2, %al
    out %al, $0x92
    lgdt gdtr
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    mov $0x10, %bx
    mov %bx, %fs
    and $0xfe, %al
    mov %eax, %cr0
    jmp 1f
1:  movl $0x100000, %edi
    movw $SECTORS, %bp
2:  mov $packet, %si
    mov $0x42, %ah
    mov $0x80, %dl
    push %edi
    push %bp
    int $0x13
    pop %bp
    pop %edi
    cli
    mov $0x8000, %esi
    mov $128, %ecx
3:  movl (%si), %eax
    addr32 movl %eax, %fs:(%edi)
    add $4, %si
    add $4, %edi
    loop 3b
    incl lba
    dec %bp
    jnz 2b
    lgdt gdtr
    mov %cr0, %eax
    or $1, %al
    mov %eax, %cr0
    ljmpl $8, $4f
    .code32
4:  mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $ENTRY, %eax
    jmp *%eax
packet: .byte 16, 0
    .word 1
    .word 0x8000, 0
lba: .long 1, 0
    .align 8
gdt_: .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdtr: .word 23
    .long gdt_
    .org 510
    .word 0xaa55

/* Task switches by JMP, CALL, INT, exceptions and IRET, with 32- and 16-bit TSSs, good and bad. */
#include "kernel.h"

static struct tss16 tss_small;
/* The task of the exceptions that a bad new task takes, before it has a stack to take them on. */
static struct tss32 tss_fault;
static u8 fault_stack[4096];

CODE(t_jump, "ljmp $0x50, $0;" DONE);
CODE(t_call, "mov $0x77, %ebx; lcall $0x50, $0; pushf; pop %ecx; mov %cr0, %edx;" DONE);
CODE(t_gate_call, "mov $0x77, %ebx; lcall $0x38, $0; pushf; pop %ecx;" DONE);
CODE(t_int, "mov $0x77, %ebx; int $0x31; pushf; pop %ecx;" DONE);
CODE(t_in_task, "pushf; pop %ecx; mov %cr0, %edx; str %esi; mov %cs, %edi;" DONE);
CODE(t_return, "1: incl t_runs; iret; jmp 1b;");
CODE(t_ud, "ud2; mov $0x5555, %ebx;" DONE);
CODE(t_iret_nt, "pushf; orl $0x4000, (%esp); popf; iret;" DONE);
CODE(t_gp, "mov $0xfff8, %eax; mov %ax, %fs; mov $0x5555, %ebx;" DONE);
CODE(t_skip, "addl $2, tss_main + 32; iret; jmp t_skip;");
CODE(t_fault, "pop %ebx; str %esi; mov %esp, %edi;" DONE);
u32 t_runs;
extern u8 stubs[];

static u32 access_of(int selector) { return (gdt[selector / 4 + 1] >> 8) & 0xff; }

static void prepare(const void *code) {
  static const struct tss32 none;
  tss_other = none;
  tss_other.eip = (u32)code;
  tss_other.eflags = 2;
  tss_other.esp = (u32)other_stack + 4096;
  tss_other.cs = CODE0;
  tss_other.ss = tss_other.ds = tss_other.es = DATA0;
  tss_other.ss0 = DATA0;
  tss_other.esp0 = (u32)kernel_stack + 4096;
  tss_other.eax = 0xa;
  tss_other.ebx = 0xb;
  tss_other.edi = 0xd;
  tss_other.bitmap_offset = sizeof tss_other;
  __asm__ volatile("mov %%cr3, %0" : "=r"(tss_other.cr3));
  set_descriptor(gdt, TSS_OTHER, (u32)&tss_other, sizeof tss_other - 1, 0x89, 0);
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x89, 0);
  __asm__ volatile("ltr %w0; clts" ::"r"(TSS_MAIN));
  tss_main.link = 0xffff;
  t_runs = 0;
}

static void report(const char *what, const u8 *code) {
  u32 tr = 0;
  __asm__ volatile("str %0" : "=r"(tr));
  print("%s: ", what);
  print_outcome();
  print(" at +%x tr %x busy main %x other %x links %x %x runs %d | ebx %x ecx %x edx %x esi %x edi %x eflags %x cs %x\n", last.eip - (u32)code, tr,
        access_of(TSS_MAIN), access_of(TSS_OTHER), tss_main.link, tss_other.link, t_runs, last.ebx, last.ecx & 0x77700, last.edx & 0xf, last.esi & 0xffff,
        last.edi & 0xffff, last.eflags & 0x77700, last.cs);
}

static void bad(const char *what) {
  tss_fault = tss_other;
  tss_fault.eip = (u32)t_fault;
  tss_fault.esp = (u32)fault_stack + 4096;
  tss_fault.cs = CODE0;
  tss_fault.ss = tss_fault.ds = tss_fault.es = DATA0;
  tss_fault.fs = tss_fault.gs = tss_fault.ldt = 0;
  set_descriptor(gdt, SCRATCH3, (u32)&tss_fault, sizeof tss_fault - 1, 0x89, 0);
  set_gate(idt, 10 * 8, SCRATCH3, 0, 0x85);
  set_gate(idt, 11 * 8, SCRATCH3, 0, 0x85);
  set_gate(idt, 12 * 8, SCRATCH3, 0, 0x85);
  run(0, t_call);
  report(what, t_fault);
  print("  fault task: busy %x link %x, the task at fault: eip +%x eflags %x cs %x ds %x\n", access_of(SCRATCH3), tss_fault.link & 0xffff,
        tss_other.eip - (u32)t_in_task, tss_other.eflags & 0x77700, tss_other.cs & 0xffff, tss_other.ds & 0xffff);
  set_gate(idt, 10 * 8, CODE0, (u32)stubs + 160, 0x8e);
  set_gate(idt, 11 * 8, CODE0, (u32)stubs + 176, 0x8e);
  set_gate(idt, 12 * 8, CODE0, (u32)stubs + 192, 0x8e);
}

void test_tasks(void) {
  prepare(t_in_task);
  run(0, t_jump);
  report("jmp to a TSS", t_in_task);
  print("  saved eip +%x cs %x ss %x esp %x\n", tss_main.eip - (u32)t_jump, tss_main.cs, tss_main.ss, tss_main.esp != 0);
  prepare(t_in_task);
  run(0, t_call);
  report("call to a TSS", t_in_task);
  prepare(t_return);
  run(0, t_call);
  report("call and return", t_call);
  print("  other task's eip +%x eflags %x\n", tss_other.eip - (u32)t_return, tss_other.eflags & 0x77700);
  run(0, t_call);
  report("again", t_call);
  prepare(t_return);
  set_gate(gdt, SCRATCH, TSS_OTHER, 0, 0xe5);
  run(0, t_gate_call);
  report("call by a task gate", t_gate_call);
  prepare(t_return);
  run(3, t_gate_call);
  report("call by a task gate from level 3", t_gate_call);
  set_gate(gdt, SCRATCH, TSS_OTHER, 0, 0x85);
  run(3, t_gate_call);
  report("task gate of level 0 from level 3", t_gate_call);
  set_gate(gdt, SCRATCH, TSS_OTHER, 0, 0x65);
  run(0, t_gate_call);
  report("task gate not present", t_gate_call);
  set_gate(gdt, SCRATCH, CODE0, 0, 0xe5);
  run(0, t_gate_call);
  report("task gate to code", t_gate_call);
  set_gate(gdt, SCRATCH, 0, 0, 0xe5);
  run(0, t_gate_call);
  report("task gate to null", t_gate_call);
  run(3, t_jump);
  report("jmp to a TSS of level 0 from level 3", t_jump);

  for (int level = 0; level < 4; level += 3) {
    prepare(t_return);
    set_gate(idt, 0x31 * 8, TSS_OTHER, 0, 0xe5);
    run(level, t_int);
    report("int by a task gate", t_int);
    prepare(t_skip);
    set_gate(idt, 6 * 8, TSS_OTHER, 0, 0x85);
    run(level, t_ud);
    report("#UD by a task gate, skipped by the handler", t_ud);
    reset_tables();
  }
  /* A task that ends where an error code was pushed. */
  prepare(t_in_task);
  set_gate(idt, 13 * 8, TSS_OTHER, 0, 0x85);
  run(3, t_gp);
  report("#GP by a task gate", t_in_task);
  print("  error code %x esp %x saved eip +%x eflags %x\n", *(u32 *)(other_stack + 4092), (u32)other_stack + 4096 - last.esp_at_pusha > 0, tss_main.eip - (u32)t_gp,
        tss_main.eflags & 0x77700);
  reset_tables();

  prepare(t_in_task);
  set_descriptor(gdt, TSS_OTHER, (u32)&tss_other, sizeof tss_other - 1, 0x8b, 0);
  bad("busy TSS");
  prepare(t_in_task);
  set_descriptor(gdt, TSS_OTHER, (u32)&tss_other, sizeof tss_other - 1, 0x09, 0);
  bad("TSS not present");
  prepare(t_in_task);
  set_descriptor(gdt, TSS_OTHER, (u32)&tss_other, 0x66, 0x89, 0);
  bad("TSS too small");
  prepare(t_in_task);
  tss_other.cs = 0;
  bad("null CS");
  prepare(t_in_task);
  tss_other.cs = DATA0;
  bad("data in CS");
  prepare(t_in_task);
  tss_other.cs = 0xfff8;
  bad("CS beyond the table");
  prepare(t_in_task);
  tss_other.cs = CODE3 & ~3;
  bad("CS of another level");
  prepare(t_in_task);
  tss_other.ds = 0xfff8;
  bad("DS beyond the table");
  prepare(t_in_task);
  tss_other.fs = TSS_MAIN;
  bad("system segment in FS");
  prepare(t_in_task);
  set_descriptor(gdt, SCRATCH2, 0, 0xfffff, 0x13, 0xc);
  tss_other.gs = SCRATCH2;
  bad("GS not present");
  prepare(t_in_task);
  tss_other.ss = 0;
  bad("null SS");
  prepare(t_in_task);
  tss_other.ss = SCRATCH2;
  bad("SS not present");
  prepare(t_in_task);
  tss_other.ldt = CODE0;
  bad("code in LDTR");
  prepare(t_in_task);
  tss_other.ldt = 4;
  bad("LDTR in the LDT");
  prepare(t_in_task);
  tss_other.ldt = LDT;
  bad("good LDT");

  prepare(t_in_task);
  tss_main.link = TSS_OTHER;
  run(0, t_iret_nt);
  report("iret with NT to a task that is not busy", t_iret_nt);
  prepare(t_in_task);
  tss_main.link = CODE0;
  run(0, t_iret_nt);
  report("iret with NT to code", t_iret_nt);
  prepare(t_in_task);
  tss_main.link = 0;
  run(0, t_iret_nt);
  report("iret with NT to null", t_iret_nt);

  /* Level 3 in the new task. */
  prepare(t_in_task);
  tss_other.cs = CODE3;
  tss_other.ss = tss_other.ds = DATA3;
  tss_other.esp = USER_STACK_TOP;
  tss_other.eflags = 0x3002;
  run(0, t_jump);
  report("jmp to a task of level 3", t_in_task);

  /* Virtual-8086 mode in the new task. */
  prepare(0);
  tss_other.eip = 0x1000;
  tss_other.eflags = 0x23002;
  tss_other.cs = 0x10;
  ((volatile u8 *)0x1100)[0] = 0xcd;
  ((volatile u8 *)0x1100)[1] = 0x30;
  run(0, t_jump);
  report("jmp to a task in virtual-8086 mode", (u8 *)0x1000);

  /* A 16-bit TSS; its code must lie in the first 64 KiB. */
  static const u8 small_code[] = {0xcd, 0x30};
  ((volatile u8 *)0x600)[0] = small_code[0];
  ((volatile u8 *)0x600)[1] = small_code[1];
  prepare(t_in_task);
  tss_small.ip = 0x600;
  tss_small.flags = 2;
  tss_small.sp = 0x7000;
  tss_small.cs = CODE0;
  tss_small.ss = tss_small.ds = tss_small.es = DATA0;
  tss_small.bx = 0x1b;
  set_descriptor(gdt, TSS_OTHER, (u32)&tss_small, sizeof tss_small - 1, 0x81, 0);
  run(0, t_jump);
  print("jmp to a 16-bit TSS: ");
  print_outcome();
  print(" eip %x ebx %x\n", last.eip, last.ebx & 0xffff);
  prepare(t_in_task);
  reset_tables();
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x89, 0);
  __asm__ volatile("ltr %w0; clts" ::"r"(TSS_MAIN));
}

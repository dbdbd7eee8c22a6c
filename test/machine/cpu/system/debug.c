/* Single-stepping, the resume flag, debug registers: each #DB is logged and returned from. */
#include "kernel.h"

extern u32 initial_flags;
static const u8 *base;
static u32 log_count;
volatile u32 watched[4] __attribute__((aligned(16)));

static u32 get_dr6(void) {
  u32 value;
  __asm__ volatile("mov %%dr6, %0" : "=r"(value));
  return value;
}
static void set_dr(int number, u32 value) {
  if (number == 0) __asm__ volatile("mov %0, %%dr0" ::"r"(value));
  if (number == 1) __asm__ volatile("mov %0, %%dr1" ::"r"(value));
  if (number == 6) __asm__ volatile("mov %0, %%dr6" ::"r"(value));
  if (number == 7) __asm__ volatile("mov %0, %%dr7" ::"r"(value));
}

static u32 log_debug(struct frame *frame) {
  if (frame->vector != 1) return 0;
  u32 dr6 = get_dr6();
  print(" +%x/%x/%x", frame->eip - (u32)base, dr6 & 0xe00f, (frame->eflags >> 8) & 0x1ff);
  set_dr(6, 0xffff0ff0);
  if (++log_count > 30) frame->eflags &= ~0x100;
  /* An instruction breakpoint is passed by the resume flag. */
  if (dr6 & 15) frame->eflags |= 0x10000;
  return 1;
}

CODE(d_step, "nop; mov $1, %eax; pushf; pop %ebx; int3; xor %ecx, %ecx; " DONE);
CODE(d_step_rep, "mov $user_stack, %edi; mov $3, %ecx; cld; rep stosb; nop; " DONE);
CODE(d_step_ss, "mov %ss, %eax; nop; mov %ax, %ss; nop; nop; push %ss; pop %ss; nop; " DONE);
CODE(d_step_popf, "pushf; pushf; pop %eax; or $0x100, %eax; push %eax; popf; nop; nop; popf; nop; nop; " DONE);
CODE(d_step_fault, "nop; ud2; nop; " DONE);
CODE(d_step_sti, "nop; sti; nop; cli; " DONE);
CODE(d_run, "nop; nop; d_place: inc %eax; nop; " DONE);
CODE(d_write, "mov $5, %eax; mov %eax, watched; nop; mov watched, %ebx; nop; incl watched; nop; movb %al, watched+3; nop; mov %eax, watched+4; nop; " DONE);
CODE(d_write_wide, "mov %eax, watched-2; nop; movw %ax, watched-2; nop; movb %al, watched+1; nop; " DONE);
CODE(d_movs, "mov $watched, %edi; mov $user_stack, %esi; mov $2, %ecx; cld; rep movsl; nop; " DONE);
CODE(d_gd, "mov %dr7, %eax; nop; mov %eax, %dr7; " DONE);
CODE(d_dr4, "mov %dr4, %eax; mov %dr6, %ebx; " DONE);
CODE(d_icebp, "nop; .byte 0xf1; nop; " DONE);
extern const u8 d_place[];

static void try(const char *name, int level, const u8 *code, u32 flags) {
  base = code;
  log_count = 0;
  initial_flags = flags;
  on_interrupt = log_debug;
  print("%s level %d:", name, level);
  run(level, code);
  on_interrupt = 0;
  initial_flags = 2;
  print(" then ");
  print_outcome();
  print(" +%x\n", last.eip - (u32)code);
  set_dr(7, 0x400);
  set_dr(6, 0xffff0ff0);
}

void test_debug(void) {
  set_dr(6, 0xffff0ff0);
  set_dr(7, 0x400);
  try("step", 3, d_step, 0x102);
  try("step rep", 3, d_step_rep, 0x102);
  try("step over ss loads", 3, d_step_ss, 0x102);
  try("step by popf", 3, d_step_popf, 2);
  try("step by popf", 0, d_step_popf, 2);
  try("step fault", 3, d_step_fault, 0x102);
  try("step sti", 3, d_step_sti, 0x3102);
  try("icebp", 3, d_icebp, 2);
  set_dr(0, (u32)d_place);
  set_dr(7, 0x401);
  try("instruction breakpoint", 3, d_run, 2);
  set_dr(0, (u32)d_place);
  set_dr(7, 0x401);
  try("instruction breakpoint", 0, d_run, 2);
  set_dr(0, (u32)d_place);
  set_dr(7, 0x401);
  try("instruction breakpoint, stepping", 3, d_run, 0x102);
  static const u32 kinds[] = {0x1, 0x3}, lengths[] = {0, 1, 3};
  for (int kind = 0; kind < 2; kind++) {
    for (int length = 0; length < 3; length++) {
      set_dr(0, (u32)watched);
      set_dr(7, 0x401 | kinds[kind] << 16 | lengths[length] << 18);
      print("R/W %x LEN %x ", kinds[kind], lengths[length]);
      try("data breakpoint", 3, d_write, 2);
      set_dr(0, (u32)watched);
      set_dr(7, 0x401 | kinds[kind] << 16 | lengths[length] << 18);
      try("overlaps", 3, d_write_wide, 2);
    }
  }
  set_dr(0, (u32)watched + 4);
  set_dr(1, (u32)watched);
  set_dr(7, 0x405 | 0xd << 16 | 0xf << 20);
  try("two, rep movs", 3, d_movs, 2);
  set_dr(7, 0x2400);
  try("general detect", 0, d_gd, 2);
  run(0, d_dr4);
  print("dr4: ");
  print_outcome();
  __asm__ volatile("mov %0, %%cr4" ::"r"(8));
  run(0, d_dr4);
  print(", with DE ");
  print_outcome();
  __asm__ volatile("mov %0, %%cr4" ::"r"(0));
  print("\n");
}

/* The exceptions one by one: vector, error code, where EIP points, flags that the handler finds and that were saved. */
#include "kernel.h"

CODE(e_divide, "xor %ecx, %ecx; div %ecx;" DONE);
CODE(e_divide_overflow, "mov $0x80000000, %eax; cdq; mov $-1, %ecx; idiv %ecx;" DONE);
CODE(e_aam, "aam $0;" DONE);
CODE(e_int3, "int3;" DONE);
CODE(e_int3_long, "int $3;" DONE);
CODE(e_into, "mov $0x7fffffff, %eax; inc %eax; into;" DONE);
CODE(e_into_not, "xor %eax, %eax; into;" DONE);
CODE(e_bound, "mov $5, %eax; bound %eax, e_bounds;" DONE "; e_bounds: .long 0, 4");
CODE(e_bound_in, "mov $4, %eax; bound %eax, e_bounds;" DONE);
CODE(e_ud2, "ud2;" DONE);
CODE(e_lock, ".byte 0xf0, 0x89, 0xc3;" DONE);
CODE(e_lock_register, ".byte 0xf0, 0x01, 0xc3;" DONE);
CODE(e_lea_register, ".byte 0x8d, 0xc0;" DONE);
CODE(e_les_register, ".byte 0xc4, 0xc0;" DONE);
CODE(e_mov_cs, ".byte 0x8e, 0xc8;" DONE);
CODE(e_long, ".byte 0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x90;" DONE);
CODE(e_too_long, ".byte 0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x2e,0x90;" DONE);
CODE(e_mov_fs, "mov $0xfff8, %eax; mov %ax, %fs;" DONE);
CODE(e_fpu, "fninit; fnop;" DONE);
CODE(e_wait, "wait;" DONE);
CODE(e_fpu_error, "fninit; fldz; push $0x360; fldcw (%esp); fld1; fdiv %st(1), %st; fnop;" DONE);
CODE(e_icebp, ".byte 0xf1;" DONE);
CODE(e_gate_missing, "int $0x32;" DONE);
CODE(e_gate_private, "int $0x33;" DONE);
CODE(e_beyond_idt, "int $0xf0;" DONE);
CODE(e_unaligned2, "mov user_stack+1, %ax;" DONE);
CODE(e_unaligned4, "mov user_stack+2, %eax;" DONE);
CODE(e_aligned4, "mov user_stack+4, %eax;" DONE);
CODE(e_unaligned_push, "mov $user_stack+102, %esp; push %eax;" DONE);
CODE(e_unaligned_write, "mov %eax, user_stack+3;" DONE);

static const struct {
  const char *name;
  const u8 *code;
} tries[] = {
    {"div by 0", e_divide}, {"idiv overflow", e_divide_overflow}, {"aam 0", e_aam}, {"int3", e_int3}, {"int 3", e_int3_long}, {"into", e_into},
    {"into without OF", e_into_not}, {"bound out", e_bound}, {"bound in", e_bound_in}, {"ud2", e_ud2}, {"lock mov", e_lock}, {"lock add register", e_lock_register},
    {"lea register", e_lea_register}, {"les register", e_les_register}, {"mov to cs", e_mov_cs}, {"15 bytes", e_long}, {"16 bytes", e_too_long}, {"icebp", e_icebp},
    {"gate not present", e_gate_missing}, {"gate of level 0", e_gate_private}, {"vector beyond the IDT", e_beyond_idt},
};

static void try(const char *name, int level, const u8 *code) {
  run(level, code);
  print("%s level %d: ", name, level);
  print_outcome();
  print(" at +%x flags %x cs %x\n", last.eip - (u32)code, last.eflags & 0x77700, last.cs);
}

static void set_cr0(u32 set, u32 clear) {
  u32 cr0;
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  cr0 = (cr0 & ~clear) | set;
  __asm__ volatile("mov %0, %%cr0" ::"r"(cr0));
}

void test_exceptions(void) {
  extern u32 initial_flags;
  struct {
    u16 limit;
    u32 base;
  } __attribute__((packed)) idtr = {0xef * 8 + 7, (u32)idt};
  __asm__ volatile("lidt %0" ::"m"(idtr));
  set_gate(idt, 0x32 * 8, CODE0, 0, 0x6e);
  for (int level = 0; level < 4; level += 3) {
    for (u32 n = 0; n < sizeof tries / sizeof *tries; n++) try(tries[n].name, level, tries[n].code);
  }
  /* Faults in calling a handler: serial after a benign exception, double after a contributory one (table 6-5). */
  static const u8 vectors[] = {0, 6, 13, 3, 1};
  static const u8 *const causes[] = {e_divide, e_ud2, e_mov_fs, e_int3, e_icebp};
  for (u32 n = 0; n < sizeof vectors; n++) {
    idt[vectors[n] * 2 + 1] &= ~0x8000;
    print("gate %x not present: ", vectors[n]);
    try("", 3, causes[n]);
    reset_tables();
    idt[vectors[n] * 2] = (idt[vectors[n] * 2] & 0xffff) | 0xfff80000;
    print("gate %x beyond the GDT: ", vectors[n]);
    try("", 3, causes[n]);
    reset_tables();
    idt[vectors[n] * 2] &= 0xffff;
    print("gate %x to null: ", vectors[n]);
    try("", 3, causes[n]);
    reset_tables();
  }
  /* INT3 and INTO are ruled by their gates' DPL. */
  idt[3 * 2 + 1] &= ~0x6000;
  idt[4 * 2 + 1] &= ~0x6000;
  try("int3, gate of level 0", 3, e_int3);
  try("into, gate of level 0", 3, e_into);
  reset_tables();

  static const struct {
    const char *name;
    u32 bits;
  } modes[] = {{"EM", 4}, {"TS", 8}, {"MP", 2}, {"MP TS", 10}, {"EM MP TS", 14}, {"none", 0}};
  for (u32 n = 0; n < 6; n++) {
    set_cr0(modes[n].bits, 14 & ~modes[n].bits);
    print("cr0 %s: ", modes[n].name);
    try("fninit", 3, e_fpu);
    try("wait", 3, e_wait);
  }
  set_cr0(0, 14);
  try("zero divide pending", 3, e_fpu_error);
  __asm__ volatile("fninit");

  /* Alignment checks. */
  for (int am = 0; am < 2; am++) {
    for (int ac = 0; ac < 2; ac++) {
      set_cr0(am << 18, (!am) << 18);
      initial_flags = 2 | ac << 18;
      print("AM %d AC %d:", am, ac);
      static const u8 *const codes[] = {e_unaligned2, e_unaligned4, e_aligned4, e_unaligned_push, e_unaligned_write};
      for (u32 n = 0; n < 5; n++) {
        run(3, codes[n]);
        print(" ");
        print_outcome();
      }
      run(0, e_unaligned4);
      print(" level 0 ");
      print_outcome();
      print("\n");
    }
  }
  initial_flags = 2;
  set_cr0(0, 1 << 18);
  idtr.limit = sizeof idt - 1;
  __asm__ volatile("lidt %0" ::"m"(idtr));
}

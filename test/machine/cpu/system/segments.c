/* Loads of segment registers and far transfers, through every kind of descriptor, at levels 0 and 3, with every RPL. */
#include "kernel.h"

u32 target[2]; /* offset, selector */
u32 return_ss;

CODE(load_ds, "mov target+4, %eax; mov %ax, %ds; mov %ds, %ebx;" DONE);
CODE(load_ss, "mov target+4, %eax; mov %ax, %ss; mov %ss, %ebx;" DONE);
CODE(pop_gs, "pushl target+4; pop %gs; mov %gs, %ebx;" DONE);
CODE(lar, "mov $0x12345678, %ebx; lar target+4, %ebx; setz %cl; mov %cl, %al; and $0xf0ffff, %ebx;" DONE);
CODE(lsl, "mov $0x12345678, %ebx; lsl target+4, %ebx;" DONE);
CODE(verr, "verr target+4; setz %bl;" DONE);
CODE(verw, "verw target+4; setz %bl;" DONE);
CODE(far_jump, "ljmp *target");
CODE(far_call, "lcall *target");
CODE(far_return, "pushl return_ss; pushl %esp; pushl target+4; pushl target; lret");
CODE(interrupt_return, "pushl return_ss; pushl %esp; pushf; pushl target+4; pushl target; iret");
CODE(landing, "mov %cs, %ebx; " DONE);
CODE(lldt, "lldt target+4; sldt %bx;" DONE);
CODE(ltr, "ltr target+4; str %bx;" DONE);

static const struct {
  const char *name;
  const u8 *code;
  u8 transfer;
} tries[] = {
    {"ds", load_ds, 0},   {"ss", load_ss, 0},   {"gs", pop_gs, 0},      {"lar", lar, 0},         {"lsl", lsl, 0},         {"verr", verr, 0},
    {"verw", verw, 0},    {"jmp", far_jump, 1}, {"call", far_call, 1}, {"ret", far_return, 1}, {"iret", interrupt_return, 1}, {"lldt", lldt, 0},
    {"ltr", ltr, 2},
};

static void restore_registers(void) {
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x89, 0);
  __asm__ volatile("ltr %w0; lldt %w1" ::"r"(TSS_MAIN), "r"(0));
}

static void try_descriptor(u32 access, int level) {
  int system = !(access & 0x10), type = access & 15;
  int gate = system && (type == 4 || type == 12);
  int task = system && (type == 1 || type == 3 || type == 5 || type == 9 || type == 11);
  int down = !system && (type & 12) == 4;
  print("descriptor %x level %d:", access, level);
  for (u32 n = 0; n < sizeof tries / sizeof *tries; n++) {
    if (tries[n].transfer == 1 && task) continue;
    print(" %s", tries[n].name);
    for (int rpl = 0; rpl < 4; rpl++) {
      static const u16 stacks[] = {DATA0, DATA1 | 1, DATA2 | 2, DATA3};
      if (gate) set_gate(gdt, SCRATCH, type == 4 ? CODE0_CONFORMING : CODE0, (u32)landing, access);
      else if (task) set_descriptor(gdt, SCRATCH, (u32)&tss_other, 0x67, access, 0);
      else if (down) set_descriptor(gdt, SCRATCH, 0, 0, access, 0xc);
      else set_descriptor(gdt, SCRATCH, 0, 0xfffff, access, 0xc);
      if (system && type == 2) set_descriptor(gdt, SCRATCH, (u32)ldt, 63, access, 0);
      /* A 16-bit gate reaches the first 64 KiB only. */
      if (gate && type == 4) set_gate(gdt, SCRATCH, CODE0_CONFORMING, 0x600, access);
      target[0] = (u32)landing;
      target[1] = SCRATCH | rpl;
      return_ss = stacks[rpl];
      run(level, tries[n].code);
      print(rpl ? "," : " ");
      print_outcome();
      if (last.vector == 0x30) print(":%x", last.ebx);
      u32 now = (gdt[SCRATCH / 4 + 1] >> 8) & 0xff;
      if (now != access) print("*");
      restore_registers();
    }
  }
  print("\n");
}

void test_segments(void) {
  /* Code that a 16-bit gate can reach: mov %cs,%ebx; int $0x30. */
  static const u8 low[] = {0x8c, 0xcb, 0xcd, 0x30};
  for (u32 n = 0; n < sizeof low; n++) ((volatile u8 *)0x600)[n] = low[n];
  for (int level = 0; level < 4; level += 3) {
    for (u32 access = 0; access < 256; access++) try_descriptor(access, level);
    static const u16 others[] = {0, 3, 4, 7, SCRATCH | 4, 0x78, GDT_SIZE, GDT_SIZE + 4, 0xfff8, 0xffff};
    for (u32 n = 0; n < sizeof others / sizeof *others; n++) {
      print("selector %x level %d:", others[n], level);
      for (u32 m = 0; m < sizeof tries / sizeof *tries; m++) {
        target[0] = (u32)landing;
        target[1] = others[n];
        return_ss = DATA0;
        run(level, tries[m].code);
        print(" %s ", tries[m].name);
        print_outcome();
        restore_registers();
      }
      print("\n");
    }
  }
  reset_tables();
}

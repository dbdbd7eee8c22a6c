/* Instructions that levels and IOPL rule, ports and their bitmap, flags that may and may not be written. */
#include "kernel.h"

extern u32 initial_flags;

CODE(p_hlt, "hlt;" DONE);
CODE(p_lgdt, "lgdt gdt;" DONE);
CODE(p_lidt, "lidt gdt;" DONE);
CODE(p_sgdt, "sgdt user_stack;" DONE);
CODE(p_sidt, "sidt user_stack;" DONE);
CODE(p_sldt, "sldt %ebx;" DONE);
CODE(p_str, "str %ebx;" DONE);
CODE(p_smsw, "smsw %bx; and $0xffff, %ebx;" DONE);
CODE(p_lmsw, "smsw %ax; lmsw %ax;" DONE);
CODE(p_clts, "clts;" DONE);
CODE(p_invd, "wbinvd;" DONE);
CODE(p_invlpg, "invlpg 0x5000;" DONE);
CODE(p_read_cr0, "mov %cr0, %eax;" DONE);
CODE(p_write_cr0, "mov $0x11, %eax; mov %eax, %cr0;" DONE);
CODE(p_read_dr, "mov %dr7, %eax;" DONE);
CODE(p_write_dr, "xor %eax, %eax; mov %eax, %dr6;" DONE);
CODE(p_rdmsr, "mov $0x10, %ecx; rdmsr;" DONE);
CODE(p_wrmsr, "mov $0x174, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr;" DONE);
CODE(p_rdtsc, "rdtsc;" DONE);
CODE(p_cli, "cli; pushf; pop %ebx;" DONE);
CODE(p_sti, "sti; pushf; pop %ebx; cli;" DONE);
CODE(p_popf_all, "pushl $0x247ed5; popf; pushf; pop %ebx; pushl $2; popf;" DONE);
CODE(p_popf_none, "pushl $0; popf; pushf; pop %ebx;" DONE);
CODE(p_popfw, "pushw $0x7ed5; popfw; pushf; pop %ebx; pushl $2; popf;" DONE);
CODE(p_iretd, "pushl $0x257ed5; push %cs; pushl $1f; iret; 1: pushf; pop %ebx; pushl $2; popf;" DONE);
CODE(p_in8, "in $0x80, %al;" DONE);
CODE(p_in16, "in $0x80, %ax;" DONE);
CODE(p_in32, "in $0x80, %eax;" DONE);
CODE(p_out8, "out %al, $0x80;" DONE);
CODE(p_out_87, "mov $0x87, %edx; out %ax, %dx;" DONE);
CODE(p_ins, "mov $user_stack, %edi; mov $0x80, %edx; insb;" DONE);
CODE(p_outs, "mov $user_stack, %esi; mov $0x80, %edx; outsb;" DONE);
CODE(p_arpl, "mov $0x10, %eax; mov $0x13, %ecx; arpl %cx, %ax; setz %bl; mov %eax, %ecx;" DONE);
CODE(p_cr5, "mov %cr5, %eax;" DONE);
CODE(p_cr1, "mov %cr1, %eax;" DONE);
CODE(p_cr4_bad, "mov $0x80000000, %eax; mov %eax, %cr4;" DONE);
CODE(p_pg_without_pe, "mov $0x80000020, %eax; mov %eax, %cr0;" DONE);
CODE(p_nw_without_cd, "mov %cr0, %eax; or $0x20000000, %eax; mov %eax, %cr0;" DONE);
CODE(p_bad_msr, "mov $0x3fffffff, %ecx; rdmsr;" DONE);
CODE(p_bad_msr_write, "mov $0x3fffffff, %ecx; wrmsr;" DONE);

static const struct {
  const char *name;
  const u8 *code;
  u8 show; /* 1: EBX */
} tries[] = {
    {"lgdt", p_lgdt, 8},   {"lidt", p_lidt, 8},   {"sgdt", p_sgdt, 0},     {"sidt", p_sidt, 0},       {"sldt", p_sldt, 1},       {"str", p_str, 1},
    {"smsw", p_smsw, 1},   {"lmsw", p_lmsw, 0},   {"clts", p_clts, 0},     {"wbinvd", p_invd, 0},     {"invlpg", p_invlpg, 0},   {"read cr0", p_read_cr0, 0},
    {"write cr0", p_write_cr0, 8}, {"read dr7", p_read_dr, 0}, {"write dr6", p_write_dr, 0}, {"rdmsr", p_rdmsr, 0}, {"wrmsr", p_wrmsr, 0},
    {"rdtsc", p_rdtsc, 0}, {"hlt", p_hlt, 8},     {"cli", p_cli, 1},       {"sti", p_sti, 1},         {"popf all", p_popf_all, 1}, {"popf none", p_popf_none, 1},
    {"popfw", p_popfw, 1}, {"iret", p_iretd, 1},  {"arpl", p_arpl, 1},     {"cr1", p_cr1, 0},         {"cr5", p_cr5, 0},         {"cr4 reserved", p_cr4_bad, 0},
    {"PG without PE", p_pg_without_pe, 0}, {"NW without CD", p_nw_without_cd, 0}, {"rdmsr unknown", p_bad_msr, 0}, {"wrmsr unknown", p_bad_msr_write, 0},
}, ports[] = {
    {"in8", p_in8, 0}, {"in16", p_in16, 0}, {"in32", p_in32, 0}, {"out8", p_out8, 0}, {"out 87", p_out_87, 0}, {"ins", p_ins, 0}, {"outs", p_outs, 0},
};

static void try_ports(const char *what) {
  print("ports, %s:", what);
  for (u32 n = 0; n < sizeof ports / sizeof *ports; n++) {
    run(3, ports[n].code);
    print(" %s ", ports[n].name);
    print_outcome();
  }
  print("\n");
}

void test_privilege(void) {
  for (u32 n = 0; n < sizeof tries / sizeof *tries; n++) {
    print("%s:", tries[n].name);
    for (u32 iopl = 0; iopl < 4; iopl++) {
      initial_flags = 2 | iopl << 12;
      run(3, tries[n].code);
      print(" ");
      print_outcome();
      if (tries[n].show == 1 && last.vector == 0x30) print(":%x", last.ebx);
    }
    initial_flags = 2;
    if (tries[n].show != 8) {
      run(0, tries[n].code);
      print(" level 0 ");
      print_outcome();
      if (tries[n].show == 1 && last.vector == 0x30) print(":%x", last.ebx);
    }
    print("\n");
  }
  for (u32 iopl = 0; iopl < 4; iopl += 1) {
    initial_flags = 2 | iopl << 12;
    try_ports(iopl == 3 ? "IOPL 3" : "IOPL below 3, no bitmap");
  }
  initial_flags = 2;
  /* Ports 0x80..0x87 have byte 16 of the bitmap; 0x88 is in the next. */
  tss_main.bitmap_offset = (u32)tss_main.bitmap - (u32)&tss_main;
  for (int n = 0; n < 32; n++) tss_main.bitmap[n] = 0;
  try_ports("all allowed");
  tss_main.bitmap[16] = 1;
  try_ports("0x80 forbidden");
  tss_main.bitmap[16] = 2;
  try_ports("0x81 forbidden");
  tss_main.bitmap[16] = 8;
  try_ports("0x83 forbidden");
  tss_main.bitmap[16] = 0;
  tss_main.bitmap[17] = 1;
  try_ports("0x88 forbidden");
  tss_main.bitmap[17] = 0;
  for (u32 limit = 0x68 + 15; limit < 0x68 + 19; limit++) {
    set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, limit, 0x89, 0);
    __asm__ volatile("ltr %w0" ::"r"(TSS_MAIN));
    print("limit %x, ", limit);
    try_ports("all allowed");
  }
  reset_tables();
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x89, 0);
  __asm__ volatile("ltr %w0" ::"r"(TSS_MAIN));
}

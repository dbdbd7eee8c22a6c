/*
 * PAE paging: rights by directory and table entry, level, direction and CR0.WP; accessed and dirty bits; 2 MiB pages; reserved bits; addresses
 * beyond 4 GiB; when the page-directory-pointer registers are loaded, and what is refused; INVLPG, global pages, task switches.
 */
#include "kernel.h"

typedef unsigned long long u64;

/* Two tables of four: a table is 32 bytes, and need not begin a page. */
static u64 pointers[8] __attribute__((aligned(64)));
static u64 low_directory[512] __attribute__((aligned(4096)));
static u64 directory[512] __attribute__((aligned(4096)));
static u64 other_directory[512] __attribute__((aligned(4096)));
static u64 table[512] __attribute__((aligned(4096)));
static u64 other_table[512] __attribute__((aligned(4096)));
static u8 page[8192] __attribute__((aligned(4096)));
#define TESTED 0x40000000
#define CR0_PG 0x80000000
#define CR0_WP 0x00010000
#define CR0_CD 0x40000000
#define CR4_PSE 0x10
#define CR4_PAE 0x20
#define CR4_PGE 0x80

u32 pe_value;
CODE(pe_read, "mov 0x40000ffc, %ebx;" DONE);
CODE(pe_write, "mov %ebx, 0x40000ffc;" DONE);
CODE(pe_modify, "lock addl $1, 0x40000ffc;" DONE);
CODE(pe_jump, "mov $0x40000000, %eax; jmp *%eax");
CODE(pe_cross, "mov 0x40000ffe, %ebx;" DONE);
CODE(pe_cross_write, "mov %ebx, 0x40000ffe;" DONE);
CODE(pe_cr0, "mov pe_value, %eax; mov %eax, %cr0;" DONE);
CODE(pe_cr3, "mov pe_value, %eax; mov %eax, %cr3;" DONE);
CODE(pe_cr4, "mov pe_value, %eax; mov %eax, %cr4;" DONE);
CODE(pe_switch, "ljmp $0x50, $0;" DONE);
CODE(pe_task, "mov 0x40000ffc, %ebx; mov %cr3, %ecx;" DONE);

static u32 get_cr0(void) {
  u32 value;
  __asm__ volatile("mov %%cr0, %0" : "=r"(value));
  return value;
}
static void set_cr0(u32 set, u32 clear) { __asm__ volatile("mov %0, %%cr0" ::"r"((get_cr0() & ~clear) | set)); }
static u32 get_cr3(void) {
  u32 value;
  __asm__ volatile("mov %%cr3, %0" : "=r"(value));
  return value;
}
static void set_cr3(const u64 *value) { __asm__ volatile("mov %0, %%cr3" ::"r"(value) : "memory"); }
static void set_cr4(u32 value) { __asm__ volatile("mov %0, %%cr4" ::"r"(value) : "memory"); }
static u32 get_cr2(void) {
  u32 value;
  __asm__ volatile("mov %%cr2, %0" : "=r"(value));
  return value;
}
static u32 seen(u32 address) { return *(volatile u32 *)address; }
static void invlpg(u32 address) { __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory"); }

static void try(const char *name, int level, const u8 *code) {
  run(level, code);
  print(" %s%s ", name, level == 3 ? "3" : "0");
  print_outcome();
  if (last.vector == 14) print("@%x", get_cr2());
  print("(%x %x %x)", (u32)directory[0] & 0xe7, (u32)table[0] & 0xe7, (u32)table[1] & 0xe7);
}

static void map(u64 pde, u64 pte, u64 next) {
  for (u32 n = 4080; n < 4112; n++) page[n] = 0x90;
  page[0] = page[4095] = 0xcd; /* int $0x30 */
  page[1] = page[4096] = 0x30;
  directory[0] = (u32)table | pde;
  table[0] = (u32)page | pte;
  table[1] = (u32)(page + 4096) | next;
  set_cr3(pointers);
}

static void rights(void) {
  for (int wp = 0; wp < 2; wp++) {
    set_cr0(wp ? CR0_WP : 0, wp ? 0 : CR0_WP);
    for (u32 pde = 0; pde < 8; pde++) {
      for (u32 pte = 0; pte < 8; pte++) {
        print("PAE WP %d pde %x pte %x:", wp, pde, pte);
        for (int level = 0; level < 4; level += 3) {
          map(pde, pte, 0);
          try("read", level, pe_read);
          map(pde, pte, 0);
          try("write", level, pe_write);
          map(pde, pte, 0);
          try("modify", level, pe_modify);
          map(pde, pte, 0);
          try("jump", level, pe_jump);
        }
        print("\n");
      }
    }
    for (u32 bits = 0; bits < 8; bits++) {
      /* PS makes it a page of 2 MiB whatever CR4.PSE says. */
      for (u32 pse = 0; pse < 2; pse++) {
        print("PAE WP %d 2 MiB page %x PSE %d:", wp, bits, pse);
        set_cr4(CR4_PAE | (pse ? CR4_PSE : 0));
        for (int level = 0; level < 4; level += 3) {
          map(0, 0, 0);
          directory[0] = 0x80 | bits;
          try("read", level, pe_read);
          directory[0] = 0x80 | bits;
          set_cr3(pointers);
          try("write", level, pe_write);
        }
        print("\n");
      }
    }
  }
  set_cr4(CR4_PAE);
  static const u8 some[] = {0, 5, 7, 3};
  for (u32 first = 0; first < 4; first++) {
    for (u32 second = 0; second < 4; second++) {
      print("PAE pages %x %x:", some[first], some[second]);
      map(7, some[first], some[second]);
      try("read", 3, pe_cross);
      map(7, some[first], some[second]);
      try("write", 3, pe_cross_write);
      print("\n");
    }
  }
}

static void addresses(void) {
  *(volatile u32 *)0x4ffc = 0xcafe;
  *(volatile u32 *)0x204ffc = 0xbeef;
  map(0, 0, 0);
  directory[0] = 0x87;
  directory[1] = 0x200087;
  directory[511] = 0x200087;
  print("through 2 MiB pages: %x %x %x\n", seen(TESTED + 0x4ffc), seen(TESTED + 0x204ffc), seen(TESTED + 511 * 0x200000 + 0x4ffc));
  directory[1] = directory[511] = 0;
  map(7, 7, 7);
  table[511] = (u32)page | 7;
  *(u32 *)(page + 8) = 0x600d;
  print("the last page of a table: %x\n", seen(TESTED + 511 * 4096 + 8));
  table[511] = 0;
  pointers[2] = pointers[3] = (u32)other_directory | 1;
  other_directory[0] = other_directory[511] = (u32)table | 7;
  set_cr3(pointers);
  print("by the other pointers: %x %x %x", seen(0x80000008), seen(0xc0000008), seen(0xffe00008));
  pointers[3] = 0;
  set_cr3(pointers);
  map(7, 7, 7);
  *(u32 *)(page + 0xffc) = 0xbee;
  print(", one alone: %x\n", seen(0x80000ffc));
  for (u32 bit = 32; bit < 36; bit++) {
    map(7, 7 | 1ull << bit, 7);
    run(0, pe_read);
    print("page beyond 4 GiB, bit %d: ", bit);
    print_outcome();
    print(" %x\n", last.ebx);
  }
  /* Bits 36 to 39 are left out: Bochs has addresses of 40 bits. */
  for (u32 bit = 40; bit < 64; bit++) {
    print("reserved bit %d:", bit);
    for (int level = 0; level < 4; level += 3) {
      map(7 | 1ull << bit, 7, 7);
      try("table", level, pe_read);
      map(7, 7 | 1ull << bit, 7);
      try("page", level, pe_write);
      map(7, 6 | 1ull << bit, 7);
      try("no page", level, pe_write);
      map(0, 0, 0);
      directory[0] = 0x87 | 1ull << bit;
      try("2 MiB", level, pe_read);
      directory[0] = 0x86 | 1ull << bit;
      try("no 2 MiB", level, pe_read);
    }
    print("\n");
  }
  for (u32 bit = 13; bit < 21; bit++) {
    print("reserved bit %d of a 2 MiB page:", bit);
    map(0, 0, 0);
    directory[0] = 0x87 | 1u << bit;
    try("read", 0, pe_read);
    try("write", 3, pe_write);
    print("\n");
  }
  print("bits for the system's own use:");
  map(7 | 0xe00, 7 | 0xe00, 0);
  try("read", 3, pe_read);
  print("\n");
}

static void pointer_registers(void) {
  map(7, 7, 7);
  *(u32 *)(page + 0xffc) = 0x111;
  *(u32 *)(page + 4096 + 0xffc) = 0x222;
  other_directory[0] = (u32)other_table | 7;
  other_table[0] = (u32)(page + 4096) | 7;
  print("pointers: %x", seen(TESTED + 0xffc));
  pointers[1] = (u32)other_directory | 1;
  invlpg(TESTED);
  print(", changed in memory: %x", seen(TESTED + 0xffc));
  set_cr3(pointers);
  print(", CR3 loaded: %x", seen(TESTED + 0xffc));
  pointers[1] = (u32)directory | 1;
  set_cr4(CR4_PAE | CR4_PGE);
  print(", CR4.PGE: %x", seen(TESTED + 0xffc));
  pointers[1] = (u32)other_directory | 1;
  set_cr4(CR4_PAE | CR4_PGE | CR4_PSE);
  print(", CR4.PSE: %x", seen(TESTED + 0xffc));
  set_cr4(CR4_PAE);
  pointers[1] = (u32)directory | 1;
  set_cr0(CR0_CD, 0);
  invlpg(TESTED);
  print(", CR0.CD: %x", seen(TESTED + 0xffc));
  set_cr0(0, CR0_CD);
  pointers[1] = 0;
  set_cr3(pointers);
  try(", none: ", 3, pe_read);
  /* What does not stand in a present pointer is not looked at. */
  pointers[1] = ~1ull;
  set_cr3(pointers);
  try("none, all other bits set: ", 0, pe_write);
  pointers[1] = (u32)directory | 1;
  set_cr3(pointers);
  print("\n");

  for (u32 bit = 1; bit < 64; bit++) {
    /* Bits 36 to 39: see above. Bits 12 to 35 are the address. */
    if (bit == 12) bit = 40;
    print("pointer's bit %d:", bit);
    for (u32 n = 1; n < 4; n++) {
      u64 before = pointers[n];
      pointers[n] = ((u32)directory | 1) | 1ull << bit;
      pe_value = (u32)pointers;
      run(0, pe_cr3);
      print(" cr3 ");
      print_outcome();
      pe_value = CR4_PAE | CR4_PGE;
      run(0, pe_cr4);
      print(" cr4 ");
      print_outcome();
      pointers[n] = before;
      set_cr4(CR4_PAE);
      set_cr3(pointers);
      pointers[n] = ((u32)directory | 1) | 1ull << bit;
      pe_value = get_cr0() | CR0_CD;
      run(0, pe_cr0);
      print(" cr0 ");
      print_outcome();
      pointers[n] = before;
      set_cr0(0, CR0_CD);
      set_cr3(pointers);
    }
    print("\n");
  }
  pointers[5] = (u32)directory | 3;
  pointers[4] = pointers[0];
  pe_value = (u32)(pointers + 4);
  run(0, pe_cr3);
  print("a refused table: ");
  print_outcome();
  print(", CR3 as it was %d, memory too: %x", get_cr3() == (u32)pointers, seen(TESTED + 0xffc));
  pointers[5] = (u32)other_directory | 1;
  set_cr3(pointers + 4);
  print(", a table in the middle of a page: %x\n", seen(TESTED + 0xffc));
}

static void translations(void) {
  set_cr3(pointers);
  map(7, 7, 7);
  seen(TESTED);
  table[0] = 0;
  invlpg(TESTED);
  try("PAE, after invlpg", 3, pe_read);
  table[0] = (u32)page | 7;
  try("present again", 3, pe_read);
  directory[0] = 0x87;
  set_cr3(pointers);
  seen(TESTED + 0x1ff000);
  directory[0] = 0;
  invlpg(TESTED + 0x3000);
  run(0, pe_read);
  print(" invlpg of a 2 MiB page ");
  print_outcome();
  print("\n");
  set_cr4(CR4_PAE | CR4_PGE);
  map(7, 0x107, 7);
  u32 first = seen(TESTED + 0xffc);
  table[0] = (u32)(page + 4096) | 0x107;
  invlpg(TESTED);
  print("PAE, global page: %x then %x\n", first, seen(TESTED + 0xffc));
  set_cr4(CR4_PAE);
}

static void switch_to(const u64 *cr3) {
  static const struct tss32 none;
  tss_other = none;
  tss_other.cr3 = (u32)cr3;
  tss_other.eip = (u32)pe_task;
  tss_other.eflags = 2;
  tss_other.esp = (u32)other_stack + 4096;
  tss_other.cs = CODE0;
  tss_other.ss = tss_other.ds = tss_other.es = DATA0;
  tss_other.bitmap_offset = sizeof tss_other;
  set_descriptor(gdt, TSS_OTHER, (u32)&tss_other, sizeof tss_other - 1, 0x89, 0);
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x89, 0);
  __asm__ volatile("ltr %w0" ::"r"(TSS_MAIN));
  run(0, pe_switch);
  print(" ");
  print_outcome();
  print(" %x, CR3 as given %d", last.ebx, last.ecx == (u32)cr3);
}

static void tasks(void) {
  set_cr3(pointers);
  map(7, 7, 7);
  pointers[5] = (u32)other_directory | 1;
  pointers[4] = pointers[0];
  print("PAE, switch to a task:");
  switch_to(pointers + 4);
  switch_to(pointers);
  pointers[1] = (u32)other_directory | 1;
  print(", with the same CR3:");
  switch_to(pointers);
  pointers[1] = (u32)directory | 1;
  print(", with another:");
  switch_to(pointers + 4);
  print("\n");
  reset_tables();
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x89, 0);
  __asm__ volatile("ltr %w0; clts" ::"r"(TSS_MAIN));
}

void test_pae(void) {
  for (u32 n = 0; n < 16; n++) low_directory[n] = n << 21 | 0x87;
  pointers[0] = (u32)low_directory | 1;
  pointers[1] = (u32)directory | 1;
  /* Without paging nothing looks at the table, whatever CR4.PAE says. */
  pointers[3] = 7;
  set_cr3(pointers);
  set_cr4(CR4_PAE);
  pe_value = get_cr0() | CR0_PG;
  run(0, pe_cr0);
  print("paging on with a bad pointer: ");
  print_outcome();
  print(", paging %d\n", get_cr0() >> 31);
  pointers[3] = 0;
  set_cr0(CR0_PG, 0);

  rights();
  addresses();
  pointer_registers();
  translations();
  tasks();
  set_cr0(0, CR0_PG | CR0_WP);
  set_cr4(0);
}

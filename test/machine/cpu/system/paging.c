/* Rights of pages by directory and table entry, level, direction and CR0.WP; accessed and dirty bits; 4 MiB pages; INVLPG; crossing accesses. */
#include "kernel.h"

static u32 directory[1024] __attribute__((aligned(4096)));
static u32 low_table[1024] __attribute__((aligned(4096)));
static u32 table[1024] __attribute__((aligned(4096)));
static u8 page[8192] __attribute__((aligned(4096)));
#define TESTED 0x40000000

CODE(pg_read, "mov 0x40000ffc, %ebx;" DONE);
CODE(pg_write, "mov %ebx, 0x40000ffc;" DONE);
CODE(pg_modify, "lock addl $1, 0x40000ffc;" DONE);
CODE(pg_exchange, "cmpxchg %ebx, 0x40000ffc;" DONE);
CODE(pg_cross, "mov 0x40000ffe, %ebx;" DONE);
CODE(pg_cross_write, "mov %ebx, 0x40000ffe;" DONE);
CODE(pg_jump, "mov $0x40000000, %eax; jmp *%eax");
CODE(pg_jump_end, "mov $0x40000fff, %eax; jmp *%eax");
CODE(pg_push, "mov $0x40001000, %esp; push %eax; " DONE);
CODE(pg_movs, "mov $0x40000ffc, %edi; mov $user_stack, %esi; mov $3, %ecx; rep movsl; " DONE);
CODE(pg_pusha, "mov $0x40001010, %esp; pusha; " DONE);

static void set_cr0(u32 set, u32 clear) {
  u32 cr0;
  __asm__ volatile("mov %%cr0, %0" : "=r"(cr0));
  cr0 = (cr0 & ~clear) | set;
  __asm__ volatile("mov %0, %%cr0" ::"r"(cr0));
}
static void set_cr4(u32 value) { __asm__ volatile("mov %0, %%cr4" ::"r"(value)); }
static void set_cr3(void) { __asm__ volatile("mov %0, %%cr3" ::"r"(directory)); }
static u32 get_cr2(void) {
  u32 value;
  __asm__ volatile("mov %%cr2, %0" : "=r"(value));
  return value;
}

static void try(const char *name, int level, const u8 *code) {
  run(level, code);
  print(" %s%s ", name, level == 3 ? "3" : "0");
  print_outcome();
  /* PUSHA may begin at either end: only the page is told. */
  if (last.vector == 14) print("@%x", code == pg_pusha ? get_cr2() & ~0xfff : get_cr2());
  print("(%x %x %x)", directory[TESTED >> 22] & 0xe7, table[0] & 0xe7, table[1] & 0xe7);
}

static void map(u32 pde, u32 pte, u32 next) {
  for (u32 n = 4080; n < 4112; n++) page[n] = 0x90;
  page[0] = page[4095] = 0xcd; /* int $0x30 */
  page[1] = page[4096] = 0x30;
  directory[TESTED >> 22] = (u32)table | pde;
  table[0] = (u32)page | pte;
  table[1] = (u32)(page + 4096) | next;
  set_cr3();
}

void test_paging(void) {
  for (u32 n = 0; n < 1024; n++) low_table[n] = n << 12 | 7;
  directory[0] = (u32)low_table | 7;
  set_cr3();
  set_cr0(0x80000000, 0);

  for (int wp = 0; wp < 2; wp++) {
    set_cr0(wp << 16, (!wp) << 16);
    for (u32 pde = 0; pde < 8; pde++) {
      for (u32 pte = 0; pte < 8; pte++) {
        print("WP %d pde %x pte %x:", wp, pde, pte);
        for (int level = 0; level < 4; level += 3) {
          static const struct {
            const char *name;
            const u8 *code;
          } tries[] = {{"read", pg_read}, {"write", pg_write}, {"modify", pg_modify}, {"cmpxchg", pg_exchange}, {"jump", pg_jump}};
          for (u32 n = 0; n < 5; n++) {
            map(pde, pte, 0);
            try(tries[n].name, level, tries[n].code);
          }
        }
        print("\n");
      }
    }
  }

  static const struct {
    const char *name;
    const u8 *code;
  } crossing[] = {{"read", pg_cross}, {"write", pg_cross_write}, {"jump", pg_jump_end}, {"movs", pg_movs}, {"pusha", pg_pusha}, {"push", pg_push}};
  static const u8 rights[] = {0, 5, 7, 3};
  for (u32 first = 0; first < 4; first++) {
    for (u32 second = 0; second < 4; second++) {
      print("pages %x %x:", rights[first], rights[second]);
      for (u32 n = 0; n < sizeof crossing / sizeof *crossing; n++) {
        map(7, rights[first], rights[second]);
        try(crossing[n].name, 3, crossing[n].code);
        if (n == 3) print("[ecx %x edi %x esi %x]", last.ecx, last.edi, last.esi - (u32)user_stack);
        if (n >= 4) print("[esp %x]", last.esp);
      }
      print("\n");
    }
  }

  /* 4 MiB pages: the page directory's entry is the leaf. Physical 0 is mapped, so the tested address is read there. */
  set_cr4(0x10);
  for (int wp = 0; wp < 2; wp++) {
    set_cr0(wp << 16, (!wp) << 16);
    for (u32 bits = 0; bits < 8; bits++) {
      print("WP %d 4 MiB page %x:", wp, bits);
      for (int level = 0; level < 4; level += 3) {
        map(0, 0, 0);
        directory[TESTED >> 22] = 0x80 | bits;
        set_cr3();
        try("read", level, pg_read);
        directory[TESTED >> 22] = 0x80 | bits;
        set_cr3();
        try("write", level, pg_write);
      }
      print("\n");
    }
  }
  *(volatile u32 *)0x4321 = 0xcafe;
  directory[TESTED >> 22] = 0x87;
  set_cr3();
  print("through a 4 MiB page: %x", *(volatile u32 *)(TESTED + 0x4321));
  /* Without CR4.PSE the same bit means nothing. */
  set_cr4(0);
  map(0x87, 7, 7);
  page[0x20] = 0x5a;
  print(", with PSE off: %x\n", *(volatile u8 *)(TESTED + 0x20));

  /* A translation that was used stays until INVLPG or CR3 for more rights at the latest a fault: less rights need INVLPG. */
  map(7, 7, 7);
  *(volatile u32 *)TESTED;
  table[0] = 0;
  __asm__ volatile("invlpg 0x40000000");
  try("after invlpg", 3, pg_read);
  table[0] = (u32)page | 7;
  try("present again", 3, pg_read);
  print("\n");
  /* Global pages outlive CR3, not INVLPG. */
  set_cr4(0x80);
  map(7, 0x107, 7);
  page[0x10] = 1;
  page[4096 + 0x10] = 2;
  u32 seen = *(volatile u8 *)(TESTED + 0x10);
  table[0] = (u32)(page + 4096) | 0x107;
  __asm__ volatile("invlpg 0x40000000");
  print("global page: %x then %x\n", seen, *(volatile u8 *)(TESTED + 0x10));
  set_cr4(0);


  /* A page fault whose handler cannot be called is a double fault; one after a page fault in a handler is not. */
  map(7, 0, 0);
  idt[14 * 2 + 1] &= ~0x8000;
  try("\npage fault, its gate not present", 3, pg_read);
  reset_tables();
  set_gate(idt, 14 * 8, 0xfff8, 0, 0x8e);
  try("page fault, its gate leads beyond the GDT", 3, pg_read);
  reset_tables();
  print("\n");
  reset_tables();
  set_cr0(0, 0x80010000);
}

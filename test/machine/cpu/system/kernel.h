/* A kernel that does what the manual's chapters on protection, paging, interrupts and tasks speak of, and prints what came of it on port 0xe9. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;

/* Selectors in the GDT. */
enum {
  CODE0 = 0x08,
  DATA0 = 0x10,
  CODE3 = 0x1b,
  DATA3 = 0x23,
  TSS_MAIN = 0x28,
  LDT = 0x30,
  SCRATCH = 0x38,
  SCRATCH2 = 0x40,
  SCRATCH3 = 0x48,
  TSS_OTHER = 0x50,
  CODE16 = 0x58,
  DATA1 = 0x60,
  DATA2 = 0x68,
  CODE0_CONFORMING = 0x70,
  GDT_SIZE = 0x80,
};

/* Ends a piece of code under test, from any level. */
#define DONE "int $0x30"

struct frame {
  u32 gs, fs, es, ds;
  u32 edi, esi, ebp, esp_at_pusha, ebx, edx, ecx, eax;
  u32 vector, error;
  u32 eip, cs, eflags;
  /* Only from another level; the last four only from virtual-8086 mode. */
  u32 esp, ss, v_es, v_ds, v_fs, v_gs;
};

struct tss32 {
  u32 link, esp0, ss0, esp1, ss1, esp2, ss2, cr3, eip, eflags, eax, ecx, edx, ebx, esp, ebp, esi, edi, es, cs, ss, ds, fs, gs, ldt;
  u16 trap, bitmap_offset;
  u8 bitmap[32];
};

struct tss16 {
  u16 link, sp0, ss0, sp1, ss1, sp2, ss2, ip, flags, ax, cx, dx, bx, sp, bp, si, di, es, cs, ss, ds, ldt;
};

extern u32 gdt[GDT_SIZE / 4], ldt[8], idt[512];
extern struct tss32 tss_main, tss_other;
extern u8 user_stack[4096], kernel_stack[4096], other_stack[4096];
#define USER_STACK_TOP ((u32)user_stack + 4096)

/* What the last fault or DONE found. */
extern struct frame last;
/* Interrupts to return from and log, rather than to end the test. */
extern u32 (*on_interrupt)(struct frame *);

/* Run code at a level (0 or 3, or 4 for virtual-8086 mode at 0:address) until a fault or DONE; `last` tells. */
void run(int level, const void *code);

void print(const char *format, ...);
/* The name of what ended the last run: "ok", or vector.error. */
void print_outcome(void);
void set_descriptor(u32 *table, int selector, u32 base, u32 limit, u32 access, u32 flags);
void set_gate(u32 *table, int selector, u32 selector_of_target, u32 offset, u32 access);
void reset_tables(void);

/* A piece of code under test, in assembly: its symbol is `name`. */
#define CODE(name, text) \
  extern const u8 name[]; \
  __asm__(".pushsection .text\n" #name ":\n" text "\n.popsection")

void test_segments(void);
void test_gates(void);
void test_limits(void);
void test_privilege(void);
void test_vm86(void);
void test_paging(void);
void test_pae(void);
void test_tasks(void);
void test_debug(void);
void test_exceptions(void);

#include "kernel.h"

u32 gdt[GDT_SIZE / 4] __attribute__((aligned(8)));
u32 ldt[8] __attribute__((aligned(8)));
u32 idt[512] __attribute__((aligned(8)));
struct tss32 tss_main, tss_other;
u8 user_stack[4096] __attribute__((aligned(4096)));
u8 kernel_stack[4096] __attribute__((aligned(4096)));
u8 other_stack[4096] __attribute__((aligned(4096)));
struct frame last;
u32 (*on_interrupt)(struct frame *);
extern u8 stubs[];
void recover(void) __attribute__((noreturn));

static void put(char c) { __asm__ volatile("outb %0, $0xe9" ::"a"(c)); }

/* %s, %x, and %d for small numbers. */
void print(const char *format, ...) {
  __builtin_va_list arguments;
  __builtin_va_start(arguments, format);
  for (; *format; format++) {
    if (*format != '%') {
      put(*format);
      continue;
    }
    if (*++format == 's') {
      for (const char *s = __builtin_va_arg(arguments, const char *); *s; s++) put(*s);
      continue;
    }
    u32 value = __builtin_va_arg(arguments, u32), base = *format == 'd' ? 10 : 16;
    char digits[12];
    int n = 0;
    do digits[n++] = "0123456789abcdef"[value % base];
    while (value /= base);
    while (n) put(digits[--n]);
  }
  __builtin_va_end(arguments);
}

void print_outcome(void) {
  if (last.vector == 0x30) print("ok");
  else if (last.error) print("%x.%x", last.vector, last.error);
  else print("%x", last.vector);
}

void handler(struct frame *frame) {
  if (on_interrupt && on_interrupt(frame)) return;
  last = *frame;
  recover();
}

void set_descriptor(u32 *table, int selector, u32 base, u32 limit, u32 access, u32 flags) {
  u32 *entry = table + (selector >> 3) * 2;
  entry[0] = (base << 16) | (limit & 0xffff);
  entry[1] = (base & 0xff000000) | ((base >> 16) & 0xff) | (limit & 0xf0000) | (access << 8) | (flags << 20);
}

void set_gate(u32 *table, int selector, u32 target, u32 offset, u32 access) {
  u32 *entry = table + (selector >> 3) * 2;
  entry[0] = (target << 16) | (offset & 0xffff);
  entry[1] = (offset & 0xffff0000) | (access << 8);
}

void reset_tables(void) {
  set_descriptor(gdt, CODE0, 0, 0xfffff, 0x9b, 0xc);
  set_descriptor(gdt, DATA0, 0, 0xfffff, 0x93, 0xc);
  set_descriptor(gdt, CODE3, 0, 0xfffff, 0xfb, 0xc);
  set_descriptor(gdt, DATA3, 0, 0xfffff, 0xf3, 0xc);
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x8b, 0);
  set_descriptor(gdt, TSS_OTHER, (u32)&tss_other, sizeof tss_other - 1, 0x89, 0);
  set_descriptor(gdt, LDT, (u32)ldt, sizeof ldt - 1, 0x82, 0);
  set_descriptor(gdt, CODE16, 0, 0xffff, 0x9b, 0);
  set_descriptor(gdt, DATA1, 0, 0xfffff, 0xb3, 0xc);
  set_descriptor(gdt, DATA2, 0, 0xfffff, 0xd3, 0xc);
  set_descriptor(gdt, CODE0_CONFORMING, 0, 0xfffff, 0x9f, 0xc);
  for (int vector = 0; vector < 256; vector++) {
    set_gate(idt, vector * 8, CODE0, (u32)stubs + vector * 16, vector == 0x30 || vector == 3 || vector == 4 ? 0xee : 0x8e);
  }
  tss_main.esp0 = (u32)kernel_stack + sizeof kernel_stack;
  tss_main.ss0 = DATA0;
  tss_main.esp1 = tss_main.esp2 = tss_main.esp0;
  tss_main.ss1 = DATA1 | 1;
  tss_main.ss2 = DATA2 | 2;
  tss_main.bitmap_offset = sizeof tss_main;
}

static void load_tables(void) {
  struct {
    u16 limit;
    u32 base;
  } __attribute__((packed)) gdtr = {sizeof gdt - 1, (u32)gdt}, idtr = {sizeof idt - 1, (u32)idt};
  set_descriptor(gdt, TSS_MAIN, (u32)&tss_main, sizeof tss_main - 1, 0x89, 0);
  __asm__ volatile("lgdt %0; lidt %1; ljmp %2, $1f; 1: mov %3, %%ds; mov %3, %%es; mov %3, %%ss; mov %4, %%fs; mov %4, %%gs; ltr %w5"
                   ::"m"(gdtr), "m"(idtr), "i"(CODE0), "r"(DATA0), "r"(0), "r"(TSS_MAIN));
}

void main(void) {
  u32 cr0;
  /* No interrupts from outside. */
  __asm__ volatile("outb %%al, $0x21; outb %%al, $0xa1" ::"a"(0xff));
  reset_tables();
  load_tables();
  /* NE, so that the numeric exceptions are the processor's own; CD and NW as no firmware left them. */
  __asm__ volatile("mov %%cr0, %0; and $~0x60000000, %0; or $0x20, %0; mov %0, %%cr0" : "=&r"(cr0));
  test_segments();
  test_gates();
  test_limits();
  test_privilege();
  test_exceptions();
  test_vm86();
  test_paging();
  test_pae();
  test_tasks();
  test_debug();
  print("end\n");
  __asm__ volatile("outb %%al, $0xf4" ::"a"(0));
}

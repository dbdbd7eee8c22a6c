/* Limits, types and rights of the segments that accesses go through, at level 3 (so that faults have a good stack). */
#include "kernel.h"

u32 access_offset, access_selector;

CODE(read1, "mov access_offset, %esi; mov access_selector, %fs; movb %fs:(%esi), %bl;" DONE);
CODE(read2, "mov access_offset, %esi; mov access_selector, %fs; movw %fs:(%esi), %bx;" DONE);
CODE(read4, "mov access_offset, %esi; mov access_selector, %fs; movl %fs:(%esi), %ebx;" DONE);
CODE(write1, "mov access_offset, %esi; mov access_selector, %fs; movb %bl, %fs:(%esi);" DONE);
CODE(write4, "mov access_offset, %esi; mov access_selector, %fs; movl %ebx, %fs:(%esi);" DONE);
CODE(modify4, "mov access_offset, %esi; mov access_selector, %fs; addl %ebx, %fs:(%esi);" DONE);
CODE(push4, "mov access_offset, %esi; mov access_selector, %ss; mov %esi, %esp; pushl %eax; " DONE);
CODE(pop4, "mov access_offset, %esi; mov access_selector, %ss; mov %esi, %esp; popl %eax; " DONE);
CODE(read_stack, "mov access_offset, %ebp; mov access_selector, %ss; movl (%ebp), %eax; " DONE);
CODE(enter_leave, "mov access_offset, %esi; mov access_selector, %ss; mov %esi, %esp; enter $8, $2; leave; " DONE);
CODE(push_all, "mov access_offset, %esi; mov access_selector, %ss; mov %esi, %esp; pusha; popa; " DONE);
CODE(read_code, "mov access_offset, %esi; movl %cs:(%esi), %eax; " DONE);
CODE(write_code, "mov access_offset, %esi; movl %eax, %cs:(%esi); " DONE);
CODE(jump_out, "mov access_offset, %esi; jmp *%esi");
CODE(call_out, "mov access_offset, %esi; call *%esi");
CODE(return_out, "pushl access_offset; ret");

static const struct {
  const char *name;
  const u8 *code;
} data_tries[] = {{"read1", read1}, {"read2", read2}, {"read4", read4}, {"write1", write1}, {"write4", write4}, {"modify4", modify4}},
  stack_tries[] = {{"push", push4}, {"pop", pop4}, {"mov", read_stack}, {"enter", enter_leave}, {"pusha", push_all}};

static void offsets(const char *what, u32 access, u32 limit, u32 flags) {
  static const u32 places[] = {0, 1, 4, 0x7fc, 0x7fd, 0x7fe, 0x7ff, 0x800, 0x801, 0x804, 0x810, 0xffc, 0xffd, 0xfff, 0x1000, 0x1ffc, 0xfffc, 0xfffd, 0x10000};
  static u8 area[0x20000] __attribute__((aligned(4096)));
  for (u32 n = 0; n < sizeof places / sizeof *places; n++) {
    set_descriptor(gdt, SCRATCH, (u32)area, limit, access, flags);
    access_offset = places[n];
    access_selector = SCRATCH | 3;
    print("%s at %x:", what, places[n]);
    for (u32 m = 0; m < sizeof data_tries / sizeof *data_tries; m++) {
      run(3, data_tries[m].code);
      print(" %s ", data_tries[m].name);
      print_outcome();
    }
    if ((access & 0x1a) == 0x12) {
      for (u32 m = 0; m < sizeof stack_tries / sizeof *stack_tries; m++) {
        run(3, stack_tries[m].code);
        print(" %s ", stack_tries[m].name);
        print_outcome();
        print(":%x", last.esp - places[n]);
      }
    }
    print("\n");
  }
}

void test_limits(void) {
  offsets("data of 0x800 bytes", 0xf3, 0x7ff, 4);
  offsets("data of 0x800 bytes with B clear", 0xf3, 0x7ff, 0);
  offsets("data of 4096 bytes by granularity", 0xf3, 0, 0xc);
  offsets("expand-down data above 0x7ff", 0xf7, 0x7ff, 4);
  offsets("expand-down data above 0x7ff with B clear", 0xf7, 0x7ff, 0);
  offsets("read-only data", 0xf1, 0x7ff, 4);
  offsets("code, readable", 0xfb, 0x7ff, 4);
  offsets("code, execute only", 0xf9, 0x7ff, 4);
  offsets("null", 0, 0, 0);

  /* The code segment itself. */
  access_offset = (u32)read1;
  run(3, read_code);
  print("read through CS: ");
  print_outcome();
  run(3, write_code);
  print(", write through CS: ");
  print_outcome();
  set_descriptor(gdt, CODE3, 0, (u32)&access_selector >> 12, 0xfb, 0xc);
  access_offset = 0x40000000;
  run(3, jump_out);
  print(", jump beyond CS: ");
  print_outcome();
  print(" at +%x", last.eip - (u32)jump_out);
  run(3, call_out);
  print(", call beyond CS: ");
  print_outcome();
  print(" at +%x esp %x", last.eip - (u32)call_out, USER_STACK_TOP - last.esp);
  run(3, return_out);
  print(", return beyond CS: ");
  print_outcome();
  print(" at +%x esp %x\n", last.eip - (u32)return_out, USER_STACK_TOP - last.esp);
  set_descriptor(gdt, CODE3, 0, 0xfffff, 0xf9, 0xc);
  run(3, read1);
  access_offset = (u32)read1;
  run(3, read_code);
  print("read through execute-only CS: ");
  print_outcome();
  print("\n");
  reset_tables();
}

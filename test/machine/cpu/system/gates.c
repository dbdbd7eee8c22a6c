/* Interrupt, trap and call gates of every type, towards several kinds of code segment; inner stacks good and bad. */
#include "kernel.h"

extern u32 target[2];
extern const u8 landing[];

CODE(int31, "mov $0x1234, %eax; int $0x31");
CODE(handler31, "mov (%esp), %ebx; mov 4(%esp), %ecx; mov 8(%esp), %edx; pushf; pop %esi; mov %cs, %edi;" DONE);
CODE(call_gate, "pushl $0x11111111; pushl $0x22222222; pushl $0x33333333; lcall $0x38, $0; after_call_gate: mov %esp, %ebx;" DONE);
CODE(gate_entry, "mov 8(%esp), %ebx; mov 12(%esp), %ecx; mov 16(%esp), %edx; mov %cs, %edi;" DONE);
CODE(gate_return, "lret $12");
CODE(sysenter, "mov $user_after_sysexit, %edx; mov %esp, %ecx; sysenter");
CODE(sysenter_entry, "mov %cs, %ebx; mov %ss, %eax; shl $16, %eax; or %eax, %ebx; sysexit");
CODE(user_after_sysexit, "mov %cs, %esi; mov %ss, %edi;" DONE);

static void wrmsr(u32 number, u32 value) { __asm__ volatile("wrmsr" ::"c"(number), "a"(value), "d"(0)); }

/* A stack of level 1 or 2 that is bad: faults then still have that of level 0. */
static void bad_stack(const char *what, u32 selector, u32 pointer, u32 entries) {
  set_descriptor(gdt, SCRATCH2, 0, 0xfffff, 0xbb, 0xc); /* code, level 1 */
  set_gate(idt, 0x31 * 8, SCRATCH2 | 1, (u32)handler31, 0xee);
  set_gate(gdt, SCRATCH, SCRATCH2 | 1, (u32)gate_entry, 0xec);
  gdt[SCRATCH / 4 + 1] |= entries;
  tss_main.ss1 = selector;
  tss_main.esp1 = pointer;
  print("level-1 stack %s:", what);
  run(3, int31);
  print(" int ");
  print_outcome();
  if (last.vector == 0x30) print(":%x", last.cs);
  run(3, call_gate);
  print(" call ");
  print_outcome();
  if (last.vector == 0x30) print(":%x %x %x", last.ebx, last.ecx, last.edx);
  print("\n");
}

void test_gates(void) {
  for (int level = 0; level < 4; level += 3) {
    for (u32 access = 0; access < 256; access++) {
      int type = access & 31;
      if (type == 5) continue;
      print("idt %x level %d:", access, level);
      static const u16 targets[] = {CODE0, CODE0 | 3, CODE3, CODE0_CONFORMING, DATA0, 0, 3, SCRATCH, 0xfff8, TSS_OTHER, 4};
      set_descriptor(gdt, SCRATCH, 0, 0xfffff, 0x1b, 0xc); /* code, not present */
      for (u32 n = 0; n < sizeof targets / sizeof *targets; n++) {
        set_gate(idt, 0x31 * 8, targets[n], type & 8 ? (u32)handler31 : 0x600, access);
        run(level, int31);
        print(" ");
        print_outcome();
        if (last.vector == 0x30 && type & 8) print(":%x %x", last.edi, last.esi & 0x37700);
      }
      print("\n");
    }
  }
  reset_tables();

  /* Call gates: parameters are copied, in number and size as the gate says. */
  for (u32 count = 0; count < 4; count++) {
    set_gate(gdt, SCRATCH, CODE0, (u32)gate_entry, 0xec);
    gdt[SCRATCH / 4 + 1] |= count;
    run(3, call_gate);
    print("call gate with %d parameters: ", count);
    print_outcome();
    print(" %x %x %x\n", last.ebx == 0x33333333, last.ecx == 0x22222222, last.edx == 0x11111111);
  }
  set_gate(gdt, SCRATCH, CODE0, (u32)gate_return, 0xec);
  gdt[SCRATCH / 4 + 1] |= 3;
  run(3, call_gate);
  print("call gate and return releasing 3 parameters: ");
  print_outcome();
  print(" esp %x cs %x ss %x\n", USER_STACK_TOP - last.ebx, last.cs, last.ss);

  bad_stack("good", DATA1 | 1, (u32)other_stack + 4096, 3);
  bad_stack("null", 0, (u32)other_stack + 4096, 0);
  bad_stack("null with RPL", 1, (u32)other_stack + 4096, 0);
  bad_stack("of another RPL", DATA1, (u32)other_stack + 4096, 0);
  bad_stack("of another DPL", DATA2 | 1, (u32)other_stack + 4096, 0);
  bad_stack("beyond the table", 0xfff9, (u32)other_stack + 4096, 0);
  bad_stack("in a null LDT", 5, (u32)other_stack + 4096, 0);
  set_descriptor(gdt, SCRATCH3, 0, 0xfffff, 0xb1, 0xc);
  bad_stack("read-only", SCRATCH3 | 1, (u32)other_stack + 4096, 0);
  set_descriptor(gdt, SCRATCH3, 0, 0xfffff, 0xbb, 0xc);
  bad_stack("code", SCRATCH3 | 1, (u32)other_stack + 4096, 0);
  set_descriptor(gdt, SCRATCH3, 0, 0xfffff, 0x33, 0xc);
  bad_stack("not present", SCRATCH3 | 1, (u32)other_stack + 4096, 0);
  set_descriptor(gdt, SCRATCH3, (u32)other_stack, 0xfff, 0xb3, 0x4);
  bad_stack("small but enough", SCRATCH3 | 1, 4096, 3);
  bad_stack("too small", SCRATCH3 | 1, 16, 3);
  bad_stack("pointing beyond", SCRATCH3 | 1, 8192, 3);
  set_descriptor(gdt, SCRATCH3, (u32)other_stack, 0x7ff, 0xb7, 0x4);
  bad_stack("expand-down, enough", SCRATCH3 | 1, 0x900, 3);
  bad_stack("expand-down, too small", SCRATCH3 | 1, 0x810, 3);
  set_descriptor(gdt, SCRATCH3, (u32)other_stack, 0xfff, 0xb3, 0);
  bad_stack("of 16 bits", SCRATCH3 | 1, 0x51000, 3);
  reset_tables();

  /* SYSENTER and SYSEXIT. */
  wrmsr(0x174, CODE0);
  wrmsr(0x175, (u32)kernel_stack + 4096);
  wrmsr(0x176, (u32)sysenter_entry);
  run(3, sysenter);
  print("sysenter: ");
  print_outcome();
  print(" inside cs %x, after cs %x ss %x\n", last.ebx, last.esi, last.edi);
  wrmsr(0x174, 0);
  run(3, sysenter);
  print("sysenter with a null selector: ");
  print_outcome();
  run(3, sysenter_entry);
  print(", sysexit at level 3: ");
  print_outcome();
  print("\n");
}

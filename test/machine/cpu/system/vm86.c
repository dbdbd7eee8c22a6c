/* Virtual-8086 mode: what runs, what traps, and the frames that interrupts leave. */
#include "kernel.h"

extern u32 initial_flags;

/* Each piece is copied to 0x10100, CS 0x1000 : IP 0x100... run() enters at 0x10:0x1000, linear 0x1100. */
#define AT ((volatile u8 *)(0x0010 * 16 + 0x1000))

static void piece(const char *name, const char *bytes, u32 length) {
  static const u32 flags[] = {2, 0x3002, 0x3202};
  print("vm86 %s:", name);
  for (u32 n = 0; n < 3; n++) {
    for (u32 m = 0; m < length; m++) AT[m] = bytes[m];
    AT[length] = 0xcd;
    AT[length + 1] = 0x30;
    initial_flags = flags[n];
    run(4, 0);
    print(" ");
    print_outcome();
    print("[ip+%x cs%x ss%x sp%x fl%x ax%x]", last.eip - 0x1000, last.cs, last.ss, last.esp, last.eflags & 0x3f7702, last.eax & 0xffff);
  }
  print("\n");
  initial_flags = 2;
}
#define PIECE(name, bytes) piece(name, bytes, sizeof bytes - 1)

void test_vm86(void) {
  static const u8 real_handler[] = {0xb8, 0x78, 0x56, 0xcf};
  for (u32 n = 0; n < 4; n++) ((volatile u8 *)0x2000)[n] = real_handler[n];
  PIECE("nop", "\x90");
  PIECE("segments", "\x8c\xd8"); /* mov ax, ds */
  print("  saved es %x ds %x fs %x gs %x, in the handler ds %x fs %x gs %x\n", last.v_es, last.v_ds, last.v_fs, last.v_gs, last.ds & 0xffff, last.fs & 0xffff, last.gs & 0xffff);
  PIECE("cli", "\xfa");
  PIECE("sti", "\xfb");
  PIECE("pushf", "\x9c\x58");
  PIECE("pushfd", "\x66\x9c\x66\x58");
  PIECE("popf", "\x68\xd7\x7e\x9d\x9c\x58");
  PIECE("popfd", "\x66\x68\xd7\x7e\x3f\x00\x66\x9d\x9c\x58");
  PIECE("iret", "\x68\x02\x30\x0e\x68\x08\x10\xcf\x90\x90");
  PIECE("int 31", "\xcd\x31");
  PIECE("int3", "\xcc");
  PIECE("into", "\xb0\x7f\xfe\xc0\xce");
  PIECE("hlt", "\xf4");
  PIECE("in", "\xe4\x80");
  PIECE("mov cr0", "\x0f\x20\xc0");
  PIECE("lgdt", "\x0f\x01\x16\x00\x00");
  PIECE("sgdt", "\x0f\x01\x06\x00\x00");
  PIECE("sldt", "\x0f\x00\xc0");
  PIECE("str", "\x0f\x00\xc8");
  PIECE("lldt", "\x0f\x00\xd0");
  PIECE("lar", "\x0f\x02\xc0");
  PIECE("verr", "\x0f\x00\xe0");
  PIECE("arpl", "\x63\xc0");
  PIECE("smsw", "\x0f\x01\xe0");
  PIECE("clts", "\x0f\x06");
  PIECE("sysenter", "\x0f\x34");
  PIECE("rdtsc", "\x31\xc0\x31\xd2");
  PIECE("far jump", "\xea\x05\x00\x10\x01\xea\x0a\x00\x10\x01\x90");
  PIECE("far call", "\x9a\x06\x10\x10\x00\x90\x58\x5b\xb8\x01\x00");
  PIECE("load ds", "\xb8\x34\x12\x8e\xd8\x8c\xd8");
  PIECE("word at ffff", "\xbb\xff\xff\x8b\x07");
  PIECE("dword at fffd", "\xbb\xfd\xff\x66\x8b\x07");
  PIECE("beyond 64K", "\x66\xbb\x00\x00\x01\x00\x67\x8a\x03");
  PIECE("stack word at ffff", "\xbd\xff\xff\x8b\x46\x00");
  PIECE("push at sp 1", "\xbc\x01\x00\x50");
  PIECE("ud2", "\x0f\x0b");
  PIECE("div 0", "\x31\xc9\xf7\xf1");
  PIECE("jump beyond", "\x66\xb8\x00\x00\x01\x00\x66\xff\xe0");
  /* Interrupts from virtual-8086 mode must lead to level 0 in a nonconforming segment. */
  set_gate(idt, 0x31 * 8, CODE0_CONFORMING, 0, 0xee);
  PIECE("int 31 to conforming code", "\xcd\x31");
  set_gate(idt, 0x31 * 8, CODE3, 0, 0xee);
  PIECE("int 31 to level 3", "\xcd\x31");
  set_gate(idt, 0x31 * 8, CODE0, 0, 0x8e);
  PIECE("int 31 by a gate of level 0", "\xcd\x31");
  reset_tables();
}

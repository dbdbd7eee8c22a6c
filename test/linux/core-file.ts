/**
 * A core file of the guest's kernel, as gdb reads it: ELF notes with the processor's registers (NT_PRSTATUS) and segments of memory. What is
 * not in it gdb takes from vmlinux.
 */

import type { Registers } from '../../src/debugger/target';

/** Memory from an address on. */
export interface MemorySegment {
  readonly address: number;
  readonly bytes: Uint8Array;
}

const ET_CORE = 4;
const EM_386 = 3;
const PT_LOAD = 1;
const PT_NOTE = 4;
const NT_PRSTATUS = 1;
const HEADER = 52;
const PROGRAM_HEADER = 32;
/** sizeof(struct elf_prstatus) on i386, and where its registers begin (include/uapi/linux/elfcore.h). */
const PRSTATUS = 144;
const PRSTATUS_REGISTERS = 72;
/** struct user_regs_struct (arch/x86/include/asm/user_32.h); the eleventh is orig_eax. */
const ORDER = [
  'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'eax', 'ds', 'es', 'fs', 'gs', undefined, 'eip', 'cs', 'eflags', 'esp', 'ss',
] as const; // prettier-ignore

/** Gives the file's bytes. */
export function coreFile(registers: Registers, segments: readonly MemorySegment[]): Uint8Array {
  const note = prstatusNote(registers);
  const data = [note, ...segments.map(({ bytes }) => bytes)];
  let at = HEADER + PROGRAM_HEADER * data.length;
  const file = new Uint8Array(at + data.reduce((sum, { length }) => sum + length, 0));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, ET_CORE, true);
  view.setUint16(18, EM_386, true);
  view.setUint32(20, 1, true);
  view.setUint32(28, HEADER, true);
  view.setUint16(40, HEADER, true);
  view.setUint16(42, PROGRAM_HEADER, true);
  view.setUint16(44, data.length, true);
  data.forEach((bytes, i) => {
    const address = i === 0 ? 0 : segments[i - 1].address;
    const words = [i === 0 ? PT_NOTE : PT_LOAD, at, address, address, bytes.length, bytes.length, 6, 1];
    words.forEach((word, k) => view.setUint32(HEADER + PROGRAM_HEADER * i + 4 * k, word, true));
    file.set(bytes, at);
    at += bytes.length;
  });
  return file;
}

function prstatusNote(registers: Registers): Uint8Array {
  const name = 8;
  const note = new Uint8Array(12 + name + PRSTATUS);
  const view = new DataView(note.buffer);
  [5, PRSTATUS, NT_PRSTATUS].forEach((word, i) => view.setUint32(4 * i, word, true));
  note.set(new TextEncoder().encode('CORE'), 12);
  const status = 12 + name;
  view.setUint32(status + 24, 1, true); // pr_pid
  ORDER.forEach((register, i) =>
    view.setUint32(status + PRSTATUS_REGISTERS + 4 * i, register ? registers[register] : 0, true),
  );
  return note;
}

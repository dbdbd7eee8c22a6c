/**
 * What assembly within a compiled function does to the stack pointer. The compiler knows nothing of it, so where call-frame information
 * goes by ESP, it is wrong there; where there are frame pointers, it is not.
 */

import { instructionLength } from './instruction-length';
import { classify } from './instructions';

/** Code around a program counter. */
export interface Code {
  readonly address: number;
  /** First instruction of the function, where it is known. */
  readonly start: number | undefined;
  /** What can be read. */
  readonly read: (address: number, length: number) => Uint8Array;
}

const MAX_INSTRUCTION = 15;
const PUSHF = 0x9c;
const POPF = 0x9d;

/**
 * The register that has the stack pointer which call-frame information means, where the function calls another on a stack of its own:
 * `xchg %ebx,%esp; call …; mov %ebx,%esp` (call_on_stack in arch/x86/kernel/irq_32.c).
 * @param afterCall the address is one to return to
 * @returns its DWARF number, which for these registers is the processor's
 */
export function keptStackPointer({ address, read }: Code, afterCall: boolean): number | undefined {
  let behind = address;
  if (!afterCall) {
    const bytes = read(address, MAX_INSTRUCTION);
    if (classify(bytes, address).kind === 'call') behind += instructionLength(bytes) ?? 0;
  }
  const [opcode, modrm] = read(behind, 2);
  // MOV r/m32, r32 and MOV r32, r/m32 between registers (SDM volume 2).
  if (opcode === 0x89 && (modrm & 0xc7) === 0xc4) return (modrm >> 3) & 7;
  return opcode === 0x8b && (modrm & 0xf8) === 0xe0 ? modrm & 7 : undefined;
}

/**
 * Bytes that assembly has pushed and not popped: the flags in `pushf; pop %eax` and `push %eax; popf` (arch/x86/include/asm/irqflags.h),
 * instructions that no compiler makes.
 */
export function pushedByAssembly({ address, start, read }: Code): number {
  if (read(address, 1)[0] === POPF) return 4;
  if (start === undefined || read(address - 1, 1)[0] !== PUSHF) return 0;
  // That byte may be the end of a longer instruction.
  const bytes = read(start, address - start);
  let at = 0;
  while (at < bytes.length - 1) at += instructionLength(bytes.subarray(at, at + MAX_INSTRUCTION)) ?? bytes.length;
  return at === bytes.length - 1 ? 4 : 0;
}

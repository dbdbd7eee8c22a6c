/**
 * The interrupt descriptor table as the processor would read it now: at IDTR, in memory (SDM volume 3, sections 6.10 and 6.11). Valid at
 * any point of a boot: while the table still has early_idt_handler_array (arch/x86/kernel/head_32.S), after idt_setup_traps
 * and idt_setup_apic_and_irq_gates (arch/x86/kernel/idt.c, from 4.14), and where there is none yet.
 */

import { LinuxError, type Kernel } from './kernel';
import { placeOf, type SourcePlace } from './places';

export type GateType =
  'task gate' | '16-bit interrupt gate' | '16-bit trap gate' | 'interrupt gate' | 'trap gate' | 'not a gate';

/** Gate types by the four bits of a system descriptor (SDM volume 3, table 3-2). */
const GATES: Readonly<Record<number, GateType>> = {
  0x5: 'task gate',
  0x6: '16-bit interrupt gate',
  0x7: '16-bit trap gate',
  0xe: 'interrupt gate',
  0xf: 'trap gate',
};

/** Exceptions of the processor (SDM volume 3, table 6-1). */
const EXCEPTIONS: Readonly<Record<number, string>> = {
  0: '#DE, divide error', 1: '#DB, debug exception', 2: 'NMI', 3: '#BP, breakpoint', 4: '#OF, overflow', 5: '#BR, bound range exceeded',
  6: '#UD, invalid opcode', 7: '#NM, no FPU', 8: '#DF, double fault', 9: 'coprocessor segment overrun', 10: '#TS, invalid TSS',
  11: '#NP, segment not present', 12: '#SS, stack fault', 13: '#GP, general protection', 14: '#PF, page fault', 16: '#MF, x87 error',
  17: '#AC, alignment check', 18: '#MC, machine check', 19: '#XM, SIMD error', 20: '#VE, virtualization', 21: '#CP, control protection',
}; // prettier-ignore

/** IA32_SYSCALL_VECTOR and ISA_IRQ_VECTOR(0) (arch/x86/include/asm/irq_vectors.h). */
export const SYSTEM_CALL_VECTOR = 0x80;
const FIRST_ISA_VECTOR = 0x30;
const ISA_INTERRUPTS = 16;

/** One entry of the table. */
export interface Vector extends SourcePlace {
  readonly vector: number;
  /** What comes through it: `#PF, page fault`, `IRQ 4`, `system call`; undefined for what the kernel gives no fixed meaning. */
  readonly meaning: string | undefined;
  readonly type: GateType;
  readonly present: boolean;
  /** Descriptor privilege level: software at or below it may use the vector by `int`. */
  readonly dpl: number;
  readonly selector: number;
  /** Address of the handler; of a task gate 0. */
  readonly handler: number;
  /** Address of the descriptor itself. */
  readonly descriptor: number;
}

/**
 * All entries that IDTR's limit covers, also those that are not present.
 * @throws LinuxError where the target does not tell IDTR, or no table is loaded yet; MemoryError where it is not mapped
 */
export function readVectors(kernel: Kernel): Vector[] {
  const { idtrBase, idtrLimit } = kernel.target.systemRegisters();
  if (idtrBase === undefined || idtrLimit === undefined)
    throw new LinuxError(`${kernel.target.name} does not tell where the interrupt descriptor table is.`);
  const count = Math.min(256, (idtrLimit + 1) >>> 3);
  if (count === 0) throw new LinuxError('No interrupt descriptor table is loaded yet: the limit in IDTR is 0.');
  const bytes = kernel.target.readMemory(idtrBase, count * 8);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, vector) => decode(kernel, vector, idtrBase + vector * 8, view));
}

function decode(kernel: Kernel, vector: number, descriptor: number, view: DataView): Vector {
  const low = view.getUint32(vector * 8, true);
  const high = view.getUint32(vector * 8 + 4, true);
  // The S bit (12) must be 0 for a gate.
  const type = GATES[(high >>> 8) & 0x1f] ?? 'not a gate';
  const handler = type === 'task gate' ? 0 : ((high & 0xffff0000) | (low & 0xffff)) >>> 0;
  return {
    vector,
    meaning: meaningOf(vector),
    type,
    present: (high & 0x8000) !== 0,
    dpl: (high >>> 13) & 3,
    selector: low >>> 16,
    handler,
    descriptor: descriptor >>> 0,
    ...placeOf(kernel, handler),
  };
}

function meaningOf(vector: number): string | undefined {
  if (vector === SYSTEM_CALL_VECTOR) return 'system call';
  const irq = vector - FIRST_ISA_VECTOR;
  return irq >= 0 && irq < ISA_INTERRUPTS ? `IRQ ${irq}` : EXCEPTIONS[vector];
}

/** The processor's whole architectural state: what RESET makes it (SDM volume 3, table 9-1), and to and from bytes. */

import { type Cpu } from './cpu';
import { SIGNATURE } from './cpuid';
import { DR6_RESET, DR7_RESET } from './debug';
import { materialiseFlags } from './flags';
import {
  CPL,
  CR0,
  DR,
  EFLAGS,
  EIP,
  FLAG_KIND,
  FLAG_OPERAND,
  FLAG_RESULT,
  GDTR_LIMIT,
  GPR,
  IDTR_LIMIT,
  NEXT_EIP,
  PENDING,
  REMAINING,
  Register,
  SCRATCH,
  SegmentRegister as Segment,
  TSC_OFFSET,
} from './layout';

const CR0_RESET = 0x60000010;
/** Bytes of a saved state: the state area up to the scratch words, and one doubleword for what lives outside of it. */
export const SAVED_SIZE = SCRATCH + 4;

/** Bits of the last doubleword of a saved state. */
const SAVED_SHUTDOWN = 1;
const SAVED_STACK_SHADOW = 2;

/** RESET. The time-stamp counter goes on from 0 at the present count; RAM is left alone. */
export function reset(cpu: Cpu): void {
  const { i32 } = cpu;
  const count = cpu.now();
  i32.fill(0, 0, SCRATCH >> 2);
  cpu.sliceEnd = count;
  cpu.view.setBigInt64(TSC_OFFSET, BigInt(-count), true);
  for (let segment = Segment.ES; segment <= Segment.GS; segment++) cpu.setSegment(segment, 0, 0, 0xffff, 0x93);
  cpu.setSegment(Segment.CS, 0xf000, 0xffff0000 | 0, 0xffff, 0x93);
  cpu.setSegment(Segment.LDTR, 0, 0, 0xffff, 0x82);
  cpu.setSegment(Segment.TR, 0, 0, 0xffff, 0x8b);
  i32[GDTR_LIMIT >> 2] = 0xffff;
  i32[IDTR_LIMIT >> 2] = 0xffff;
  i32[CR0 >> 2] = CR0_RESET;
  i32[EFLAGS >> 2] = 2;
  i32[EIP >> 2] = i32[NEXT_EIP >> 2] = 0xfff0;
  i32[(GPR >> 2) + Register.EDX] = SIGNATURE;
  i32[(DR >> 2) + 6] = DR6_RESET;
  i32[(DR >> 2) + 7] = DR7_RESET;
  i32[CPL >> 2] = 0;
  cpu.shutdown = false;
  cpu.x87.reset();
  clearTransient(cpu);
  cpu.watchedPagesChanged();
  cpu.flagsChanged();
  i32[PENDING >> 2] = 0;
}

function clearTransient(cpu: Cpu): void {
  cpu.delivering = 0;
  cpu.debugHits = 0;
  cpu.stackSegmentLoaded = false;
}

/**
 * The state between two instructions as bytes, equal for equal states: flags computed, nothing of the engine's in it.
 * RAM and the instruction count are not in it.
 */
export function saveState(cpu: Cpu): Uint8Array {
  materialiseFlags(cpu.i32);
  const saved = new Uint8Array(SAVED_SIZE);
  saved.set(cpu.u8.subarray(0, SCRATCH));
  const words = new Int32Array(saved.buffer);
  for (const at of [FLAG_KIND, FLAG_OPERAND, FLAG_RESULT, PENDING, REMAINING]) words[at >> 2] = 0;
  words[NEXT_EIP >> 2] = words[EIP >> 2];
  words[SCRATCH >> 2] = (cpu.shutdown ? SAVED_SHUTDOWN : 0) | (cpu.inStackShadow ? SAVED_STACK_SHADOW : 0);
  return saved;
}

/** Go back to a saved state. The caller restores RAM, sets the count, and tells the engine (`engine.flush()`). */
export function restoreState(cpu: Cpu, saved: Uint8Array): void {
  if (saved.length !== SAVED_SIZE)
    throw new Error(`A saved processor state has ${SAVED_SIZE} bytes, not ${saved.length}.`);
  const remaining = cpu.i32[REMAINING >> 2];
  cpu.u8.set(saved.subarray(0, SCRATCH));
  cpu.i32[REMAINING >> 2] = remaining;
  const rest = new DataView(saved.buffer, saved.byteOffset).getInt32(SCRATCH, true);
  clearTransient(cpu);
  cpu.shutdown = (rest & SAVED_SHUTDOWN) !== 0;
  cpu.stackSegmentLoaded = (rest & SAVED_STACK_SHADOW) !== 0;
  cpu.mmu.flushAll();
  cpu.watchedPagesChanged();
  cpu.flagsChanged();
  cpu.i32[PENDING >> 2] = 1;
}

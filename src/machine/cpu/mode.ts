/**
 * The MODE word: everything about the processor's mode that decides how code is decoded and which variants of it run.
 * It follows from the segment registers, CPL, CR0.PE, EFLAGS and DR7, and is recomputed whenever one of them changes.
 */

import { CPL, CR0, DR, EFLAGS, MODE, SEG_ACCESS, SEG_BASE, SEG_LIMIT, SegmentRegister as Segment } from './layout';

/** CS.D: default operand and address size of 32 bits. */
export const MODE_CODE32 = 1;
/** SS.B: implicit stack accesses use ESP, else SP. */
export const MODE_STACK32 = 2;
/** ES, CS, SS and DS have base 0 and limit 4 GiB; ES, SS and DS may be read and written, CS may be read. */
export const MODE_FLAT = 4;
/** CR0.PE is 0. */
export const MODE_REAL = 8;
/** Virtual-8086 mode. */
export const MODE_VM86 = 16;
/** CPL is 3: accesses go through the user's TLB arrays. */
export const MODE_USER = 32;
/**
 * EFLAGS.TF or RF is set, or DR7 enables a breakpoint of the guest's: each instruction is executed alone,
 * between `cpu.beginInstruction()` and `cpu.endInstruction()`.
 */
export const MODE_STEP = 64;

/** Bits of SEG_ACCESS: D/B, type, S, P. */
export const ACCESS_BIG = 0x4000;
export const ACCESS_PRESENT = 0x80;
export const ACCESS_CODE_OR_DATA = 0x10;
export const ACCESS_CODE = 0x08;
/** Expand-down for data, conforming for code. */
export const ACCESS_EXPAND_DOWN = 0x04;
export const ACCESS_CONFORMING = 0x04;
/** Writable for data, readable for code. */
export const ACCESS_WRITABLE = 0x02;
export const ACCESS_READABLE = 0x02;
export const ACCESS_ACCESSED = 0x01;

const TF = 0x100;
const RF = 0x10000;
const VM = 0x20000;
/** L0..G3 of DR7. */
const DR7_ENABLES = 0xff;

/** P, S and the type bits that matter, for a flat data segment: present, data, expand-up, writable. */
const FLAT_DATA_MASK = ACCESS_PRESENT | ACCESS_CODE_OR_DATA | ACCESS_CODE | ACCESS_EXPAND_DOWN | ACCESS_WRITABLE;
const FLAT_DATA = ACCESS_PRESENT | ACCESS_CODE_OR_DATA | ACCESS_WRITABLE;
const FLAT_CODE_MASK = ACCESS_PRESENT | ACCESS_CODE_OR_DATA | ACCESS_CODE | ACCESS_READABLE;

function isFlatData(i32: Int32Array, segment: Segment): boolean {
  return (
    i32[(SEG_BASE >> 2) + segment] === 0 &&
    i32[(SEG_LIMIT >> 2) + segment] === -1 &&
    (i32[(SEG_ACCESS >> 2) + segment] & FLAT_DATA_MASK) === FLAT_DATA
  );
}

/** Recompute MODE from the state it follows from. */
export function updateMode(i32: Int32Array): void {
  const eflags = i32[EFLAGS >> 2];
  let mode = 0;
  const csAccess = i32[(SEG_ACCESS >> 2) + Segment.CS];
  if (csAccess & ACCESS_BIG) mode |= MODE_CODE32;
  if (i32[(SEG_ACCESS >> 2) + Segment.SS] & ACCESS_BIG) mode |= MODE_STACK32;
  if (
    isFlatData(i32, Segment.SS) &&
    isFlatData(i32, Segment.DS) &&
    isFlatData(i32, Segment.ES) &&
    i32[(SEG_BASE >> 2) + Segment.CS] === 0 &&
    i32[(SEG_LIMIT >> 2) + Segment.CS] === -1 &&
    (csAccess & FLAT_CODE_MASK) === FLAT_CODE_MASK
  ) {
    mode |= MODE_FLAT;
  }
  if ((i32[CR0 >> 2] & 1) === 0) mode |= MODE_REAL;
  else if (eflags & VM) mode |= MODE_VM86;
  if (i32[CPL >> 2] === 3) mode |= MODE_USER;
  if (eflags & (TF | RF) || i32[(DR >> 2) + 7] & DR7_ENABLES) mode |= MODE_STEP;
  i32[MODE >> 2] = mode;
}

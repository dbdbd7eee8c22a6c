/** What emitted code calls: functions of TypeScript, and the functions of the interpreter's own module that later modules import from it. */

import { type HelperName } from '../cpu/ops';

/** Functions of TypeScript: number of parameters and results. */
export const IMPORTED = {
  /** linear, bytes → value. */
  readLinear: [2, 1],
  /** linear, bytes → value, with the right to write checked. */
  readLinearForWrite: [2, 1],
  /** linear, bytes, value. */
  writeLinear: [3, 0],
  /** linear, bytes. */
  probeLinear: [2, 0],
  /** segment, offset, bytes → value. */
  readSegment: [3, 1],
  readSegmentForWrite: [3, 1],
  /** segment, offset, bytes, value. */
  writeSegment: [4, 0],
  /** segment, offset, bytes. */
  probeSegment: [3, 0],
  /** vector, error code. */
  raise: [2, 0],
  /** helper's number, four arguments → result. */
  helper: [5, 1],
  /** helper's number, four arguments → the record to go on with. */
  control: [5, 1],
  /** Evaluate the instruction at EIP → the record to go on with. */
  evaluate: [0, 1],
  /** The record for the instruction at EIP. */
  enter: [0, 1],
  /** A branch within the page: its record → the target's record, which is noted there. EIP is the target. */
  link: [1, 1],
  /** Decode what follows a Decode record → the record to go on with. */
  decode: [1, 1],
} as const satisfies Record<string, readonly [number, 0 | 1]>;
export type ImportedName = keyof typeof IMPORTED;
export type Imported = { readonly [name in ImportedName]: (...operands: number[]) => number | void };

/**
 * Functions of the interpreter's module; most are imports with three more parameters, "where we are" (record, page base, remaining), which they
 * note in the state before they call out.
 */
export const SHARED = {
  read: [5, 1],
  readForWrite: [5, 1],
  write: [6, 0],
  probe: [5, 0],
  readSegment: [6, 1],
  readSegmentForWrite: [6, 1],
  writeSegment: [7, 0],
  probeSegment: [6, 0],
  raise: [5, 0],
  helper: [8, 1],
  control: [8, 1],
  evaluate: [3, 1],
  /** A branch within the page whose target is not known yet → the target's record. */
  link: [3, 1],
  decode: [3, 1],
  /** Remaining → remaining: 1 where emitted code has to leave after the current instruction. */
  truncate: [1, 1],
  /** Flags, see flags.ts. */
  carry: [0, 1],
  overflow: [0, 1],
  adjust: [0, 1],
  eflags: [0, 1],
  materialise: [0, 0],
  /** Half a condition code → 0 or 1. */
  condition: [1, 1],
  /** high, low, divisor; results in the scratch words. */
  divideSigned: [3, 0],
  divideUnsigned: [3, 0],
  /** Remaining, user, binary logarithm of the element's size → remaining: iterations of REP MOVS and REP STOS all at once. */
  bulkMovs: [3, 1],
  bulkStos: [3, 1],
} as const satisfies Record<string, readonly [number, 0 | 1]>;
export type SharedName = keyof typeof SHARED;
/** Function indices in the module at hand. */
export type Functions = { readonly [name in SharedName]: number };

const helperNames: HelperName[] = [];

/** Emitted code knows helpers by number. */
export function helperNumber(name: HelperName): number {
  const known = helperNames.indexOf(name);
  return known >= 0 ? known : helperNames.push(name) - 1;
}

export function helperName(number: number): HelperName {
  return helperNames[number];
}

/**
 * The arithmetic flags, computed late: most are overwritten before anybody reads them.
 *
 * The words at FLAG_KIND, FLAG_OPERAND and FLAG_RESULT tell how CF PF AF ZF SF OF follow. Operand and result are shifted left so that their
 * sign bit is bit 31. A kind is a family plus that shift (24, 16 or 0) in its low five bits, so `result >>> kind` is the result unshifted, in
 * JavaScript as in WebAssembly.
 */

import { EFLAGS, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT } from './layout';
import { type ConditionCode, type Size } from './ops';

/** Bits of EFLAGS (SDM volume 1, section 3.4.3). */
export const CF = 1 << 0;
export const PF = 1 << 2;
export const AF = 1 << 4;
export const ZF = 1 << 6;
export const SF = 1 << 7;
export const TF = 1 << 8;
export const IF = 1 << 9;
export const DF = 1 << 10;
export const OF = 1 << 11;
export const IOPL = 3 << 12;
export const NT = 1 << 14;
export const RF = 1 << 16;
export const VM = 1 << 17;
export const AC = 1 << 18;
export const VIF = 1 << 19;
export const VIP = 1 << 20;
export const ID = 1 << 21;

/** The six flags that may be lazy. */
export const ARITHMETIC = CF | PF | AF | ZF | SF | OF;

/** Families of lazy flags. */
export const enum FlagKind {
  /** All six are in EFLAGS (the whole word FLAG_KIND is 0). */
  None = 0 << 5,
  /** result = a + operand. */
  Add = 1 << 5,
  /** result = a − operand. */
  Sub = 2 << 5,
  /** CF = OF = AF = 0; operand unused. */
  Logic = 3 << 5,
  /** result = a + 1; CF is in EFLAGS; operand unused. */
  Inc = 4 << 5,
  /** result = a − 1; CF is in EFLAGS; operand unused. */
  Dec = 5 << 5,
  /** ZF SF PF from the result; CF, OF and AF are in EFLAGS; operand unused. */
  Result = 6 << 5,
}

const KIND = FLAG_KIND >> 2;
const OPERAND = FLAG_OPERAND >> 2;
const RESULT = FLAG_RESULT >> 2;
const FLAGS = EFLAGS >> 2;

/** How far a value of `size` bits is shifted to bring its sign bit to bit 31. */
export function flagShift(size: Size): number {
  return 32 - size;
}

/** PF: 1 where the low byte has an even number of ones. */
export function parity(value: number): number {
  const nibble = (value ^ (value >>> 4)) & 15;
  return (0x9669 >>> nibble) & 1;
}

/** CF alone, 0 or 1, from the state words `i32` (layout.ts). */
export function getCarry(i32: Int32Array): number {
  const kind = i32[KIND];
  switch ((kind & ~31) as FlagKind) {
    case FlagKind.Add:
      return i32[RESULT] >>> 0 < i32[OPERAND] >>> 0 ? 1 : 0;
    case FlagKind.Sub:
      // a = result + operand; a borrow happened where a < operand, unsigned.
      return (i32[RESULT] + i32[OPERAND]) >>> 0 < i32[OPERAND] >>> 0 ? 1 : 0;
    case FlagKind.Logic:
      return 0;
    default:
      return i32[FLAGS] & CF;
  }
}

/** OF alone, 0 or 1. */
export function getOverflow(i32: Int32Array): number {
  const kind = i32[KIND];
  const result = i32[RESULT];
  const operand = i32[OPERAND];
  switch ((kind & ~31) as FlagKind) {
    case FlagKind.Add:
      return (((result - operand) ^ result) & (operand ^ result)) >>> 31;
    case FlagKind.Sub: {
      const a = (result + operand) | 0;
      return ((a ^ operand) & (a ^ result)) >>> 31;
    }
    case FlagKind.Logic:
      return 0;
    case FlagKind.Inc:
      return result === -0x80000000 ? 1 : 0;
    case FlagKind.Dec:
      // The unshifted result is the greatest positive number of its size.
      return result >>> (kind & 31) === 0x7fffffff >>> (kind & 31) ? 1 : 0;
    default:
      return (i32[FLAGS] & OF) >>> 11;
  }
}

/** AF alone, 0 or 1. */
function getAdjust(i32: Int32Array): number {
  const kind = i32[KIND];
  const result = i32[RESULT] >>> kind;
  const operand = i32[OPERAND] >>> kind;
  switch ((kind & ~31) as FlagKind) {
    case FlagKind.Add:
      return ((result ^ operand ^ (result - operand)) >>> 4) & 1;
    case FlagKind.Sub:
      return ((result ^ operand ^ (result + operand)) >>> 4) & 1;
    case FlagKind.Logic:
      return 0;
    case FlagKind.Inc:
      return (result & 15) === 0 ? 1 : 0;
    case FlagKind.Dec:
      return (result & 15) === 15 ? 1 : 0;
    default:
      return (i32[FLAGS] & AF) >>> 4;
  }
}

/** All of EFLAGS as the guest would see it; changes nothing. */
export function getEflags(i32: Int32Array): number {
  const kind = i32[KIND];
  if (kind === 0) return i32[FLAGS];
  const result = i32[RESULT];
  return (
    (i32[FLAGS] & ~ARITHMETIC) |
    getCarry(i32) |
    (parity(result >>> kind) << 2) |
    (getAdjust(i32) << 4) |
    (result === 0 ? ZF : 0) |
    (result < 0 ? SF : 0) |
    (getOverflow(i32) << 11)
  );
}

/** Set all of EFLAGS: nothing is lazy afterwards. Bit 1 is set, bits 3, 5, 15 and 22..31 are cleared. */
export function setEflags(i32: Int32Array, value: number): void {
  i32[KIND] = 0;
  i32[FLAGS] = (value & 0x003f7fd5) | 2;
}

/** Compute what is lazy, so that EFLAGS holds everything. */
export function materialiseFlags(i32: Int32Array): void {
  if (i32[KIND] === 0) return;
  i32[FLAGS] = getEflags(i32);
  i32[KIND] = 0;
}

/** Whether a condition holds (SDM volume 1, appendix B). */
export function testCondition(i32: Int32Array, code: ConditionCode): boolean {
  const lazy = i32[KIND] !== 0;
  const result = i32[RESULT];
  let holds: boolean;
  switch (code >> 1) {
    case 0:
      holds = getOverflow(i32) !== 0;
      break;
    case 1:
      holds = getCarry(i32) !== 0;
      break;
    case 2:
      holds = lazy ? result === 0 : (i32[FLAGS] & ZF) !== 0;
      break;
    case 3:
      holds = (lazy ? result === 0 : (i32[FLAGS] & ZF) !== 0) || getCarry(i32) !== 0;
      break;
    case 4:
      holds = lazy ? result < 0 : (i32[FLAGS] & SF) !== 0;
      break;
    case 5:
      holds = lazy ? parity(result >>> i32[KIND]) !== 0 : (i32[FLAGS] & PF) !== 0;
      break;
    case 6:
      holds = (lazy ? result < 0 : (i32[FLAGS] & SF) !== 0) !== (getOverflow(i32) !== 0);
      break;
    default:
      holds =
        (lazy ? result === 0 : (i32[FLAGS] & ZF) !== 0) ||
        (lazy ? result < 0 : (i32[FLAGS] & SF) !== 0) !== (getOverflow(i32) !== 0);
  }
  return (code & 1) === 0 ? holds : !holds;
}

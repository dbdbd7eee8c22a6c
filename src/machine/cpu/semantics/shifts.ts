/**
 * SHL SHR SAR ROL ROR RCL RCR SHLD SHRD. Counts are taken modulo 32; a count of 0 changes neither operand nor flags.
 * OF for counts above 1 is undefined by the manual; here, as on hardware, it follows the same formula as for 1.
 */

import { CF, OF } from '../flags';
import { Register } from '../layout';
import { type Ops, type Semantics } from '../ops';
import { bit, signBit, signed } from './operands';

/** Computes result and flags for a count of 1..31. */
type Shift = <V>(o: Ops<V>, a: V, count: V) => V;

/** A shift with its three sources of the count. */
export interface ShiftForms {
  one: Semantics;
  immediate: Semantics;
  cl: Semantics;
}

function counted(shift: Shift): ShiftForms {
  const by = <V>(o: Ops<V>, count: V): void => {
    const a = o.readRmForWrite();
    o.if(count, () => o.writeRm(shift(o, a, count)));
  };
  return {
    one: (o) => {
      const a = o.readRmForWrite();
      o.writeRm(shift(o, a, o.constant(1)));
    },
    immediate: (o) => by(o, o.and(o.immediate(), o.constant(31))),
    cl: (o) => by(o, o.and(o.readGpr(Register.ECX, 8), o.constant(31))),
  };
}

/** Set CF and OF alone, as rotates do. */
function setCarryOverflow<V>(o: Ops<V>, carry: V, overflow: V): void {
  o.setFlags(CF | OF, o.or(carry, o.shl(overflow, o.constant(11))));
}

/** count − 1 */
function less1<V>(o: Ops<V>, count: V): V {
  return o.sub(count, o.constant(1));
}

/** 32 − count, modulo 32 */
function rest<V>(o: Ops<V>, count: V): V {
  return o.neg(count);
}

export const shl = counted((o, a, count) => {
  const result = o.shl(a, count);
  const carry = signBit(o, o.shl(a, less1(o, count)));
  o.flagsResult(o.size, result, carry, o.xor(signBit(o, result), carry), o.constant(0));
  return result;
});

export const shr = counted((o, a, count) => {
  const result = o.shrU(a, count);
  const before = o.shrU(a, less1(o, count));
  o.flagsResult(o.size, result, o.and(before, o.constant(1)), signBit(o, before), o.constant(0));
  return result;
});

export const sar = counted((o, a, count) => {
  const value = signed(o, a);
  const result = o.shrS(value, count);
  const carry = bit(o, o.shrS(value, less1(o, count)), 0);
  o.flagsResult(o.size, result, carry, o.constant(0), o.constant(0));
  return result;
});

/** The operand repeated to fill 32 bits, so that a 32-bit rotate rotates every copy. */
function repeated<V>(o: Ops<V>, a: V): V {
  if (o.size === 8) return o.mul(a, o.constant(0x01010101));
  if (o.size === 16) return o.mul(a, o.constant(0x00010001));
  return a;
}

export const rol = counted((o, a, count) => {
  const result = o.rotl(repeated(o, a), count);
  const carry = bit(o, result, 0);
  setCarryOverflow(o, carry, o.xor(signBit(o, result), carry));
  return result;
});

export const ror = counted((o, a, count) => {
  const result = o.rotl(repeated(o, a), rest(o, count));
  const carry = signBit(o, result);
  setCarryOverflow(o, carry, o.xor(carry, bit(o, result, o.size - 2)));
  return result;
});

/** Rotates through carry of 8 and 16 bits go round in 9 and 17 steps. */
function modulo<V>(o: Ops<V>, count: V, steps: 9 | 17): V {
  const times = steps === 9 ? [9, 18, 27] : [17];
  let result = count;
  for (const limit of times) {
    const reached = o.isZero(o.ltU(count, o.constant(limit)));
    result = o.sub(result, o.mul(reached, o.constant(steps)));
  }
  return result;
}

export const rcl = counted((o, a, count) => {
  const carryIn = o.carry();
  let result;
  let carry;
  if (o.size === 32) {
    // Bits that come round through the carry: one place further than in a plain rotate.
    const wrapped = o.shrU(o.shrU(a, o.constant(1)), rest(o, count));
    result = o.or(o.or(o.shl(a, count), o.shl(carryIn, less1(o, count))), wrapped);
    carry = bit(o, o.shrU(a, rest(o, count)), 0);
  } else {
    const steps = o.size === 8 ? 9 : 17;
    const turn = modulo(o, count, steps);
    const wide = o.or(a, o.shl(carryIn, o.constant(o.size)));
    result = o.or(o.shl(wide, turn), o.shrU(wide, o.sub(o.constant(steps), turn)));
    carry = bit(o, result, o.size);
  }
  setCarryOverflow(o, carry, o.xor(signBit(o, result), carry));
  return result;
});

export const rcr = counted((o, a, count) => {
  const carryIn = o.carry();
  let result;
  let carry;
  if (o.size === 32) {
    const wrapped = o.shl(o.shl(a, o.constant(1)), rest(o, count));
    result = o.or(o.or(o.shrU(a, count), o.shl(carryIn, rest(o, count))), wrapped);
    carry = bit(o, o.shrU(a, less1(o, count)), 0);
  } else {
    const steps = o.size === 8 ? 9 : 17;
    const turn = modulo(o, count, steps);
    const wide = o.or(a, o.shl(carryIn, o.constant(o.size)));
    result = o.or(o.shrU(wide, turn), o.shl(wide, o.sub(o.constant(steps), turn)));
    carry = bit(o, result, o.size);
  }
  setCarryOverflow(o, carry, o.xor(signBit(o, result), bit(o, result, o.size - 2)));
  return result;
});

/** Computes result and flags of a double shift for a count of 1..31. */
type DoubleShift = <V>(o: Ops<V>, a: V, b: V, count: V) => V;

/** A double shift with its two sources of the count. */
export interface DoubleShiftForms {
  immediate: Semantics;
  cl: Semantics;
}

function doubled(shift: DoubleShift): DoubleShiftForms {
  const by = <V>(o: Ops<V>, count: V): void => {
    const a = o.readRmForWrite();
    const b = o.readReg();
    o.if(count, () => o.writeRm(shift(o, a, b, count)));
  };
  return {
    immediate: (o) => by(o, o.and(o.immediate(), o.constant(31))),
    cl: (o) => by(o, o.and(o.readGpr(Register.ECX, 8), o.constant(31))),
  };
}

/** The 16-bit forms shift A:B:A, which is what Intel's processors do for counts above 16. */
export const shld = doubled((o, a, b, count) => {
  let result;
  let carry;
  if (o.size === 16) {
    const rotated = o.rotl(o.or(o.shl(a, o.constant(16)), b), count);
    result = o.shrU(rotated, o.constant(16));
    carry = bit(o, rotated, 0);
  } else {
    result = o.or(o.shl(a, count), o.shrU(b, rest(o, count)));
    carry = bit(o, o.shrU(a, rest(o, count)), 0);
  }
  o.flagsResult(o.size, result, carry, signBit(o, o.xor(result, a)), o.constant(0));
  return result;
});

export const shrd = doubled((o, a, b, count) => {
  let result;
  let carry;
  if (o.size === 16) {
    const wide = o.or(o.shl(b, o.constant(16)), a);
    result = o.and(o.rotl(wide, rest(o, count)), o.constant(0xffff));
    carry = bit(o, o.shrU(wide, less1(o, count)), 0);
  } else {
    result = o.or(o.shrU(a, count), o.shl(b, rest(o, count)));
    carry = bit(o, o.shrU(a, less1(o, count)), 0);
  }
  o.flagsResult(o.size, result, carry, signBit(o, o.xor(result, a)), o.constant(0));
  return result;
});

/** Partial remainders: FPREM and FPREM1 (Intel SDM volume 2). */
import {
  copy,
  DENORMAL,
  type Extended,
  EXPONENT,
  HI,
  INFINITE,
  kindOf,
  LO,
  NAN,
  SE,
  setZero,
  SIGN,
  ZERO,
} from './format';
import { normalizeDenormal } from './arithmetic';
import { fromNaNs, invalid } from './nan';
import { normalizeAndRound, roundExtended } from './round';
import { C0, C1, C2, C3, DE, PC_EXTENDED } from './word';
import { below, wide } from './wide';

/**
 * out = a − b × Q, where Q is a ÷ b rounded to an integer: truncated (FPREM) or to the nearest, even in case of a tie
 * (FPREM1). If the exponents differ by 64 or more, only a part of the division is done and C2 is set.
 * @returns the exceptions, C2 if incomplete, else the quotient's low bits: bit 2 in C0, bit 1 in C3, bit 0 in C1
 */
export function remainder(
  out: Extended,
  a: Readonly<Extended>,
  b: Readonly<Extended>,
  nearest: boolean,
  control: number,
): number {
  const aKind = kindOf(a);
  const bKind = kindOf(b);
  if (aKind >= NAN || bKind >= NAN) return fromNaNs(out, a, b);
  if (aKind === INFINITE || bKind === ZERO) return invalid(out);
  const flags = aKind === DENORMAL || bKind === DENORMAL ? DE : 0;
  if (aKind === ZERO) {
    copy(out, a);
    return flags;
  }
  let sign = a[SE] & SIGN;
  let aExponent = a[SE] & EXPONENT;
  let hi = a[HI];
  let lo = a[LO];
  if (aKind === DENORMAL) {
    aExponent = normalizeDenormal(a);
    hi = wide[0];
    lo = wide[1];
  }
  if (bKind === INFINITE) return flags | roundExtended(out, sign, aExponent, hi, lo, 0, control | PC_EXTENDED);
  let bExponent = b[SE] & EXPONENT;
  let bHi = b[HI];
  let bLo = b[LO];
  if (bKind === DENORMAL) {
    bExponent = normalizeDenormal(b);
    bHi = wide[0];
    bLo = wide[1];
  }

  const difference = aExponent - bExponent;
  let quotient = 0;
  let exponent = aExponent;
  // The manual leaves open by how much, 32 to 63, an incomplete reduction lowers the exponent.
  const steps = difference < 64 ? difference : (difference & 0x1f) | 0x20;
  if (difference >= 0) {
    exponent = aExponent - steps;
    for (let step = 0; ; step++) {
      let carry = 0;
      if (step !== 0) {
        carry = hi >>> 31;
        hi = (hi << 1) | (lo >>> 31);
        lo <<= 1;
      }
      quotient <<= 1;
      if (carry !== 0 || !below(hi, lo, bHi, bLo)) {
        const low = (lo >>> 0) - (bLo >>> 0);
        hi = (hi - bHi - (low < 0 ? 1 : 0)) | 0;
        lo = low | 0;
        quotient |= 1;
      }
      if (step === steps) break;
    }
  }
  if (difference >= 64) {
    if ((hi | lo) === 0) setZero(out, sign);
    else normalizeAndRound(out, sign, exponent, hi, lo, control);
    return flags | C2;
  }
  if (nearest && difference >= -1) {
    // Compare twice the remainder with the divisor; with a difference of −1 the significands are so aligned already.
    const carry = difference >= 0 ? hi >>> 31 : 0;
    const twiceHi = difference >= 0 ? (hi << 1) | (lo >>> 31) : hi;
    const twiceLo = difference >= 0 ? lo << 1 : lo;
    const odd = (quotient & 1) !== 0;
    const equal = carry === 0 && twiceHi === bHi && twiceLo === bLo;
    if (carry !== 0 || below(bHi, bLo, twiceHi, twiceLo) || (equal && odd)) {
      const low = (difference >= 0 ? bLo >>> 0 : (bLo << 1) >>> 0) - (lo >>> 0);
      hi = ((difference >= 0 ? bHi : (bHi << 1) | (bLo >>> 31)) - hi - (low < 0 ? 1 : 0)) | 0;
      lo = low | 0;
      sign ^= SIGN;
      quotient += 1;
    }
  }
  const bits = ((quotient & 4) !== 0 ? C0 : 0) | ((quotient & 2) !== 0 ? C3 : 0) | ((quotient & 1) !== 0 ? C1 : 0);
  if ((hi | lo) === 0) {
    setZero(out, a[SE] & SIGN);
    return flags | bits;
  }
  return flags | bits | (normalizeAndRound(out, sign, exponent, hi, lo, control) & ~C1);
}

/**
 * FADD, FSUB, FMUL, FDIV and FSQRT on double extended-precision values (Intel SDM volume 1, 8.3.5; special operands:
 * the tables of volume 2 under each instruction).
 *
 * Each returns the exceptions it raises, with C1 for "rounded up", and puts the masked result (or the bias-adjusted
 * one of an unmasked overflow or underflow) into `out`. When an unmasked invalid operation, zero divide or denormal
 * operand is among the exceptions, `out` must not be used.
 */
import {
  BIAS,
  copy,
  DENORMAL,
  type Extended,
  EXPONENT,
  HI,
  INFINITE,
  kindOf,
  LO,
  NAN,
  NORMAL,
  ORIGIN,
  SE,
  setInfinity,
  setZero,
  SIGN,
  TOP_BIT,
  ZERO,
} from './format';
import { fromNaN, fromNaNs, invalid } from './nan';
import { roundExtended } from './round';
import { DE, RC, RC_DOWN, ZE } from './word';
import { below, divideDigit, leadingZeros, multiplyHigh, shiftLeft, shiftRightSticky, wide } from './wide';

const TWO_32 = 0x1_0000_0000;
const PER_TWO_32 = 1 / TWO_32;

/**
 * Moves a denormal's leading one to the top, into `wide`.
 * @returns its biased exponent, 0 or less (1 for a pseudo-denormal)
 */
export function normalizeDenormal(x: Readonly<Extended>): number {
  const shift = leadingZeros(x[HI], x[LO]);
  shiftLeft(x[HI], x[LO], 0, shift);
  return 1 - shift;
}

/** Denormal-operand exception for operands of these kinds, or converted from a denormal in memory. */
function denormalFlags(a: Readonly<Extended>, b: Readonly<Extended>, aKind: number, bKind: number): number {
  return aKind === DENORMAL || bKind === DENORMAL ? DE : a[ORIGIN] | b[ORIGIN];
}

/** out = a + b, or a − b if `negate` is SIGN instead of 0. */
export function add(
  out: Extended,
  a: Readonly<Extended>,
  b: Readonly<Extended>,
  negate: number,
  control: number,
): number {
  const aKind = kindOf(a);
  const bKind = kindOf(b);
  const aSign = a[SE] & SIGN;
  const bSign = (b[SE] & SIGN) ^ negate;
  let aExponent = a[SE] & EXPONENT;
  let bExponent = b[SE] & EXPONENT;
  let aHi = a[HI];
  let aLo = a[LO];
  let bHi = b[HI];
  let bLo = b[LO];
  let flags = a[ORIGIN] | b[ORIGIN];
  if (aKind !== NORMAL || bKind !== NORMAL) {
    if (aKind >= NAN || bKind >= NAN) return fromNaNs(out, a, b);
    flags = denormalFlags(a, b, aKind, bKind);
    if (aKind === INFINITE) {
      if (bKind === INFINITE && aSign !== bSign) return invalid(out);
      setInfinity(out, aSign);
      return flags;
    }
    if (bKind === INFINITE) {
      setInfinity(out, bSign);
      return flags;
    }
    if (aKind === ZERO && bKind === ZERO) {
      setZero(out, aSign === bSign ? aSign : (control & RC) === RC_DOWN ? SIGN : 0);
      return flags;
    }
    if (aKind === DENORMAL) {
      aExponent = normalizeDenormal(a);
      aHi = wide[0];
      aLo = wide[1];
    }
    if (bKind === DENORMAL) {
      bExponent = normalizeDenormal(b);
      bHi = wide[0];
      bLo = wide[1];
    }
    if (aKind === ZERO) return flags | roundExtended(out, bSign, bExponent, bHi, bLo, 0, control);
    if (bKind === ZERO) return flags | roundExtended(out, aSign, aExponent, aHi, aLo, 0, control);
  }

  let sign = aSign;
  let exponent = aExponent;
  if (aExponent < bExponent || (aExponent === bExponent && below(aHi, aLo, bHi, bLo))) {
    const hi = aHi;
    const lo = aLo;
    aHi = bHi;
    aLo = bLo;
    bHi = hi;
    bLo = lo;
    sign = bSign;
    exponent = bExponent;
    bExponent = aExponent;
  }
  shiftRightSticky(bHi, bLo, 0, exponent - bExponent);
  bHi = wide[0];
  bLo = wide[1];
  let extra = wide[2];

  if (aSign === bSign) {
    const low = (aLo >>> 0) + (bLo >>> 0);
    const high = (aHi >>> 0) + (bHi >>> 0) + (low >= TWO_32 ? 1 : 0);
    if (high < TWO_32) return flags | roundExtended(out, sign, exponent, high | 0, low | 0, extra, control);
    extra = (extra >>> 1) | (extra & 1) | (low << 31);
    const lo = ((low | 0) >>> 1) | (high << 31);
    return flags | roundExtended(out, sign, exponent + 1, ((high | 0) >>> 1) | TOP_BIT, lo, extra, control);
  }

  const low = (aLo >>> 0) - (bLo >>> 0) - (extra !== 0 ? 1 : 0);
  const high = ((aHi >>> 0) - (bHi >>> 0) - (low < 0 ? 1 : 0)) | 0;
  const lo = low | 0;
  extra = -extra | 0;
  if (high < 0) return flags | roundExtended(out, sign, exponent, high, lo, extra, control);
  if ((high | lo | extra) === 0) {
    setZero(out, (control & RC) === RC_DOWN ? SIGN : 0);
    return flags;
  }
  const shift = (high | lo) === 0 ? 64 + Math.clz32(extra) : leadingZeros(high, lo);
  shiftLeft(high, lo, extra, shift);
  return flags | roundExtended(out, sign, exponent - shift, wide[0], wide[1], wide[2], control);
}

/** out = a × b. */
export function multiply(out: Extended, a: Readonly<Extended>, b: Readonly<Extended>, control: number): number {
  const aKind = kindOf(a);
  const bKind = kindOf(b);
  const sign = (a[SE] ^ b[SE]) & SIGN;
  let aExponent = a[SE] & EXPONENT;
  let bExponent = b[SE] & EXPONENT;
  let aHi = a[HI];
  let aLo = a[LO];
  let bHi = b[HI];
  let bLo = b[LO];
  let flags = a[ORIGIN] | b[ORIGIN];
  if (aKind !== NORMAL || bKind !== NORMAL) {
    if (aKind >= NAN || bKind >= NAN) return fromNaNs(out, a, b);
    flags = denormalFlags(a, b, aKind, bKind);
    if (aKind === INFINITE || bKind === INFINITE) {
      if (aKind === ZERO || bKind === ZERO) return invalid(out);
      setInfinity(out, sign);
      return flags;
    }
    if (aKind === ZERO || bKind === ZERO) {
      setZero(out, sign);
      return flags;
    }
    if (aKind === DENORMAL) {
      aExponent = normalizeDenormal(a);
      aHi = wide[0];
      aLo = wide[1];
    }
    if (bKind === DENORMAL) {
      bExponent = normalizeDenormal(b);
      bHi = wide[0];
      bLo = wide[1];
    }
  }
  const word0 = Math.imul(aLo, bLo);
  const word1 = (multiplyHigh(aLo, bLo) >>> 0) + (Math.imul(aLo, bHi) >>> 0) + (Math.imul(aHi, bLo) >>> 0);
  const word2 =
    (multiplyHigh(aLo, bHi) >>> 0) +
    (multiplyHigh(aHi, bLo) >>> 0) +
    (Math.imul(aHi, bHi) >>> 0) +
    ((word1 * PER_TWO_32) | 0);
  const hi = ((multiplyHigh(aHi, bHi) >>> 0) + ((word2 * PER_TWO_32) | 0)) | 0;
  const lo = word2 | 0;
  const extra = word1 | (word0 !== 0 ? 1 : 0);
  const exponent = aExponent + bExponent - BIAS + 1;
  if (hi < 0) return flags | roundExtended(out, sign, exponent, hi, lo, extra, control);
  const shiftedHi = (hi << 1) | (lo >>> 31);
  const shiftedLo = (lo << 1) | (extra >>> 31);
  // Word 0 is only sticky, so the shift must not lose the bit that stands for it.
  const shiftedExtra = (extra << 1) | (extra & 1);
  return flags | roundExtended(out, sign, exponent - 1, shiftedHi, shiftedLo, shiftedExtra, control);
}

/** out = a ÷ b. */
export function divide(out: Extended, a: Readonly<Extended>, b: Readonly<Extended>, control: number): number {
  const aKind = kindOf(a);
  const bKind = kindOf(b);
  const sign = (a[SE] ^ b[SE]) & SIGN;
  let aExponent = a[SE] & EXPONENT;
  let bExponent = b[SE] & EXPONENT;
  let aHi = a[HI];
  let aLo = a[LO];
  let bHi = b[HI];
  let bLo = b[LO];
  let flags = a[ORIGIN] | b[ORIGIN];
  if (aKind !== NORMAL || bKind !== NORMAL) {
    if (aKind >= NAN || bKind >= NAN) return fromNaNs(out, a, b);
    flags = denormalFlags(a, b, aKind, bKind);
    if (aKind === INFINITE) {
      if (bKind === INFINITE) return invalid(out);
      setInfinity(out, sign);
      return flags;
    }
    if (bKind === INFINITE) {
      setZero(out, sign);
      return flags;
    }
    if (bKind === ZERO) {
      if (aKind === ZERO) return invalid(out);
      setInfinity(out, sign);
      return ZE;
    }
    if (aKind === ZERO) {
      setZero(out, sign);
      return flags;
    }
    if (aKind === DENORMAL) {
      aExponent = normalizeDenormal(a);
      aHi = wide[0];
      aLo = wide[1];
    }
    if (bKind === DENORMAL) {
      bExponent = normalizeDenormal(b);
      bHi = wide[0];
      bLo = wide[1];
    }
  }
  const atLeastOne = !below(aHi, aLo, bHi, bLo);
  if (atLeastOne) {
    const low = (aLo >>> 0) - (bLo >>> 0);
    aHi = ((aHi >>> 0) - (bHi >>> 0) - (low < 0 ? 1 : 0)) | 0;
    aLo = low | 0;
  }
  const hi = divideDigit(aHi, aLo, bHi, bLo);
  const lo = divideDigit(wide[0], wide[1], bHi, bLo);
  let extra = divideDigit(wide[0], wide[1], bHi, bLo);
  if ((wide[0] | wide[1]) !== 0) extra |= 1;
  const exponent = aExponent - bExponent + BIAS;
  if (!atLeastOne) return flags | roundExtended(out, sign, exponent - 1, hi, lo, extra, control);
  const shiftedExtra = (extra >>> 1) | (extra & 1) | (lo << 31);
  const shiftedLo = (lo >>> 1) | (hi << 31);
  return flags | roundExtended(out, sign, exponent, (hi >>> 1) | TOP_BIT, shiftedLo, shiftedExtra, control);
}

/** out = √x. */
export function squareRoot(out: Extended, x: Readonly<Extended>, control: number): number {
  const kind = kindOf(x);
  if (kind >= NAN) return fromNaN(out, x);
  if (kind === ZERO) {
    copy(out, x);
    return 0;
  }
  if ((x[SE] & SIGN) !== 0) return invalid(out);
  if (kind === INFINITE) {
    copy(out, x);
    return 0;
  }
  let exponent = x[SE];
  let hi = x[HI];
  let lo = x[LO];
  let flags = 0;
  if (kind === DENORMAL) {
    flags = DE;
    exponent = normalizeDenormal(x);
    hi = wide[0];
    lo = wide[1];
  }
  // Digit by digit: the radicand, its unbiased exponent made even, gives two bits to the remainder for each bit of
  // the root. The remainder never exceeds twice the root, so it needs 66 bits: `top` holds those above 64.
  const odd = ((exponent - BIAS) & 1) !== 0;
  let next = odd ? 0 : 1;
  let top = 0;
  let remainderHi = 0;
  let remainderLo = 0;
  let rootHi = 0;
  let rootLo = 0;
  for (let step = 0; step < 64; step++) {
    // With an even exponent the radicand starts one place lower, so that its first pair has one bit of it only.
    let pair = 0;
    if (next === 1) {
      pair = hi >>> 31;
      hi = (hi << 1) | (lo >>> 31);
      lo <<= 1;
      next = 0;
    } else {
      pair = hi >>> 30;
      hi = (hi << 2) | (lo >>> 30);
      lo <<= 2;
    }
    top = (top << 2) | (remainderHi >>> 30);
    remainderHi = (remainderHi << 2) | (remainderLo >>> 30);
    remainderLo = (remainderLo << 2) | pair;
    // Trial: 4·root + 1.
    const trialTop = rootHi >>> 30;
    const trialHi = (rootHi << 2) | (rootLo >>> 30);
    const trialLo = (rootLo << 2) | 1;
    rootHi = (rootHi << 1) | (rootLo >>> 31);
    rootLo <<= 1;
    if (top > trialTop || (top === trialTop && !below(remainderHi, remainderLo, trialHi, trialLo))) {
      const low = (remainderLo >>> 0) - (trialLo >>> 0);
      const high = (remainderHi >>> 0) - (trialHi >>> 0) - (low < 0 ? 1 : 0);
      top -= trialTop + (high < 0 ? 1 : 0);
      remainderHi = high | 0;
      remainderLo = low | 0;
      rootLo |= 1;
    }
  }
  // The next bit is set exactly if the remainder exceeds the root; a tie cannot occur.
  let extra = 0;
  if ((top | remainderHi | remainderLo) !== 0) {
    extra = top !== 0 || below(rootHi, rootLo, remainderHi, remainderLo) ? TOP_BIT | 1 : 1;
  }
  const half = Math.floor((exponent - BIAS) / 2) + BIAS;
  return flags | roundExtended(out, 0, half, rootHi, rootLo, extra, control);
}

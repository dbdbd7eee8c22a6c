/**
 * F2XM1, FYL2X, FYL2XP1, FPATAN, FPTAN, FSIN, FCOS and FSINCOS (Intel SDM volume 1, 8.3.7 to 8.3.10; special operands:
 * the tables of volume 2).
 *
 * Results are computed to about 190 bits and rounded once, so they lie within the 1 ulp that the Pentium promises. As
 * on Intel's processors, the trigonometric functions reduce their argument with a π of 66 bits (volume 1, 8.3.8).
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
  ONE,
  SE,
  set,
  setInfinity,
  setZero,
  SIGN,
  ZERO,
} from './format';
import { normalizeDenormal } from './arithmetic';
import { arctangent, bitLength, cosine, exp2m1, FRACTION, LN2, log2, PI, sine, SMALLEST, UNIT } from './fixed';
import { fromNaN, fromNaNs, invalid } from './nan';
import { roundExtended } from './round';
import { C1, C2, DE, PC_EXTENDED, PE, ZE } from './word';
import { wide } from './wide';

/** A positive real: `significand` × 2^`exponent`, plus something less than one unit of it if `sticky`. */
function round(
  out: Extended,
  sign: number,
  significand: bigint,
  exponent: number,
  sticky: boolean,
  control: number,
): number {
  const length = bitLength(significand);
  let rest = sticky;
  let top = significand;
  if (length > 96) {
    const excess = BigInt(length - 96);
    top = significand >> excess;
    rest ||= top << excess !== significand;
  } else {
    top = significand << BigInt(96 - length);
  }
  const extra = Number(top & 0xffffffffn) | (rest ? 1 : 0);
  const lo = Number((top >> 32n) & 0xffffffffn) | 0;
  const hi = Number(top >> 64n) | 0;
  return roundExtended(out, sign, exponent + length - 1 + BIAS, hi, lo, extra, control | PC_EXTENDED);
}

/** The magnitude of a finite, nonzero value: a significand of 64 bits, and the exponent of its top bit. */
interface Magnitude {
  significand: bigint;
  exponent: number;
}

function magnitude(x: Readonly<Extended>): Magnitude {
  let hi = x[HI];
  let lo = x[LO];
  let exponent = x[SE] & EXPONENT;
  if (exponent === 0) {
    exponent = normalizeDenormal(x);
    hi = wide[0];
    lo = wide[1];
  }
  return { significand: (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0), exponent: exponent - BIAS };
}

/** A magnitude of at least 2^SMALLEST as a fixed-point number; exact. */
function toFixed({ significand, exponent }: Magnitude): bigint {
  return significand << BigInt(FRACTION + exponent - 63);
}

/** F2XM1: out = 2^x − 1. Outside −1 to 1 the manual leaves the result open; it is x then, as processors have it. */
export function exponential(out: Extended, x: Readonly<Extended>, control: number): number {
  const kind = kindOf(x);
  const sign = x[SE] & SIGN;
  if (kind >= NAN) return fromNaN(out, x);
  if (kind === ZERO) {
    copy(out, x);
    return 0;
  }
  if (kind === INFINITE) {
    if (sign === 0) setInfinity(out, 0);
    else set(out, SIGN | ONE[SE], ONE[HI], ONE[LO]);
    return 0;
  }
  const flags = kind === DENORMAL ? DE : 0;
  const size = magnitude(x);
  if (size.exponent >= 0) {
    const isOne = size.exponent === 0 && x[HI] << 1 === 0 && x[LO] === 0;
    copy(out, x);
    if (isOne && sign !== 0) out[SE] = SIGN | (BIAS - 1);
    // Processors report even the exact results, 1 and −0.5, as inexact.
    return PE;
  }
  if (size.exponent < SMALLEST) {
    return flags | round(out, sign, size.significand * LN2, size.exponent - 63 - FRACTION, true, control);
  }
  const argument = toFixed(size);
  const value = exp2m1(sign === 0 ? argument : -argument);
  return flags | round(out, sign, value < 0n ? -value : value, -FRACTION, true, control);
}

/** out = y × logarithm, the latter a fixed-point number that is inexact unless it is whole. */
function timesLogarithm(
  out: Extended,
  y: Readonly<Extended>,
  yKind: number,
  logarithm: bigint,
  inexact: boolean,
  control: number,
): number {
  const sign = (y[SE] & SIGN) ^ (logarithm < 0n ? SIGN : 0);
  if (yKind === INFINITE) {
    setInfinity(out, sign);
    return 0;
  }
  if (yKind === ZERO) {
    setZero(out, sign);
    return 0;
  }
  const size = magnitude(y);
  const value = size.significand * (logarithm < 0n ? -logarithm : logarithm);
  // Processors report even an exact product as inexact.
  return PE | round(out, sign, value, size.exponent - 63 - FRACTION, inexact, control);
}

/** FYL2X: out = y × log2 x. */
export function logarithm(out: Extended, x: Readonly<Extended>, y: Readonly<Extended>, control: number): number {
  const xKind = kindOf(x);
  const yKind = kindOf(y);
  if (xKind >= NAN || yKind >= NAN) return fromNaNs(out, x, y);
  const ySign = y[SE] & SIGN;
  if (xKind === ZERO) {
    if (yKind === ZERO) return invalid(out);
    setInfinity(out, ySign ^ SIGN);
    return yKind === INFINITE ? 0 : ZE;
  }
  if ((x[SE] & SIGN) !== 0) return invalid(out);
  const flags = xKind === DENORMAL || yKind === DENORMAL ? DE : 0;
  if (xKind === INFINITE) {
    if (yKind === ZERO) return invalid(out);
    setInfinity(out, ySign);
    return flags;
  }
  const size = magnitude(x);
  const powerOfTwo = size.significand === 1n << 63n;
  if (powerOfTwo && size.exponent === 0) {
    if (yKind === INFINITE) return invalid(out);
    setZero(out, ySign);
    return flags;
  }
  const fraction = log2(size.significand << BigInt(FRACTION - 63));
  const whole = BigInt(size.exponent) * UNIT;
  return flags | timesLogarithm(out, y, yKind, whole + fraction, !powerOfTwo, control);
}

/**
 * FYL2XP1: out = y × log2(x + 1). The manual defines it for |x| < 1 − √½; beyond that it is computed all the same as
 * long as x > −1, and is x otherwise, as processors have it.
 */
export function logarithmPlusOne(out: Extended, x: Readonly<Extended>, y: Readonly<Extended>, control: number): number {
  const xKind = kindOf(x);
  const yKind = kindOf(y);
  if (xKind >= NAN || yKind >= NAN) return fromNaNs(out, x, y);
  const xSign = x[SE] & SIGN;
  const sign = (x[SE] ^ y[SE]) & SIGN;
  const flags = xKind === DENORMAL || yKind === DENORMAL ? DE : 0;
  if (xKind === INFINITE) {
    if (xSign !== 0 || yKind === ZERO) return invalid(out);
    setInfinity(out, sign);
    return flags;
  }
  if (xKind === ZERO) {
    if (yKind === INFINITE) return invalid(out);
    setZero(out, sign);
    return flags;
  }
  const size = magnitude(x);
  if (xSign !== 0 && size.exponent >= 0) {
    copy(out, x);
    return flags | PE;
  }
  if (yKind === INFINITE) {
    setInfinity(out, sign);
    return flags;
  }
  if (yKind === ZERO) {
    setZero(out, sign);
    return flags;
  }
  if (size.exponent < SMALLEST) {
    const factor = magnitude(y);
    // log2(1 + x) is x ÷ ln 2 here; 128 more bits keep the quotient exact enough.
    const value = ((size.significand * factor.significand) << BigInt(FRACTION + 128)) / LN2;
    return flags | round(out, sign, value, size.exponent + factor.exponent - 126 - 128, true, control);
  }
  if (size.exponent > FRACTION) {
    // Adding one changes nothing that could be seen in 64 bits.
    const whole = BigInt(size.exponent) * UNIT;
    const value = whole + log2(size.significand << BigInt(FRACTION - 63));
    return flags | timesLogarithm(out, y, yKind, value, true, control);
  }
  const argument = toFixed(size);
  const sum = xSign === 0 ? UNIT + argument : UNIT - argument;
  const powerOfTwo = 1n << BigInt(bitLength(sum) - 1) === sum;
  return flags | timesLogarithm(out, y, yKind, log2(sum), !powerOfTwo, control);
}

/** FPATAN: out = the angle of the point (x, y), in its own quadrant. */
export function arctangentOf(out: Extended, x: Readonly<Extended>, y: Readonly<Extended>, control: number): number {
  const xKind = kindOf(x);
  const yKind = kindOf(y);
  if (xKind >= NAN || yKind >= NAN) return fromNaNs(out, x, y);
  const sign = y[SE] & SIGN;
  const left = (x[SE] & SIGN) !== 0;
  const flags = xKind === DENORMAL || yKind === DENORMAL ? DE : 0;
  const angle = (value: bigint): number => flags | round(out, sign, value, -FRACTION, true, control);

  if (yKind === INFINITE) {
    if (xKind !== INFINITE) return angle(PI / 2n);
    return angle(left ? (PI * 3n) / 4n : PI / 4n);
  }
  if (yKind === ZERO || xKind === INFINITE) {
    if (left) return angle(PI);
    setZero(out, sign);
    return flags;
  }
  if (xKind === ZERO) return angle(PI / 2n);

  const height = magnitude(y);
  const width = magnitude(x);
  const difference = height.exponent - width.exponent;
  if (difference < SMALLEST && !left) {
    // The arctangent lies just below the quotient itself.
    const dividend = height.significand << 256n;
    const quotient = dividend / width.significand;
    const exact = quotient * width.significand === dividend;
    return flags | round(out, sign, (quotient << 64n) - (exact ? 1n : 0n), difference - 320, true, control);
  }
  const steep = difference > 0 || (difference === 0 && height.significand > width.significand);
  const [small, large, apart] = steep ? [width, height, -difference] : [height, width, difference];
  const ratio = apart < -FRACTION ? 0n : (small.significand << BigInt(FRACTION + apart)) / large.significand;
  // Where the ratio vanishes, it still keeps the angle off the axis.
  const slope = ratio === 0n ? 1n : arctangent(ratio);
  if (steep) return angle(left ? PI / 2n + slope : PI / 2n - slope);
  return angle(left ? PI - slope : slope);
}

/** π as the hardware's argument reduction has it: 66 significant bits, here × 2^66. */
const REDUCTION_PI = 0xc90fdaa22168c234cn;

/** The angle reduced to −π/4…π/4, and the quadrant it came from. */
interface Reduced {
  angle: bigint;
  quadrant: number;
}

function reduce({ significand, exponent }: Magnitude): Reduced {
  // Both in units of 2^−FRACTION, where π/2 and every argument not below 2^SMALLEST are whole.
  const x = significand << BigInt(FRACTION + exponent - 63);
  const quarter = REDUCTION_PI << BigInt(FRACTION - 67);
  const turns = (2n * x + quarter) / (2n * quarter);
  return { angle: x - turns * quarter, quadrant: Number(turns & 3n) };
}

function roundSigned(out: Extended, sign: number, value: bigint, control: number): number {
  return value < 0n
    ? round(out, sign ^ SIGN, -value, -FRACTION, true, control)
    : round(out, sign, value, -FRACTION, true, control);
}

/** What stands in for the result where the argument is not a finite, nonzero number in range, or null. */
function special(out: Extended, x: Readonly<Extended>, atZero: (out: Extended) => void): number | null {
  const kind = kindOf(x);
  if (kind >= NAN) return fromNaN(out, x);
  if (kind === INFINITE) return invalid(out);
  if (kind === ZERO) {
    atZero(out);
    return 0;
  }
  if ((x[SE] & EXPONENT) >= BIAS + 63) {
    copy(out, x);
    return C2;
  }
  return null;
}

const tinyFlags = (x: Readonly<Extended>): number => (kindOf(x) === DENORMAL ? DE : 0);

/** x itself, moved by less than any rounding error: what odd functions give for tiny arguments. */
function nearly(
  out: Extended,
  x: Readonly<Extended>,
  size: Magnitude,
  direction: 'below' | 'above',
  control: number,
): number {
  const significand = (size.significand << 64n) - (direction === 'below' ? 1n : 0n);
  return tinyFlags(x) | round(out, x[SE] & SIGN, significand, size.exponent - 127, true, control);
}

/** FSIN: out = sin x. C2 if |x| ≥ 2^63, x being left as it is. */
export function sineOf(out: Extended, x: Readonly<Extended>, control: number): number {
  const early = special(out, x, (zero) => setZero(zero, x[SE] & SIGN));
  if (early !== null) return early;
  const size = magnitude(x);
  if (size.exponent < SMALLEST) return nearly(out, x, size, 'below', control);
  const { angle, quadrant } = reduce(size);
  const sign = (x[SE] & SIGN) ^ ((quadrant & 2) !== 0 ? SIGN : 0);
  return roundSigned(out, sign, (quadrant & 1) === 0 ? sine(angle) : cosine(angle), control);
}

/** FCOS: out = cos x. C2 if |x| ≥ 2^63, x being left as it is. */
export function cosineOf(out: Extended, x: Readonly<Extended>, control: number): number {
  const early = special(out, x, (one) => copy(one, ONE));
  if (early !== null) return early;
  const size = magnitude(x);
  if (size.exponent < SMALLEST) return tinyFlags(x) | round(out, 0, UNIT - 1n, -FRACTION, true, control);
  const { angle, quadrant } = reduce(size);
  const sign = quadrant === 1 || quadrant === 2 ? SIGN : 0;
  return roundSigned(out, sign, (quadrant & 1) === 0 ? cosine(angle) : sine(angle), control);
}

/** FPTAN's tangent: out = tan x. C2 if |x| ≥ 2^63, x being left as it is. */
export function tangentOf(out: Extended, x: Readonly<Extended>, control: number): number {
  const early = special(out, x, (zero) => setZero(zero, x[SE] & SIGN));
  if (early !== null) return early;
  const size = magnitude(x);
  if (size.exponent < SMALLEST) return nearly(out, x, size, 'above', control);
  const { angle, quadrant } = reduce(size);
  const even = (quadrant & 1) === 0;
  const value = even
    ? (sine(angle) << BigInt(FRACTION)) / cosine(angle)
    : (-cosine(angle) << BigInt(FRACTION)) / sine(angle);
  return roundSigned(out, x[SE] & SIGN, value, control);
}

/** FSINCOS: both; the rounding direction reported is that of the cosine, which is delivered last. */
export function sineAndCosine(sineOut: Extended, cosineOut: Extended, x: Readonly<Extended>, control: number): number {
  const flags = sineOf(sineOut, x, control);
  return (flags & ~C1) | cosineOf(cosineOut, x, control);
}

/** FPTAN's two results: the tangent, and 1 to push (the NaN again, if there is one). */
export function tangentAndOne(out: Extended, pushed: Extended, x: Readonly<Extended>, control: number): number {
  const flags = tangentOf(out, x, control);
  copy(pushed, kindOf(out) >= NAN ? out : ONE);
  return flags;
}

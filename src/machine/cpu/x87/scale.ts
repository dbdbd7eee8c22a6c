/** FSCALE and FXTRACT (Intel SDM volume 2). */
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
  SE,
  set,
  setInfinity,
  setZero,
  SIGN,
  ZERO,
} from './format';
import { normalizeDenormal } from './arithmetic';
import { fromInt32 } from './convert';
import { fromNaN, fromNaNs, invalid } from './nan';
import { roundExtended } from './round';
import { DE, PC_EXTENDED, ZE } from './word';
import { wide } from './wide';

/** Larger than any shift that still matters, even to a bias-adjusted result. */
const HUGE_SCALE = 0x10000;

/** The value truncated to an integer, limited to ±HUGE_SCALE. */
function truncateScale(x: Readonly<Extended>): number {
  const exponent = (x[SE] & EXPONENT) - BIAS;
  if (exponent < 0) return 0;
  const magnitude = exponent > 15 ? HUGE_SCALE : x[HI] >>> (31 - exponent);
  return (x[SE] & SIGN) !== 0 ? -magnitude : magnitude;
}

/** FSCALE: out = x × 2^trunc(scale). */
export function scale(out: Extended, x: Readonly<Extended>, by: Readonly<Extended>, control: number): number {
  const kind = kindOf(x);
  const byKind = kindOf(by);
  const sign = x[SE] & SIGN;
  if (kind >= NAN || byKind >= NAN) return fromNaNs(out, x, by);
  const flags = kind === DENORMAL || byKind === DENORMAL ? DE : 0;
  if (byKind === INFINITE) {
    if ((by[SE] & SIGN) === 0) {
      if (kind === ZERO) return invalid(out);
      setInfinity(out, sign);
    } else {
      if (kind === INFINITE) return invalid(out);
      setZero(out, sign);
    }
    return flags;
  }
  if (kind === INFINITE || kind === ZERO) {
    copy(out, x);
    return flags;
  }
  let exponent = x[SE] & EXPONENT;
  let hi = x[HI];
  let lo = x[LO];
  if (kind === DENORMAL) {
    exponent = normalizeDenormal(x);
    hi = wide[0];
    lo = wide[1];
  }
  return flags | roundExtended(out, sign, exponent + truncateScale(by), hi, lo, 0, control | PC_EXTENDED);
}

/** FXTRACT: the unbiased exponent, as a value, and the significand with exponent 0. Returns IE, DE, ZE. */
export function extract(exponentOut: Extended, significandOut: Extended, x: Readonly<Extended>): number {
  const kind = kindOf(x);
  const sign = x[SE] & SIGN;
  if (kind >= NAN) {
    const flags = fromNaN(significandOut, x);
    copy(exponentOut, significandOut);
    return flags;
  }
  if (kind === INFINITE) {
    setInfinity(exponentOut, 0);
    copy(significandOut, x);
    return 0;
  }
  if (kind === ZERO) {
    setInfinity(exponentOut, SIGN);
    copy(significandOut, x);
    return ZE;
  }
  if (kind === DENORMAL) {
    fromInt32(exponentOut, normalizeDenormal(x) - BIAS);
    // The conversion above used `wide` as well.
    normalizeDenormal(x);
    set(significandOut, sign | BIAS, wide[0], wide[1]);
    return DE;
  }
  const hi = x[HI];
  const lo = x[LO];
  fromInt32(exponentOut, (x[SE] & EXPONENT) - BIAS);
  set(significandOut, sign | BIAS, hi, lo);
  return 0;
}

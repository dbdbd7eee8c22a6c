/**
 * Conversions between double extended precision and the memory formats: single, double, 16-, 32- and 64-bit integer
 * (Intel SDM volume 1, 4.9, 8.2 and table 8-10).
 */
import {
  BIAS,
  copy,
  DENORMAL,
  type Extended,
  EXPONENT,
  HI,
  INFINITE,
  isSignaling,
  kindOf,
  LO,
  NAN,
  ORIGIN,
  SE,
  set,
  SIGN,
  TOP_BIT,
  UNSUPPORTED,
  ZERO,
  setZero,
} from './format';
import { fromNaN } from './nan';
import { packed, roundDouble, roundsUp, roundSingle } from './round';
import { C1, DE, IE, PE } from './word';
import { leadingZeros, shiftLeft, shiftRightSticky, wide } from './wide';
import { normalizeDenormal } from './arithmetic';

/** Widens a single-precision value exactly; an SNaN stays one, a denormal is noted in `ORIGIN`. */
export function fromSingle(out: Extended, bits: number): void {
  const sign = (bits >>> 16) & SIGN;
  const field = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (field === 0) {
    if (fraction === 0) {
      setZero(out, sign);
    } else {
      const shift = Math.clz32(fraction);
      set(out, sign | (BIAS - 126 - (shift - 8)), fraction << shift, 0);
      out[ORIGIN] = DE;
    }
  } else {
    set(out, sign | (field === 0xff ? EXPONENT : field - 127 + BIAS), TOP_BIT | (fraction << 8), 0);
  }
}

/** Widens a double-precision value exactly; an SNaN stays one, a denormal is noted in `ORIGIN`. */
export function fromDouble(out: Extended, low: number, high: number): void {
  const sign = (high >>> 16) & SIGN;
  const field = (high >>> 20) & 0x7ff;
  const fraction = high & 0xfffff;
  if (field === 0) {
    if ((fraction | low) === 0) {
      setZero(out, sign);
    } else {
      const shift = leadingZeros(fraction, low);
      shiftLeft(fraction, low, 0, shift);
      set(out, sign | (BIAS - 1022 - (shift - 11)), wide[0], wide[1]);
      out[ORIGIN] = DE;
    }
  } else {
    const hi = TOP_BIT | (fraction << 11) | (low >>> 21);
    set(out, sign | (field === 0x7ff ? EXPONENT : field - 1023 + BIAS), hi, low << 11);
  }
}

/** Converts the unsigned integer hi:lo with a sign of its own; exact. */
export function fromMagnitude(out: Extended, sign: number, hi: number, lo: number): void {
  if ((hi | lo) === 0) {
    setZero(out, sign);
    return;
  }
  const shift = leadingZeros(hi, lo);
  shiftLeft(hi, lo, 0, shift);
  set(out, sign | (BIAS + 63 - shift), wide[0], wide[1]);
}

/** Converts a signed 32-bit integer (or a sign-extended 16-bit one); exact. */
export function fromInt32(out: Extended, value: number): void {
  if (value < 0) fromMagnitude(out, SIGN, 0, -value | 0);
  else fromMagnitude(out, 0, 0, value);
}

/** Converts a signed 64-bit integer; exact. */
export function fromInt64(out: Extended, low: number, high: number): void {
  if (high < 0) fromMagnitude(out, SIGN, (~high + (low === 0 ? 1 : 0)) | 0, -low | 0);
  else fromMagnitude(out, 0, high, low);
}

/**
 * Rounds to single precision, into `packed[0]`.
 * @returns IE, OE, UE, PE, C1; nothing is to be stored if IE, OE or UE is unmasked
 */
export function toSingle(x: Readonly<Extended>, control: number): number {
  const sign = x[SE] & SIGN;
  switch (kindOf(x)) {
    case ZERO:
      packed[0] = sign << 16;
      return 0;
    case INFINITE:
      packed[0] = (sign << 16) | 0x7f800000;
      return 0;
    case NAN:
      packed[0] = (sign << 16) | 0x7fc00000 | ((x[HI] >>> 8) & 0x7fffff);
      return isSignaling(x) ? IE : 0;
    case UNSUPPORTED:
      packed[0] = 0xffc00000 | 0;
      return IE;
    case DENORMAL: {
      const exponent = normalizeDenormal(x);
      return roundSingle(sign, exponent, wide[0], wide[1], control);
    }
    default:
      return roundSingle(sign, x[SE] & EXPONENT, x[HI], x[LO], control);
  }
}

/**
 * Rounds to double precision, into `packed`.
 * @returns IE, OE, UE, PE, C1; nothing is to be stored if IE, OE or UE is unmasked
 */
export function toDouble(x: Readonly<Extended>, control: number): number {
  const sign = x[SE] & SIGN;
  packed[0] = 0;
  switch (kindOf(x)) {
    case ZERO:
      packed[1] = sign << 16;
      return 0;
    case INFINITE:
      packed[1] = (sign << 16) | 0x7ff00000;
      return 0;
    case NAN:
      packed[0] = (x[HI] << 21) | (x[LO] >>> 11);
      packed[1] = (sign << 16) | 0x7ff80000 | ((x[HI] >>> 11) & 0xfffff);
      return isSignaling(x) ? IE : 0;
    case UNSUPPORTED:
      packed[1] = 0xfff80000 | 0;
      return IE;
    case DENORMAL: {
      const exponent = normalizeDenormal(x);
      return roundDouble(sign, exponent, wide[0], wide[1], control);
    }
    default:
      return roundDouble(sign, x[SE] & EXPONENT, x[HI], x[LO], control);
  }
}

/**
 * Rounds the magnitude of a finite value to an integer, into `packed` (low, high).
 * @returns PE and C1, or IE if it needs more than 64 bits
 */
export function toMagnitude(x: Readonly<Extended>, control: number): number {
  const shift = BIAS + 63 - Math.max(x[SE] & EXPONENT, 1);
  if (shift < 0) return IE;
  shiftRightSticky(x[HI], x[LO], 0, shift);
  let hi = wide[0];
  let lo = wide[1];
  const extra = wide[2];
  let flags = 0;
  if (extra !== 0) {
    flags = PE;
    if (roundsUp(control, x[SE] & SIGN, extra, (lo & 1) !== 0)) {
      flags |= C1;
      lo = (lo + 1) | 0;
      if (lo === 0) {
        hi = (hi + 1) | 0;
        if (hi === 0) return IE;
      }
    }
  }
  packed[0] = lo;
  packed[1] = hi;
  return flags;
}

/**
 * Rounds to a signed integer of 16, 32 or 64 bits, into `packed` (sign-extended); the integer indefinite if it does
 * not fit.
 * @returns IE, or PE and C1
 */
export function toInteger(x: Readonly<Extended>, bits: 16 | 32 | 64, control: number): number {
  const kind = kindOf(x);
  if (kind < INFINITE) {
    const flags = toMagnitude(x, control);
    if ((flags & IE) === 0) {
      const lo = packed[0];
      const hi = packed[1];
      if ((x[SE] & SIGN) !== 0) {
        packed[0] = -lo | 0;
        packed[1] = (~hi + (lo === 0 ? 1 : 0)) | 0;
        const fits =
          bits === 64
            ? hi >= 0 || (hi === TOP_BIT && lo === 0)
            : hi === 0 && lo >>> 0 <= (bits === 32 ? 0x80000000 : 0x8000);
        if (fits) return flags;
      } else if (bits === 64 ? hi >= 0 : hi === 0 && lo >>> 0 <= (bits === 32 ? 0x7fffffff : 0x7fff)) {
        return flags;
      }
    }
  }
  packed[0] = bits === 64 ? 0 : bits === 32 ? TOP_BIT : -0x8000;
  packed[1] = bits === 64 ? TOP_BIT : -1;
  return IE;
}

/** FRNDINT: rounds to an integral value as the rounding control says. Returns IE, DE, PE, C1. */
export function roundToIntegral(out: Extended, x: Readonly<Extended>, control: number): number {
  const kind = kindOf(x);
  if (kind >= NAN) return fromNaN(out, x);
  if (kind === ZERO || kind === INFINITE || (x[SE] & EXPONENT) >= BIAS + 63) {
    copy(out, x);
    return 0;
  }
  const flags = toMagnitude(x, control);
  fromMagnitude(out, x[SE] & SIGN, packed[1], packed[0]);
  return kind === DENORMAL ? flags | DE : flags;
}

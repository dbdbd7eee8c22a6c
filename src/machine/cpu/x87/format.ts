/**
 * The double extended-precision format and its classes (Intel SDM volume 1, 4.2.2 and 8.2.2).
 *
 * A value is held unpacked as three 32-bit words of an `Int32Array`, so that no instruction allocates.
 */

/** A double extended-precision value: `[LO]`, `[HI]` the significand's halves, `[SE]` sign (bit 15) and exponent. */
export type Extended = Int32Array;

export const LO = 0;
export const HI = 1;
export const SE = 2;
/** Exception (`DE` or 0) that the value's conversion from memory raises if the operation gets as far as using it. */
export const ORIGIN = 3;

export const SIGN = 0x8000;
export const EXPONENT = 0x7fff;
export const BIAS = 0x3fff;
/** Top bit of a 32-bit half, as a signed integer: the explicit integer bit when it is in the high half. */
export const TOP_BIT = -0x80000000;
/** The bit of the high half that makes a NaN quiet. */
export const QUIET = 0x40000000;

/** Makes a value; only for scratch variables that live as long as the program. */
export function extended(se = 0, hi = 0, lo = 0): Extended {
  return Int32Array.of(lo, hi, se, 0);
}

export const ONE: Readonly<Extended> = extended(BIAS, TOP_BIT, 0);

/** Sets all words of a value. */
export function set(out: Extended, se: number, hi: number, lo: number): void {
  out[SE] = se;
  out[HI] = hi;
  out[LO] = lo;
  out[ORIGIN] = 0;
}

/** Copies a value. */
export function copy(out: Extended, from: Readonly<Extended>): void {
  out[SE] = from[SE];
  out[HI] = from[HI];
  out[LO] = from[LO];
  out[ORIGIN] = from[ORIGIN];
}

/** The QNaN floating-point indefinite, the masked response to an invalid operation (SDM volume 1, 4.8.3.7). */
export function setIndefinite(out: Extended): void {
  set(out, 0xffff, 0xc0000000 | 0, 0);
}

export function setZero(out: Extended, sign: number): void {
  set(out, sign, 0, 0);
}

export function setInfinity(out: Extended, sign: number): void {
  set(out, sign | EXPONENT, TOP_BIT, 0);
}

/** Kinds of operand. A pseudo-denormal (exponent 0, integer bit set) counts as a denormal. */
export const ZERO = 0;
export const NORMAL = 1;
export const DENORMAL = 2;
export const INFINITE = 3;
export const NAN = 4;
/** Pseudo-NaN, pseudo-infinity and unnormal: unsupported since the 80387 (SDM volume 1, 8.2.2). */
export const UNSUPPORTED = 5;

/** The kind of a value. */
export function kindOf(x: Readonly<Extended>): number {
  const exponent = x[SE] & EXPONENT;
  const hi = x[HI];
  if (exponent === 0) return (hi | x[LO]) === 0 ? ZERO : DENORMAL;
  if (hi >= 0) return UNSUPPORTED;
  if (exponent !== EXPONENT) return NORMAL;
  return ((hi << 1) | x[LO]) === 0 ? INFINITE : NAN;
}

/** Whether a value of kind NAN is signaling. */
export function isSignaling(x: Readonly<Extended>): boolean {
  return (x[HI] & QUIET) === 0;
}

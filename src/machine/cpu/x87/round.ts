/**
 * Rounding of an exact (or sticky) result to the formats of the FPU, with overflow, underflow and inexact result
 * (Intel SDM volume 1, 4.8.4, 4.9.1.4 to 4.9.1.6 and 8.5.4 to 8.5.6).
 *
 * An argument `hi:lo:extra` is a significand whose top bit has the weight given by the biased exponent; `extra` holds
 * the 32 bits below the 64, its lowest bit being sticky.
 */
import { type Extended, TOP_BIT, EXPONENT, set, setInfinity, setZero } from './format';
import { C1, OE, PC, PC_DOUBLE, PC_EXTENDED, PC_SINGLE, PE, RC, RC_DOWN, RC_NEAREST, RC_UP, UE } from './word';
import { leadingZeros, shiftRightSticky, shiftLeft, wide } from './wide';

/** What the exponent of an unmasked overflow or underflow is moved by (SDM volume 1, 8.5.4 and 8.5.5). */
const EXPONENT_ADJUST = 24576;

/**
 * Whether a magnitude is rounded away from zero.
 * @param sign 0 for positive values
 * @param bits the bits below the last kept one, left-aligned in 32 bits, the lowest sticky
 * @param odd the last kept bit
 */
export function roundsUp(control: number, sign: number, bits: number, odd: boolean): boolean {
  switch (control & RC) {
    case RC_NEAREST:
      return bits < 0 && (bits !== TOP_BIT || odd);
    case RC_DOWN:
      return bits !== 0 && sign !== 0;
    case RC_UP:
      return bits !== 0 && sign === 0;
    default:
      return false;
  }
}

/** The bits of hi:lo:extra below the precision that PC selects, left-aligned, the lowest sticky. */
function bitsBelow(precision: number, hi: number, lo: number, extra: number): number {
  if (precision === PC_DOUBLE) return (lo << 21) | (extra !== 0 ? 1 : 0);
  if (precision === PC_SINGLE) return (hi << 24) | (lo >>> 8) | (((lo & 0xff) | extra) !== 0 ? 1 : 0);
  return extra;
}

/** Whether rounding hi:lo:extra, its exponent range being unbounded, carries into the next power of two. */
function carriesOut(control: number, sign: number, hi: number, lo: number, extra: number): boolean {
  const precision = control & PC;
  const ones =
    precision === PC_SINGLE
      ? (hi | 0xff) === -1
      : hi === -1 && (precision === PC_DOUBLE ? (lo | 0x7ff) === -1 : lo === -1);
  return ones && roundsUp(control, sign, bitsBelow(precision, hi, lo, extra), true);
}

/** Masked overflow: infinity or the largest finite value, as the rounding mode has it. */
function overflow(out: Extended, sign: number, control: number): number {
  const mode = control & RC;
  if (mode === RC_NEAREST || mode === (sign === 0 ? RC_UP : RC_DOWN)) {
    setInfinity(out, sign);
    return OE | PE | C1;
  }
  const precision = control & PC;
  set(
    out,
    sign | (EXPONENT - 1),
    precision === PC_SINGLE ? ~0xff : -1,
    precision === PC_SINGLE ? 0 : precision === PC_DOUBLE ? ~0x7ff : -1,
  );
  return OE | PE;
}

/**
 * Rounds to a register, under the precision and rounding control of `control`, with the response that its masks ask for.
 * @param sign 0 or 0x8000
 * @param exponent biased by 16383; may lie outside the format's range
 * @param hi high word of the significand; its top bit must be set
 * @returns the exceptions (OE, UE, PE) and C1 if the magnitude was rounded up
 */
export function roundExtended(
  out: Extended,
  sign: number,
  exponent: number,
  hi: number,
  lo: number,
  extra: number,
  control: number,
): number {
  let flags = 0;
  let tiny = false;
  if (exponent <= 0 && (exponent < 0 || !carriesOut(control, sign, hi, lo, extra))) {
    if ((control & UE) !== 0) {
      tiny = true;
      shiftRightSticky(hi, lo, extra, 1 - exponent);
      hi = wide[0];
      lo = wide[1];
      extra = wide[2];
      exponent = 0;
    } else {
      flags = UE;
      exponent += EXPONENT_ADJUST;
      if (exponent <= 0) {
        setZero(out, sign);
        return UE | PE;
      }
    }
  }
  const precision = control & PC;
  const bits = bitsBelow(precision, hi, lo, extra);
  if (bits !== 0) {
    flags |= tiny ? PE | UE : PE;
    if (precision === PC_SINGLE) {
      const up = roundsUp(control, sign, bits, (hi & 0x100) !== 0);
      hi &= ~0xff;
      lo = 0;
      if (up) {
        flags |= C1;
        hi = (hi + 0x100) | 0;
        if (hi === 0) {
          hi = TOP_BIT;
          exponent += 1;
        }
      }
    } else {
      const unit = precision === PC_DOUBLE ? 0x800 : 1;
      const up = roundsUp(control, sign, bits, (lo & unit) !== 0);
      lo &= -unit;
      if (up) {
        flags |= C1;
        lo = (lo + unit) | 0;
        if (lo === 0) {
          hi = (hi + 1) | 0;
          if (hi === 0) {
            hi = TOP_BIT;
            exponent += 1;
          }
        }
      }
    }
  }
  if (tiny && hi < 0) exponent = 1;
  if (exponent >= EXPONENT) {
    if ((control & OE) !== 0) return overflow(out, sign, control);
    flags |= OE;
    exponent -= EXPONENT_ADJUST;
    if (exponent >= EXPONENT) {
      setInfinity(out, sign);
      return OE | PE | C1;
    }
  }
  set(out, sign | exponent, hi, lo);
  return flags;
}

/** Rounds as `roundExtended` does, always to 64 bits, after moving the leading one of hi:lo (not zero) to the top. */
export function normalizeAndRound(
  out: Extended,
  sign: number,
  exponent: number,
  hi: number,
  lo: number,
  control: number,
): number {
  const shift = leadingZeros(hi, lo);
  shiftLeft(hi, lo, 0, shift);
  return roundExtended(out, sign, exponent - shift, wide[0], wide[1], 0, control | PC_EXTENDED);
}

/** A single- or double-precision result: low word (the only one of a single) and high word. */
export const packed = new Int32Array(2);

/**
 * Rounds a normalised magnitude to single precision, into `packed[0]`.
 * @returns OE, UE, PE and C1; if OE or UE is unmasked, `packed` is not meant to be stored
 */
export function roundSingle(sign: number, exponent: number, hi: number, lo: number, control: number): number {
  let field = exponent - 16383 + 127;
  let extra = 0;
  let tiny = false;
  if (field <= 0 && (field < 0 || !carriesOut((control & ~PC) | PC_SINGLE, sign, hi, lo, 0))) {
    if ((control & UE) === 0) return UE;
    tiny = true;
    shiftRightSticky(hi, lo, 0, 1 - field);
    hi = wide[0];
    lo = wide[1];
    extra = wide[2];
    field = 0;
  } else if (field === 0) {
    // Rounds up to the smallest normal number.
    packed[0] = (sign << 16) | 0x00800000;
    return PE | C1;
  }
  const bits = bitsBelow(PC_SINGLE, hi, lo, extra);
  let flags = 0;
  let significand = hi >>> 8;
  if (bits !== 0) {
    flags = tiny ? PE | UE : PE;
    if (roundsUp(control, sign, bits, (significand & 1) !== 0)) {
      flags |= C1;
      significand += 1;
    }
  }
  // The integer bit, when set, adds one to the exponent field, which a normal number's therefore starts one lower.
  const value = (tiny ? 0 : field - 1) * 0x800000 + significand;
  if (value >= 0x7f800000) {
    if ((control & OE) === 0) return OE;
    const mode = control & RC;
    const infinite = mode === RC_NEAREST || mode === (sign === 0 ? RC_UP : RC_DOWN);
    packed[0] = (sign << 16) | (infinite ? 0x7f800000 : 0x7f7fffff);
    return infinite ? OE | PE | C1 : OE | PE;
  }
  packed[0] = (sign << 16) | value;
  return flags;
}

/**
 * Rounds a normalised magnitude to double precision, into `packed`.
 * @returns OE, UE, PE and C1; if OE or UE is unmasked, `packed` is not meant to be stored
 */
export function roundDouble(sign: number, exponent: number, hi: number, lo: number, control: number): number {
  let field = exponent - 16383 + 1023;
  let extra = 0;
  let tiny = false;
  if (field <= 0 && (field < 0 || !carriesOut((control & ~PC) | PC_DOUBLE, sign, hi, lo, 0))) {
    if ((control & UE) === 0) return UE;
    tiny = true;
    shiftRightSticky(hi, lo, 0, 1 - field);
    hi = wide[0];
    lo = wide[1];
    extra = wide[2];
    field = 0;
  } else if (field === 0) {
    packed[0] = 0;
    packed[1] = (sign << 16) | 0x00100000;
    return PE | C1;
  }
  const bits = bitsBelow(PC_DOUBLE, hi, lo, extra);
  let flags = 0;
  let low = (hi << 21) | (lo >>> 11);
  let high = hi >>> 11;
  if (bits !== 0) {
    flags = tiny ? PE | UE : PE;
    if (roundsUp(control, sign, bits, (low & 1) !== 0)) {
      flags |= C1;
      low = (low + 1) | 0;
      if (low === 0) high += 1;
    }
  }
  high += (tiny ? 0 : field - 1) * 0x100000;
  if (high >= 0x7ff00000) {
    if ((control & OE) === 0) return OE;
    const mode = control & RC;
    const infinite = mode === RC_NEAREST || mode === (sign === 0 ? RC_UP : RC_DOWN);
    packed[0] = infinite ? 0 : -1;
    packed[1] = (sign << 16) | (infinite ? 0x7ff00000 : 0x7fefffff);
    return infinite ? OE | PE | C1 : OE | PE;
  }
  packed[0] = low;
  packed[1] = (sign << 16) | high;
  return flags;
}

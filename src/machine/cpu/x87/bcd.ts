/** Packed decimal: FBLD and FBSTP (Intel SDM volume 1, 4.7 and figure 4-9). */
import { type Extended, INFINITE, kindOf, SE, SIGN } from './format';
import { fromMagnitude, toMagnitude } from './convert';
import { packed } from './round';
import { IE } from './word';
import { below } from './wide';

/** A packed decimal as three little-endian words: digits 0–7, digits 8–15, digits 16–17 with the sign in bit 15. */
export const decimal = new Int32Array(3);

const TWO_32 = 0x1_0000_0000;
/** 10^18, one more than the largest packed decimal. */
const LIMIT_HI = 0x0de0b6b3;
const LIMIT_LO = 0xa7640000 | 0;
const DIGITS = 18;

/** Converts `decimal`; exact. The value of digits above 9 is undefined by the manual: they count as 10 to 15 here. */
export function fromDecimal(out: Extended): void {
  let hi = 0;
  let lo = 0;
  for (let i = DIGITS - 1; i >= 0; i--) {
    const digit = (decimal[i >> 3] >>> ((i & 7) * 4)) & 15;
    const low = (lo >>> 0) * 10 + digit;
    lo = low | 0;
    hi = (hi * 10 + Math.floor(low / TWO_32)) | 0;
  }
  fromMagnitude(out, decimal[2] & SIGN, hi, lo);
}

/** Rounds to a packed decimal, into `decimal`; the packed decimal indefinite if it does not fit. Returns IE, PE, C1. */
export function toDecimal(x: Readonly<Extended>, control: number): number {
  if (kindOf(x) < INFINITE) {
    const flags = toMagnitude(x, control);
    let hi = packed[1];
    let lo = packed[0];
    if ((flags & IE) === 0 && below(hi, lo, LIMIT_HI, LIMIT_LO)) {
      decimal.fill(0);
      for (let i = 0; i < DIGITS; i++) {
        // 10 into hi:lo by 16-bit digits, so that every step is an exact integer.
        const quotientHi = Math.floor((hi >>> 0) / 10);
        const middle = ((hi >>> 0) % 10) * 0x10000 + (lo >>> 16);
        const low = (middle % 10) * 0x10000 + (lo & 0xffff);
        decimal[i >> 3] |= (low % 10) << ((i & 7) * 4);
        hi = quotientHi;
        lo = (Math.floor(middle / 10) << 16) | Math.floor(low / 10);
      }
      decimal[2] |= x[SE] & SIGN;
      return flags;
    }
  }
  decimal[0] = 0;
  decimal[1] = 0xc0000000 | 0;
  decimal[2] = 0xffff;
  return IE;
}

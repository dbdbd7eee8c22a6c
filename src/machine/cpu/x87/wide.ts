/** Unsigned arithmetic on 64- and 96-bit integers made of 32-bit words, without BigInt and without allocation. */

const TWO_32 = 0x1_0000_0000;

/** The high 32 bits of the unsigned product of two 32-bit words. */
export function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (other >>> 16)) | 0;
}

/** Whether aHi:aLo < bHi:bLo, unsigned. */
export function below(aHi: number, aLo: number, bHi: number, bLo: number): boolean {
  return aHi === bHi ? aLo >>> 0 < bLo >>> 0 : aHi >>> 0 < bHi >>> 0;
}

/** Results of the functions below: high word, low word, and the word under it. */
export const wide = new Int32Array(3);

/**
 * Shifts hi:lo:extra right into `wide`; what falls off the end is kept as a sticky bit 0 of the last word.
 * @param count 0 or more
 */
export function shiftRightSticky(hi: number, lo: number, extra: number, count: number): void {
  let lost = 0;
  if (count >= 96) {
    lost = hi | lo | extra;
    hi = lo = extra = 0;
  } else {
    while (count >= 32) {
      lost |= extra;
      extra = lo;
      lo = hi;
      hi = 0;
      count -= 32;
    }
    if (count !== 0) {
      const back = 32 - count;
      lost |= extra << back;
      extra = (extra >>> count) | (lo << back);
      lo = (lo >>> count) | (hi << back);
      hi >>>= count;
    }
  }
  wide[0] = hi;
  wide[1] = lo;
  wide[2] = lost === 0 ? extra : extra | 1;
}

/** Number of leading zeros of hi:lo, 64 for zero. */
export function leadingZeros(hi: number, lo: number): number {
  return hi !== 0 ? Math.clz32(hi) : 32 + Math.clz32(lo);
}

/** Shifts hi:lo:extra left into `wide`, for a count of 0 to 95; bits beyond the top are lost. */
export function shiftLeft(hi: number, lo: number, extra: number, count: number): void {
  while (count >= 32) {
    hi = lo;
    lo = extra;
    extra = 0;
    count -= 32;
  }
  if (count !== 0) {
    const back = 32 - count;
    hi = (hi << count) | (lo >>> back);
    lo = (lo << count) | (extra >>> back);
    extra <<= count;
  }
  wide[0] = hi;
  wide[1] = lo;
  wide[2] = extra;
}

/**
 * One digit of a long division: divides rHi:rLo:0 by dHi:dLo, where rHi:rLo < dHi:dLo and the top bit of dHi is set.
 * The remainder is left in `wide[0]`:`wide[1]`.
 * @returns the 32-bit quotient digit
 */
export function divideDigit(rHi: number, rLo: number, dHi: number, dLo: number): number {
  // The quotient of the leading words is too large by at most 2; the double's rounding may add one either way.
  let digit = Math.min(Math.floor(((rHi >>> 0) * TWO_32 + (rLo >>> 0)) / (dHi >>> 0)), TWO_32 - 1);
  const product0 = Math.imul(digit, dLo) >>> 0;
  const middle = (multiplyHigh(digit | 0, dLo) >>> 0) + (Math.imul(digit, dHi) >>> 0);
  const product1 = middle >>> 0;
  const product2 = (multiplyHigh(digit | 0, dHi) >>> 0) + (middle >= TWO_32 ? 1 : 0);
  let low = -product0;
  let high = (rLo >>> 0) - product1;
  let top = (rHi >>> 0) - product2;
  if (low < 0) {
    low += TWO_32;
    high -= 1;
  }
  if (high < 0) {
    high += TWO_32;
    top -= 1;
  }
  while (top < 0) {
    digit -= 1;
    low += dLo >>> 0;
    high += dHi >>> 0;
    if (low >= TWO_32) {
      low -= TWO_32;
      high += 1;
    }
    if (high >= TWO_32) {
      high -= TWO_32;
      top += 1;
    }
  }
  while (top > 0 || !below(high | 0, low | 0, dHi, dLo)) {
    digit += 1;
    low -= dLo >>> 0;
    high -= dHi >>> 0;
    if (low < 0) {
      low += TWO_32;
      high -= 1;
    }
    if (high < 0) {
      high += TWO_32;
      top -= 1;
    }
  }
  wide[0] = high | 0;
  wide[1] = low | 0;
  return digit | 0;
}

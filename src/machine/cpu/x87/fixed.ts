/**
 * Elementary functions on binary fixed-point numbers: a BigInt `v` stands for v / 2^FRACTION.
 *
 * The fraction is so long that an argument no smaller than 2^SMALLEST still gives about 190 good bits, whose rounding
 * to 64 is for all practical purposes the correct one.
 */

/** Bits after the binary point. */
export const FRACTION = 320;
/** Exponent of the smallest argument to use fixed point for; below it the first term of a series is exact enough. */
export const SMALLEST = -130;

const BITS = BigInt(FRACTION);
export const UNIT = 1n << BITS;

/** Number of bits of a positive integer. */
export function bitLength(value: bigint): number {
  const text = value.toString(16);
  return text.length * 4 - Math.clz32(parseInt(text[0], 16)) + 28;
}

const multiply = (a: bigint, b: bigint): bigint => (a * b) >> BITS;
const divide = (a: bigint, b: bigint): bigint => (a << BITS) / b;

/** Sum of term, term·factor/3, term·factor²/5, …: the arctangent's series (factor −z²) and that of atanh (factor z²). */
function oddReciprocalSeries(first: bigint, factor: bigint): bigint {
  let sum = 0n;
  let power = first;
  for (let n = 1n; power !== 0n && power !== -1n; n += 2n) {
    sum += power / n;
    power = multiply(power, factor);
  }
  return sum;
}

/** ln((1 + z) / (1 − z)) for |z| ≤ 0.2. */
function logRatio(z: bigint): bigint {
  return 2n * oddReciprocalSeries(z, multiply(z, z));
}

/** ln 2 = 18 atanh(1/26) − 2 atanh(1/4801) + 8 atanh(1/8749). */
export const LN2 = 9n * logRatio(UNIT / 26n) - logRatio(UNIT / 4801n) + 4n * logRatio(UNIT / 8749n);

/** log2 of a positive number; exact for powers of two. */
export function log2(x: bigint): bigint {
  let power = bitLength(x) - 1 - FRACTION;
  // Bring the number into [1/√2, √2), near enough.
  let m = power >= 0 ? x >> BigInt(power) : x << BigInt(-power);
  if (m > (UNIT * 99n) / 70n) {
    m = power >= -1 ? x >> BigInt(power + 1) : x << BigInt(-power - 1);
    power += 1;
  }
  return BigInt(power) * UNIT + divide(logRatio(divide(m - UNIT, m + UNIT)), LN2);
}

/** 2^x − 1 for |x| ≤ 1. */
export function exp2m1(x: bigint): bigint {
  const halvings = 16;
  const y = multiply(x, LN2) >> BigInt(halvings);
  let sum = 0n;
  let term = y;
  for (let n = 2n; term !== 0n && term !== -1n; n++) {
    sum += term;
    term = multiply(term, y) / n;
  }
  for (let i = 0; i < halvings; i++) sum = 2n * sum + multiply(sum, sum);
  return sum;
}

function arctangentSeries(x: bigint): bigint {
  return oddReciprocalSeries(x, -multiply(x, x));
}

/** atan(i / 16) for i = 0 to 16, each from the one before by the addition theorem. */
const ARCTANGENTS: readonly bigint[] = (() => {
  const table = [0n];
  for (let i = 1n; i <= 16n; i++) {
    table.push(table[table.length - 1] + arctangentSeries((UNIT * 16n) / (256n + i * (i - 1n))));
  }
  return table;
})();

/** π */
export const PI = 4n * ARCTANGENTS[16];

/** atan x for 0 ≤ x ≤ 1. */
export function arctangent(x: bigint): bigint {
  const nearest = (x * 16n + UNIT / 2n) >> BITS;
  const center = (nearest * UNIT) / 16n;
  return ARCTANGENTS[Number(nearest)] + arctangentSeries(divide(x - center, UNIT + multiply(x, center)));
}

/** Sum of term, −term·x²/(n(n+1)), …: sine from (x, 2), cosine from (1, 1). */
function alternatingSeries(first: bigint, x: bigint, from: bigint): bigint {
  const square = multiply(x, x);
  let sum = 0n;
  let term = first;
  for (let n = from; term !== 0n && term !== -1n; n += 2n) {
    sum += term;
    term = -multiply(term, square) / (n * (n + 1n));
  }
  return sum;
}

/** sin x for |x| ≤ 1. */
export const sine = (x: bigint): bigint => alternatingSeries(x, x, 2n);

/** cos x for |x| ≤ 1. */
export const cosine = (x: bigint): bigint => alternatingSeries(UNIT, x, 1n);

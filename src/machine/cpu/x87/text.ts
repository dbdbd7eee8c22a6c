/** Data registers as people read them. */
import {
  BIAS,
  DENORMAL,
  type Extended,
  EXPONENT,
  HI,
  INFINITE,
  isSignaling,
  kindOf,
  LO,
  NAN,
  SE,
  SIGN,
  ZERO,
} from './format';
import { toDouble } from './convert';
import { packed } from './round';
import { CONTROL_INIT } from './word';

/** A data register for a debugger. */
export interface RegisterText {
  empty: boolean;
  /** All 80 bits: 20 hexadecimal digits after 0x. */
  hex: string;
  /** The shortest decimal that reads back as the same 80-bit value; or `inf`, `nan(0x…)`, `snan(0x…)`, `unsupported`. */
  decimal: string;
  /** The value rounded to the nearest double. */
  double: number;
}

const significandOf = (x: Readonly<Extended>): bigint => (BigInt(x[HI] >>> 0) << 32n) | BigInt(x[LO] >>> 0);

/** Largest number of decimal digits that a 64-bit significand can need. */
const MAX_DIGITS = 21;

/**
 * The shortest decimal, and of those the closest, within half a unit of significand × 2^exponent.
 * @returns digits, and the power of ten of the first
 */
function shortest(significand: bigint, exponent: number): [digits: string, power: number] {
  // value = numerator / denominator; half a unit in the last place is unit / denominator.
  const scale = BigInt(Math.abs(exponent) + 1);
  const numerator = exponent >= 0 ? significand << scale : significand * 2n;
  const denominator = exponent >= 0 ? 2n : 1n << scale;
  const unit = exponent >= 0 ? 1n << (scale - 1n) : 1n;
  const bits = significand.toString(2).length + exponent;
  let power = Math.floor((bits - 1) * Math.LOG10E * Math.LN2) - 1;
  const tens = (n: number): bigint => 10n ** BigInt(n);
  // Correct the estimate, which may be too small.
  for (;;) {
    const next = power + 1;
    const reached = next >= 0 ? numerator >= denominator * tens(next) : numerator * tens(-next) >= denominator;
    if (!reached) break;
    power = next;
  }
  for (let count = 1; ; count++) {
    const shift = count - 1 - power;
    const top = shift >= 0 ? numerator * tens(shift) : numerator;
    const bottom = shift >= 0 ? denominator : denominator * tens(-shift);
    const digits = (2n * top + bottom) / (2n * bottom);
    const error = digits * bottom - top;
    const allowed = shift >= 0 ? unit * tens(shift) : unit;
    if ((error < 0n ? -error : error) < allowed || count >= MAX_DIGITS) {
      const text = digits.toString();
      // Rounding up may have carried into one more digit.
      return [text.replace(/0+$/, ''), power + text.length - count];
    }
  }
}

function finiteText(x: Readonly<Extended>): string {
  const exponent = Math.max(x[SE] & EXPONENT, 1) - BIAS - 63;
  const [digits, power] = shortest(significandOf(x), exponent);
  if (power >= 0 && power < MAX_DIGITS) {
    const padded = digits.padEnd(power + 1, '0');
    const fraction = padded.slice(power + 1);
    return fraction === '' ? padded : `${padded.slice(0, power + 1)}.${fraction}`;
  }
  if (power < 0 && power >= -5) return `0.${'0'.repeat(-power - 1)}${digits}`;
  const fraction = digits.slice(1);
  return `${digits[0]}${fraction === '' ? '' : `.${fraction}`}e${power < 0 ? '-' : '+'}${Math.abs(power)}`;
}

const doubleView = new DataView(new ArrayBuffer(8));

/** Describes a register's value. */
export function describe(x: Readonly<Extended>, empty: boolean): RegisterText {
  const kind = kindOf(x);
  const sign = (x[SE] & SIGN) !== 0 ? '-' : '';
  const significand = significandOf(x).toString(16).padStart(16, '0');
  let decimal = 'unsupported';
  if (kind === ZERO) decimal = `${sign}0`;
  else if (kind <= DENORMAL) decimal = sign + finiteText(x);
  else if (kind === INFINITE) decimal = `${sign}inf`;
  else if (kind === NAN) decimal = `${sign}${isSignaling(x) ? 'snan' : 'nan'}(0x${significand})`;
  toDouble(x, CONTROL_INIT);
  doubleView.setInt32(0, packed[1]);
  doubleView.setInt32(4, packed[0]);
  return {
    empty,
    hex: `0x${x[SE].toString(16).padStart(4, '0')}${significand}`,
    decimal,
    double: doubleView.getFloat64(0),
  };
}

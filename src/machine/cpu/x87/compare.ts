/** Comparison and classification: FCOM and its kin, FTST, FXAM (Intel SDM volume 1, 8.3.6; volume 2, FCOM, FXAM). */
import {
  DENORMAL,
  type Extended,
  EXPONENT,
  HI,
  INFINITE,
  isSignaling,
  kindOf,
  LO,
  NAN,
  NORMAL,
  ORIGIN,
  SE,
  SIGN,
  UNSUPPORTED,
  ZERO,
} from './format';
import { C0, C1, C2, C3, DE, IE } from './word';
import { below } from './wide';

export const UNORDERED = C0 | C2 | C3;

/** −1, 0 or 1 as the magnitudes of two numbers compare; denormals are numbers of exponent 1. */
function compareMagnitudes(a: Readonly<Extended>, b: Readonly<Extended>): number {
  const aExponent = Math.max(a[SE] & EXPONENT, 1);
  const bExponent = Math.max(b[SE] & EXPONENT, 1);
  // A denormal's significand starts with a zero, so that equal exponents compare by significand alone.
  if (aExponent !== bExponent && (a[HI] | a[LO]) !== 0 && (b[HI] | b[LO]) !== 0) return aExponent < bExponent ? -1 : 1;
  if (below(a[HI], a[LO], b[HI], b[LO])) return -1;
  return below(b[HI], b[LO], a[HI], a[LO]) ? 1 : 0;
}

/**
 * Compares a with b.
 * @param quiet FUCOM and its kin: a QNaN raises no exception
 * @returns C3, C2 and C0 (C1 is cleared by the caller) with the exceptions IE and DE
 */
export function compare(a: Readonly<Extended>, b: Readonly<Extended>, quiet: boolean): number {
  const aKind = kindOf(a);
  const bKind = kindOf(b);
  if (aKind >= NAN || bKind >= NAN) {
    const silent =
      quiet &&
      aKind !== UNSUPPORTED &&
      bKind !== UNSUPPORTED &&
      (aKind !== NAN || !isSignaling(a)) &&
      (bKind !== NAN || !isSignaling(b));
    return silent ? UNORDERED : UNORDERED | IE;
  }
  const flags = aKind === DENORMAL || bKind === DENORMAL ? DE : a[ORIGIN] | b[ORIGIN];
  if (aKind === ZERO && bKind === ZERO) return flags | C3;
  const aNegative = (a[SE] & SIGN) !== 0;
  const bNegative = (b[SE] & SIGN) !== 0;
  let order: number;
  if (aNegative !== bNegative && aKind !== ZERO && bKind !== ZERO) order = 1;
  else order = compareMagnitudes(a, b);
  if (order === 0) return flags | C3;
  // With a zero on one side only the other's sign counts.
  const negative = aKind === ZERO ? bNegative : aNegative;
  return order < 0 !== negative ? flags | C0 : flags;
}

/** FXAM's class code for a register: C3, C2, C0, and the sign in C1. */
export function examine(x: Readonly<Extended>, empty: boolean): number {
  const sign = (x[SE] & SIGN) !== 0 ? C1 : 0;
  if (empty) return sign | C3 | C0;
  switch (kindOf(x)) {
    case ZERO:
      return sign | C3;
    case NORMAL:
      return sign | C2;
    case DENORMAL:
      return sign | C3 | C2;
    case INFINITE:
      return sign | C2 | C0;
    case NAN:
      return sign | C0;
    default:
      return sign;
  }
}

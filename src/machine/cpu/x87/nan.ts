/** Operands that are NaNs or in unsupported formats (Intel SDM volume 1, 4.8.3.5, table 4-7, and 8.5.1.2). */
import {
  type Extended,
  HI,
  isSignaling,
  kindOf,
  LO,
  NAN,
  QUIET,
  SE,
  SIGN,
  set,
  setIndefinite,
  UNSUPPORTED,
} from './format';
import { IE } from './word';
import { below } from './wide';

function setQuiet(out: Extended, nan: Readonly<Extended>): void {
  set(out, nan[SE], nan[HI] | QUIET, nan[LO]);
}

/** Delivers the masked response to an invalid operation; returns IE. */
export function invalid(out: Extended): number {
  setIndefinite(out);
  return IE;
}

/** The result of a one-operand operation on a NaN or an unsupported value; returns IE or 0. */
export function fromNaN(out: Extended, x: Readonly<Extended>): number {
  if (kindOf(x) === UNSUPPORTED) return invalid(out);
  const flags = isSignaling(x) ? IE : 0;
  setQuiet(out, x);
  return flags;
}

/**
 * The result of a two-operand operation of which at least one operand is a NaN or unsupported: a QNaN wins over an
 * SNaN, of two of a sort the one with the larger significand, of two equal ones the positive one.
 * @returns IE or 0
 */
export function fromNaNs(out: Extended, a: Readonly<Extended>, b: Readonly<Extended>): number {
  const aKind = kindOf(a);
  const bKind = kindOf(b);
  if (aKind === UNSUPPORTED || bKind === UNSUPPORTED) return invalid(out);
  const aSignaling = aKind === NAN && isSignaling(a);
  const bSignaling = bKind === NAN && isSignaling(b);
  let chosen: Readonly<Extended>;
  if (aKind !== NAN) chosen = b;
  else if (bKind !== NAN) chosen = a;
  else if (aSignaling !== bSignaling) chosen = aSignaling ? b : a;
  else if (below(a[HI], a[LO], b[HI], b[LO])) chosen = b;
  else if (below(b[HI], b[LO], a[HI], a[LO])) chosen = a;
  else chosen = (a[SE] & SIGN) !== 0 ? b : a;
  setQuiet(out, chosen);
  return aSignaling || bSignaling ? IE : 0;
}

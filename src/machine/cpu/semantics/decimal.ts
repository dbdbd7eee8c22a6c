/** DAA DAS AAA AAS AAM AAD, after the pseudocode of SDM volume 2. */

import { AF } from '../flags';
import { Register } from '../layout';
import { type Ops, type Semantics } from '../ops';
import { bit } from './operands';

const DIVIDE_ERROR = 0;

/** Whether the low digit needs an adjustment: above 9, or AF set. */
function lowAdjust<V>(o: Ops<V>, al: V): V {
  const above = o.ltU(o.constant(9), o.and(al, o.constant(15)));
  return o.or(above, o.ne(o.and(o.eflags(), o.constant(AF)), o.constant(0)));
}

function packed(subtract: boolean): Semantics {
  return (o) => {
    const al = o.readGpr(Register.EAX, 8);
    const carry = o.carry();
    const low = lowAdjust(o, al);
    const high = o.or(o.ltU(o.constant(0x99), al), carry);
    const correction = o.add(o.mul(low, o.constant(6)), o.mul(high, o.constant(0x60)));
    const result = subtract ? o.sub(al, correction) : o.add(al, correction);
    // DAS alone also sets CF where taking 6 from the low digit borrows, though the high digit needs nothing.
    const carryOut = subtract ? o.or(high, o.and(low, o.ltU(al, o.constant(6)))) : high;
    // OF is undefined; processors set it as the addition or subtraction does.
    const signs = subtract
      ? o.and(o.xor(al, correction), o.xor(al, result))
      : o.and(o.xor(al, result), o.xor(correction, result));
    o.writeGpr(Register.EAX, result, 8);
    o.flagsResult(8, result, carryOut, bit(o, signs, 7), low);
  };
}

export const daa = packed(false);
export const das = packed(true);

function unpacked(subtract: boolean): Semantics {
  return (o) => {
    const ax = o.readGpr(Register.EAX, 16);
    const adjust = lowAdjust(o, ax);
    const correction = o.mul(adjust, o.constant(0x106));
    const result = subtract ? o.sub(ax, correction) : o.add(ax, correction);
    const cleared = o.and(result, o.constant(0xff0f));
    o.writeGpr(Register.EAX, cleared, 16);
    o.flagsResult(8, cleared, adjust, o.constant(0), adjust);
  };
}

export const aaa = unpacked(false);
export const aas = unpacked(true);

export const aam: Semantics = (o) => {
  const base = o.immediate();
  o.if(o.isZero(base), () => o.raise(DIVIDE_ERROR));
  const { quotient, remainder } = o.divide(false, o.constant(0), o.readGpr(Register.EAX, 8), base);
  o.writeGpr(Register.EAX, o.or(remainder, o.shl(quotient, o.constant(8))), 16);
  o.flagsResult(8, remainder, o.constant(0), o.constant(0), o.constant(0));
};

/** CF, OF and AF are undefined; processors set them as the addition of AL and the product does. */
export const aad: Semantics = (o) => {
  const ax = o.readGpr(Register.EAX, 16);
  const product = o.zeroExtend(o.mul(o.shrU(ax, o.constant(8)), o.immediate()), 8);
  const result = o.zeroExtend(o.add(ax, product), 8);
  o.writeGpr(Register.EAX, result, 16);
  o.flagsAdd(8, product, result);
};

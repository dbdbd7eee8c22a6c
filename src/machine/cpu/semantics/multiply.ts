/** MUL IMUL DIV IDIV. SF ZF PF after a multiplication are undefined by the manual; here they follow the low half of the product. */

import { Register } from '../layout';
import { type Ops, type Semantics } from '../ops';
import { signed } from './operands';

const DIVIDE_ERROR = 0;

/** Flags of a multiplication: CF = OF = the product does not fit into the low half. */
function flagsProduct<V>(o: Ops<V>, low: V, lost: V): void {
  o.flagsResult(o.size, low, lost, lost, o.constant(0));
}

export const mul: Semantics = (o) => {
  const a = o.readRm();
  const b = o.readGpr(Register.EAX, o.size);
  const low = o.mul(a, b);
  if (o.size === 8) {
    o.writeGpr(Register.EAX, low, 16);
    flagsProduct(o, low, o.ne(o.shrU(low, o.constant(8)), o.constant(0)));
    return;
  }
  const high = o.size === 16 ? o.shrU(low, o.constant(16)) : o.mulHighU(a, b);
  o.writeGpr(Register.EAX, low, o.size);
  o.writeGpr(Register.EDX, high, o.size);
  flagsProduct(o, low, o.ne(high, o.constant(0)));
};

/** The one-operand form. */
export const imul: Semantics = (o) => {
  const a = signed(o, o.readRm());
  const b = signed(o, o.readGpr(Register.EAX, o.size));
  const low = o.mul(a, b);
  if (o.size === 8) {
    o.writeGpr(Register.EAX, low, 16);
    flagsProduct(o, low, o.ne(low, o.signExtend(low, 8)));
    return;
  }
  if (o.size === 16) {
    o.writeGpr(Register.EAX, low, 16);
    o.writeGpr(Register.EDX, o.shrU(low, o.constant(16)), 16);
    flagsProduct(o, low, o.ne(low, o.signExtend(low, 16)));
    return;
  }
  const high = o.mulHighS(a, b);
  o.writeGpr(Register.EAX, low, 32);
  o.writeGpr(Register.EDX, high, 32);
  flagsProduct(o, low, o.ne(high, o.shrS(low, o.constant(31))));
};

function signedProduct<V>(o: Ops<V>, a: V, b: V): V {
  const low = o.mul(a, b);
  const lost = o.size === 16 ? o.ne(low, o.signExtend(low, 16)) : o.ne(o.mulHighS(a, b), o.shrS(low, o.constant(31)));
  flagsProduct(o, low, lost);
  return low;
}

export const imulRegRm: Semantics = (o) => {
  const b = signed(o, o.readRm());
  o.writeReg(signedProduct(o, signed(o, o.readReg()), b));
};

export const imulRegRmImmediate: Semantics = (o) => {
  const a = signed(o, o.readRm());
  o.writeReg(signedProduct(o, a, signed(o, o.immediate())));
};

/** DIV and IDIV of every size; flags are left alone (undefined by the manual). */
function division(isSigned: boolean): Semantics {
  return (o) => {
    const extend = <V>(p: Ops<V>, value: V): V => (isSigned ? signed(p, value) : value);
    const divisor = extend(o, o.readRm());
    o.if(o.isZero(divisor), () => o.raise(DIVIDE_ERROR));
    let low;
    let high;
    if (o.size === 32) {
      low = o.readGpr(Register.EAX, 32);
      high = o.readGpr(Register.EDX, 32);
    } else {
      const ax = o.readGpr(Register.EAX, 16);
      if (o.size === 16) low = o.or(ax, o.shl(o.readGpr(Register.EDX, 16), o.constant(16)));
      else low = isSigned ? o.signExtend(ax, 16) : ax;
      high = isSigned ? o.shrS(low, o.constant(31)) : o.constant(0);
    }
    const { quotient, remainder, overflow } = o.divide(isSigned, high, low, divisor);
    o.if(overflow, () => o.raise(DIVIDE_ERROR));
    if (o.size !== 32) {
      const cut = isSigned ? o.signExtend(quotient, o.size) : o.zeroExtend(quotient, o.size);
      o.if(o.ne(cut, quotient), () => o.raise(DIVIDE_ERROR));
    }
    if (o.size === 8) {
      const al = o.and(quotient, o.constant(0xff));
      o.writeGpr(Register.EAX, o.or(al, o.shl(remainder, o.constant(8))), 16);
    } else {
      o.writeGpr(Register.EAX, quotient, o.size);
      o.writeGpr(Register.EDX, remainder, o.size);
    }
  };
}

export const div = division(false);
export const idiv = division(true);

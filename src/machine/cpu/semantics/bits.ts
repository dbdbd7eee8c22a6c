/** BT BTS BTR BTC BSF BSR BSWAP. */

import { CF, ZF } from '../flags';
import { type Ops, type Semantics } from '../ops';
import { signed } from './operands';

/** What becomes of the tested bit: the operand and the bit's mask give the new operand. */
type Change = <V>(o: Ops<V>, value: V, mask: V) => V;

export interface BitTestForms {
  immediate: Semantics;
  register: Semantics;
}

/** Only CF is defined; hardware leaves the other flags alone. */
function setCarry<V>(o: Ops<V>, value: V, index: V): void {
  o.setFlags(CF, o.and(o.shrU(value, index), o.constant(1)));
}

function bitTest(change?: Change): BitTestForms {
  const inOperand = <V>(o: Ops<V>, index: V): void => {
    const place = o.and(index, o.constant(o.size - 1));
    const value = change ? o.readRmForWrite() : o.readRm();
    setCarry(o, value, place);
    if (change) o.writeRm(change(o, value, o.shl(o.constant(1), place)));
  };
  return {
    immediate: (o) => inOperand(o, o.immediate()),
    register: (o) => {
      const index = o.readReg();
      if (!o.isMemory) {
        inOperand(o, index);
        return;
      }
      // The memory operand is the start of a bit string: the index, signed, reaches beyond it (SDM volume 2, "BT").
      const [unit, bytes] = o.size === 16 ? [4, 1] : [5, 2];
      const offset = o.effectiveAddress(o.shl(o.shrS(signed(o, index), o.constant(unit)), o.constant(bytes)));
      const place = o.and(index, o.constant(o.size - 1));
      if (change) o.probeStore(o.size, 'operand', offset);
      const value = o.load(o.size, 'operand', offset);
      if (change) o.store(o.size, 'operand', offset, change(o, value, o.shl(o.constant(1), place)));
      setCarry(o, value, place);
    },
  };
}

export const bt = bitTest();
export const bts = bitTest((o, value, mask) => o.or(value, mask));
export const btr = bitTest((o, value, mask) => o.and(value, o.not(mask)));
export const btc = bitTest((o, value, mask) => o.xor(value, mask));

/** With a source of 0 the destination keeps its value (documented by AMD, true of Intel's processors). */
function scan(find: <V>(o: Ops<V>, value: V) => V): Semantics {
  return (o) => {
    const value = o.readRm();
    o.if(
      value,
      () => {
        o.writeReg(find(o, value));
        o.setFlags(ZF, o.constant(0));
      },
      () => o.setFlags(ZF, o.constant(ZF)),
    );
  };
}

export const bsf = scan((o, value) => o.ctz(value));
export const bsr = scan((o, value) => o.sub(o.constant(31), o.clz(value)));

/** With 16-bit operand size the result is undefined by the manual; processors give 0. */
export const bswap: Semantics = (o) => {
  if (o.size === 16) {
    o.writeRm(o.constant(0));
    return;
  }
  const value = o.readRm();
  const even = o.rotl(o.and(value, o.constant(0x00ff00ff)), o.constant(24));
  const odd = o.rotl(o.and(value, o.constant(0xff00ff00 | 0)), o.constant(8));
  o.writeRm(o.or(even, odd));
};

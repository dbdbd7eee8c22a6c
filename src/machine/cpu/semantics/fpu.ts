/** The way into the x87: availability is checked here, the instructions themselves are in x87/. */

import { CR0 } from '../layout';
import { type Ops, type Semantics } from '../ops';

const DEVICE_NOT_AVAILABLE = 7;
const CR0_MP = 1 << 1;
const CR0_EM = 1 << 2;
const CR0_TS = 1 << 3;

/** #NM where CR0.EM or CR0.TS is set. */
function available<V>(o: Ops<V>): void {
  o.if(o.and(o.readState(CR0), o.constant(CR0_EM | CR0_TS)), () => o.raise(DEVICE_NOT_AVAILABLE));
}

export const x87: Semantics = (o) => {
  available(o);
  if (!o.isMemory) {
    o.helper('x87Register', o.opcode(), o.modrm());
    return;
  }
  const opcode = o.size === 16 ? o.or(o.opcode(), o.constant(0x100)) : o.opcode();
  o.helper('x87Memory', opcode, o.modrm(), o.operandSegment(), o.effectiveAddress());
};

export const fwait: Semantics = (o) => {
  const both = o.constant(CR0_MP | CR0_TS);
  o.if(o.eq(o.and(o.readState(CR0), both), both), () => o.raise(DEVICE_NOT_AVAILABLE));
  o.helper('x87Wait');
};

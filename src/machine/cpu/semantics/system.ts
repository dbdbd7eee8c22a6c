/** Instructions of the operating system. What is common to all of them (who may execute them, where) is here; the rest is in the helpers. */

import { VM, ZF } from '../flags';
import {
  CPL,
  CR0,
  GDTR_BASE,
  GDTR_LIMIT,
  IDTR_BASE,
  IDTR_LIMIT,
  Register,
  SEG_SELECTOR,
  SegmentRegister,
} from '../layout';
import { type HelperName, type Ops, type Semantics } from '../ops';

const INVALID_OPCODE = 6;
const GENERAL_PROTECTION = 13;
const BOUND_RANGE_EXCEEDED = 5;

export const undefinedInstruction: Semantics = (o) => o.raise(INVALID_OPCODE);
/** The immediate tells which feature is missing. */
export const unimplemented: Semantics = (o) => o.control('unimplemented', o.immediate());
/** More than 15 bytes. */
export const tooLong: Semantics = (o) => o.raise(GENERAL_PROTECTION, o.constant(0));

/** #GP(0) unless CPL is 0. */
function privileged<V>(o: Ops<V>): void {
  o.if(o.readState(CPL), () => o.raise(GENERAL_PROTECTION, o.constant(0)));
}

/** #UD in real-address and virtual-8086 mode. */
function protectedMode<V>(o: Ops<V>): void {
  const real = o.isZero(o.and(o.readState(CR0), o.constant(1)));
  const virtual = o.ne(o.and(o.eflags(), o.constant(VM)), o.constant(0));
  o.if(o.or(real, virtual), () => o.raise(INVALID_OPCODE));
}

/** A helper that needs CPL 0 and takes no operands. */
export function privilegedControl(name: HelperName): Semantics {
  return (o) => {
    privileged(o);
    o.control(name);
  };
}

/** A helper without operands that checks for itself. */
export function plainControl(name: HelperName): Semantics {
  return (o) => o.control(name);
}

/** MOV r/m, Sreg; SLDT; STR: a selector to 16 bits of memory, or zero-extended to a register. */
export function storeSelector(segment: SegmentRegister): Semantics {
  const system = segment === SegmentRegister.LDTR || segment === SegmentRegister.TR;
  return (o) => {
    if (system) protectedMode(o);
    o.writeRm(o.readState(SEG_SELECTOR + 4 * segment), o.isMemory ? 16 : o.size);
  };
}

/** MOV Sreg, r/m16. */
export function loadSegment(segment: SegmentRegister): Semantics {
  return (o) => o.control('loadSegment', o.constant(segment), o.readRm(16));
}

/** LLDT and LTR. */
export function loadSystemSegment(name: 'loadLdt' | 'loadTask'): Semantics {
  return (o) => {
    protectedMode(o);
    privileged(o);
    o.control(name, o.readRm(16));
  };
}

/** VERR and VERW. */
export function verify(name: 'verr' | 'verw'): Semantics {
  return (o) => {
    protectedMode(o);
    const valid = o.helper(name, o.readRm(16));
    o.setFlags(ZF, o.shl(valid, o.constant(6)));
  };
}

export const lar: Semantics = (o) => {
  protectedMode(o);
  const rights = o.helper('lar', o.readRm(16));
  o.if(
    o.eq(rights, o.constant(-1)),
    () => o.setFlags(ZF, o.constant(0)),
    () => {
      o.writeReg(rights);
      o.setFlags(ZF, o.constant(ZF));
    },
  );
};

export const lsl: Semantics = (o) => {
  protectedMode(o);
  const selector = o.readRm(16);
  o.if(
    o.helper('lslValid', selector),
    () => {
      o.writeReg(o.helper('lsl', selector));
      o.setFlags(ZF, o.constant(ZF));
    },
    () => o.setFlags(ZF, o.constant(0)),
  );
};

export const arpl: Semantics = (o) => {
  protectedMode(o);
  const selector = o.readRmForWrite();
  const rpl = o.and(o.readReg(), o.constant(3));
  o.if(
    o.ltU(o.and(selector, o.constant(3)), rpl),
    () => {
      o.writeRm(o.or(o.and(selector, o.constant(0xfffc)), rpl));
      o.setFlags(ZF, o.constant(ZF));
    },
    () => o.setFlags(ZF, o.constant(0)),
  );
};

/** BOUND r, m: #BR unless lower ≤ index ≤ upper, signed. */
export const bound: Semantics = (o) => {
  const lower = o.load(o.size, 'operand', o.effectiveAddress());
  const upper = o.load(o.size, 'operand', o.effectiveAddress(o.constant(o.size >> 3)));
  const extend = <V>(p: Ops<V>, value: V): V => (p.size === 16 ? p.signExtend(value, 16) : value);
  const index = extend(o, o.readReg());
  const outside = o.or(o.ltS(index, extend(o, lower)), o.ltS(extend(o, upper), index));
  o.if(outside, () => o.raise(BOUND_RANGE_EXCEEDED));
};

/** SGDT and SIDT: processors since the 386 store all 32 bits of the base at either operand size. */
function storeTable(limit: number, base: number): Semantics {
  return (o) => {
    const upper = o.effectiveAddress(o.constant(2));
    o.probeStore(32, 'operand', upper);
    o.store(16, 'operand', o.effectiveAddress(), o.readState(limit));
    o.store(32, 'operand', upper, o.readState(base));
  };
}

export const sgdt = storeTable(GDTR_LIMIT, GDTR_BASE);
export const sidt = storeTable(IDTR_LIMIT, IDTR_BASE);

/** LGDT and LIDT: with 16-bit operand size the base has 24 bits. */
export function loadTable(name: 'loadGdt' | 'loadIdt'): Semantics {
  return (o) => {
    privileged(o);
    const limit = o.load(16, 'operand', o.effectiveAddress());
    const base = o.load(32, 'operand', o.effectiveAddress(o.constant(2)));
    o.control(name, o.size === 16 ? o.and(base, o.constant(0xffffff)) : base, limit);
  };
}

/** To memory always 16 bits; to a register as many as the operand size has. */
export const smsw: Semantics = (o) => o.writeRm(o.readState(CR0), o.isMemory ? 16 : o.size);

export const lmsw: Semantics = (o) => {
  privileged(o);
  o.control('loadMachineStatus', o.readRm(16));
};

export const invlpg: Semantics = (o) => {
  privileged(o);
  o.control('invlpg', o.operandSegment(), o.effectiveAddress());
};

/** MOV r32, CRn (DRn). */
export function readSpecial(name: 'readControl' | 'readDebug', number: number): Semantics {
  return (o) => {
    privileged(o);
    o.writeRm(o.helper(name, o.constant(number)));
  };
}

/** MOV CRn (DRn), r32. */
export function writeSpecial(name: 'writeControl' | 'writeDebug', number: number): Semantics {
  return (o) => {
    privileged(o);
    o.control(name, o.constant(number), o.readRm());
  };
}

function input<V>(o: Ops<V>, port: V): void {
  o.writeGpr(Register.EAX, o.helper('in', port, o.constant(o.size)), o.size);
}

function output<V>(o: Ops<V>, port: V): void {
  o.helper('out', port, o.constant(o.size), o.readGpr(Register.EAX, o.size));
}

export const inImmediate: Semantics = (o) => input(o, o.immediate());
export const inDx: Semantics = (o) => input(o, o.readGpr(Register.EDX, 16));
export const outImmediate: Semantics = (o) => output(o, o.immediate());
export const outDx: Semantics = (o) => output(o, o.readGpr(Register.EDX, 16));

/** JMP CALL RET Jcc LOOPcc JCXZ, near and far, and software interrupts. Targets are checked before anything is written. */

import { OF } from '../flags';
import { Register, SegmentRegister } from '../layout';
import { type ConditionCode, type Ops, type Semantics } from '../ops';
import { setStackPointer, stackOffset } from './stack';
import { wordSize } from './operands';

/** With 16-bit operand size a target is cut to 16 bits. */
function cut<V>(o: Ops<V>, target: V): V {
  return o.size === 16 ? o.zeroExtend(target, 16) : target;
}

/** The target of a relative branch. */
function relative<V>(o: Ops<V>): V {
  return cut(o, o.add(o.nextEip(), o.immediate()));
}

export const jmpRelative: Semantics = (o) => o.jump(relative(o));
export const jmpRm: Semantics = (o) => o.jump(o.readRm());

function call<V>(o: Ops<V>, target: V): void {
  const back = o.nextEip();
  o.jump(target);
  o.push(back, wordSize(o));
}

export const callRelative: Semantics = (o) => call(o, relative(o));
export const callRm: Semantics = (o) => call(o, o.readRm());

function ret<V>(o: Ops<V>, release: V): void {
  o.jump(o.load(o.size, SegmentRegister.SS, stackOffset(o, 0)));
  setStackPointer(o, o.add(stackOffset(o, o.size >> 3), release));
}

export const retNear: Semantics = (o) => ret(o, o.constant(0));
export const retNearImmediate: Semantics = (o) => ret(o, o.immediate());

export function jcc(code: ConditionCode): Semantics {
  return (o) => o.if(o.condition(code), () => o.jump(relative(o)));
}

/** LOOP (`zf` undefined), LOOPE (1), LOOPNE (0). */
export function loop(zf?: 0 | 1): Semantics {
  return (o) => {
    const decremented = o.sub(o.readGpr(Register.ECX, o.addressSize), o.constant(1));
    const count = o.addressSize === 16 ? o.zeroExtend(decremented, 16) : decremented;
    let taken = o.ne(count, o.constant(0));
    if (zf !== undefined) taken = o.and(taken, o.condition(zf === 1 ? 4 : 5));
    o.if(taken, () => o.jump(relative(o)));
    o.writeGpr(Register.ECX, count, o.addressSize);
  };
}

/** JCXZ and JECXZ. */
export const jcxz: Semantics = (o) => {
  o.if(o.isZero(o.readGpr(Register.ECX, o.addressSize)), () => o.jump(relative(o)));
};

/** A far pointer in memory: offset, then selector. */
function farPointer<V>(o: Ops<V>): { offset: V; selector: V } {
  return {
    offset: o.load(o.size, 'operand', o.effectiveAddress()),
    selector: o.load(16, 'operand', o.effectiveAddress(o.constant(o.size >> 3))),
  };
}

export const jmpFarImmediate: Semantics = (o) => {
  o.control('farJump', o.immediate2(), o.immediate(), o.constant(o.size));
};

export const jmpFarMemory: Semantics = (o) => {
  const { offset, selector } = farPointer(o);
  o.control('farJump', selector, offset, o.constant(o.size));
};

export const callFarImmediate: Semantics = (o) => {
  o.control('farCall', o.immediate2(), o.immediate(), o.constant(o.size));
};

export const callFarMemory: Semantics = (o) => {
  const { offset, selector } = farPointer(o);
  o.control('farCall', selector, offset, o.constant(o.size));
};

export const retFar: Semantics = (o) => o.control('farReturn', o.constant(o.size), o.constant(0));
export const retFarImmediate: Semantics = (o) => o.control('farReturn', o.constant(o.size), o.immediate());

/** LES LDS LSS LFS LGS. */
export function loadFarPointer(segment: SegmentRegister): Semantics {
  return (o) => {
    const { offset, selector } = farPointer(o);
    const register = o.and(o.shrU(o.modrm(), o.constant(3)), o.constant(7));
    o.control('loadFarPointer', o.constant(segment), selector, offset, o.or(register, o.constant(o.size << 8)));
  };
}

export const interrupt: Semantics = (o) => o.control('interrupt', o.immediate());
export const int3: Semantics = (o) => o.control('int3');
export const icebp: Semantics = (o) => o.control('icebp');
export const into: Semantics = (o) => o.if(o.and(o.eflags(), o.constant(OF)), () => o.control('into'));
export const interruptReturn: Semantics = (o) => o.control('interruptReturn', o.constant(o.size));

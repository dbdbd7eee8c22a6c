/** PUSH POP PUSHA POPA PUSHF POPF ENTER LEAVE. */

import { IOPL, VM } from '../flags';
import { Register, SEG_SELECTOR, SegmentRegister } from '../layout';
import { type Ops, type Semantics } from '../ops';
import { wordSize } from './operands';

const GENERAL_PROTECTION = 13;

/** Offset in SS of the byte `delta` above ESP. */
export function stackOffset<V>(o: Ops<V>, delta: number): V {
  return o.and(o.add(o.readGpr(Register.ESP, 32), o.constant(delta)), o.stackMask());
}

/** Write as much of ESP as the stack's size covers. */
export function setStackPointer<V>(o: Ops<V>, value: V): void {
  const mask = o.stackMask();
  const kept = o.and(o.readGpr(Register.ESP, 32), o.not(mask));
  o.writeGpr(Register.ESP, o.or(kept, o.and(value, mask)), 32);
}

export const pushRm: Semantics = (o) => o.push(o.readRm(), wordSize(o));
export const pushImmediate: Semantics = (o) => o.push(o.immediate(), wordSize(o));

export function pushSegment(segment: SegmentRegister): Semantics {
  return (o) => o.push(o.readState(SEG_SELECTOR + 4 * segment), wordSize(o));
}

export function popSegment(segment: SegmentRegister): Semantics {
  return (o) => o.control('popSegment', o.constant(segment), o.constant(o.size));
}

/** An operand in memory is addressed with ESP as it is after the pop; the decoder has put that into the displacement. */
export const popRm: Semantics = (o) => {
  if (!o.isMemory) {
    o.writeRm(o.pop(wordSize(o)));
    return;
  }
  o.writeRm(o.load(o.size, SegmentRegister.SS, stackOffset(o, 0)));
  setStackPointer(o, stackOffset(o, o.size >> 3));
};

export const pusha: Semantics = (o) => {
  const bytes = o.size >> 3;
  for (const place of [1, 8]) o.probeStore(o.size, SegmentRegister.SS, stackOffset(o, -place * bytes));
  for (let register = 0; register < 8; register++) {
    o.store(o.size, SegmentRegister.SS, stackOffset(o, -(register + 1) * bytes), o.readGpr(register, o.size));
  }
  setStackPointer(o, stackOffset(o, -8 * bytes));
};

export const popa: Semantics = (o) => {
  const bytes = o.size >> 3;
  const order = [7, 6, 5, 4, 3, 2, 1, 0];
  const values = order.map((_, place) => o.load(o.size, SegmentRegister.SS, stackOffset(o, place * bytes)));
  setStackPointer(o, stackOffset(o, 8 * bytes));
  // The saved ESP is thrown away.
  for (const [place, register] of order.entries()) {
    if (register !== Register.ESP) o.writeGpr(register, values[place]!, o.size);
  }
};

/** #GP(0) in virtual-8086 mode unless IOPL is 3. */
function checkVirtual8086<V>(o: Ops<V>, eflags: V): void {
  o.if(
    o.eq(o.and(eflags, o.constant(VM | IOPL)), o.constant(VM | IOPL)),
    () => {},
    () => {
      o.if(o.and(eflags, o.constant(VM)), () => o.raise(GENERAL_PROTECTION, o.constant(0)));
    },
  );
}

/** VM and RF are pushed as 0. */
export const pushf: Semantics = (o) => {
  const eflags = o.eflags();
  checkVirtual8086(o, eflags);
  o.push(o.and(eflags, o.constant(0x00fcffff)), wordSize(o));
};

export const popf: Semantics = (o) => {
  checkVirtual8086(o, o.eflags());
  o.control('writeFlags', o.pop(wordSize(o)), o.constant(o.size));
};

/** ENTER imm16, imm8: a stack frame with copies of the enclosing frames' pointers. */
export const enter: Semantics = (o) => {
  const bytes = o.size >> 3;
  const level = o.and(o.immediate2(), o.constant(31));
  const frame = stackOffset(o, -bytes);
  const pointers = o.mul(level, o.constant(bytes));
  const top = o.and(o.sub(o.sub(frame, pointers), o.immediate()), o.stackMask());
  o.probeStore(o.size, SegmentRegister.SS, top);
  o.store(o.size, SegmentRegister.SS, frame, o.readGpr(Register.EBP, o.size));
  for (let i = 1; i < 31; i++) {
    o.if(o.ltU(o.constant(i), level), () => {
      const from = o.and(o.sub(o.readGpr(Register.EBP, 32), o.constant(i * bytes)), o.stackMask());
      o.store(o.size, SegmentRegister.SS, stackOffset(o, -(i + 1) * bytes), o.load(o.size, SegmentRegister.SS, from));
    });
  }
  // The frame's own pointer comes last.
  const esp = o.sub(o.readGpr(Register.ESP, 32), o.constant(bytes));
  o.if(level, () => o.store(o.size, SegmentRegister.SS, o.and(o.sub(frame, pointers), o.stackMask()), esp));
  o.writeGpr(Register.EBP, esp, o.size);
  setStackPointer(o, top);
};

export const leave: Semantics = (o) => {
  const ebp = o.readGpr(Register.EBP, 32);
  const value = o.load(o.size, SegmentRegister.SS, o.and(ebp, o.stackMask()));
  setStackPointer(o, o.add(ebp, o.constant(o.size >> 3)));
  o.writeGpr(Register.EBP, value, o.size);
};

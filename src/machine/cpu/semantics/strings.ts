/**
 * MOVS CMPS STOS LODS SCAS INS OUTS. One iteration of a repeated instruction is one instruction: it moves the registers on and asks to be executed
 * again, so that faults and interrupts between iterations find everything in order.
 */

import { Register, SegmentRegister } from '../layout';
import { type Ops, type Semantics } from '../ops';

/** One iteration; gives the condition of REPE (equal), or nothing. */
type Iteration = <V>(o: Ops<V>) => V | undefined;

function repeated(iteration: Iteration): Semantics {
  return (o) => {
    if (o.repeat === 'none') {
      iteration(o);
      return;
    }
    const count = o.readGpr(Register.ECX, o.addressSize);
    o.if(count, () => {
      const equal = iteration(o);
      const left = o.sub(count, o.constant(1));
      o.writeGpr(Register.ECX, left, o.addressSize);
      let again = o.ne(left, o.constant(0));
      if (equal !== undefined) again = o.and(again, o.repeat === 'rep' ? equal : o.isZero(equal));
      o.if(again, () => o.repeatInstruction());
    });
  };
}

function index<V>(o: Ops<V>, register: Register): V {
  return o.readGpr(register, o.addressSize);
}

/** Move an index register on by one element. */
function advance<V>(o: Ops<V>, register: Register, from: V): void {
  o.writeGpr(register, o.add(from, o.stringStep(o.size)), o.addressSize);
}

export const movs = repeated((o) => {
  const source = index(o, Register.ESI);
  const destination = index(o, Register.EDI);
  o.store(o.size, SegmentRegister.ES, destination, o.load(o.size, 'operand', source));
  advance(o, Register.ESI, source);
  advance(o, Register.EDI, destination);
  return undefined;
});

export const cmps = repeated((o) => {
  const source = index(o, Register.ESI);
  const destination = index(o, Register.EDI);
  const a = o.load(o.size, 'operand', source);
  const b = o.load(o.size, SegmentRegister.ES, destination);
  o.flagsSub(o.size, b, o.sub(a, b));
  advance(o, Register.ESI, source);
  advance(o, Register.EDI, destination);
  return o.eq(a, b);
});

export const stos = repeated((o) => {
  const destination = index(o, Register.EDI);
  o.store(o.size, SegmentRegister.ES, destination, o.readGpr(Register.EAX, o.size));
  advance(o, Register.EDI, destination);
  return undefined;
});

export const lods = repeated((o) => {
  const source = index(o, Register.ESI);
  o.writeGpr(Register.EAX, o.load(o.size, 'operand', source), o.size);
  advance(o, Register.ESI, source);
  return undefined;
});

export const scas = repeated((o) => {
  const destination = index(o, Register.EDI);
  const a = o.readGpr(Register.EAX, o.size);
  const b = o.load(o.size, SegmentRegister.ES, destination);
  o.flagsSub(o.size, b, o.sub(a, b));
  advance(o, Register.EDI, destination);
  return o.eq(a, b);
});

export const ins = repeated((o) => {
  const port = o.readGpr(Register.EDX, 16);
  const size = o.constant(o.size);
  const destination = index(o, Register.EDI);
  // Reading a port has effects: everything that can fault comes first.
  o.helper('checkPort', port, size);
  o.probeStore(o.size, SegmentRegister.ES, destination);
  o.store(o.size, SegmentRegister.ES, destination, o.helper('in', port, size));
  advance(o, Register.EDI, destination);
  return undefined;
});

export const outs = repeated((o) => {
  const port = o.readGpr(Register.EDX, 16);
  const size = o.constant(o.size);
  const source = index(o, Register.ESI);
  o.helper('checkPort', port, size);
  o.helper('out', port, size, o.load(o.size, 'operand', source));
  advance(o, Register.ESI, source);
  return undefined;
});

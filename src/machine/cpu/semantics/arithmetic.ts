/** ADD ADC SUB SBB CMP INC DEC NEG XADD CMPXCHG CMPXCHG8B. */

import { ZF } from '../flags';
import { Register } from '../layout';
import { type Semantics } from '../ops';
import { bit, comparing, signBit, unary, writing, type Binary } from './operands';

const subtract: Binary = (o, a, b) => {
  const result = o.sub(a, b);
  o.flagsSub(o.size, b, result);
  return result;
};

export const add = writing((o, a, b) => {
  const result = o.add(a, b);
  o.flagsAdd(o.size, b, result);
  return result;
});

export const sub = writing(subtract);
export const cmp = comparing(subtract);

export const adc = writing((o, a, b) => {
  const result = o.add(o.add(a, b), o.carry());
  // Carry out of the top bit: generated there, or propagated (and then the sum bit is 0).
  const carry = signBit(o, o.or(o.and(a, b), o.and(o.or(a, b), o.not(result))));
  const overflow = signBit(o, o.and(o.xor(a, result), o.xor(b, result)));
  o.flagsResult(o.size, result, carry, overflow, bit(o, o.xor(o.xor(a, b), result), 4));
  return result;
});

export const sbb = writing((o, a, b) => {
  const result = o.sub(o.sub(a, b), o.carry());
  const notA = o.not(a);
  const borrow = signBit(o, o.or(o.and(notA, b), o.and(o.or(notA, b), result)));
  const overflow = signBit(o, o.and(o.xor(a, b), o.xor(a, result)));
  o.flagsResult(o.size, result, borrow, overflow, bit(o, o.xor(o.xor(a, b), result), 4));
  return result;
});

export const inc = unary((o, a) => {
  const result = o.add(a, o.constant(1));
  o.flagsInc(o.size, result);
  return result;
});

export const dec = unary((o, a) => {
  const result = o.sub(a, o.constant(1));
  o.flagsDec(o.size, result);
  return result;
});

export const neg = unary((o, a) => {
  const result = o.neg(a);
  o.flagsSub(o.size, a, result);
  return result;
});

export const xadd: Semantics = (o) => {
  const destination = o.readRmForWrite();
  const source = o.readReg();
  const result = o.add(destination, source);
  o.flagsAdd(o.size, source, result);
  // Memory first, because the register may be part of its address; else last, so that XADD of a register with itself leaves the sum.
  if (o.isMemory) o.writeRm(result);
  o.writeReg(destination);
  if (!o.isMemory) o.writeRm(result);
};

export const cmpxchg: Semantics = (o) => {
  const destination = o.readRmForWrite();
  const accumulator = o.readGpr(Register.EAX, o.size);
  const source = o.readReg();
  o.flagsSub(o.size, destination, o.sub(accumulator, destination));
  o.if(
    o.eq(accumulator, destination),
    () => o.writeRm(source),
    () => {
      // Hardware writes the old value back, so that a read-only page faults either way.
      o.writeRm(destination);
      o.writeGpr(Register.EAX, destination, o.size);
    },
  );
};

export const cmpxchg8b: Semantics = (o) => {
  const low = o.effectiveAddress();
  const high = o.effectiveAddress(o.constant(4));
  o.probeStore(32, 'operand', low);
  o.probeStore(32, 'operand', high);
  const oldLow = o.load(32, 'operand', low);
  const oldHigh = o.load(32, 'operand', high);
  const equal = o.and(o.eq(oldLow, o.readGpr(Register.EAX, 32)), o.eq(oldHigh, o.readGpr(Register.EDX, 32)));
  o.store(32, 'operand', low, o.select(equal, o.readGpr(Register.EBX, 32), oldLow));
  o.store(32, 'operand', high, o.select(equal, o.readGpr(Register.ECX, 32), oldHigh));
  // Where they were equal, EDX:EAX already is the old value.
  o.writeGpr(Register.EAX, oldLow, 32);
  o.writeGpr(Register.EDX, oldHigh, 32);
  o.setFlags(ZF, o.shl(equal, o.constant(6)));
};

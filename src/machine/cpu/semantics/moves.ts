/** MOV MOVZX MOVSX LEA XCHG XLAT CMOVcc SETcc CBW/CWDE CWD/CDQ and NOP. */

import { Register } from '../layout';
import { type ConditionCode, type Semantics } from '../ops';

export const nop: Semantics = () => {};

export const movRmReg: Semantics = (o) => o.writeRm(o.readReg());
export const movRegRm: Semantics = (o) => o.writeReg(o.readRm());
export const movRmImmediate: Semantics = (o) => o.writeRm(o.immediate());

export const movzx8: Semantics = (o) => o.writeReg(o.readRm(8));
export const movzx16: Semantics = (o) => o.writeReg(o.readRm(16));
export const movsx8: Semantics = (o) => o.writeReg(o.signExtend(o.readRm(8), 8));
export const movsx16: Semantics = (o) => o.writeReg(o.signExtend(o.readRm(16), 16));

export const lea: Semantics = (o) => o.writeReg(o.effectiveAddress());

export const xchg: Semantics = (o) => {
  const a = o.readRmForWrite();
  const b = o.readReg();
  o.writeRm(b);
  o.writeReg(a);
};

export const xlat: Semantics = (o) => {
  const base = o.readGpr(Register.EBX, o.addressSize);
  const sum = o.add(base, o.readGpr(Register.EAX, 8));
  const offset = o.addressSize === 16 ? o.zeroExtend(sum, 16) : sum;
  o.writeGpr(Register.EAX, o.load(8, 'operand', offset), 8);
};

/** The source is read even where the condition does not hold. */
export function cmov(code: ConditionCode): Semantics {
  return (o) => {
    const source = o.readRm();
    o.writeReg(o.select(o.condition(code), source, o.readReg()));
  };
}

export function setcc(code: ConditionCode): Semantics {
  return (o) => o.writeRm(o.condition(code));
}

/** CBW and CWDE. */
export const cbw: Semantics = (o) => {
  const half = o.size === 16 ? 8 : 16;
  o.writeGpr(Register.EAX, o.signExtend(o.readGpr(Register.EAX, half), half), o.size);
};

/** CWD and CDQ. */
export const cwd: Semantics = (o) => {
  const value = o.readGpr(Register.EAX, o.size);
  const sign = o.shrS(o.size === 16 ? o.signExtend(value, 16) : value, o.constant(31));
  o.writeGpr(Register.EDX, sign, o.size);
};

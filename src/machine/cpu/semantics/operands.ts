/** How the operands of two- and one-operand instructions are read and written; the instruction itself is a function of values. */

import { type Ops, type Semantics } from '../ops';

/** Computes the result of two operands and sets the flags. */
export type Binary = <V>(o: Ops<V>, a: V, b: V) => V;
/** Computes the result of one operand and sets the flags. */
export type Unary = <V>(o: Ops<V>, a: V) => V;

/** A two-operand instruction in its three shapes. */
export interface BinaryForms {
  rmReg: Semantics;
  regRm: Semantics;
  rmImmediate: Semantics;
}

/** Instructions that write their first operand: ADD, OR, ADC… */
export function writing(operation: Binary): BinaryForms {
  return {
    rmReg: (o) => {
      const a = o.readRmForWrite();
      o.writeRm(operation(o, a, o.readReg()));
    },
    regRm: (o) => {
      const b = o.readRm();
      o.writeReg(operation(o, o.readReg(), b));
    },
    rmImmediate: (o) => {
      const a = o.readRmForWrite();
      o.writeRm(operation(o, a, o.immediate()));
    },
  };
}

/** Instructions that only set flags: CMP, TEST. */
export function comparing(operation: Binary): BinaryForms {
  return {
    rmReg: (o) => {
      operation(o, o.readRm(), o.readReg());
    },
    regRm: (o) => {
      const b = o.readRm();
      operation(o, o.readReg(), b);
    },
    rmImmediate: (o) => {
      operation(o, o.readRm(), o.immediate());
    },
  };
}

export function unary(operation: Unary): Semantics {
  return (o) => {
    o.writeRm(operation(o, o.readRmForWrite()));
  };
}

/** Bit `index` (static) of a value, as 0 or 1. */
export function bit<V>(o: Ops<V>, value: V, index: number): V {
  return o.and(o.shrU(value, o.constant(index)), o.constant(1));
}

/** The top bit of a value of the form's operand size, as 0 or 1. */
export function signBit<V>(o: Ops<V>, value: V): V {
  return bit(o, value, o.size - 1);
}

/** A value of the form's operand size, sign-extended to 32 bits. */
export function signed<V>(o: Ops<V>, value: V): V {
  return o.size === 32 ? value : o.signExtend(value, o.size);
}

/** The operand size where it can only be 16 or 32. */
export function wordSize<V>(o: Ops<V>): 16 | 32 {
  return o.size === 16 ? 16 : 32;
}

/** The part of the emitter that makes values and statements, and its arithmetic. */

import { Op } from './assembler';
import { emitDivide } from './emit';
import { constant, type Expression, operation, read, recordField, type Statement } from './expression';
import { OVERFLOW, QUOTIENT, REMAINDER } from './record';

export abstract class ValueEmitter {
  statements: Statement[] = [];

  // ---- making nodes

  protected pure(op: Op, ...operands: Expression[]): Expression {
    const value = operation(op, ...operands);
    if (value.kind === 'pure') this.statements.push({ kind: 'let', value });
    return value;
  }

  protected field(offset: number, op: Op.i32_load | Op.i32_load8_u | Op.i32_load16_u): Expression {
    const value = recordField(offset, op);
    this.statements.push({ kind: 'let', value });
    return value;
  }

  protected read(value: Expression, always = false): Expression {
    this.statements.push({ kind: 'read', value, always });
    return value;
  }

  protected do(operands: readonly Expression[], emit: Extract<Statement, { kind: 'do' }>['emit']): void {
    this.statements.push({ kind: 'do', operands, emit });
  }

  /** A word of the state. */
  protected word(offset: number): Expression {
    return this.read(read([], 32, ({ code }) => code.load(offset)));
  }

  /** Store to fixed words of the state. */
  protected setWord(offset: number, value: Expression): void {
    this.do([value], (writer) => {
      writer.code.const(0);
      writer.value(value);
      writer.code.memory(Op.i32_store, offset);
    });
  }

  // ---- arithmetic

  constant(value: number): Expression {
    return constant(value);
  }

  add(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_add, a, b);
  }

  sub(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_sub, a, b);
  }

  mul(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_mul, a, b);
  }

  and(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_and, a, b);
  }

  or(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_or, a, b);
  }

  xor(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_xor, a, b);
  }

  not(a: Expression): Expression {
    return this.pure(Op.i32_xor, a, constant(-1));
  }

  neg(a: Expression): Expression {
    return this.pure(Op.i32_sub, constant(0), a);
  }

  shl(a: Expression, n: Expression): Expression {
    return this.pure(Op.i32_shl, a, n);
  }

  shrU(a: Expression, n: Expression): Expression {
    return this.pure(Op.i32_shr_u, a, n);
  }

  shrS(a: Expression, n: Expression): Expression {
    return this.pure(Op.i32_shr_s, a, n);
  }

  rotl(a: Expression, n: Expression): Expression {
    return this.pure(Op.i32_rotl, a, n);
  }

  eq(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_eq, a, b);
  }

  ne(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_ne, a, b);
  }

  ltU(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_lt_u, a, b);
  }

  ltS(a: Expression, b: Expression): Expression {
    return this.pure(Op.i32_lt_s, a, b);
  }

  isZero(a: Expression): Expression {
    return this.pure(Op.i32_eqz, a);
  }

  clz(a: Expression): Expression {
    return this.pure(Op.i32_clz, a);
  }

  ctz(a: Expression): Expression {
    return this.pure(Op.i32_ctz, a);
  }

  popcount(a: Expression): Expression {
    return this.pure(Op.i32_popcnt, a);
  }

  signExtend(a: Expression, from: 8 | 16): Expression {
    return this.pure(from === 8 ? Op.i32_extend8_s : Op.i32_extend16_s, a);
  }

  zeroExtend(a: Expression, from: 8 | 16): Expression {
    return this.pure(Op.i32_and, a, constant(from === 8 ? 0xff : 0xffff));
  }

  mulHighU(a: Expression, b: Expression): Expression {
    return this.mulHigh(Op.i64_extend_i32_u, a, b);
  }

  mulHighS(a: Expression, b: Expression): Expression {
    return this.mulHigh(Op.i64_extend_i32_s, a, b);
  }

  private mulHigh(extend: Op, a: Expression, b: Expression): Expression {
    return this.read(
      read([a, b], 32, (writer) => {
        writer.value(a);
        writer.code.op(extend);
        writer.value(b);
        writer.code.op(extend, Op.i64_mul).const64(32).op(Op.i64_shr_u, Op.i32_wrap_i64);
      }),
    );
  }

  divide(
    signed: boolean,
    high: Expression,
    low: Expression,
    divisor: Expression,
  ): { quotient: Expression; remainder: Expression; overflow: Expression } {
    this.do([high, low, divisor], (writer) => emitDivide(writer, signed, high, low, divisor));
    const result = (place: 'quotient' | 'remainder' | 'overflow'): Expression =>
      this.word(place === 'quotient' ? QUOTIENT : place === 'remainder' ? REMAINDER : OVERFLOW);
    return { quotient: result('quotient'), remainder: result('remainder'), overflow: result('overflow') };
  }

  select(condition: Expression, a: Expression, b: Expression): Expression {
    return this.pure(Op.select, a, b, condition);
  }
}

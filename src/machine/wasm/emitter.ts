/**
 * Ops<Expression>: runs an instruction's semantics once to find out what its handler has to do. writer.ts then writes it down.
 *
 * Handlers are for the usual 32-bit mode alone (MODE_CODE32, MODE_STACK32 and MODE_FLAT set): there, offsets through ES, CS, SS and DS are linear
 * addresses, and any offset may be jumped to. Everything else is the evaluator's.
 */

import { ARITHMETIC, FlagKind, flagShift } from '../cpu/flags';
import { type Form } from '../cpu/forms';
import { EFLAGS, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT, Register, SegmentRegister } from '../cpu/layout';
import { type ConditionCode, type HelperName, type Ops, type SegmentChoice, type Size } from '../cpu/ops';
import { Op } from './assembler';
import { constant, type Expression, nextEip, read, type Statement } from './expression';
import {
  type Address,
  emitCarry,
  emitCondition,
  emitHelper,
  emitLoad,
  emitLoadForWrite,
  emitProbe,
  emitStore,
  emitStoreAgain,
  loadOp,
  storeOp,
} from './emit';
import { RECORD_DISPLACEMENT, RECORD_IMMEDIATE, RECORD_INDEX, RECORD_LENGTH, RECORD_REG, RECORD_RM } from './record';
import { ValueEmitter } from './emitter-values';

/** How a handler finds its memory operand, or its branch target. */
export const enum Operand {
  /** Base and displacement, in a flat segment; also where there is no memory operand. */
  Base = 0,
  /** Base, scaled index and displacement, in a flat segment. */
  Index = 1,
  /** The same in a segment that has to be looked at: FS, GS, and CS, to which nothing may be written. */
  Segmented = 2,
  /** A relative branch to its own page. */
  Near = 3,
}
export const OPERANDS = 4;

/** Thrown where a form cannot be emitted: it is the evaluator's then. */
export class NotEmitted extends Error {}

/** What the flags were set to last in this handler, if that is known. */
interface KnownFlags {
  kind: FlagKind.Sub | FlagKind.Logic;
  /** Shifted as the flag words are. */
  a: Expression;
  operand: Expression;
  result: Expression;
}

export class Emitter extends ValueEmitter implements Ops<Expression> {
  readonly size: Size;
  readonly addressSize: 16 | 32;
  readonly isMemory: boolean;
  readonly repeat: 'none' | 'rep' | 'repne';
  /** Opcode and ModRM take the immediate's place in the record. */
  usesOpcode = false;
  usesImmediate = false;
  /** The second immediate takes the displacement's place. */
  usesImmediate2 = false;
  usesAddress = false;
  /** Widths at which the register operands are accessed: 8-bit registers are numbered otherwise. */
  regIs8: boolean | undefined;
  rmIs8: boolean | undefined;
  /** A relative branch was met: the form may have a handler for Operand.Near. */
  branches = false;
  /** Many iterations may be done at once before the one that the semantics do. */
  readonly bulk: 'bulkMovs' | 'bulkStos' | undefined;
  private forWrite: { address: Address; host: { local: number } } | undefined;
  private known: KnownFlags | undefined;

  constructor(
    form: Form,
    private readonly operand: Operand,
    known?: KnownFlags,
  ) {
    super();
    this.size = form.size;
    this.addressSize = form.addressSize;
    this.isMemory = form.isMemory;
    this.repeat = form.repeat;
    this.known = known;
    if (form.repeat !== 'none' && operand === Operand.Base) {
      if (form.mnemonic === 'movs') this.bulk = 'bulkMovs';
      else if (form.mnemonic === 'stos') this.bulk = 'bulkStos';
    }
    if (form.usesAddressSize && form.addressSize === 16) throw new NotEmitted();
  }

  /** For the second of two fused instructions. */
  get flags(): KnownFlags | undefined {
    return this.known;
  }

  // ---- operands

  private register(address: Expression, size: Size): Expression {
    return this.read(
      read([address], size, (writer) => {
        writer.value(address);
        writer.code.memory(loadOp(size));
      }),
    );
  }

  private setRegister(address: Expression, value: Expression, size: Size): void {
    this.do([address, value], (writer) => {
      writer.value(address);
      writer.value(value);
      writer.code.memory(storeOp(size));
    });
  }

  private regAddress(size: Size): Expression {
    if ((this.regIs8 ??= size === 8) !== (size === 8)) throw new NotEmitted();
    return this.field(RECORD_REG, Op.i32_load8_u);
  }

  private rmAddress(size: Size): Expression {
    if ((this.rmIs8 ??= size === 8) !== (size === 8)) throw new NotEmitted();
    return this.field(RECORD_RM, Op.i32_load8_u);
  }

  /** The memory operand's offset, computed afresh from the registers. */
  private offset(): Expression {
    this.usesAddress = true;
    const base = this.register(this.field(RECORD_RM, Op.i32_load8_u), 32);
    const displaced = this.pure(Op.i32_add, base, this.field(RECORD_DISPLACEMENT, Op.i32_load));
    if (this.operand === Operand.Base || this.operand === Operand.Near) return displaced;
    const packed = this.field(RECORD_INDEX, Op.i32_load8_u);
    const index = this.register(this.pure(Op.i32_and, packed, constant(0x3c)), 32);
    const scaled = this.pure(Op.i32_shl, index, this.pure(Op.i32_and, packed, constant(3)));
    return this.pure(Op.i32_add, displaced, scaled);
  }

  private address(segment: SegmentChoice, offset: Expression): Address {
    if (segment === 'operand') {
      if (this.operand !== Operand.Segmented) return { offset, segment: undefined };
      return { offset, segment: this.operandSegment() };
    }
    const flat = segment <= SegmentRegister.DS && segment !== SegmentRegister.CS;
    return { offset, segment: flat ? undefined : constant(segment) };
  }

  readRm(size: Size = this.size): Expression {
    if (!this.isMemory) return this.register(this.rmAddress(size), size);
    return this.load(size, 'operand', this.offset());
  }

  readRmForWrite(size: Size = this.size): Expression {
    if (!this.isMemory) return this.register(this.rmAddress(size), size);
    const address = this.address('operand', this.offset());
    const host = { local: -1 };
    this.forWrite = { address, host };
    return this.read(
      read(operandsOf(address), size, (writer) => emitLoadForWrite(writer, address, size, host)),
      true,
    );
  }

  writeRm(value: Expression, size: Size = this.size): void {
    if (!this.isMemory) {
      this.setRegister(this.rmAddress(size), value, size);
      return;
    }
    if (this.forWrite === undefined) {
      this.store(size, 'operand', this.offset(), value);
      return;
    }
    const { address, host } = this.forWrite;
    this.do([...operandsOf(address), value], (writer) => emitStoreAgain(writer, address, size, value, host));
  }

  readReg(size: Size = this.size): Expression {
    return this.register(this.regAddress(size), size);
  }

  writeReg(value: Expression, size: Size = this.size): void {
    this.setRegister(this.regAddress(size), value, size);
  }

  readGpr(register: Register, size: Size): Expression {
    return this.register(constant(registerOffset(register, size === 8)), size);
  }

  writeGpr(register: Register, value: Expression, size: Size): void {
    this.setRegister(constant(registerOffset(register, size === 8)), value, size);
  }

  immediate(): Expression {
    this.usesImmediate = true;
    return this.field(RECORD_IMMEDIATE, Op.i32_load);
  }

  immediate2(): Expression {
    this.usesImmediate2 = true;
    return this.field(RECORD_DISPLACEMENT, Op.i32_load);
  }

  effectiveAddress(plus?: Expression): Expression {
    const offset = this.offset();
    return plus === undefined ? offset : this.pure(Op.i32_add, offset, plus);
  }

  operandSegment(): Expression {
    return this.pure(Op.i32_shr_u, this.field(RECORD_LENGTH, Op.i32_load8_u), constant(4));
  }

  opcode(): Expression {
    this.usesOpcode = true;
    return this.pure(Op.i32_and, this.field(RECORD_IMMEDIATE, Op.i32_load), constant(0xffff));
  }

  modrm(): Expression {
    this.usesOpcode = true;
    return this.pure(Op.i32_shr_u, this.field(RECORD_IMMEDIATE, Op.i32_load), constant(16));
  }

  // ---- memory

  load(size: Size, segment: SegmentChoice, offset: Expression): Expression {
    const address = this.address(segment, offset);
    return this.read(
      read(operandsOf(address), size, (writer) => emitLoad(writer, address, size)),
      true,
    );
  }

  store(size: Size, segment: SegmentChoice, offset: Expression, value: Expression): void {
    const address = this.address(segment, offset);
    this.do([...operandsOf(address), value], (writer) => emitStore(writer, address, size, value));
  }

  probeStore(size: Size, segment: SegmentChoice, offset: Expression): void {
    const address = this.address(segment, offset);
    this.do(operandsOf(address), (writer) => emitProbe(writer, address, size));
  }

  push(value: Expression, size: 16 | 32): void {
    const top = this.sub(this.readGpr(Register.ESP, 32), constant(size >> 3));
    this.store(size, SegmentRegister.SS, top, value);
    this.writeGpr(Register.ESP, top, 32);
  }

  pop(size: 16 | 32): Expression {
    const top = this.readGpr(Register.ESP, 32);
    const value = this.load(size, SegmentRegister.SS, top);
    this.writeGpr(Register.ESP, this.add(top, constant(size >> 3)), 32);
    return value;
  }

  stackMask(): Expression {
    return constant(-1);
  }

  readState(offset: number): Expression {
    return this.word(offset);
  }

  // ---- control inside an instruction

  if(condition: Expression, then: () => void, otherwise?: () => void): void {
    const outer = this.statements;
    const branch = (body: (() => void) | undefined): Statement[] => {
      this.statements = [];
      body?.();
      return this.statements;
    };
    const known = this.known;
    const thenStatements = branch(then);
    this.known = known;
    const otherwiseStatements = branch(otherwise);
    this.known = undefined;
    this.statements = outer;
    outer.push({ kind: 'if', condition, then: thenStatements, otherwise: otherwiseStatements });
  }

  variable(initial: Expression): { get(): Expression; set(value: Expression): void } {
    const place = { local: -1 };
    const set = (value: Expression): void =>
      this.do([value], (writer) => {
        if (place.local < 0) place.local = writer.temporary();
        writer.value(value);
        writer.code.set(place.local);
      });
    set(initial);
    return {
      get: () => this.read(read([], 32, ({ code }) => code.get(place.local))),
      set,
    };
  }

  raise(vector: number, errorCode?: Expression): void {
    this.statements.push({ kind: 'raise', operands: [constant(vector), errorCode ?? constant(-1)] });
  }

  // ---- flags

  private lazy(
    kind: FlagKind,
    size: Size,
    result: Expression,
    operand?: Expression,
  ): { operand?: Expression; result: Expression } {
    const shift = constant(flagShift(size));
    const shifted = this.pure(Op.i32_shl, result, shift);
    const shiftedOperand = operand && this.pure(Op.i32_shl, operand, shift);
    this.setWord(FLAG_KIND, constant(kind | flagShift(size)));
    if (shiftedOperand) this.setWord(FLAG_OPERAND, shiftedOperand);
    this.setWord(FLAG_RESULT, shifted);
    this.known = undefined;
    return { operand: shiftedOperand, result: shifted };
  }

  flagsAdd(size: Size, operand: Expression, result: Expression): void {
    this.lazy(FlagKind.Add, size, result, operand);
  }

  flagsSub(size: Size, operand: Expression, result: Expression): void {
    const shifted = this.lazy(FlagKind.Sub, size, result, operand);
    const direct = size === 32 && result.op === Op.i32_sub && result.operands[1] === operand;
    const a = direct ? result.operands[0] : this.add(shifted.result, shifted.operand!);
    this.known = { kind: FlagKind.Sub, a, operand: shifted.operand!, result: shifted.result };
  }

  flagsLogic(size: Size, result: Expression): void {
    const shifted = this.lazy(FlagKind.Logic, size, result);
    this.known = { kind: FlagKind.Logic, a: shifted.result, operand: constant(0), result: shifted.result };
  }

  flagsInc(size: Size, result: Expression): void {
    this.keepCarry();
    this.lazy(FlagKind.Inc, size, result);
  }

  flagsDec(size: Size, result: Expression): void {
    this.keepCarry();
    this.lazy(FlagKind.Dec, size, result);
  }

  /** Bring CF into EFLAGS, if it is still to be computed. */
  private keepCarry(): void {
    this.do([], ({ code, functions }) => {
      // Kinds from Add up to below Inc.
      code
        .load(FLAG_KIND)
        .const(1)
        .op(Op.i32_sub)
        .const(FlagKind.Inc - 1)
        .op(Op.i32_lt_u);
      code.open(Op.if);
      code.const(0).load(EFLAGS).const(~1).op(Op.i32_and).call(functions.carry).op(Op.i32_or);
      code.memory(Op.i32_store, EFLAGS).end();
    });
  }

  flagsResult(size: Size, result: Expression, cf: Expression, of: Expression, af: Expression): void {
    const kept = this.and(this.word(EFLAGS), constant(~0x811));
    const given = this.or(this.or(cf, this.shl(of, constant(11))), this.shl(af, constant(4)));
    this.setWord(EFLAGS, this.or(kept, given));
    this.lazy(FlagKind.Result, size, result);
  }

  setFlags(mask: number, value: Expression): void {
    if ((mask & ARITHMETIC) !== 0) {
      this.do([], ({ code, functions }) => code.call(functions.materialise));
      this.known = undefined;
    }
    const kept = this.and(this.word(EFLAGS), constant(~mask));
    this.setWord(EFLAGS, this.or(kept, this.and(value, constant(mask))));
  }

  condition(code: ConditionCode): Expression {
    const known = this.known && this.knownCondition(code, this.known);
    if (known !== undefined) return known;
    return this.read(read([], 1, (writer) => emitCondition(writer, code)));
  }

  /** The condition straight from the operands, where they are known and it is worth it. */
  private knownCondition(code: ConditionCode, { kind, a, operand, result }: KnownFlags): Expression | undefined {
    const negate = (code & 1) !== 0;
    const logic = kind === FlagKind.Logic;
    const zero = constant(0);
    switch (code >> 1) {
      case 1:
        return logic ? undefined : this.pure(negate ? Op.i32_ge_u : Op.i32_lt_u, a, operand);
      case 2:
        return this.pure(negate ? Op.i32_ne : Op.i32_eq, ...(logic ? [result, zero] : [a, operand]));
      case 3:
        if (logic) return this.pure(negate ? Op.i32_ne : Op.i32_eq, result, zero);
        return this.pure(negate ? Op.i32_gt_u : Op.i32_le_u, a, operand);
      case 4:
        return this.pure(negate ? Op.i32_ge_s : Op.i32_lt_s, result, zero);
      case 6:
        return this.pure(negate ? Op.i32_ge_s : Op.i32_lt_s, ...(logic ? [result, zero] : [a, operand]));
      case 7:
        return this.pure(negate ? Op.i32_gt_s : Op.i32_le_s, ...(logic ? [result, zero] : [a, operand]));
      default:
        return undefined;
    }
  }

  carry(): Expression {
    return this.read(read([], 1, emitCarry));
  }

  eflags(): Expression {
    return this.read(read([], 32, ({ code, functions }) => code.call(functions.eflags)));
  }

  stringStep(size: Size): Expression {
    const bytes = size >> 3;
    const down = this.and(this.shrU(this.word(EFLAGS), constant(10)), constant(1));
    return this.sub(constant(bytes), this.shl(down, constant(Math.log2(bytes) + 1)));
  }

  // ---- flow

  jump(target: Expression): void {
    const [a, b] = target.operands;
    const relative =
      target.kind === 'pure' &&
      target.op === Op.i32_add &&
      a.kind === 'next-eip' &&
      b.kind === 'record' &&
      b.value === RECORD_IMMEDIATE;
    this.branches ||= relative;
    const near = relative && this.operand === Operand.Near;
    this.statements.push(
      near
        ? { kind: 'exit', how: 'branch', operands: [], helper: undefined }
        : { kind: 'exit', how: 'jump', operands: [target], helper: undefined },
    );
  }

  nextEip(): Expression {
    const value = nextEip();
    this.statements.push({ kind: 'let', value });
    return value;
  }

  repeatInstruction(): void {
    this.statements.push({ kind: 'exit', how: 'repeat', operands: [], helper: undefined });
  }

  // ---- helpers

  helper(name: HelperName, ...given: (Expression | undefined)[]): Expression {
    const operands = helperOperands(given);
    return this.read(
      read(operands, 32, (writer) => emitHelper(writer, name, operands)),
      true,
    );
  }

  control(name: HelperName, ...given: (Expression | undefined)[]): void {
    this.statements.push({ kind: 'exit', how: 'control', operands: helperOperands(given), helper: name });
  }
}

/** Offset in the state of a register. */
export function registerOffset(register: number, is8: boolean): number {
  return is8 && register >= 4 ? (register - 4) * 4 + 1 : register * 4;
}

function operandsOf(address: Address): Expression[] {
  return address.segment === undefined ? [address.offset] : [address.offset, address.segment];
}

function helperOperands(given: readonly (Expression | undefined)[]): Expression[] {
  return [0, 1, 2, 3].map((n) => given[n] ?? constant(0));
}

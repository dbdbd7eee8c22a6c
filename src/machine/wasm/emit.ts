/** The larger pieces of a handler, as WebAssembly: memory through the TLB, lazy flags, calls out. */

import { FlagKind } from '../cpu/flags';
import {
  EFLAGS,
  FLAG_KIND,
  FLAG_OPERAND,
  FLAG_RESULT,
  SEG_BASE,
  SEG_READ_FAST,
  SEG_WRITE_FAST,
  TLB_READ_SUPERVISOR,
  TLB_WRITE_SUPERVISOR,
} from '../cpu/layout';
import { type ConditionCode, type HelperName, type Size } from '../cpu/ops';
import { Op, Type } from './assembler';
import { type Expression, type Writer } from './expression';
import { helperNumber } from './imports';

/** A memory operand: a linear address, or an offset in a segment (whose number is a value). */
export interface Address {
  offset: Expression;
  segment: Expression | undefined;
}

export function loadOp(size: Size): Op.i32_load | Op.i32_load8_u | Op.i32_load16_u {
  return size === 8 ? Op.i32_load8_u : size === 16 ? Op.i32_load16_u : Op.i32_load;
}

export function storeOp(size: Size): Op.i32_store | Op.i32_store8 | Op.i32_store16 {
  return size === 8 ? Op.i32_store8 : size === 16 ? Op.i32_store16 : Op.i32_store;
}

const READ = { tlb: TLB_READ_SUPERVISOR, fast: SEG_READ_FAST };
const WRITE = { tlb: TLB_WRITE_SUPERVISOR, fast: SEG_WRITE_FAST };

/** Leave on the stack where in the memory the operand is; go to `slow` where that takes a closer look. */
function emitHostAddress(writer: Writer, address: Address, size: Size, way: typeof READ, slow: number): void {
  const { code } = writer;
  const linear = emitLinear(writer, address, way, slow);
  const entry = writer.temporary();
  code.get(linear).const(12).op(Op.i32_shr_u).const(2).op(Op.i32_shl).get(writer.locals.user).op(Op.i32_add);
  code.memory(Op.i32_load, way.tlb).tee(entry).const(-1).op(Op.i32_eq).brIf(slow);
  if (size > 8)
    code
      .get(linear)
      .const(0xfff)
      .op(Op.i32_and)
      .const(4096 - (size >> 3))
      .op(Op.i32_gt_u)
      .brIf(slow);
  code.get(linear).get(entry).op(Op.i32_xor);
}

/** A local that holds the linear address; the segment's bounds are checked. */
function emitLinear(writer: Writer, { offset, segment }: Address, way: typeof READ, slow: number): number {
  const { code } = writer;
  const linear = writer.temporary();
  if (segment === undefined) {
    writer.value(offset);
    code.set(linear);
    return linear;
  }
  const place = writer.temporary();
  writer.value(offset);
  code.tee(linear);
  writer.value(segment);
  code.const(2).op(Op.i32_shl).tee(place).memory(Op.i32_load, way.fast).op(Op.i32_ge_u).brIf(slow);
  code.get(linear).get(place).memory(Op.i32_load, SEG_BASE).op(Op.i32_add).set(linear);
  return linear;
}

/** The arguments of a slow path: linear address or segment and offset, size in bytes, and where we are. */
function emitSlowArguments(writer: Writer, { offset, segment }: Address, size: Size): void {
  if (segment !== undefined) writer.value(segment);
  writer.value(offset);
  writer.code.const(size >> 3);
}

export function emitLoad(writer: Writer, address: Address, size: Size): void {
  const { code, functions } = writer;
  const done = code.open(Op.block, Type.I32);
  const slow = code.open(Op.block);
  emitHostAddress(writer, address, size, READ, slow);
  code.memory(loadOp(size)).br(done).end();
  emitSlowArguments(writer, address, size);
  writer.context();
  code.call(address.segment === undefined ? functions.read : functions.readSegment).end();
}

/** Load, with the right to write checked; notes in `host` the local with the place in memory, 0 for the slow path. */
export function emitLoadForWrite(writer: Writer, address: Address, size: Size, host: { local: number }): void {
  const { code, functions } = writer;
  host.local = writer.temporary();
  const done = code.open(Op.block, Type.I32);
  const slow = code.open(Op.block);
  emitHostAddress(writer, address, size, WRITE, slow);
  code.tee(host.local).memory(loadOp(size)).br(done).end();
  code.const(0).set(host.local);
  emitSlowArguments(writer, address, size);
  writer.context();
  code.call(address.segment === undefined ? functions.readForWrite : functions.readSegmentForWrite).end();
}

/** The store after `emitLoadForWrite`. */
export function emitStoreAgain(
  writer: Writer,
  address: Address,
  size: Size,
  value: Expression,
  host: { local: number },
): void {
  const { code } = writer;
  code.get(host.local).open(Op.if);
  code.get(host.local);
  writer.value(value);
  code.memory(storeOp(size)).op(Op.else);
  emitSlowStore(writer, address, size, value);
  code.end();
}

export function emitStore(writer: Writer, address: Address, size: Size, value: Expression): void {
  const { code } = writer;
  const done = code.open(Op.block);
  const slow = code.open(Op.block);
  emitHostAddress(writer, address, size, WRITE, slow);
  writer.value(value);
  code.memory(storeOp(size)).br(done).end();
  emitSlowStore(writer, address, size, value);
  code.end();
}

function emitSlowStore(writer: Writer, address: Address, size: Size, value: Expression): void {
  const { code, functions } = writer;
  emitSlowArguments(writer, address, size);
  writer.value(value);
  writer.context();
  code.call(address.segment === undefined ? functions.write : functions.writeSegment);
  writer.truncate();
}

export function emitProbe(writer: Writer, address: Address, size: Size): void {
  const { code, functions } = writer;
  const done = code.open(Op.block);
  const slow = code.open(Op.block);
  emitHostAddress(writer, address, size, WRITE, slow);
  code.op(Op.drop).br(done).end();
  emitSlowArguments(writer, address, size);
  writer.context();
  code.call(address.segment === undefined ? functions.probe : functions.probeSegment).end();
}

/** A helper's result is left on the stack. */
export function emitHelper(writer: Writer, name: HelperName, operands: readonly Expression[]): void {
  const { code, functions } = writer;
  code.const(helperNumber(name));
  for (const operand of operands) writer.value(operand);
  writer.context();
  code.call(functions.helper);
  writer.truncate();
}

export function emitDivide(
  writer: Writer,
  signed: boolean,
  high: Expression,
  low: Expression,
  divisor: Expression,
): void {
  for (const value of [high, low, divisor]) writer.value(value);
  writer.code.call(signed ? writer.functions.divideSigned : writer.functions.divideUnsigned);
}

/** Begins an `if` with a result: whether the flags are those of a subtraction. */
function openIfSubtraction({ code }: Writer): void {
  const family = FlagKind.Sub >> 5;
  code.load(FLAG_KIND).const(5).op(Op.i32_shr_u).const(family).op(Op.i32_eq).open(Op.if, Type.I32);
}

export function emitCarry(writer: Writer): void {
  const { code, functions } = writer;
  openIfSubtraction(writer);
  code.load(FLAG_RESULT).load(FLAG_OPERAND).op(Op.i32_add).load(FLAG_OPERAND).op(Op.i32_lt_u);
  code.op(Op.else).call(functions.carry).end();
}

/** A condition from the lazy flags: the usual families here, the others by a call. */
export function emitCondition(writer: Writer, condition: ConditionCode): void {
  const { code, functions } = writer;
  const base = condition >> 1;
  switch (base) {
    case 1:
      emitCarry(writer);
      break;
    case 2:
    case 4:
      code.load(FLAG_KIND).open(Op.if, Type.I32);
      if (base === 2) code.load(FLAG_RESULT).op(Op.i32_eqz);
      else code.load(FLAG_RESULT).const(31).op(Op.i32_shr_u);
      code.op(Op.else);
      code
        .load(EFLAGS)
        .const(base === 2 ? 6 : 7)
        .op(Op.i32_shr_u)
        .const(1)
        .op(Op.i32_and)
        .end();
      break;
    case 3:
    case 6:
    case 7:
      openIfSubtraction(writer);
      code.load(FLAG_RESULT).load(FLAG_OPERAND).op(Op.i32_add).load(FLAG_OPERAND);
      code.op(base === 3 ? Op.i32_le_u : base === 6 ? Op.i32_lt_s : Op.i32_le_s);
      code.op(Op.else).const(base).call(functions.condition).end();
      break;
    default:
      code.const(base).call(functions.condition);
  }
  if ((condition & 1) !== 0) code.op(Op.i32_eqz);
}

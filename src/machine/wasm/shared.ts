/** Bodies of the functions that all handlers share: lazy flags (cpu/flags.ts), division, and the ways out to TypeScript. */

import { ARITHMETIC, FlagKind, ZF } from '../cpu/flags';
import { EFLAGS, EIP, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT, NEXT_EIP, PENDING, REMAINING } from '../cpu/layout';
import { Code, type ModuleBuilder, Op, Type } from './assembler';
import { defineBulk } from './bulk';
import { type Functions, IMPORTED, type ImportedName, SHARED, type SharedName } from './imports';
import { ADJUST, LEAVE, OVERFLOW, QUOTIENT, RECORD_IMMEDIATE, RECORD_LENGTH, RECORD_OFFSET, REMAINDER } from './record';

/** Which import each way out calls. */
const WAYS_OUT: readonly (readonly [SharedName, ImportedName])[] = [
  ['read', 'readLinear'],
  ['readForWrite', 'readLinearForWrite'],
  ['write', 'writeLinear'],
  ['probe', 'probeLinear'],
  ['readSegment', 'readSegment'],
  ['readSegmentForWrite', 'readSegmentForWrite'],
  ['writeSegment', 'writeSegment'],
  ['probeSegment', 'probeSegment'],
  ['raise', 'raise'],
  ['helper', 'helper'],
  ['control', 'control'],
  ['evaluate', 'evaluate'],
];

/** Define all shared functions in the interpreter's module. */
export function defineShared(
  module: ModuleBuilder,
  functions: Functions,
  imported: Record<ImportedName, number>,
): void {
  for (const [name, target] of WAYS_OUT) {
    const own = IMPORTED[target][0];
    const code = new Code(SHARED[name][0]);
    emitSave(code, own, own + 1, own + 2);
    for (let n = 0; n < own; n++) code.get(n);
    code.call(imported[target]);
    module.define(functions[name], code);
  }
  module.define(functions.link, link(imported.link));
  module.define(functions.decode, decode(imported.decode));
  module.define(functions.truncate, truncate());
  module.define(functions.carry, carry());
  module.define(functions.overflow, overflow());
  module.define(functions.adjust, adjust());
  module.define(functions.eflags, eflags(functions));
  module.define(functions.materialise, materialise(functions));
  module.define(functions.condition, condition(functions));
  module.define(functions.divideSigned, divide(true));
  module.define(functions.divideUnsigned, divide(false));
  defineBulk(module, functions);
}

/** Note in the state where we are: EIP, NEXT_EIP, REMAINING. */
function emitSave(code: Code, record: number, pageBase: number, remaining: number): void {
  const eip = code.local();
  code.const(0).get(pageBase).get(record).memory(Op.i32_load16_u, RECORD_OFFSET).op(Op.i32_add).tee(eip);
  code.memory(Op.i32_store, EIP).const(0).get(eip);
  code.get(record).memory(Op.i32_load8_u, RECORD_LENGTH).const(15).op(Op.i32_and, Op.i32_add);
  code.memory(Op.i32_store, NEXT_EIP);
  emitSaveRemaining(code, remaining);
}

/** Note how many instructions are left. */
export function emitSaveRemaining(code: Code, remaining: number): void {
  code.const(0).get(remaining).load(ADJUST).op(Op.i32_add).memory(Op.i32_store, REMAINING);
}

function link(target: number): Code {
  const code = new Code(3);
  emitSave(code, 0, 1, 2);
  code.const(0).load(NEXT_EIP).get(0).memory(Op.i32_load, RECORD_IMMEDIATE).op(Op.i32_add);
  code.memory(Op.i32_store, EIP).get(0).call(target);
  return code;
}

function decode(target: number): Code {
  const code = new Code(3);
  emitSave(code, 0, 1, 2);
  code.get(0).call(target);
  return code;
}

function truncate(): Code {
  const code = new Code(1);
  code.load(PENDING).load(LEAVE).op(Op.i32_or).open(Op.if);
  code.const(0).load(ADJUST).get(0).op(Op.i32_add).const(1).op(Op.i32_sub).memory(Op.i32_store, ADJUST);
  code.const(1).op(Op.return).end().get(0);
  return code;
}

/** Branch by the family of the lazy flags; gives one label a family, innermost first. */
function families(code: Code, type: Type, order: readonly FlagKind[][]): void {
  const labels = new Map<FlagKind, number>();
  const opened = order.map(() => code.open(Op.block, type));
  order.forEach((kinds, n) => kinds.forEach((kind) => labels.set(kind, opened[n])));
  code.load(FLAG_KIND).const(5).op(Op.i32_shr_u);
  const last = opened[0];
  code.brTable(
    [0, 1, 2, 3, 4, 5, 6].map((family) => labels.get(family << 5) ?? last),
    last,
  );
}

/** A bit of EFLAGS, as 0 or 1. */
function flagBit(code: Code, bit: number): void {
  code.load(EFLAGS).const(bit).op(Op.i32_shr_u).const(1).op(Op.i32_and);
}

/** result + operand: the minuend of a subtraction. */
function minuend(code: Code): Code {
  return code.load(FLAG_RESULT).load(FLAG_OPERAND).op(Op.i32_add);
}

function carry(): Code {
  const code = new Code(0);
  families(code, Type.None, [[FlagKind.None], [FlagKind.Logic], [FlagKind.Sub], [FlagKind.Add]]);
  code.end().load(FLAG_RESULT).load(FLAG_OPERAND).op(Op.i32_lt_u, Op.return);
  code.end();
  minuend(code).load(FLAG_OPERAND).op(Op.i32_lt_u, Op.return);
  code.end().const(0).op(Op.return);
  code.end();
  flagBit(code, 0);
  return code;
}

function overflow(): Code {
  const code = new Code(0);
  families(code, Type.None, [
    [FlagKind.None],
    [FlagKind.Dec],
    [FlagKind.Inc],
    [FlagKind.Logic],
    [FlagKind.Sub],
    [FlagKind.Add],
  ]);
  code.end();
  code.load(FLAG_RESULT).load(FLAG_OPERAND).op(Op.i32_sub).load(FLAG_RESULT).op(Op.i32_xor);
  code.load(FLAG_OPERAND).load(FLAG_RESULT).op(Op.i32_xor, Op.i32_and).const(31).op(Op.i32_shr_u, Op.return);
  code.end();
  minuend(code).load(FLAG_OPERAND).op(Op.i32_xor);
  minuend(code).load(FLAG_RESULT).op(Op.i32_xor, Op.i32_and).const(31).op(Op.i32_shr_u, Op.return);
  code.end().const(0).op(Op.return);
  code.end().load(FLAG_RESULT).const(-0x80000000).op(Op.i32_eq, Op.return);
  code.end();
  code.load(FLAG_RESULT).load(FLAG_KIND).op(Op.i32_shr_u);
  code.const(0x7fffffff).load(FLAG_KIND).op(Op.i32_shr_u, Op.i32_eq, Op.return);
  code.end();
  flagBit(code, 11);
  return code;
}

function adjust(): Code {
  const code = new Code(0);
  const result = code.local();
  const operand = code.local();
  code.load(FLAG_RESULT).load(FLAG_KIND).op(Op.i32_shr_u).set(result);
  code.load(FLAG_OPERAND).load(FLAG_KIND).op(Op.i32_shr_u).set(operand);
  families(code, Type.None, [
    [FlagKind.None],
    [FlagKind.Dec],
    [FlagKind.Inc],
    [FlagKind.Logic],
    [FlagKind.Sub],
    [FlagKind.Add],
  ]);
  for (const op of [Op.i32_sub, Op.i32_add]) {
    code.end().get(result).get(operand).op(Op.i32_xor).get(result).get(operand).op(op, Op.i32_xor);
    code.const(4).op(Op.i32_shr_u).const(1).op(Op.i32_and, Op.return);
  }
  code.end().const(0).op(Op.return);
  for (const nibble of [0, 15]) code.end().get(result).const(15).op(Op.i32_and).const(nibble).op(Op.i32_eq, Op.return);
  code.end();
  flagBit(code, 4);
  return code;
}

/** PF of the lazy result. */
function emitParity(code: Code, scratch: number): void {
  code
    .load(FLAG_RESULT)
    .load(FLAG_KIND)
    .op(Op.i32_shr_u)
    .tee(scratch)
    .get(scratch)
    .const(4)
    .op(Op.i32_shr_u, Op.i32_xor);
  code.const(15).op(Op.i32_and).set(scratch);
  code.const(0x9669).get(scratch).op(Op.i32_shr_u).const(1).op(Op.i32_and);
}

function eflags(functions: Functions): Code {
  const code = new Code(0);
  const scratch = code.local();
  code.load(FLAG_KIND).op(Op.i32_eqz).open(Op.if);
  code.load(EFLAGS).op(Op.return).end();
  code.load(EFLAGS).const(~ARITHMETIC).op(Op.i32_and).call(functions.carry).op(Op.i32_or);
  emitParity(code, scratch);
  code.const(2).op(Op.i32_shl, Op.i32_or);
  code.call(functions.adjust).const(4).op(Op.i32_shl, Op.i32_or);
  code.const(ZF).const(0).load(FLAG_RESULT).op(Op.i32_eqz, Op.select, Op.i32_or);
  code.load(FLAG_RESULT).const(31).op(Op.i32_shr_u).const(7).op(Op.i32_shl, Op.i32_or);
  code.call(functions.overflow).const(11).op(Op.i32_shl, Op.i32_or);
  return code;
}

function materialise(functions: Functions): Code {
  const code = new Code(0);
  code.load(FLAG_KIND).open(Op.if);
  code.const(0).call(functions.eflags).memory(Op.i32_store, EFLAGS);
  code.const(0).const(0).memory(Op.i32_store, FLAG_KIND).end();
  return code;
}

/** ZF or SF, computed or stored. */
function emitZeroOrSign(code: Code, zero: boolean): void {
  code.load(FLAG_KIND).open(Op.if, Type.I32);
  if (zero) code.load(FLAG_RESULT).op(Op.i32_eqz);
  else code.load(FLAG_RESULT).const(31).op(Op.i32_shr_u);
  code.op(Op.else);
  flagBit(code, zero ? 6 : 7);
  code.end();
}

function condition(functions: Functions): Code {
  const code = new Code(1);
  const scratch = code.local();
  const labels = [7, 6, 5, 4, 3, 2, 1, 0].map(() => code.open(Op.block)).reverse();
  code.get(0).brTable(labels, labels[7]);
  const cases: (() => void)[] = [
    () => code.call(functions.overflow),
    () => code.call(functions.carry),
    () => emitZeroOrSign(code, true),
    () => {
      emitZeroOrSign(code, true);
      code.call(functions.carry).op(Op.i32_or);
    },
    () => emitZeroOrSign(code, false),
    () => {
      code.load(FLAG_KIND).open(Op.if, Type.I32);
      emitParity(code, scratch);
      code.op(Op.else);
      flagBit(code, 2);
      code.end();
    },
    () => {
      emitZeroOrSign(code, false);
      code.call(functions.overflow).op(Op.i32_xor);
    },
    () => {
      emitZeroOrSign(code, false);
      code.call(functions.overflow).op(Op.i32_xor);
      emitZeroOrSign(code, true);
      code.op(Op.i32_or);
    },
  ];
  for (const emit of cases) {
    code.end();
    emit();
    code.op(Op.return);
  }
  code.op(Op.unreachable);
  return code;
}

/** high:low by divisor, which is not 0. */
function divide(signed: boolean): Code {
  const code = new Code(3);
  const dividend = code.local(Type.I64);
  const divisor = code.local(Type.I64);
  const quotient = code.local(Type.I64);
  const extend = signed ? Op.i64_extend_i32_s : Op.i64_extend_i32_u;
  code
    .get(0)
    .op(Op.i64_extend_i32_u)
    .const64(32)
    .op(Op.i64_shl)
    .get(1)
    .op(Op.i64_extend_i32_u, Op.i64_or)
    .set(dividend);
  code.get(2).op(extend).set(divisor);
  const store = (address: number, value: () => void): void => {
    code.const(0);
    value();
    code.memory(Op.i32_store, address);
  };
  if (signed) {
    // The smallest dividend by −1 is the one case that WebAssembly traps on; its quotient is the dividend, which does not fit.
    code.get(2).const(-1).op(Op.i32_eq).open(Op.if);
    code.const64(0).get(dividend).op(Op.i64_sub).set(quotient).op(Op.else);
    code.get(dividend).get(divisor).op(Op.i64_div_s).set(quotient).end();
  } else {
    code.get(dividend).get(divisor).op(Op.i64_div_u).set(quotient);
  }
  store(QUOTIENT, () => code.get(quotient).op(Op.i32_wrap_i64));
  store(REMAINDER, () => code.get(dividend).get(quotient).get(divisor).op(Op.i64_mul, Op.i64_sub, Op.i32_wrap_i64));
  store(OVERFLOW, () => code.get(quotient).op(Op.i32_wrap_i64, extend).get(quotient).op(Op.i64_ne));
  return code;
}

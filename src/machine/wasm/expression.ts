/** Values and statements of which an instruction's handler is made before it is written as WebAssembly. */

import { type HelperName } from '../cpu/ops';
import { type Code, Op } from './assembler';
import { type Functions } from './imports';

/** A 32-bit value. Nodes with `emit` or `op` are pure: they depend on constants, the record and locals assigned once. */
export interface Expression {
  readonly kind: 'constant' | 'pure' | 'read' | 'record' | 'next-eip';
  /** Constant's value, record field's offset. */
  readonly value: number;
  readonly op: Op;
  readonly operands: readonly Expression[];
  /** An upper bound of the number of significant bits. */
  readonly bits: number;
  /** How to produce a value that is read at this point: leaves it on the stack. */
  readonly emit?: (writer: Writer) => void;
  uses: number;
  /** The local that holds it, or −1. */
  local: number;
}

export type Statement =
  /** A pure value was made here: it goes to a local if it is used more than once. */
  | { kind: 'let'; value: Expression }
  /** A value is read here; `always` if the reading itself matters. */
  | { kind: 'read'; value: Expression; always: boolean }
  | { kind: 'do'; operands: readonly Expression[]; emit: (writer: Writer) => void }
  | { kind: 'if'; condition: Expression; then: Statement[]; otherwise: Statement[] }
  | { kind: 'raise'; operands: readonly Expression[] }
  /** Go on elsewhere when the instruction is complete. */
  | { kind: 'exit'; how: ExitKind; operands: readonly Expression[]; helper: HelperName | undefined }
  /** Between two fused instructions: the first one is complete. `keep` are its values that the second one uses. */
  | { kind: 'advance'; keep: readonly Expression[] };

export type ExitKind = 'jump' | 'branch' | 'repeat' | 'control';

/** What writes expressions and statements. */
export interface Writer {
  readonly code: Code;
  readonly functions: Functions;
  readonly locals: Locals;
  /** Leave a value on the stack. */
  value(expression: Expression): void;
  /** A local for this handler. */
  temporary(): number;
  /** Leave "where we are" on the stack: record, page base, remaining. */
  context(): void;
  /** After a call that may want emitted code to leave after the current instruction. */
  truncate(): void;
}

/** The locals that hold the interpreter's own state. */
export interface Locals {
  /** The current record. */
  readonly record: number;
  /** Linear address of the page it lies in. */
  readonly pageBase: number;
  /** Instructions left before returning to TypeScript. */
  readonly remaining: number;
  /** Distance from the supervisor's to the present TLB arrays: 0, or that to the user's. */
  readonly user: number;
}

function node(
  kind: Expression['kind'],
  value: number,
  op: Op,
  operands: readonly Expression[],
  bits: number,
): Expression {
  return { kind, value, op, operands, bits, uses: 0, local: -1 };
}

function bitsOf(value: number): number {
  return 32 - Math.clz32(value);
}

export function constant(value: number): Expression {
  return node('constant', value | 0, Op.i32_const, [], bitsOf(value));
}

export function recordField(offset: number, op: Op.i32_load | Op.i32_load8_u | Op.i32_load16_u): Expression {
  return node('record', offset, op, [], op === Op.i32_load ? 32 : op === Op.i32_load16_u ? 16 : 8);
}

export function nextEip(): Expression {
  return node('next-eip', 0, Op.i32_add, [], 32);
}

export function read(operands: readonly Expression[], bits: number, emit: (writer: Writer) => void): Expression {
  return { ...node('read', 0, Op.unreachable, operands, bits), emit };
}

/** A pure operation, folded where its operands are constant. */
export function operation(op: Op, ...operands: Expression[]): Expression {
  const [a, b] = operands;
  if (operands.length === 2 && b.kind === 'constant') {
    if (a.kind === 'constant') {
      const folded = fold(op, a.value, b.value);
      if (folded !== undefined) return constant(folded);
    }
    const simple = simplify(op, a, b.value);
    if (simple !== undefined) return simple;
  }
  return node('pure', 0, op, operands, resultBits(op, operands));
}

function fold(op: Op, a: number, b: number): number | undefined {
  switch (op) {
    case Op.i32_add:
      return (a + b) | 0;
    case Op.i32_sub:
      return (a - b) | 0;
    case Op.i32_and:
      return a & b;
    case Op.i32_or:
      return a | b;
    case Op.i32_xor:
      return a ^ b;
    case Op.i32_shl:
      return a << b;
    case Op.i32_shr_u:
      return (a >>> b) | 0;
    case Op.i32_shr_s:
      return a >> b;
    default:
      return undefined;
  }
}

function simplify(op: Op, a: Expression, b: number): Expression | undefined {
  switch (op) {
    case Op.i32_add:
    case Op.i32_sub:
    case Op.i32_or:
    case Op.i32_xor:
      return b === 0 ? a : undefined;
    case Op.i32_shl:
    case Op.i32_shr_u:
    case Op.i32_shr_s:
      return (b & 31) === 0 ? a : undefined;
    case Op.i32_and:
      if (b === 0) return constant(0);
      // A mask of low ones that covers all significant bits changes nothing.
      return (b & (b + 1)) === 0 && a.bits <= bitsOf(b) ? a : undefined;
    default:
      return undefined;
  }
}

function resultBits(op: Op, operands: readonly Expression[]): number {
  const [a, b] = operands;
  switch (op) {
    case Op.i32_eqz:
    case Op.i32_eq:
    case Op.i32_ne:
    case Op.i32_lt_s:
    case Op.i32_lt_u:
    case Op.i32_le_s:
    case Op.i32_le_u:
    case Op.i32_gt_s:
    case Op.i32_gt_u:
    case Op.i32_ge_s:
    case Op.i32_ge_u:
      return 1;
    case Op.i32_and:
      return Math.min(a.bits, b.bits);
    case Op.i32_or:
    case Op.i32_xor:
      return Math.max(a.bits, b.bits);
    case Op.i32_shr_u:
      return b.kind === 'constant' ? Math.max(0, a.bits - (b.value & 31)) : a.bits;
    case Op.i32_shl:
      return b.kind === 'constant' ? Math.min(32, a.bits + (b.value & 31)) : 32;
    case Op.select:
      return Math.max(a.bits, b.bits);
    case Op.i32_clz:
    case Op.i32_ctz:
    case Op.i32_popcnt:
      return 6;
    default:
      return 32;
  }
}

/** Count how often each value is used by what is going to be written. */
export function countUses(statements: readonly Statement[]): void {
  const use = (value: Expression): void => {
    if (value.uses++ === 0) value.operands.forEach(use);
  };
  // Backwards, so that the reads nobody uses are known when they are reached.
  for (let n = statements.length - 1; n >= 0; n--) {
    const statement = statements[n];
    switch (statement.kind) {
      case 'read':
        if (statement.always && statement.value.uses === 0) statement.value.operands.forEach(use);
        break;
      case 'advance':
        statement.keep.forEach(use);
        break;
      case 'do':
      case 'raise':
      case 'exit':
        statement.operands.forEach(use);
        break;
      case 'if':
        countUses(statement.then);
        countUses(statement.otherwise);
        use(statement.condition);
        break;
      default:
        break;
    }
  }
}

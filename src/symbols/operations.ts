import { type Expression } from './api';
import { DW_OP, nameOf, registerName } from './constants';
import { SymbolError } from './errors';
import { type Unit } from './info';
import { Reader } from './reader';

/** What follows an opcode (DWARF 7.7.1, table 7.9). */
type Operand =
  | 'address'
  | 'u1'
  | 's1'
  | 'u2'
  | 's2'
  | 'u4'
  | 's4'
  | 'u8'
  | 's8'
  | 'uleb'
  | 'sleb'
  /** Signed 16-bit distance from the end of the operation. */
  | 'branch'
  /** Offset of an entry in .debug_info, 4 or 8 bytes. */
  | 'reference'
  /** Offset of a base type from its unit, as LEB128; 0 is the generic type. */
  | 'type'
  /** Offset of an entry from its unit, 2 or 4 bytes. */
  | 'entry2'
  | 'entry4'
  /** LEB128 size and as many bytes. */
  | 'block'
  /** The same, and the bytes are an expression. */
  | 'expression'
  /** One byte of size and as many bytes. */
  | 'block1';

const OPERANDS = new Map<number, readonly Operand[]>([
  [DW_OP.addr, ['address']],
  [DW_OP.deref, []],
  [DW_OP.const1u, ['u1']],
  [DW_OP.const1s, ['s1']],
  [DW_OP.const2u, ['u2']],
  [DW_OP.const2s, ['s2']],
  [DW_OP.const4u, ['u4']],
  [DW_OP.const4s, ['s4']],
  [DW_OP.const8u, ['u8']],
  [DW_OP.const8s, ['s8']],
  [DW_OP.constu, ['uleb']],
  [DW_OP.consts, ['sleb']],
  [DW_OP.pick, ['u1']],
  [DW_OP.plus_uconst, ['uleb']],
  [DW_OP.bra, ['branch']],
  [DW_OP.skip, ['branch']],
  [DW_OP.regx, ['uleb']],
  [DW_OP.fbreg, ['sleb']],
  [DW_OP.bregx, ['uleb', 'sleb']],
  [DW_OP.piece, ['uleb']],
  [DW_OP.deref_size, ['u1']],
  [DW_OP.xderef_size, ['u1']],
  [DW_OP.call2, ['entry2']],
  [DW_OP.call4, ['entry4']],
  [DW_OP.call_ref, ['reference']],
  [DW_OP.bit_piece, ['uleb', 'uleb']],
  [DW_OP.implicit_value, ['block']],
  [DW_OP.implicit_pointer, ['reference', 'sleb']],
  [DW_OP.addrx, ['uleb']],
  [DW_OP.constx, ['uleb']],
  [DW_OP.entry_value, ['expression']],
  [DW_OP.const_type, ['type', 'block1']],
  [DW_OP.regval_type, ['uleb', 'type']],
  [DW_OP.deref_type, ['u1', 'type']],
  [DW_OP.xderef_type, ['u1', 'type']],
  [DW_OP.convert, ['type']],
  [DW_OP.reinterpret, ['type']],
  [DW_OP.GNU_implicit_pointer, ['reference', 'sleb']],
  [DW_OP.GNU_entry_value, ['expression']],
  [DW_OP.GNU_const_type, ['type', 'block1']],
  [DW_OP.GNU_regval_type, ['uleb', 'type']],
  [DW_OP.GNU_deref_type, ['u1', 'type']],
  [DW_OP.GNU_convert, ['type']],
  [DW_OP.GNU_reinterpret, ['type']],
  [DW_OP.GNU_parameter_ref, ['entry4']],
  [DW_OP.GNU_addr_index, ['uleb']],
  [DW_OP.GNU_const_index, ['uleb']],
  [DW_OP.GNU_variable_value, ['reference']],
]);
const NO_OPERANDS: readonly Operand[] = [];
const BARE = new Set<number>(Object.values(DW_OP).filter((code) => !OPERANDS.has(code)));
const BREG: readonly Operand[] = ['sleb'];

/** One decoded operation. */
export interface Operation {
  readonly code: number;
  readonly offset: number;
  /** Offset of the following operation. */
  readonly next: number;
  /** First and second operand; 0 if there is none. `branch` is the target's offset. */
  readonly a: bigint;
  readonly b: bigint;
  readonly block: Uint8Array | undefined;
}

/** The operands of an opcode; undefined if it is unknown. */
function operandsOf(code: number): readonly Operand[] | undefined {
  if (code >= DW_OP.lit0 && code <= DW_OP.reg31) return NO_OPERANDS;
  if (code >= DW_OP.breg0 && code <= DW_OP.breg31) return BREG;
  return OPERANDS.get(code) ?? (BARE.has(code) ? NO_OPERANDS : undefined);
}

/** Decodes the operation at the reader's position. @throws SymbolError for unknown opcodes and overruns */
export function decodeOperation(reader: Reader, unit: Unit | undefined): Operation {
  const offset = reader.position;
  const code = reader.u8();
  const operands = operandsOf(code);
  if (!operands) {
    throw new SymbolError('unsupported', `${nameOf(DW_OP, code, 'DW_OP')} is not a known DWARF operation`);
  }
  let a = 0n;
  let b = 0n;
  let block: Uint8Array | undefined;
  for (let i = 0; i < operands.length; i++) {
    let value = 0n;
    const operand = operands[i];
    if (operand === 'block' || operand === 'expression') block = reader.take(reader.uleb());
    else if (operand === 'block1') block = reader.take(reader.u8());
    else value = readOperand(reader, operand, unit);
    if (i === 0) a = value;
    else b = value;
  }
  const next = reader.position;
  if (code === DW_OP.bra || code === DW_OP.skip) a += BigInt(next);
  return { code, offset, next, a, b, block };
}

function readOperand(reader: Reader, operand: Operand, unit: Unit | undefined): bigint {
  switch (operand) {
    case 'u1':
      return BigInt(reader.u8());
    case 's1':
      return BigInt(reader.i8());
    case 'u2':
    case 'entry2':
      return BigInt(reader.u16());
    case 's2':
    case 'branch':
      return BigInt(reader.i16());
    case 'u4':
    case 'entry4':
    case 'address':
      return BigInt(reader.u32());
    case 's4':
      return BigInt(reader.i32());
    case 'u8':
      return reader.u64();
    case 's8':
      return reader.i64();
    case 'sleb':
      return reader.slebBig();
    case 'reference':
      return BigInt(reader.unsigned(unit?.offsetSize ?? 4));
    default:
      return reader.ulebBig();
  }
}

/** A DWARF expression and the unit that its offsets refer to. */
export class DwarfExpression implements Expression {
  constructor(
    readonly bytes: Uint8Array,
    readonly unit: Unit | undefined,
  ) {}

  *operations(): Generator<Operation> {
    const reader = new Reader(this.bytes, 'a DWARF expression');
    while (!reader.atEnd) yield decodeOperation(reader, this.unit);
  }

  toString(): string {
    return [...this.operations()].map((operation) => formatOperation(operation, this.unit)).join('; ');
  }

  /** Where the expression says a value is, in words: `in %eax`, `in memory at frame base -20`, `the constant 5`. */
  describe(): string {
    const all = [...this.operations()];
    const [first] = all;
    if (!first) return 'nowhere';
    const last = all[all.length - 1];
    if (all.some((op) => op.code === DW_OP.piece || op.code === DW_OP.bit_piece)) return 'in pieces';
    if (all.some((op) => op.code === DW_OP.implicit_pointer || op.code === DW_OP.GNU_implicit_pointer)) {
      return 'a pointer that was optimised away';
    }
    if (first.code === DW_OP.implicit_value) return 'a constant';
    if (last.code === DW_OP.stack_value) {
      if (all.length === 2) {
        if (first.code >= DW_OP.lit0 && first.code <= DW_OP.lit31) return `the constant ${first.code - DW_OP.lit0}`;
        if (first.code === DW_OP.addr) return `the address 0x${first.a.toString(16)}`;
        if (first.code >= DW_OP.const1u && first.code <= DW_OP.consts) return `the constant ${first.a}`;
        if (isEntryValue(first)) return 'the value it had on entry';
      }
      return 'computed';
    }
    const register = registerOf(first);
    if (all.length > 1) return 'in memory at a computed address';
    if (register !== undefined) return `in %${registerName(register)}`;
    const offset = (value: bigint): string => (value < 0n ? `${value}` : `+${value}`);
    if (first.code === DW_OP.addr) return `in memory at 0x${first.a.toString(16)}`;
    if (first.code === DW_OP.fbreg) return `in memory at frame base ${offset(first.a)}`;
    if (first.code >= DW_OP.breg0 && first.code <= DW_OP.breg31) {
      return `in memory at %${registerName(first.code - DW_OP.breg0)}${offset(first.a)}`;
    }
    return 'in memory at a computed address';
  }
}

/** The register that an operation names as a location (DW_OP_reg0 … DW_OP_regx). */
export function registerOf(operation: Operation): number | undefined {
  if (operation.code >= DW_OP.reg0 && operation.code <= DW_OP.reg31) return operation.code - DW_OP.reg0;
  return operation.code === DW_OP.regx ? Number(operation.a) : undefined;
}

function isEntryValue(operation: Operation): boolean {
  return operation.code === DW_OP.entry_value || operation.code === DW_OP.GNU_entry_value;
}

function formatOperation(operation: Operation, unit: Unit | undefined): string {
  const { code, a, b, block } = operation;
  const name = operationName(code);
  const operands = operandsOf(code) ?? NO_OPERANDS;
  const values = operands.map((operand, i) => {
    const value = i === 0 ? a : b;
    switch (operand) {
      case 'expression':
        return `(${new DwarfExpression(block ?? new Uint8Array(0), unit).toString()})`;
      case 'block':
      case 'block1':
        return Array.from(block ?? [], (byte) => byte.toString(16).padStart(2, '0')).join(' ');
      case 'address':
      case 'reference':
      case 'type':
      case 'entry2':
      case 'entry4':
        return `0x${value.toString(16)}`;
      default:
        return value.toString();
    }
  });
  return [name, ...values].join(' ');
}

function operationName(code: number): string {
  if (code >= DW_OP.lit0 && code <= DW_OP.lit31) return `DW_OP_lit${code - DW_OP.lit0}`;
  if (code >= DW_OP.reg0 && code <= DW_OP.reg31) return `DW_OP_reg${code - DW_OP.reg0}`;
  if (code >= DW_OP.breg0 && code <= DW_OP.breg31) return `DW_OP_breg${code - DW_OP.breg0}`;
  return nameOf(DW_OP, code, 'DW_OP');
}

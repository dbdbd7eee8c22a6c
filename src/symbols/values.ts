import { DW_AT, DW_ATE, DW_TAG } from './constants';
import { SymbolError, hex } from './errors';
import { type Unit } from './info';

/** Type of a value on the DWARF stack (DWARF 2.5.1): the generic type, or a base type of the unit. */
export interface ValueType {
  readonly kind: 'generic' | 'signed' | 'unsigned' | 'float';
  /** In bytes. */
  readonly size: number;
  /** Identity of the base type's entry; 0 for the generic type. */
  readonly id: number;
}

/** The size of an address, of unspecified signedness. */
export const GENERIC: ValueType = { kind: 'generic', size: 4, id: 0 };

/** A value on the stack. Integers are kept unsigned, reduced to their size; floating point as a number. */
export interface Value {
  readonly type: ValueType;
  readonly value: bigint | number;
  /** The exact bytes of an 80-bit number that has only been moved. */
  readonly raw?: Uint8Array;
}

export function generic(value: bigint | number): Value {
  return { type: GENERIC, value: BigInt.asUintN(32, BigInt(value)) };
}

/** An integer of a type, reduced to its size. */
export function integer(type: ValueType, value: bigint): Value {
  return { type, value: BigInt.asUintN(type.size * 8, value) };
}

/** The value as a signed integer; floats are truncated. */
export function signed(value: Value): bigint {
  if (typeof value.value === 'number') return truncate(value.value);
  return BigInt.asIntN(value.type.size * 8, value.value);
}

/** The value as an unsigned integer; floats are truncated. */
export function unsigned(value: Value): bigint {
  return typeof value.value === 'number' ? truncate(value.value) : value.value;
}

/** The value with the sign that its type has; the generic type counts as unsigned. */
export function natural(value: Value): bigint | number {
  return value.type.kind === 'signed' ? signed(value) : value.value;
}

function truncate(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : 0n;
}

/** The type that an expression names by its offset from the unit; 0 is the generic type. @throws SymbolError */
export function valueType(unit: Unit | undefined, offset: bigint): ValueType {
  if (offset === 0n) return GENERIC;
  const position = unit ? unit.offset + Number(offset) : 0;
  const die = unit && position >= unit.firstDie ? unit.dieAt(position) : undefined;
  const size = die?.number(DW_AT.byte_size);
  if (!die || die.tag !== DW_TAG.base_type || size === undefined || size < 1 || size > 16) {
    throw new SymbolError('malformed', `a DWARF expression refers to ${hex(Number(offset))}, which is no base type`);
  }
  return { kind: kindOf(die.number(DW_AT.encoding)), size, id: die.id };
}

function kindOf(encoding: number | undefined): ValueType['kind'] {
  switch (encoding) {
    case DW_ATE.float:
      return 'float';
    case DW_ATE.signed:
    case DW_ATE.signed_char:
    case DW_ATE.signed_fixed:
      return 'signed';
    case DW_ATE.boolean:
    case DW_ATE.address:
    case DW_ATE.unsigned:
    case DW_ATE.unsigned_char:
    case DW_ATE.unsigned_fixed:
    case DW_ATE.UTF:
    case DW_ATE.UCS:
    case DW_ATE.ASCII:
      return 'unsigned';
    default:
      throw new SymbolError('unsupported', 'a DWARF expression computes with a base type that is not supported');
  }
}

/** Reads a value of a type from its little-endian bytes. @throws SymbolError */
export function fromBytes(type: ValueType, bytes: Uint8Array): Value {
  if (bytes.length < type.size) {
    throw new SymbolError('malformed', `a DWARF expression takes ${type.size} bytes from ${bytes.length}`);
  }
  const raw = bytes.slice(0, type.size);
  if (type.kind === 'float') {
    const view = new DataView(raw.buffer);
    if (type.size === 4) return { type, value: view.getFloat32(0, true) };
    if (type.size === 8) return { type, value: view.getFloat64(0, true) };
    if (type.size >= 10) return { type, value: extendedToNumber(raw), raw };
    throw new SymbolError('unsupported', `a DWARF expression computes with floats of ${type.size} bytes`);
  }
  let value = 0n;
  for (let i = type.size - 1; i >= 0; i--) value = (value << 8n) | BigInt(raw[i]);
  return { type, value };
}

/** The little-endian bytes of a value. */
export function toBytes(value: Value): Uint8Array {
  if (value.raw) return value.raw;
  const bytes = new Uint8Array(value.type.size);
  if (typeof value.value === 'number') {
    const view = new DataView(bytes.buffer);
    if (value.type.size === 4) view.setFloat32(0, value.value, true);
    else if (value.type.size === 8) view.setFloat64(0, value.value, true);
    else numberToExtended(value.value, bytes);
    return bytes;
  }
  let rest = value.value;
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}

/** The nearest number to an x87 extended value (Intel SDM volume 1, 4.2.2): 64-bit significand, 15-bit exponent. */
function extendedToNumber(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const significand = view.getBigUint64(0, true);
  const top = view.getUint16(8, true);
  const sign = top & 0x8000 ? -1 : 1;
  const exponent = top & 0x7fff;
  if (exponent === 0x7fff) return BigInt.asUintN(63, significand) === 0n ? sign * Infinity : NaN;
  // Two steps, as 2 ** -16445 alone would be zero although the product need not be.
  const scale = exponent - 16383 - 63;
  return sign * (Number(significand) * 2 ** Math.trunc(scale / 2)) * 2 ** (scale - Math.trunc(scale / 2));
}

function numberToExtended(value: number, bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (!Number.isFinite(value)) {
    view.setBigUint64(0, Number.isNaN(value) ? 0xc000_0000_0000_0000n : 0x8000_0000_0000_0000n, true);
    view.setUint16(8, sign | 0x7fff, true);
    return;
  }
  if (value === 0) {
    view.setUint16(8, sign, true);
    return;
  }
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  let exponent = (bits.getUint16(0) >> 4) - 1023;
  let significand = bits.getBigUint64(0) & 0xf_ffff_ffff_ffffn;
  if (exponent === -1023) {
    exponent = -1022;
    while (!(significand & 0x10_0000_0000_0000n)) {
      significand <<= 1n;
      exponent--;
    }
  } else {
    significand |= 0x10_0000_0000_0000n;
  }
  view.setBigUint64(0, significand << 11n, true);
  view.setUint16(8, sign | (exponent + 16383), true);
}

import type { EnumType, Type } from '../../symbols/api';
import { stripTypedefs, typeName } from '../../symbols';
import { childrenOf, elementCount, isCharacter, isStruct } from './children';
import { floatFromBytes, integerOf, isFloat, unsignedOf } from './scalars';
import { unavailability, Value } from './value';

export interface FormatOptions {
  /** Integers in hexadecimal. */
  readonly hex?: boolean;
  /** Another base for integers: binary, octal, character, or plain decimal also for pointers. */
  readonly base?: 'hex' | 'decimal' | 'octal' | 'binary' | 'character';
  /** How deep structures and arrays are spelled out; 1 unless given. */
  readonly depth?: number;
  /** Longest text, characters; 160 unless given. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 160;
/** Characters of a string shown in a value. */
const STRING_LIMIT = 200;

/**
 * A value as one line of text in C's notation: `5001`, `0x7f000001`, `SOCK_STREAM`, `0xc1a2b3c4 <tcp_prot>`, `"hello"`,
 * `{sin_family = 2, …}`. Never throws for what cannot be read: it then gives the reason in angle brackets.
 */
export function formatValue(value: Value, options: FormatOptions = {}): string {
  try {
    return clip(format(value, options, options.depth ?? 1), options.limit ?? DEFAULT_LIMIT);
  } catch (error) {
    return `<${unavailability(error)}>`;
  }
}

function clip(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit - 1)}…`;
}

function format(value: Value, options: FormatOptions, depth: number): string {
  const bare = value.bareType;
  switch (bare.kind) {
    case 'base':
      if (isFloat(bare)) return formatFloat(value);
      return formatInteger(integerOf(value), value, options);
    case 'enum':
      return options.base || options.hex
        ? formatInteger(integerOf(value), value, options)
        : formatEnum(bare, integerOf(value));
    case 'pointer':
      return formatPointer(value, options);
    case 'subroutine':
      return `{${typeName(value.type)}} ${formatAddress(value.address ?? 0, value)}`;
    case 'array':
      return formatArray(value, options, depth);
    case 'struct':
    case 'union':
    case 'class': {
      if (bare.isIncomplete) return '<incomplete type>';
      if (value.storage.kind === 'unavailable') value.bytes();
      if (depth <= 0) return '{…}';
      const members = childrenOf(value).map((m) => `${m.name} = ${nested(m, options, depth - 1)}`);
      return `{${joinLimited(members)}}`;
    }
    case 'void':
      return 'void';
    default:
      return `<no representation of ${typeName(value.type)}>`;
  }
}

function nested(value: Value, options: FormatOptions, depth: number): string {
  try {
    return format(value, options, depth);
  } catch (error) {
    return `<${unavailability(error)}>`;
  }
}

function joinLimited(parts: string[]): string {
  const shown: string[] = [];
  let length = 0;
  for (const part of parts) {
    if (length > DEFAULT_LIMIT) return `${shown.join(', ')}, …`;
    shown.push(part);
    length += part.length;
  }
  return shown.join(', ');
}

function formatInteger(number: bigint, value: Value, options: FormatOptions): string {
  const bare = value.bareType;
  const bits = value.bitField?.bitSize ?? value.size * 8;
  const unsigned = BigInt.asUintN(bits, number);
  switch (options.base ?? (options.hex ? 'hex' : undefined)) {
    case 'hex':
      return `0x${unsigned.toString(16)}`;
    case 'octal':
      return `0${unsigned.toString(8)}`;
    case 'binary':
      return `0b${unsigned.toString(2)}`;
    case 'character':
      return `${number} ${quoteCharacter(Number(unsigned & 0xffn))}`;
    case 'decimal':
      return number.toString();
  }
  if (bare.kind === 'base' && bare.encoding === 'boolean')
    return number === 0n ? 'false' : number === 1n ? 'true' : `true (${number})`;
  if (isCharacter(bare)) return `${number} ${quoteCharacter(Number(unsigned))}`;
  return number.toString();
}

/** An enumerator's name; for a set of flags their names joined by `|`; else the number. */
export function formatEnum(type: EnumType, number: bigint): string {
  const exact = type.enumerators.find((e) => e.value === number);
  if (exact) return exact.name;
  // An enumeration of distinct single bits is a set of flags.
  const flags = type.enumerators.filter((e) => e.value > 0n && (e.value & (e.value - 1n)) === 0n);
  if (number > 0n && flags.length === type.enumerators.filter((e) => e.value !== 0n).length) {
    const parts = flags.filter((e) => (number & e.value) !== 0n);
    const rest = parts.reduce((left, e) => left & ~e.value, number);
    if (parts.length > 0) return [...parts.map((e) => e.name), ...(rest ? [`0x${rest.toString(16)}`] : [])].join(' | ');
  }
  return number.toString();
}

function formatFloat(value: Value): string {
  const number = floatFromBytes(value.bytes());
  if (Number.isNaN(number)) return 'nan';
  if (!Number.isFinite(number)) return number < 0 ? '-inf' : 'inf';
  return value.size === 4 ? String(Number(number.toPrecision(9))) : String(number);
}

function formatPointer(value: Value, options: FormatOptions): string {
  const address = Number(unsignedOf(value.bytes()));
  const bare = value.bareType;
  if (options.base === 'decimal') return address.toString();
  let text = formatAddress(address, value);
  if (bare.kind === 'pointer' && address !== 0 && isCharacter(bare.target)) {
    const string = readString(value, address);
    if (string !== undefined) text += ` ${string}`;
  }
  return text;
}

function formatAddress(address: number, value: Value): string {
  const hex = `0x${address.toString(16)}`;
  const symbol = address === 0 ? undefined : value.access.describeAddress(address);
  return symbol ? `${hex} <${symbol}>` : hex;
}

/** The zero-terminated text at an address, quoted; undefined where the first byte cannot be read. */
function readString(value: Value, address: number): string | undefined {
  const bytes: number[] = [];
  try {
    while (bytes.length < STRING_LIMIT) {
      const [byte] = value.access.readMemory((address + bytes.length) >>> 0, 1);
      if (byte === 0) return quote(bytes, false);
      bytes.push(byte);
    }
  } catch (error) {
    unavailability(error);
    if (bytes.length === 0) return undefined;
  }
  return quote(bytes, true);
}

function formatArray(value: Value, options: FormatOptions, depth: number): string {
  const bare = value.bareType;
  if (bare.kind !== 'array') return '';
  const count = elementCount(bare);
  if (isCharacter(bare.element) && bare.dimensions.length === 1 && count > 0 && !options.base && !options.hex) {
    const bytes = [...value.bytes()];
    const end = bytes.indexOf(0);
    // Text ends at its first zero; where something follows the zeros it is shown too, so nothing is hidden.
    const rest = end < 0 ? -1 : bytes.findIndex((byte, i) => i > end && byte !== 0);
    const shown = end < 0 ? bytes : rest < 0 ? bytes.slice(0, end) : bytes;
    return quote(shown.slice(0, STRING_LIMIT), shown.length > STRING_LIMIT);
  }
  if (count === 0) return bare.dimensions[0] === 0 ? '{}' : '[]';
  if (value.storage.kind === 'unavailable') value.bytes();
  if (depth <= 0 && isStructured(bare.element)) return `[${count}]`;
  const shown = childrenOf(value, 0, 32).map((element) => nested(element, options, depth - 1));
  const text = joinLimited(runs(shown));
  return `{${text}${count > 32 ? ', …' : ''}}`;
}

/** Equal neighbours are written once with their number, as gdb does: `0 <repeats 12 times>`. */
function runs(parts: string[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < parts.length;) {
    let end = i + 1;
    while (end < parts.length && parts[end] === parts[i]) end++;
    if (end - i > 9) result.push(`${parts[i]} <repeats ${end - i} times>`);
    else for (let k = i; k < end; k++) result.push(parts[k]);
    i = end;
  }
  return result;
}

function isStructured(type: Type): boolean {
  const bare = stripTypedefs(type);
  return isStruct(bare) || bare.kind === 'array';
}

const ESCAPES: Record<number, string> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  27: '\\e',
  92: '\\\\',
};

function escape(byte: number, quoteMark: string): string {
  const special = ESCAPES[byte];
  if (special) return special;
  const character = String.fromCharCode(byte);
  if (character === quoteMark) return `\\${character}`;
  return byte >= 32 && byte < 127 ? character : `\\${byte.toString(8).padStart(3, '0')}`;
}

function quoteCharacter(byte: number): string {
  return `'${escape(byte & 0xff, "'")}'`;
}

function quote(bytes: number[], cut: boolean): string {
  return `"${bytes.map((byte) => escape(byte, '"')).join('')}"${cut ? '…' : ''}`;
}

/** The value as a number for sorting and memory references: an address for pointers, arrays and functions; undefined for others. */
export function memoryReferenceOf(value: Value): number | undefined {
  try {
    const bare = value.bareType;
    if (bare.kind === 'pointer') return Number(unsignedOf(value.bytes()));
    return value.address;
  } catch (error) {
    unavailability(error);
    return undefined;
  }
}

import type { BaseType, EnumType, PointerType, Type } from '../../symbols/api';
import { stripTypedefs } from '../../symbols';
import { isFloat } from '../values';

/** The base types of C on i386 (System V ABI, Intel386 supplement, table 2.1), for values that no debug information types. */
function base(name: string, encoding: BaseType['encoding'], byteSize: number): BaseType {
  return { kind: 'base', id: -1, name, encoding, byteSize, bitSize: undefined };
}

export const INT = base('int', 'signed', 4);
export const UNSIGNED_INT = base('unsigned int', 'unsigned', 4);
export const LONG = base('long int', 'signed', 4);
export const UNSIGNED_LONG = base('unsigned long', 'unsigned', 4);
export const LONG_LONG = base('long long int', 'signed', 8);
export const UNSIGNED_LONG_LONG = base('unsigned long long', 'unsigned', 8);
export const CHAR = base('char', 'signed_char', 1);
export const FLOAT = base('float', 'float', 4);
export const DOUBLE = base('double', 'float', 8);
export const LONG_DOUBLE = base('long double', 'float', 12);
const BOOL = base('_Bool', 'boolean', 1);
const VOID: Type = { kind: 'void', id: -1, name: undefined };

/** A pointer to a type. */
export function pointerTo(target: Type): PointerType {
  return { kind: 'pointer', id: -1, name: undefined, flavour: 'pointer', byteSize: 4, target };
}

/** `void *`, for addresses of unknown things. */
export const VOID_POINTER = pointerTo(VOID);

const BY_WORDS = new Map<string, Type>();
function define(type: Type, ...spellings: string[]): void {
  for (const spelling of spellings) BY_WORDS.set(spelling.split(' ').sort().join(' '), type);
}
define(VOID, 'void');
define(BOOL, '_Bool', 'bool');
define(CHAR, 'char');
define(base('signed char', 'signed_char', 1), 'signed char');
define(base('unsigned char', 'unsigned_char', 1), 'unsigned char');
define(base('short int', 'signed', 2), 'short', 'short int', 'signed short', 'signed short int');
define(base('short unsigned int', 'unsigned', 2), 'unsigned short', 'unsigned short int');
define(INT, 'int', 'signed', 'signed int');
define(UNSIGNED_INT, 'unsigned', 'unsigned int');
define(LONG, 'long', 'long int', 'signed long', 'signed long int');
define(UNSIGNED_LONG, 'unsigned long', 'unsigned long int');
define(LONG_LONG, 'long long', 'long long int', 'signed long long', 'signed long long int');
define(UNSIGNED_LONG_LONG, 'unsigned long long', 'unsigned long long int');
define(FLOAT, 'float');
define(DOUBLE, 'double');
define(LONG_DOUBLE, 'long double');

/** The base type a combination of C's keywords means, in any order; undefined where it means none. */
export function basicType(words: string): Type | undefined {
  return BY_WORDS.get(words.split(' ').sort().join(' '));
}

/** Integer promotion (C11 6.3.1.1): what is smaller than int becomes int. */
export function promote(type: Type, bitSize?: number): BaseType {
  const bare = stripTypedefs(type) as BaseType | EnumType;
  if (bare.byteSize < 4 || (bitSize !== undefined && bitSize < 32)) return INT;
  const signed = bare.kind === 'enum' ? bare.isSigned : bare.encoding === 'signed' || bare.encoding === 'signed_char';
  if (bare.byteSize === 4) return signed ? (bare.name?.includes('long') ? LONG : INT) : bare.name?.includes('long') ? UNSIGNED_LONG : UNSIGNED_INT; // prettier-ignore
  return signed ? LONG_LONG : UNSIGNED_LONG_LONG;
}

/** The usual arithmetic conversions (C11 6.3.1.8) of two promoted types. */
export function commonType(left: BaseType, right: BaseType): BaseType {
  if (isFloat(left) || isFloat(right)) {
    const widest = Math.max(isFloat(left) ? left.byteSize : 4, isFloat(right) ? right.byteSize : 4);
    return widest > 8 ? LONG_DOUBLE : widest > 4 ? DOUBLE : FLOAT;
  }
  if (left.byteSize !== right.byteSize) return left.byteSize > right.byteSize ? left : right;
  if (left.encoding === right.encoding) return left.name.includes('long') ? left : right;
  const size = left.byteSize;
  return size === 8 ? UNSIGNED_LONG_LONG : left === LONG || right === LONG || left === UNSIGNED_LONG || right === UNSIGNED_LONG ? UNSIGNED_LONG : UNSIGNED_INT; // prettier-ignore
}

/** The type of an integer constant (C11 6.4.4.1). */
export function constantType(value: bigint, suffix: string, decimal: boolean): BaseType {
  const unsigned = suffix.includes('u');
  const longs = suffix.replace('u', '').length;
  if (longs < 2) {
    if (!unsigned && value <= 0x7fffffffn) return longs ? LONG : INT;
    if ((unsigned || !decimal) && value <= 0xffffffffn) return longs ? UNSIGNED_LONG : UNSIGNED_INT;
  }
  return !unsigned && value <= 0x7fffffffffffffffn ? LONG_LONG : UNSIGNED_LONG_LONG;
}

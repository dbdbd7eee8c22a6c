/** What the shapes of arguments have in common: how they read the caller's memory, and the notation of numbers and structures. */

import type { ReadMemory } from './argument-values';
import { wordIn } from './argument-values';
import { hex, quote } from './strace-text';

/** An argument at the moment at which it is read. */
export interface Reading {
  /** Its word. */
  readonly value: number;
  /** The call's words. */
  readonly words: readonly number[];
  /** What the call returned; undefined at its entry. */
  readonly result: number | undefined;
  /** The argument's text at the entry, when it is read again at the return. */
  readonly before?: string;
  /** Bytes of data that are shown, and elements of arrays. */
  readonly limit: number;
  readonly read: ReadMemory;
  /** What is readable from an address on, at most `length` bytes. */
  readonly readAvailable: ReadMemory;
}

/**
 * Text of an argument; undefined for one that is better shown as the address that it is.
 * @throws MemoryError where the caller's memory is not mapped: the address is shown
 */
export type Shape = (argument: Reading) => string | undefined;

/** Members of a structure, read from its bytes. */
export class Fields {
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(at: number): number {
    return this.view.getUint8(at);
  }
  u16(at: number): number {
    return this.view.getUint16(at, true);
  }
  s16(at: number): number {
    return this.view.getInt16(at, true);
  }
  u32(at: number): number {
    return this.view.getUint32(at, true);
  }
  s32(at: number): number {
    return this.view.getInt32(at, true);
  }
  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }
  s64(at: number): bigint {
    return this.view.getBigInt64(at, true);
  }
  slice(at: number, length: number): Uint8Array {
    return this.bytes.subarray(at, at + length);
  }
  /** A text of at most `length` bytes, in quotes. */
  text(at: number, length: number): string {
    const bytes = this.slice(at, length);
    const end = bytes.indexOf(0);
    return quote(bytes.subarray(0, end < 0 ? bytes.length : end));
  }
}

/** A shape of a structure behind a pointer. */
export function structure(size: number, show: (fields: Fields, argument: Reading) => string): Shape {
  return (argument) => show(new Fields(argument.read(argument.value >>> 0, size)), argument);
}

/** `{a=1, b=2}` of the members that are there. */
export function members(...parts: (string | undefined)[]): string {
  return `{${parts.filter((part) => part !== undefined).join(', ')}}`;
}

/** Elements of an array behind a pointer, at most as many as are shown. */
export function array(argument: Reading, count: number, size: number, show: (fields: Fields) => string): string {
  const shown = Math.min(count, argument.limit);
  const bytes = new Fields(argument.read(argument.value >>> 0, shown * size));
  const parts = Array.from({ length: shown }, (_, i) => show(new Fields(bytes.slice(i * size, size))));
  return `[${parts.join(', ')}${count > shown ? ', ...' : ''}]`;
}

/** A word behind a pointer. */
export function wordAt(argument: Reading, address: number): number {
  return wordIn(argument.read(address >>> 0, 4), 0);
}

/** `0644`, at least three digits. */
export function octal(value: number): string {
  return value === 0 ? '000' : `0${(value >>> 0).toString(8)}`.padStart(3, '0');
}

/** Hexadecimal as C's `%#x` has it: zero without a prefix. */
export function hexOrZero(value: number | bigint): string {
  if (value === 0 || value === 0n) return '0';
  return typeof value === 'bigint' ? `0x${value.toString(16)}` : hex(value);
}

/** Numbers of users, groups and processes: all ones is `-1`. */
export function identity(value: number): string {
  return value >>> 0 === 0xffffffff ? '-1' : String(value >>> 0);
}

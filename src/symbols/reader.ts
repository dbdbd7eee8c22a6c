import { SymbolError, hex } from './errors';

/**
 * A cursor over little-endian bytes that never reads outside its bounds: every overrun is a `SymbolError`
 * (`truncated`) that names the section and the offset. It copies nothing.
 */
export class Reader {
  private readonly view: DataView;

  /**
   * @param bytes the whole section
   * @param what its name for messages (`.debug_info`)
   * @param position first byte to read
   * @param end one past the last readable byte
   * @param view of the same bytes, if there is one already
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly what: string,
    public position = 0,
    readonly end = bytes.length,
    view?: DataView,
  ) {
    this.view = view ?? new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (end > bytes.length || position > end || position < 0) {
      throw new SymbolError('truncated', `${what} has ${hex(bytes.length)} bytes, but ${hex(position)} is referred to`);
    }
  }

  get atEnd(): boolean {
    return this.position >= this.end;
  }

  get remaining(): number {
    return this.end - this.position;
  }

  /** A second cursor over the same section. */
  at(position: number, end = this.end): Reader {
    return new Reader(this.bytes, this.what, position, end, this.view);
  }

  private need(size: number): number {
    const position = this.position;
    if (position + size > this.end) {
      throw new SymbolError('truncated', `${this.what} ends in the middle of an entry at offset ${hex(position)}`);
    }
    this.position = position + size;
    return position;
  }

  skip(size: number): void {
    if (!(size >= 0)) throw new SymbolError('malformed', `${this.what} has a bad size at offset ${hex(this.position)}`);
    this.need(size);
  }

  u8(): number {
    if (this.position >= this.end) this.need(1);
    return this.bytes[this.position++];
  }

  i8(): number {
    return this.view.getInt8(this.need(1));
  }

  u16(): number {
    return this.view.getUint16(this.need(2), true);
  }

  i16(): number {
    return this.view.getInt16(this.need(2), true);
  }

  u24(): number {
    const position = this.need(3);
    return this.view.getUint16(position, true) | (this.bytes[position + 2] << 16);
  }

  u32(): number {
    return this.view.getUint32(this.need(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.need(4), true);
  }

  u64(): bigint {
    return this.view.getBigUint64(this.need(8), true);
  }

  i64(): bigint {
    return this.view.getBigInt64(this.need(8), true);
  }

  /** A 64-bit quantity that has to be an offset or a length: above 2^53 it cannot lie in any file. */
  u64Number(): number {
    const position = this.need(8);
    const value = this.view.getUint32(position, true) + this.view.getUint32(position + 4, true) * 0x1_0000_0000;
    if (!Number.isSafeInteger(value)) {
      throw new SymbolError('malformed', `${this.what} has an impossible 64-bit offset at ${hex(position)}`);
    }
    return value;
  }

  /** An unsigned number of 1, 2, 3, 4 or 8 bytes. */
  unsigned(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 3:
        return this.u24();
      case 4:
        return this.u32();
      case 8:
        return this.u64Number();
      default:
        throw new SymbolError('unsupported', `${this.what} has a number of ${size} bytes at ${hex(this.position)}`);
    }
  }

  /** Unsigned LEB128 (DWARF 7.6) that has to fit in 53 bits. */
  uleb(): number {
    const start = this.position;
    let byte = this.u8();
    if (byte < 0x80) return byte;
    let result = byte & 0x7f;
    let factor = 0x80;
    do {
      byte = this.u8();
      const bits = byte & 0x7f;
      if (bits !== 0) {
        result += bits * factor;
        if (!(result <= Number.MAX_SAFE_INTEGER)) {
          throw new SymbolError('malformed', `${this.what} has an oversized LEB128 number at offset ${hex(start)}`);
        }
      }
      factor *= 0x80;
    } while (byte >= 0x80);
    return result;
  }

  /** Signed LEB128 that has to fit in 53 bits. */
  sleb(): number {
    const byte = this.u8();
    if (byte < 0x80) return byte & 0x40 ? byte - 0x80 : byte;
    this.position--;
    const start = this.position;
    const value = Number(this.slebBig());
    if (!Number.isSafeInteger(value)) {
      throw new SymbolError('malformed', `${this.what} has an oversized LEB128 number at offset ${hex(start)}`);
    }
    return value;
  }

  /** Unsigned LEB128, reduced to 64 bits. */
  ulebBig(): bigint {
    let result = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.u8();
      if (shift < 64n) result |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, result);
      shift += 7n;
    }
  }

  /** Signed LEB128, reduced to 64 bits. */
  slebBig(): bigint {
    let result = 0n;
    let shift = 0n;
    for (;;) {
      const byte = this.u8();
      if (shift < 70n) result |= BigInt(byte & 0x7f) << shift;
      shift += 7n;
      if (byte < 0x80) {
        if (byte & 0x40 && shift < 64n) result -= 1n << shift;
        return BigInt.asIntN(64, result);
      }
    }
  }

  skipLeb(): void {
    while (this.u8() >= 0x80);
  }

  /** A view (no copy) of the next `size` bytes. */
  take(size: number): Uint8Array {
    if (!(size >= 0)) throw new SymbolError('malformed', `${this.what} has a bad size at offset ${hex(this.position)}`);
    const position = this.need(size);
    return this.bytes.subarray(position, position + size);
  }

  /** A NUL-terminated string. */
  cstring(): string {
    const start = this.position;
    this.skipString();
    return decodeText(this.bytes, start, this.position - 1);
  }

  skipString(): void {
    const nul = findNul(this.bytes, this.position, this.end);
    if (nul < 0) {
      throw new SymbolError('truncated', `${this.what} has an unterminated string at offset ${hex(this.position)}`);
    }
    this.position = nul + 1;
  }

  /** The initial length of a unit or table (DWARF 7.4): its end and whether offsets have 4 or 8 bytes. */
  initialLength(): { end: number; offsetSize: 4 | 8 } {
    const start = this.position;
    let length = this.u32();
    let offsetSize: 4 | 8 = 4;
    if (length === 0xffffffff) {
      length = this.u64Number();
      offsetSize = 8;
    } else if (length >= 0xfffffff0) {
      throw new SymbolError('malformed', `${this.what} has a reserved unit length at offset ${hex(start)}`);
    }
    const end = this.position + length;
    if (end > this.end) {
      throw new SymbolError('truncated', `${this.what} ends inside the unit at offset ${hex(start)}`);
    }
    return { end, offsetSize };
  }

  /** Aligns the position to a multiple of `size` counted from `base`. */
  align(size: number, base: number): void {
    const rest = (this.position - base) % size;
    if (rest !== 0) this.skip(size - rest);
  }
}

/** Position of the next NUL before `end`, or -1. Names are short, so a loop beats the built-in search. */
export function findNul(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === 0) return i;
  return -1;
}

const decoder = new TextDecoder('utf-8');

/** Decodes UTF-8; names are short and nearly always ASCII, where this is much faster than a TextDecoder. */
export function decodeText(bytes: Uint8Array, start: number, end: number): string {
  if (end - start > 64) return decoder.decode(bytes.subarray(start, end));
  let text = '';
  for (let i = start; i < end; i++) {
    const byte = bytes[i];
    if (byte >= 0x80) return decoder.decode(bytes.subarray(start, end));
    text += String.fromCharCode(byte);
  }
  return text;
}

/** The string that starts at an offset of a string section. @throws SymbolError */
export function stringAt(bytes: Uint8Array, offset: number, what: string): string {
  if (offset < 0 || offset >= bytes.length) {
    throw new SymbolError(
      'truncated',
      `${what} has ${hex(bytes.length)} bytes, but a string at ${hex(offset)} is used`,
    );
  }
  const nul = findNul(bytes, offset, bytes.length);
  if (nul < 0) throw new SymbolError('truncated', `${what} has an unterminated string at offset ${hex(offset)}`);
  return decodeText(bytes, offset, nul);
}

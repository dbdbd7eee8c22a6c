import { type EvaluationContext, type Location, type Piece } from './api';
import { registerName } from './constants';
import { SymbolError } from './errors';

/** Nobody shows a value larger than this at once, and a hostile file could ask for any size. */
const MAX_VALUE = 0x100_0000;

/** The bytes of a value; `missing` says in one sentence why some are not there (those are zero in `bytes`). */
export interface ReadValue {
  readonly bytes: Uint8Array;
  readonly missing: string | undefined;
}

/**
 * Collects the bytes of a value from all its pieces (DWARF 2.6.1.2).
 *
 * @param byteSize of the value's type
 * @throws SymbolError `limit`; errors of the context's `readMemory` pass unchanged
 */
export function readLocation(location: Location, byteSize: number, context: EvaluationContext): ReadValue {
  if (!(byteSize >= 0 && byteSize <= MAX_VALUE)) {
    throw new SymbolError('limit', `a value of ${byteSize} bytes is too large to be read at once`);
  }
  const bytes = new Uint8Array(byteSize);
  let missing: string | undefined;
  let bit = 0;
  for (const piece of location.pieces) {
    const wanted = Math.min(piece.bitSize ?? byteSize * 8, byteSize * 8 - bit);
    if (wanted <= 0) break;
    const part = readPiece(piece, wanted, context);
    if (typeof part === 'string') missing ??= part;
    else copyBits(part, piece.bitOffset, bytes, bit, wanted);
    bit += wanted;
  }
  if (bit < byteSize * 8) missing ??= 'the debug information describes only a part of the value';
  return { bytes, missing };
}

/** The bytes that hold a piece, or the reason why there are none. */
function readPiece(piece: Piece, bits: number, context: EvaluationContext): Uint8Array | string {
  const size = Math.ceil((piece.bitOffset + bits) / 8);
  const { place } = piece;
  switch (place.kind) {
    case 'memory':
      return context.readMemory(place.address, size);
    case 'register':
      return readRegister(place.register, size, context);
    case 'implicit':
      if (place.bytes.length < size) return `the debug information gives only ${place.bytes.length} of ${size} bytes`;
      return place.bytes;
    case 'implicitPointer':
      return 'the pointer was optimised away; what it points to may still be known';
    case 'optimizedOut':
      return place.reason;
  }
}

function readRegister(number: number, size: number, context: EvaluationContext): Uint8Array | string {
  const wide = number > 9 ? context.wideRegister?.(number) : undefined;
  if (wide && wide.length >= size) return wide;
  const value = context.register(number);
  if (value === undefined) return `it is in %${registerName(number)}, which this frame does not have`;
  if (size > 4) return `%${registerName(number)} holds only 4 of ${size} bytes`;
  return Uint8Array.of(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff);
}

/** Copies `count` bits, least significant first; by whole bytes where both sides are aligned. */
export function copyBits(from: Uint8Array, fromBit: number, to: Uint8Array, toBit: number, count: number): void {
  if (((fromBit | toBit | count) & 7) === 0) {
    to.set(from.subarray(fromBit >> 3, (fromBit + count) >> 3), toBit >> 3);
    return;
  }
  for (let i = 0; i < count; i++) {
    const source = fromBit + i;
    const target = toBit + i;
    const mask = 1 << (target & 7);
    if ((from[source >> 3] >> (source & 7)) & 1) to[target >> 3] |= mask;
    else to[target >> 3] &= ~mask;
  }
}

import { copyBits } from '../../symbols';
import type { Location, Piece } from '../../symbols/api';
import { ValueError, type ValueAccess } from './access';

/** Where a value's bytes are. */
export type Storage =
  | { readonly kind: 'memory'; readonly address: number }
  /** A computed value: it has no address and cannot be written. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Registers, or several places (DWARF 2.6.1.2). */
  | { readonly kind: 'pieces'; readonly pieces: readonly Piece[] }
  /** A part of such a value. */
  | { readonly kind: 'part'; readonly whole: Storage; readonly byteOffset: number }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** The storage a DWARF location describes. */
export function storageOf(location: Location): Storage {
  const [first] = location.pieces;
  if (location.pieces.length === 0) return { kind: 'unavailable', reason: 'the compiler gave it no location' };
  if (location.pieces.length === 1 && first.bitSize === undefined && first.bitOffset === 0) {
    const { place } = first;
    if (place.kind === 'memory') return { kind: 'memory', address: place.address };
    if (place.kind === 'implicit') return { kind: 'bytes', bytes: place.bytes };
    if (place.kind === 'optimizedOut') return { kind: 'unavailable', reason: place.reason };
  }
  return { kind: 'pieces', pieces: location.pieces };
}

/** The storage `byteOffset` bytes into another. */
export function partOf(whole: Storage, byteOffset: number): Storage {
  switch (whole.kind) {
    case 'memory':
      return { kind: 'memory', address: (whole.address + byteOffset) >>> 0 };
    case 'part':
      return { kind: 'part', whole: whole.whole, byteOffset: whole.byteOffset + byteOffset };
    case 'unavailable':
      return whole;
    default:
      return byteOffset === 0 ? whole : { kind: 'part', whole, byteOffset };
  }
}

/** Reads `size` bytes. @throws ValueError where a part of them is not available, MemoryError where memory is not mapped */
export function readStorage(storage: Storage, size: number, access: ValueAccess): Uint8Array {
  switch (storage.kind) {
    case 'memory':
      return access.readMemory(storage.address, size);
    case 'bytes':
      return sliceBytes(storage.bytes, 0, size);
    case 'unavailable':
      throw new ValueError(`optimized out: ${storage.reason}`);
    case 'part':
      return storage.whole.kind === 'pieces'
        ? readPieces(storage.whole.pieces, storage.byteOffset * 8, size, access)
        : sliceBytes(readStorage(storage.whole, storage.byteOffset + size, access), storage.byteOffset, size);
    case 'pieces':
      return readPieces(storage.pieces, 0, size, access);
  }
}

/** Writes bytes. @throws ValueError where that place cannot be written */
export function writeStorage(storage: Storage, bytes: Uint8Array, access: ValueAccess): void {
  switch (storage.kind) {
    case 'memory':
      access.writeMemory(storage.address, bytes);
      return;
    case 'pieces':
      writePieces(storage.pieces, 0, bytes, access);
      return;
    case 'part':
      if (storage.whole.kind === 'pieces') {
        writePieces(storage.whole.pieces, storage.byteOffset * 8, bytes, access);
        return;
      }
      throw new ValueError('This is a computed value; it has no place that could be changed.');
    case 'unavailable':
      throw new ValueError(`It has no place that could be changed: ${storage.reason}.`);
    case 'bytes':
      throw new ValueError('This is a computed value; it has no place that could be changed.');
  }
}

function sliceBytes(bytes: Uint8Array, from: number, size: number): Uint8Array {
  if (from + size <= bytes.length) return bytes.subarray(from, from + size);
  const padded = new Uint8Array(size);
  padded.set(bytes.subarray(from));
  return padded;
}

interface Span {
  piece: Piece;
  /** First bit of the wanted range within the piece. */
  from: number;
  /** Where it goes in the wanted range. */
  to: number;
  bits: number;
}

/** The pieces that cover `bits` bits from bit `start`; bits beyond the last piece are covered by none. */
function* spans(pieces: readonly Piece[], start: number, bits: number): Generator<Span> {
  let position = 0;
  for (const piece of pieces) {
    const length = piece.bitSize ?? Math.max(0, start + bits - position);
    const from = Math.max(start, position);
    const end = Math.min(start + bits, position + length);
    if (from < end) yield { piece, from: from - position + piece.bitOffset, to: from - start, bits: end - from };
    position += length;
  }
}

function readPieces(pieces: readonly Piece[], start: number, size: number, access: ValueAccess): Uint8Array {
  const result = new Uint8Array(size);
  let covered = 0;
  for (const span of spans(pieces, start, size * 8)) {
    copyBits(readPlace(span.piece, span.from + span.bits, access), span.from, result, span.to, span.bits);
    covered += span.bits;
  }
  if (covered < size * 8) throw new ValueError('optimized out: the compiler kept only a part of it');
  return result;
}

/** The first `bits` bits of a piece's place, as bytes. */
function readPlace(piece: Piece, bits: number, access: ValueAccess): Uint8Array {
  const size = (bits + 7) >>> 3;
  const { place } = piece;
  switch (place.kind) {
    case 'memory':
      return access.readMemory(place.address, size);
    case 'implicit':
      return sliceBytes(place.bytes, 0, size);
    case 'register': {
      const bytes = access.readRegister(place.register);
      if (!bytes) throw new ValueError('not saved: the register that held it has been reused since');
      return sliceBytes(bytes, 0, size);
    }
    case 'implicitPointer':
      throw new ValueError('optimized out: the pointer was removed, only what it pointed to is left');
    case 'optimizedOut':
      throw new ValueError(`optimized out: ${place.reason}`);
  }
}

function writePieces(pieces: readonly Piece[], start: number, bytes: Uint8Array, access: ValueAccess): void {
  const plan = [...spans(pieces, start, bytes.length * 8)];
  for (const { piece } of plan) {
    if (piece.place.kind !== 'memory' && piece.place.kind !== 'register') {
      throw new ValueError('A part of this value was optimized out; it has no place that could be changed.');
    }
  }
  for (const span of plan) {
    const { place } = span.piece;
    const old = readPlace(span.piece, span.from + span.bits, access).slice();
    copyBits(bytes, span.to, old, span.from, span.bits);
    if (place.kind === 'memory') access.writeMemory(place.address, old);
    else if (place.kind === 'register') {
      const whole = access.readRegister(place.register)?.slice();
      if (!whole) throw new ValueError('The register that held it is not known in this frame.');
      whole.set(old.subarray(0, whole.length));
      access.writeRegister(place.register, whole);
    }
  }
}

import type { Type } from '../../symbols/api';
import { copyBits, sizeOf, stripTypedefs } from '../../symbols';
import { MemoryError } from '../target';
import { ValueError, type ValueAccess } from './access';
import { readStorage, writeStorage, type Storage } from './storage';

/** Bits of a structure that a bit-field occupies, counted from the storage's first byte, least significant first. */
export interface BitField {
  readonly bitOffset: number;
  readonly bitSize: number;
}

/**
 * A typed value in the guest: of a variable, a member, a register or an expression. Nothing is read before it is asked for, and nothing
 * is kept, so a value always shows the present state.
 */
export class Value {
  constructor(
    readonly type: Type,
    readonly storage: Storage,
    readonly access: ValueAccess,
    /** What a pane shows as its name. */
    readonly name: string = '',
    /** A C expression that gives this value again, or undefined where there is none. */
    readonly expression: string | undefined = undefined,
    readonly bitField: BitField | undefined = undefined,
  ) {}

  /** The type without typedefs and qualifiers. */
  get bareType(): Type {
    return stripTypedefs(this.type);
  }

  /** Size in bytes; 0 where the type has none. */
  get size(): number {
    return sizeOf(this.type) ?? 0;
  }

  /** Address in memory, or undefined where it is in a register, computed, or a bit-field. */
  get address(): number | undefined {
    return this.storage.kind === 'memory' && !this.bitField ? this.storage.address : undefined;
  }

  /**
   * The value's bytes, little-endian; a bit-field is moved to bit 0 and zero-extended to its type's size.
   * @throws ValueError (optimized out), MemoryError (not mapped)
   */
  bytes(): Uint8Array {
    if (!this.bitField) return readStorage(this.storage, this.size, this.access);
    const { bitOffset, bitSize } = this.bitField;
    const raw = readStorage(this.storage, (bitOffset + bitSize + 7) >>> 3, this.access);
    const result = new Uint8Array(this.size);
    copyBits(raw, bitOffset, result, 0, bitSize);
    return result;
  }

  /** Writes the value's bytes (as `bytes()` gives them). @throws ValueError, MemoryError */
  write(bytes: Uint8Array): void {
    if (!this.bitField) {
      writeStorage(this.storage, bytes, this.access);
      return;
    }
    const { bitOffset, bitSize } = this.bitField;
    const raw = readStorage(this.storage, (bitOffset + bitSize + 7) >>> 3, this.access).slice();
    copyBits(bytes, 0, raw, bitOffset, bitSize);
    writeStorage(this.storage, raw, this.access);
  }

  /** The same value under another name and expression. */
  named(name: string, expression: string | undefined = this.expression): Value {
    return new Value(this.type, this.storage, this.access, name, expression, this.bitField);
  }

  /** The same bytes as another type. */
  as(type: Type): Value {
    return new Value(type, this.storage, this.access, this.name, this.expression, this.bitField);
  }
}

/** The plain sentence in an error that reading a value may give; anything else is a defect and thrown on. */
export function unavailability(error: unknown): string {
  if (error instanceof ValueError || error instanceof MemoryError) return error.message;
  if (error instanceof Error && error.name === 'SymbolError') return error.message;
  throw error;
}

/**
 * What a person asked for and what lies in memory that is not there is an error; a structure of which only a part cannot be read is
 * not, and what has no place says so in its text.
 * @throws MemoryError where the value's first byte is not mapped
 */
export function mustBeMapped(value: Value): void {
  const { storage } = value;
  if (storage.kind === 'memory' && value.size > 0) value.access.readMemory(storage.address, 1);
}

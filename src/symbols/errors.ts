/** What went wrong, for callers that want to react and not only show the sentence. */
export type SymbolErrorCode =
  /** The bytes are not an ELF file. */
  | 'not-elf'
  /** A read ran over the end of the file or of a section. */
  | 'truncated'
  /** An ELF file, but not for 32-bit x86. */
  | 'architecture'
  /** Big-endian. */
  | 'byte-order'
  /** No DWARF in the file (or it lives in another one). */
  | 'no-debug-info'
  /** Contents that contradict the standard. */
  | 'malformed'
  /** Contents that the standard (or a vendor) defines and this reader doesn't know. */
  | 'unsupported'
  /** A bound against hostile input was reached: nesting, steps, sizes. */
  | 'limit'
  /** A location expression needs something that the context couldn't give (memory, a register, a caller's frame). */
  | 'unavailable';

/** The only error that src/symbols throws for bad input; `message` is one clear sentence. */
export class SymbolError extends Error {
  override readonly name = 'SymbolError';

  constructor(
    readonly code: SymbolErrorCode,
    message: string,
  ) {
    super(message);
  }
}

/** `0xc1000000`, as messages name addresses and section offsets. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** How values reach the machine: the memory of one address space and the registers as one frame knows them. */
export interface ValueAccess {
  /** @throws MemoryError where a page is not mapped */
  readMemory(address: number, length: number): Uint8Array;
  writeMemory(address: number, bytes: Uint8Array): void;
  /** Little-endian bytes of a register by DWARF number (4 bytes; 10 for x87), or undefined where this frame does not know it. */
  readRegister(register: number): Uint8Array | undefined;
  /** @throws ValueError where this frame does not know where the register is kept */
  writeRegister(register: number, bytes: Uint8Array): void;
  /** `inet_stream_ops`, `inet_bind+0x12`: the symbol an address belongs to. */
  describeAddress(address: number): string | undefined;
}

/** A value that cannot be read, written or shown; the message is one plain sentence. */
export class ValueError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ValueError';
  }
}

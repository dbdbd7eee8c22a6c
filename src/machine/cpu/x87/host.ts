/** The two sides of the FPU: the memory that holds its registers, and the processor it belongs to. */

/** The FPU's registers as views of the machine's memory. */
export interface X87Memory {
  /** The whole memory; read afresh at each access, so that it may be replaced when the memory grows. */
  i32: Int32Array;
  /** Byte offset of the FPU's block of X87_STATE_SIZE bytes, 16-byte aligned. */
  base: number;
}

/**
 * What the FPU asks of the processor.
 *
 * Every memory access may throw the processor's own fault object. It passes through untouched, and no register of the
 * FPU has changed then, so that the instruction can be restarted. Values read may be signed or unsigned.
 */
export interface X87Host {
  read8(segment: number, offset: number): number;
  read16(segment: number, offset: number): number;
  read32(segment: number, offset: number): number;
  write8(segment: number, offset: number, value: number): void;
  write16(segment: number, offset: number, value: number): void;
  write32(segment: number, offset: number, value: number): void;
  /** Throws the fault, if any, that writing `size` bytes would meet, before the first of them is changed. */
  probeWrite(segment: number, offset: number, size: number): void;
  /** Selector in CS. */
  readonly cs: number;
  /** Offset of the current instruction's first byte, prefixes included. */
  readonly eip: number;
  /** Selector in a segment register. */
  selector(segment: number): number;
  /** Operand size of the current instruction, which chooses the 14- or 28-byte environment. */
  readonly operandSize16: boolean;
  /** Which layout the environment has: true in protected mode, false in real-address and virtual-8086 mode. */
  readonly protectedMode: boolean;
  /** CR0.NE: report pending exceptions by #MF. */
  readonly numericError: boolean;
  /**
   * Asserts FERR#, in place of #MF while CR0.NE is clear. Throws to take the interrupt before the waiting instruction;
   * returns if IGNNE# lets the instruction run in spite of the exception.
   */
  assertFerr(): void;
  /** EFLAGS, of which FCMOVcc uses CF, PF and ZF. */
  getConditions(): number;
  /** FCOMI: sets ZF, PF and CF as given, and clears OF, SF and AF. */
  setConditions(zf: boolean, pf: boolean, cf: boolean): void;
  /** Writes AX. */
  setAx(value: number): void;
  /** Raises an exception of the processor: 6 #UD, 16 #MF. */
  raise(vector: number): never;
}

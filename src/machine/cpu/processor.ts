/** What the reference evaluator needs of a processor; cpu.ts implements it. */

import { type HelperName } from './ops';

/** A helper; unused arguments are 0. Results are 32-bit (signed or not). */
export type Helper = (a: number, b: number, c: number, d: number) => number | void;

export interface Processor {
  /** The whole of the machine's memory, laid out as layout.ts says. */
  readonly u8: Uint8Array;
  readonly i32: Int32Array;

  /**
   * Memory by segment (SegmentRegister) and offset, with all segment and page checks for the current CPL; raise #GP, #SS, #PF.
   * 8- and 16-bit reads are zero-extended.
   */
  read8(segment: number, offset: number): number;
  read16(segment: number, offset: number): number;
  read32(segment: number, offset: number): number;
  write8(segment: number, offset: number, value: number): void;
  write16(segment: number, offset: number, value: number): void;
  write32(segment: number, offset: number, value: number): void;
  /** Check that a write of `bytes` bytes would succeed. */
  probeWrite(segment: number, offset: number, bytes: number): void;

  /**
   * Offset in this memory (RAM + physical address) of the code byte at CS:eip, after the checks of an instruction fetch (#GP(0) beyond the limit,
   * #PF); −1 where there is no RAM.
   */
  codeOffset(eip: number): number;
  /** The code byte at CS:eip, with the same checks; 0xff where there is no RAM. */
  fetch8(eip: number): number;
  /** #GP(0) where `eip` is beyond the limit of CS. */
  checkJump(eip: number): void;

  /** Leave the instruction with an exception: throws GuestFault. Error code −1: none. */
  raise(vector: number, errorCode?: number): never;
  readonly helpers: Record<HelperName, Helper>;
}

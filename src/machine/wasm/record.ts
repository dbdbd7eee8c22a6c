/**
 * Predecoded instructions: records of 16 bytes in the machine's memory, one after another as the instructions are, and the fixed words
 * through which emitted code and TypeScript talk.
 *
 * A record knows its place only as an offset in its page, so it is good for every linear address at which the physical page appears.
 */

import { SCRATCH } from '../cpu/layout';

export const RECORD_SIZE = 16;
/** u16: number of the handler. */
export const RECORD_HANDLER = 0;
/** u16: offset of the instruction in its page; 4096 in the record that ends a page. */
export const RECORD_OFFSET = 2;
/** u8: bits 0..3 length in bytes, bits 4..6 segment of the memory operand. */
export const RECORD_LENGTH = 4;
/** u8: offset in the state of the register named by ModRM.reg. */
export const RECORD_REG = 5;
/** u8: offset in the state of the register named by ModRM.rm, or of the base register. */
export const RECORD_RM = 6;
/** u8: offset in the state of the index register (a multiple of 4), plus the scale in bits 0 and 1. */
export const RECORD_INDEX = 7;
/** i32: the immediate; in forms that ask for them, opcode + (ModRM << 16). */
export const RECORD_IMMEDIATE = 8;
/** i32: the displacement, the second immediate, or in branches within the page the target's record once it is known. */
export const RECORD_DISPLACEMENT = 12;

/** Handlers every interpreter has, before those of the forms. */
export const enum Handler {
  /** Return to TypeScript; EIP is the record's place. */
  Leave = 0,
  /** Not an instruction: go on at the record's place, in the next page. */
  NextPage = 1,
  /** Not an instruction: go on with the record at RECORD_DISPLACEMENT. */
  Link = 2,
  /** Not an instruction: what follows has yet to be decoded. */
  Decode = 3,
  /** Let the evaluator execute the instruction. */
  Evaluate = 4,
  /**
   * As Leave, before an instruction at which to stop. Where RECORD_DISPLACEMENT is PASSABLE the instruction itself is the next record, which no
   * branch leads to: to go on from the stop.
   */
  Breakpoint = 5,
  First = 6,
}

/** See Handler.Breakpoint. */
export const PASSABLE = 1;

/** A record in the scratch words whose handler is Leave or Evaluate, for places that have no record of their own. */
export const SPARE_RECORD = SCRATCH;
/** True instructions left in the slice, less those in the emitted code's own count. */
export const ADJUST = SCRATCH + 0x10;
/** Non-zero: emitted code must leave after the current instruction because what it is executing may have changed. */
export const LEAVE = SCRATCH + 0x14;
/** Results of a division. */
export const QUOTIENT = SCRATCH + 0x18;
export const REMAINDER = SCRATCH + 0x1c;
export const OVERFLOW = SCRATCH + 0x20;

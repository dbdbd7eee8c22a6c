/** A decoded instruction: one reusable record. */

import { type Form } from './forms';

/** Stands for "no base" or "no index": register 8 is the word ZERO of layout.ts. */
export const NO_REGISTER = 8;

export interface Decoded {
  form: Form;
  /** Bytes, prefixes included. */
  length: number;
  /** ModRM.rm (or the opcode's low three bits, or 0 for AL/AX/EAX) where the r/m operand is a register. */
  rm: number;
  /** ModRM.reg or the opcode's low three bits. Number of a general, segment, control or debug register. */
  reg: number;
  /** Memory operand: (GPR[base] + (GPR[index] << scale) + displacement) & addressMask. Base and index are 0..7, or NO_REGISTER. */
  base: number;
  index: number;
  scale: number;
  displacement: number;
  /** 0xffff or −1. */
  addressMask: number;
  /** Segment of the memory operand (also of the source of string instructions): default or prefix. */
  segment: number;
  immediate: number;
  immediate2: number;
  /** Raw opcode, 0x0f00 added for two-byte ones, 0x0f3800 and 0x0f3a00 for three-byte ones. */
  opcode: number;
  modrm: number;
}

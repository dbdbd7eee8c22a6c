/**
 * The abstract operations in which every instruction's meaning is written, once (src/machine/cpu/semantics/).
 *
 * `V` is an engine's notion of a 32-bit value: a number for the reference evaluator, a piece of WebAssembly for the emitter. Rules that
 * keep one text good for all engines:
 *  - Never use JavaScript operators or `if` on a V; only on what is static: `o.size`, the form's own parameters, constants.
 *  - A V may be used any number of times; engines see to it that it is computed once, where it was made.
 *  - Reads, checks and probes come before the first write: a fault may leave at any load, store, probe, raise or helper, and the
 *    instruction is then restarted from its beginning.
 *  - Values of 8 and 16 bits are zero-extended in their V, unless a name says otherwise; writes ignore higher bits.
 */

import { type Register, type SegmentRegister } from './layout';

/** Operand size in bits. */
export type Size = 8 | 16 | 32;

/** Condition codes by their encoding in Jcc/SETcc/CMOVcc (SDM volume 1, appendix B). */
export type ConditionCode = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12 | 13 | 14 | 15;

/** Which segment a load or store goes through: a fixed one, or that of the instruction's memory operand (default or prefix). */
export type SegmentChoice = SegmentRegister | 'operand';

export interface Ops<V> {
  // ---- what is static in the form at hand
  /** Operand size of this form in bits. */
  readonly size: Size;
  /** Address size of this form: decides SI/ESI, CX/ECX in string and loop instructions. */
  readonly addressSize: 16 | 32;
  /** True where the r/m operand is in memory. */
  readonly isMemory: boolean;
  /** REP prefix of this form. */
  readonly repeat: 'none' | 'rep' | 'repne';

  // ---- operands of the instruction
  /** The r/m operand, read (size: the form's unless given). */
  readRm(size?: Size): V;
  /** The r/m operand, read by an instruction that will write it: for memory the right to write is checked now. */
  readRmForWrite(size?: Size): V;
  /** Write the r/m operand. After `readRmForWrite` it cannot fault. A 16-bit write leaves the upper half of a register alone. */
  writeRm(value: V, size?: Size): void;
  /** The register named by ModRM.reg or by the opcode's low three bits. */
  readReg(size?: Size): V;
  writeReg(value: V, size?: Size): void;
  /** A fixed register. For size 8, numbers 0..7 are AL CL DL BL AH CH DH BH. */
  readGpr(register: Register, size: Size): V;
  writeGpr(register: Register, value: V, size: Size): void;
  /** The immediate, sign-extended to 32 bits where the encoding does so, else zero-extended. */
  immediate(): V;
  /** The second immediate (ENTER, far pointers: selector). */
  immediate2(): V;
  /** Offset part of the memory operand (LEA), truncated to the address size. */
  effectiveAddress(): V;
  /** Segment number of the memory operand, as a value (for helpers). */
  operandSegment(): V;
  /** Raw opcode (with 0x0f00 or 0xd8..0xdf group) and ModRM byte, as values (for helpers). */
  opcode(): V;
  modrm(): V;

  // ---- memory (with all segment and page checks)
  load(size: Size, segment: SegmentChoice, offset: V): V;
  store(size: Size, segment: SegmentChoice, offset: V, value: V): void;
  /** Check that a store of `size` bits would succeed, without storing. */
  probeStore(size: Size, segment: SegmentChoice, offset: V): void;
  /** Stack-pointer mask follows SS.B. Push and pop move ESP only after their access has succeeded. */
  push(value: V, size: 16 | 32): void;
  pop(size: 16 | 32): V;

  // ---- arithmetic on 32 bits, wrapping
  constant(value: number): V;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  mul(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(a: V): V;
  neg(a: V): V;
  /** Shifts take their count modulo 32, as WebAssembly and JavaScript do. */
  shl(a: V, n: V): V;
  shrU(a: V, n: V): V;
  shrS(a: V, n: V): V;
  rotl(a: V, n: V): V;
  /** Comparisons give 1 or 0. */
  eq(a: V, b: V): V;
  ne(a: V, b: V): V;
  ltU(a: V, b: V): V;
  ltS(a: V, b: V): V;
  isZero(a: V): V;
  clz(a: V): V;
  ctz(a: V): V;
  popcount(a: V): V;
  signExtend(a: V, from: 8 | 16): V;
  zeroExtend(a: V, from: 8 | 16): V;
  /** High 32 bits of the 64-bit product. */
  mulHighU(a: V, b: V): V;
  mulHighS(a: V, b: V): V;
  /** `condition ? a : b`; both are computed. */
  select(condition: V, a: V, b: V): V;

  // ---- control inside an instruction
  if(condition: V, then: () => void, otherwise?: () => void): void;
  /** A mutable temporary, for values that differ by path through `if`. */
  variable(initial: V): { get(): V; set(value: V): void };
  /** Raise an exception (SDM volume 3, chapter 6); ends the instruction with nothing written. */
  raise(vector: number, errorCode?: V): void;

  // ---- flags (lazy inside; see flags.ts)
  /** Flags after result = a + operand (no carry in). */
  flagsAdd(size: Size, operand: V, result: V): void;
  /** Flags after result = a − operand (no borrow in); also CMP. */
  flagsSub(size: Size, operand: V, result: V): void;
  /** Flags after AND, OR, XOR, TEST: CF = OF = AF = 0. */
  flagsLogic(size: Size, result: V): void;
  /** Flags after INC or DEC: CF kept. */
  flagsInc(size: Size, result: V): void;
  flagsDec(size: Size, result: V): void;
  /** ZF SF PF from the result; CF, OF, AF given (0 or 1). */
  flagsResult(size: Size, result: V, cf: V, of: V, af: V): void;
  /** Only these flags change; `mask` is static, in EFLAGS bit positions; `value` has them in place. */
  setFlags(mask: number, value: V): void;
  /** 1 where the condition holds. */
  condition(code: ConditionCode): V;
  carry(): V;
  /** All of EFLAGS as it would be pushed, lazy flags computed. */
  eflags(): V;
  /** +1/+2/+4 or −1/−2/−4 by EFLAGS.DF, for `size`. */
  stringStep(size: Size): V;

  // ---- flow
  /** Near jump to an offset in CS (already truncated to 16 bits by the caller where operand size is 16); checks the CS limit: #GP(0). */
  jump(target: V): void;
  /** Offset of the next instruction. */
  nextEip(): V;
  /** End this iteration of a REP instruction: execute the same instruction again (counts as an instruction of its own). */
  repeatInstruction(): void;

  // ---- what is rare is TypeScript, shared by all engines
  /** Call a helper (helpers.ts) that neither changes EIP nor the mode. It may raise; then nothing may have been written yet. */
  helper(name: HelperName, a?: V, b?: V, c?: V): V;
  /**
   * Call a helper that ends the instruction and may change EIP (it writes NEXT_EIP), CPL, segments, paging, interrupts, mode.
   * Nothing may follow it.
   */
  control(name: HelperName, a?: V, b?: V, c?: V): void;
}

/** A helper's name: a key of the table in helpers.ts. */
export type HelperName = string;

/** The meaning of an instruction form. */
export type Semantics = <V>(o: Ops<V>) => void;

/**
 * The abstract operations in which every instruction's meaning is written, once (src/machine/cpu/semantics/).
 *
 * `V` is an engine's notion of a 32-bit value: a number for the reference evaluator, a piece of WebAssembly for the emitter. Rules that
 * keep one text good for all engines:
 *  - Never use JavaScript operators or `if` on a V; only on what is static: `o.size`, the form's own parameters, constants.
 *  - A V may be used any number of times; engines see to it that it is computed once, where it was made.
 *  - Reads, checks and probes come before the first write: a fault may leave at any load, store, probe, raise or helper, and the
 *    instruction is then restarted from its beginning.
 *  - A memory operand's address is computed from the registers at each use: it is written before a register that may be part of it.
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
  /** Address size of this form: decides SI/ESI, CX/ECX in string and loop instructions. Meaningful only in forms with `usesAddressSize`. */
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
  /** Offset part of the memory operand (LEA), truncated to the instruction's address size; with `plus`, of what lies that many bytes on. */
  effectiveAddress(plus?: V): V;
  /** Segment number of the memory operand, as a value (for helpers). */
  operandSegment(): V;
  /** Raw opcode (0x0f00 added for two-byte ones) and ModRM byte, as values (for helpers). */
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
  /** 0xffffffff where SS.B = 1, else 0xffff. */
  stackMask(): V;
  /** A word of the processor's state, by its offset in layout.ts (CR0, CPL, a selector…). Not EFLAGS: see `eflags`. */
  readState(offset: number): V;

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
  /**
   * 64-bit dividend high:low by a 32-bit divisor that is not 0, rounding towards 0. `overflow` is 1 where the quotient does not fit into 32 bits
   * (signed or unsigned, as asked); quotient and remainder are then meaningless.
   */
  divide(signed: boolean, high: V, low: V, divisor: V): { quotient: V; remainder: V; overflow: V };
  /** `condition ? a : b`; both are computed. */
  select(condition: V, a: V, b: V): V;

  // ---- control inside an instruction
  /** Runs `then` where the condition is not 0. */
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
  /**
   * Near jump to an offset in CS (already truncated to 16 bits by the caller where operand size is 16); checks the CS limit: #GP(0).
   * Sets where execution goes on and no more: other operations may follow it (CALL writes the stack only once its target is known to be good).
   */
  jump(target: V): void;
  /** Offset of the next instruction. */
  nextEip(): V;
  /** End this iteration of a REP instruction: execute the same instruction again (counts as an instruction of its own). */
  repeatInstruction(): void;

  // ---- what is rare is TypeScript, shared by all engines
  /** Call a helper (helpers.ts) that neither changes EIP nor the mode. It may raise; then nothing may have been written yet. */
  helper(name: HelperName, a?: V, b?: V, c?: V, d?: V): V;
  /**
   * Call a helper that ends the instruction and may change EIP (it writes NEXT_EIP), CPL, segments, paging, interrupts, mode.
   * Nothing may follow it.
   */
  control(name: HelperName, a?: V, b?: V, c?: V, d?: V): void;
}

/**
 * The helpers (helpers.ts holds the table). Their arguments, in order; sizes are in bits; results only where given.
 * Before a helper runs, the semantics have already checked what is noted as "checked": the helper need not repeat it.
 */
export type HelperName =
  // ---- called with helper()
  /** port, size → value read. #GP(0) by IOPL and the TSS's bitmap. */
  | 'in'
  /** port, size, value. Checks as `in`. */
  | 'out'
  /** port, size: the check of `in` and `out` alone, before INS and OUTS touch memory. */
  | 'checkPort'
  /** selector → access-rights word for LAR (already masked to 0x00ffff00), or −1 where ZF is to be 0. Checked: protected mode. */
  | 'lar'
  /** selector → 1 where LSL succeeds, else 0; `lsl` → the limit in bytes. Checked: protected mode. */
  | 'lslValid'
  | 'lsl'
  /** selector → 1 where readable (writable), else 0. Checked: protected mode. */
  | 'verr'
  | 'verw'
  /** control (debug) register number → value. Checked: CPL 0. #UD for numbers that do not exist; `readDebug` #DB by DR7.GD. */
  | 'readControl'
  | 'readDebug'
  /** opcode 0xd8..0xdf, ModRM (register form). Checked: CR0.EM and CR0.TS (#NM). #MF and #UD are the helper's; it may write AX and EFLAGS. */
  | 'x87Register'
  /** opcode 0xd8..0xdf (0x100 added where operand size is 16: FLDENV, FSAVE…), ModRM, segment, offset. Checked as `x87Register`. */
  | 'x87Memory'
  /** FWAIT: #MF if pending. Checked: CR0.TS with CR0.MP (#NM). */
  | 'x87Wait'
  // ---- called with control()
  /** segment register, selector: MOV to a segment register; for SS also the interrupt shadow. Checked: not CS. */
  | 'loadSegment'
  /** segment register, size: POP to it; reads the stack and moves ESP itself. */
  | 'popSegment'
  /** segment register, selector, offset, general register + (size << 8): LES LDS LSS LFS LGS; loads the segment, then writes the register. */
  | 'loadFarPointer'
  /** selector, offset, size. */
  | 'farJump'
  | 'farCall'
  /** size, bytes to release (RETF imm16). */
  | 'farReturn'
  /** size. */
  | 'interruptReturn'
  /** vector: INT n, with its IOPL check in virtual-8086 mode. */
  | 'interrupt'
  /** INT3 (#BP), INTO with OF set (#OF), ICEBP (#DB). */
  | 'int3'
  | 'into'
  | 'icebp'
  /** All checks are the helper's. */
  | 'sysenter'
  | 'sysexit'
  /** value popped, size: write the flags that CPL, IOPL and size allow. Checked: virtual-8086 mode with IOPL < 3. */
  | 'writeFlags'
  /** All checks are the helper's. */
  | 'cli'
  | 'sti'
  /** Checked: CPL 0. */
  | 'halt'
  | 'clts'
  | 'invd'
  | 'wbinvd'
  /** segment, offset. Checked: CPL 0. */
  | 'invlpg'
  /** base, limit. Checked: CPL 0. Base is already cut to 24 bits for 16-bit operand size. */
  | 'loadGdt'
  | 'loadIdt'
  /** selector. Checked: protected mode, CPL 0. */
  | 'loadLdt'
  | 'loadTask'
  /** value (LMSW's rules are the helper's). Checked: CPL 0. */
  | 'loadMachineStatus'
  /** control (debug) register number, value. Checked: CPL 0. */
  | 'writeControl'
  | 'writeDebug'
  /** They read and write EAX ECX EDX EBX themselves. Checked: CPL 0 for RDMSR and WRMSR only. */
  | 'rdmsr'
  | 'wrmsr'
  | 'rdtsc'
  | 'rdpmc'
  | 'cpuid'
  /** feature (absent.ts): leaves with Unimplemented, or #UD where the mode has no such instruction. */
  | 'unimplemented';

/** The meaning of an instruction form. */
export type Semantics = <V>(o: Ops<V>) => void;

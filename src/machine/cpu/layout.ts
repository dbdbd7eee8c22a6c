/**
 * Where everything lives in the machine's one WebAssembly.Memory (byte offsets).
 * TypeScript reads it through typed arrays; emitted code imports the same memory.
 * Names follow the Intel SDM, volume 1, chapter 3 and volume 3, chapter 2.
 */

/** General registers, four bytes each, in encoding order EAX ECX EDX EBX ESP EBP ESI EDI. */
export const GPR = 0x000;
/** A word that is always 0: stands in for an absent base or index register. */
export const ZERO = 0x020;
/** Address of the instruction being executed, until it completes: the point of restart for faults. */
export const EIP = 0x024;
/** Where execution goes on when the current instruction completes. */
export const NEXT_EIP = 0x028;

/**
 * EFLAGS without those arithmetic flags that FLAG_KIND says are still to be computed.
 * Bit 1 is always set.
 */
export const EFLAGS = 0x030;
/** Lazy flags: how CF PF AF ZF SF OF follow from the two words below; see flags.ts. */
export const FLAG_KIND = 0x034;
/** Lazy flags: the second operand, shifted so that its sign bit is bit 31. */
export const FLAG_OPERAND = 0x038;
/** Lazy flags: the result, shifted so that its sign bit is bit 31. */
export const FLAG_RESULT = 0x03c;

/** Current privilege level, 0..3. */
export const CPL = 0x040;
/** Mode bits that decide how code is decoded and which variants run; see mode.ts. */
export const MODE = 0x044;
/** 1 while interrupts are held off for one instruction (after STI, MOV SS, POP SS). */
export const INTERRUPT_SHADOW = 0x048;
/** Non-zero: emitted code must return to TypeScript after the current instruction (or at once, for a fault). See engine.ts. */
export const PENDING = 0x04c;
/** Instructions left in the present slice; written before each call out of emitted code, so that helpers know the exact time. */
export const REMAINING = 0x050;
/** 1 between HLT and the interrupt that ends it. */
export const HALTED = 0x054;

export const CR0 = 0x060;
export const CR2 = 0x068;
export const CR3 = 0x06c;
export const CR4 = 0x070;
/** DR0..DR7, four bytes each (4 and 5 alias 6 and 7 and are not stored). */
export const DR = 0x080;

/** Segment registers in the order of SegmentRegister below, one word each per array. */
export const SEG_SELECTOR = 0x0a0;
export const SEG_BASE = 0x0c0;
/** Limit in bytes, granularity applied (the last valid offset; for expand-down the last invalid one). */
export const SEG_LIMIT = 0x0e0;
/** Access rights: bits 8..23 of the descriptor's second doubleword, shifted right by 8 (type, S, DPL, P, AVL, D/B, G at bit 15). 0 = null, unusable. */
export const SEG_ACCESS = 0x100;

/**
 * Derived: offsets below this word (unsigned) may be read (written) in up to eight bytes through the segment without any further check
 * of the segment; 0 for an unusable, expand-down or forbidding one. = limit − 7 otherwise.
 */
export const SEG_READ_FAST = 0x160;
export const SEG_WRITE_FAST = 0x180;

/**
 * The four page-directory-pointer-table entries of PAE paging, eight bytes each, low doubleword first: internal registers, loaded from the
 * table that CR3 tells of (SDM volume 3, section 4.4.1).
 */
export const PDPTE = 0x1a0;

export const GDTR_BASE = 0x120;
export const GDTR_LIMIT = 0x124;
export const IDTR_BASE = 0x128;
export const IDTR_LIMIT = 0x12c;

export const SYSENTER_CS = 0x130;
export const SYSENTER_ESP = 0x134;
export const SYSENTER_EIP = 0x138;
/** Added to the instruction count to give the time-stamp counter, 64 bits. */
export const TSC_OFFSET = 0x140;

/** The FPU's block (see x87/), 16-byte aligned. */
export const X87 = 0x200;

/** Scratch words for the engines; not part of the guest's state. */
export const SCRATCH = 0x800;
export const STATE_SIZE = 0x1000;

/** Number of linear pages: the TLBs have an entry for each. */
export const PAGES = 1 << 20;
/**
 * TLB arrays, PAGES words each: (offset of the page in this memory) XOR (linear page address), so that
 * `linear ^ entry` is the offset of the byte; −1 means "take the slow path" (not present, no right, device, watchpoint, code page on write).
 */
export const TLB_READ_SUPERVISOR = 0x010000;
export const TLB_READ_USER = TLB_READ_SUPERVISOR + PAGES * 4;
export const TLB_WRITE_SUPERVISOR = TLB_READ_USER + PAGES * 4;
export const TLB_WRITE_USER = TLB_WRITE_SUPERVISOR + PAGES * 4;
/** Execution TLBs, PAGES words each: offset of the code page's index table (see the code cache), or 0. */
export const TLB_EXECUTE_SUPERVISOR = TLB_WRITE_USER + PAGES * 4;
export const TLB_EXECUTE_USER = TLB_EXECUTE_SUPERVISOR + PAGES * 4;
/** Index tables and predecoded records. */
export const CODE_CACHE = TLB_EXECUTE_USER + PAGES * 4;
export const CODE_CACHE_SIZE = 64 << 20;
/** Guest physical address 0. */
export const RAM = CODE_CACHE + CODE_CACHE_SIZE;

/** Segment registers by their encoding (SDM volume 2, table 2-1), then the two system ones. */
export const enum SegmentRegister {
  ES = 0,
  CS = 1,
  SS = 2,
  DS = 3,
  FS = 4,
  GS = 5,
  LDTR = 6,
  TR = 7,
}

/** General registers by their encoding. */
export const enum Register {
  EAX = 0,
  ECX = 1,
  EDX = 2,
  EBX = 3,
  ESP = 4,
  EBP = 5,
  ESI = 6,
  EDI = 7,
}

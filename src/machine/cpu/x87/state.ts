/** The FPU's registers in the machine's memory (Intel SDM volume 1, 8.1). */
import { type Extended, HI, kindOf, LO, NORMAL, ORIGIN, SE, ZERO } from './format';
import type { X87Memory } from './host';
import {
  BUSY,
  CONDITIONS,
  CONTROL_FIXED,
  CONTROL_INIT,
  CONTROL_WRITABLE,
  ES,
  EXCEPTIONS,
  SF,
  TOP,
  TOP_SHIFT,
} from './word';

/** Bytes of the FPU's block: eight data registers of 16 bytes each, then eight words. */
export const X87_STATE_SIZE = 160;

const WORDS_PER_REGISTER = 4;
const CONTROL = 32;
const STATUS = 33;
/** One bit a physical register: 1 if it is not empty. */
const FULL = 34;
const FIP = 35;
const FCS = 36;
const FDP = 37;
const FDS = 38;
const FOP = 39;

/** Values of the tag word's two-bit fields. */
const TAG_VALID = 0;
const TAG_ZERO = 1;
const TAG_SPECIAL = 2;
const TAG_EMPTY = 3;

export class X87State {
  private readonly base: number;
  private readonly memory: X87Memory;

  /** @throws RangeError if the block is not aligned to 16 bytes or does not fit the memory */
  constructor(memory: X87Memory) {
    if (memory.base % 16 !== 0 || memory.base < 0 || memory.base + X87_STATE_SIZE > memory.i32.byteLength) {
      throw new RangeError(`The FPU's registers do not fit at offset ${memory.base}.`);
    }
    this.memory = memory;
    this.base = memory.base >> 2;
  }

  private word(index: number): number {
    return this.memory.i32[this.base + index];
  }

  private setWord(index: number, value: number): void {
    this.memory.i32[this.base + index] = value;
  }

  /** FNINIT: default control, no exceptions, all registers empty; their contents stay. */
  initialize(): void {
    this.setWord(CONTROL, CONTROL_INIT);
    this.setWord(STATUS, 0);
    this.setWord(FULL, 0);
    for (let index = FIP; index <= FOP; index++) this.setWord(index, 0);
  }

  /** State after RESET (SDM volume 3, table 9-1): as FNINIT, with all data registers zero. */
  reset(): void {
    for (let index = 0; index < 8 * WORDS_PER_REGISTER; index++) this.setWord(index, 0);
    this.initialize();
  }

  get control(): number {
    return this.word(CONTROL);
  }

  /** Sets the writable bits of the control word; ES and B follow the masks. */
  set control(value: number) {
    this.setWord(CONTROL, (value & CONTROL_WRITABLE) | CONTROL_FIXED);
    this.summarize();
  }

  get status(): number {
    return this.word(STATUS);
  }

  /** Sets the status word; ES and B follow from the exceptions and their masks. */
  set status(value: number) {
    this.setWord(STATUS, value & (EXCEPTIONS | SF | CONDITIONS | TOP));
    this.summarize();
  }

  private summarize(): void {
    const status = this.word(STATUS);
    const pending = (status & ~this.word(CONTROL) & EXCEPTIONS) !== 0;
    this.setWord(STATUS, pending ? status | ES | BUSY : status & ~(ES | BUSY));
  }

  /** Whether an unmasked exception waits to be reported. */
  get pending(): boolean {
    return (this.word(STATUS) & ES) !== 0;
  }

  get top(): number {
    return (this.word(STATUS) & TOP) >> TOP_SHIFT;
  }

  set top(value: number) {
    this.setWord(STATUS, (this.word(STATUS) & ~TOP) | ((value & 7) << TOP_SHIFT));
  }

  /** Replaces condition-code bits. */
  setConditions(mask: number, bits: number): void {
    this.setWord(STATUS, (this.word(STATUS) & ~mask) | (bits & mask));
  }

  /** Whether ST(i) is empty. */
  isEmpty(i: number): boolean {
    return (this.word(FULL) & (1 << ((this.top + i) & 7))) === 0;
  }

  /** Marks ST(i) as empty. */
  free(i: number): void {
    this.setWord(FULL, this.word(FULL) & ~(1 << ((this.top + i) & 7)));
  }

  /** Reads ST(i), empty or not. */
  read(i: number, out: Extended): void {
    const i32 = this.memory.i32;
    const at = this.base + ((this.top + i) & 7) * WORDS_PER_REGISTER;
    out[LO] = i32[at + LO];
    out[HI] = i32[at + HI];
    out[SE] = i32[at + SE];
    out[ORIGIN] = 0;
  }

  /** Writes ST(i), without touching its tag. */
  writeRaw(i: number, x: Readonly<Extended>): void {
    const i32 = this.memory.i32;
    const at = this.base + ((this.top + i) & 7) * WORDS_PER_REGISTER;
    i32[at + LO] = x[LO];
    i32[at + HI] = x[HI];
    i32[at + SE] = x[SE];
  }

  /** Writes ST(i), which is no longer empty. */
  write(i: number, x: Readonly<Extended>): void {
    this.writeRaw(i, x);
    this.setWord(FULL, this.word(FULL) | (1 << ((this.top + i) & 7)));
  }

  /** Decrements TOP and writes the new ST(0). */
  push(x: Readonly<Extended>): void {
    this.top -= 1;
    this.write(0, x);
  }

  /** Empties ST(0) and increments TOP. */
  pop(): void {
    this.free(0);
    this.top += 1;
  }

  /** The tag word, with the classes that FSTENV reports (SDM volume 1, 8.1.7). */
  tagWord(scratch: Extended): number {
    let tags = 0;
    for (let i = 0; i < 8; i++) {
      let tag = TAG_EMPTY;
      if (!this.isEmpty(i)) {
        this.read(i, scratch);
        const kind = kindOf(scratch);
        tag = kind === ZERO ? TAG_ZERO : kind === NORMAL ? TAG_VALID : TAG_SPECIAL;
      }
      tags |= tag << (((this.top + i) & 7) * 2);
    }
    return tags;
  }

  /** Loads the tag word, of which only "empty or not" matters. */
  setTagWord(tags: number): void {
    let full = 0;
    for (let register = 0; register < 8; register++) {
      if (((tags >> (register * 2)) & 3) !== TAG_EMPTY) full |= 1 << register;
    }
    this.setWord(FULL, full);
  }

  /** Offset of the last non-control instruction. */
  get instructionOffset(): number {
    return this.word(FIP) >>> 0;
  }

  get instructionSelector(): number {
    return this.word(FCS);
  }

  /** Offset of that instruction's memory operand, if it had one; else that of an earlier one. */
  get dataOffset(): number {
    return this.word(FDP) >>> 0;
  }

  get dataSelector(): number {
    return this.word(FDS);
  }

  /** The instruction's low three opcode bits and its ModR/M byte. */
  get opcode(): number {
    return this.word(FOP);
  }

  setInstruction(selector: number, offset: number, opcode: number): void {
    this.setWord(FCS, selector & 0xffff);
    this.setWord(FIP, offset | 0);
    this.setWord(FOP, opcode & 0x7ff);
  }

  setData(selector: number, offset: number): void {
    this.setWord(FDS, selector & 0xffff);
    this.setWord(FDP, offset | 0);
  }
}

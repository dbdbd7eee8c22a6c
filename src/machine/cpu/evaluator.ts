/**
 * The reference evaluator: executes one instruction at a time, by the semantics' own text. It is the oracle for faster engines and runs what they
 * leave out. It is written to be plain first and fast second.
 */

import { type Decoded } from './decoded';
import { Decoder, newDecoded } from './decoder';
import { ARITHMETIC, CF, DF, FlagKind, getCarry, getEflags, materialiseFlags, OF, AF, testCondition } from './flags';
import { EFLAGS, EIP, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT, NEXT_EIP, SEG_ACCESS, SEG_LIMIT } from './layout';
import { type Register, SegmentRegister } from './layout';
import { type ConditionCode, type HelperName, type Ops, type SegmentChoice, type Size } from './ops';
import { type Processor } from './processor';

const WORD_EFLAGS = EFLAGS >> 2;
const WORD_KIND = FLAG_KIND >> 2;
const WORD_OPERAND = FLAG_OPERAND >> 2;
const WORD_RESULT = FLAG_RESULT >> 2;
const WORD_EIP = EIP >> 2;
const WORD_NEXT_EIP = NEXT_EIP >> 2;
const WORD_ESP = 4;
const CS_ACCESS = (SEG_ACCESS >> 2) + SegmentRegister.CS;
const CS_LIMIT = (SEG_LIMIT >> 2) + SegmentRegister.CS;
const SS_ACCESS = (SEG_ACCESS >> 2) + SegmentRegister.SS;
/** D/B in an access-rights word. */
const BIG = 1 << 14;

const PAGE_SIZE = 0x1000;
const CACHE_BITS = 14;

/** Bytes kept for each cached instruction. */
const SLOT_BITS = 4;

export class Evaluator implements Ops<number> {
  size: Size = 32;
  addressSize: 16 | 32 = 32;
  isMemory = false;
  repeat: 'none' | 'rep' | 'repne' = 'none';

  private readonly u8: Uint8Array;
  private readonly i32: Int32Array;
  private readonly decoder = new Decoder();
  private readonly uncached = newDecoded();
  /**
   * Decoded instructions by the place of their first byte, kept with their bytes: a hit is checked against memory, so that nothing ever has to be
   * invalidated. Tags are that place (an offset in the machine's memory, as 32 bits), or −1.
   */
  private readonly cached: Decoded[] = [];
  private readonly cachedTags = new Int32Array(1 << CACHE_BITS).fill(-1);
  private readonly cachedCode32 = new Uint8Array(1 << CACHE_BITS);
  private readonly cachedBytes = new Uint8Array(1 << (CACHE_BITS + SLOT_BITS));
  private decoded: Decoded = this.uncached;
  private fetchBase = 0;
  private readonly fetch = (index: number): number => this.processor.fetch8((this.fetchBase + index) | 0);

  constructor(private readonly processor: Processor) {
    this.u8 = processor.u8;
    this.i32 = processor.i32;
    for (let i = 0; i < 1 << CACHE_BITS; i++) this.cached.push(newDecoded());
  }

  /**
   * Execute the instruction at CS:EIP. Leaves with GuestFault (nothing changed but, for a repeated instruction, earlier iterations),
   * WatchpointHit or Unimplemented; EIP then still points to the instruction.
   */
  step(): void {
    this.execute(this.fetchDecoded());
  }

  /** Fetch and decode the instruction at CS:EIP; the record is valid until the next call. May raise. */
  fetchDecoded(): Decoded {
    const eip = this.i32[WORD_EIP]!;
    const code32 = (this.i32[CS_ACCESS]! & BIG) !== 0;
    const offset = this.processor.codeOffset(eip);
    this.fetchBase = eip;
    if (offset < 0) {
      this.decoder.decode(this.fetch, code32, this.uncached);
      return this.uncached;
    }
    const slot = (offset ^ (offset >>> CACHE_BITS)) & ((1 << CACHE_BITS) - 1);
    const tag = offset | 0;
    const decoded = this.cached[slot]!;
    const bytes = this.cachedBytes;
    const first = slot << SLOT_BITS;
    const { u8 } = this;
    if (this.cachedTags[slot] === tag && this.cachedCode32[slot] === (code32 ? 1 : 0)) {
      const { length } = decoded;
      let same = (eip >>> 0) + length - 1 <= this.i32[CS_LIMIT]! >>> 0;
      for (let i = 0; same && i < length; i++) same = bytes[first + i] === u8[offset + i];
      if (same) return decoded;
    }
    this.cachedTags[slot] = -1;
    this.decoder.decode(this.fetch, code32, decoded);
    const { length } = decoded;
    // What crosses a page depends on the next page's mapping: it is decoded afresh each time.
    if ((offset & (PAGE_SIZE - 1)) + length <= PAGE_SIZE) this.cachedTags[slot] = tag;
    this.cachedCode32[slot] = code32 ? 1 : 0;
    for (let i = 0; i < length; i++) bytes[first + i] = u8[offset + i]!;
    return decoded;
  }

  /** Execute a decoded instruction that stands at CS:EIP. */
  execute(decoded: Decoded): void {
    const { form } = decoded;
    this.decoded = decoded;
    this.size = form.size;
    this.addressSize = form.addressSize;
    this.isMemory = form.isMemory;
    this.repeat = form.repeat;
    const i32 = this.i32;
    i32[WORD_NEXT_EIP] = i32[WORD_EIP]! + decoded.length;
    form.semantics(this);
    i32[WORD_EIP] = i32[WORD_NEXT_EIP]!;
  }

  // ---- operands

  readRm(size: Size = this.size): number {
    if (!this.isMemory) return this.readGpr(this.decoded.rm, size);
    return this.load(size, 'operand', this.effectiveAddress());
  }

  readRmForWrite(size: Size = this.size): number {
    if (!this.isMemory) return this.readGpr(this.decoded.rm, size);
    const offset = this.effectiveAddress();
    this.processor.probeWrite(this.decoded.segment, offset, size >> 3);
    return this.load(size, 'operand', offset);
  }

  writeRm(value: number, size: Size = this.size): void {
    if (this.isMemory) this.store(size, 'operand', this.effectiveAddress(), value);
    else this.writeGpr(this.decoded.rm, value, size);
  }

  readReg(size: Size = this.size): number {
    return this.readGpr(this.decoded.reg, size);
  }

  writeReg(value: number, size: Size = this.size): void {
    this.writeGpr(this.decoded.reg, value, size);
  }

  readGpr(register: Register, size: Size): number {
    if (size === 32) return this.i32[register]!;
    if (size === 16) return this.i32[register]! & 0xffff;
    return this.u8[((register & 3) << 2) | (register >> 2)]!;
  }

  writeGpr(register: Register, value: number, size: Size): void {
    if (size === 32) this.i32[register] = value;
    else if (size === 16) this.i32[register] = (this.i32[register]! & 0xffff0000) | (value & 0xffff);
    else this.u8[((register & 3) << 2) | (register >> 2)] = value;
  }

  immediate(): number {
    return this.decoded.immediate;
  }

  immediate2(): number {
    return this.decoded.immediate2;
  }

  effectiveAddress(plus = 0): number {
    const { base, index, scale, displacement, addressMask } = this.decoded;
    return (this.i32[base]! + (this.i32[index]! << scale) + displacement + plus) & addressMask;
  }

  operandSegment(): number {
    return this.decoded.segment;
  }

  opcode(): number {
    return this.decoded.opcode;
  }

  modrm(): number {
    return this.decoded.modrm;
  }

  // ---- memory

  load(size: Size, segment: SegmentChoice, offset: number): number {
    const through = segment === 'operand' ? this.decoded.segment : segment;
    if (size === 32) return this.processor.read32(through, offset) | 0;
    return size === 8 ? this.processor.read8(through, offset) : this.processor.read16(through, offset);
  }

  store(size: Size, segment: SegmentChoice, offset: number, value: number): void {
    const through = segment === 'operand' ? this.decoded.segment : segment;
    if (size === 32) this.processor.write32(through, offset, value);
    else if (size === 8) this.processor.write8(through, offset, value & 0xff);
    else this.processor.write16(through, offset, value & 0xffff);
  }

  probeStore(size: Size, segment: SegmentChoice, offset: number): void {
    this.processor.probeWrite(segment === 'operand' ? this.decoded.segment : segment, offset, size >> 3);
  }

  push(value: number, size: 16 | 32): void {
    const esp = this.i32[WORD_ESP]!;
    const mask = this.stackMask();
    const offset = (esp - (size >> 3)) & mask;
    this.store(size, SegmentRegister.SS, offset, value);
    this.i32[WORD_ESP] = (esp & ~mask) | offset;
  }

  pop(size: 16 | 32): number {
    const esp = this.i32[WORD_ESP]!;
    const mask = this.stackMask();
    const value = this.load(size, SegmentRegister.SS, esp & mask);
    this.i32[WORD_ESP] = (esp & ~mask) | ((esp + (size >> 3)) & mask);
    return value;
  }

  stackMask(): number {
    return (this.i32[SS_ACCESS]! & BIG) !== 0 ? -1 : 0xffff;
  }

  readState(offset: number): number {
    return this.i32[offset >> 2]!;
  }

  // ---- arithmetic

  constant(value: number): number {
    return value | 0;
  }
  add(a: number, b: number): number {
    return (a + b) | 0;
  }
  sub(a: number, b: number): number {
    return (a - b) | 0;
  }
  mul(a: number, b: number): number {
    return Math.imul(a, b);
  }
  and(a: number, b: number): number {
    return a & b;
  }
  or(a: number, b: number): number {
    return a | b;
  }
  xor(a: number, b: number): number {
    return a ^ b;
  }
  not(a: number): number {
    return ~a;
  }
  neg(a: number): number {
    return -a | 0;
  }
  shl(a: number, n: number): number {
    return a << n;
  }
  shrU(a: number, n: number): number {
    return (a >>> n) | 0;
  }
  shrS(a: number, n: number): number {
    return a >> n;
  }
  rotl(a: number, n: number): number {
    return (a << n) | (a >>> -n);
  }
  eq(a: number, b: number): number {
    return a === b ? 1 : 0;
  }
  ne(a: number, b: number): number {
    return a !== b ? 1 : 0;
  }
  ltU(a: number, b: number): number {
    return a >>> 0 < b >>> 0 ? 1 : 0;
  }
  ltS(a: number, b: number): number {
    return a < b ? 1 : 0;
  }
  isZero(a: number): number {
    return a === 0 ? 1 : 0;
  }
  clz(a: number): number {
    return Math.clz32(a);
  }
  ctz(a: number): number {
    return a === 0 ? 32 : 31 - Math.clz32(a & -a);
  }
  popcount(a: number): number {
    let count = 0;
    for (let rest = a; rest !== 0; rest &= rest - 1) count++;
    return count;
  }
  signExtend(a: number, from: 8 | 16): number {
    return (a << (32 - from)) >> (32 - from);
  }
  zeroExtend(a: number, from: 8 | 16): number {
    return a & ((1 << from) - 1);
  }
  mulHighU(a: number, b: number): number {
    return Number((BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n) | 0;
  }
  mulHighS(a: number, b: number): number {
    return Number((BigInt(a) * BigInt(b)) >> 32n) | 0;
  }

  divide(
    signed: boolean,
    high: number,
    low: number,
    divisor: number,
  ): { quotient: number; remainder: number; overflow: number } {
    // Where everything is small enough, floating point is exact.
    if (!signed && high === 0) {
      const dividend = low >>> 0;
      const by = divisor >>> 0;
      return { quotient: Math.floor(dividend / by) | 0, remainder: (dividend % by) | 0, overflow: 0 };
    }
    const by = signed ? BigInt(divisor) : BigInt(divisor >>> 0);
    const dividend = (BigInt(signed ? high : high >>> 0) << 32n) | BigInt(low >>> 0);
    const quotient = dividend / by;
    const fits = signed ? BigInt.asIntN(32, quotient) === quotient : BigInt.asUintN(32, quotient) === quotient;
    return {
      quotient: Number(BigInt.asIntN(32, quotient)),
      remainder: Number(BigInt.asIntN(32, dividend % by)),
      overflow: fits ? 0 : 1,
    };
  }

  select(condition: number, a: number, b: number): number {
    return condition !== 0 ? a : b;
  }

  // ---- control inside an instruction

  if(condition: number, then: () => void, otherwise?: () => void): void {
    if (condition !== 0) then();
    else if (otherwise) otherwise();
  }

  variable(initial: number): { get(): number; set(value: number): void } {
    let current = initial;
    return {
      get: () => current,
      set: (value) => {
        current = value;
      },
    };
  }

  raise(vector: number, errorCode = -1): void {
    this.processor.raise(vector, errorCode);
  }

  // ---- flags

  private lazy(kind: FlagKind, size: Size, operand: number, result: number): void {
    const shift = 32 - size;
    const i32 = this.i32;
    i32[WORD_KIND] = kind | shift;
    i32[WORD_OPERAND] = operand << shift;
    i32[WORD_RESULT] = result << shift;
  }

  flagsAdd(size: Size, operand: number, result: number): void {
    this.lazy(FlagKind.Add, size, operand, result);
  }

  flagsSub(size: Size, operand: number, result: number): void {
    this.lazy(FlagKind.Sub, size, operand, result);
  }

  flagsLogic(size: Size, result: number): void {
    this.lazy(FlagKind.Logic, size, 0, result);
  }

  flagsInc(size: Size, result: number): void {
    this.keepCarry();
    this.lazy(FlagKind.Inc, size, 0, result);
  }

  flagsDec(size: Size, result: number): void {
    this.keepCarry();
    this.lazy(FlagKind.Dec, size, 0, result);
  }

  /** INC and DEC keep CF, which has to move to EFLAGS before the other flags forget it. */
  private keepCarry(): void {
    this.i32[WORD_EFLAGS] = (this.i32[WORD_EFLAGS]! & ~CF) | getCarry(this.i32);
  }

  flagsResult(size: Size, result: number, cf: number, of: number, af: number): void {
    this.i32[WORD_EFLAGS] = (this.i32[WORD_EFLAGS]! & ~(CF | OF | AF)) | cf | (of << 11) | (af << 4);
    this.lazy(FlagKind.Result, size, 0, result);
  }

  setFlags(mask: number, value: number): void {
    if ((mask & ARITHMETIC) !== 0) materialiseFlags(this.i32);
    this.i32[WORD_EFLAGS] = (this.i32[WORD_EFLAGS]! & ~mask) | (value & mask);
  }

  condition(code: ConditionCode): number {
    return testCondition(this.i32, code) ? 1 : 0;
  }

  carry(): number {
    return getCarry(this.i32);
  }

  eflags(): number {
    return getEflags(this.i32);
  }

  stringStep(size: Size): number {
    return (this.i32[WORD_EFLAGS]! & DF) === 0 ? size >> 3 : -(size >> 3);
  }

  // ---- flow

  jump(target: number): void {
    this.processor.checkJump(target);
    this.i32[WORD_NEXT_EIP] = target;
  }

  nextEip(): number {
    return this.i32[WORD_NEXT_EIP]!;
  }

  repeatInstruction(): void {
    this.i32[WORD_NEXT_EIP] = this.i32[WORD_EIP]!;
  }

  helper(name: HelperName, a = 0, b = 0, c = 0, d = 0): number {
    return (this.processor.helpers[name](a, b, c, d) as number) | 0;
  }

  control(name: HelperName, a = 0, b = 0, c = 0, d = 0): void {
    this.processor.helpers[name](a, b, c, d);
  }
}

/**
 * The processor: its state in the one memory, access to guest memory with all checks, and the ways in for engines, devices and debuggers.
 * What the SDM calls system architecture is in the files beside this one (mmu, segmentation, exceptions, transfers, task, system…).
 */

import {
  CPL,
  CR0,
  EFLAGS,
  EIP,
  GPR,
  HALTED,
  INTERRUPT_SHADOW,
  MODE,
  NEXT_EIP,
  PENDING,
  RAM,
  REMAINING,
  SEG_ACCESS,
  SEG_BASE,
  SEG_LIMIT,
  SEG_READ_FAST,
  SEG_SELECTOR,
  SEG_WRITE_FAST,
  SegmentRegister as Segment,
  TLB_READ_SUPERVISOR,
  TLB_READ_USER,
  TLB_WRITE_SUPERVISOR,
  TLB_WRITE_USER,
  X87 as X87_OFFSET,
  type Register,
} from './layout';
import { beginInstruction, checkDataBreakpoints, dataBreakpoints, endInstruction } from './debug';
import { deliverException, deliverExternalInterrupt } from './exceptions';
import { GuestFault, WatchpointHit } from './fault';
import { AC, getEflags, IF, setEflags } from './flags';
import { createHelpers } from './helpers';
import { type EngineCpu } from './engine';
import { Mmu } from './mmu';
import {
  ACCESS_BIG,
  ACCESS_CODE,
  ACCESS_EXPAND_DOWN,
  ACCESS_READABLE,
  ACCESS_WRITABLE,
  MODE_USER,
  updateMode,
} from './mode';
import { type HelperName } from './ops';
import { type Helper, type Processor } from './processor';
import { Stack } from './stack';
import { reset } from './state';
import { X87 } from './x87';
import { ProcessorOfX87 } from './x87host';

/** The machine's I/O ports. Sizes in bits; values are zero-extended. */
export interface Ports {
  read(port: number, size: 8 | 16 | 32): number;
  write(port: number, value: number, size: 8 | 16 | 32): void;
}

/** A range of linear addresses whose access stops the machine before it takes place. */
export interface Watchpoint {
  address: number;
  size: number;
  read: boolean;
  write: boolean;
}

export interface CpuOptions {
  /** RAM in MiB, 1..2048. */
  memoryMiB: number;
  /** Whether CPUID announces SYSENTER and SYSEXIT (SEP) and they exist. */
  sysenter?: boolean;
  /** Told once of each thing a guest does that real hardware would answer oddly (unknown MSR, …). */
  log?: (line: string) => void;
}

/** Bytes in an access. */
export type Bytes = 1 | 2 | 4;

const PAGE = 4096;
const GP = 13;
const SS_FAULT = 12;
const ALIGNMENT = 17;
const CR0_AM = 1 << 18;

/** Ports of a machine without devices: reads give all ones. */
const NO_PORTS: Ports = {
  read: (_port, size) => (size === 32 ? -1 : (1 << size) - 1),
  write: () => undefined,
};

export class Cpu implements Processor, EngineCpu {
  /** Holds everything: see layout.ts. */
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly view: DataView;
  /** Size of RAM in bytes. */
  readonly ramSize: number;
  readonly mmu: Mmu;
  readonly sysenter: boolean;
  /** Thrown for every fault of the guest's. */
  readonly fault = new GuestFault();
  readonly watchpointHit = new WatchpointHit();
  /** What instructions call that is not written as operations; by name, see helpers.ts. */
  readonly helpers: Record<HelperName, Helper>;
  /** The floating-point unit, and what it sees of this processor. */
  readonly x87: X87;
  readonly x87Host: ProcessorOfX87;
  ports: Ports = NO_PORTS;
  /** The INTR pin: an interrupt controller has an interrupt to be taken. Who raises it sets PENDING too. */
  interruptLine = false;
  /** The FERR# pin: with CR0.NE clear, a floating-point exception is reported by an interrupt of the board's. */
  ferr: () => void = () => {
    this.log(
      'The guest has an unmasked floating-point exception with CR0.NE clear, and no interrupt is connected to FERR#.',
    );
  };

  /** The count of instructions at which the present slice ends: count = sliceEnd − REMAINING. */
  sliceEnd = 0;
  /** Set by a triple fault: the processor does nothing more until it is reset. */
  shutdown = false;
  /** While true watchpoints let accesses through: for the first instruction after a stop at one. */
  watchpointsSuspended = false;
  /** Called after a write to a physical page that holds decoded code (mmu.protectCode). */
  codeWritten: (physical: number, size: number) => void = () => undefined;

  /**
   * 1 while an exception or external interrupt is being delivered: the EXT bit of error codes (SDM volume 3, section 6.13).
   * Watchpoints do not see what delivery itself reads and writes, because it can't be taken back.
   */
  delivering = 0;
  /** Doublewords of the descriptor last read by `readDescriptor`. */
  descriptorLow = 0;
  descriptorHigh = 0;
  /** The stack an instruction pushes to or pops from before it commits. */
  readonly stack: Stack;
  /** Another level's stack while it is being entered. */
  readonly innerStack: Stack;
  /** DR6 bits of the guest's breakpoints met by the current instruction. */
  debugHits = 0;
  /** EFLAGS as they were when the current instruction began (MODE_STEP only). */
  flagsAtBegin = 0;
  /** The current instruction entered a handler or another task, loaded RF, or loaded SS: see debug.ts. */
  handlerEntered = false;
  resumeFlagLoaded = false;
  stackSegmentLoaded = false;

  private watchpoints: readonly Watchpoint[] = [];
  private readonly logged = new Set<string>();
  private readonly logger: (line: string) => void;

  constructor(options: CpuOptions) {
    const { memoryMiB } = options;
    if (!Number.isInteger(memoryMiB) || memoryMiB < 1 || memoryMiB > 2048) {
      throw new Error(`The machine's memory must be a whole number of MiB from 1 to 2048, not ${memoryMiB}.`);
    }
    this.ramSize = memoryMiB * 1024 * 1024;
    const pages = (RAM + this.ramSize) / 65536;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.u8 = new Uint8Array(this.memory.buffer);
    this.u16 = new Uint16Array(this.memory.buffer);
    this.i32 = new Int32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
    this.sysenter = options.sysenter ?? false;
    this.logger = options.log ?? (() => undefined);
    this.mmu = new Mmu(this.i32, this.ramSize, this.fault, (physical) => this.codeWritten(physical, 4));
    this.stack = new Stack(this);
    this.innerStack = new Stack(this);
    this.x87Host = new ProcessorOfX87(this);
    this.x87 = new X87({ i32: this.i32, base: X87_OFFSET }, this.x87Host);
    this.helpers = createHelpers(this);
    reset(this);
  }

  // ---- time

  /** Instructions completed since the machine was switched on; exact inside helpers. */
  now(): number {
    return this.sliceEnd - this.i32[REMAINING >> 2];
  }

  get count(): number {
    return this.now();
  }

  /** Move the clock (idle time is skipped between slices). */
  set count(value: number) {
    this.sliceEnd = value + this.i32[REMAINING >> 2];
  }

  // ---- registers

  getRegister(register: Register): number {
    return this.i32[(GPR >> 2) + register];
  }

  setRegister(register: Register, value: number): void {
    this.i32[(GPR >> 2) + register] = value;
  }

  get eip(): number {
    return this.i32[EIP >> 2];
  }

  /** Where execution goes on; only between instructions. */
  set eip(value: number) {
    this.i32[EIP >> 2] = this.i32[NEXT_EIP >> 2] = value;
  }

  /** All of EFLAGS, lazy flags computed. */
  get eflags(): number {
    return getEflags(this.i32);
  }

  /** Set EFLAGS whole, with what follows from them (mode, alignment checks). */
  set eflags(value: number) {
    setEflags(this.i32, value);
    this.flagsChanged();
  }

  get cpl(): number {
    return this.i32[CPL >> 2];
  }

  set cpl(value: number) {
    this.i32[CPL >> 2] = value;
  }

  get mode(): number {
    return this.i32[MODE >> 2];
  }

  selector(segment: Segment): number {
    return this.i32[(SEG_SELECTOR >> 2) + segment];
  }

  segmentBase(segment: Segment): number {
    return this.i32[(SEG_BASE >> 2) + segment];
  }

  segmentLimit(segment: Segment): number {
    return this.i32[(SEG_LIMIT >> 2) + segment];
  }

  segmentAccess(segment: Segment): number {
    return this.i32[(SEG_ACCESS >> 2) + segment];
  }

  /** Fill a segment register whole, hidden part included. `updateMode` is the caller's to call. */
  setSegment(segment: Segment, selector: number, base: number, limit: number, access: number): void {
    const i32 = this.i32;
    i32[(SEG_SELECTOR >> 2) + segment] = selector;
    i32[(SEG_BASE >> 2) + segment] = base;
    i32[(SEG_LIMIT >> 2) + segment] = limit;
    i32[(SEG_ACCESS >> 2) + segment] = access;
    const expandUp = access !== 0 && (access & (ACCESS_CODE | ACCESS_EXPAND_DOWN)) !== ACCESS_EXPAND_DOWN;
    const fast = expandUp && limit >>> 0 > 7 ? limit - 7 : 0;
    const code = (access & ACCESS_CODE) !== 0;
    i32[(SEG_READ_FAST >> 2) + segment] = !code || access & ACCESS_READABLE ? fast : 0;
    i32[(SEG_WRITE_FAST >> 2) + segment] = !code && access & ACCESS_WRITABLE ? fast : 0;
  }

  /** Recompute MODE after segment registers, CPL, CR0, flags or DR7 changed. */
  updateMode(): void {
    updateMode(this.i32);
  }

  /** EFLAGS (TF, RF, VM, AC, IF) may have changed: recompute what follows, and let the machine look for interrupts. */
  flagsChanged(): void {
    const i32 = this.i32;
    const eflags = i32[EFLAGS >> 2];
    this.mmu.setAlignmentChecked((eflags & AC) !== 0 && (i32[CR0 >> 2] & CR0_AM) !== 0);
    updateMode(i32);
    if (eflags & IF && this.interruptLine) i32[PENDING >> 2] = 1;
  }

  // ---- faults and interrupts

  /** Leave the instruction with an exception; −1 for no error code. */
  raise(vector: number, errorCode = -1): never {
    this.fault.vector = vector;
    this.fault.errorCode = errorCode;
    throw this.fault;
  }

  /** Deliver an exception raised by the instruction at EIP; EIP and NEXT_EIP are the handler's afterwards. Sets `shutdown` on a triple fault. */
  deliver(vector: number, errorCode: number): void {
    deliverException(this, vector, errorCode);
  }

  /** Whether an external interrupt could be taken between this instruction and the next. */
  get canInterrupt(): boolean {
    return (this.i32[EFLAGS >> 2] & IF) !== 0 && this.i32[INTERRUPT_SHADOW >> 2] === 0 && !this.shutdown;
  }

  /** Deliver an external interrupt between two instructions (the caller has looked at `canInterrupt`); ends HLT; counts no instruction. */
  externalInterrupt(vector: number): void {
    this.i32[HALTED >> 2] = 0;
    deliverExternalInterrupt(this, vector);
  }

  /** With MODE_STEP set, before each instruction: false where an instruction breakpoint of the guest's was delivered instead. */
  beginInstruction(): boolean {
    return beginInstruction(this);
  }

  /** With MODE_STEP set at its beginning, after each completed instruction. */
  endInstruction(): void {
    endInstruction(this);
  }

  /** Whether the last instruction loaded SS: what holds off debug exceptions, beside interrupts. */
  get inStackShadow(): boolean {
    return this.stackSegmentLoaded && this.i32[INTERRUPT_SHADOW >> 2] !== 0;
  }

  /** Tell the host once of something odd. */
  log(line: string): void {
    if (this.logged.has(line)) return;
    this.logged.add(line);
    this.logger(line);
  }

  // ---- memory by segment and offset (SDM volume 3, sections 5.3 to 5.5)

  read8(segment: Segment, offset: number): number {
    return this.readSegment(segment, offset, 1);
  }

  read16(segment: Segment, offset: number): number {
    return this.readSegment(segment, offset, 2);
  }

  read32(segment: Segment, offset: number): number {
    return this.readSegment(segment, offset, 4);
  }

  write8(segment: Segment, offset: number, value: number): void {
    this.writeSegment(segment, offset, 1, value);
  }

  write16(segment: Segment, offset: number, value: number): void {
    this.writeSegment(segment, offset, 2, value);
  }

  write32(segment: Segment, offset: number, value: number): void {
    this.writeSegment(segment, offset, 4, value);
  }

  readSegment(segment: Segment, offset: number, size: Bytes): number {
    return this.readLinear(this.checkRead(segment, offset, size), size);
  }

  writeSegment(segment: Segment, offset: number, size: Bytes, value: number): void {
    this.writeLinear(this.checkWrite(segment, offset, size), size, value);
  }

  /** Raise what a write would raise. */
  probeWrite(segment: Segment, offset: number, size: number): void {
    this.probeLinear(this.checkWrite(segment, offset, size), size, true);
  }

  /** Linear address of a range that may be read through a segment; #GP(0) or #SS(0) otherwise. */
  checkRead(segment: Segment, offset: number, size: number): number {
    const access = this.i32[(SEG_ACCESS >> 2) + segment];
    if (access === 0 || (access & (ACCESS_CODE | ACCESS_READABLE)) === ACCESS_CODE) this.segmentFault(segment);
    return this.checkLimit(segment, access, offset, size);
  }

  /** Linear address of a range that may be written through a segment; #GP(0) or #SS(0) otherwise. */
  checkWrite(segment: Segment, offset: number, size: number): number {
    const access = this.i32[(SEG_ACCESS >> 2) + segment];
    if ((access & (ACCESS_CODE | ACCESS_WRITABLE)) !== ACCESS_WRITABLE) this.segmentFault(segment);
    return this.checkLimit(segment, access, offset, size);
  }

  private checkLimit(segment: Segment, access: number, offset: number, size: number): number {
    const limit = this.i32[(SEG_LIMIT >> 2) + segment] >>> 0;
    const first = offset >>> 0;
    const last = first + size - 1;
    if ((access & (ACCESS_CODE | ACCESS_EXPAND_DOWN)) === ACCESS_EXPAND_DOWN) {
      if (first <= limit || last > (access & ACCESS_BIG ? 0xffffffff : 0xffff)) this.segmentFault(segment);
    } else if (last > limit && limit !== 0xffffffff) {
      // With a 4 GiB limit a range may wrap around; the SDM leaves a fault there to the implementation.
      this.segmentFault(segment);
    }
    return (this.i32[(SEG_BASE >> 2) + segment] + offset) | 0;
  }

  private segmentFault(segment: Segment): never {
    this.raise(segment === Segment.SS ? SS_FAULT : GP, 0);
  }

  // ---- memory by linear address, with the rights of the current privilege level

  /** 8 and 16 bits come zero-extended, 32 bits as a signed integer. */
  readLinear(linear: number, size: Bytes): number {
    return this.readAs(linear, size, (this.i32[MODE >> 2] & MODE_USER) !== 0);
  }

  writeLinear(linear: number, size: Bytes, value: number): void {
    this.writeAs(linear, size, value, (this.i32[MODE >> 2] & MODE_USER) !== 0);
  }

  /** Raise what an access of `size` bytes at a linear address would raise. */
  probeLinear(linear: number, size: number, write: boolean, user = (this.i32[MODE >> 2] & MODE_USER) !== 0): void {
    if (this.mmu.checksAlignment && user) this.checkAlignment(linear, size);
    this.checkWatched(linear, size, write);
    if (write) this.mmu.translateWrite(linear, user);
    else this.mmu.translateRead(linear, user);
    if ((linear & 0xfff) > PAGE - size) {
      const second = (linear + size - 1) & ~0xfff;
      if (write) this.mmu.translateWrite(second, user);
      else this.mmu.translateRead(second, user);
    }
  }

  // ---- memory by linear address with supervisor's rights whatever the CPL: descriptor tables, TSS, inner stacks

  readSystem(linear: number, size: Bytes): number {
    return this.readAs(linear, size, false);
  }

  writeSystem(linear: number, size: Bytes, value: number): void {
    this.writeAs(linear, size, value, false);
  }

  /** Read with the rights of a given level. */
  readAs(linear: number, size: Bytes, user: boolean): number {
    const entry = this.i32[((user ? TLB_READ_USER : TLB_READ_SUPERVISOR) >> 2) + (linear >>> 12)];
    if (entry !== -1 && (linear & 0xfff) <= PAGE - size) return this.get((linear ^ entry) >>> 0, size);
    return this.readSlow(linear, size, user);
  }

  /** Write with the rights of a given level. */
  writeAs(linear: number, size: Bytes, value: number, user: boolean): void {
    const entry = this.i32[((user ? TLB_WRITE_USER : TLB_WRITE_SUPERVISOR) >> 2) + (linear >>> 12)];
    if (entry !== -1 && (linear & 0xfff) <= PAGE - size) this.put((linear ^ entry) >>> 0, size, value);
    else this.writeSlow(linear, size, value, user);
  }

  private readSlow(linear: number, size: Bytes, user: boolean): number {
    if (this.mmu.checksAlignment && user) this.checkAlignment(linear, size);
    this.checkWatched(linear, size, false);
    const first = this.mmu.translateRead(linear, user);
    const inFirst = PAGE - (linear & 0xfff);
    if (inFirst >= size) return this.readPhysical(first, size);
    const second = this.mmu.translateRead((linear + inFirst) | 0, user);
    let value = 0;
    for (let n = 0; n < size; n++) {
      value |= this.readPhysical(n < inFirst ? first + n : second + n - inFirst, 1) << (8 * n);
    }
    return value;
  }

  private writeSlow(linear: number, size: Bytes, value: number, user: boolean): void {
    if (this.mmu.checksAlignment && user) this.checkAlignment(linear, size);
    this.checkWatched(linear, size, true);
    const first = this.mmu.translateWrite(linear, user);
    const inFirst = PAGE - (linear & 0xfff);
    if (inFirst >= size) {
      this.writePhysical(first, size, value);
      return;
    }
    const second = this.mmu.translateWrite((linear + inFirst) | 0, user);
    for (let n = 0; n < size; n++) {
      this.writePhysical(n < inFirst ? first + n : second + n - inFirst, 1, value >>> (8 * n));
    }
  }

  private checkAlignment(linear: number, size: number): void {
    const mask = size === 8 ? 7 : size === 4 ? 3 : size === 2 ? 1 : 0;
    if (linear & mask) this.raise(ALIGNMENT, 0);
  }

  /** Watchpoints of the debugger and data breakpoints of the guest. */
  private checkWatched(linear: number, size: number, write: boolean): void {
    const first = linear >>> 12;
    if (!this.mmu.isWatched(first) && !this.mmu.isWatched(((linear + size - 1) >>> 0) >>> 12)) return;
    checkDataBreakpoints(this, linear, size, write);
    if (this.watchpointsSuspended || this.delivering !== 0) return;
    for (const { address, size: length, read, write: onWrite } of this.watchpoints) {
      if (!(write ? onWrite : read)) continue;
      if ((linear - address) >>> 0 >= length && (address - linear) >>> 0 >= size) continue;
      this.watchpointHit.linear = linear >>> 0;
      this.watchpointHit.size = size;
      this.watchpointHit.write = write;
      throw this.watchpointHit;
    }
  }

  get isWatched(): boolean {
    return this.watchpoints.length > 0;
  }

  /** The debugger's watchpoints, replacing those set before. */
  setWatchpoints(watchpoints: Iterable<Watchpoint>): void {
    this.watchpoints = [...watchpoints];
    this.watchedPagesChanged();
  }

  /** Tell the MMU which pages must take the slow path, after watchpoints or debug registers changed. */
  watchedPagesChanged(): void {
    const pages: number[] = [];
    const add = (address: number, size: number): void => {
      const first = address >>> 12;
      const count = (((address & 0xfff) + size - 1) >>> 12) + 1;
      for (let n = 0; n < count; n++) pages.push((first + n) & 0xfffff);
    };
    for (const { address, size } of this.watchpoints) add(address, size);
    for (const { address, size } of dataBreakpoints(this)) add(address, size);
    this.mmu.setWatchedPages(pages);
  }

  // ---- code

  /** Offset in this memory of the code byte at an offset in CS; #GP(0) beyond the limit, #PF; −1 where there is no RAM. */
  codeOffset(eip: number): number {
    this.checkJump(eip);
    const linear = (this.i32[(SEG_BASE >> 2) + Segment.CS] + eip) | 0;
    const user = this.i32[MODE >> 2] & MODE_USER;
    const entry = this.i32[((user ? TLB_READ_USER : TLB_READ_SUPERVISOR) >> 2) + (linear >>> 12)];
    if (entry !== -1) return (linear ^ entry) >>> 0;
    const physical = this.mmu.translateRead(linear, user !== 0);
    return physical < this.ramSize ? RAM + physical : -1;
  }

  /** One byte of code at an offset in CS; checks as `codeOffset`. */
  fetch8(eip: number): number {
    const offset = this.codeOffset(eip);
    return offset < 0 ? 0xff : this.u8[offset];
  }

  /** #GP(0) where an offset is beyond the limit of CS. */
  checkJump(eip: number): void {
    if (eip >>> 0 > this.i32[(SEG_LIMIT >> 2) + Segment.CS] >>> 0) this.raise(GP, this.delivering);
  }

  // ---- physical memory

  /** Beyond RAM everything reads as ones. */
  readPhysical(physical: number, size: Bytes): number {
    if (physical + size <= this.ramSize) return this.get(RAM + physical, size);
    let value = 0;
    for (let n = 0; n < size; n++) {
      value |= (physical + n < this.ramSize ? this.u8[RAM + physical + n] : 0xff) << (8 * n);
    }
    return value;
  }

  /** Beyond RAM nothing is stored. */
  writePhysical(physical: number, size: Bytes, value: number): void {
    if (physical + size <= this.ramSize) {
      this.put(RAM + physical, size, value);
      if (this.mmu.codePages[physical >>> 12] !== 0) this.codeWritten(physical, size);
      return;
    }
    for (let n = 0; n < size; n++) if (physical + n < this.ramSize) this.u8[RAM + physical + n] = value >>> (8 * n);
  }

  private get(offset: number, size: Bytes): number {
    if (size === 4) return this.view.getInt32(offset, true);
    return size === 1 ? this.u8[offset] : this.view.getUint16(offset, true);
  }

  private put(offset: number, size: Bytes, value: number): void {
    if (size === 4) this.view.setInt32(offset, value, true);
    else if (size === 1) this.u8[offset] = value;
    else this.view.setUint16(offset, value, true);
  }

  // ---- the debugger's look at memory: no faults, no accessed bits, no watchpoints

  /** Physical address of a linear one under the given CR3 (or the current one); undefined where nothing is mapped. */
  translate(linear: number, cr3?: number): number | undefined {
    // What the processor itself goes by is also the quickest: observers of a running guest ask at each call that they see.
    const cached = cr3 === undefined ? this.mmu.cached(linear) : -1;
    return cached >= 0 ? cached : this.mmu.paging.lookUp(linear, cr3)?.physical;
  }

  /** Read linear memory into `into`; returns how many bytes were mapped before the first that is not. Beyond RAM reads as ones. */
  peek(linear: number, into: Uint8Array, cr3?: number): number {
    for (let done = 0; done < into.length;) {
      const physical = this.translate((linear + done) | 0, cr3);
      if (physical === undefined) return done;
      const length = Math.min(into.length - done, PAGE - (physical % PAGE));
      this.peekPhysical(physical, into.subarray(done, done + length));
      done += length;
    }
    return into.length;
  }

  /** Write linear memory whatever the page's rights; returns how many bytes were mapped before the first that is not. */
  poke(linear: number, bytes: Uint8Array, cr3?: number): number {
    for (let done = 0; done < bytes.length;) {
      const physical = this.translate((linear + done) | 0, cr3);
      if (physical === undefined) return done;
      const length = Math.min(bytes.length - done, PAGE - (physical % PAGE));
      this.pokePhysical(physical, bytes.subarray(done, done + length));
      done += length;
    }
    return bytes.length;
  }

  peekPhysical(physical: number, into: Uint8Array): void {
    const inRam = Math.max(0, Math.min(into.length, this.ramSize - physical));
    into.set(this.u8.subarray(RAM + physical, RAM + physical + inRam));
    into.fill(0xff, inRam);
  }

  /** Write physical memory (loaders, debuggers, DMA); decoded code there is dropped. */
  pokePhysical(physical: number, bytes: Uint8Array): void {
    const inRam = Math.max(0, Math.min(bytes.length, this.ramSize - physical));
    if (inRam === 0) return;
    this.u8.set(bytes.subarray(0, inRam), RAM + physical);
    for (let page = physical >>> 12; page <= (physical + inRam - 1) >>> 12; page++) {
      if (this.mmu.codePages[page] === 0) continue;
      const first = Math.max(physical, page * PAGE);
      this.codeWritten(first, Math.min(physical + inRam, (page + 1) * PAGE) - first);
    }
  }
}

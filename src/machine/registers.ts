import type { BootEntry } from './boot/linuxboot';
import type { Cpu } from './cpu/cpu';
import {
  CR0,
  CR2,
  CR3,
  CR4,
  DR,
  GDTR_BASE,
  GDTR_LIMIT,
  IDTR_BASE,
  IDTR_LIMIT,
  Register,
  SegmentRegister,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
  TSC_OFFSET,
  X87,
} from './cpu/layout';
import { reset } from './cpu/state';
import { X87State } from './cpu/x87';
import { loadState, stateSize, storeState } from './cpu/x87/environment';
import type { X87Host } from './cpu/x87/host';
import type { SegmentState } from './types';

const CONTROL = { 0: CR0, 2: CR2, 3: CR3, 4: CR4 } as const;

const IA32_TIME_STAMP_COUNTER = 0x10;
const IA32_SYSENTER_CS = 0x174;
const IA32_SYSENTER_ESP = 0x175;
const IA32_SYSENTER_EIP = 0x176;

/** CR0.PE and CR0.ET. */
const PROTECTED = 0x11;
/** Access rights of the flat segments of the boot protocol (layout.ts, SEG_ACCESS). */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;

/** The registers as a debugger reads and writes them, between two instructions. Values are unsigned 32-bit numbers. */
export class Registers {
  constructor(private readonly cpu: Cpu) {}

  /** EAX ECX EDX EBX ESP EBP ESI EDI by encoding. */
  general(register: number): number {
    return this.cpu.getRegister(register) >>> 0;
  }

  setGeneral(register: number, value: number): void {
    this.cpu.setRegister(register, value | 0);
  }

  get eip(): number {
    return this.cpu.eip >>> 0;
  }

  set eip(value: number) {
    this.cpu.eip = value | 0;
  }

  /** With the lazy flags computed. */
  get eflags(): number {
    return this.cpu.eflags >>> 0;
  }

  set eflags(value: number) {
    this.cpu.eflags = value | 0;
  }

  /** ES CS SS DS FS GS LDTR TR by SegmentRegister. */
  segment(register: number): SegmentState {
    return {
      selector: this.cpu.selector(register),
      base: this.cpu.segmentBase(register) >>> 0,
      limit: this.cpu.segmentLimit(register) >>> 0,
      access: this.cpu.segmentAccess(register),
    };
  }

  /** What MOV from a segment register gives, by SegmentRegister. */
  selector(register: number): number {
    return this.cpu.selector(register);
  }

  /** Sets the hidden part too, as given; the privilege level stays. */
  setSegment(register: number, { selector, base, limit, access }: SegmentState): void {
    this.cpu.setSegment(register, selector, base | 0, limit | 0, access);
    this.cpu.updateMode();
  }

  /** CR0, CR2, CR3, CR4. */
  control(number: 0 | 2 | 3 | 4): number {
    return this.word(CONTROL[number]);
  }

  /**
   * Drops all cached translations, and loads the page-directory pointers of PAE paging.
   * @throws RangeError, with nothing changed, where reserved bits are set in those
   */
  setControl(number: 0 | 2 | 3 | 4, value: number): void {
    const { i32, mmu } = this.cpu;
    const word = CONTROL[number] >> 2;
    const old = i32[word];
    i32[word] = value | 0;
    if (mmu.paging.extended && !mmu.paging.loadPointers(i32[CR3 >> 2])) {
      i32[word] = old;
      throw new RangeError('The page-directory-pointer table that CR3 would tell of has reserved bits set.');
    }
    mmu.flushAll();
    this.cpu.flagsChanged();
  }

  /** DR0..DR7; 4 and 5 are 6 and 7. */
  debug(number: number): number {
    return this.word(DR + 4 * debugRegister(number));
  }

  setDebug(number: number, value: number): void {
    this.cpu.i32[(DR >> 2) + debugRegister(number)] = value | 0;
    this.cpu.watchedPagesChanged();
    this.cpu.updateMode();
  }

  get gdtr(): { base: number; limit: number } {
    return { base: this.word(GDTR_BASE), limit: this.word(GDTR_LIMIT) };
  }

  get idtr(): { base: number; limit: number } {
    return { base: this.word(IDTR_BASE), limit: this.word(IDTR_LIMIT) };
  }

  get cpl(): number {
    return this.cpu.cpl;
  }

  /** A model-specific register by its number, or undefined where this processor has none. */
  msr(number: number): bigint | undefined {
    switch (number) {
      case IA32_TIME_STAMP_COUNTER:
        return BigInt.asUintN(64, BigInt(this.cpu.now()) + this.cpu.view.getBigInt64(TSC_OFFSET, true));
      case IA32_SYSENTER_CS:
        return BigInt(this.word(SYSENTER_CS));
      case IA32_SYSENTER_ESP:
        return BigInt(this.word(SYSENTER_ESP));
      case IA32_SYSENTER_EIP:
        return BigInt(this.word(SYSENTER_EIP));
      default:
        return undefined;
    }
  }

  /** The FPU's registers in FSAVE's 32-bit protected-mode format: 108 bytes (SDM volume 1, figure 8-9). */
  x87(): Uint8Array {
    const image = new Uint8Array(stateSize(false));
    storeState(this.fpu, imageHost(image), 0, 0);
    return image;
  }

  setX87(image: Uint8Array): void {
    if (image.length !== stateSize(false)) {
      throw new RangeError(`An FSAVE image has ${stateSize(false)} bytes, not ${image.length}.`);
    }
    loadState(this.fpu, imageHost(image.slice()), 0, 0);
  }

  private get fpu(): X87State {
    return new X87State({ i32: this.cpu.i32, base: X87 });
  }

  private word(offset: number): number {
    return this.cpu.i32[offset >> 2] >>> 0;
  }
}

function debugRegister(number: number): number {
  return number === 4 || number === 5 ? number + 2 : number;
}

/** A host for which memory is the image: only its memory accesses are ever used. */
function imageHost(image: Uint8Array): X87Host {
  const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
  const unused = (): never => {
    throw new Error('Not part of storing or loading an FSAVE image.');
  };
  return {
    read8: (_segment, offset) => view.getUint8(offset),
    read16: (_segment, offset) => view.getUint16(offset, true),
    read32: (_segment, offset) => view.getInt32(offset, true),
    write8: (_segment, offset, value) => view.setUint8(offset, value),
    write16: (_segment, offset, value) => view.setUint16(offset, value, true),
    write32: (_segment, offset, value) => view.setInt32(offset, value, true),
    probeWrite: () => {},
    cs: 0,
    eip: 0,
    selector: () => 0,
    operandSize16: false,
    protectedMode: true,
    numericError: true,
    assertFerr: unused,
    getConditions: unused,
    setConditions: unused,
    setAx: unused,
    raise: unused,
  };
}

/** The processor's state at the entry of Linux's 32-bit boot protocol (Documentation/x86/boot.rst, "32-bit Boot Protocol"). */
export function enterKernel(cpu: Cpu, entry: BootEntry): void {
  const count = cpu.now();
  reset(cpu);
  cpu.count = count;
  cpu.i32[CR0 >> 2] = PROTECTED;
  cpu.i32[GDTR_BASE >> 2] = entry.gdt.base;
  cpu.i32[GDTR_LIMIT >> 2] = entry.gdt.limit;
  for (const segment of [
    SegmentRegister.ES,
    SegmentRegister.SS,
    SegmentRegister.DS,
    SegmentRegister.FS,
    SegmentRegister.GS,
  ]) {
    cpu.setSegment(segment, entry.dataSelector, 0, -1, FLAT_DATA);
  }
  cpu.setSegment(SegmentRegister.CS, entry.codeSelector, 0, -1, FLAT_CODE);
  for (let register = 0; register < 8; register++) {
    cpu.setRegister(register, 0);
  }
  cpu.setRegister(Register.ESI, entry.bootParams);
  cpu.eip = entry.eip;
  cpu.eflags = 2;
  cpu.mmu.flushAll();
  cpu.updateMode();
}

import { type Cpu } from './cpu';
import { AF, CF, getEflags, OF, PF, setEflags, SF, ZF } from './flags';
import { CR0, EIP, GPR, MODE, SegmentRegister as Segment } from './layout';
import { MODE_REAL, MODE_VM86 } from './mode';
import { type X87Host } from './x87/host';

const CR0_NE = 1 << 5;

/** The processor as its floating-point unit sees it. */
export class ProcessorOfX87 implements X87Host {
  /** Whether the instruction being executed has a 16-bit operand size (FLDENV, FSAVE…); set by the helper that calls the unit. */
  operandSize16 = false;

  constructor(private readonly cpu: Cpu) {}

  read8(segment: number, offset: number): number {
    return this.cpu.read8(segment, offset);
  }

  read16(segment: number, offset: number): number {
    return this.cpu.read16(segment, offset);
  }

  read32(segment: number, offset: number): number {
    return this.cpu.read32(segment, offset);
  }

  write8(segment: number, offset: number, value: number): void {
    this.cpu.write8(segment, offset, value);
  }

  write16(segment: number, offset: number, value: number): void {
    this.cpu.write16(segment, offset, value);
  }

  write32(segment: number, offset: number, value: number): void {
    this.cpu.write32(segment, offset, value);
  }

  probeWrite(segment: number, offset: number, size: number): void {
    this.cpu.probeWrite(segment, offset, size);
  }

  get cs(): number {
    return this.cpu.selector(Segment.CS);
  }

  get eip(): number {
    return this.cpu.i32[EIP >> 2];
  }

  selector(segment: number): number {
    return this.cpu.selector(segment);
  }

  get protectedMode(): boolean {
    return (this.cpu.i32[MODE >> 2] & (MODE_REAL | MODE_VM86)) === 0;
  }

  get numericError(): boolean {
    return (this.cpu.i32[CR0 >> 2] & CR0_NE) !== 0;
  }

  assertFerr(): void {
    this.cpu.ferr();
  }

  getConditions(): number {
    return getEflags(this.cpu.i32);
  }

  setConditions(zf: boolean, pf: boolean, cf: boolean): void {
    const { i32 } = this.cpu;
    const kept = getEflags(i32) & ~(OF | SF | ZF | AF | PF | CF);
    setEflags(i32, kept | (zf ? ZF : 0) | (pf ? PF : 0) | (cf ? CF : 0));
  }

  setAx(value: number): void {
    const { i32 } = this.cpu;
    i32[GPR >> 2] = (i32[GPR >> 2] & 0xffff0000) | (value & 0xffff);
  }

  raise(vector: number): never {
    return this.cpu.raise(vector);
  }
}

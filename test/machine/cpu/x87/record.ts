/** One instruction with all it depends on: the record that host.c reads and writes, and our FPU runs, too. */
import { X87, X87_STATE_SIZE, type X87Host } from '../../../../src/machine/cpu/x87';

export const RECORD_SIZE = 256;
const CODE = 4;
export const IMAGE = 16;
const EFLAGS = 124;
const EAX = 128;
export const OPERAND = 144;

/** What a record's image has for FIP and FDP, and for FOP, so that it shows which of them an instruction sets. */
export const UNTOUCHED_POINTER = 0x5a5a5a5a;
export const UNTOUCHED_OPCODE = 0x123;

/** An 80-bit value: sign and exponent, significand. */
export type Value = readonly [se: number, significand: bigint];

/** What a case sets; everything else is as after FNINIT, with all registers empty. */
export interface Setup {
  /** Machine code of the instruction; its memory operand is [ebx], so the ModR/M byte is 03 plus the operation. */
  code: readonly number[];
  control?: number;
  status?: number;
  /** Tag word; by default the registers given are valid and the others empty. */
  tags?: number;
  /** ST(0), ST(1), … */
  registers?: readonly Value[];
  operand?: Uint8Array;
  eflags?: number;
  eax?: number;
}

/** Builds the record of a case. */
export function makeRecord(setup: Setup): Buffer {
  const record = Buffer.alloc(RECORD_SIZE);
  const registers = setup.registers ?? [];
  const status = setup.status ?? 0;
  let tags = setup.tags;
  if (tags === undefined) {
    tags = 0xffff;
    for (let i = 0; i < registers.length; i++) tags &= ~(3 << ((((status >> 11) + i) & 7) * 2));
  }
  record.writeUInt32LE(setup.code.length, 0);
  record.set(setup.code, CODE);
  record.writeUInt32LE((0xffff0000 | (setup.control ?? 0x37f)) >>> 0, IMAGE);
  record.writeUInt32LE((0xffff0000 | status) >>> 0, IMAGE + 4);
  record.writeUInt32LE((0xffff0000 | tags) >>> 0, IMAGE + 8);
  record.writeUInt32LE(UNTOUCHED_POINTER, IMAGE + 12);
  record.writeUInt16LE(UNTOUCHED_OPCODE, IMAGE + 18);
  record.writeUInt32LE(UNTOUCHED_POINTER, IMAGE + 20);
  registers.forEach(([se, significand], i) => {
    record.writeBigUInt64LE(significand, IMAGE + 28 + i * 10);
    record.writeUInt16LE(se, IMAGE + 36 + i * 10);
  });
  record.writeUInt32LE(setup.eflags ?? 0x202, EFLAGS);
  record.writeUInt32LE(setup.eax ?? 0, EAX);
  if (setup.operand) record.set(setup.operand, OPERAND);
  return record;
}

/** The outcome of a record, ours or the host's. */
export interface Outcome {
  /** 0, or 4 for #UD (SIGILL), 8 for #MF (SIGFPE). */
  signal: number;
  control: number;
  status: number;
  tags: number;
  instructionOffset: number;
  opcode: number;
  dataOffset: number;
  registers: Value[];
  eflags: number;
  eax: number;
  /** The memory operand, in hexadecimal. */
  operand: string;
}

export function readOutcome(record: Buffer): Outcome {
  return {
    signal: record.readUInt32LE(0),
    control: record.readUInt16LE(IMAGE),
    status: record.readUInt16LE(IMAGE + 4),
    tags: record.readUInt16LE(IMAGE + 8),
    instructionOffset: record.readUInt32LE(IMAGE + 12),
    opcode: record.readUInt16LE(IMAGE + 18),
    dataOffset: record.readUInt32LE(IMAGE + 20),
    registers: Array.from({ length: 8 }, (_, i) => [
      record.readUInt16LE(IMAGE + 36 + i * 10),
      record.readBigUInt64LE(IMAGE + 28 + i * 10),
    ]),
    eflags: record.readUInt32LE(EFLAGS) & 0x8d5,
    eax: record.readUInt32LE(EAX),
    operand: record.toString('hex', OPERAND, OPERAND + 112),
  };
}

/** Thrown by the test's processor in place of an exception. */
export class Raised extends Error {
  constructor(readonly vector: number) {
    super(`#${vector}`);
  }
}

/** A processor for the FPU: flat memory, one segment, EFLAGS and AX; fails at will. */
export class TestHost implements X87Host {
  readonly bytes = new Uint8Array(4096);
  private readonly view = new DataView(this.bytes.buffer);
  cs = 0x23;
  eip = 0;
  operandSize16 = false;
  protectedMode = true;
  numericError = true;
  eflags = 0x202;
  eax = 0;
  ferr = 0;
  /** Accesses from this offset up to `faultEnd` throw. */
  faultFrom = Infinity;
  faultEnd = Infinity;
  probes = 0;

  private check(offset: number, size: number): void {
    if (offset + size > this.faultFrom && offset < this.faultEnd) throw new Raised(14);
  }
  read8(_segment: number, offset: number): number {
    this.check(offset, 1);
    return this.view.getUint8(offset);
  }
  read16(_segment: number, offset: number): number {
    this.check(offset, 2);
    return this.view.getUint16(offset, true);
  }
  read32(_segment: number, offset: number): number {
    this.check(offset, 4);
    return this.view.getUint32(offset, true);
  }
  write8(_segment: number, offset: number, value: number): void {
    this.check(offset, 1);
    this.view.setUint8(offset, value);
  }
  write16(_segment: number, offset: number, value: number): void {
    this.check(offset, 2);
    this.view.setUint16(offset, value, true);
  }
  write32(_segment: number, offset: number, value: number): void {
    this.check(offset, 4);
    this.view.setUint32(offset, value, true);
  }
  probeWrite(_segment: number, offset: number, size: number): void {
    this.probes++;
    this.check(offset, size);
  }
  selector(): number {
    return 0x2b;
  }
  assertFerr(): void {
    this.ferr++;
  }
  getConditions(): number {
    return this.eflags;
  }
  setConditions(zf: boolean, pf: boolean, cf: boolean): void {
    this.eflags = (this.eflags & ~0x8d5) | (zf ? 0x40 : 0) | (pf ? 4 : 0) | (cf ? 1 : 0);
  }
  setAx(value: number): void {
    this.eax = ((this.eax & ~0xffff) | (value & 0xffff)) >>> 0;
  }
  raise(vector: number): never {
    throw new Raised(vector);
  }
}

/** Our FPU with its processor, and where records are put in its memory. */
export class Machine {
  readonly host = new TestHost();
  readonly memory = { i32: new Int32Array(64 + X87_STATE_SIZE / 4), base: 64 };
  readonly fpu = new X87(this.memory, this.host);

  constructor() {
    this.fpu.reset();
  }

  /** Executes one instruction; its memory operand, if any, is at `offset`. */
  execute(code: readonly number[], offset: number): void {
    let at = 0;
    this.host.operandSize16 = code[at] === 0x66;
    if (this.host.operandSize16) at++;
    if (code[at] === 0x9b) {
      this.fpu.wait();
      return;
    }
    const modrm = code[at + 1];
    if (modrm >= 0xc0) this.fpu.executeRegister(code[at], modrm);
    else this.fpu.executeMemory(code[at], modrm, 3, offset);
  }

  /** Runs a record on our FPU, as host.c does on the host's. */
  run(record: Buffer): Buffer {
    const { host } = this;
    const operandAt = 0;
    const imageAt = 256;
    const result = Buffer.from(record);
    host.bytes.set(record.subarray(OPERAND, OPERAND + 112), operandAt);
    host.bytes.set(record.subarray(IMAGE, IMAGE + 108), imageAt);
    host.eflags = record.readUInt32LE(EFLAGS);
    host.eax = record.readUInt32LE(EAX);
    this.execute([0xdb, 0xe3], 0);
    this.execute([0xdd, 0x20], imageAt);
    let signal = 0;
    try {
      this.execute([...record.subarray(CODE, CODE + record.readUInt32LE(0))], operandAt);
      this.execute([0xdd, 0x30], imageAt);
    } catch (error) {
      if (!(error instanceof Raised)) throw error;
      signal = error.vector === 6 ? 4 : 8;
    }
    result.writeUInt32LE(signal, 0);
    result.set(host.bytes.subarray(imageAt, imageAt + 108), IMAGE);
    result.set(host.bytes.subarray(operandAt, operandAt + 112), OPERAND);
    result.writeUInt32LE(host.eflags, EFLAGS);
    result.writeUInt32LE(host.eax, EAX);
    return result;
  }
}

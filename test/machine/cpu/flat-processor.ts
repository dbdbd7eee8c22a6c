/** A processor with nothing but flat memory in user mode, for tests of single instructions: CPL 3, 32-bit, three pages mapped. */

import { GuestFault } from '../../../src/machine/cpu/fault';
import { IF, IOPL, setEflags, TF, VM, getEflags } from '../../../src/machine/cpu/flags';
import {
  CPL,
  CR0,
  EIP,
  NEXT_EIP,
  SEG_ACCESS,
  SEG_LIMIT,
  SEG_SELECTOR,
  STATE_SIZE,
} from '../../../src/machine/cpu/layout';
import { type HelperName } from '../../../src/machine/cpu/ops';
import { type Helper, type Processor } from '../../../src/machine/cpu/processor';

const PAGE = 4096;

export class FlatProcessor implements Processor {
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly helpers: Record<HelperName, Helper>;
  private readonly fault = new GuestFault();
  private readonly pages = new Map<number, number>();

  /** @param pages Linear addresses of the pages that exist. */
  constructor(pages: number[]) {
    const bytes = STATE_SIZE + PAGE * (pages.length + 1);
    this.u8 = new Uint8Array(bytes);
    this.i32 = new Int32Array(this.u8.buffer);
    for (const [place, page] of pages.entries()) this.pages.set(page >>> 12, STATE_SIZE + PAGE * place);
    for (let segment = 0; segment < 6; segment++) {
      this.i32[(SEG_LIMIT >> 2) + segment] = -1;
      this.i32[(SEG_ACCESS >> 2) + segment] = segment === 1 ? 0xc0fb : 0xc0f3;
      // Linux's selectors for 32-bit user code.
      this.i32[(SEG_SELECTOR >> 2) + segment] = segment === 1 ? 0x23 : 0x2b;
    }
    this.i32[CPL >> 2] = 3;
    this.i32[CR0 >> 2] = 0x80000011 | 0;
    const missing: Helper = () => {
      throw new Error('This helper belongs to the whole processor.');
    };
    const privileged: Helper = () => this.raise(13, 0);
    const trap = (vector: number) => (): void => {
      // A trap is reported after the instruction.
      this.i32[EIP >> 2] = this.i32[NEXT_EIP >> 2]!;
      this.raise(vector);
    };
    const own: Partial<Record<HelperName, Helper>> = {
      cli: privileged,
      sti: privileged,
      in: privileged,
      out: privileged,
      checkPort: privileged,
      int3: trap(3),
      into: trap(4),
      icebp: trap(1),
      // User code reaches the gates of #BP and #OF only.
      interrupt: (vector) => (vector === 3 || vector === 4 ? trap(vector)() : this.raise(13, vector * 8 + 2)),
      writeFlags: (value, size) => {
        const old = getEflags(this.i32);
        const kept = IF | IOPL | VM | (size === 16 ? 0xffff0000 : 0);
        setEflags(this.i32, ((old & kept) | (value & ~kept)) & ~TF);
      },
    };
    this.helpers = new Proxy(own, { get: (table, name: HelperName) => table[name] ?? missing }) as Record<
      HelperName,
      Helper
    >;
  }

  /** Offset in `u8` of a linear address, or −1. */
  offset(linear: number): number {
    const page = this.pages.get(linear >>> 12);
    return page === undefined ? -1 : page + (linear & (PAGE - 1));
  }

  private access(linear: number, size: number, write: boolean): number {
    const first = this.offset(linear);
    if (first < 0 || (size > 1 && this.offset(linear + size - 1) < 0)) this.raise(14, write ? 6 : 4);
    return first;
  }

  read8(_segment: number, offset: number): number {
    return this.u8[this.access(offset, 1, false)]!;
  }
  read16(_segment: number, offset: number): number {
    const at = this.access(offset, 2, false);
    return this.u8[at]! | (this.u8[at + 1]! << 8);
  }
  read32(_segment: number, offset: number): number {
    const at = this.access(offset, 4, false);
    return this.u8[at]! | (this.u8[at + 1]! << 8) | (this.u8[at + 2]! << 16) | (this.u8[at + 3]! << 24);
  }
  write8(_segment: number, offset: number, value: number): void {
    this.u8[this.access(offset, 1, true)] = value;
  }
  write16(_segment: number, offset: number, value: number): void {
    const at = this.access(offset, 2, true);
    this.u8[at] = value;
    this.u8[at + 1] = value >> 8;
  }
  write32(_segment: number, offset: number, value: number): void {
    const at = this.access(offset, 4, true);
    for (let i = 0; i < 4; i++) this.u8[at + i] = value >> (8 * i);
  }
  probeWrite(_segment: number, offset: number, bytes: number): void {
    this.access(offset, bytes, true);
  }
  codeOffset(eip: number): number {
    return this.access(eip, 1, false);
  }
  fetch8(eip: number): number {
    return this.u8[this.access(eip, 1, false)]!;
  }
  checkJump(): void {}

  raise(vector: number, errorCode = -1): never {
    this.fault.vector = vector;
    this.fault.errorCode = errorCode;
    throw this.fault;
  }
}

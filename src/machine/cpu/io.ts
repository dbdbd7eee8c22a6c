/** Ports, and who may use them (SDM volume 1, chapter 19). */

import { type Cpu } from './cpu';
import { checkIoBreakpoints } from './debug';
import { IOPL, VM } from './flags';
import { CPL, DR, EFLAGS, SEG_ACCESS, SEG_BASE, SEG_LIMIT, SegmentRegister as Segment } from './layout';
import { GP } from './segmentation';

/** Offset in the 32-bit TSS of the word that holds the offset of the I/O permission bitmap. */
const BITMAP_POINTER = 0x66;

/** #GP(0) where the current level may not use the ports from `port` on that an access of `size` bits touches. */
export function checkPort(cpu: Cpu, port: number, size: number): void {
  const { i32 } = cpu;
  const eflags = i32[EFLAGS >> 2];
  const cpl = i32[CPL >> 2];
  if (cpl <= (eflags & IOPL) >> 12 && !(eflags & VM)) return;
  const access = i32[(SEG_ACCESS >> 2) + Segment.TR];
  const limit = i32[(SEG_LIMIT >> 2) + Segment.TR] >>> 0;
  const base = i32[(SEG_BASE >> 2) + Segment.TR];
  // A 16-bit TSS has no bitmap.
  if ((access & 8) === 0 || limit < BITMAP_POINTER + 1) cpu.raise(GP, 0);
  port &= 0xffff;
  const at = cpu.readSystem((base + BITMAP_POINTER) | 0, 2) + (port >> 3);
  // Two bytes are always read, so that a range across a byte needs no second look.
  if (at + 1 > limit) cpu.raise(GP, 0);
  const bits = cpu.readSystem((base + at) | 0, 2) >> (port & 7);
  if (bits & ((1 << (size >> 3)) - 1)) cpu.raise(GP, 0);
}

/** IN and INS. */
export function portIn(cpu: Cpu, port: number, size: number): number {
  checkPort(cpu, port, size);
  port &= 0xffff;
  if (cpu.i32[(DR >> 2) + 7] & 0xff) checkIoBreakpoints(cpu, port, size >> 3);
  return cpu.ports.read(port, size as 8 | 16 | 32);
}

/** OUT and OUTS. */
export function portOut(cpu: Cpu, port: number, size: number, value: number): void {
  checkPort(cpu, port, size);
  port &= 0xffff;
  if (cpu.i32[(DR >> 2) + 7] & 0xff) checkIoBreakpoints(cpu, port, size >> 3);
  cpu.ports.write(port, size === 8 ? value & 0xff : size === 16 ? value & 0xffff : value >>> 0, size as 8 | 16 | 32);
}

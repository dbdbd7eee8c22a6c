/**
 * Segment descriptors and the loading of segment registers (SDM volume 3, sections 3.4 and 5.2 to 5.8; volume 2, MOV, LDS, POP, LAR…).
 */

import {
  CPL,
  GDTR_BASE,
  GDTR_LIMIT,
  INTERRUPT_SHADOW,
  MODE,
  SEG_ACCESS,
  SEG_BASE,
  SEG_LIMIT,
  SEG_SELECTOR,
  SegmentRegister as Segment,
} from './layout';
import { type Cpu } from './cpu';
import {
  ACCESS_ACCESSED,
  ACCESS_BIG,
  ACCESS_CODE,
  ACCESS_CODE_OR_DATA,
  ACCESS_CONFORMING,
  ACCESS_PRESENT,
  ACCESS_READABLE,
  ACCESS_WRITABLE,
  MODE_REAL,
  MODE_VM86,
} from './mode';

/** Exception vectors (SDM volume 3, table 6-1). */
export const TS = 10;
export const NP = 11;
export const SS = 12;
export const GP = 13;

/** Types of system descriptors and gates (SDM volume 3, table 3-2). */
export const enum SystemType {
  Tss16 = 1,
  Ldt = 2,
  BusyTss16 = 3,
  CallGate16 = 4,
  TaskGate = 5,
  InterruptGate16 = 6,
  TrapGate16 = 7,
  Tss32 = 9,
  BusyTss32 = 11,
  CallGate32 = 12,
  InterruptGate32 = 14,
  TrapGate32 = 15,
}

/** Access rights of a segment in virtual-8086 mode: present, DPL 3, writable data. */
const VM86_ACCESS = 0xf3;
/** Access rights given in real mode to a segment register that was unusable. */
const REAL_ACCESS = 0x93;

/** Raise a fault whose error code is a selector. */
export function selectorFault(cpu: Cpu, vector: number, selector: number): never {
  cpu.raise(vector, (selector & 0xfffc) | cpu.delivering);
}

/** True for selectors 0..3. */
export function isNull(selector: number): boolean {
  return (selector & 0xfffc) === 0;
}

/** Linear address of a selector's descriptor, or −1 where it is beyond its table's limit (an address is never 2^32−1). */
function descriptorAddress(cpu: Cpu, selector: number): number {
  const { i32 } = cpu;
  const offset = selector & 0xfff8;
  if (selector & 4) {
    const usable = i32[(SEG_ACCESS >> 2) + Segment.LDTR] !== 0;
    if (!usable || offset + 7 > i32[(SEG_LIMIT >> 2) + Segment.LDTR] >>> 0) return -1;
    return (i32[(SEG_BASE >> 2) + Segment.LDTR] + offset) >>> 0;
  }
  if (offset + 7 > i32[GDTR_LIMIT >> 2]) return -1;
  return (i32[GDTR_BASE >> 2] + offset) >>> 0;
}

/** Read a selector's descriptor into cpu.descriptorLow and descriptorHigh; false where it is beyond its table's limit. */
export function readDescriptor(cpu: Cpu, selector: number): boolean {
  const address = descriptorAddress(cpu, selector);
  if (address < 0) return false;
  cpu.descriptorLow = cpu.readSystem(address | 0, 4);
  cpu.descriptorHigh = cpu.readSystem((address + 4) | 0, 4);
  return true;
}

/** Replace the type byte of a selector's descriptor in its table (accessed bit, busy bit). */
export function writeDescriptorAccess(cpu: Cpu, selector: number, access: number): void {
  cpu.writeSystem((descriptorAddress(cpu, selector) + 5) | 0, 1, access);
}

/** Set the accessed bit of a code or data descriptor just read, if it is not set. */
export function markAccessed(cpu: Cpu, selector: number): void {
  const access = (cpu.descriptorHigh >>> 8) & 0xff;
  if (access & ACCESS_ACCESSED) return;
  writeDescriptorAccess(cpu, selector, access | ACCESS_ACCESSED);
  cpu.descriptorHigh |= ACCESS_ACCESSED << 8;
}

/** Of the descriptor in cpu.descriptorLow and descriptorHigh: base. */
export function descriptorBase(cpu: Cpu): number {
  return (cpu.descriptorLow >>> 16) | ((cpu.descriptorHigh & 0xff) << 16) | (cpu.descriptorHigh & 0xff000000);
}

/** Limit in bytes, as an unsigned number in 32 bits. */
export function descriptorLimit(cpu: Cpu): number {
  const limit = (cpu.descriptorLow & 0xffff) | (cpu.descriptorHigh & 0xf0000);
  return cpu.descriptorHigh & 0x800000 ? (limit << 12) | 0xfff : limit;
}

/** Access rights as SEG_ACCESS has them. */
export function descriptorAccess(cpu: Cpu): number {
  return (cpu.descriptorHigh >>> 8) & 0xf0ff;
}

export function descriptorPrivilege(access: number): number {
  return (access >> 5) & 3;
}

/** Load the hidden part of a segment register from the descriptor just read. */
export function setFromDescriptor(cpu: Cpu, segment: Segment, selector: number): void {
  cpu.setSegment(segment, selector, descriptorBase(cpu), descriptorLimit(cpu), descriptorAccess(cpu));
}

/** Make a segment register unusable. */
export function setNull(cpu: Cpu, segment: Segment, selector: number): void {
  cpu.setSegment(segment, selector, 0, 0, 0);
}

/** Load a segment register as real mode does: limit and rights stay as they are, but CS becomes writable. */
export function setReal(cpu: Cpu, segment: Segment, selector: number): void {
  let access = cpu.segmentAccess(segment);
  const limit = access === 0 ? 0xffff : cpu.segmentLimit(segment);
  if (access === 0) access = REAL_ACCESS;
  else if (segment === Segment.CS) access = (access & ACCESS_BIG) | REAL_ACCESS;
  cpu.setSegment(segment, selector, selector << 4, limit, access);
}

/** Load a segment register as virtual-8086 mode does. */
export function setVm86(cpu: Cpu, segment: Segment, selector: number): void {
  cpu.setSegment(segment, selector, selector << 4, 0xffff, VM86_ACCESS);
}

/** Whether selectors mean paragraphs (real and virtual-8086 mode); then they are loaded by this. */
export function loadParagraph(cpu: Cpu, segment: Segment, selector: number): boolean {
  const mode = cpu.i32[MODE >> 2];
  if (mode & MODE_REAL) setReal(cpu, segment, selector);
  else if (mode & MODE_VM86) setVm86(cpu, segment, selector);
  else return false;
  return true;
}

/**
 * Check a descriptor for SS at privilege level `cpl`, leaving it in cpu.descriptorLow and descriptorHigh.
 * @param vector the exception for a bad one: #GP for loads, #TS in stack and task switches
 */
export function checkStackSegment(cpu: Cpu, selector: number, cpl: number, vector: number): void {
  if (isNull(selector)) cpu.raise(vector, cpu.delivering);
  if (!readDescriptor(cpu, selector)) selectorFault(cpu, vector, selector);
  const access = descriptorAccess(cpu);
  if (
    (selector & 3) !== cpl ||
    descriptorPrivilege(access) !== cpl ||
    (access & (ACCESS_CODE_OR_DATA | ACCESS_CODE | ACCESS_WRITABLE)) !== (ACCESS_CODE_OR_DATA | ACCESS_WRITABLE)
  ) {
    selectorFault(cpu, vector, selector);
  }
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, SS, selector);
}

/** Load ES, DS, FS or GS in protected mode. */
export function loadDataSegment(cpu: Cpu, segment: Segment, selector: number, vector: number = GP): void {
  if (isNull(selector)) {
    setNull(cpu, segment, selector);
    return;
  }
  if (!readDescriptor(cpu, selector)) selectorFault(cpu, vector, selector);
  const access = descriptorAccess(cpu);
  if (!isReadable(access)) selectorFault(cpu, vector, selector);
  if (!isConformingCode(access)) {
    const dpl = descriptorPrivilege(access);
    if ((selector & 3) > dpl || cpu.i32[CPL >> 2] > dpl) selectorFault(cpu, vector, selector);
  }
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
  markAccessed(cpu, selector);
  setFromDescriptor(cpu, segment, selector);
}

function isReadable(access: number): boolean {
  return (access & ACCESS_CODE_OR_DATA) !== 0 && (access & (ACCESS_CODE | ACCESS_READABLE)) !== ACCESS_CODE;
}

export function isConformingCode(access: number): boolean {
  return (access & (ACCESS_CODE | ACCESS_CONFORMING)) === (ACCESS_CODE | ACCESS_CONFORMING);
}

export function isCode(access: number): boolean {
  return (access & (ACCESS_CODE_OR_DATA | ACCESS_CODE)) === (ACCESS_CODE_OR_DATA | ACCESS_CODE);
}

/** MOV, POP, LDS…: load ES, SS, DS, FS or GS. */
export function loadSegment(cpu: Cpu, segment: Segment, selector: number): void {
  selector &= 0xffff;
  if (!loadParagraph(cpu, segment, selector)) {
    if (segment === Segment.SS) {
      checkStackSegment(cpu, selector, cpu.i32[CPL >> 2], GP);
      markAccessed(cpu, selector);
      setFromDescriptor(cpu, segment, selector);
    } else {
      loadDataSegment(cpu, segment, selector);
    }
  }
  cpu.updateMode();
}

/** MOV SS and POP SS hold off interrupts and debug traps until after the next instruction (SDM volume 3, section 6.8.3). */
export function shadowStackLoad(cpu: Cpu): void {
  cpu.i32[INTERRUPT_SHADOW >> 2] = 1;
  cpu.stackSegmentLoaded = true;
}

/** On return to an outer level: data segments that are too privileged for it become null (SDM volume 3, section 5.8.6). */
export function dropPrivilegedSegments(cpu: Cpu): void {
  const cpl = cpu.i32[CPL >> 2];
  for (let segment = Segment.ES; segment <= Segment.GS; segment++) {
    if (segment === Segment.CS || segment === Segment.SS) continue;
    const access = cpu.segmentAccess(segment);
    if (!isConformingCode(access) && descriptorPrivilege(access) < cpl) setNull(cpu, segment, 0);
  }
}

// ---- LLDT, LTR

/** LLDT (volume 2). */
export function loadLdt(cpu: Cpu, selector: number): void {
  selector &= 0xffff;
  if (isNull(selector)) {
    setNull(cpu, Segment.LDTR, selector);
    return;
  }
  if (selector & 4 || !readDescriptor(cpu, selector)) selectorFault(cpu, GP, selector);
  if ((descriptorAccess(cpu) & 0x1f) !== SystemType.Ldt) selectorFault(cpu, GP, selector);
  if (!(descriptorAccess(cpu) & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
  setFromDescriptor(cpu, Segment.LDTR, selector);
}

/** LTR (volume 2): marks the TSS busy. */
export function loadTask(cpu: Cpu, selector: number): void {
  selector &= 0xffff;
  if (isNull(selector)) cpu.raise(GP, 0);
  if (selector & 4 || !readDescriptor(cpu, selector)) selectorFault(cpu, GP, selector);
  const access = descriptorAccess(cpu);
  const type = access & 0x1f;
  if (type !== SystemType.Tss16 && type !== SystemType.Tss32) selectorFault(cpu, GP, selector);
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
  writeDescriptorAccess(cpu, selector, (access | 2) & 0xff);
  cpu.descriptorHigh |= 2 << 8;
  setFromDescriptor(cpu, Segment.TR, selector);
}

// ---- LAR, LSL, VERR, VERW

/** Types of system descriptors that LAR (bits) and LSL accept (volume 2, tables under LAR and LSL). */
const LAR_TYPES = 0b0001_1010_0011_1110;
const LSL_TYPES = 0b0000_1010_0000_1110;

/** Read a descriptor for LAR or LSL; false where it may not be looked at from this level. */
function inspect(cpu: Cpu, selector: number, systemTypes: number): boolean {
  if (isNull(selector) || !readDescriptor(cpu, selector)) return false;
  const access = descriptorAccess(cpu);
  if (!(access & ACCESS_CODE_OR_DATA)) {
    if (!((systemTypes >> (access & 15)) & 1)) return false;
  } else if (isConformingCode(access)) {
    return true;
  }
  const dpl = descriptorPrivilege(access);
  return cpu.i32[CPL >> 2] <= dpl && (selector & 3) <= dpl;
}

/** Access-rights word for LAR, or −1 where ZF is to be 0. */
export function lar(cpu: Cpu, selector: number): number {
  return inspect(cpu, selector & 0xffff, LAR_TYPES) ? cpu.descriptorHigh & 0x00f0ff00 : -1;
}

/** 1 where LSL succeeds. */
export function lslValid(cpu: Cpu, selector: number): number {
  return inspect(cpu, selector & 0xffff, LSL_TYPES) ? 1 : 0;
}

/** Limit in bytes of a selector for which `lslValid`. */
export function lsl(cpu: Cpu, selector: number): number {
  inspect(cpu, selector & 0xffff, LSL_TYPES);
  return descriptorLimit(cpu);
}

/** VERR and VERW: 1 where the segment may be read (written) from this level. */
export function verify(cpu: Cpu, selector: number, write: boolean): number {
  selector &= 0xffff;
  if (isNull(selector) || !readDescriptor(cpu, selector)) return 0;
  const access = descriptorAccess(cpu);
  if (!(access & ACCESS_CODE_OR_DATA)) return 0;
  const right = write ? (access & (ACCESS_CODE | ACCESS_WRITABLE)) === ACCESS_WRITABLE : isReadable(access);
  if (!right) return 0;
  if (isConformingCode(access)) return 1;
  const dpl = descriptorPrivilege(access);
  return cpu.i32[CPL >> 2] <= dpl && (selector & 3) <= dpl ? 1 : 0;
}

/** Selector of a segment register. */
export function selectorOf(cpu: Cpu, segment: Segment): number {
  return cpu.i32[(SEG_SELECTOR >> 2) + segment];
}

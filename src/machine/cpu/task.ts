/** Hardware task switches (SDM volume 3, chapter 7; the order of checks and effects is that of section 7.3). */

import { type Cpu } from './cpu';
import { DR6_BT, reportDebug } from './debug';
import { getEflags, NT, RF, setEflags, VM } from './flags';
import { CPL, CR0, CR3, EIP, GPR, NEXT_EIP, SegmentRegister as Segment } from './layout';
import { ACCESS_PRESENT } from './mode';
import {
  checkStackSegment,
  descriptorAccess,
  descriptorBase,
  descriptorLimit,
  descriptorPrivilege,
  GP,
  isCode,
  isConformingCode,
  isNull,
  loadDataSegment,
  markAccessed,
  NP,
  readDescriptor,
  selectorFault,
  selectorOf,
  setFromDescriptor,
  setNull,
  setVm86,
  SystemType,
  TS,
  writeDescriptorAccess,
} from './segmentation';

/** What asks for the switch: it decides about busy bits, NT and the link. */
export const enum TaskSwitch {
  Jump,
  Call,
  Interrupt,
  Return,
}

const DB = 1;
const CR0_TS = 1 << 3;
const CR0_PG = 1 << 31;

/** Fields of the 32-bit TSS (SDM volume 3, figure 7-2). */
const T32 = {
  limit: 0x67,
  cr3: 0x1c,
  eip: 0x20,
  eflags: 0x24,
  registers: 0x28,
  segments: 0x48,
  ldt: 0x60,
  trap: 0x64,
  end: 0x5f,
};
/** Fields of the 16-bit TSS (figure 7-10): only ES, CS, SS and DS. */
const T16 = { limit: 0x2b, eip: 0x0e, eflags: 0x10, registers: 0x12, segments: 0x22, ldt: 0x2a, end: 0x29 };

/**
 * Switch to the task of a TSS. Faults before the point of no return leave everything as it was; those after it belong to the new task,
 * so EIP is the new task's then.
 * @param returnEip what the old task goes on with
 * @param flags the old task's EFLAGS, to be saved
 * @returns whether the new TSS asks for a debug trap: the caller, when done, is to call `raiseTaskTrap`
 */
export function switchTask(cpu: Cpu, selector: number, kind: TaskSwitch, returnEip: number, flags: number): boolean {
  const { i32 } = cpu;
  cpu.handlerEntered = true;
  const returning = kind === TaskSwitch.Return;
  const badVector = returning ? TS : GP;
  if (isNull(selector)) cpu.raise(badVector, cpu.delivering);
  // A TSS is in the GDT only.
  if (selector & 4 || !readDescriptor(cpu, selector)) selectorFault(cpu, badVector, selector);
  const access = descriptorAccess(cpu);
  const type = access & 0x1f;
  const expected = returning
    ? type === SystemType.BusyTss16 || type === SystemType.BusyTss32
    : type === SystemType.Tss16 || type === SystemType.Tss32;
  if (!expected) selectorFault(cpu, badVector, selector);
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
  const base = descriptorBase(cpu);
  const limit = descriptorLimit(cpu);
  const wide = (type & 8) !== 0;
  if (limit >>> 0 < (wide ? T32.limit : T16.limit)) selectorFault(cpu, TS, selector);

  const oldSelector = selectorOf(cpu, Segment.TR);
  const oldBase = cpu.segmentBase(Segment.TR);
  const oldWide = (cpu.segmentAccess(Segment.TR) & 8) !== 0;
  // All that will be touched must be mapped (section 7.3, step 8).
  cpu.probeLinear(oldBase, oldWide ? T32.end + 1 : T16.end + 1, true, false);
  cpu.probeLinear(base, (wide ? T32.limit : T16.limit) + 1, false, false);
  if (kind === TaskSwitch.Call || kind === TaskSwitch.Interrupt) cpu.probeLinear(base, 2, true, false);
  readNewState(cpu, base, wide);

  if (kind === TaskSwitch.Jump || returning) setBusy(cpu, oldSelector, false);
  saveOldState(cpu, oldBase, oldWide, returnEip, returning ? flags & ~NT : flags);
  if (kind === TaskSwitch.Call || kind === TaskSwitch.Interrupt) cpu.writeSystem(base, 2, oldSelector);
  if (!returning) setBusy(cpu, selector, true);
  cpu.setSegment(Segment.TR, selector, base, limit, access | 2);
  i32[CR0 >> 2] |= CR0_TS;
  loadNewState(cpu, wide, kind === TaskSwitch.Call || kind === TaskSwitch.Interrupt);
  return wide && (cpu.readSystem((base + T32.trap) | 0, 2) & 1) !== 0;
}

/** The #DB of a TSS whose T bit is set: before the new task's first instruction, as a trap (EIP is that instruction's already). */
export function raiseTaskTrap(cpu: Cpu): never {
  reportDebug(cpu, DR6_BT);
  cpu.raise(DB);
}

/** Set or clear the busy bit in a TSS descriptor. */
function setBusy(cpu: Cpu, selector: number, busy: boolean): void {
  if (!readDescriptor(cpu, selector)) return;
  const access = descriptorAccess(cpu) & 0xff;
  writeDescriptorAccess(cpu, selector, busy ? access | 2 : access & ~2);
}

/** Segment registers in the order of the TSS: as encoded. */
const SEGMENTS = 6;

/** The new task's state, read before the old one's is given up; reused by every switch. */
const incoming = {
  cr3: 0,
  eip: 0,
  eflags: 0,
  registers: new Int32Array(8),
  segments: new Int32Array(SEGMENTS),
  ldt: 0,
};

function readNewState(cpu: Cpu, base: number, wide: boolean): void {
  const read = (at: number, size: 2 | 4): number => cpu.readSystem((base + at) | 0, size);
  if (wide) {
    incoming.cr3 = read(T32.cr3, 4);
    incoming.eip = read(T32.eip, 4);
    incoming.eflags = read(T32.eflags, 4);
    for (let n = 0; n < 8; n++) incoming.registers[n] = read(T32.registers + 4 * n, 4);
    for (let n = 0; n < SEGMENTS; n++) incoming.segments[n] = read(T32.segments + 4 * n, 2);
    incoming.ldt = read(T32.ldt, 2);
    return;
  }
  incoming.eip = read(T16.eip, 2);
  incoming.eflags = read(T16.eflags, 2);
  // The upper halves are undefined after a switch to a 16-bit TSS; all ones is what processors leave.
  for (let n = 0; n < 8; n++) incoming.registers[n] = read(T16.registers + 2 * n, 2) | 0xffff0000;
  for (let n = 0; n < SEGMENTS; n++) incoming.segments[n] = n <= Segment.DS ? read(T16.segments + 2 * n, 2) : 0;
  incoming.ldt = read(T16.ldt, 2);
}

function saveOldState(cpu: Cpu, base: number, wide: boolean, eip: number, eflags: number): void {
  const layout = wide ? T32 : T16;
  const bytes = wide ? 4 : 2;
  const write = (at: number, size: 2 | 4, value: number): void => cpu.writeSystem((base + at) | 0, size, value);
  write(layout.eip, bytes, eip);
  write(layout.eflags, bytes, eflags);
  for (let n = 0; n < 8; n++) write(layout.registers + bytes * n, bytes, cpu.i32[(GPR >> 2) + n]);
  for (let n = 0; n < (wide ? SEGMENTS : 4); n++) write(layout.segments + bytes * n, 2, selectorOf(cpu, n));
}

function loadNewState(cpu: Cpu, wide: boolean, nested: boolean): void {
  const { i32 } = cpu;
  let pointersLoaded = true;
  if (wide && i32[CR0 >> 2] & CR0_PG) {
    const { paging } = cpu.mmu;
    // SDM volume 3, section 4.4.1: only a task switch that changes CR3 loads the PDPTE registers.
    if (paging.extended && i32[CR3 >> 2] !== incoming.cr3) pointersLoaded = paging.loadPointers(incoming.cr3);
    i32[CR3 >> 2] = incoming.cr3;
    cpu.mmu.flush();
  }
  i32[EIP >> 2] = i32[NEXT_EIP >> 2] = incoming.eip;
  setEflags(i32, incoming.eflags | (nested ? NT : 0));
  if (incoming.eflags & RF) cpu.resumeFlagLoaded = true;
  for (let n = 0; n < 8; n++) i32[(GPR >> 2) + n] = incoming.registers[n];
  const vm86 = (getEflags(i32) & VM) !== 0;
  // From here on faults are the new task's: its selectors are loaded, but not yet usable.
  const { segments, ldt } = incoming;
  for (let n = 0; n < SEGMENTS; n++) {
    if (vm86) setVm86(cpu, n, segments[n]);
    else setNull(cpu, n, segments[n]);
  }
  i32[CPL >> 2] = vm86 ? 3 : segments[Segment.CS] & 3;
  cpu.flagsChanged();
  if (!pointersLoaded) cpu.raise(GP, cpu.delivering);

  loadTaskLdt(cpu, ldt);
  if (vm86) return;
  loadTaskCode(cpu, segments[Segment.CS]);
  const stackSelector = segments[Segment.SS];
  checkStackSegment(cpu, stackSelector, i32[CPL >> 2], TS);
  markAccessed(cpu, stackSelector);
  setFromDescriptor(cpu, Segment.SS, stackSelector);
  loadDataSegment(cpu, Segment.ES, segments[Segment.ES], TS);
  loadDataSegment(cpu, Segment.DS, segments[Segment.DS], TS);
  loadDataSegment(cpu, Segment.FS, segments[Segment.FS], TS);
  loadDataSegment(cpu, Segment.GS, segments[Segment.GS], TS);
  cpu.updateMode();
}

function loadTaskLdt(cpu: Cpu, selector: number): void {
  setNull(cpu, Segment.LDTR, selector);
  if (isNull(selector)) return;
  if (selector & 4 || !readDescriptor(cpu, selector)) selectorFault(cpu, TS, selector);
  const access = descriptorAccess(cpu);
  if ((access & 0x1f) !== SystemType.Ldt || !(access & ACCESS_PRESENT)) selectorFault(cpu, TS, selector);
  setFromDescriptor(cpu, Segment.LDTR, selector);
}

function loadTaskCode(cpu: Cpu, selector: number): void {
  if (isNull(selector)) cpu.raise(TS, cpu.delivering);
  if (!readDescriptor(cpu, selector)) selectorFault(cpu, TS, selector);
  const access = descriptorAccess(cpu);
  const dpl = descriptorPrivilege(access);
  const rpl = selector & 3;
  if (!isCode(access) || (isConformingCode(access) ? dpl > rpl : dpl !== rpl)) selectorFault(cpu, TS, selector);
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
  markAccessed(cpu, selector);
  setFromDescriptor(cpu, Segment.CS, selector);
  cpu.updateMode();
}

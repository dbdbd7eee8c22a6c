/**
 * Debugging facilities of the guest's own: DR0..DR7, single-stepping, the resume flag (SDM volume 3, chapter 17).
 * Nothing here runs unless the guest uses them (MODE_STEP, or a watched page).
 */

import { type Cpu } from './cpu';
import { RF, TF } from './flags';
import { CR4, DR, EFLAGS, EIP, SEG_BASE, SegmentRegister as Segment } from './layout';

const DB = 1;
const UD = 6;
const CR4_DE = 1 << 3;

/** DR6: general detect, single step, task switch. */
const DR6_BD = 1 << 13;
const DR6_BS = 1 << 14;
export const DR6_BT = 1 << 15;
const DR6_FIXED = 0xffff0ff0 | 0;
const DR6_WRITABLE = 0xe00f;
/** DR7: general detect; bits that read as 1 and as 0. */
const DR7_GD = 1 << 13;
const DR7_FIXED = 1 << 10;
const DR7_ZERO = (1 << 11) | (1 << 12) | (1 << 14) | (1 << 15);

/** R/W fields of DR7. */
const ON_EXECUTION = 0;
const ON_WRITE = 1;
const ON_IO = 2;

export const DR6_RESET = DR6_FIXED;
export const DR7_RESET = DR7_FIXED;

function isEnabled(dr7: number, n: number): boolean {
  return ((dr7 >> (2 * n)) & 3) !== 0;
}

function kindOf(dr7: number, n: number): number {
  return (dr7 >> (16 + 4 * n)) & 3;
}

/** Bytes covered by breakpoint n; the undefined length 2 counts as 8, as on processors that have it. */
function lengthOf(dr7: number, n: number): number {
  return [1, 2, 8, 4][(dr7 >> (18 + 4 * n)) & 3];
}

/** The guest's enabled data breakpoints. */
export function dataBreakpoints(cpu: Cpu): { address: number; size: number }[] {
  const dr7 = cpu.i32[(DR >> 2) + 7];
  const found: { address: number; size: number }[] = [];
  for (let n = 0; n < 4; n++) {
    const kind = kindOf(dr7, n);
    if (!isEnabled(dr7, n) || kind === ON_EXECUTION || kind === ON_IO) continue;
    const size = lengthOf(dr7, n);
    found.push({ address: cpu.i32[(DR >> 2) + n] & -size, size });
  }
  return found;
}

/** Note the guest's data breakpoints that an access meets; they trap after the instruction. */
export function checkDataBreakpoints(cpu: Cpu, linear: number, size: number, write: boolean): void {
  note(cpu, linear, size, (kind) => kind === 3 || (kind === ON_WRITE && write));
}

/** Note the guest's I/O breakpoints that an access to a port meets. */
export function checkIoBreakpoints(cpu: Cpu, port: number, size: number): void {
  if (cpu.i32[CR4 >> 2] & CR4_DE) note(cpu, port, size, (kind) => kind === ON_IO);
}

function note(cpu: Cpu, address: number, size: number, wanted: (kind: number) => boolean): void {
  const dr7 = cpu.i32[(DR >> 2) + 7];
  for (let n = 0; n < 4; n++) {
    if (!isEnabled(dr7, n) || !wanted(kindOf(dr7, n))) continue;
    const length = lengthOf(dr7, n);
    const first = cpu.i32[(DR >> 2) + n] & -length;
    if ((address - first) >>> 0 < length || (first - address) >>> 0 < size) cpu.debugHits |= 1 << n;
  }
}

/** With MODE_STEP set, before each instruction; false where an instruction breakpoint was delivered in its place. */
export function beginInstruction(cpu: Cpu): boolean {
  const { i32 } = cpu;
  const eflags = i32[EFLAGS >> 2];
  cpu.flagsAtBegin = eflags;
  cpu.debugHits = 0;
  cpu.handlerEntered = false;
  cpu.resumeFlagLoaded = false;
  // A load of SS just before holds off instruction breakpoints too.
  const heldOff = cpu.inStackShadow;
  cpu.stackSegmentLoaded = false;
  const dr7 = i32[(DR >> 2) + 7];
  if (eflags & RF || heldOff || (dr7 & 0xff) === 0) return true;
  const linear = (i32[(SEG_BASE >> 2) + Segment.CS] + i32[EIP >> 2]) | 0;
  let hits = 0;
  for (let n = 0; n < 4; n++) {
    if (isEnabled(dr7, n) && kindOf(dr7, n) === ON_EXECUTION && i32[(DR >> 2) + n] === linear) hits |= 1 << n;
  }
  if (hits === 0) return true;
  reportDebug(cpu, hits);
  cpu.deliver(DB, -1);
  return false;
}

/** With MODE_STEP set when it began, after each completed instruction: traps, and the end of RF. */
export function endInstruction(cpu: Cpu): void {
  const { i32 } = cpu;
  if (cpu.flagsAtBegin & RF && !cpu.resumeFlagLoaded) {
    i32[EFLAGS >> 2] &= ~RF;
    cpu.updateMode();
  }
  if (cpu.stackSegmentLoaded) return;
  let hits = cpu.debugHits;
  // An instruction that enters a handler clears TF, and the step resumes after its return.
  if (cpu.flagsAtBegin & TF && !cpu.handlerEntered) hits |= DR6_BS;
  if (hits === 0) return;
  cpu.debugHits = 0;
  reportDebug(cpu, hits);
  cpu.deliver(DB, -1);
}

/** Tell in DR6 why the #DB that follows is raised. */
export function reportDebug(cpu: Cpu, bits: number): void {
  cpu.i32[(DR >> 2) + 6] |= bits;
}

/** What delivery of a #DB does to DR7: it clears GD, so that the handler may use the registers. */
export function clearGeneralDetect(cpu: Cpu): void {
  cpu.i32[(DR >> 2) + 7] &= ~DR7_GD;
}

/** DR4 and DR5 are 6 and 7, or do not exist where CR4.DE is set; any access is a #DB while DR7.GD is set. */
function resolve(cpu: Cpu, number: number): number {
  if (number === 4 || number === 5) {
    if (cpu.i32[CR4 >> 2] & CR4_DE) cpu.raise(UD);
    number += 2;
  }
  if (cpu.i32[(DR >> 2) + 7] & DR7_GD) {
    reportDebug(cpu, DR6_BD);
    cpu.raise(DB);
  }
  return number;
}

/** MOV from a debug register. */
export function readDebug(cpu: Cpu, number: number): number {
  return cpu.i32[(DR >> 2) + resolve(cpu, number)];
}

/** MOV to a debug register. */
export function writeDebug(cpu: Cpu, number: number, value: number): void {
  setDebugRegister(cpu, resolve(cpu, number), value);
}

/** Set a debug register (0..3, 6, 7) with what follows from it. */
export function setDebugRegister(cpu: Cpu, number: number, value: number): void {
  const { i32 } = cpu;
  const old = i32[(DR >> 2) + number];
  if (number === 6) value = (value & DR6_WRITABLE) | DR6_FIXED;
  else if (number === 7) value = (value & ~DR7_ZERO) | DR7_FIXED;
  if (value === old) return;
  const dr7 = i32[(DR >> 2) + 7];
  const mattered = number === 7 ? ((old | value) & 0xff) !== 0 : number < 4 && isEnabled(dr7, number);
  i32[(DR >> 2) + number] = value;
  if (!mattered) return;
  cpu.watchedPagesChanged();
  cpu.updateMode();
}

/** Far control transfers: JMP, CALL, RET, IRET, SYSENTER, SYSEXIT (SDM volume 2 under each; volume 3, sections 5.8 and 6.12). */

import { type Cpu } from './cpu';
import { useInnerStack } from './exceptions';
import { AC, AF, CF, DF, getEflags, ID, IF, IOPL, NT, OF, PF, RF, setEflags, SF, TF, VM, ZF } from './flags';
import {
  CPL,
  EFLAGS,
  GPR,
  MODE,
  NEXT_EIP,
  Register,
  SegmentRegister as Segment,
  SYSENTER_CS,
  SYSENTER_EIP,
  SYSENTER_ESP,
} from './layout';
import { ACCESS_CODE_OR_DATA, ACCESS_PRESENT, MODE_REAL, MODE_VM86 } from './mode';
import {
  checkStackSegment,
  descriptorAccess,
  descriptorBase,
  descriptorLimit,
  descriptorPrivilege,
  dropPrivilegedSegments,
  GP,
  isCode,
  isConformingCode,
  isNull,
  loadParagraph,
  markAccessed,
  NP,
  readDescriptor,
  selectorFault,
  selectorOf,
  setFromDescriptor,
  setVm86,
  SystemType,
} from './segmentation';
import { type Stack } from './stack';
import { raiseTaskTrap, switchTask, TaskSwitch } from './task';

const UD = 6;
/** Access rights of the flat segments that SYSENTER and SYSEXIT load; DPL is added. */
const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;

function isParagraphMode(cpu: Cpu): boolean {
  return (cpu.i32[MODE >> 2] & (MODE_REAL | MODE_VM86)) !== 0;
}

/** Offset beyond the limit of the code segment about to be entered. */
function checkOffset(cpu: Cpu, offset: number, limit: number): void {
  if (offset >>> 0 > limit >>> 0) cpu.raise(GP, 0);
}

/** Raise what a direct far JMP or CALL to a code segment, or one through a gate to the same level, would. */
function checkCodeTarget(cpu: Cpu, selector: number, rplMatters: boolean): void {
  const access = descriptorAccess(cpu);
  const cpl = cpu.i32[CPL >> 2];
  const dpl = descriptorPrivilege(access);
  if (!isCode(access)) selectorFault(cpu, GP, selector);
  if (isConformingCode(access) ? dpl > cpl : dpl !== cpl || (rplMatters && (selector & 3) > cpl)) {
    selectorFault(cpu, GP, selector);
  }
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
}

/** Load CS from the descriptor just read, at the current level. */
function enterCode(cpu: Cpu, selector: number, offset: number): void {
  markAccessed(cpu, selector);
  setFromDescriptor(cpu, Segment.CS, (selector & 0xfffc) | cpu.i32[CPL >> 2]);
  cpu.updateMode();
  cpu.i32[NEXT_EIP >> 2] = offset;
}

function truncate(offset: number, size: number): number {
  return size === 16 ? offset & 0xffff : offset;
}

/** Switch tasks on behalf of JMP, CALL or IRET. */
function transferToTask(cpu: Cpu, selector: number, kind: TaskSwitch): void {
  const { i32 } = cpu;
  const trap = switchTask(cpu, selector, kind, i32[NEXT_EIP >> 2], getEflags(i32));
  cpu.checkJump(i32[NEXT_EIP >> 2]);
  if (trap) raiseTaskTrap(cpu);
}

/** Checks of a gate or TSS reached by JMP or CALL, with its descriptor just read. */
function checkGate(cpu: Cpu, selector: number): void {
  const access = descriptorAccess(cpu);
  const dpl = descriptorPrivilege(access);
  if (dpl < cpu.i32[CPL >> 2] || dpl < (selector & 3)) selectorFault(cpu, GP, selector);
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
}

/** JMP and CALL to a TSS or task gate: true where it was one of these. */
function transferToSystemTask(cpu: Cpu, selector: number, type: number, kind: TaskSwitch): boolean {
  if (type === SystemType.TaskGate) {
    checkGate(cpu, selector);
    transferToTask(cpu, cpu.descriptorLow >>> 16, kind);
    return true;
  }
  if (type !== SystemType.Tss16 && type !== SystemType.Tss32) return false;
  checkGate(cpu, selector);
  transferToTask(cpu, selector, kind);
  return true;
}

/** Offset that a call gate holds. */
function gateOffset(cpu: Cpu): number {
  const low = cpu.descriptorLow & 0xffff;
  return cpu.descriptorHigh & 0x800 ? (cpu.descriptorHigh & 0xffff0000) | low : low;
}

/** Far JMP (volume 2, JMP). */
export function farJump(cpu: Cpu, selector: number, offset: number, size: number): void {
  selector &= 0xffff;
  offset = truncate(offset, size);
  if (isParagraphMode(cpu)) {
    checkOffset(cpu, offset, cpu.segmentLimit(Segment.CS));
    loadParagraph(cpu, Segment.CS, selector);
    cpu.updateMode();
    cpu.i32[NEXT_EIP >> 2] = offset;
    return;
  }
  if (isNull(selector)) cpu.raise(GP, 0);
  if (!readDescriptor(cpu, selector)) selectorFault(cpu, GP, selector);
  const access = descriptorAccess(cpu);
  if (access & ACCESS_CODE_OR_DATA) {
    checkCodeTarget(cpu, selector, true);
    checkOffset(cpu, offset, descriptorLimit(cpu));
    enterCode(cpu, selector, offset);
    return;
  }
  const type = access & 15;
  if (transferToSystemTask(cpu, selector, type, TaskSwitch.Jump)) return;
  if (type !== SystemType.CallGate16 && type !== SystemType.CallGate32) selectorFault(cpu, GP, selector);
  checkGate(cpu, selector);
  const target = cpu.descriptorLow >>> 16;
  const targetOffset = gateOffset(cpu);
  if (isNull(target)) cpu.raise(GP, 0);
  if (!readDescriptor(cpu, target)) selectorFault(cpu, GP, target);
  checkCodeTarget(cpu, target, false);
  checkOffset(cpu, targetOffset, descriptorLimit(cpu));
  enterCode(cpu, target, targetOffset);
}

function pushReturn(cpu: Cpu, stack: Stack, size: number): void {
  stack.push(selectorOf(cpu, Segment.CS), size);
  stack.push(cpu.i32[NEXT_EIP >> 2], size);
}

/** Far CALL (volume 2, CALL). */
export function farCall(cpu: Cpu, selector: number, offset: number, size: number): void {
  const { i32 } = cpu;
  selector &= 0xffff;
  offset = truncate(offset, size);
  if (isParagraphMode(cpu)) {
    const stack = cpu.stack.current();
    checkOffset(cpu, offset, cpu.segmentLimit(Segment.CS));
    pushReturn(cpu, stack, size);
    stack.commit();
    loadParagraph(cpu, Segment.CS, selector);
    cpu.updateMode();
    i32[NEXT_EIP >> 2] = offset;
    return;
  }
  if (isNull(selector)) cpu.raise(GP, 0);
  if (!readDescriptor(cpu, selector)) selectorFault(cpu, GP, selector);
  const access = descriptorAccess(cpu);
  if (access & ACCESS_CODE_OR_DATA) {
    checkCodeTarget(cpu, selector, true);
    callSameLevel(cpu, selector, offset, size);
    return;
  }
  const type = access & 15;
  if (transferToSystemTask(cpu, selector, type, TaskSwitch.Call)) return;
  if (type !== SystemType.CallGate16 && type !== SystemType.CallGate32) selectorFault(cpu, GP, selector);
  checkGate(cpu, selector);
  callThroughGate(cpu, type === SystemType.CallGate32 ? 32 : 16);
}

/** Call the code segment whose descriptor was just read and checked. */
function callSameLevel(cpu: Cpu, selector: number, offset: number, size: number): void {
  const stack = cpu.stack.current();
  checkOffset(cpu, offset, descriptorLimit(cpu));
  pushReturn(cpu, stack, size);
  enterCode(cpu, selector, offset);
  stack.commit();
}

function callThroughGate(cpu: Cpu, size: number): void {
  const { i32 } = cpu;
  const cpl = i32[CPL >> 2];
  const target = cpu.descriptorLow >>> 16;
  const offset = gateOffset(cpu);
  const parameters = cpu.descriptorHigh & 31;
  if (isNull(target)) cpu.raise(GP, 0);
  if (!readDescriptor(cpu, target)) selectorFault(cpu, GP, target);
  const access = descriptorAccess(cpu);
  const dpl = descriptorPrivilege(access);
  if (!isCode(access) || dpl > cpl) selectorFault(cpu, GP, target);
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, target);
  if (isConformingCode(access) || dpl === cpl) {
    callSameLevel(cpu, target, offset, size);
    return;
  }
  const limit = descriptorLimit(cpu);
  const outer = cpu.stack.current();
  const inner = cpu.innerStack;
  const stackSelector = useInnerStack(cpu, dpl);
  const { base: stackBase, limit: stackLimit, access: stackAccess } = inner;
  checkOffset(cpu, offset, limit);
  inner.push(selectorOf(cpu, Segment.SS), size);
  inner.push(i32[(GPR >> 2) + Register.ESP], size);
  // Parameters are copied so that they lie as on the caller's stack: the last pushed one lowest.
  const bytes = size >> 3;
  outer.skip(parameters * bytes);
  for (let n = 0; n < parameters; n++) {
    outer.skip(-bytes);
    inner.push(outer.peek(size), size);
  }
  pushReturn(cpu, inner, size);
  readDescriptor(cpu, target);
  markAccessed(cpu, target);
  i32[CPL >> 2] = dpl;
  cpu.setSegment(Segment.SS, stackSelector, stackBase, stackLimit, stackAccess);
  inner.commit();
  enterCode(cpu, target, offset);
}

/** Check the code segment that RET or IRET returns to; its descriptor is in cpu.descriptorLow and descriptorHigh afterwards. */
function checkReturnCode(cpu: Cpu, selector: number): void {
  if (isNull(selector)) cpu.raise(GP, 0);
  if (!readDescriptor(cpu, selector)) selectorFault(cpu, GP, selector);
  const rpl = selector & 3;
  if (rpl < cpu.i32[CPL >> 2]) selectorFault(cpu, GP, selector);
  const access = descriptorAccess(cpu);
  const dpl = descriptorPrivilege(access);
  if (!isCode(access) || (isConformingCode(access) ? dpl > rpl : dpl !== rpl)) selectorFault(cpu, GP, selector);
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
}

/**
 * The end of RET and IRET in protected mode: go to `selector:offset`, whose descriptor has just been checked, releasing `release` bytes of
 * parameters; to an outer level also load SS:ESP from `stack`, where they are popped. `flags` runs once nothing can fault any more,
 * still at the old level.
 */
function returnTo(
  cpu: Cpu,
  stack: Stack,
  selector: number,
  offset: number,
  size: number,
  release: number,
  flags?: (cpu: Cpu) => void,
): void {
  const { i32 } = cpu;
  const rpl = selector & 3;
  const limit = descriptorLimit(cpu);
  if (rpl === i32[CPL >> 2]) {
    checkOffset(cpu, offset, limit);
    stack.skip(release);
    markAccessed(cpu, selector);
    setFromDescriptor(cpu, Segment.CS, selector);
    stack.commit();
    flags?.(cpu);
    cpu.updateMode();
    i32[NEXT_EIP >> 2] = offset;
    return;
  }
  stack.skip(release);
  const esp = stack.pop(size);
  const stackSelector = stack.pop(size) & 0xffff;
  checkStackSegment(cpu, stackSelector, rpl, GP);
  checkOffset(cpu, offset, limit);
  markAccessed(cpu, stackSelector);
  const base = descriptorBase(cpu);
  const stackLimit = descriptorLimit(cpu);
  const access = descriptorAccess(cpu);
  readDescriptor(cpu, selector);
  markAccessed(cpu, selector);
  flags?.(cpu);
  setFromDescriptor(cpu, Segment.CS, selector);
  cpu.setSegment(Segment.SS, stackSelector, base, stackLimit, access);
  i32[CPL >> 2] = rpl;
  // A 16-bit stack gets SP only: the upper half of ESP stays the inner level's, as on all processors.
  cpu.stack.use(base, stackLimit, access, esp + release, rpl === 3, 0).commit();
  dropPrivilegedSegments(cpu);
  cpu.updateMode();
  i32[NEXT_EIP >> 2] = offset;
}

/** Far RET, releasing `release` bytes of parameters (volume 2, RET). */
export function farReturn(cpu: Cpu, size: number, release: number): void {
  const { i32 } = cpu;
  const stack = cpu.stack.current();
  const offset = stack.pop(size);
  const selector = stack.pop(size) & 0xffff;
  if (isParagraphMode(cpu)) {
    checkOffset(cpu, offset, cpu.segmentLimit(Segment.CS));
    stack.skip(release);
    stack.commit();
    loadParagraph(cpu, Segment.CS, selector);
    cpu.updateMode();
    i32[NEXT_EIP >> 2] = offset;
    return;
  }
  checkReturnCode(cpu, selector);
  returnTo(cpu, stack, selector, offset, size, release);
}

/** Flags that POPF and IRET may write whatever the privilege. */
const FLAGS_ANY = CF | PF | AF | ZF | SF | TF | DF | OF | NT | AC | ID;

/**
 * Write EFLAGS as POPF and IRET do (volume 2): IOPL at level 0 only, IF where CPL ≤ IOPL; RF only for IRET; with 16-bit operands the lower
 * half only.
 */
export function writeFlags(cpu: Cpu, value: number, size: number, resume: boolean): void {
  const { i32 } = cpu;
  const old = getEflags(i32);
  const cpl = i32[CPL >> 2];
  const iopl = (old >> 12) & 3;
  let mask = FLAGS_ANY;
  if (cpl === 0) mask |= IOPL;
  if (cpl <= iopl) mask |= IF;
  if (resume) mask |= RF;
  if (size === 16) mask &= 0xffff;
  // POPF and a 16-bit IRET leave RF clear, whatever it was.
  const kept = old & ~mask & ~RF;
  const flags = kept | (value & mask);
  setEflags(i32, flags);
  if (flags & RF) cpu.resumeFlagLoaded = true;
  if (((old ^ flags) & (TF | RF | AC)) !== 0 || (flags & ~old & IF) !== 0) cpu.flagsChanged();
}

/** The image being loaded by IRET, for the callback below (no closure, so that IRET allocates nothing). */
let flagsImage = 0;
const writeImage32 = (cpu: Cpu): void => writeFlags(cpu, flagsImage, 32, true);
const writeImage16 = (cpu: Cpu): void => writeFlags(cpu, flagsImage, 16, true);

/** IRET in all its forms (volume 2, IRET). */
export function interruptReturn(cpu: Cpu, size: number): void {
  const { i32 } = cpu;
  const mode = i32[MODE >> 2];
  const eflags = i32[EFLAGS >> 2];
  if (mode & MODE_VM86 && (eflags & IOPL) !== IOPL) cpu.raise(GP, 0);
  if (!isParagraphMode(cpu) && eflags & NT) {
    const link = cpu.readSystem(cpu.segmentBase(Segment.TR), 2);
    transferToTask(cpu, link, TaskSwitch.Return);
    return;
  }
  const stack = cpu.stack.current();
  const offset = stack.pop(size);
  const selector = stack.pop(size) & 0xffff;
  const flags = stack.pop(size);
  if (isParagraphMode(cpu)) {
    checkOffset(cpu, offset, cpu.segmentLimit(Segment.CS));
    stack.commit();
    loadParagraph(cpu, Segment.CS, selector);
    writeFlags(cpu, flags, size, true);
    cpu.updateMode();
    i32[NEXT_EIP >> 2] = offset;
    return;
  }
  if (size === 32 && flags & VM && i32[CPL >> 2] === 0) {
    returnToVm86(cpu, stack, offset, selector, flags);
    return;
  }
  checkReturnCode(cpu, selector);
  flagsImage = flags;
  returnTo(cpu, stack, selector, offset, size, 0, size === 32 ? writeImage32 : writeImage16);
}

function returnToVm86(cpu: Cpu, stack: Stack, offset: number, selector: number, flags: number): void {
  const { i32 } = cpu;
  const esp = stack.pop(32);
  const ss = stack.pop(32) & 0xffff;
  const es = stack.pop(32) & 0xffff;
  const ds = stack.pop(32) & 0xffff;
  const fs = stack.pop(32) & 0xffff;
  const gs = stack.pop(32) & 0xffff;
  checkOffset(cpu, offset, 0xffff);
  setEflags(i32, flags);
  if (flags & RF) cpu.resumeFlagLoaded = true;
  setVm86(cpu, Segment.CS, selector);
  setVm86(cpu, Segment.SS, ss);
  setVm86(cpu, Segment.ES, es);
  setVm86(cpu, Segment.DS, ds);
  setVm86(cpu, Segment.FS, fs);
  setVm86(cpu, Segment.GS, gs);
  i32[(GPR >> 2) + Register.ESP] = esp;
  i32[CPL >> 2] = 3;
  cpu.flagsChanged();
  i32[NEXT_EIP >> 2] = offset;
}

/** SYSENTER: to the flat level-0 segments that IA32_SYSENTER_CS names (volume 2). */
export function sysenter(cpu: Cpu): void {
  const { i32 } = cpu;
  if (!cpu.sysenter) cpu.raise(UD);
  const selector = i32[SYSENTER_CS >> 2] & 0xfffc;
  if (i32[MODE >> 2] & MODE_REAL || selector === 0) cpu.raise(GP, 0);
  i32[EFLAGS >> 2] &= ~(VM | IF | RF);
  i32[CPL >> 2] = 0;
  cpu.setSegment(Segment.CS, selector, 0, -1, FLAT_CODE);
  cpu.setSegment(Segment.SS, (selector + 8) & 0xffff, 0, -1, FLAT_DATA);
  i32[(GPR >> 2) + Register.ESP] = i32[SYSENTER_ESP >> 2];
  cpu.updateMode();
  i32[NEXT_EIP >> 2] = i32[SYSENTER_EIP >> 2];
}

/** SYSEXIT: to level 3 at EDX with the stack ECX (volume 2). */
export function sysexit(cpu: Cpu): void {
  const { i32 } = cpu;
  if (!cpu.sysenter) cpu.raise(UD);
  const selector = i32[SYSENTER_CS >> 2] & 0xfffc;
  if (i32[MODE >> 2] & MODE_REAL || selector === 0 || i32[CPL >> 2] !== 0) cpu.raise(GP, 0);
  i32[CPL >> 2] = 3;
  cpu.setSegment(Segment.CS, ((selector + 16) & 0xffff) | 3, 0, -1, FLAT_CODE | 0x60);
  cpu.setSegment(Segment.SS, ((selector + 24) & 0xffff) | 3, 0, -1, FLAT_DATA | 0x60);
  i32[(GPR >> 2) + Register.ESP] = i32[(GPR >> 2) + Register.ECX];
  cpu.updateMode();
  i32[NEXT_EIP >> 2] = i32[(GPR >> 2) + Register.EDX];
}

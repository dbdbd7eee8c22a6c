/** Delivery of interrupts and exceptions through the IDT (SDM volume 3, chapter 6; volume 2, INT n). */

import { type Cpu } from './cpu';
import { clearGeneralDetect } from './debug';
import { AC, getEflags, IF, NT, RF, TF, VM } from './flags';
import {
  CPL,
  EFLAGS,
  EIP,
  GPR,
  IDTR_BASE,
  IDTR_LIMIT,
  MODE,
  NEXT_EIP,
  PENDING,
  Register,
  SegmentRegister as Segment,
} from './layout';
import { ACCESS_PRESENT, MODE_REAL } from './mode';
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
  markAccessed,
  NP,
  readDescriptor,
  selectorFault,
  selectorOf,
  setNull,
  setReal,
  SystemType,
  TS,
} from './segmentation';
import { raiseTaskTrap, switchTask, TaskSwitch } from './task';

const DB = 1;
const DF = 8;
const PF = 14;

/** Exceptions whose handler, when another of them comes up while it is called, gives #DF (SDM volume 3, table 6-4): #DE #TS #NP #SS #GP. */
function isContributory(vector: number): boolean {
  return vector === 0 || (vector >= TS && vector <= GP);
}

/**
 * Faults save RF = 1, so that an instruction breakpoint on the instruction is not met again (SDM volume 3, section 17.3.1.1); so does #DF, whose
 * saved state the manual leaves undefined.
 */
function isFault(vector: number): boolean {
  return (
    vector === 0 || (vector >= 5 && vector <= DF) || (vector >= TS && vector <= PF) || vector === 16 || vector === 17
  );
}

/** Deliver an exception of the instruction at EIP; see Cpu.deliver. */
export function deliverException(cpu: Cpu, vector: number, errorCode: number): void {
  deliver(cpu, vector, errorCode, false);
}

/** Deliver an external interrupt between instructions. */
export function deliverExternalInterrupt(cpu: Cpu, vector: number): void {
  deliver(cpu, vector, -1, true);
}

function deliver(cpu: Cpu, vector: number, errorCode: number, external: boolean): void {
  for (;;) {
    cpu.delivering = 1;
    try {
      if (!external && vector === DB) clearGeneralDetect(cpu);
      const flags = getEflags(cpu.i32) | (!external && isFault(vector) ? RF : 0);
      enterHandler(cpu, vector, errorCode, cpu.i32[EIP >> 2], flags, false);
      cpu.i32[EIP >> 2] = cpu.i32[NEXT_EIP >> 2];
      return;
    } catch (thrown) {
      if (thrown !== cpu.fault) throw thrown;
      const { vector: next, errorCode: nextCode } = cpu.fault;
      if (!external && vector === DF) {
        cpu.shutdown = true;
        cpu.i32[PENDING >> 2] = 1;
        return;
      }
      const double =
        !external &&
        ((isContributory(vector) && isContributory(next)) || (vector === PF && (next === PF || isContributory(next))));
      vector = double ? DF : next;
      errorCode = double ? 0 : nextCode;
      external = false;
    } finally {
      cpu.delivering = 0;
    }
  }
}

/** INT n, INT3, INTO: enter a handler, if its gate's DPL allows, that returns to the next instruction. */
export function enterSoftwareInterrupt(cpu: Cpu, vector: number): void {
  enterHandler(cpu, vector, -1, cpu.i32[NEXT_EIP >> 2], getEflags(cpu.i32), true);
}

/** ICEBP (INT1): a #DB trap that no gate's DPL holds back; faults in its delivery count as external (SDM volume 3, section 6.13). */
export function enterIcebp(cpu: Cpu): void {
  cpu.delivering = 1;
  try {
    enterHandler(cpu, DB, -1, cpu.i32[NEXT_EIP >> 2], getEflags(cpu.i32), false);
  } finally {
    cpu.delivering = 0;
  }
}

/**
 * Enter the handler of a vector: NEXT_EIP is its first instruction afterwards. Nothing is changed where it faults, except after the
 * point of no return of a task switch, when EIP is the new task's.
 */
function enterHandler(
  cpu: Cpu,
  vector: number,
  errorCode: number,
  returnEip: number,
  flags: number,
  gated: boolean,
): void {
  const { i32 } = cpu;
  cpu.handlerEntered = true;
  if (i32[MODE >> 2] & MODE_REAL) {
    enterRealHandler(cpu, vector, returnEip, flags);
    return;
  }
  // The IDT is the table meant by bit 1 of these error codes.
  const gateError = vector * 8 + 2 + cpu.delivering;
  if (vector * 8 + 7 > i32[IDTR_LIMIT >> 2]) cpu.raise(GP, gateError);
  const gateAddress = (i32[IDTR_BASE >> 2] + vector * 8) | 0;
  const gateLow = cpu.readSystem(gateAddress, 4);
  const gateHigh = cpu.readSystem((gateAddress + 4) | 0, 4);
  const type = (gateHigh >>> 8) & 0x1f;
  const known =
    type === SystemType.TaskGate ||
    type === SystemType.InterruptGate16 ||
    type === SystemType.TrapGate16 ||
    type === SystemType.InterruptGate32 ||
    type === SystemType.TrapGate32;
  if (!known) cpu.raise(GP, gateError);
  if (gated && ((gateHigh >>> 13) & 3) < i32[CPL >> 2]) cpu.raise(GP, gateError);
  if (!(gateHigh & 0x8000)) cpu.raise(NP, gateError);
  const selector = gateLow >>> 16;
  if (type === SystemType.TaskGate) {
    const trap = switchTask(cpu, selector, TaskSwitch.Interrupt, returnEip, flags);
    if (errorCode >= 0) {
      cpu.stack.current().push(errorCode, (cpu.segmentAccess(Segment.TR) & 8) !== 0 ? 32 : 16);
      cpu.stack.commit();
    }
    cpu.checkJump(i32[NEXT_EIP >> 2]);
    if (trap) raiseTaskTrap(cpu);
    return;
  }

  if (isNull(selector)) cpu.raise(GP, cpu.delivering);
  if (!readDescriptor(cpu, selector)) selectorFault(cpu, GP, selector);
  const access = descriptorAccess(cpu);
  const dpl = descriptorPrivilege(access);
  const cpl = i32[CPL >> 2];
  if (!isCode(access) || dpl > cpl) selectorFault(cpu, GP, selector);
  if (!(access & ACCESS_PRESENT)) selectorFault(cpu, NP, selector);
  const size = type & 8 ? 32 : 16;
  const offset = size === 32 ? (gateHigh & 0xffff0000) | (gateLow & 0xffff) : gateLow & 0xffff;
  const inner = !isConformingCode(access) && dpl < cpl;
  const fromVm86 = (flags & VM) !== 0;
  if (fromVm86 && (!inner || dpl !== 0)) selectorFault(cpu, GP, selector);
  const base = descriptorBase(cpu);
  const limit = descriptorLimit(cpu);

  let stack = cpu.stack;
  let stackSelector = 0;
  let stackBase = 0;
  let stackLimit = 0;
  let stackAccess = 0;
  if (inner) {
    stack = cpu.innerStack;
    stackSelector = useInnerStack(cpu, dpl);
    stackBase = stack.base;
    stackLimit = stack.limit;
    stackAccess = stack.access;
  } else {
    stack.current();
  }
  if (offset >>> 0 > limit >>> 0) cpu.raise(GP, cpu.delivering);
  if (inner) {
    if (fromVm86) {
      stack.push(selectorOf(cpu, Segment.GS), size);
      stack.push(selectorOf(cpu, Segment.FS), size);
      stack.push(selectorOf(cpu, Segment.DS), size);
      stack.push(selectorOf(cpu, Segment.ES), size);
    }
    stack.push(selectorOf(cpu, Segment.SS), size);
    stack.push(i32[(GPR >> 2) + Register.ESP], size);
  }
  stack.push(flags, size);
  stack.push(selectorOf(cpu, Segment.CS), size);
  stack.push(returnEip, size);
  if (errorCode >= 0) stack.push(errorCode, size);

  // The code segment's descriptor is read again: the stack's came in between.
  if (inner) readDescriptor(cpu, selector);
  markAccessed(cpu, selector);
  const codeAccess = descriptorAccess(cpu);
  // Nothing can fault any more.
  if (inner) {
    i32[CPL >> 2] = dpl;
    cpu.setSegment(Segment.SS, stackSelector, stackBase, stackLimit, stackAccess);
    if (fromVm86) {
      setNull(cpu, Segment.GS, 0);
      setNull(cpu, Segment.FS, 0);
      setNull(cpu, Segment.DS, 0);
      setNull(cpu, Segment.ES, 0);
    }
  }
  stack.commit();
  cpu.setSegment(Segment.CS, (selector & 0xfffc) | i32[CPL >> 2], base, limit, codeAccess);
  const cleared = TF | NT | RF | VM | (type & 1 ? 0 : IF);
  i32[EFLAGS >> 2] &= ~cleared;
  cpu.updateMode();
  i32[NEXT_EIP >> 2] = offset;
}

/**
 * Find the stack for an inner privilege level in the TSS, check it and prepare cpu.innerStack for it (SDM volume 3, section 5.8.5;
 * volume 2, INT n and CALL). Returns its selector.
 */
export function useInnerStack(cpu: Cpu, dpl: number): number {
  const trAccess = cpu.segmentAccess(Segment.TR);
  const trBase = cpu.segmentBase(Segment.TR);
  const wide = (trAccess & 8) !== 0;
  const at = wide ? 4 + dpl * 8 : 2 + dpl * 4;
  const last = at + (wide ? 5 : 3);
  if (trAccess === 0 || last > cpu.segmentLimit(Segment.TR) >>> 0) selectorFault(cpu, TS, selectorOf(cpu, Segment.TR));
  const pointer = cpu.readSystem((trBase + at) | 0, wide ? 4 : 2);
  const selector = cpu.readSystem((trBase + at + (wide ? 4 : 2)) | 0, 2);
  checkStackSegment(cpu, selector, dpl, TS);
  markAccessed(cpu, selector);
  cpu.innerStack.use(
    descriptorBase(cpu),
    descriptorLimit(cpu),
    descriptorAccess(cpu),
    pointer,
    dpl === 3,
    selector & 0xfffc,
  );
  return selector;
}

/** Real mode: the vector table has four bytes a vector (SDM volume 3, section 20.1.4). */
function enterRealHandler(cpu: Cpu, vector: number, returnEip: number, flags: number): void {
  const { i32 } = cpu;
  if (vector * 4 + 3 > i32[IDTR_LIMIT >> 2]) cpu.raise(GP, 0);
  const address = (i32[IDTR_BASE >> 2] + vector * 4) | 0;
  const offset = cpu.readSystem(address, 2);
  const selector = cpu.readSystem((address + 2) | 0, 2);
  const stack = cpu.stack.current();
  stack.push(flags, 16);
  stack.push(selectorOf(cpu, Segment.CS), 16);
  stack.push(returnEip, 16);
  stack.commit();
  setReal(cpu, Segment.CS, selector);
  i32[EFLAGS >> 2] &= ~(IF | TF | AC | RF);
  cpu.flagsChanged();
  i32[NEXT_EIP >> 2] = offset;
}

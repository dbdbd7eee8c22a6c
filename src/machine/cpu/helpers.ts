/** The table of what instructions call that is TypeScript in every engine; names and arguments are listed at `HelperName` in ops.ts. */

import { type Cpu } from './cpu';
import { cpuid } from './cpuid';
import { readDebug, writeDebug } from './debug';
import { enterIcebp, enterSoftwareInterrupt } from './exceptions';
import { checkPort, portIn, portOut } from './io';
import { GDTR_BASE, GDTR_LIMIT, GPR, IDTR_BASE, IDTR_LIMIT, SegmentRegister as Segment } from './layout';
import { rdmsr, rdpmc, rdtsc, wrmsr } from './msr';
import { type HelperName } from './ops';
import { type Helper } from './processor';
import { lar, loadLdt, loadSegment, loadTask, lsl, lslValid, shadowStackLoad, verify } from './segmentation';
import {
  cli,
  clts,
  halt,
  interrupt,
  invlpg,
  loadMachineStatus,
  readControl,
  sti,
  unimplemented,
  writeControl,
} from './system';
import { farCall, farJump, farReturn, interruptReturn, sysenter, sysexit, writeFlags } from './transfers';

const BP = 3;
const OF = 4;

/** POP to a segment register: ESP moves only once the load has succeeded, and by the new SS's idea of it for none but SS itself. */
function popSegment(cpu: Cpu, segment: Segment, size: number): void {
  const stack = cpu.stack.current();
  const selector = stack.pop(size);
  loadSegment(cpu, segment, selector);
  stack.commit();
  if (segment === Segment.SS) shadowStackLoad(cpu);
}

/** LES, LDS, LSS, LFS, LGS. `destination` is the general register's number + (size << 8). */
function loadFarPointer(cpu: Cpu, segment: Segment, selector: number, offset: number, destination: number): void {
  loadSegment(cpu, segment, selector);
  const word = (GPR >> 2) + (destination & 7);
  cpu.i32[word] = destination >> 8 === 16 ? (cpu.i32[word] & 0xffff0000) | (offset & 0xffff) : offset;
}

/** LGDT, LIDT: the tables' registers. */
function loadTable(cpu: Cpu, at: number, limitAt: number, base: number, limit: number): void {
  cpu.i32[at >> 2] = base;
  cpu.i32[limitAt >> 2] = limit & 0xffff;
}

/** The helpers of one processor. */
export function createHelpers(cpu: Cpu): Record<HelperName, Helper> {
  return {
    in: (port, size) => portIn(cpu, port, size),
    out: (port, size, value) => portOut(cpu, port, size, value),
    checkPort: (port, size) => checkPort(cpu, port, size),
    lar: (selector) => lar(cpu, selector),
    lslValid: (selector) => lslValid(cpu, selector),
    lsl: (selector) => lsl(cpu, selector),
    verr: (selector) => verify(cpu, selector, false),
    verw: (selector) => verify(cpu, selector, true),
    readControl: (number) => readControl(cpu, number),
    readDebug: (number) => readDebug(cpu, number),
    x87Register: (opcode, modrm) => cpu.x87.executeRegister(opcode, modrm),
    x87Memory: (opcode, modrm, segment, offset) => {
      cpu.x87Host.operandSize16 = (opcode & 0x100) !== 0;
      cpu.x87.executeMemory(opcode & 0xff, modrm, segment, offset);
    },
    x87Wait: () => cpu.x87.wait(),

    loadSegment: (segment, selector) => {
      loadSegment(cpu, segment, selector);
      if (segment === Segment.SS) shadowStackLoad(cpu);
    },
    popSegment: (segment, size) => popSegment(cpu, segment, size),
    loadFarPointer: (segment, selector, offset, destination) =>
      loadFarPointer(cpu, segment, selector, offset, destination),
    farJump: (selector, offset, size) => farJump(cpu, selector, offset, size),
    farCall: (selector, offset, size) => farCall(cpu, selector, offset, size),
    farReturn: (size, release) => farReturn(cpu, size, release),
    interruptReturn: (size) => interruptReturn(cpu, size),
    interrupt: (vector) => interrupt(cpu, vector),
    int3: () => enterSoftwareInterrupt(cpu, BP),
    into: () => enterSoftwareInterrupt(cpu, OF),
    icebp: () => enterIcebp(cpu),
    sysenter: () => sysenter(cpu),
    sysexit: () => sysexit(cpu),
    writeFlags: (value, size) => writeFlags(cpu, value, size, false),
    cli: () => cli(cpu),
    sti: () => sti(cpu),
    halt: () => halt(cpu),
    clts: () => clts(cpu),
    // There are no caches to write back or to forget.
    invd: () => undefined,
    wbinvd: () => undefined,
    invlpg: (segment, offset) => invlpg(cpu, segment, offset),
    loadGdt: (base, limit) => loadTable(cpu, GDTR_BASE, GDTR_LIMIT, base, limit),
    loadIdt: (base, limit) => loadTable(cpu, IDTR_BASE, IDTR_LIMIT, base, limit),
    loadLdt: (selector) => loadLdt(cpu, selector),
    loadTask: (selector) => loadTask(cpu, selector),
    loadMachineStatus: (value) => loadMachineStatus(cpu, value),
    writeControl: (number, value) => writeControl(cpu, number, value),
    writeDebug: (number, value) => writeDebug(cpu, number, value),
    rdmsr: () => rdmsr(cpu),
    wrmsr: () => wrmsr(cpu),
    rdtsc: () => rdtsc(cpu),
    rdpmc: () => rdpmc(cpu),
    cpuid: () => cpuid(cpu),
    unimplemented: (feature) => unimplemented(cpu, feature),
  };
}

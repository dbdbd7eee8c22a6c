/** Control registers, interrupt flag, halt (SDM volume 3, chapter 2; volume 2, MOV CRn, LMSW, CLTS, CLI, STI, HLT, INT n, INVLPG). */

import { ABSENT_FEATURES, AVX, XOP } from './absent';
import { type Cpu } from './cpu';
import { enterSoftwareInterrupt } from './exceptions';
import { IF, IOPL } from './flags';
import { Unimplemented } from './fault';
import { CPL, CR0, CR2, CR3, CR4, EFLAGS, EIP, HALTED, INTERRUPT_SHADOW, MODE, PENDING, SEG_BASE } from './layout';
import { MODE_REAL, MODE_VM86 } from './mode';
import { GP } from './segmentation';

const UD = 6;

/** Bits of CR0. */
export const CR0_PE = 1 << 0;
export const CR0_MP = 1 << 1;
export const CR0_EM = 1 << 2;
export const CR0_TS = 1 << 3;
export const CR0_ET = 1 << 4;
export const CR0_NE = 1 << 5;
export const CR0_WP = 1 << 16;
export const CR0_AM = 1 << 18;
export const CR0_NW = 1 << 29;
export const CR0_CD = 1 << 30;
export const CR0_PG = 1 << 31;
const CR0_DEFINED = CR0_PE | CR0_MP | CR0_EM | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_NW | CR0_CD | CR0_PG;

/** Bits of CR4 that this processor has: TSD, DE, PSE, PAE, PGE, PCE; setting another is #GP(0). */
const CR4_PSE = 1 << 4;
const CR4_PAE = 1 << 5;
const CR4_PGE = 1 << 7;
const CR4_DEFINED = (1 << 2) | (1 << 3) | CR4_PSE | CR4_PAE | CR4_PGE | (1 << 8);
/**
 * A change of these loads the PDPTE registers, where PAE paging is in use afterwards (SDM volume 3, section 4.4.1). Those of CR4
 * invalidate all translations besides (4.10.4.1).
 */
const CR0_LOADING = CR0_PG | CR0_CD | CR0_NW;
const CR4_LOADING = CR4_PSE | CR4_PAE | CR4_PGE;

/** MOV from a control register. */
export function readControl(cpu: Cpu, number: number): number {
  switch (number) {
    case 0:
      return cpu.i32[CR0 >> 2];
    case 2:
      return cpu.i32[CR2 >> 2];
    case 3:
      return cpu.i32[CR3 >> 2];
    case 4:
      return cpu.i32[CR4 >> 2];
    default:
      return cpu.raise(UD);
  }
}

/** MOV to a control register. */
export function writeControl(cpu: Cpu, number: number, value: number): void {
  const { i32 } = cpu;
  switch (number) {
    case 0:
      if ((value & CR0_PG && !(value & CR0_PE)) || (value & CR0_NW && !(value & CR0_CD))) cpu.raise(GP, 0);
      setCr0(cpu, value);
      break;
    case 2:
      i32[CR2 >> 2] = value;
      break;
    case 3:
      if (cpu.mmu.paging.extended) loadPointers(cpu, value);
      i32[CR3 >> 2] = value;
      cpu.mmu.flush();
      break;
    case 4: {
      if (value & ~CR4_DEFINED) cpu.raise(GP, 0);
      const changed = i32[CR4 >> 2] ^ value;
      if (i32[CR0 >> 2] & CR0_PG && value & CR4_PAE && changed & CR4_LOADING) loadPointers(cpu, i32[CR3 >> 2]);
      i32[CR4 >> 2] = value;
      if (changed & CR4_LOADING) cpu.mmu.flushAll();
      break;
    }
    default:
      cpu.raise(UD);
  }
}

/** Load the PDPTE registers; #GP(0), with nothing loaded, where a reserved bit is set in them. */
function loadPointers(cpu: Cpu, cr3: number): void {
  if (!cpu.mmu.paging.loadPointers(cr3)) cpu.raise(GP, 0);
}

/** Set CR0 with all that follows from it. */
export function setCr0(cpu: Cpu, value: number): void {
  const { i32 } = cpu;
  value = (value & CR0_DEFINED) | CR0_ET;
  const changed = i32[CR0 >> 2] ^ value;
  if (value & CR0_PG && i32[CR4 >> 2] & CR4_PAE && changed & CR0_LOADING) loadPointers(cpu, i32[CR3 >> 2]);
  i32[CR0 >> 2] = value;
  if (changed & (CR0_PG | CR0_WP | CR0_PE)) cpu.mmu.flushAll();
  // Leaving protected mode, whatever level CS says, is done at level 0; real mode has no other.
  if (changed & CR0_PE) i32[CPL >> 2] = 0;
  if (changed & (CR0_PE | CR0_AM)) cpu.flagsChanged();
}

/** LMSW: the low four bits of CR0; PE can be set but not cleared. */
export function loadMachineStatus(cpu: Cpu, value: number): void {
  const old = cpu.i32[CR0 >> 2];
  setCr0(cpu, (old & ~(CR0_MP | CR0_EM | CR0_TS)) | (value & (CR0_PE | CR0_MP | CR0_EM | CR0_TS)));
}

export function clts(cpu: Cpu): void {
  cpu.i32[CR0 >> 2] &= ~CR0_TS;
}

/** INVLPG: linear address of a segment and offset, without any check. */
export function invlpg(cpu: Cpu, segment: number, offset: number): void {
  cpu.mmu.invalidate((cpu.i32[(SEG_BASE >> 2) + segment] + offset) | 0);
}

function requireInterruptPrivilege(cpu: Cpu): void {
  // In virtual-8086 mode CPL is 3, so one comparison serves both.
  if (cpu.i32[CPL >> 2] > (cpu.i32[EFLAGS >> 2] & IOPL) >> 12) cpu.raise(GP, 0);
}

export function cli(cpu: Cpu): void {
  requireInterruptPrivilege(cpu);
  cpu.i32[EFLAGS >> 2] &= ~IF;
}

/** STI: interrupts are taken after the next instruction, if they were off. */
export function sti(cpu: Cpu): void {
  requireInterruptPrivilege(cpu);
  const { i32 } = cpu;
  if (i32[EFLAGS >> 2] & IF) return;
  i32[EFLAGS >> 2] |= IF;
  cpu.stackSegmentLoaded = false;
  i32[INTERRUPT_SHADOW >> 2] = 1;
  if (cpu.interruptLine) i32[PENDING >> 2] = 1;
}

export function halt(cpu: Cpu): void {
  cpu.i32[HALTED >> 2] = 1;
  cpu.i32[PENDING >> 2] = 1;
}

/** INT n: in virtual-8086 mode only where IOPL is 3 (without VME). */
export function interrupt(cpu: Cpu, vector: number): void {
  const { i32 } = cpu;
  if (i32[MODE >> 2] & MODE_VM86 && (i32[EFLAGS >> 2] & IOPL) !== IOPL) cpu.raise(GP, 0);
  enterSoftwareInterrupt(cpu, vector);
}

/** An instruction of a feature that this processor does not have. Real and virtual-8086 mode know no VEX, EVEX and XOP prefixes. */
export function unimplemented(cpu: Cpu, feature: number): never {
  const { i32 } = cpu;
  if ((feature === AVX || feature === XOP) && i32[MODE >> 2] & (MODE_REAL | MODE_VM86)) return cpu.raise(UD);
  throw new Unimplemented(ABSENT_FEATURES[feature], i32[EIP >> 2]);
}

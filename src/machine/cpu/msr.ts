/** Model-specific registers (SDM volume 4), the time-stamp counter and the performance counters that are not there. */

import { type Cpu } from './cpu';
import { CPL, CR4, GPR, Register, SYSENTER_CS, SYSENTER_EIP, SYSENTER_ESP, TSC_OFFSET } from './layout';
import { GP } from './segmentation';

const IA32_TIME_STAMP_COUNTER = 0x10;
/** Revision of the microcode in the upper half; writing 0 before reading is the architecture's own protocol. */
const IA32_BIOS_SIGN_ID = 0x8b;
const IA32_SYSENTER_CS = 0x174;
const IA32_SYSENTER_ESP = 0x175;
const IA32_SYSENTER_EIP = 0x176;

const CR4_TSD = 1 << 2;
const TWO_32 = 0x1_0000_0000;

/** The time-stamp counter: instructions completed plus what was last written, 64 bits. */
function timeStamp(cpu: Cpu): bigint {
  return BigInt.asUintN(64, BigInt(cpu.now()) + cpu.view.getBigInt64(TSC_OFFSET, true));
}

/** Where the register's low 32 bits are kept, if it is one that just holds a value. */
function wordOf(cpu: Cpu, number: number): number | undefined {
  if (!cpu.sysenter) return undefined;
  if (number === IA32_SYSENTER_CS) return SYSENTER_CS;
  if (number === IA32_SYSENTER_ESP) return SYSENTER_ESP;
  if (number === IA32_SYSENTER_EIP) return SYSENTER_EIP;
  return undefined;
}

/** A register's value, or undefined where there is none of this number. */
export function readMsr(cpu: Cpu, number: number): bigint | undefined {
  if (number === IA32_TIME_STAMP_COUNTER) return timeStamp(cpu);
  if (number === IA32_BIOS_SIGN_ID) return 0n;
  const word = wordOf(cpu, number);
  return word === undefined ? undefined : BigInt(cpu.i32[word >> 2] >>> 0);
}

/** Set a register; false where there is none of this number. */
export function writeMsr(cpu: Cpu, number: number, value: bigint): boolean {
  if (number === IA32_TIME_STAMP_COUNTER) {
    cpu.view.setBigInt64(TSC_OFFSET, BigInt.asIntN(64, value - BigInt(cpu.now())), true);
    return true;
  }
  if (number === IA32_BIOS_SIGN_ID) return true;
  const word = wordOf(cpu, number);
  if (word === undefined) return false;
  cpu.i32[word >> 2] = Number(BigInt.asIntN(32, value));
  return true;
}

function setPair(cpu: Cpu, value: bigint): void {
  cpu.i32[(GPR >> 2) + Register.EAX] = Number(BigInt.asIntN(32, value));
  cpu.i32[(GPR >> 2) + Register.EDX] = Number(BigInt.asIntN(32, value >> 32n));
}

function describe(number: number): string {
  return `0x${number.toString(16)}`;
}

/** RDMSR: ECX names it, EDX:EAX gets it; #GP(0) for one that is not there. */
export function rdmsr(cpu: Cpu): void {
  const number = cpu.i32[(GPR >> 2) + Register.ECX] >>> 0;
  const value = readMsr(cpu, number);
  if (value === undefined) {
    cpu.log(`The guest read model-specific register ${describe(number)}, which this processor does not have.`);
    cpu.raise(GP, 0);
  }
  setPair(cpu, value);
}

/** WRMSR. */
export function wrmsr(cpu: Cpu): void {
  const number = cpu.i32[(GPR >> 2) + Register.ECX] >>> 0;
  const low = BigInt(cpu.i32[(GPR >> 2) + Register.EAX] >>> 0);
  const high = BigInt(cpu.i32[(GPR >> 2) + Register.EDX] >>> 0);
  if (!writeMsr(cpu, number, (high << 32n) | low)) {
    cpu.log(`The guest wrote model-specific register ${describe(number)}, which this processor does not have.`);
    cpu.raise(GP, 0);
  }
}

/** RDTSC: #GP(0) outside level 0 while CR4.TSD is set. */
export function rdtsc(cpu: Cpu): void {
  const { i32 } = cpu;
  if (i32[CR4 >> 2] & CR4_TSD && i32[CPL >> 2] !== 0) cpu.raise(GP, 0);
  const offsetLow = i32[TSC_OFFSET >> 2] >>> 0;
  const now = cpu.now();
  const low = (now % TWO_32) + offsetLow;
  i32[(GPR >> 2) + Register.EAX] = low;
  i32[(GPR >> 2) + Register.EDX] = i32[(TSC_OFFSET >> 2) + 1] + Math.floor(now / TWO_32) + (low >= TWO_32 ? 1 : 0);
}

/** RDPMC: there are no performance counters, so every number is wrong. */
export function rdpmc(cpu: Cpu): never {
  cpu.raise(GP, 0);
}

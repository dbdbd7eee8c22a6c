/**
 * CPUID: exactly what this processor has (SDM volume 2, CPUID).
 *
 * The vendor is Intel's name, for Linux warns of any that it does not know. The model is one that Intel never used in family 6: it is the P6
 * instruction set, while no table of errata, performance counters or other model-specific registers applies. The brand string says whose it is.
 */

import { type Cpu } from './cpu';
import { GPR, Register } from './layout';

/** Feature bits of leaf 1, EDX. */
const FPU = 1 << 0;
const DE = 1 << 2;
const PSE = 1 << 3;
const TSC = 1 << 4;
const MSR = 1 << 5;
const PAE = 1 << 6;
const CX8 = 1 << 8;
const SEP = 1 << 11;
const PGE = 1 << 13;
const CMOV = 1 << 15;

/** Family 6, model 4, stepping 0. */
export const SIGNATURE = 0x640;
const VENDOR = 'GenuineIntel';
const BRAND = 'SockScope i686';
const MAXIMUM_BASIC = 1;
const MAXIMUM_EXTENDED = 0x80000004;

/** Four characters from `at` on, as a little-endian doubleword; 0 beyond the end. */
function letters(text: string, at: number): number {
  let word = 0;
  for (let n = 0; n < 4; n++) word |= (at + n < text.length ? text.charCodeAt(at + n) : 0) << (8 * n);
  return word;
}

/** Features announced in EDX of leaf 1. */
export function features(cpu: Cpu): number {
  return FPU | DE | PSE | TSC | MSR | PAE | CX8 | (cpu.sysenter ? SEP : 0) | PGE | CMOV;
}

/** CPUID: leaf in EAX; answers in EAX EBX ECX EDX. A leaf beyond the highest gives the highest basic one, as the manual says. */
export function cpuid(cpu: Cpu): void {
  const { i32 } = cpu;
  const set = (eax: number, ebx: number, ecx: number, edx: number): void => {
    i32[(GPR >> 2) + Register.EAX] = eax;
    i32[(GPR >> 2) + Register.EBX] = ebx;
    i32[(GPR >> 2) + Register.ECX] = ecx;
    i32[(GPR >> 2) + Register.EDX] = edx;
  };
  const leaf = i32[GPR >> 2] >>> 0;
  if (leaf === 0) {
    set(MAXIMUM_BASIC, letters(VENDOR, 0), letters(VENDOR, 8), letters(VENDOR, 4));
  } else if (leaf === 0x80000000) {
    set(MAXIMUM_EXTENDED | 0, 0, 0, 0);
  } else if (leaf === 0x80000001) {
    set(0, 0, 0, 0);
  } else if (leaf >= 0x80000002 && leaf <= MAXIMUM_EXTENDED) {
    const at = (leaf - 0x80000002) * 16;
    set(letters(BRAND, at), letters(BRAND, at + 4), letters(BRAND, at + 8), letters(BRAND, at + 12));
  } else {
    set(SIGNATURE, 0, 0, features(cpu));
  }
}

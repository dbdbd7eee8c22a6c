/**
 * The system-call table `sys_call_table` (arch/x86/entry/syscall_32.c). From 6.x on the dispatch is a switch that compiles to a jump
 * table, but the array is still there beside it, with the same entries.
 */

import type { Kernel } from './kernel';

export interface SystemCall {
  readonly number: number;
  /** `socketcall`, without any prefix. */
  readonly name: string;
  /** The function in the table: `__ia32_sys_socketcall`. */
  readonly symbol: string;
  readonly address: number;
}

/** Prefixes of entry functions on 32-bit x86: with pt_regs wrappers (from 5.7), and before. */
const PREFIX = /^(?:__ia32_compat_sys_|__ia32_sys_|__x86_sys_|__se_sys_|sys_)/;

/** The table's entries by number; entries that are not implemented are left out. */
export function readSystemCalls(kernel: Kernel): Map<number, SystemCall> {
  const result = new Map<number, SystemCall>();
  const table = kernel.symbol('sys_call_table');
  if (table === undefined) return result;
  const length = kernel.tableLength('sys_call_table');
  // The table is read-only data, so the file has it as the machine does, also before the kernel is loaded.
  const bytes = kernel.module.elf.read(table, length * 4);
  if (!bytes) return result;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let number = 0; number < length; number++) {
    const address = view.getUint32(number * 4, true);
    const symbol = kernel.symbolName(address);
    if (!symbol || symbol.endsWith('sys_ni_syscall')) continue;
    result.set(number, { number, name: symbol.replace(PREFIX, ''), symbol, address });
  }
  return result;
}

/**
 * What people call a system call's function → what it may be called in this kernel, best first. The inner function (`__sys_bind`) is
 * preferred, because every way in leads through it: socketcall, and the direct call by way of `__ia32_sys_bind`.
 */
export function systemCallAliases(name: string): string[] {
  const match = /^(?:__do_|__se_|__ia32_|__x64_|__x86_)?sys_(\w+)$/.exec(name) ?? /^SyS_(\w+)$/i.exec(name);
  if (!match) return [];
  const call = match[1];
  // socketcall has no inner function of its own; ksys_* serves read, write and others.
  return [`__sys_${call}`, `__ia32_sys_${call}`, `ksys_${call}`, `__do_sys_${call}`, `__se_sys_${call}`, `do_${call}`];
}

/**
 * The system calls as the kernel's sources have them, for where no kernel runs: arch/x86/entry/syscalls/syscall_32.tbl (since 3.3), and
 * the definitions by SYSCALL_DEFINE0 … 6 (include/linux/syscalls.h) and SYSCALL32_DEFINE0 (arch/x86/include/asm/syscall_wrapper.h).
 */

/** The table's file in the kernel's tree. */
export const SYSTEM_CALL_FILE = 'arch/x86/entry/syscalls/syscall_32.tbl';

/** A line of the table. */
export interface TableLine {
  readonly number: number;
  /** Name of the entry function without `sys_`, which is what the running kernel's table has: `socketcall`, `old_select`. */
  readonly name: string;
  /** 1-based. */
  readonly line: number;
}

/** A call's definition in a source. */
export interface Definition {
  readonly name: string;
  /** 1-based line of its macro. */
  readonly line: number;
}

/** The table's calls in its order; those without an entry function are left out. */
export function parseSystemCallTable(text: string): TableLine[] {
  return text.split('\n').flatMap((content, i) => {
    const match = /^(\d+)\s+i386\s+\w+\s+sys_(\w+)/.exec(content);
    return match && match[2] !== 'ni_syscall' ? [{ number: Number(match[1]), name: match[2], line: i + 1 }] : [];
  });
}

/** The system calls that a source defines, in its order. */
export function findDefinitions(text: string): Definition[] {
  // Most sources define none, so they are not cut into lines.
  if (!text.includes('SYSCALL')) return [];
  return text.split('\n').flatMap((content, i) => {
    const match = /^\s*SYSCALL(?:32)?_DEFINE[0-6]\(\s*(\w+)/.exec(content);
    return match ? [{ name: match[1], line: i + 1 }] : [];
  });
}

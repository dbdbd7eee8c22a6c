/** Calls that end a signal's handler or go on with what it interrupted: they have no arguments of their own. */

import { MemoryError } from '../debugger/target';
import { wordIn } from './argument-values';
import type { LinuxPlatform } from './platform';
import { signalSet } from './strace-names';
import { pointer } from './strace-text';

/** Calls that end a handler, with the offsets from ESP of the two words of the mask of signals that they put back. */
const MASKS: Readonly<Record<string, readonly [low: number, high: number]>> = {
  // struct sigframe_ia32: sigcontext.oldmask, and extramask behind the unused floating-point state (arch/x86/include/asm/sigframe.h).
  sigreturn: [80, 712],
  // struct rt_sigframe: uc.uc_sigmask. The handler's return has taken the word before.
  rt_sigreturn: [248, 252],
};
export const SIGNAL_RETURNS: ReadonlySet<string> = new Set(Object.keys(MASKS));
/** The call that the kernel puts in place of one that a signal has stopped, to go on with it. */
export const RESUMES = 'restart_syscall';

/** `{mask=[INT]}`: the signals that are blocked again from then on. @param task address of the task's task_struct */
export function interruptedMask({ kernel, target }: LinuxPlatform, name: string, task: number): string {
  const registers = (kernel.word('task_struct', 'thread.sp0', task) - kernel.sizeOf('pt_regs')) >>> 0;
  const stack = kernel.word('pt_regs', 'sp', registers) >>> 0;
  try {
    const words = MASKS[name].map((offset) => wordIn(target.readMemory((stack + offset) >>> 0, 4), 0));
    return `{mask=${signalSet(words)}}`;
  } catch (error) {
    if (error instanceof MemoryError) return pointer(stack);
    throw error;
  }
}

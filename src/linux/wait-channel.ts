/**
 * Where a task sleeps: the first function on its stack that is not the scheduler's, as `/proc/PID/wchan` has it (get_wchan,
 * kernel/sched/core.c). Relies on the symbols `__sched_text_start` and `__sched_text_end`, which bound everything marked `__sched`
 * (include/linux/sched/debug.h, since 2.6); a kernel without them gives no place.
 */

import type { Platform, ThreadContext } from '../debugger/platform';
import { Unwinder, type PhysicalFrame } from '../debugger/unwind';
import type { Kernel } from './kernel';

/** Frames that the scheduler's own functions may take, as in the kernel's get_wchan. */
const MAX_FRAMES = 16;

/** Finds it by unwinding, and keeps it for as long as the task's saved stack stays as it is. */
export class WaitChannels {
  private readonly known = new Map<number, { readonly stack: number; readonly hash: number; readonly name?: string }>();
  private readonly start: number;
  private readonly end: number;

  constructor(
    private readonly kernel: Kernel,
    private readonly platform: Platform,
  ) {
    this.start = kernel.symbol('__sched_text_start') ?? 0;
    this.end = kernel.symbol('__sched_text_end') ?? 0;
  }

  /**
   * `inet_csk_accept`; undefined where it cannot be told.
   * @param task address of the task_struct
   * @param context its saved registers
   */
  of(task: number, context: ThreadContext): string | undefined {
    if (this.start === this.end) return undefined;
    const stack = context.registers.esp;
    const hash = this.hashOf(stack);
    let entry = this.known.get(task);
    if (entry?.stack !== stack || entry.hash !== hash) {
      entry = { stack, hash, name: this.find(context) };
      this.known.set(task, entry);
    }
    return entry.name;
  }

  /** Of what the stack holds: the same depth alone may be another place. */
  private hashOf(stack: number): number {
    let hash = 0x811c9dc5;
    for (const byte of this.kernel.target.readAvailable(stack, 256)) hash = Math.imul(hash ^ byte, 0x01000193);
    return hash;
  }

  private find(context: ThreadContext): string | undefined {
    const unwinder = new Unwinder(this.kernel.target, this.platform, context);
    let frame: PhysicalFrame = unwinder.top();
    for (let count = 0; count < MAX_FRAMES; count++) {
      const { lookupPc } = frame;
      if (!this.platform.isKernelAddress(lookupPc)) return undefined;
      if (lookupPc < this.start || lookupPc >= this.end) return this.kernel.symbolName(lookupPc);
      const step = unwinder.next(frame);
      if (step.kind !== 'caller') return undefined;
      frame = step.frame;
    }
    return undefined;
  }
}

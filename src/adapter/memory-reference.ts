import { DebuggerError, type Frame } from '../debugger/api';
import type { ThreadId } from '../debugger/platform';
import type { GuestSession } from './guest-session';
import { hex32 } from './registers';

/** What a memory reference names: an address, and for user memory the task whose address space is meant. */
export interface MemoryPlace {
  readonly address: number;
  /** Undefined: the kernel's memory, which all tasks share, or the present task's. */
  readonly thread: ThreadId | undefined;
}

const REFERENCE = /^(0x[0-9a-f]+|\d+)(?:@(\d+))?$/i;

/**
 * Reference to memory as a frame sees it. User memory is bound to the frame's task (`0x0804c0a0@47`), so that a memory view that
 * stays open goes on to show that task's memory when another one runs.
 */
export function memoryReference(address: number, frame: Frame | undefined, session: GuestSession): string {
  const shared = !frame || session.platform.isKernelAddress(address >>> 0);
  return shared ? hex32(address) : `${hex32(address)}@${frame.thread}`;
}

/** What a reference means that memoryReference() gave, or that a person typed. @throws DebuggerError */
export function memoryPlace(reference: string, offset = 0): MemoryPlace {
  const match = REFERENCE.exec(reference);
  const number = match ? Number(match[1]) : NaN;
  if (!match || number > 0xffffffff) throw new DebuggerError(`"${reference}" is no memory reference.`);
  return {
    address: (number + offset) >>> 0,
    thread: match[2] === undefined ? undefined : Number(match[2]),
  };
}

/** Page directory to reach a place through; undefined = the present one. @throws LinuxError where the task has ended */
export function spaceOf({ thread }: MemoryPlace, session: GuestSession): number | undefined {
  return thread === undefined ? undefined : session.platform.context(thread).pageDirectory;
}

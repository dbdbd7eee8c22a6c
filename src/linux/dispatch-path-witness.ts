/**
 * What a system call has executed of its way since the path was first asked for. A stack tells where a call is, not where it has been: once
 * a function has returned nothing of it is left. So places ahead are watched, for as long as that call lasts.
 */

import { instructionLength } from '../debugger/instruction-length';
import { classify } from '../debugger/instructions';
import type { Kernel } from './kernel';
import type { Tasks } from './tasks';

/** Calls that are watched at the same time: one a task, of those that were asked for last. */
const MAX_CALLS = 8;
const MAX_INSTRUCTION = 15;

/** A system call of a task, told from the task's other ones as far as memory can. */
export interface WatchedCall {
  /** Address of the task_struct. */
  readonly task: number;
  /** Number, arguments and place of the program. */
  readonly identity: string;
  /** Address of the function that the system-call table leads to: whoever comes by it makes another call. */
  readonly entry: number | undefined;
  /** Whether it has come to `entry`: not yet, it is before the first instruction there, it is behind that. */
  readonly progress: 'early' | 'entering' | 'begun';
}

/** Addresses of hops by what is known of them. */
export interface KnownHops {
  readonly executed: readonly number[];
  /** Certainly not executed yet. */
  readonly ahead: readonly number[];
  readonly unknown: readonly number[];
}

interface Witnessed extends Omit<WatchedCall, 'progress'> {
  progress: WatchedCall['progress'];
  /** Places that had not been executed when they began to be watched. */
  readonly ahead: Set<number>;
  readonly executed: Set<number>;
  readonly watched: Set<number>;
}

/** Remembers which hops were executed. Breakpoints of the target do it, which never stop. */
export class PathWitness {
  private readonly calls = new Map<number, Witnessed>();
  /** Ids of the target's breakpoints, by the address they are for. */
  private readonly places = new Map<number, readonly number[]>();

  constructor(
    private readonly kernel: Kernel,
    private readonly tasks: Tasks,
  ) {}

  /** What is known of a place: `executed`, `not` where it was watched from before and has not been executed, else undefined. */
  of({
    task,
    identity,
  }: Omit<WatchedCall, 'progress'>): (address: number | undefined) => 'executed' | 'not' | undefined {
    const known = this.calls.get(task);
    if (known?.identity !== identity) return () => undefined;
    return (address) => {
      if (address === undefined) return undefined;
      return known.executed.has(address) ? 'executed' : known.ahead.has(address) ? 'not' : undefined;
    };
  }

  /** Goes on watching a call, or begins to. */
  watch(call: WatchedCall, { executed, ahead, unknown }: KnownHops): void {
    let known = this.calls.get(call.task);
    if (known?.identity !== call.identity) {
      known = { ...call, ahead: new Set(), executed: new Set(), watched: new Set() };
    }
    known.progress = call.progress;
    for (const address of executed) known.executed.add(address);
    for (const address of [...ahead, ...unknown]) known.watched.add(address);
    // Where a step may pass a place unseen, only its being seen says something.
    for (const address of ahead) if (this.behindFirst(address) !== undefined) known.ahead.add(address);
    // The one that was asked for last is the last in the map.
    this.calls.delete(call.task);
    this.calls.set(call.task, known);
    for (const oldest of [...this.calls.keys()].slice(0, -MAX_CALLS)) this.calls.delete(oldest);
    this.place();
  }

  /** Puts breakpoints where they are needed and takes the others out. */
  private place(): void {
    const { target } = this.kernel;
    const needed = new Set<number>();
    for (const { watched, executed, entry } of this.calls.values()) {
      for (const address of watched) if (!executed.has(address)) needed.add(address);
      if (entry !== undefined) needed.add(entry);
    }
    for (const [address, ids] of this.places) {
      if (needed.has(address)) continue;
      for (const id of ids) target.removeBreakpoint(id);
      this.places.delete(address);
    }
    for (const address of needed) {
      if (this.places.has(address)) continue;
      // A step of one instruction may go to the first one without its breakpoint being asked.
      const second = this.behindFirst(address);
      const ids = [target.addBreakpoint(address, () => this.came(address, true))];
      if (second !== undefined) ids.push(target.addBreakpoint(second, () => this.came(address, false)));
      this.places.set(address, ids);
    }
  }

  /** Where the instruction at an address leads to, sooner or later; undefined where that is not sure. */
  private behindFirst(address: number): number | undefined {
    const bytes = this.kernel.target.readAvailable(address, MAX_INSTRUCTION);
    const length = instructionLength(bytes);
    const { kind } = classify(bytes, address);
    return length === undefined || kind === 'jump' || kind === 'return' ? undefined : (address + length) >>> 0;
  }

  /** At a place, or at the second instruction there. Never stops. */
  private came(address: number, isFirst: boolean): false {
    const task = this.tasks.recordedAddress();
    const known = this.calls.get(task);
    if (!known) return false;
    if (address === known.entry && this.isAnother(known, isFirst)) this.calls.delete(task);
    else if (known.watched.has(address)) known.executed.add(address);
    return false;
  }

  /** Whether a task that comes to the table's function has left the call that is watched. */
  private isAnother(known: Witnessed, isFirst: boolean): boolean {
    if (known.progress === 'begun') return true;
    if (known.progress === 'entering') {
      known.progress = 'begun';
      return isFirst;
    }
    known.progress = isFirst ? 'entering' : 'begun';
    return false;
  }
}

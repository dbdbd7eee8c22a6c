/**
 * What the machine's run loop knows of an engine, and what an engine knows of the processor.
 * Two engines implement it: engine-evaluator.ts (exact and slow, the oracle) and ../wasm/engine-wasm.ts.
 */

import { type Unimplemented, type WatchpointHit } from './fault';

/**
 * Why a slice ended:
 *  - `budget`: all instructions asked for were executed.
 *  - `pending`: something wants the machine's attention (PENDING was set); PENDING is 0 again.
 *  - `halt`: HLT was executed, or the processor was halted already.
 *  - `breakpoint`: the next instruction has a breakpoint and was not executed.
 *  - `watchpoint`: the next instruction would make a watched access and was not executed; see `Engine.watchpoint`.
 *  - `shutdown`: triple fault (SDM volume 3, section 6.15, interrupt 8).
 *  - `unimplemented`: the next instruction needs something this machine does not have; see `Engine.unimplemented`.
 */
export type ExitReason = 'budget' | 'pending' | 'halt' | 'breakpoint' | 'watchpoint' | 'shutdown' | 'unimplemented';

/** The largest budget one `run` takes. */
export const MAXIMUM_BUDGET = 0x4000_0000;

export interface Engine {
  /**
   * Execute exactly `budget` instructions (1..MAXIMUM_BUDGET), fewer where something ends the slice. An instruction that ends in a fault
   * counts one, its delivery included; so does each REP iteration. Neither 'pending' nor 'budget' hides a shadow: after STI, MOV SS and
   * POP SS a pending slice goes on for one instruction.
   * @param resuming Do not stop at a breakpoint or a watchpoint on the first instruction: the caller goes on from a stop there.
   */
  run(budget: number, resuming?: boolean): ExitReason;
  /** Instructions executed by the last `run`. */
  readonly executed: number;
  /** The access that ended the last slice, where it ended with 'watchpoint'. */
  readonly watchpoint: WatchpointHit;
  /** What was met, where the last slice ended with 'unimplemented'. */
  readonly unimplemented: Unimplemented | undefined;
  /** Linear addresses before whose instruction to stop; replaces the former set. Costs nothing while running where none is set. */
  setBreakpoints(linear: Iterable<number>): void;
  /** Forget everything derived from guest memory: to be called after memory or state were replaced other than by the processor. */
  flush(): void;
}

/** What an engine needs of the processor (class Cpu implements it). */
export interface EngineCpu {
  /** The machine's one memory, see layout.ts. */
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  /** Set by `deliver` when the processor shuts down. */
  shutdown: boolean;
  /** Count of instructions completed; valid inside helpers too. */
  now(): number;
  /** The count at which the present slice's budget is used up; `now()` is this less REMAINING. */
  sliceEnd: number;
  /** Deliver an exception to the guest: EIP becomes the handler's. */
  deliver(vector: number, errorCode: number): void;
  /** True for the first instruction after a stop at a watchpoint: watched accesses pass. */
  watchpointsSuspended: boolean;
  /** With MODE_STEP set, before each instruction: false where an instruction breakpoint of the guest's was delivered instead. */
  beginInstruction(): boolean;
  /** With MODE_STEP set at its beginning, after each completed instruction. */
  endInstruction(): void;
}

/** What executes single instructions for an engine: evaluator.ts. */
export interface Stepper {
  /**
   * Execute the instruction at EIP (one iteration of a REP instruction) and make EIP the next one's.
   * Throws GuestFault, WatchpointHit or Unimplemented with nothing written.
   */
  step(): void;
}

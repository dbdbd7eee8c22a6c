/**
 * Steps by source line and by instruction. The rules are gdb's (gdb/infrun.c, process_event_stop_test), with these additions: a step
 * belongs to a thread, and interrupts, exceptions and other threads that get in between are run through.
 */

import type { AddressRange } from '../symbols/api';
import { DebuggerError, type StepGranularity, type StepKind, type StepTarget } from './api';
import { classify, type Instruction } from './instructions';
import { linkedAddress, placedAddress } from './modules';
import type { EntryCrossing, Platform, ThreadId } from './platform';
import { hasLine, isSameLine, lineAt, positionOf, type Position } from './position';
import type { HitPredicate, StopReason, Target } from './target';
import type { PhysicalFrame } from './unwind';

/** What stepping needs of the debugger. */
export interface StepHost {
  readonly target: Target;
  readonly platform: Platform;
  /** Asks the user's breakpoints at an address; the ids of the target's breakpoints that stop. */
  askBreakpoints(address: number): number[];
  /** Whether any of the target's ids is a user's breakpoint. */
  isUserBreakpoint(id: number): boolean;
}

export type StepResult =
  /** Arrived; so many inlined calls that begin here are not entered yet. */
  | { readonly kind: 'done'; readonly hidden: number }
  /** The thread has come to its end first. */
  | { readonly kind: 'threadEnded' }
  /** Something else stopped the guest. */
  | { readonly kind: 'stopped'; readonly reason: StopReason };

/** Place to run to: stop there only if the predicate holds. */
interface Stopover {
  readonly address: number;
  readonly predicate: HitPredicate;
}

/** The function activation that is being stepped, as far as inlining shows it. */
interface SteppedFrame {
  readonly functionKey: string;
  readonly cfa: number | undefined;
  /** Ids of the visible inlined calls, innermost first. */
  readonly chain: readonly number[];
}

/** Compiler-made jump pads (GCC's -mindirect-branch=thunk and the like) that calls, jumps and returns may go through. */
const THUNK = /^__x86_(indirect_(call_|jump_)?thunk|return_thunk)|^__x86\.get_pc_thunk|^__x86_return_skl/;

/** Milliseconds of stepping after which other work gets its turn. */
const TURN = 15;
/** Faults that one instruction may raise before stepping gives it up. */
const MAX_RESTARTS = 10_000;

export class Stepper {
  private cancelled = false;
  private lastYield = 0;

  constructor(
    private readonly host: StepHost,
    private thread: ThreadId,
    private hidden: number,
  ) {}

  /** Ends the step as soon as possible; also asks a running target to stop. */
  cancel(): void {
    this.cancelled = true;
    this.host.target.pause();
  }

  async step(kind: StepKind, granularity: StepGranularity, only?: StepTarget): Promise<StepResult> {
    const waited = await this.waitForThread();
    if (waited) return waited;
    if (kind === 'out') return this.out();
    if (granularity === 'instruction') return this.instruction(kind);
    return this.line(kind, only);
  }

  /** Runs until the thread reaches an address. */
  async runTo(address: number): Promise<StepResult> {
    return (await this.run([{ address, predicate: () => this.isOurs() }])) ?? { kind: 'done', hidden: 0 };
  }

  // ---------------------------------------------------------------------------------------------------------- lines

  private async line(kind: 'over' | 'into', only: StepTarget | undefined): Promise<StepResult> {
    let position = this.position();
    // Stepping into an inlined call that begins here only means to show it.
    if (kind === 'into' && this.hidden > 0 && !(only && only.inlined === undefined))
      return { kind: 'done', hidden: this.hidden - 1 };
    let frame = frameOf(position, this.hidden);
    let line = lineAt(position, this.hidden);
    let skipped: AddressRange | undefined;
    for (;;) {
      const before = position;
      const moved = await this.move(before, kind, only, true);
      if (moved.kind !== 'moved') return moved;
      position = moved.position;
      const stopped = this.userBreakpoint(position) ?? this.interrupted();
      if (stopped) return stopped;

      const gone = leftFrame(frame, position, moved.returned);
      if (gone) {
        if (!hasLine(position.module, position.registers.eip)) {
          const result = await this.leaveLineless();
          if (result) return result;
          position = this.position();
        }
      }
      const visible = chainOf(position, position.beginning);
      const here = lineAt(position, position.beginning);
      if (!gone && isInside(frame.chain, visible)) {
        // In an inlined callee of ours, somewhere in its middle.
        if (kind === 'into' && isStatementStart(position)) return { kind: 'done', hidden: position.beginning };
        continue;
      }
      const sameFrame = !gone && sameChain(frame.chain, visible);
      if (sameFrame && position.beginning > 0) {
        // An inlined call begins here: gdb stops at the call, or goes in where the call is in the line being stepped.
        if (!isSameLine(here, line)) return { kind: 'done', hidden: position.beginning };
        if (kind === 'into') return { kind: 'done', hidden: position.beginning - 1 };
        continue;
      }
      if (!here) {
        // Code of no line belongs to whatever surrounds it.
        if (gone) frame = frameOf(position, position.beginning);
        continue;
      }
      if (sameFrame && (isSameLine(here, line) || isWithin(skipped, position.linked))) continue;
      if (position.beginning > 0 || isStatementStart(position)) {
        if (!isSameLine(here, line) || gone) return { kind: 'done', hidden: position.beginning };
      }
      const atRow = position.info?.range.start === position.linked;
      if (sameFrame && atRow) {
        // A row that is no statement: all of it counts as the line being stepped.
        skipped = position.info?.range;
        continue;
      }
      // In the middle of another line: step on to its end. After a change of frame the start of a row that is no statement
      // does not count as that line, so that its statement stops.
      frame = frameOf(position, position.beginning);
      line = atRow ? undefined : here;
    }
  }

  /** Executes one instruction of a line step: calls are entered or run through, the frame may be left. */
  private async move(
    before: Position,
    kind: 'over' | 'into',
    only: StepTarget | undefined,
    byLine: boolean,
  ): Promise<{ kind: 'moved'; position: Position; returned: boolean } | StepResult> {
    const single = await this.execute(before);
    if (single.kind !== 'executed') return single;
    const { instruction, position } = single;
    const moved = (returned = false) => ({ kind: 'moved' as const, position: this.position(), returned });

    if (instruction.kind === 'trap' && this.landed(before, position)) {
      if (kind === 'into') return { kind: 'done', hidden: 0 };
      return (await this.throughTrap(before, instruction, position)) ?? moved();
    }
    if (instruction.kind === 'interruptReturn') return { kind: 'moved', position, returned: true };
    if (instruction.kind === 'return') return { kind: 'moved', position, returned: true };

    const isCall = instruction.kind === 'call' && position.registers.eip !== before.registers.eip;
    const tailCall =
      instruction.kind === 'jump' &&
      position.functionKey !== before.functionKey &&
      position.registers.eip === position.functionStart &&
      (position.hasFunction || before.hasFunction);
    if (!isCall && !tailCall) return { kind: 'moved', position, returned: false };

    const wanted = kind === 'into' && (!only || only.address === this.available(position.registers.esp));
    if (wanted && byLine) {
      const entered = await this.enter(position);
      if (entered) return entered;
    }
    const left = await this.finishCall(position);
    return left ?? moved(tailCall);
  }

  /** At the first instruction of a called function: goes to where a person wants to be. Undefined: not a function to enter. */
  private async enter(callee: Position): Promise<StepResult | undefined> {
    let position = callee;
    while (this.isThunk(position)) {
      const single = await this.execute(position);
      if (single.kind !== 'executed') return single;
      const returned = single.position.registers.esp > callee.registers.esp;
      position = single.position;
      // A get_pc thunk only returns.
      if (returned && !(position.registers.eip === position.functionStart)) return undefined;
    }
    const { module } = position;
    if (!module || !hasLine(module, position.registers.eip)) {
      this.callDepth = position.registers.esp;
      return undefined;
    }
    const fn = module.symbols.functionAt(position.linked);
    const start = fn && fn.lowPc === position.linked ? module.symbols.functionBreakpointAddress(fn) : position.linked;
    const address = placedAddress(module, start);
    if (address !== position.registers.eip) {
      const { esp } = position.registers;
      const result = await this.run([
        { address, predicate: () => this.isOurs() && this.host.target.registers().esp <= esp },
      ]);
      if (result) return result;
    } else {
      const stopped = this.userBreakpoint(position);
      if (stopped) return stopped;
    }
    return { kind: 'done', hidden: this.position().beginning };
  }

  private callDepth: number | undefined;

  /** At the first instruction of a function: runs until it has returned. Undefined: it has. */
  private async finishCall(callee: Position): Promise<StepResult | undefined> {
    const esp = this.callDepth ?? callee.registers.esp;
    this.callDepth = undefined;
    const address = this.word(esp);
    return this.run([{ address, predicate: () => this.isOurs() && this.host.target.registers().esp > esp }]);
  }

  /** After a return to code without lines: runs on to a caller that has some, if there is one. */
  private async leaveLineless(): Promise<StepResult | undefined> {
    while (!hasLine(this.position().module, this.host.target.registers().eip)) {
      const position = this.position();
      if (this.isThunk(position)) {
        const single = await this.execute(position);
        if (single.kind !== 'executed') return single;
        continue;
      }
      const stopover = this.stopoverInCaller(position);
      if (!stopover) return { kind: 'done', hidden: 0 };
      const result = await this.run([stopover]);
      if (result) return result;
    }
    return undefined;
  }

  // ---------------------------------------------------------------------------------------------------- instructions

  private async instruction(kind: 'over' | 'into'): Promise<StepResult> {
    const before = this.position();
    if (kind === 'into') {
      const single = await this.execute(before);
      if (single.kind !== 'executed') return single;
    } else {
      const moved = await this.move(before, 'over', undefined, false);
      if (moved.kind !== 'moved') return moved;
    }
    const position = this.position();
    return this.userBreakpoint(position) ?? { kind: 'done', hidden: position.beginning };
  }

  /** One instruction of our thread, whatever interrupts it. */
  private async execute(
    before: Position,
  ): Promise<{ kind: 'executed'; instruction: Instruction; position: Position } | StepResult> {
    const { target, platform } = this.host;
    const { eip, esp } = before.registers;
    const instruction = classify(target.readAvailable(eip, 15), eip);
    for (let restarts = 0; restarts < MAX_RESTARTS; restarts++) {
      await this.giveWay();
      if (this.cancelled) return { kind: 'stopped', reason: { kind: 'pause' } };
      if (instruction.kind === 'repeated') {
        const next = eip + (instruction.length ?? 1);
        const result = await this.run([
          { address: next, predicate: () => this.isOurs() && target.registers().esp === esp },
        ]);
        if (result) return result;
        return { kind: 'executed', instruction, position: this.position() };
      }
      const reason = await target.step();
      if (reason.kind !== 'step') return { kind: 'stopped', reason };
      const position = this.position();
      // An interrupt that came and went within the target's step leaves the instruction still to be executed.
      if (position.registers.eip === eip && position.registers.esp === esp && instruction.kind === 'other') continue;
      const interruption = this.interruption(before, instruction, position);
      if (!interruption) {
        // A function that switches threads takes us along as long as its frame stays.
        if (position.thread !== this.thread) this.thread = position.thread;
        return { kind: 'executed', instruction, position };
      }
      const { registers } = interruption;
      const back: Stopover = {
        address: registers.eip,
        predicate: () => this.isOurs() && target.registers().esp === registers.esp,
      };
      const stopovers = [back];
      if (interruption.kind === 'exception' && !interruption.toUser) {
        // The kernel repairs some faults of its own by going on elsewhere in the function.
        const fallback = this.stopoverInCaller(before);
        if (fallback && platform.isKernelAddress(fallback.address)) stopovers.push(fallback);
      }
      const result = await this.run(stopovers);
      if (result) return result;
      if (target.registers().eip !== eip) return { kind: 'executed', instruction, position: this.position() };
    }
    throw new DebuggerError(`The instruction at 0x${eip.toString(16)} is interrupted again and again.`);
  }

  /** Whether a step led into an interrupt or exception instead of executing the instruction. */
  private interruption(before: Position, instruction: Instruction, after: Position): EntryCrossing | undefined {
    const from = before.registers.eip;
    const { eip, esp } = after.registers;
    if (eip > from && eip <= from + 15) return undefined;
    if (instruction.target === eip) return undefined;
    if (instruction.kind === 'call') {
      const back = this.available(esp);
      if (back !== undefined && back > from && back <= from + 15) return undefined;
    }
    if (after.functionKey === before.functionKey && after.functionStart !== undefined) return undefined;
    const crossing = this.host.platform.entryCrossing(this.host.platform.context(after.thread), after.registers);
    if (!crossing || crossing.kind === 'systemCall' || crossing.registers.eip !== from) return undefined;
    return crossing;
  }

  /** A trap instruction led into its handler. */
  private landed(before: Position, after: Position): boolean {
    return after.functionKey !== before.functionKey || after.registers.cs !== before.registers.cs;
  }

  /** Runs a system call (or other software interrupt) to its end. */
  private async throughTrap(
    before: Position,
    instruction: Instruction,
    after: Position,
  ): Promise<StepResult | undefined> {
    const { target, platform } = this.host;
    const crossing = platform.entryCrossing(platform.context(after.thread), after.registers);
    const address = crossing?.registers.eip ?? (before.registers.eip + (instruction.length ?? 2)) >>> 0;
    const mode = before.registers.cs & 3;
    const esp = crossing?.registers.esp ?? before.registers.esp;
    return this.run([
      {
        address,
        predicate: () => {
          const now = target.registers();
          return this.isOurs() && (now.cs & 3) === mode && now.esp === esp;
        },
      },
    ]);
  }

  // -------------------------------------------------------------------------------------------------------------- out

  private async out(): Promise<StepResult> {
    const position = this.position();
    const visible = chainOf(position, this.hidden);
    if (visible.length > 0) return this.outOfInlined(position, visible);
    const stopover = this.stopoverInCaller(position);
    if (!stopover) throw new DebuggerError('There is no caller to step out to.');
    const result = await this.run([stopover]);
    if (result) return result;
    if (!hasLine(this.position().module, this.host.target.registers().eip) && this.hasCallerWithLine(this.position())) {
      const left = await this.leaveLineless();
      if (left) return left;
    }
    return { kind: 'done', hidden: 0 };
  }

  /** Steps over everything until the inlined call's code is left. */
  private async outOfInlined(start: Position, visible: readonly number[]): Promise<StepResult> {
    const frame = frameOf(start, this.hidden);
    const call = visible[0];
    let position = start;
    for (;;) {
      const moved = await this.move(position, 'over', undefined, true);
      if (moved.kind !== 'moved') return moved;
      position = moved.position;
      const stopped = this.userBreakpoint(position) ?? this.interrupted();
      if (stopped) return stopped;
      if (leftFrame(frame, position, moved.returned)) {
        if (hasLine(position.module, position.registers.eip)) return { kind: 'done', hidden: 0 };
        return (await this.leaveLineless()) ?? { kind: 'done', hidden: 0 };
      }
      if (!position.inlines.some((inlined) => inlined.id === call)) return { kind: 'done', hidden: position.beginning };
    }
  }

  /** Where the caller goes on, or the place that entered the kernel. */
  private stopoverInCaller(position: Position): Stopover | undefined {
    const { target } = this.host;
    const step = position.unwinder.next(position.physical);
    if (step.kind === 'end') return undefined;
    const frame: PhysicalFrame = step.frame;
    const esp = frame.registers.get('esp')?.value;
    if (step.kind === 'crossing') {
      const mode = step.crossing.registers.cs & 3;
      return {
        address: frame.address,
        predicate: () => {
          const now = target.registers();
          return this.isOurs() && (now.cs & 3) === mode && now.esp === esp;
        },
      };
    }
    const least = Math.max(esp ?? 0, position.registers.esp + 1);
    return { address: frame.address, predicate: () => this.isOurs() && target.registers().esp >= least };
  }

  private hasCallerWithLine(position: Position): boolean {
    let frame = position.physical;
    for (let depth = 0; depth < 32; depth++) {
      const step = position.unwinder.next(frame);
      if (step.kind === 'end') return false;
      frame = step.frame;
      if (hasLine(frame.module, frame.lookupPc)) return true;
    }
    return false;
  }

  // -------------------------------------------------------------------------------------------------------- execution

  /** Lets the guest run to one of the places. Undefined: arrived. */
  private async run(stopovers: readonly Stopover[]): Promise<StepResult | undefined> {
    const { target } = this.host;
    if (this.cancelled) return { kind: 'stopped', reason: { kind: 'pause' } };
    const ids: number[] = [];
    try {
      for (const { address, predicate } of stopovers) ids.push(target.addBreakpoint(address, predicate));
      const end = this.host.platform.threadEnd();
      const endId = end === undefined ? undefined : target.addBreakpoint(end, () => this.isOurs());
      if (endId !== undefined) ids.push(endId);
      const reason = await target.resume();
      this.lastYield = Date.now();
      if (reason.kind !== 'breakpoint') return { kind: 'stopped', reason };
      if (reason.ids.some((id) => this.host.isUserBreakpoint(id))) return { kind: 'stopped', reason };
      return endId !== undefined && reason.ids.includes(endId) ? { kind: 'threadEnded' } : undefined;
    } finally {
      for (const id of ids) target.removeBreakpoint(id);
    }
  }

  /** A thread that does not run now has to get the processor first. */
  private async waitForThread(): Promise<StepResult | undefined> {
    const { platform, target } = this.host;
    if (this.isOurs()) return undefined;
    const { registers } = platform.context(this.thread);
    return this.run([
      { address: registers.eip, predicate: () => this.isOurs() && target.registers().esp >= registers.esp },
    ]);
  }

  private isOurs(): boolean {
    return this.host.platform.currentThread() === this.thread;
  }

  private position(): Position {
    return positionOf(this.host.target, this.host.platform);
  }

  private userBreakpoint(position: Position): StepResult | undefined {
    const address = position.registers.eip;
    const ids = this.host.askBreakpoints(address);
    return ids.length > 0 ? { kind: 'stopped', reason: { kind: 'breakpoint', address, ids } } : undefined;
  }

  private interrupted(): StepResult | undefined {
    return this.cancelled ? { kind: 'stopped', reason: { kind: 'pause' } } : undefined;
  }

  /** Lets timers and messages have their turn, so that a pause is heard. */
  private async giveWay(): Promise<void> {
    const now = Date.now();
    if (this.lastYield === 0) this.lastYield = now;
    if (now - this.lastYield < TURN) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.lastYield = Date.now();
  }

  private isThunk(position: Position): boolean {
    const { module } = position;
    const symbol = module?.elf.symbolAt(linkedAddress(module, position.registers.eip))?.symbol;
    return symbol !== undefined && THUNK.test(symbol.name);
  }

  private word(address: number): number {
    const bytes = this.host.target.readMemory(address, 4);
    return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true);
  }

  private available(address: number): number | undefined {
    const bytes = this.host.target.readAvailable(address, 4);
    return bytes.length === 4 ? new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) : undefined;
  }
}

function frameOf(position: Position, hidden: number): SteppedFrame {
  return {
    functionKey: position.functionKey,
    cfa: position.physical.cfa,
    chain: chainOf(position, hidden),
  };
}

function chainOf(position: Position, hidden: number): number[] {
  return position.inlines.slice(hidden).map((inlined) => inlined.id);
}

/** Whether the activation that was stepped is not the present one. */
function leftFrame(frame: SteppedFrame, position: Position, returned: boolean): boolean {
  if (position.functionKey !== frame.functionKey) return true;
  // In assembly there is no canonical frame address to compare.
  if (frame.cfa === undefined || position.physical.cfa === undefined) return returned;
  return frame.cfa !== position.physical.cfa;
}

function sameChain(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}

/** Whether `chain` (innermost first) is a proper tail of `deeper`. */
function isInside(chain: readonly number[], deeper: readonly number[]): boolean {
  return deeper.length > chain.length && sameChain(chain, deeper.slice(deeper.length - chain.length));
}

function isWithin(range: AddressRange | undefined, address: number): boolean {
  return range !== undefined && address >= range.start && address < range.end;
}

function isStatementStart(position: Position): boolean {
  const { info } = position;
  return info !== undefined && info.isStmt && info.line > 0 && info.range.start === position.linked;
}

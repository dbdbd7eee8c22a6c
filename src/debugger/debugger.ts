import {
  DebuggerError,
  OutdatedError,
  type Breakpoint,
  type BreakpointLine,
  type BreakpointLocation,
  type DataBreakpointRequest,
  type DebuggerEvents,
  type ExpressionHooks,
  type Frame,
  type FrameList,
  type FunctionBreakpointRequest,
  type InstructionBreakpointRequest,
  type SourceBreakpointRequest,
  type StepKind,
  type StepOptions,
  type StepTarget,
  type StoppedEvent,
  type StoppedReason,
} from './api';
import { BarePlatform } from './bare-platform';
import { BreakpointResolver } from './breakpoint-resolver';
import { BreakpointTable, type Hit } from './breakpoints';
import { Emitter } from './emitter';
import { CallStack, inlinesBeginningAt, type VirtualFrame } from './frames';
import { linkedAddress, type Module, type ModuleList } from './modules';
import type { Platform, PlatformBreakpoint, ThreadId } from './platform';
import { shownLine } from './shown-line';
import { stepTargetsOf } from './step-targets';
import { Stepper, type StepResult } from './stepping';
import type { StopReason, Target } from './target';

export interface DebuggerOptions {
  /** Until it is set, a bare machine with one thread is assumed. */
  readonly platform?: Platform;
  readonly expressions?: ExpressionHooks;
}

const NO_EXPRESSIONS: ExpressionHooks = {
  isTrue: noExpressions,
  text: noExpressions,
  address: noExpressions,
};

function noExpressions(): never {
  throw new DebuggerError('Expressions cannot be evaluated in this session.');
}

/** The facade that front ends use: one guest, its modules, breakpoints, threads and call stacks. */
export class Debugger {
  expressions: ExpressionHooks;
  private currentPlatform: Platform;
  private readonly emitter = new Emitter<DebuggerEvents>();
  private readonly table: BreakpointTable;
  private readonly stacks = new Map<ThreadId, CallStack>();
  private readonly frameIds = new Map<ThreadId, number[]>();
  private readonly framePlaces = new Map<number, { thread: ThreadId; index: number }>();
  private nextFrameId = 1;
  /** Inlined calls of the current thread's innermost frame that have not been entered yet. */
  private hidden: { thread: ThreadId; count: number } | undefined;
  private busy = false;
  private stepper: Stepper | undefined;
  private hasEnded = false;

  constructor(
    readonly target: Target,
    readonly modules: ModuleList,
    options: DebuggerOptions = {},
  ) {
    this.currentPlatform = options.platform ?? new BarePlatform(target, modules);
    this.expressions = options.expressions ?? NO_EXPRESSIONS;
    const resolver = new BreakpointResolver(
      modules,
      () => this.platform,
      (expression) => this.expressions.address(expression, undefined),
    );
    this.table = new BreakpointTable(
      {
        target,
        modules,
        platform: () => this.platform,
        expressions: () => this.expressions,
        frameAtHit: (location) => this.frameAtHit(location),
        output: (event) => this.emitter.emit('output', event),
        changed: (breakpoint, change) => this.emitter.emit('breakpointChanged', { breakpoint, change }),
      },
      resolver,
    );
    modules.onChange((change, module) => {
      this.forgetStacks();
      this.emitter.emit('moduleChanged', { module, change });
    });
  }

  /** Settable: the operating-system layer is built over the same target and modules. */
  get platform(): Platform {
    return this.currentPlatform;
  }

  set platform(platform: Platform) {
    this.currentPlatform = platform;
    this.forgetStacks();
  }

  get running(): boolean {
    return this.busy;
  }

  /** @returns a function that takes the listener away again */
  on<K extends keyof DebuggerEvents>(event: K, listener: (event: DebuggerEvents[K]) => void): () => void {
    return this.emitter.on(event, listener);
  }

  // ------------------------------------------------------------------------------------------------ threads and frames

  threads(): { id: ThreadId; name: string }[] {
    return this.platform.threads();
  }

  currentThread(): ThreadId {
    return this.platform.currentThread();
  }

  moduleAt(address: number, thread = this.currentThread()): Module | undefined {
    return this.platform.moduleAt(address, thread);
  }

  /** Call stack of a thread, innermost first; unwinds no further than asked. */
  frames(thread: ThreadId, start = 0, levels?: number): FrameList {
    return this.stack(thread).list(start, levels === undefined || levels === 0 ? Infinity : levels);
  }

  /** @throws OutdatedError where the frame is gone because the target has run since */
  frame(id: number): Frame {
    const place = this.framePlaces.get(id);
    const frame = place && this.stack(place.thread).at(place.index);
    if (!frame) throw new OutdatedError('This frame is gone: the guest has run since.');
    return frame;
  }

  /** The innermost frame of a thread, the current one unless given. */
  topFrame(thread = this.currentThread()): Frame {
    return this.stack(thread).at(0)!;
  }

  private stack(thread: ThreadId): CallStack {
    let stack = this.stacks.get(thread);
    if (!stack) {
      const hidden = this.hidden?.thread === thread ? this.hidden.count : 0;
      stack = this.newStack(thread, hidden, this.idsFor(thread));
      this.stacks.set(thread, stack);
    }
    return stack;
  }

  private newStack(thread: ThreadId, hidden: number, newId: () => number): CallStack {
    const context = this.platform.context(thread);
    return new CallStack(this.target, this.platform, context, hidden, newId, () => this.stacks.clear());
  }

  /** Frame ids stay with their place in the stack while the guest stands still, also when a register was changed. */
  private idsFor(thread: ThreadId): () => number {
    const ids = this.frameIds.get(thread) ?? [];
    this.frameIds.set(thread, ids);
    let index = 0;
    return () => {
      if (ids[index] === undefined) {
        ids[index] = this.nextFrameId++;
        this.framePlaces.set(ids[index], { thread, index });
      }
      return ids[index++];
    };
  }

  /** The innermost frame while the target asks whether a hit counts. */
  private frameAtHit(location: BreakpointLocation | undefined): VirtualFrame {
    const thread = this.currentThread();
    return this.newStack(thread, this.hiddenAt(location), () => 0).at(0)!;
  }

  private forgetStacks(): void {
    this.stacks.clear();
    this.frameIds.clear();
    this.framePlaces.clear();
  }

  /**
   * How many inlined calls to hide at a breakpoint's address: the frame that is shown first is the one the breakpoint was set in,
   * by its inlined instance or by its line.
   */
  private hiddenAt(location: BreakpointLocation | undefined): number {
    if (!location?.module) return 0;
    const { module, address } = location;
    const linked = linkedAddress(module, address);
    const inlines = module.symbols.inlinesAt(linked);
    const beginning = inlinesBeginningAt(module, address);
    const info = shownLine(module, address);
    for (let hidden = 0; hidden <= beginning; hidden++) {
      if (location.inlined && location.functionName === location.inlined.name) {
        if (inlines[hidden]?.id === location.inlined.id) return hidden;
        continue;
      }
      const shown =
        hidden === 0
          ? { file: info?.file, line: info?.line }
          : { file: inlines[hidden - 1].callFile, line: inlines[hidden - 1].callLine };
      if (shown.line === location.line && shown.file === location.file) return hidden;
    }
    return location.inlined ? 0 : beginning;
  }

  // ------------------------------------------------------------------------------------------------------- breakpoints

  /** Replaces all breakpoints of that source file. @param path as the debug information has it, or a host's path that ends so */
  setSourceBreakpoints(path: string, requests: readonly SourceBreakpointRequest[]): Breakpoint[] {
    return this.table.setSource(path, requests);
  }

  setFunctionBreakpoints(requests: readonly FunctionBreakpointRequest[]): Breakpoint[] {
    return this.table.setFunctions(requests);
  }

  /** Replaces the system-call breakpoints. Their names are the platform's (`catch:bind:return`). */
  setSystemCallBreakpoints(requests: readonly FunctionBreakpointRequest[]): Breakpoint[] {
    return this.table.setSystemCalls(requests);
  }

  /** Lets the platform see what it wants to see of the running guest; replaces the earlier observers. */
  setObservers(observers: readonly PlatformBreakpoint[]): void {
    this.table.setObservers(observers);
  }

  setInstructionBreakpoints(requests: readonly InstructionBreakpointRequest[]): Breakpoint[] {
    return this.table.setInstructions(requests);
  }

  setDataBreakpoints(requests: readonly DataBreakpointRequest[]): Breakpoint[] {
    return this.table.setData(requests);
  }

  breakpoints(): readonly Breakpoint[] {
    return this.table.all().filter((breakpoint) => breakpoint.kind !== 'observer');
  }

  /** Places in lines from..to (inclusive) where a breakpoint can be, over all modules compiled from the file. */
  breakpointLocations(path: string, fromLine: number, toLine: number): BreakpointLine[] {
    const found = new Map<string, BreakpointLine>();
    for (const module of this.modules) {
      if (!module.symbols.hasDebugInfo) continue;
      for (const file of module.symbols.findFiles(path))
        for (const place of module.symbols.breakpointLines(file, fromLine, toLine))
          found.set(`${place.line}:${place.column}`, place);
    }
    return [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  }

  // --------------------------------------------------------------------------------------------------------- execution

  /** Run until something stops the guest. Resolves when it is stopped again; `stopped` or `ended` is told too. */
  async continue(options: { limit?: number } = {}): Promise<void> {
    await this.execute(this.currentThread(), async () => ({
      kind: 'stopped',
      reason: await this.target.resume(options.limit),
    }));
  }

  /** Ask the running guest to stop soon: `stopped` with reason `pause` follows. */
  pause(): void {
    if (!this.busy) return;
    if (this.stepper) this.stepper.cancel();
    else this.target.pause();
  }

  /** @throws DebuggerError where the guest runs already or there is nothing to step to */
  async step(kind: StepKind, thread: ThreadId, options: StepOptions = {}): Promise<void> {
    const hidden = this.hidden?.thread === thread ? this.hidden.count : 0;
    await this.execute(thread, () => {
      this.stepper = this.newStepper(thread, hidden);
      return this.stepper.step(kind, options.granularity ?? 'line', options.target);
    });
  }

  /** The calls in the present line that a step into could enter; of the innermost frame only. */
  stepTargets(frame: Frame): StepTarget[] {
    if (frame.index !== 0) return [];
    return stepTargetsOf(frame, this.hidden?.thread === frame.thread ? this.hidden.count : 0);
  }

  /** Run until this thread reaches an address, in any frame. */
  async runTo(address: number, thread: ThreadId): Promise<void> {
    await this.execute(thread, () => {
      this.stepper = this.newStepper(thread, 0);
      return this.stepper.runTo(address);
    });
  }

  /** Set the program counter. @throws DebuggerError for a thread that does not run now */
  jump(address: number, thread: ThreadId): void {
    this.mustStandStill();
    if (thread !== this.currentThread())
      throw new DebuggerError('Only the thread that the processor runs can be moved to another place.');
    this.target.writeRegister('eip', address >>> 0);
    this.forgetStacks();
    this.hidden = { thread, count: inlinesBeginningAt(this.moduleAt(address, thread), address) };
    this.emitter.emit('stopped', { reason: 'goto', thread, breakpointIds: [], text: undefined });
  }

  /** Lets go of the target; removes all breakpoints first. */
  dispose(): void {
    this.table.clear();
    this.emitter.clear();
  }

  private newStepper(thread: ThreadId, hidden: number): Stepper {
    return new Stepper(
      {
        target: this.target,
        platform: this.platform,
        askBreakpoints: (address) => this.table.ask(address),
        isUserBreakpoint: (id) => this.table.hitBy([id]).length > 0,
      },
      thread,
      hidden,
    );
  }

  /** @throws DebuggerError where the guest runs, or has ended: nothing can be started then */
  mustStandStill(): void {
    if (this.hasEnded) throw new DebuggerError('The guest has ended.');
    if (this.busy) throw new DebuggerError('The guest is running.');
  }

  private async execute(thread: ThreadId, work: () => Promise<StepResult>): Promise<void> {
    this.mustStandStill();
    this.busy = true;
    const before = this.hidden;
    this.forgetStacks();
    this.hidden = undefined;
    this.emitter.emit('continued', { thread });
    let result: StepResult;
    try {
      result = await work();
    } catch (error) {
      // Nothing has moved, or the guest stands wherever the step got to.
      this.hidden = before;
      throw error;
    } finally {
      this.busy = false;
      this.stepper = undefined;
      this.forgetStacks();
    }
    if (result.kind === 'stopped') this.stopped(result.reason);
    else if (result.kind === 'threadEnded') this.tellStop('step', [], 'The task ends here, before the step was done.');
    else {
      this.hidden = { thread: this.currentThread(), count: result.hidden };
      this.tellStop('step');
    }
  }

  private stopped(reason: StopReason): void {
    switch (reason.kind) {
      case 'breakpoint': {
        const hits = this.table.hitBy(reason.ids);
        if (hits.length === 0) return this.tellStop('breakpoint');
        this.hidden = { thread: this.currentThread(), count: this.hiddenAt(hits[0].location) };
        return this.tellStop(reasonOf(hits[0].breakpoint), hits);
      }
      case 'watchpoint': {
        const hit = this.table.watchedBy(reason.id);
        const what = hit?.breakpoint.requested ?? `0x${reason.address.toString(16)}`;
        const text = hit?.error ?? `${what} was ${reason.write ? 'written' : 'read'}.`;
        return this.tellStop('dataBreakpoint', hit ? [hit] : [], text);
      }
      case 'ended':
        this.hasEnded = true;
        return this.emitter.emit('ended', { how: reason.how, message: reason.message });
      case 'unsupported':
        return this.tellStop('exception', [], `${this.topFrame().functionName}: ${reason.message}`);
      case 'step':
      case 'pause':
      case 'limit': {
        const thread = this.currentThread();
        const { eip } = this.target.registers();
        this.hidden = { thread, count: inlinesBeginningAt(this.moduleAt(eip, thread), eip) };
        return this.tellStop(reason.kind);
      }
    }
  }

  private tellStop(reason: StoppedReason, hits: readonly Hit[] = [], text?: string): void {
    const event: StoppedEvent = {
      reason,
      thread: this.currentThread(),
      breakpointIds: hits.map((hit) => hit.breakpoint.id),
      text: text ?? hits.find((hit) => hit.error)?.error ?? hits.find((hit) => hit.text)?.text,
    };
    this.emitter.emit('stopped', event);
  }
}

const REASONS: Record<Exclude<Breakpoint['kind'], 'observer'>, StoppedReason> = {
  source: 'breakpoint',
  function: 'functionBreakpoint',
  instruction: 'instructionBreakpoint',
  data: 'dataBreakpoint',
  systemCall: 'systemCall',
};

function reasonOf({ kind }: Breakpoint): StoppedReason {
  return kind === 'observer' ? 'breakpoint' : REASONS[kind];
}

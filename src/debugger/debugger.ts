import type {
  Breakpoint,
  BreakpointLine,
  DataBreakpointRequest,
  DebuggerEvents,
  ExpressionHooks,
  Frame,
  FrameList,
  FunctionBreakpointRequest,
  InstructionBreakpointRequest,
  SourceBreakpointRequest,
  StepKind,
  StepOptions,
  StepTarget,
} from './api';
import type { Module, ModuleList } from './modules';
import type { Platform, ThreadId } from './platform';
import type { Target } from './target';

export interface DebuggerOptions {
  /** Until it is set, a bare machine with one thread is assumed. */
  readonly platform?: Platform;
  readonly expressions?: ExpressionHooks;
}

/** The facade that front ends use. */
export declare class Debugger {
  constructor(target: Target, modules: ModuleList, options?: DebuggerOptions);
  readonly target: Target;
  readonly modules: ModuleList;
  /** Settable: the operating-system layer is built over a Debugger. */
  platform: Platform;
  expressions: ExpressionHooks;
  readonly running: boolean;

  on<K extends keyof DebuggerEvents>(event: K, listener: (event: DebuggerEvents[K]) => void): () => void;

  threads(): { id: ThreadId; name: string }[];
  currentThread(): ThreadId;
  moduleAt(address: number, thread?: ThreadId): Module | undefined;

  /** Call stack of a thread, innermost first; unwinds no further than asked. */
  frames(thread: ThreadId, start?: number, levels?: number): FrameList;
  /** @throws DebuggerError where the frame is gone because the target has run since */
  frame(id: number): Frame;
  /** The innermost frame of the current thread. */
  topFrame(thread?: ThreadId): Frame;

  /** Replaces all breakpoints of that source file. @param path as the debug information or a host's path that ends so */
  setSourceBreakpoints(path: string, requests: readonly SourceBreakpointRequest[]): Breakpoint[];
  setFunctionBreakpoints(requests: readonly FunctionBreakpointRequest[]): Breakpoint[];
  setInstructionBreakpoints(requests: readonly InstructionBreakpointRequest[]): Breakpoint[];
  setDataBreakpoints(requests: readonly DataBreakpointRequest[]): Breakpoint[];
  breakpoints(): readonly Breakpoint[];
  breakpointLocations(path: string, fromLine: number, toLine: number): BreakpointLine[];

  /** Run until something stops the guest. Resolves when it is stopped again; `stopped` or `ended` is told too. */
  continue(options?: { limit?: number }): Promise<void>;
  /** Ask the running guest to stop soon: `stopped` with reason `pause` follows. */
  pause(): void;
  step(kind: StepKind, thread: ThreadId, options?: StepOptions): Promise<void>;
  stepTargets(frame: Frame): StepTarget[];
  /** Run to an address in this thread (any frame). */
  runTo(address: number, thread: ThreadId): Promise<void>;
  /** Set the program counter (goto). @throws DebuggerError for a thread that is not running */
  jump(address: number, thread: ThreadId): void;
  /** Let go of the target; removes all breakpoints first. */
  dispose(): void;
}

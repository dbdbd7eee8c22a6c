/**
 * The public types of the debugger: what a front end (debug adapter, command line) and the operating-system layer see. The
 * implementations are in `debugger.ts` (class `Debugger`), `frames.ts`, `breakpoints.ts` and `stepping.ts`.
 */

import type { BreakpointLine, EvaluationContext, FunctionInfo, InlinedCall, Scope, SourceFile } from '../symbols/api';
import type { Module } from './modules';
import type { ThreadId } from './platform';
import type { RegisterName, Registers } from './target';

// ------------------------------------------------------------------------------------------------------- frames

/** Where a frame's register is kept now, so that it can be changed. */
export type RegisterPlace =
  /** In the processor. */
  | { readonly kind: 'register'; readonly name: RegisterName }
  /** On the stack, saved by a callee or by the entry code. */
  | { readonly kind: 'memory'; readonly address: number }
  /** Computed by the unwinder (the stack pointer of a caller, for example): cannot be changed. */
  | { readonly kind: 'computed' };

export interface FrameRegister {
  readonly value: number;
  readonly place: RegisterPlace;
}

/** The registers as they are (were) in one frame. A register that a callee may have destroyed is absent. */
export interface FrameRegisters {
  get(name: RegisterName): FrameRegister | undefined;
  /** By DWARF number (target.ts, DWARF_REGISTERS). */
  byNumber(number: number): FrameRegister | undefined;
  /** All registers; those that are not known as 0. */
  complete(): Registers;
}

export interface FrameLocation {
  readonly file: SourceFile;
  /** 1-based; 0 where the compiler attributes the code to no line. */
  readonly line: number;
  /** 1-based; 0 = the left edge or unknown. */
  readonly column: number;
}

/** One line of a call stack. Valid until the target runs again. */
export interface Frame {
  /** Handle, unique in the session; `Debugger.frame(id)` finds the frame while it is valid. */
  readonly id: number;
  /** 0 is the innermost. */
  readonly index: number;
  /**
   * `divider` stands for an entry to the kernel (a system call, an interrupt, an exception) and has no code; `unknown` is code
   * without any symbol.
   */
  readonly kind: 'function' | 'inlined' | 'divider' | 'unknown';
  readonly thread: ThreadId;
  readonly module: Module | undefined;
  /** Name of the function; the divider's text; the address where there is no symbol. */
  readonly functionName: string;
  readonly location: FrameLocation | undefined;
  /** The program counter. In a caller, the return address. The same for the inlined frames of one physical frame. */
  readonly address: number;
  /** The address that decides function, line and scope: `address`, minus one after a call (DWARF 6.4.4). */
  readonly lookupPc: number;
  /** The concrete function that has the code; undefined for assembly and unknown code. */
  readonly function: FunctionInfo | undefined;
  /** The inlined instance, where `kind` is `inlined`. */
  readonly inlined: InlinedCall | undefined;
  /** True where this is user code. */
  readonly isUser: boolean;
  readonly registers: FrameRegisters;
  /** Page directory that the frame's memory is read through; undefined = the present one. */
  readonly pageDirectory: number | undefined;
  /** What was assumed where the unwinder had no call-frame information; undefined for a frame found exactly. */
  readonly note: string | undefined;

  /** Canonical frame address (DWARF 6.4), shared by the inlined frames of one physical frame. Undefined where it is not known. */
  cfa(): number | undefined;
  /** Innermost scope at `lookupPc` within this frame's function or inlined instance. */
  scope(): Scope | undefined;
  /** What DWARF expressions ask of this frame, entry values and call-site parameters included. */
  evaluationContext(): EvaluationContext;
  /** The frame of the caller (an inlined frame's is the frame it is inlined in). */
  caller(): Frame | undefined;
  /** @throws MemoryError */
  readMemory(address: number, length: number): Uint8Array;
  /** @throws MemoryError */
  writeMemory(address: number, bytes: Uint8Array): void;
  /**
   * Changes a register as this frame sees it: in the processor, or where a callee saved it.
   * @throws DebuggerError where it is not known or was computed
   */
  writeRegister(name: RegisterName, value: number): void;
}

/** A part of a call stack. */
export interface FrameList {
  readonly frames: readonly Frame[];
  /** Number of frames, where unwinding has reached the end. */
  readonly total: number | undefined;
  /** Why the stack ends where it ends, if not at its natural end: one sentence. */
  readonly endReason: string | undefined;
}

// -------------------------------------------------------------------------------------------------- breakpoints

/** What every kind of breakpoint may ask for beyond its place. */
export interface BreakpointCondition {
  /** C expression, evaluated in the innermost frame at each hit. */
  readonly condition?: string;
  /** `5`, `>5`, `>=5`, `<5`, `<=5`, `==5`, `=5`, `!=5`, `%3`. */
  readonly hitCondition?: string;
  /** Text with {expressions}: printed instead of stopping. */
  readonly logMessage?: string;
}

export interface SourceBreakpointRequest extends BreakpointCondition {
  readonly line: number;
  readonly column?: number;
}

export interface FunctionBreakpointRequest extends BreakpointCondition {
  /** A function, one of the platform's aliases or special names, `*ADDRESS` (expression), `FILE:LINE` or `FILE:FUNCTION`. */
  readonly name: string;
}

export interface InstructionBreakpointRequest extends BreakpointCondition {
  readonly address: number;
}

export interface DataBreakpointRequest extends BreakpointCondition {
  readonly address: number;
  /** Bytes: 1, 2 or 4 is what every target can do. */
  readonly size: number;
  readonly access: 'read' | 'write' | 'readWrite';
  /** For a user address: the task whose address space it is in; the present one unless given. */
  readonly thread?: ThreadId;
  /** What is watched, for messages. */
  readonly name?: string;
}

/** One address of a breakpoint. */
export interface BreakpointLocation {
  readonly module: Module | undefined;
  readonly address: number;
  readonly file: SourceFile | undefined;
  /** 0 where unknown. */
  readonly line: number;
  readonly column: number;
  readonly functionName: string | undefined;
  /** The inlined copy the address belongs to. */
  readonly inlined: InlinedCall | undefined;
}

export interface Breakpoint {
  readonly id: number;
  /** `observer` is the platform's own and never stops. */
  readonly kind: 'source' | 'function' | 'instruction' | 'data' | 'systemCall' | 'observer';
  readonly verified: boolean;
  /** Why it is not verified, or what was changed (a `case` label's line moved to its statement). */
  readonly message: string | undefined;
  /** True while a module that is not loaded yet may still give it a place. */
  readonly pending: boolean;
  /** All addresses: one for each inlined copy and each module. */
  readonly locations: readonly BreakpointLocation[];
  /** What was asked for: path and line, name or address, as text. */
  readonly requested: string;
  /** Hits that counted (the condition held). */
  readonly hits: number;
}

// ------------------------------------------------------------------------------------------------------- events

export type StepKind = 'over' | 'into' | 'out';
export type StepGranularity = 'line' | 'statement' | 'instruction';

export type StoppedReason =
  | 'entry'
  | 'breakpoint'
  | 'functionBreakpoint'
  | 'instructionBreakpoint'
  | 'dataBreakpoint'
  /** A system-call breakpoint; `text` has the call. */
  | 'systemCall'
  | 'step'
  | 'pause'
  | 'goto'
  /** The instruction budget of `continue(limit)` is used up. */
  | 'limit'
  /** The machine met something it does not have: see `text`. */
  | 'exception';

export interface StoppedEvent {
  readonly reason: StoppedReason;
  readonly thread: ThreadId;
  /** Breakpoints that were hit. */
  readonly breakpointIds: readonly number[];
  /** One sentence more: an error in a condition, an unsupported instruction, a watched write. */
  readonly text: string | undefined;
}

export interface OutputEvent {
  readonly kind: 'log' | 'console';
  readonly text: string;
  readonly breakpoint: Breakpoint | undefined;
  readonly location: BreakpointLocation | undefined;
}

export interface DebuggerEvents {
  stopped: StoppedEvent;
  continued: { readonly thread: ThreadId };
  output: OutputEvent;
  breakpointChanged: { readonly breakpoint: Breakpoint; readonly change: 'changed' | 'new' | 'removed' };
  moduleChanged: { readonly module: Module; readonly change: 'new' | 'removed' };
  /** The guest is gone for good. */
  ended: { readonly how: 'poweroff' | 'halt' | 'reset' | 'shutdown'; readonly message: string };
}

// ----------------------------------------------------------------------------------------------------- the rest

/** What a request cannot be done for, in one sentence. */
export class DebuggerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'DebuggerError';
  }
}

/** What was asked about belongs to a stop that is over. */
export class OutdatedError extends DebuggerError {}

/** How conditions and log messages are computed. Both throw an Error with one sentence. */
export interface ExpressionHooks {
  /** Truth of a C expression in a frame. */
  isTrue(expression: string, frame: Frame): boolean;
  /** Value of a C expression as text. */
  text(expression: string, frame: Frame): string;
  /** Value as an address, for breakpoints at `*expression`; without a frame where the guest has not run yet. */
  address(expression: string, frame: Frame | undefined): number;
}

export interface StepOptions {
  readonly granularity?: StepGranularity;
  /** For `into`: enter only this one of `Debugger.stepTargets`. */
  readonly target?: StepTarget;
}

/** A call in the present line that `into` could enter. */
export interface StepTarget {
  readonly id: number;
  readonly label: string;
  /** Where the call returns to; for an inlined call, the entry of its code. */
  readonly address: number;
  readonly inlined: InlinedCall | undefined;
}

export type { BreakpointLine };

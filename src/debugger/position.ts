import type { InlinedCall, LineInfo } from '../symbols/api';
import { inlinesBeginningAt } from './frames';
import { linkedAddress, type Module } from './modules';
import type { Platform, ThreadId } from './platform';
import type { Registers, Target } from './target';
import { shownLine } from './shown-line';
import { type PhysicalFrame, Unwinder } from './unwind';

/** Where the processor stands, as stepping sees it. */
export interface Position {
  readonly thread: ThreadId;
  readonly registers: Registers;
  readonly module: Module | undefined;
  readonly linked: number;
  readonly physical: PhysicalFrame;
  readonly unwinder: Unwinder;
  /** Tells the concrete function (or symbol) that has the code. */
  readonly functionKey: string;
  /** Entry of that function, in memory; undefined where nothing is known. */
  readonly functionStart: number | undefined;
  /** Whether debug information describes the function (assembly has lines only). */
  readonly hasFunction: boolean;
  /** Inlined calls around the pc, innermost first. */
  readonly inlines: readonly InlinedCall[];
  /** How many of them begin here. */
  readonly beginning: number;
  readonly info: LineInfo | undefined;
}

/** A source line. */
export interface SourceLine {
  readonly path: string;
  readonly line: number;
}

export function positionOf(target: Target, platform: Platform): Position {
  const thread = platform.currentThread();
  const context = platform.context(thread);
  const unwinder = new Unwinder(target, platform, context);
  const physical = unwinder.top();
  const { module } = physical;
  const { eip } = context.registers;
  const linked = module ? linkedAddress(module, eip) : eip;
  const fn = module?.symbols.functionAt(linked);
  const symbol = fn ? undefined : module?.elf.symbolAt(linked);
  const start = fn?.lowPc ?? symbol?.symbol.address;
  return {
    thread,
    registers: context.registers,
    module,
    linked,
    physical,
    unwinder,
    functionKey: `${module?.id ?? ''}:${start ?? eip >>> 12}`,
    functionStart: start === undefined || !module ? undefined : (start + (module.loadBias ?? 0)) >>> 0,
    hasFunction: fn !== undefined,
    inlines: module?.symbols.inlinesAt(linked) ?? [],
    beginning: inlinesBeginningAt(module, eip),
    info: shownLine(module, eip),
  };
}

/** The line a position shows if its `hidden` innermost inlined calls are not entered yet. */
export function lineAt(position: Position, hidden: number): SourceLine | undefined {
  if (hidden > 0) {
    const call = position.inlines[hidden - 1];
    return call.callFile && { path: call.callFile.path, line: call.callLine };
  }
  const { info } = position;
  return info && info.line > 0 ? { path: info.file.path, line: info.line } : undefined;
}

export function isSameLine(a: SourceLine | undefined, b: SourceLine | undefined): boolean {
  return a !== undefined && b !== undefined && a.line === b.line && a.path === b.path;
}

/** Whether the code has a source line, so that a person can follow it. */
export function hasLine(module: Module | undefined, address: number): boolean {
  const info = module?.symbols.lineAt(linkedAddress(module, address));
  return info !== undefined && info.line > 0;
}

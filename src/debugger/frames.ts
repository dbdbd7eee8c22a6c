import type { EvaluationContext, FunctionInfo, InlinedCall, Scope } from '../symbols/api';
import { DebuggerError, type Frame, type FrameList, type FrameLocation, type FrameRegisters } from './api';
import { contextOf } from './frame-context';
import { linkedAddress, type Module } from './modules';
import type { EntryCrossing, Platform, ThreadContext, ThreadId } from './platform';
import type { RegisterName, Target } from './target';
import { shownLine } from './shown-line';
import { type PhysicalFrame, Unwinder } from './unwind';

/** A frame as people see it: one physical frame gives one for each inlined call around its pc and one for the function. */
export class VirtualFrame implements Frame {
  readonly thread: ThreadId;
  readonly module: Module | undefined;
  readonly address: number;
  readonly lookupPc: number;
  readonly isUser: boolean;
  readonly registers: FrameRegisters;
  readonly pageDirectory: number | undefined;
  readonly note: string | undefined;
  private context: EvaluationContext | undefined;

  constructor(
    private readonly stack: CallStack,
    readonly id: number,
    readonly index: number,
    readonly kind: Frame['kind'],
    readonly physical: PhysicalFrame,
    readonly functionName: string,
    readonly location: FrameLocation | undefined,
    readonly code: FunctionInfo | InlinedCall | undefined,
  ) {
    this.thread = stack.context.id;
    this.pageDirectory = stack.context.pageDirectory;
    this.module = kind === 'divider' ? undefined : physical.module;
    this.address = physical.address;
    this.lookupPc = physical.lookupPc;
    this.isUser = physical.isUser && kind !== 'divider';
    this.registers = physical.registers;
    this.note = kind === 'divider' ? undefined : physical.note;
  }

  get function(): FunctionInfo | undefined {
    return this.code?.kind === 'inlined' ? this.code.function : this.code;
  }

  get inlined(): InlinedCall | undefined {
    return this.code?.kind === 'inlined' ? this.code : undefined;
  }

  cfa(): number | undefined {
    return this.kind === 'divider' ? undefined : this.physical.cfa;
  }

  scope(): Scope | undefined {
    if (!this.module || !this.code) return undefined;
    return this.module.symbols.scopeAt(linkedAddress(this.module, this.lookupPc), this.code);
  }

  evaluationContext(): EvaluationContext {
    return (this.context ??= contextOf(this, this.stack.target, () => this.stack.physicalCaller(this)));
  }

  caller(): Frame | undefined {
    return this.stack.at(this.index + 1);
  }

  readMemory(address: number, length: number): Uint8Array {
    return this.stack.target.readMemory(address, length, this.pageDirectory);
  }

  writeMemory(address: number, bytes: Uint8Array): void {
    this.stack.target.writeMemory(address, bytes, this.pageDirectory);
    this.stack.changed();
  }

  writeRegister(name: RegisterName, value: number): void {
    const place = this.registers.get(name)?.place;
    if (!place) throw new DebuggerError(`The value of ${name} in this frame is not known, so it cannot be changed.`);
    switch (place.kind) {
      case 'register':
        this.stack.target.writeRegister(place.name, value >>> 0);
        this.stack.changed();
        return;
      case 'memory':
        this.writeMemory(
          place.address,
          Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24),
        );
        this.stack.changed();
        return;
      case 'computed':
        throw new DebuggerError(
          `${name} of this frame is computed by the unwinder: there is no place to change it in.`,
        );
    }
  }
}

/** A thread's call stack, unwound as far as someone has asked. */
export class CallStack {
  private readonly unwinder: Unwinder;
  private readonly frames: VirtualFrame[] = [];
  /** The innermost physical frame, known from the start. */
  readonly innermost: PhysicalFrame;
  private last: PhysicalFrame | undefined;
  private ended = false;
  private endReason: string | undefined;

  /**
   * @param hiddenInlines how many inlined calls around the pc have not been entered yet, as far as stepping is concerned
   * @param newId gives handles
   * @param changed told when a frame's register or memory was changed
   */
  constructor(
    readonly target: Target,
    platform: Platform,
    readonly context: ThreadContext,
    private readonly hiddenInlines: number,
    private readonly newId: () => number,
    readonly changed: () => void = () => {},
  ) {
    this.unwinder = new Unwinder(target, platform, context);
    this.innermost = this.unwinder.top();
  }

  at(index: number): VirtualFrame | undefined {
    while (this.frames.length <= index && !this.ended) this.grow();
    return this.frames[index];
  }

  list(start = 0, levels = Infinity): FrameList {
    const end = start + levels;
    while (this.frames.length < end && !this.ended) this.grow();
    return {
      frames: this.frames.slice(start, end),
      total: this.ended ? this.frames.length : undefined,
      endReason: this.ended ? this.endReason : undefined,
    };
  }

  /** The frame that called a frame's concrete function. */
  physicalCaller(frame: VirtualFrame): VirtualFrame | undefined {
    for (let index = frame.index + 1; ; index++) {
      const next = this.at(index);
      if (!next || next.kind === 'divider') return undefined;
      if (next.physical !== frame.physical) return next;
    }
  }

  private grow(): void {
    if (!this.last) {
      this.add(this.innermost, this.hiddenInlines);
      return;
    }
    const step = this.unwinder.next(this.last);
    if (step.kind === 'end') {
      this.ended = true;
      this.endReason = step.reason;
      return;
    }
    if (step.kind === 'crossing') {
      this.addDivider(step.crossing, step.frame);
      if (step.crossing.gone !== undefined) {
        this.ended = true;
        this.endReason = step.crossing.gone;
        return;
      }
    }
    this.add(step.frame, 0);
  }

  private addDivider(crossing: EntryCrossing, beyond: PhysicalFrame): void {
    const index = this.frames.length;
    this.frames.push(
      new VirtualFrame(this, this.newId(), index, 'divider', beyond, crossing.label, undefined, undefined),
    );
  }

  private add(physical: PhysicalFrame, hidden: number): void {
    this.last = physical;
    const { module, lookupPc } = physical;
    const push = (
      kind: Frame['kind'],
      name: string,
      location: FrameLocation | undefined,
      code?: FunctionInfo | InlinedCall,
    ): void => {
      const index = this.frames.length;
      this.frames.push(new VirtualFrame(this, this.newId(), index, kind, physical, name, location, code));
    };
    if (!module) {
      push('unknown', `0x${physical.address.toString(16).padStart(8, '0')}`, undefined);
      return;
    }
    const linked = linkedAddress(module, lookupPc);
    const { symbols } = module;
    const info = shownLine(module, lookupPc);
    let location: FrameLocation | undefined = info && { file: info.file, line: info.line, column: info.column };
    const inlines = symbols.inlinesAt(linked);
    inlines.forEach((inlined, depth) => {
      if (depth >= hidden) push('inlined', inlined.name, location, inlined);
      location = inlined.callFile && { file: inlined.callFile, line: inlined.callLine, column: inlined.callColumn };
    });
    const fn = symbols.functionAt(linked);
    const symbol = fn ? undefined : module.elf.symbolAt(linked);
    const name = fn?.name ?? symbol?.symbol.name ?? `0x${physical.address.toString(16).padStart(8, '0')}`;
    push(fn || symbol || location ? 'function' : 'unknown', name, location, fn);
  }
}

/** How many of the inlined calls around a pc begin exactly there: those a step has not entered yet. */
export function inlinesBeginningAt(module: Module | undefined, address: number): number {
  if (!module) return 0;
  const linked = linkedAddress(module, address);
  let count = 0;
  for (const inlined of module.symbols.inlinesAt(linked)) {
    if (!beginsAt(inlined, linked)) break;
    count++;
  }
  return count;
}

/** gdb's rule: the address before it is outside (gdb/inline-frame.c, block_starting_point_at). */
function beginsAt(inlined: InlinedCall, linked: number): boolean {
  return !inlined.ranges.some((range) => linked - 1 >= range.start && linked - 1 < range.end);
}

import { type Engine, type EngineCpu, type ExitReason, MAXIMUM_BUDGET, type Stepper } from '../cpu/engine';
import { stepOnce } from '../cpu/engine-evaluator';
import { GuestFault, Unimplemented, WatchpointHit } from '../cpu/fault';
import {
  EIP,
  HALTED,
  INTERRUPT_SHADOW,
  MODE,
  NEXT_EIP,
  PENDING,
  REMAINING,
  SEG_BASE,
  SegmentRegister,
} from '../cpu/layout';
import { MODE_CODE32, MODE_FLAT, MODE_REAL, MODE_STACK32, MODE_STEP, MODE_USER, MODE_VM86 } from '../cpu/mode';
import { type HelperName } from '../cpu/ops';
import { type Helper } from '../cpu/processor';
import { CodeCache, type CodePages } from './codecache';
import { helperName } from './imports';
import { Interpreter } from './interpreter';
import {
  ADJUST,
  Handler,
  LEAVE,
  PASSABLE,
  RECORD_DISPLACEMENT,
  RECORD_HANDLER,
  RECORD_LENGTH,
  RECORD_OFFSET,
  RECORD_SIZE,
  SPARE_RECORD,
} from './record';

/** What this engine needs of the processor beyond what every engine needs. */
export interface WasmEngineCpu extends EngineCpu {
  readonly ramSize: number;
  readonly mmu: CodePages;
  readonly helpers: Record<HelperName, Helper>;
  /** Whether there are watchpoints, which only the evaluator can pass over. */
  readonly isWatched: boolean;
  codeWritten: (physical: number, size: number) => void;
  raise(vector: number, errorCode?: number): never;
  readLinear(linear: number, bytes: 1 | 2 | 4): number;
  writeLinear(linear: number, bytes: 1 | 2 | 4, value: number): void;
  probeLinear(linear: number, bytes: number, write: boolean): void;
  readSegment(segment: number, offset: number, bytes: 1 | 2 | 4): number;
  writeSegment(segment: number, offset: number, bytes: 1 | 2 | 4, value: number): void;
  probeWrite(segment: number, offset: number, bytes: number): void;
}

const CS_BASE = SEG_BASE + SegmentRegister.CS * 4;

/** The bits of MODE that decide, and what they are in the mode that emitted code is for. */
const MODE_MASK = MODE_CODE32 | MODE_STACK32 | MODE_FLAT | MODE_REAL | MODE_VM86 | MODE_STEP;
const MODE_EMITTED = MODE_CODE32 | MODE_STACK32 | MODE_FLAT;

/** Instructions after which emitted code returns to TypeScript, so that V8 can replace it by its optimised version. */
const STRETCH = 200_000;

/** The interpreter emitted as WebAssembly, with its code cache; what it has no handlers for is the evaluator's. */
export class WasmEngine implements Engine {
  executed = 0;
  readonly watchpoint = new WatchpointHit();
  unimplemented: Unimplemented | undefined;
  private readonly interpreter: Interpreter;
  private readonly cache: CodeCache;
  private readonly breakpoints = new Set<number>();
  private readonly helpers: Helper[] = [];
  private readonly i32: Int32Array;
  private readonly u16: Uint16Array;
  /** The count at which the last interrupt shadow inside emitted code began. */
  private shadowed = -1;

  constructor(
    private readonly cpu: WasmEngineCpu,
    private readonly stepper: Stepper,
  ) {
    this.i32 = cpu.i32;
    this.u16 = new Uint16Array(cpu.memory.buffer);
    type Bytes = 1 | 2 | 4;
    this.interpreter = new Interpreter(cpu.memory, {
      readLinear: (linear, bytes) => cpu.readLinear(linear, bytes as Bytes),
      readLinearForWrite: (linear, bytes) => {
        cpu.probeLinear(linear, bytes, true);
        return cpu.readLinear(linear, bytes as Bytes);
      },
      writeLinear: (linear, bytes, value) => cpu.writeLinear(linear, bytes as Bytes, value),
      probeLinear: (linear, bytes) => cpu.probeLinear(linear, bytes, true),
      readSegment: (segment, offset, bytes) => cpu.readSegment(segment, offset, bytes as Bytes),
      readSegmentForWrite: (segment, offset, bytes) => {
        cpu.probeWrite(segment, offset, bytes);
        return cpu.readSegment(segment, offset, bytes as Bytes);
      },
      writeSegment: (segment, offset, bytes, value) => cpu.writeSegment(segment, offset, bytes as Bytes, value),
      probeSegment: (segment, offset, bytes) => cpu.probeWrite(segment, offset, bytes),
      raise: (vector, errorCode) => cpu.raise(vector, errorCode),
      helper: (number, a, b, c, d) => this.helper(number)(a, b, c, d) ?? 0,
      control: (number, a, b, c, d) => {
        this.helper(number)(a, b, c, d);
        this.i32[EIP >> 2] = this.i32[NEXT_EIP >> 2];
        return this.enter();
      },
      evaluate: () => {
        stepper.step();
        return this.enter();
      },
      enter: () => this.enter(),
      link: (record) => this.link(record),
      decode: (record) => this.decode(record),
    });
    this.cache = new CodeCache(cpu.memory, cpu.ramSize, cpu.mmu, this.interpreter);
    cpu.codeWritten = (physical, size) => {
      if (this.cache.written(physical, size)) this.i32[LEAVE >> 2] = 1;
    };
  }

  setBreakpoints(linear: Iterable<number>): void {
    this.breakpoints.clear();
    for (const address of linear) this.breakpoints.add(address >>> 0);
    this.cache.setBreakpoints(this.breakpoints);
  }

  flush(): void {
    this.cache.reset();
  }

  run(budget: number, resuming = false): ExitReason {
    const { cpu, i32 } = this;
    if (!(budget >= 1 && budget <= MAXIMUM_BUDGET)) throw new RangeError(`A slice of ${budget} instructions.`);
    cpu.sliceEnd = cpu.now() + budget;
    i32[REMAINING >> 2] = budget;
    this.unimplemented = undefined;
    const reason = this.loop(resuming);
    this.executed = budget - i32[REMAINING >> 2];
    return reason;
  }

  private loop(resuming: boolean): ExitReason {
    const { cpu, i32 } = this;
    let first = resuming;
    for (;;) {
      if (cpu.shutdown) return 'shutdown';
      if (i32[PENDING >> 2] !== 0 && i32[INTERRUPT_SHADOW >> 2] === 0) {
        i32[PENDING >> 2] = 0;
        return i32[HALTED >> 2] !== 0 ? 'halt' : 'pending';
      }
      if (i32[HALTED >> 2] !== 0) return 'halt';
      if (i32[REMAINING >> 2] === 0) return 'budget';
      if (!first && this.breakpoints.size !== 0 && this.breakpoints.has(this.linearEip >>> 0)) return 'breakpoint';
      i32[LEAVE >> 2] = 0;
      const special = (first && cpu.isWatched) || i32[INTERRUPT_SHADOW >> 2] !== 0;
      const record = special ? SPARE_RECORD : this.passed(this.enter());
      if (record === SPARE_RECORD || this.isBreakpoint(record)) {
        // Not the usual mode, a shadow, a fetch that faults, or a watchpoint or repeated instruction that is passed.
        const reason = stepOnce(cpu, this.stepper, this.watchpoint, first);
        first = false;
        if (reason === undefined) continue;
        if (typeof reason === 'string') return reason;
        this.unimplemented = reason;
        return 'unimplemented';
      }
      first = false;
      const reason = this.stretch(record);
      if (reason !== undefined) return reason;
    }
  }

  private isBreakpoint(record: number): boolean {
    return this.u16[(record + RECORD_HANDLER) >> 1] === (Handler.Breakpoint as number);
  }

  /** The record to execute: of an instruction with a breakpoint, where that is passed, its own. */
  private passed(record: number): number {
    const isPassable = this.isBreakpoint(record) && this.i32[(record + RECORD_DISPLACEMENT) >> 2] === PASSABLE;
    return isPassable ? record + RECORD_SIZE : record;
  }

  private get linearEip(): number {
    // Breakpoints are compared in every mode: CS.base is 0 only in the usual one.
    return this.i32[CS_BASE >> 2] + this.i32[EIP >> 2];
  }

  /** Run emitted code once; what stopped it, where that ends the slice. */
  private stretch(record: number): ExitReason | undefined {
    const { cpu, i32 } = this;
    const remaining = i32[REMAINING >> 2];
    const instructions = Math.min(remaining, STRETCH);
    i32[ADJUST >> 2] = remaining - instructions;
    try {
      this.interpreter.run(record, instructions);
      return undefined;
    } catch (thrown) {
      if (thrown instanceof GuestFault) {
        cpu.deliver(thrown.vector, thrown.errorCode);
        i32[REMAINING >> 2]--;
        return undefined;
      }
      // The instruction did not execute: if it stands in an interrupt shadow, it still does.
      if (cpu.now() === this.shadowed) i32[INTERRUPT_SHADOW >> 2] = 1;
      if (thrown instanceof WatchpointHit) {
        Object.assign(this.watchpoint, thrown);
        return 'watchpoint';
      }
      if (thrown instanceof Unimplemented) {
        this.unimplemented = thrown;
        return 'unimplemented';
      }
      throw thrown;
    }
  }

  private helper(number: number): Helper {
    return (this.helpers[number] ??= this.cpu.helpers[helperName(number)]);
  }

  /** The record with which to go on at EIP; one that leaves where emitted code must not go on. */
  private enter(): number {
    const { i32 } = this;
    const mode = i32[MODE >> 2];
    const leave = i32[PENDING >> 2] | i32[LEAVE >> 2] | i32[HALTED >> 2];
    if (leave !== 0 || (mode & MODE_MASK) !== MODE_EMITTED) return this.spare(Handler.Leave);
    const record = this.find(i32[EIP >> 2], (mode & MODE_USER) !== 0);
    if (i32[INTERRUPT_SHADOW >> 2] === 0) return record;
    // STI and the like inside emitted code: nothing can come between it and the next instruction, so the shadow ends here, unless the slice does.
    if (this.isBreakpoint(record) || i32[REMAINING >> 2] < 2) return this.spare(Handler.Leave);
    i32[INTERRUPT_SHADOW >> 2] = 0;
    this.shadowed = this.cpu.now() + 1;
    return record;
  }

  private find(linear: number, user: boolean): number {
    try {
      return this.cache.lookUp(linear, user) || this.spare(Handler.Evaluate);
    } catch (thrown) {
      // The fetch faults: the evaluator will find that out again, as an instruction of its own.
      if (thrown instanceof GuestFault) return this.spare(Handler.Evaluate);
      throw thrown;
    }
  }

  /** A branch whose target, at EIP, lies in its own page. */
  private link(record: number): number {
    const { generation } = this.cache;
    const target = this.enter();
    if (target !== SPARE_RECORD && generation === this.cache.generation)
      this.i32[(record + RECORD_DISPLACEMENT) >> 2] = target;
    return target;
  }

  private decode(record: number): number {
    const user = (this.i32[MODE >> 2] & MODE_USER) !== 0;
    return this.cache.continue(record, this.i32[EIP >> 2], user) || this.spare(Handler.Evaluate);
  }

  private spare(handler: Handler): number {
    this.u16[(SPARE_RECORD + RECORD_HANDLER) >> 1] = handler;
    this.u16[(SPARE_RECORD + RECORD_OFFSET) >> 1] = this.i32[EIP >> 2] & 0xfff;
    this.cpu.u8[SPARE_RECORD + RECORD_LENGTH] = 0;
    return SPARE_RECORD;
  }
}

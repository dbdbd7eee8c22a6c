import { type Engine, type EngineCpu, type ExitReason, MAXIMUM_BUDGET, type Stepper } from './engine';
import { GuestFault, Unimplemented, WatchpointHit } from './fault';
import { EIP, HALTED, INTERRUPT_SHADOW, MODE, PENDING, REMAINING, SEG_BASE, SegmentRegister } from './layout';
import { MODE_STEP } from './mode';

const CS_BASE = SEG_BASE + SegmentRegister.CS * 4;

/** The reference engine: one instruction at a time through the evaluator. */
export class EvaluatorEngine implements Engine {
  executed = 0;
  readonly watchpoint = new WatchpointHit();
  unimplemented: Unimplemented | undefined;
  private readonly breakpoints = new Set<number>();

  constructor(
    private readonly cpu: EngineCpu,
    private readonly stepper: Stepper,
  ) {}

  setBreakpoints(linear: Iterable<number>): void {
    this.breakpoints.clear();
    for (const address of linear) this.breakpoints.add(address >>> 0);
  }

  flush(): void {
    // Nothing is derived from guest memory here.
  }

  run(budget: number, resuming = false): ExitReason {
    const { cpu } = this;
    const { i32 } = cpu;
    if (!(budget >= 1 && budget <= MAXIMUM_BUDGET)) throw new RangeError(`A slice of ${budget} instructions.`);
    cpu.sliceEnd = cpu.now() + budget;
    i32[REMAINING >> 2] = budget;
    this.unimplemented = undefined;
    const reason = this.loop(resuming);
    this.executed = budget - i32[REMAINING >> 2];
    return reason;
  }

  private loop(resuming: boolean): ExitReason {
    const { i32 } = this.cpu;
    let first = resuming;
    for (;;) {
      if (this.cpu.shutdown) return 'shutdown';
      if (i32[INTERRUPT_SHADOW >> 2] === 0 && i32[PENDING >> 2] !== 0) {
        i32[PENDING >> 2] = 0;
        return i32[HALTED >> 2] !== 0 ? 'halt' : 'pending';
      }
      if (i32[HALTED >> 2] !== 0) return 'halt';
      if (i32[REMAINING >> 2] === 0) return 'budget';
      if (!first && this.breakpoints.size !== 0) {
        if (this.breakpoints.has((i32[CS_BASE >> 2] + i32[EIP >> 2]) >>> 0)) return 'breakpoint';
      }
      const reason = stepOnce(this.cpu, this.stepper, this.watchpoint, first);
      first = false;
      if (reason === undefined) continue;
      if (typeof reason === 'string') return reason;
      this.unimplemented = reason;
      return 'unimplemented';
    }
  }
}

/**
 * Execute one instruction with everything that belongs to it: fault delivery, the end of the interrupt shadow, the count.
 * Returns what stopped it from executing, if anything did; then nothing has changed.
 */
export function stepOnce(
  cpu: EngineCpu,
  stepper: Stepper,
  watchpoint: WatchpointHit,
  ignoreWatchpoints: boolean,
): 'watchpoint' | Unimplemented | undefined {
  const { i32 } = cpu;
  const shadow = i32[INTERRUPT_SHADOW >> 2];
  cpu.watchpointsSuspended = ignoreWatchpoints;
  const stepping = (i32[MODE >> 2] & MODE_STEP) !== 0;
  try {
    if (!stepping) {
      stepper.step();
    } else if (cpu.beginInstruction()) {
      stepper.step();
      cpu.endInstruction();
    }
  } catch (thrown) {
    if (thrown instanceof GuestFault) {
      cpu.deliver(thrown.vector, thrown.errorCode);
    } else if (thrown instanceof WatchpointHit) {
      Object.assign(watchpoint, thrown);
      return 'watchpoint';
    } else if (thrown instanceof Unimplemented) {
      return thrown;
    } else {
      throw thrown;
    }
  } finally {
    cpu.watchpointsSuspended = false;
  }
  if (shadow !== 0) i32[INTERRUPT_SHADOW >> 2] = 0;
  i32[REMAINING >> 2]--;
  return undefined;
}

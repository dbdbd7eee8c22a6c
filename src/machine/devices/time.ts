/**
 * Virtual time: one instruction is ten nanoseconds. Device clocks derive from the count by exact rational arithmetic, so that they
 * never drift and any two ways of reaching a count agree.
 */

/** Nominal instructions a second, and the frequency of the time-stamp counter. */
export const INSTRUCTIONS_PER_SECOND = 100_000_000;

/** A clock of `frequency` Hz whose tick 0 is at instruction 0. Exact while counts stay below 2^53 divided by the reduced frequency's second. */
export class DerivedClock {
  private readonly ticksPerCycle: number;
  private readonly countsPerCycle: number;

  constructor(readonly frequency: number) {
    const divisor = greatestCommonDivisor(frequency, INSTRUCTIONS_PER_SECOND);
    this.ticksPerCycle = frequency / divisor;
    this.countsPerCycle = INSTRUCTIONS_PER_SECOND / divisor;
  }

  /** Whole ticks that have passed at instruction count `count`. */
  ticksAt(count: number): number {
    const cycle = Math.floor(count / this.countsPerCycle);
    const rest = count - cycle * this.countsPerCycle;
    return cycle * this.ticksPerCycle + Math.floor((rest * this.ticksPerCycle) / this.countsPerCycle);
  }

  /** The first instruction count at which `ticks` ticks have passed. */
  countAt(ticks: number): number {
    const cycle = Math.floor(ticks / this.ticksPerCycle);
    const rest = ticks - cycle * this.ticksPerCycle;
    return cycle * this.countsPerCycle + Math.ceil((rest * this.countsPerCycle) / this.ticksPerCycle);
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

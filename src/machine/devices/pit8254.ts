import type { PortDevice } from './bus';
import type { EventQueue } from './events';
import { PitCounter, type PitCounterState } from './pit-counter';
import { DerivedClock } from './time';

/** CLK of all three counters of a PC's 8254, in Hz. */
export const PIT_FREQUENCY = 1_193_182;

export interface PitState {
  counters: PitCounterState[];
  port61: number;
}

/**
 * The PC's 8254 programmable interval timer at 0x40..0x43 and the system control port 0x61.
 * Counter 0's OUT is IRQ 0, counter 1 was the memory refresh, counter 2 drives the speaker; its GATE is bit 0 of port 0x61.
 */
export class Pit implements PortDevice {
  static readonly PORTS: readonly (readonly [number, number])[] = [
    [0x40, 4],
    [0x61, 1],
  ];

  private readonly clock = new DerivedClock(PIT_FREQUENCY);
  private readonly counters = [new PitCounter(true), new PitCounter(true), new PitCounter(false)];
  /** Bits 0 (gate of counter 2), 1 (speaker data), 2 and 3 (error enables): read back as written. */
  private port61 = 0;
  private readonly slot: number;

  /**
   * @param events where counter 0's output changes are scheduled
   * @param now the instruction count
   * @param setIrq0 the line to the interrupt controller
   */
  constructor(
    private readonly events: EventQueue,
    private readonly now: () => number,
    private readonly setIrq0: (high: boolean) => void,
  ) {
    this.slot = events.reserve('pit', (count) => this.update(this.clock.ticksAt(count)));
  }

  /** Speaker input: counter 2's output where bit 1 of port 0x61 lets it through. */
  get speaker(): boolean {
    this.counters[2].advance(this.ticks());
    return (this.port61 & 2) !== 0 && this.counters[2].output;
  }

  readPort(port: number): number {
    const now = this.ticks();
    switch (port) {
      case 0x40:
      case 0x41:
      case 0x42:
        return this.counters[port - 0x40].readData(now);
      case 0x43:
        // The control word register is write only; the data bus floats.
        return 0xff;
      default:
        return this.readPort61(now);
    }
  }

  writePort(port: number, value: number): void {
    const now = this.ticks();
    switch (port) {
      case 0x40:
      case 0x41:
      case 0x42:
        this.counters[port - 0x40].writeData(value, now);
        break;
      case 0x43:
        this.writeControl(value, now);
        break;
      default:
        this.port61 = value & 0x0f;
        this.counters[2].setGate((value & 1) !== 0, now);
    }
    this.update(now);
  }

  getState(): PitState {
    const now = this.ticks();
    this.counters.forEach((counter) => counter.advance(now));
    return { counters: this.counters.map((counter) => counter.getState()), port61: this.port61 };
  }

  setState(state: PitState): void {
    this.counters.forEach((counter, index) => counter.setState(state.counters[index]));
    this.port61 = state.port61;
  }

  private ticks(): number {
    return this.clock.ticksAt(this.now());
  }

  private writeControl(value: number, now: number): void {
    const select = value >> 6;
    if (select < 3) {
      const counter = this.counters[select];
      if ((value & 0x30) === 0) {
        counter.latchCount(now);
      } else {
        counter.writeControl(value, now);
      }
      return;
    }
    // Read-back command: bits 5 and 4 low ask for count and status, bits 3..1 choose the counters.
    for (let index = 0; index < 3; index++) {
      if (value & (2 << index)) {
        if (!(value & 0x20)) {
          this.counters[index].latchCount(now);
        }
        if (!(value & 0x10)) {
          this.counters[index].latchStatus(now);
        }
      }
    }
  }

  /** Bit 5 is counter 2's OUT, bit 4 toggles with each refresh (every 18 clocks of counter 1's input, about 15 µs). */
  private readPort61(now: number): number {
    this.counters[2].advance(now);
    const refresh = Math.floor(now / 18) & 1;
    return this.port61 | (refresh << 4) | (this.counters[2].output ? 0x20 : 0);
  }

  /** Carry counter 0's output to its interrupt line and look ahead to its next change. */
  private update(now: number): void {
    const counter = this.counters[0];
    counter.advance(now);
    this.setIrq0(counter.output);
    const change = counter.nextChange();
    this.events.schedule(this.slot, change === Infinity ? Infinity : this.clock.countAt(change));
  }
}

/** How the data byte of a counter is read and written (control word bits 5..4). */
const enum Access {
  Latch = 0,
  Low = 1,
  High = 2,
  LowHigh = 3,
}

export interface PitCounterState {
  tick: number;
  mode: number;
  bcd: boolean;
  access: number;
  gate: boolean;
  out: boolean;
  /** The counting element, as a binary number. */
  count: number;
  /** The count that was last loaded, with the modulus for 0. */
  loaded: number;
  /** Mode 3: clocks to the end of the half-cycle. */
  halfLeft: number;
  /** The count register as last written, as a binary number; 0 stands for the modulus. */
  reload: number;
  nullCount: boolean;
  /** A count has been written since the control word. */
  written: boolean;
  /** The next clock pulse moves the count register to the counting element. */
  loadPending: boolean;
  /** A one-shot or strobe still has its output change to make. */
  armed: boolean;
  /** The counting element counts (a count has been loaded since the control word). */
  running: boolean;
  /** The low byte of a two-byte write, waiting for the high one; −1 for none. */
  lowByte: number;
  readHighNext: boolean;
  /** Latched value still to be read, most significant byte last: −1 for none. */
  latchedCount: number;
  latchedStatus: number;
}

/**
 * One counter of an 8254 (Intel data sheet 231164). Time is given in CLK pulses; between calls the counter is brought up to date by
 * arithmetic, not pulse by pulse. The figures of the data sheet are this file's tests.
 */
export class PitCounter {
  private tick = 0;
  private mode = 0;
  private bcd = false;
  private access: number = Access.LowHigh;
  private gate: boolean;
  private out = false;
  private count = 0;
  private loaded = 0;
  private halfLeft = 0;
  private reload = 0;
  private nullCount = true;
  private written = false;
  private loadPending = false;
  private armed = false;
  private running = false;
  private lowByte = -1;
  private readHighNext = false;
  private latchedCount = -1;
  private latchedStatus = -1;

  constructor(gate: boolean) {
    this.gate = gate;
  }

  /** The OUT pin. */
  get output(): boolean {
    return this.out;
  }

  get gateInput(): boolean {
    return this.gate;
  }

  /** Control word for this counter (not a latch or read-back command), at CLK pulse `now`. */
  writeControl(value: number, now: number): void {
    this.advance(now);
    const mode = (value >> 1) & 7;
    this.mode = mode > 5 ? mode - 4 : mode;
    this.bcd = (value & 1) !== 0;
    this.access = (value >> 4) & 3;
    this.out = this.mode !== 0;
    this.nullCount = true;
    this.written = false;
    this.loadPending = false;
    this.armed = false;
    this.running = false;
    this.lowByte = -1;
    this.readHighNext = false;
    this.latchedCount = -1;
    this.latchedStatus = -1;
  }

  /** A byte written to the counter's data port. */
  writeData(value: number, now: number): void {
    this.advance(now);
    switch (this.access) {
      case Access.Low:
        this.setReload(value);
        break;
      case Access.High:
        this.setReload(value << 8);
        break;
      default:
        if (this.lowByte < 0) {
          this.lowByte = value;
          if (this.mode === 0) {
            // "Writing the first byte disables counting. OUT is set low immediately."
            this.running = false;
            this.loadPending = false;
            this.out = false;
          }
        } else {
          const low = this.lowByte;
          this.lowByte = -1;
          this.setReload(low | (value << 8));
        }
    }
  }

  /** A byte read from the counter's data port: status first, then a latched count, else the counting element as it is. */
  readData(now: number): number {
    this.advance(now);
    if (this.latchedStatus >= 0) {
      const status = this.latchedStatus;
      this.latchedStatus = -1;
      return status;
    }
    const value = this.latchedCount >= 0 ? this.latchedCount : this.encoded();
    switch (this.access) {
      case Access.Low:
        this.latchedCount = -1;
        return value & 0xff;
      case Access.High:
        this.latchedCount = -1;
        return value >> 8;
      default:
        this.readHighNext = !this.readHighNext;
        if (this.readHighNext) {
          return value & 0xff;
        }
        this.latchedCount = -1;
        return value >> 8;
    }
  }

  /** Counter latch command; without effect while an earlier latched value is unread. */
  latchCount(now: number): void {
    this.advance(now);
    if (this.latchedCount < 0) {
      this.latchedCount = this.encoded();
    }
  }

  /** Read-back command with STATUS: OUT, null count and the mode as programmed. */
  latchStatus(now: number): void {
    this.advance(now);
    if (this.latchedStatus < 0) {
      this.latchedStatus =
        (this.out ? 0x80 : 0) |
        (this.nullCount ? 0x40 : 0) |
        (this.access << 4) |
        (this.mode << 1) |
        (this.bcd ? 1 : 0);
    }
  }

  /** Set the GATE pin. */
  setGate(high: boolean, now: number): void {
    this.advance(now);
    if (high === this.gate) {
      return;
    }
    this.gate = high;
    if (high) {
      switch (this.mode) {
        case 1:
        case 5: // trigger
          if (this.written) {
            this.loadPending = true;
          }
          break;
        case 2:
        case 3: // "a trigger reloads the counter with the initial count on the next CLK pulse"
          if (this.running) {
            this.loadPending = true;
          }
          break;
      }
    } else if (this.mode === 2 || this.mode === 3) {
      // "If GATE goes low during an output pulse, OUT is set high immediately."
      this.out = true;
    }
  }

  /** Bring the counter to CLK pulse `now`. */
  advance(now: number): void {
    while (this.tick < now) {
      if (this.loadPending) {
        this.load();
        this.tick++;
      } else if (this.inStrobe) {
        this.out = true;
        if (this.counting) {
          this.count = this.minus(1);
        }
        this.tick++;
      } else if (!this.counting) {
        this.tick = now;
      } else if (this.mode === 2) {
        this.advanceRate(now - this.tick);
      } else if (this.mode === 3) {
        this.advanceSquareWave(now - this.tick);
      } else {
        this.advanceOneShot(now - this.tick);
      }
    }
  }

  /** The CLK pulse at which OUT may change next if nothing is written and GATE stays; Infinity where it never does. */
  nextChange(): number {
    if (this.loadPending || this.inStrobe) {
      return this.tick + 1;
    }
    if (!this.counting) {
      return Infinity;
    }
    switch (this.mode) {
      case 2:
        return this.loaded === 1 ? Infinity : this.tick + (this.count === 1 ? 1 : this.count - 1);
      case 3:
        return this.loaded === 1 ? Infinity : this.tick + this.halfLeft;
      default:
        return this.armed ? this.tick + this.untilZero : Infinity;
    }
  }

  getState(): PitCounterState {
    return {
      tick: this.tick,
      mode: this.mode,
      bcd: this.bcd,
      access: this.access,
      gate: this.gate,
      out: this.out,
      count: this.count,
      loaded: this.loaded,
      halfLeft: this.halfLeft,
      reload: this.reload,
      nullCount: this.nullCount,
      written: this.written,
      loadPending: this.loadPending,
      armed: this.armed,
      running: this.running,
      lowByte: this.lowByte,
      readHighNext: this.readHighNext,
      latchedCount: this.latchedCount,
      latchedStatus: this.latchedStatus,
    };
  }

  setState(state: PitCounterState): void {
    Object.assign(this, state);
  }

  /** "The largest possible initial count is 0; this is equivalent to 2^16 for binary counting and 10^4 for BCD counting." */
  private get modulus(): number {
    return this.bcd ? 10000 : 0x10000;
  }

  private setReload(raw: number): void {
    this.reload = this.bcd ? fromBcd(raw) % 10000 : raw;
    this.written = true;
    this.nullCount = true;
    switch (this.mode) {
      case 0:
        this.out = false;
        this.loadPending = true;
        break;
      case 4:
        this.loadPending = true;
        break;
      case 2:
      case 3:
        // While counting, the new count waits for the end of the cycle (or half-cycle), or for a trigger.
        if (!this.running) {
          this.loadPending = true;
        }
        break;
      // Modes 1 and 5 wait for a trigger.
    }
  }

  /** Modes 1 and 5 are started by a trigger and then count whatever GATE does; in the others GATE enables counting. */
  private get counting(): boolean {
    return this.running && (this.gate || this.mode === 1 || this.mode === 5);
  }

  /** In the one clock of the strobe that modes 4 and 5 give. */
  private get inStrobe(): boolean {
    return (this.mode === 4 || this.mode === 5) && !this.out;
  }

  private get untilZero(): number {
    return this.count === 0 ? this.modulus : this.count;
  }

  /** The counting element after `pulses` more, wrapping around. */
  private minus(pulses: number): number {
    return (this.count + this.modulus - (pulses % this.modulus)) % this.modulus;
  }

  /** The CLK pulse that moves the count register into the counting element. */
  private load(): void {
    this.loadPending = false;
    this.nullCount = false;
    this.running = true;
    this.armed = true;
    this.loaded = this.reload === 0 ? this.modulus : this.reload;
    this.count = this.loaded;
    if (this.mode === 1) {
      this.out = false;
    } else if (this.mode === 2 || this.mode === 3) {
      this.out = true;
    }
    this.halfLeft = this.halfLength;
  }

  /** Mode 3: an odd count stays high one clock longer than low. */
  private get halfLength(): number {
    return this.out ? (this.loaded + 1) >> 1 : this.loaded >> 1;
  }

  /** Modes 0, 1, 4, 5: down to zero once, then around and around without further effect. */
  private advanceOneShot(left: number): void {
    const step = this.armed ? Math.min(left, this.untilZero) : left;
    const expires = this.armed && step === this.untilZero;
    this.count = this.minus(step);
    this.tick += step;
    if (expires) {
      this.armed = false;
      this.out = this.mode <= 1;
    }
  }

  /** Mode 2: N, N−1, … 2, 1 with OUT low at 1. A count of 1 is illegal there; OUT then stays high. */
  private advanceRate(left: number): void {
    if (this.loaded === 1) {
      this.tick += left;
    } else if (this.count === 1) {
      this.load();
      this.tick += 1 + this.wholePeriods(left - 1);
    } else {
      const step = Math.min(left, this.count - 1);
      this.count -= step;
      this.tick += step;
      this.out = this.count !== 1;
    }
  }

  /** Mode 3: the count goes down by two; the first pulse of a half-cycle of an odd count makes it even. A count of 1 is illegal. */
  private advanceSquareWave(left: number): void {
    if (this.loaded === 1) {
      this.tick += left;
      return;
    }
    const step = Math.min(left, this.halfLeft);
    this.halfLeft -= step;
    this.tick += step;
    if (this.halfLeft > 0) {
      this.count = 2 * this.halfLeft;
    } else {
      const high = !this.out;
      this.load();
      this.out = high;
      this.halfLeft = this.halfLength;
      if (high) {
        this.tick += this.wholePeriods(left - step);
      }
    }
  }

  /** As many clocks of `left` as whole periods of the count just loaded take: nothing is different after them. */
  private wholePeriods(left: number): number {
    return left - (left % this.loaded);
  }

  /**
   * The counting element as it is read: the modulus itself shows as 0. Between a write and the pulse that loads it the data sheet leaves
   * the value open; it is the new count here, since software whose port accesses take a microsecond never sees another.
   */
  private encoded(): number {
    const count = this.running ? this.count : this.reload;
    return this.bcd ? toBcd(count % 10000) : count & 0xffff;
  }
}

function fromBcd(value: number): number {
  return (value >> 12) * 1000 + ((value >> 8) & 15) * 100 + ((value >> 4) & 15) * 10 + (value & 15);
}

function toBcd(value: number): number {
  return (
    (Math.floor(value / 1000) << 12) |
    (Math.floor((value / 100) % 10) << 8) |
    (Math.floor((value / 10) % 10) << 4) |
    (value % 10)
  );
}

import type { PortDevice } from './bus';
import type { EventQueue } from './events';
import { DerivedClock, INSTRUCTIONS_PER_SECOND } from './time';

/** Registers of the clock (MC146818 data sheet, figure 2) and where PCs keep the century. */
const SECONDS = 0x00;
const SECONDS_ALARM = 0x01;
const MINUTES = 0x02;
const MINUTES_ALARM = 0x03;
const HOURS = 0x04;
const HOURS_ALARM = 0x05;
const DAY_OF_WEEK = 0x06;
const DAY = 0x07;
const MONTH = 0x08;
const YEAR = 0x09;
const REGISTER_A = 0x0a;
const REGISTER_B = 0x0b;
const REGISTER_C = 0x0c;
const REGISTER_D = 0x0d;
const CENTURY = 0x32;

/** Register B. */
const SET = 0x80;
const PERIODIC_ENABLE = 0x40;
const ALARM_ENABLE = 0x20;
const UPDATE_ENABLE = 0x10;
const BINARY = 0x04;
const HOURS_24 = 0x02;

/** Register C; register B has the enables in the same places. */
const IRQ_FLAG = 0x80;
const PERIODIC_FLAG = 0x40;
const ALARM_FLAG = 0x20;
const UPDATE_FLAG = 0x10;

const SECONDS_PER_DAY = 86_400;
/** UIP rises 244 µs before the update, which takes 1984 µs (data sheet, "Update Cycle"). */
const UPDATE_IN_PROGRESS = ((244 + 1984) * INSTRUCTIONS_PER_SECOND) / 1_000_000;

export interface CmosState {
  index: number;
  ram: number[];
  /** Instruction count at which the current second began. */
  secondStart: number;
  /** Periodic ticks already seen. */
  periods: number;
}

/**
 * The PC's CMOS memory and clock, an MC146818, at ports 0x70 and 0x71, on IRQ 8. Its time is a fixed start plus virtual time, so that
 * every boot sees the same clock.
 */
export class Cmos implements PortDevice {
  static readonly PORTS: readonly (readonly [number, number])[] = [[0x70, 2]];

  private index = 0;
  private ram = new Array<number>(128).fill(0);
  private secondStart = 0;
  private periods = 0;
  private readonly updateSlot: number;
  private readonly periodicSlot: number;

  /**
   * @param epoch seconds since 1970-01-01T00:00:00Z at instruction 0
   * @param memoryMiB RAM, for the size bytes that a BIOS leaves
   * @param setIrq8 the line to the interrupt controller
   */
  constructor(
    epoch: number,
    memoryMiB: number,
    private readonly events: EventQueue,
    private readonly now: () => number,
    private readonly setIrq8: (high: boolean) => void,
  ) {
    // Divider on for 32,768 Hz, periodic rate 1024 Hz; 24-hour BCD; battery good: as a BIOS leaves them.
    this.ram[REGISTER_A] = 0x26;
    this.ram[REGISTER_B] = HOURS_24;
    this.ram[REGISTER_D] = 0x80;
    this.writeTime(epoch);
    this.writeConfiguration(memoryMiB);
    this.updateSlot = events.reserve('cmos-update', (count) => this.update(count));
    this.periodicSlot = events.reserve('cmos-periodic', (count) => this.update(count));
  }

  readPort(port: number): number {
    if (port === 0x70) {
      // The index register is write only.
      return 0xff;
    }
    const now = this.now();
    this.sync(now);
    switch (this.index) {
      case REGISTER_A:
        return this.ram[REGISTER_A] | (this.updateInProgress(now) ? 0x80 : 0);
      case REGISTER_C: {
        const flags = this.ram[REGISTER_C] | (this.interrupting ? IRQ_FLAG : 0);
        this.ram[REGISTER_C] = 0;
        this.setIrq8(false);
        return flags;
      }
      default:
        return this.ram[this.index];
    }
  }

  writePort(port: number, value: number): void {
    if (port === 0x70) {
      // Bit 7 masks the non-maskable interrupt, which this machine has no source of.
      this.index = value & 0x7f;
      return;
    }
    const now = this.now();
    this.sync(now);
    switch (this.index) {
      case REGISTER_A: {
        const stopped = this.dividerStopped;
        this.ram[REGISTER_A] = value & 0x7f;
        if (stopped && !this.dividerStopped) {
          // "The first update cycle begins one-half second after the divider's reset is removed."
          this.secondStart = now - INSTRUCTIONS_PER_SECOND / 2;
        }
        this.periods = this.periodsAt(now);
        break;
      }
      case REGISTER_B:
        // SET clears the update-ended interrupt's enable.
        this.ram[REGISTER_B] = value & SET ? value & ~UPDATE_ENABLE : value;
        break;
      case REGISTER_C:
      case REGISTER_D:
        break;
      default:
        this.ram[this.index] = value;
    }
    this.update(now);
  }

  getState(): CmosState {
    this.sync(this.now());
    return { index: this.index, ram: [...this.ram], secondStart: this.secondStart, periods: this.periods };
  }

  setState(state: CmosState): void {
    this.index = state.index;
    this.ram = [...state.ram];
    this.secondStart = state.secondStart;
    this.periods = state.periods;
  }

  /** Divider bits 11x hold the divider in reset; only 010 runs from the PC's 32,768 Hz crystal at the right speed. */
  private get dividerStopped(): boolean {
    return (this.ram[REGISTER_A] & 0x70) !== 0x20;
  }

  private get interrupting(): boolean {
    return (this.ram[REGISTER_B] & this.ram[REGISTER_C] & (PERIODIC_FLAG | ALARM_FLAG | UPDATE_FLAG)) !== 0;
  }

  private updateInProgress(now: number): boolean {
    return (
      !this.dividerStopped &&
      !(this.ram[REGISTER_B] & SET) &&
      now - this.secondStart >= INSTRUCTIONS_PER_SECOND - UPDATE_IN_PROGRESS
    );
  }

  /** Bring time and flags up to date, drive the interrupt line, and schedule what an enabled interrupt will need. */
  private update(now: number): void {
    this.sync(now);
    this.setIrq8(this.interrupting);
    const enables = this.ram[REGISTER_B];
    const seconds = enables & (UPDATE_ENABLE | ALARM_ENABLE) && !(enables & SET) && !this.dividerStopped;
    this.events.schedule(this.updateSlot, seconds ? this.secondStart + INSTRUCTIONS_PER_SECOND : Infinity);
    const clock = this.periodicClock();
    this.events.schedule(
      this.periodicSlot,
      enables & PERIODIC_ENABLE && clock ? clock.countAt(this.periods + 1) : Infinity,
    );
  }

  private sync(now: number): void {
    const periods = this.periodsAt(now);
    if (periods !== this.periods) {
      this.periods = periods;
      this.ram[REGISTER_C] |= PERIODIC_FLAG;
    }
    if (this.dividerStopped) {
      this.secondStart = now;
      return;
    }
    const elapsed = Math.floor((now - this.secondStart) / INSTRUCTIONS_PER_SECOND);
    if (elapsed > 0) {
      this.secondStart += elapsed * INSTRUCTIONS_PER_SECOND;
      if (!(this.ram[REGISTER_B] & SET)) {
        this.passSeconds(elapsed);
      }
    }
  }

  private passSeconds(elapsed: number): void {
    const before = this.readTime();
    this.ram[REGISTER_C] |= UPDATE_FLAG;
    // An alarm matches at least once in a day, or never.
    for (let second = 1; second <= Math.min(elapsed, SECONDS_PER_DAY); second++) {
      if (this.alarmMatches((before + second) % SECONDS_PER_DAY)) {
        this.ram[REGISTER_C] |= ALARM_FLAG;
        break;
      }
    }
    this.writeTime(before + elapsed);
  }

  /** Alarm bytes with both top bits set match anything ("don't care"). */
  private alarmMatches(secondOfDay: number): boolean {
    const matches = (register: number, value: number): boolean =>
      (this.ram[register] & 0xc0) === 0xc0 || this.ram[register] === value;
    return (
      matches(SECONDS_ALARM, this.encode(secondOfDay % 60)) &&
      matches(MINUTES_ALARM, this.encode(Math.floor(secondOfDay / 60) % 60)) &&
      matches(HOURS_ALARM, this.encodeHours(Math.floor(secondOfDay / 3600)))
    );
  }

  // ---- the periodic interrupt: register A bits 3..0 (data sheet, table 5)

  private periodicRate(): number {
    const select = this.ram[REGISTER_A] & 0x0f;
    if (select === 0) {
      return 0;
    }
    return select <= 2 ? 512 >> select : 65536 >> select;
  }

  private periodicClock(): DerivedClock | undefined {
    const rate = this.dividerStopped ? 0 : this.periodicRate();
    return rate === 0 ? undefined : PERIODIC_CLOCKS[Math.log2(rate)];
  }

  private periodsAt(now: number): number {
    return this.periodicClock()?.ticksAt(now) ?? 0;
  }

  // ---- time and its encoding

  private encode(value: number): number {
    return this.ram[REGISTER_B] & BINARY ? value : (Math.floor(value / 10) << 4) | (value % 10);
  }

  private decode(value: number): number {
    return this.ram[REGISTER_B] & BINARY ? value : (value >> 4) * 10 + (value & 15);
  }

  private encodeHours(hours: number): number {
    if (this.ram[REGISTER_B] & HOURS_24) {
      return this.encode(hours);
    }
    return this.encode(hours % 12 === 0 ? 12 : hours % 12) | (hours >= 12 ? 0x80 : 0);
  }

  private decodeHours(value: number): number {
    if (this.ram[REGISTER_B] & HOURS_24) {
      return this.decode(value);
    }
    return (this.decode(value & 0x7f) % 12) + (value & 0x80 ? 12 : 0);
  }

  /** Seconds since 1970 from the registers; values out of range carry over. The century byte is BCD always, as a BIOS keeps it. */
  private readTime(): number {
    const century = (this.ram[CENTURY] >> 4) * 10 + (this.ram[CENTURY] & 15);
    return (
      Date.UTC(
        century * 100 + this.decode(this.ram[YEAR]),
        this.decode(this.ram[MONTH]) - 1,
        this.decode(this.ram[DAY]),
        this.decodeHours(this.ram[HOURS]),
        this.decode(this.ram[MINUTES]),
        this.decode(this.ram[SECONDS]),
      ) / 1000
    );
  }

  private writeTime(seconds: number): void {
    const date = new Date(seconds * 1000);
    const century = Math.floor(date.getUTCFullYear() / 100);
    this.ram[SECONDS] = this.encode(date.getUTCSeconds());
    this.ram[MINUTES] = this.encode(date.getUTCMinutes());
    this.ram[HOURS] = this.encodeHours(date.getUTCHours());
    this.ram[DAY_OF_WEEK] = this.encode(date.getUTCDay() + 1);
    this.ram[DAY] = this.encode(date.getUTCDate());
    this.ram[MONTH] = this.encode(date.getUTCMonth() + 1);
    this.ram[YEAR] = this.encode(date.getUTCFullYear() % 100);
    this.ram[CENTURY] = (Math.floor(century / 10) << 4) | (century % 10);
  }

  /** What a BIOS leaves: no diskettes or disks, 640 KiB below 1 MiB, the memory above, and the checksum over it. */
  private writeConfiguration(memoryMiB: number): void {
    const word = (register: number, value: number): void => {
      this.ram[register] = value & 0xff;
      this.ram[register + 1] = value >> 8;
    };
    // Equipment byte: coprocessor.
    this.ram[0x14] = 0x02;
    word(0x15, 640);
    const above1MiB = Math.min((memoryMiB - 1) * 1024, 0xffff);
    word(0x17, above1MiB);
    word(0x30, above1MiB);
    word(0x34, memoryMiB > 16 ? Math.min((memoryMiB - 16) * 16, 0xffff) : 0);
    let sum = 0;
    for (let register = 0x10; register <= 0x2d; register++) {
      sum += this.ram[register];
    }
    this.ram[0x2e] = sum >> 8;
    this.ram[0x2f] = sum & 0xff;
  }
}

/** By the logarithm of the rate: 2 Hz to 32,768 Hz. */
const PERIODIC_CLOCKS = Array.from({ length: 16 }, (_, log) => new DerivedClock(1 << log));

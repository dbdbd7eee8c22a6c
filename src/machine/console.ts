import type { EventQueue } from './devices/events';
import { NEVER } from './devices/events';
import type { InputRecord } from './types';

/**
 * What is typed at the console, with the instruction count at which each piece enters the machine. Input always enters through the
 * event queue, one instruction after it was given, so that a replay meets it in the same order among the events of its count.
 */
export class ConsoleInput {
  static readonly SLOT = 'console-input';

  private records: InputRecord[];
  /** Records before this one have entered. */
  private entered = 0;
  private readonly slot: number;

  /**
   * @param events a queue without other slots yet: input comes first among events of the same count
   * @param deliver takes the bytes at their count
   */
  constructor(
    private readonly events: EventQueue,
    replay: readonly InputRecord[],
    private readonly deliver: (bytes: readonly number[]) => void,
  ) {
    this.records = replay
      .map(({ count, bytes }) => ({ count, bytes: [...bytes] }))
      .sort((first, second) => first.count - second.count);
    this.slot = events.reserve(ConsoleInput.SLOT, (count) => this.enter(count));
    this.scheduleNext();
  }

  /** Everything that has entered or will enter. */
  get log(): readonly InputRecord[] {
    return this.records;
  }

  /** Type bytes at instruction count `now`. */
  type(bytes: Uint8Array, now: number): void {
    if (bytes.length === 0) {
      return;
    }
    const record = { count: now + 1, bytes: Array.from(bytes) };
    const later = this.records.findIndex(({ count }, index) => index >= this.entered && count > record.count);
    this.records.splice(later < 0 ? this.records.length : later, 0, record);
    this.scheduleNext();
  }

  /**
   * After the machine was set back (or on) to `now`, and the event queue with it: what had not entered then is to come (again). Input
   * for `now` itself may still be due, which the queue's deadline tells.
   */
  rewind(now: number): void {
    const first = Math.min(this.events.deadline(this.slot), now + 1);
    const later = this.records.findIndex(({ count }) => count >= first);
    this.entered = later < 0 ? this.records.length : later;
    this.scheduleNext();
  }

  /** Drop the input that has not entered yet. */
  forgetFuture(): void {
    this.records.length = this.entered;
    this.scheduleNext();
  }

  private enter(now: number): void {
    while (this.entered < this.records.length && this.records[this.entered].count <= now) {
      this.deliver(this.records[this.entered++].bytes);
    }
    this.scheduleNext();
  }

  private scheduleNext(): void {
    this.events.schedule(this.slot, this.records[this.entered]?.count ?? NEVER);
  }
}

/** Called when a slot's time has come; `now` is the instruction count it was scheduled for. */
export type EventHandler = (now: number) => void;

/** Never. */
export const NEVER = Infinity;

/**
 * What happens at which instruction count: the machine's only clock. Each device reserves its slots once; a slot holds at most one
 * deadline. Slots due at the same count fire in the order of their reservation. Scheduling and firing allocate nothing.
 */
export class EventQueue {
  private readonly names: string[] = [];
  private readonly handlers: EventHandler[] = [];
  private deadlines = new Float64Array(0);
  private earliest = NEVER;

  /** Called when the earliest deadline moves forward, so that a slice in progress can end in time. */
  onSooner: () => void = () => {};

  /** Reserve a slot. The name identifies it in snapshots. */
  reserve(name: string, handler: EventHandler): number {
    if (this.names.includes(name)) {
      throw new Error(`Event slot '${name}' is reserved twice.`);
    }
    this.names.push(name);
    this.handlers.push(handler);
    const deadlines = new Float64Array(this.names.length).fill(NEVER);
    deadlines.set(this.deadlines);
    this.deadlines = deadlines;
    return this.names.length - 1;
  }

  /** Let the slot fire at instruction count `when`, in place of what it held; NEVER cancels. */
  schedule(slot: number, when: number): void {
    const before = this.earliest;
    this.deadlines[slot] = when;
    if (when <= before) {
      this.earliest = when;
      if (when < before) {
        this.onSooner();
      }
    } else {
      this.findEarliest();
    }
  }

  cancel(slot: number): void {
    this.schedule(slot, NEVER);
  }

  /** When the slot fires next, or NEVER. */
  deadline(slot: number): number {
    return this.deadlines[slot];
  }

  /** The earliest deadline, or NEVER. */
  next(): number {
    return this.earliest;
  }

  /** Fire all that is due at `now` or before, earliest first; also what the handlers schedule for `now`. */
  fire(now: number): void {
    while (this.earliest <= now) {
      const slot = this.deadlines.indexOf(this.earliest);
      const when = this.earliest;
      this.deadlines[slot] = NEVER;
      this.findEarliest();
      this.handlers[slot](when);
    }
  }

  /** Deadlines by slot name; slots without one are left out. */
  getState(): Record<string, number> {
    const state: Record<string, number> = {};
    this.names.forEach((name, slot) => {
      if (this.deadlines[slot] !== NEVER) {
        state[name] = this.deadlines[slot];
      }
    });
    return state;
  }

  setState(state: Record<string, number>): void {
    this.names.forEach((name, slot) => {
      this.deadlines[slot] = state[name] ?? NEVER;
    });
    this.findEarliest();
    this.onSooner();
  }

  private findEarliest(): void {
    let earliest = NEVER;
    for (let slot = 0; slot < this.deadlines.length; slot++) {
      if (this.deadlines[slot] < earliest) {
        earliest = this.deadlines[slot];
      }
    }
    this.earliest = earliest;
  }
}

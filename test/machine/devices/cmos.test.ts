import assert from 'node:assert/strict';
import { Cmos } from '../../../src/machine/devices/cmos';
import { EventQueue } from '../../../src/machine/devices/events';
import { INSTRUCTIONS_PER_SECOND } from '../../../src/machine/devices/time';

const [SECONDS, SECONDS_ALARM, MINUTES, MINUTES_ALARM, HOURS, HOURS_ALARM] = [0, 1, 2, 3, 4, 5];
const [WEEKDAY, DAY, MONTH, YEAR, A, B, C, D, CENTURY] = [6, 7, 8, 9, 10, 11, 12, 13, 0x32];

const MILLISECOND = INSTRUCTIONS_PER_SECOND / 1000;

class Rig {
  readonly events = new EventQueue();
  count = 0;
  irq = false;
  rises: number[] = [];
  readonly cmos: Cmos;

  constructor(time = '2026-01-01T00:00:00Z', memoryMiB = 64) {
    this.cmos = new Cmos(
      Date.parse(time) / 1000,
      memoryMiB,
      this.events,
      () => this.count,
      (high) => {
        if (high && !this.irq) {
          this.rises.push(this.count);
        }
        this.irq = high;
      },
    );
  }

  get(register: number): number {
    this.cmos.writePort(0x70, register);
    return this.cmos.readPort(0x71);
  }

  set(register: number, value: number): void {
    this.cmos.writePort(0x70, register);
    this.cmos.writePort(0x71, value);
  }

  to(count: number): void {
    while (this.events.next() <= count) {
      this.count = this.events.next();
      this.events.fire(this.count);
    }
    this.count = count;
  }

  passSeconds(seconds: number): void {
    this.to(this.count + seconds * INSTRUCTIONS_PER_SECOND);
  }

  /** The time registers in the order of a date, as hexadecimal (which BCD reads as). */
  time(): string {
    const hex = (register: number): string => this.get(register).toString(16).padStart(2, '0');
    return `${hex(CENTURY)}${hex(YEAR)}-${hex(MONTH)}-${hex(DAY)} ${hex(HOURS)}:${hex(MINUTES)}:${hex(SECONDS)}`;
  }
}

describe('machine/devices: CMOS clock', () => {
  it('starts at the epoch it is given, in BCD and 24 hours', () => {
    const rig = new Rig('2026-11-22T16:45:59Z');
    assert.equal(rig.time(), '2026-11-22 16:45:59');
    // Sunday is 1.
    assert.equal(rig.get(WEEKDAY), 1);
    assert.equal(rig.get(B), 0x02);
    assert.equal(rig.get(D), 0x80);
  });

  it('goes on by virtual time only: one second is 100 M instructions', () => {
    const rig = new Rig();
    rig.to(INSTRUCTIONS_PER_SECOND - 1);
    assert.equal(rig.time(), '2026-01-01 00:00:00');
    rig.to(INSTRUCTIONS_PER_SECOND);
    assert.equal(rig.time(), '2026-01-01 00:00:01');
  });

  it('carries over minutes, days, leap days, years and centuries', () => {
    for (const [from, seconds, to] of [
      ['2026-03-01T23:59:59Z', 1, '2026-03-02 00:00:00'],
      ['2028-02-28T23:59:59Z', 1, '2028-02-29 00:00:00'],
      ['2027-02-28T23:59:59Z', 1, '2027-03-01 00:00:00'],
      ['2099-12-31T23:59:58Z', 3, '2100-01-01 00:00:01'],
      ['2026-01-01T00:00:00Z', 365 * 86_400, '2027-01-01 00:00:00'],
    ] as const) {
      const rig = new Rig(from);
      rig.passSeconds(seconds);
      assert.equal(rig.time(), to);
    }
  });

  it('keeps binary and 12-hour time where register B says so', () => {
    for (const [hours, bcd24, bcd12, binary12] of [
      [0, 0x00, 0x12, 12],
      [1, 0x01, 0x01, 1],
      [11, 0x11, 0x11, 11],
      [12, 0x12, 0x92, 0x8c],
      [13, 0x13, 0x81, 0x81],
      [23, 0x23, 0x91, 0x8b],
    ]) {
      const rig = new Rig(`2026-01-01T${String(hours).padStart(2, '0')}:00:00Z`);
      assert.equal(rig.get(HOURS), bcd24);
      for (const [mode, expected] of [
        [0x00, bcd12],
        [0x04, binary12],
        [0x06, hours],
      ]) {
        // The mode is chosen while SET holds the clock, and the time written in it.
        rig.set(B, 0x80 | mode);
        rig.set(HOURS, expected);
        rig.set(MINUTES, 0);
        rig.set(SECONDS, 0);
        rig.set(DAY, 1);
        rig.set(MONTH, 1);
        rig.set(YEAR, mode & 4 ? 26 : 0x26);
        rig.set(B, mode);
        rig.passSeconds(1);
        assert.equal(rig.get(SECONDS), 1);
        assert.equal(rig.get(HOURS), expected, `${hours} h in mode ${mode}`);
      }
    }
  });

  it('takes a new time while SET holds it', () => {
    const rig = new Rig();
    rig.set(B, 0x82);
    rig.passSeconds(5);
    assert.equal(rig.time(), '2026-01-01 00:00:00');
    rig.set(YEAR, 0x30);
    rig.set(MONTH, 0x12);
    rig.set(DAY, 0x31);
    rig.set(HOURS, 0x23);
    rig.set(MINUTES, 0x59);
    rig.set(SECONDS, 0x58);
    rig.set(B, 0x02);
    rig.passSeconds(3);
    assert.equal(rig.time(), '2031-01-01 00:00:01');
  });

  it('stands still while its divider is held, and begins half a second after its release', () => {
    const rig = new Rig();
    rig.set(A, 0x76);
    rig.passSeconds(10);
    assert.equal(rig.time(), '2026-01-01 00:00:00');
    rig.set(A, 0x26);
    rig.to(rig.count + 499 * MILLISECOND);
    assert.equal(rig.get(SECONDS), 0x00);
    rig.to(rig.count + MILLISECOND);
    assert.equal(rig.get(SECONDS), 0x01);
  });

  it('shows an update in progress for the last 2228 µs of a second', () => {
    const rig = new Rig();
    const uip = (): boolean => (rig.get(A) & 0x80) !== 0;
    rig.to(INSTRUCTIONS_PER_SECOND - 222_801);
    assert.equal(uip(), false);
    rig.to(INSTRUCTIONS_PER_SECOND - 222_800);
    assert.equal(uip(), true);
    rig.to(INSTRUCTIONS_PER_SECOND);
    assert.equal(uip(), false);
    rig.set(B, 0x82);
    rig.to(2 * INSTRUCTIONS_PER_SECOND - 1);
    assert.equal(uip(), false);
  });

  it('has no writable UIP, and registers C and D are read only', () => {
    const rig = new Rig();
    rig.set(A, 0xa6);
    assert.equal(rig.get(A), 0x26);
    rig.set(C, 0xff);
    rig.set(D, 0x00);
    assert.equal(rig.get(C), 0x00);
    assert.equal(rig.get(D), 0x80);
  });
});

describe('machine/devices: CMOS interrupts', () => {
  it('update-ended: each second, until register C is read', () => {
    const rig = new Rig();
    rig.set(B, 0x12);
    rig.passSeconds(1);
    assert.equal(rig.irq, true);
    assert.equal(rig.get(C) & 0x90, 0x90);
    assert.equal(rig.irq, false);
    assert.equal(rig.get(C), 0x00);
    rig.passSeconds(1);
    assert.deepEqual(rig.rises, [INSTRUCTIONS_PER_SECOND, 2 * INSTRUCTIONS_PER_SECOND]);
  });

  it('flags are raised without interrupt where they are not enabled', () => {
    const rig = new Rig();
    rig.passSeconds(1);
    assert.equal(rig.get(C), 0x50);
    assert.deepEqual(rig.rises, []);
  });

  it('an enabled flag that is already up interrupts at once', () => {
    const rig = new Rig();
    rig.passSeconds(1);
    rig.set(B, 0x12);
    assert.equal(rig.irq, true);
  });

  it('alarm: at the second that matches, with and without "don’t care"', () => {
    for (const [hours, minutes, seconds, after] of [
      [0x01, 0x02, 0x03, 3723],
      [0xff, 0x02, 0x03, 123],
      [0xc0, 0xc0, 0x03, 3],
      [0xff, 0xff, 0xff, 1],
    ]) {
      const rig = new Rig();
      rig.set(HOURS_ALARM, hours);
      rig.set(MINUTES_ALARM, minutes);
      rig.set(SECONDS_ALARM, seconds);
      rig.set(B, 0x22);
      rig.passSeconds(after);
      assert.deepEqual(rig.rises, [after * INSTRUCTIONS_PER_SECOND]);
      assert.equal(rig.get(C) & 0xa0, 0xa0);
    }
  });

  it('notices an alarm in a long stretch that nobody watched', () => {
    const rig = new Rig();
    rig.set(HOURS_ALARM, 0x23);
    rig.passSeconds(80_000);
    assert.equal(rig.get(C) & 0x20, 0x00);
    rig.passSeconds(86_400);
    assert.equal(rig.get(C) & 0x20, 0x20);
  });

  it('SET switches the update-ended interrupt off', () => {
    const rig = new Rig();
    rig.set(B, 0x92);
    assert.equal(rig.get(B), 0x82);
  });

  it('periodic: all fifteen rates', () => {
    const rates = [256, 128, 8192, 4096, 2048, 1024, 512, 256, 128, 64, 32, 16, 8, 4, 2];
    rates.forEach((rate, index) => {
      const rig = new Rig();
      rig.set(A, 0x20 | (index + 1));
      rig.set(B, 0x42);
      let interrupts = 0;
      while (rig.events.next() <= INSTRUCTIONS_PER_SECOND) {
        rig.to(rig.events.next());
        if (rig.get(C) & 0x40) {
          interrupts++;
        }
      }
      assert.equal(interrupts, rate, `rate select ${index + 1}`);
    });
  });

  it('rate 0 is none', () => {
    const rig = new Rig();
    rig.set(A, 0x20);
    rig.get(C);
    rig.set(B, 0x42);
    rig.passSeconds(1);
    assert.deepEqual(rig.rises, []);
  });
});

describe('machine/devices: CMOS memory', () => {
  it('keeps what is written to it, at 0x0e and up', () => {
    const rig = new Rig();
    rig.set(0x7f, 0x5a);
    rig.set(0x0e, 0xa5);
    assert.deepEqual([rig.get(0x7f), rig.get(0x0e)], [0x5a, 0xa5]);
  });

  it('ignores the NMI mask in bit 7 of the index, which cannot be read back', () => {
    const rig = new Rig();
    assert.equal(rig.get(0x80 | D), 0x80);
    assert.equal(rig.cmos.readPort(0x70), 0xff);
  });

  it('has the memory sizes and the checksum that a BIOS leaves', () => {
    for (const [mib, kib, above16] of [
      [1, 0, 0],
      [16, 15 * 1024, 0],
      [64, 63 * 1024, 48 * 16],
      [2048, 0xffff, 2032 * 16],
    ]) {
      const rig = new Rig(undefined, mib);
      const word = (register: number): number => rig.get(register) | (rig.get(register + 1) << 8);
      assert.equal(word(0x15), 640);
      assert.equal(word(0x17), kib);
      assert.equal(word(0x30), kib);
      assert.equal(word(0x34), above16);
      let sum = 0;
      for (let register = 0x10; register <= 0x2d; register++) {
        sum += rig.get(register);
      }
      assert.equal((rig.get(0x2e) << 8) | rig.get(0x2f), sum);
    }
  });

  it('goes on from its state', () => {
    const first = new Rig('2026-05-05T05:05:05Z');
    first.set(B, 0x72);
    first.to(123_456_789);
    const second = new Rig();
    second.count = first.count;
    second.cmos.setState(JSON.parse(JSON.stringify(first.cmos.getState())) as ReturnType<Cmos['getState']>);
    second.events.setState(first.events.getState());
    second.irq = first.irq;
    first.rises = [];
    for (const rig of [first, second]) {
      for (let n = 0; n < 100; n++) {
        rig.to(rig.count + 7_000_000);
        rig.get(C);
      }
    }
    assert.deepEqual(second.rises, first.rises);
    assert.ok(first.rises.length > 90);
    assert.deepEqual(second.cmos.getState(), first.cmos.getState());
  });
});

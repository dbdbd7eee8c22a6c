import assert from 'node:assert/strict';
import { EventQueue } from '../../../src/machine/devices/events';
import { PitCounter } from '../../../src/machine/devices/pit-counter';
import { Pit, PIT_FREQUENCY } from '../../../src/machine/devices/pit8254';
import { DerivedClock, INSTRUCTIONS_PER_SECOND } from '../../../src/machine/devices/time';

/** A control word for a counter (the select bits do not reach it): access low byte, low and high byte, mode, BCD. */
const LSB = 1;
const WORD = 3;
const control = (access: number, mode: number, bcd = 0): number => (access << 4) | (mode << 1) | bcd;

interface Step {
  /** Before the CLK pulse of this column. */
  write?: number;
  gate?: boolean;
}

/**
 * Drive a counter as a figure of the Intel 8254 data sheet does, one column a CLK pulse, and note the counting element ("count") and
 * OUT ("H" or "L") after each pulse. A count that is not loaded yet is drawn as N there, and as "N" here.
 */
function figure(
  { mode, access = LSB, gate = true, bcd = 0 }: { mode: number; access?: number; gate?: boolean; bcd?: number },
  columns: number,
  steps: Record<number, Step>,
): string {
  const counter = new PitCounter(gate);
  let now = 0;
  counter.writeControl(control(access, mode, bcd), now);
  const drawn: string[] = [];
  for (let column = 0; column < columns; column++) {
    const step = steps[column];
    if (step?.write !== undefined) {
      counter.writeData(step.write, now);
    }
    if (step?.gate !== undefined) {
      counter.setGate(step.gate, now);
    }
    counter.advance(++now);
    const { running, count } = counter.getState();
    drawn.push(`${running ? count.toString(bcd ? 10 : 16).toUpperCase() : 'N'}${counter.output ? 'H' : 'L'}`);
  }
  return drawn.join(' ');
}

describe('machine/devices: 8254 counter, by the figures of its data sheet', () => {
  it('mode 0: OUT rises N+1 pulses after the write', () => {
    assert.equal(figure({ mode: 0 }, 8, { 0: { write: 4 } }), '4L 3L 2L 1L 0H FFFFH FFFEH FFFDH');
  });

  it('mode 0: GATE low holds the count', () => {
    assert.equal(
      figure({ mode: 0 }, 8, { 0: { write: 3 }, 2: { gate: false }, 4: { gate: true } }),
      '3L 2L 2L 2L 1L 0H FFFFH FFFEH',
    );
  });

  it('mode 0: a new count starts over', () => {
    assert.equal(figure({ mode: 0 }, 7, { 0: { write: 3 }, 3: { write: 2 } }), '3L 2L 1L 2L 1L 0H FFFFH');
  });

  it('mode 0: the first byte of two stops the count and lowers OUT', () => {
    const counter = new PitCounter(true);
    counter.writeControl(control(WORD, 0), 0);
    counter.writeData(2, 0);
    counter.writeData(0, 0);
    counter.advance(3);
    assert.equal(counter.output, true);
    counter.writeData(5, 3);
    assert.equal(counter.output, false);
    assert.equal(counter.nextChange(), Infinity);
    counter.advance(10);
    counter.writeData(0, 10);
    counter.advance(16);
    assert.equal(counter.output, true);
  });

  it('mode 0: a count loads while GATE is low, and then waits', () => {
    assert.equal(figure({ mode: 0, gate: false }, 6, { 0: { write: 2 }, 3: { gate: true } }), '2L 2L 2L 1L 0H FFFFH');
  });

  it('mode 1: a trigger starts the one-shot', () => {
    assert.equal(
      figure({ mode: 1, gate: false }, 8, { 0: { write: 3 }, 2: { gate: true }, 3: { gate: false } }),
      'NH NH 3L 2L 1L 0H FFFFH FFFEH',
    );
  });

  it('mode 1: it can be triggered again while it runs', () => {
    assert.equal(
      figure({ mode: 1, gate: false }, 8, {
        0: { write: 3 },
        1: { gate: true },
        2: { gate: false },
        3: { gate: true },
      }),
      'NH 3L 2L 3L 2L 1L 0H FFFFH',
    );
  });

  it('mode 1: a new count waits for the next trigger', () => {
    assert.equal(
      figure({ mode: 1, gate: false }, 9, {
        0: { write: 2 },
        1: { gate: true },
        2: { write: 4, gate: false },
        5: { gate: true },
      }),
      'NH 2L 1L 0H FFFFH 4L 3L 2L 1L',
    );
  });

  it('mode 1: a trigger without a count does nothing', () => {
    assert.equal(figure({ mode: 1, gate: false }, 3, { 1: { gate: true } }), 'NH NH NH');
  });

  it('mode 2: divides by N, low for one pulse', () => {
    assert.equal(figure({ mode: 2 }, 8, { 0: { write: 3 } }), '3H 2H 1L 3H 2H 1L 3H 2H');
  });

  it('mode 2: GATE low stops it, a trigger reloads', () => {
    assert.equal(
      figure({ mode: 2 }, 8, { 0: { write: 3 }, 2: { gate: false }, 4: { gate: true } }),
      '3H 2H 2H 2H 3H 2H 1L 3H',
    );
  });

  it('mode 2: GATE low raises OUT at once', () => {
    const counter = new PitCounter(true);
    counter.writeControl(control(LSB, 2), 0);
    counter.writeData(3, 0);
    counter.advance(3);
    assert.equal(counter.output, false);
    counter.setGate(false, 3);
    assert.equal(counter.output, true);
  });

  it('mode 2: a new count waits for the end of the cycle', () => {
    assert.equal(figure({ mode: 2 }, 9, { 0: { write: 4 }, 2: { write: 5 } }), '4H 3H 2H 1L 5H 4H 3H 2H 1L');
  });

  it('mode 3: an even count, by two, half and half', () => {
    assert.equal(figure({ mode: 3 }, 9, { 0: { write: 4 } }), '4H 2H 4L 2L 4H 2H 4L 2L 4H');
  });

  it('mode 3: an odd count, one pulse longer high', () => {
    assert.equal(figure({ mode: 3 }, 11, { 0: { write: 5 } }), '5H 4H 2H 5L 2L 5H 4H 2H 5L 2L 5H');
  });

  it('mode 3: GATE low raises OUT and stops, a trigger reloads', () => {
    assert.equal(
      figure({ mode: 3 }, 8, { 0: { write: 4 }, 3: { gate: false }, 5: { gate: true } }),
      '4H 2H 4L 4H 4H 4H 2H 4L',
    );
  });

  it('mode 4: a strobe N+1 pulses after the write', () => {
    assert.equal(figure({ mode: 4 }, 7, { 0: { write: 3 } }), '3H 2H 1H 0L FFFFH FFFEH FFFDH');
  });

  it('mode 4: GATE low holds it', () => {
    assert.equal(
      figure({ mode: 4, gate: false }, 6, { 0: { write: 2 }, 2: { gate: true } }),
      '2H 2H 1H 0L FFFFH FFFEH',
    );
  });

  it('mode 4: a new count starts over', () => {
    assert.equal(figure({ mode: 4 }, 7, { 0: { write: 3 }, 3: { write: 2 } }), '3H 2H 1H 2H 1H 0L FFFFH');
  });

  it('mode 5: a strobe N pulses after the trigger was taken', () => {
    assert.equal(
      figure({ mode: 5, gate: false }, 8, { 0: { write: 3 }, 2: { gate: true }, 3: { gate: false } }),
      'NH NH 3H 2H 1H 0L FFFFH FFFEH',
    );
  });

  it('mode 5: triggered again', () => {
    assert.equal(
      figure({ mode: 5, gate: false }, 8, {
        0: { write: 2 },
        1: { gate: true },
        2: { gate: false },
        3: { gate: true },
      }),
      'NH 2H 1H 2H 1H 0L FFFFH FFFEH',
    );
  });

  it('modes 6 and 7 are 2 and 3', () => {
    assert.equal(figure({ mode: 6 }, 4, { 0: { write: 2 } }), '2H 1L 2H 1L');
    assert.equal(figure({ mode: 7 }, 4, { 0: { write: 2 } }), '2H 2L 2H 2L');
  });

  it('counts in BCD, around from 0 to 9999', () => {
    assert.equal(figure({ mode: 0, bcd: 1 }, 5, { 0: { write: 0x12 } }), '12L 11L 10L 9L 8L');
    assert.equal(figure({ mode: 0, bcd: 1 }, 3, { 0: { write: 1 } }), '1L 0H 9999H');
  });
});

describe('machine/devices: 8254 counter, long stretches', () => {
  it('gets to the same state in one leap as pulse by pulse (all modes and counts up to 9, BCD too: 1,080 runs)', () => {
    let runs = 0;
    for (let mode = 0; mode < 6; mode++) {
      for (const bcd of [0, 1]) {
        for (let count = 0; count < 10; count++) {
          for (const leap of [1, 2, 5, 13, 100, 1000, 66_000, 200_003, 1_000_000]) {
            const [whole, single] = [new PitCounter(false), new PitCounter(false)];
            for (const counter of [whole, single]) {
              counter.writeControl(control(LSB, mode, bcd), 0);
              counter.writeData(count, 0);
              counter.setGate(true, 1);
            }
            // Steps of uneven length, each shorter than the shortest half-cycle, stand for single pulses.
            let at = 1;
            const stride = leap > 1000 ? 97 : 1;
            while (at < 1 + leap) {
              at = Math.min(1 + leap, at + stride);
              single.advance(at);
            }
            whole.advance(1 + leap);
            assert.deepEqual(whole.getState(), single.getState(), `mode ${mode} count ${count} leap ${leap}`);
            runs++;
          }
        }
      }
    }
    assert.equal(runs, 1080);
  });

  it('foretells the next change of OUT exactly', () => {
    for (let mode = 0; mode < 6; mode++) {
      for (const count of [2, 3, 4, 7, 250]) {
        const counter = new PitCounter(false);
        counter.writeControl(control(LSB, mode), 0);
        counter.writeData(count, 0);
        counter.setGate(true, 0);
        let changes = 0;
        for (let now = 0; now < 600; now++) {
          counter.advance(now);
          const foretold = counter.nextChange();
          const before = counter.output;
          counter.advance(now + 1);
          if (counter.output !== before) {
            assert.equal(foretold, now + 1, `mode ${mode}, count ${count}, at ${now}`);
            changes++;
          }
          assert.ok(foretold > now);
        }
        assert.ok(changes >= 1, `mode ${mode} changes`);
      }
    }
  });

  it('treats 0 as 65,536, or 10,000 in BCD', () => {
    for (const [bcd, modulus] of [
      [0, 65_536],
      [1, 10_000],
    ]) {
      const counter = new PitCounter(true);
      counter.writeControl(control(WORD, 2, bcd), 0);
      counter.writeData(0, 0);
      counter.writeData(0, 0);
      counter.advance(1);
      assert.equal(counter.nextChange(), modulus);
      counter.advance(modulus);
      assert.equal(counter.output, false);
    }
  });

  it('does not hang on the illegal count 1 of modes 2 and 3', () => {
    for (const mode of [2, 3]) {
      const counter = new PitCounter(true);
      counter.writeControl(control(LSB, mode), 0);
      counter.writeData(1, 0);
      counter.advance(1_000_000);
      assert.equal(counter.nextChange(), Infinity);
    }
  });
});

/** A PIT on a clock that the test turns; `ticks` moves it on by CLK pulses. */
class Rig {
  readonly events = new EventQueue();
  readonly clock = new DerivedClock(PIT_FREQUENCY);
  readonly edges: number[] = [];
  count = 0;
  irq0 = false;
  readonly pit = new Pit(
    this.events,
    () => this.count,
    (high) => {
      if (high && !this.irq0) {
        this.edges.push(this.clock.ticksAt(this.count));
      }
      this.irq0 = high;
    },
  );

  /** Run to an instruction count, firing events at theirs. */
  to(count: number): void {
    while (this.events.next() <= count) {
      this.count = this.events.next();
      this.events.fire(this.count);
    }
    this.count = count;
  }

  toTick(tick: number): void {
    this.to(this.clock.countAt(tick));
  }

  out(port: number, value: number): void {
    this.pit.writePort(port, value);
  }

  in(port: number): number {
    return this.pit.readPort(port);
  }

  word(port: number): number {
    return this.in(port) | (this.in(port) << 8);
  }
}

describe('machine/devices: 8254 at its ports', () => {
  it('gives Linux’s tick: 100 interrupts a second from divisor 11,932 in mode 2', () => {
    const rig = new Rig();
    rig.out(0x43, 0x34);
    rig.out(0x40, 11_932 & 0xff);
    rig.out(0x40, 11_932 >> 8);
    rig.to(INSTRUCTIONS_PER_SECOND);
    assert.equal(rig.edges.length, 99 + 1);
    // The first rising edge is that of the control word; from then on one a period.
    assert.deepEqual(
      rig.edges.slice(1, 4),
      [1, 2, 3].map((n) => 1 + 11_932 * n),
    );
  });

  it('keeps a period of 11,932 pulses exact over an hour', () => {
    const rig = new Rig();
    rig.out(0x43, 0x34);
    rig.out(0x40, 11_932 & 0xff);
    rig.out(0x40, 11_932 >> 8);
    rig.to(3600 * INSTRUCTIONS_PER_SECOND);
    const last = rig.edges.length - 1;
    assert.equal(rig.edges[last], 1 + 11_932 * last);
    assert.equal(last, Math.floor((3600 * PIT_FREQUENCY - 1) / 11_932));
  });

  it('one-shot (mode 0) interrupts once, as Linux’s clock event device uses it', () => {
    const rig = new Rig();
    rig.out(0x43, 0x38 & ~0x08);
    rig.out(0x40, 0xe8);
    rig.out(0x40, 0x03);
    rig.toTick(1000);
    assert.deepEqual(rig.edges, []);
    rig.toTick(5000);
    assert.deepEqual(rig.edges, [1001]);
    rig.out(0x40, 0x10);
    rig.out(0x40, 0x00);
    rig.toTick(6000);
    assert.deepEqual(rig.edges, [1001, 5017]);
  });

  it('reads back a latched count, whole, while the counter goes on', () => {
    const rig = new Rig();
    rig.out(0x43, 0x34);
    rig.out(0x40, 0x00);
    rig.out(0x40, 0x10);
    rig.toTick(0x101);
    rig.out(0x43, 0x00);
    rig.toTick(0x500);
    assert.equal(rig.word(0x40), 0x0f00);
    assert.equal(rig.word(0x40), 0x1000 - 0x4ff);
  });

  it('keeps the first of two latch commands', () => {
    const rig = new Rig();
    rig.out(0x43, 0x34);
    rig.out(0x40, 0x00);
    rig.out(0x40, 0x10);
    rig.toTick(0x101);
    rig.out(0x43, 0x00);
    rig.toTick(0x201);
    rig.out(0x43, 0x00);
    assert.equal(rig.word(0x40), 0x0f00);
  });

  it('reads and writes single bytes where the control word says so', () => {
    const rig = new Rig();
    rig.out(0x43, 0x64);
    rig.out(0x41, 0x12);
    rig.toTick(1);
    assert.equal(rig.in(0x41), 0x12);
    // A count written to the high byte alone has a low byte of 0: the next pulse borrows.
    rig.toTick(2);
    assert.equal(rig.in(0x41), 0x11);
    rig.out(0x43, 0x54);
    rig.out(0x41, 0x80);
    rig.toTick(3);
    assert.equal(rig.in(0x41), 0x80);
  });

  it('read-back: status with null count, OUT and mode; then the count', () => {
    const rig = new Rig();
    rig.out(0x43, 0xb6);
    rig.out(0x42, 0x00);
    rig.out(0x42, 0x20);
    rig.out(0x43, 0xe8);
    assert.equal(rig.in(0x42), 0xf6);
    rig.toTick(2);
    rig.out(0x43, 0xc8);
    assert.equal(rig.in(0x42), 0xb6);
    assert.equal(rig.word(0x42), 0x2000);
  });

  it('read-back of several counters at once', () => {
    const rig = new Rig();
    for (const [counter, value] of [
      [0, 0x11],
      [1, 0x22],
      [2, 0x33],
    ]) {
      rig.out(0x43, (counter << 6) | 0x10);
      rig.out(0x40 + counter, value);
    }
    rig.pit.writePort(0x61, 1);
    rig.toTick(2);
    rig.out(0x43, 0xde);
    rig.toTick(9);
    assert.deepEqual([rig.in(0x40), rig.in(0x41), rig.in(0x42)], [0x10, 0x21, 0x32]);
  });

  it('counter 2 obeys port 0x61: gate in bit 0, output in bit 5, the way Linux calibrates', () => {
    const rig = new Rig();
    // arch/x86/kernel/tsc.c, pit_calibrate_tsc: gate on, speaker off, mode 0, 50 ms.
    rig.out(0x61, (rig.in(0x61) & ~0x02) | 0x01);
    rig.out(0x43, 0xb0);
    const latch = Math.floor(PIT_FREQUENCY / 20);
    rig.out(0x42, latch & 0xff);
    rig.out(0x42, latch >> 8);
    assert.equal(rig.in(0x61) & 0x20, 0);
    rig.toTick(latch);
    assert.equal(rig.in(0x61) & 0x20, 0);
    rig.toTick(latch + 1);
    assert.equal(rig.in(0x61) & 0x20, 0x20);
    // 50 ms at 100 MHz, to within two pulses.
    assert.ok(Math.abs(rig.count - 0.05 * INSTRUCTIONS_PER_SECOND) < 200);
  });

  it('shows a new count even before it is loaded, as Linux’s quick calibration needs with fast port accesses', () => {
    const rig = new Rig();
    rig.out(0x61, 1);
    rig.out(0x43, 0xb0);
    rig.out(0x42, 0xff);
    rig.out(0x42, 0xff);
    assert.equal(rig.word(0x42), 0xffff);
    rig.toTick(2);
    assert.equal(rig.word(0x42), 0xfffe);
  });

  it('counter 2 stands still while its gate is off', () => {
    const rig = new Rig();
    rig.out(0x43, 0xb0);
    rig.out(0x42, 0x00);
    rig.out(0x42, 0x01);
    rig.toTick(10_000);
    assert.equal(rig.in(0x61) & 0x20, 0);
    rig.out(0x61, 1);
    rig.toTick(10_000 + 0x100);
    assert.equal(rig.in(0x61) & 0x20, 0x20);
  });

  it('the refresh bit of port 0x61 toggles every 15 µs', () => {
    const rig = new Rig();
    let toggles = 0;
    let last = rig.in(0x61) & 0x10;
    for (let count = 0; count < 100_000; count += 100) {
      rig.to(count);
      const bit = rig.in(0x61) & 0x10;
      toggles += bit === last ? 0 : 1;
      last = bit;
    }
    assert.equal(toggles, Math.floor(PIT_FREQUENCY / 1000 / 18));
  });

  it('the speaker hears counter 2 through bit 1', () => {
    const rig = new Rig();
    rig.out(0x43, 0xb6);
    rig.out(0x42, 0xa9);
    rig.out(0x42, 0x04);
    rig.out(0x61, 0x01);
    rig.toTick(10);
    assert.equal(rig.pit.speaker, false);
    rig.out(0x61, 0x03);
    assert.equal(rig.pit.speaker, true);
    rig.toTick(10 + 0x4a9 / 2);
    assert.equal(rig.pit.speaker, false);
  });

  it('goes on from its state', () => {
    const [first, second] = [new Rig(), new Rig()];
    first.out(0x43, 0x34);
    first.out(0x40, 0x34);
    first.out(0x40, 0x12);
    first.toTick(777);
    second.count = first.count;
    second.pit.setState(JSON.parse(JSON.stringify(first.pit.getState())) as ReturnType<Pit['getState']>);
    second.events.setState(first.events.getState());
    second.irq0 = first.irq0;
    first.edges.length = 0;
    for (const rig of [first, second]) {
      rig.toTick(50_000);
    }
    assert.deepEqual(second.edges, first.edges);
    assert.deepEqual(second.pit.getState(), first.pit.getState());
  });
});

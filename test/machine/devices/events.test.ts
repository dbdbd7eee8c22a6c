import assert from 'node:assert/strict';
import { EventQueue, NEVER } from '../../../src/machine/devices/events';
import { DerivedClock, INSTRUCTIONS_PER_SECOND } from '../../../src/machine/devices/time';

describe('machine/devices: event queue', () => {
  it('fires what is due, earliest first, with the count it was due at', () => {
    const queue = new EventQueue();
    const fired: [string, number][] = [];
    const a = queue.reserve('a', (now) => fired.push(['a', now]));
    const b = queue.reserve('b', (now) => fired.push(['b', now]));
    queue.schedule(a, 20);
    queue.schedule(b, 10);
    assert.equal(queue.next(), 10);
    queue.fire(9);
    assert.deepEqual(fired, []);
    queue.fire(25);
    assert.deepEqual(fired, [
      ['b', 10],
      ['a', 20],
    ]);
    assert.equal(queue.next(), NEVER);
  });

  it('fires slots of one count in the order of their reservation', () => {
    const queue = new EventQueue();
    const fired: string[] = [];
    const slots = ['x', 'y', 'z'].map((name) => queue.reserve(name, () => fired.push(name)));
    for (const slot of [...slots].reverse()) {
      queue.schedule(slot, 5);
    }
    queue.fire(5);
    assert.deepEqual(fired, ['x', 'y', 'z']);
  });

  it('lets a handler schedule itself again, also for the present', () => {
    const queue = new EventQueue();
    const times: number[] = [];
    const slot = queue.reserve('tick', (now) => {
      times.push(now);
      if (times.length < 4) {
        queue.schedule(slot, now + (times.length === 2 ? 0 : 3));
      }
    });
    queue.schedule(slot, 1);
    queue.fire(100);
    assert.deepEqual(times, [1, 4, 4, 7]);
  });

  it('moves a deadline both ways, and cancels it', () => {
    const queue = new EventQueue();
    const slot = queue.reserve('s', () => assert.fail('must not fire'));
    const other = queue.reserve('o', () => {});
    queue.schedule(slot, 10);
    queue.schedule(other, 15);
    queue.schedule(slot, 30);
    assert.equal(queue.next(), 15);
    queue.schedule(slot, 5);
    assert.equal(queue.next(), 5);
    queue.cancel(slot);
    assert.equal(queue.deadline(slot), NEVER);
    queue.fire(50);
    assert.equal(queue.next(), NEVER);
  });

  it('tells when the earliest deadline comes forward, and only then', () => {
    const queue = new EventQueue();
    let sooner = 0;
    queue.onSooner = () => sooner++;
    const slot = queue.reserve('s', () => {});
    queue.schedule(slot, 10);
    assert.equal(sooner, 1);
    queue.schedule(slot, 20);
    assert.equal(sooner, 1);
    queue.schedule(slot, 12);
    assert.equal(sooner, 2);
  });

  it('keeps its deadlines in a state by name', () => {
    const make = (): { queue: EventQueue; slots: number[] } => {
      const queue = new EventQueue();
      return { queue, slots: ['a', 'b', 'c'].map((name) => queue.reserve(name, () => {})) };
    };
    const first = make();
    first.queue.schedule(first.slots[1], 7);
    first.queue.schedule(first.slots[2], 3);
    const state = JSON.parse(JSON.stringify(first.queue.getState())) as Record<string, number>;
    assert.deepEqual(state, { b: 7, c: 3 });
    const second = make();
    second.queue.schedule(second.slots[0], 1);
    second.queue.setState(state);
    assert.equal(second.queue.next(), 3);
    assert.equal(second.queue.deadline(second.slots[0]), NEVER);
  });

  it('refuses a name twice', () => {
    const queue = new EventQueue();
    queue.reserve('pit', () => {});
    assert.throws(() => queue.reserve('pit', () => {}), /reserved twice/);
  });
});

describe('machine/devices: derived clocks', () => {
  it('counts ticks of the PIT exactly: a second has 1,193,182 of them', () => {
    const clock = new DerivedClock(1_193_182);
    assert.equal(clock.ticksAt(INSTRUCTIONS_PER_SECOND), 1_193_182);
    assert.equal(clock.ticksAt(INSTRUCTIONS_PER_SECOND - 1), 1_193_181);
    // A whole day, and a century.
    assert.equal(clock.ticksAt(86_400 * INSTRUCTIONS_PER_SECOND), 86_400 * 1_193_182);
    assert.equal(clock.countAt(86_400 * 1_193_182), 86_400 * INSTRUCTIONS_PER_SECOND);
  });

  it('countAt gives the first count at which a tick has passed (against BigInt arithmetic, 20,000 ticks)', () => {
    const clock = new DerivedClock(1_193_182);
    let ticks = 0;
    for (let step = 0; step < 20_000; step++) {
      ticks += 1 + ((step * 7919) % 5000);
      const count = clock.countAt(ticks);
      const exact = (BigInt(ticks) * 100_000_000n + 1_193_181n) / 1_193_182n;
      assert.equal(BigInt(count), exact);
      assert.equal(clock.ticksAt(count), ticks);
      assert.equal(clock.ticksAt(count - 1), ticks - 1);
    }
  });
});

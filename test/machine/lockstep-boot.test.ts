import assert from 'node:assert/strict';
import { type Guest, ensureGuest } from '../../guest/build/guest.mjs';
import { Session } from './session';
import { Random } from './wasm/lockstep';

/** Two stretches of a session: the beginning of the boot, and a TCP exchange between two programs after the prompt. */
const STRETCHES = [
  { from: 0, to: 4_000_000 },
  { from: 46_000_000, to: 66_000_000 },
];
const INPUT = [{ count: 46_100_000, bytes: [...new TextEncoder().encode('replyhi &\nhello\n')] }];
/** Instructions of a stretch with breakpoints. */
const TRACED = 60_000;
/** Points of each stretch at which the whole state is compared. */
const POINTS = 8;

describe('WebAssembly engine in lockstep with the evaluator: Linux', function () {
  this.timeout(600_000);
  let guest: Guest;

  before(async () => {
    guest = await ensureGuest();
  });

  it('has the same state at every point of a boot and a TCP exchange, in slices of random length', () => {
    const random = new Random(5);
    const [reference, subject] = (['evaluator', 'wasm'] as const).map(
      (engine) => new Session(guest, { engine, memoryMiB: 32, replay: INPUT, commandLine: 'console=ttyS0 quiet' }),
    );
    for (const { from, to } of STRETCHES) {
      // What lies between them is left to the faster engine.
      while (subject.machine.count < from) subject.machine.run({ until: from });
      reference.machine.restore(subject.machine.snapshot());
      for (let n = 1; n <= POINTS; n++) {
        const point = from + Math.floor(((to - from) * n) / POINTS) - random.below(1000);
        assert.equal(reference.machine.run({ until: point }).reason, 'limit');
        while (subject.machine.count < point) {
          // Mostly long slices, sometimes a stretch of short ones.
          const length = random.below(4) === 0 ? 300 : 3_000_000;
          const until = Math.min(point, subject.machine.count + 1 + random.below(length));
          assert.equal(subject.machine.run({ until }).reason, 'limit');
        }
        assert.equal(subject.machine.stateHash(), reference.machine.stateHash(), `at instruction ${point}`);
      }
    }
    assert.ok(subject.text.includes('hello: received "hi"'), subject.text);
  });

  it('stops at the same breakpoints at the same counts, at instructions of all kinds, and comes to the same state', () => {
    const random = new Random(7);
    const [reference, subject] = (['evaluator', 'wasm'] as const).map(
      (engine) => new Session(guest, { engine, memoryMiB: 32, replay: INPUT, commandLine: 'console=ttyS0 quiet' }),
    );
    let stops = 0;
    // The middle of the boot, and the two programs.
    for (const from of [20_000_000, 46_200_000]) {
      while (subject.machine.count < from) subject.machine.run({ until: from });
      const begin = subject.machine.snapshot();
      reference.machine.restore(begin);
      // What is executed in the stretch: some of that gets a breakpoint.
      const executed = new Set<number>();
      for (let n = 0; n < TRACED; n++) executed.add(reference.machine.step().address);
      const places = [...executed].filter(() => random.below(4) === 0);
      const told = [reference, subject].map(({ machine }) => {
        machine.restore(begin);
        machine.setBreakpoints(places);
        const list: string[] = [];
        for (;;) {
          const { reason, address, count } = machine.run({ until: from + TRACED });
          if (reason === 'limit') break;
          list.push(`${reason} ${address.toString(16)} ${count}`);
        }
        machine.setBreakpoints([]);
        return list;
      });
      assert.deepEqual(told[1], told[0]);
      assert.equal(subject.machine.stateHash(), reference.machine.stateHash());
      stops += told[0].length;
    }
    console.log(`      ${stops} stops compared`);
    assert.ok(stops > 5000, `${stops} stops`);
  });
});

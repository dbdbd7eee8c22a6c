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
});

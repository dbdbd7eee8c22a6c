/** Reading a socket call out of a copy must give what reading it at once gives, whatever is mapped. */
import assert from 'node:assert/strict';
import { CallMemoryReader } from '../../src/linux/call-memory';
import { parametersOf, SocketCallDecoder } from '../../src/linux/socket-call-decoder';
import { SOCKET_CALLS } from '../../src/linux/socket-calls';
import { SocketCallViews } from '../../src/linux/socket-call-views';
import { MemoryError, type Target } from '../../src/debugger/target';
import type { EnteredCall } from '../../src/linux/call-places';

const PAGE = 4096;
const PAGES = 4;
const BASE = 0xbfff0000;
const LIMIT = 64;
const ROUNDS = 400;

/** Numbers that are the same in each run (a linear congruential generator, Numerical Recipes). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** A few pages of which some are missing. */
class Pages {
  readonly bytes = new Uint8Array(PAGE * PAGES);
  constructor(readonly present: readonly boolean[]) {}

  readAvailable(address: number, length: number): Uint8Array {
    let count = 0;
    while (count < length && this.present[Math.floor(((address >>> 0) + count - BASE) / PAGE)]) count++;
    const at = (address >>> 0) - BASE;
    return this.bytes.slice(at, at + count);
  }

  readMemory(address: number, length: number): Uint8Array {
    const bytes = this.readAvailable(address, length);
    if (bytes.length < length) throw new MemoryError((address >>> 0) + bytes.length);
    return bytes;
  }
}

describe('linux: copies of what a socket call points to', () => {
  const reader = (pages: Pages): CallMemoryReader => new CallMemoryReader(pages as unknown as Target, LIMIT);

  it('give the same values as the memory itself, at the entry and at the return', () => {
    const random = numbers(5);
    const noise = Uint8Array.from({ length: PAGE * (PAGES + 1) }, () => random(random(3) === 0 ? 256 : 40));
    let compared = 0;
    for (const [name, parameters] of Object.entries(SOCKET_CALLS)) {
      for (let round = 0; round < ROUNDS; round++) {
        const pages = new Pages(Array.from({ length: PAGES }, () => random(4) > 0));
        const fill = (): void => {
          const at = random(PAGE);
          pages.bytes.set(noise.subarray(at, at + pages.bytes.length));
        };
        // Near the end of a page as often as in its middle; small numbers as lengths.
        const pointer = (): number => BASE + PAGE * random(PAGES) + (random(2) ? PAGE - random(140) : random(PAGE));
        const isPointer = /In$|Out$|Pointer|pair|timeout|fdSet/;
        const words = parameters.map(({ kind }) =>
          isPointer.test(kind) ? (random(8) ? pointer() : 0) : random(2) ? random(200) : random(2000),
        );
        const entry = name === 'sendfile' && random(2) ? 'sendfile64' : name;
        const call = { name, entry, words } as unknown as EnteredCall;
        const copies = reader(pages);
        const plan = copies.planOf(name);
        if (!plan) continue;
        fill();
        const live = new SocketCallDecoder((address, length) => pages.readMemory(address, length), LIMIT);
        const before = live.atEntry(call, parametersOf(name)!);
        const copied = copies.copy(words, plan.entry);
        fill();
        const result = random(4) === 0 ? -22 : random(300);
        const after = live.atReturn(call, parametersOf(name)!, before, result);
        const views = new SocketCallViews((address, length) => pages.readMemory(address, length), LIMIT);
        const outcome = views.outcome(call, result);
        const left = copies.copy(words, copied.isWhole ? plan.exit : [...plan.entry, ...plan.exit]);
        fill();
        let memory = copied;
        const late = new SocketCallViews((address, length) => memory.read(address, length), LIMIT);
        const entered = late.atEntry(call);
        assert.deepEqual(entered.values, before, `${name}(${words.join(', ')})`);
        memory = left;
        assert.deepEqual(late.atReturn(entered, result).values, after, `${name}(${words.join(', ')}) = ${result}`);
        assert.equal(late.outcome(call, result), outcome);
        compared++;
      }
    }
    console.log(`      ${compared} calls compared`);
    assert.ok(compared > 15 * ROUNDS);
  });

  it('are not made of calls that point on: those are read at once', () => {
    const none = reader(new Pages([]));
    const calls = Object.keys(SOCKET_CALLS).filter((name) => none.planOf(name) === undefined);
    assert.deepEqual(calls, ['sendmsg', 'recvmsg', 'sendmmsg', 'recvmmsg']);
  });

  it('stay when others are made after them', () => {
    const pages = new Pages([true, true, true, true]);
    const copies = reader(pages);
    pages.bytes.fill(1);
    const first = copies.copy([3, BASE, 16], copies.planOf('bind')!.entry);
    pages.bytes.fill(2);
    for (let i = 0; i < 2000; i++) copies.copy([3, BASE, 16], copies.planOf('bind')!.entry);
    assert.deepEqual(first.read(BASE, 16), new Uint8Array(16).fill(1));
  });

  it('say what has not been copied', () => {
    const copies = reader(new Pages([true, true, true, true]));
    const memory = copies.copy([3, BASE, 16], copies.planOf('bind')!.entry);
    assert.throws(() => memory.read(BASE + 200, 4), /^Error: 0xbfff00c8 \(4 bytes\) was not copied\.$/);
  });
});

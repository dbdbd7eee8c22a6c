import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EngineKind, type InputRecord, Machine } from '../../src/machine/machine';
import { ensureGuest, type Guest } from '../../guest/build/guest.mjs';

const END = 200_000_000;

/** What is typed, and when: the prompt is there after less than 60 M instructions; `bench` computes from then on. */
const INPUT: InputRecord[] = [
  [60_000_000, 'replyhi &\n'],
  [64_000_000, 'hello --entry=sysenter\n'],
  [72_000_000, 'hello --entry=direct\n'],
  [80_000_000, 'unix\n'],
  [90_000_000, 'bench --iterations=2000 &\nps\n'],
  [120_000_000, 'sleep 1\n'],
].map(([count, text]) => ({ count: count as number, bytes: [...new TextEncoder().encode(text as string)] }));

describe('machine: determinism, on Linux', function () {
  this.timeout(600_000);
  let guest: Guest;
  let symbols: Map<string, number>;

  before(async () => {
    guest = await ensureGuest();
    symbols = new Map(
      readFileSync(join(guest.dir, 'System.map'), 'latin1')
        .split('\n')
        .map((line) => line.split(' '))
        .map(([address, , name]) => [name, parseInt(address, 16)]),
    );
  });

  const boot = (engine: EngineKind = 'wasm'): Machine & { text: () => string } => {
    const machine = new Machine({ engine, memoryMiB: 32, replay: INPUT });
    let text = '';
    machine.serial.onOutput((bytes) => (text += new TextDecoder('latin1').decode(bytes)));
    machine.loadVmlinux(readFileSync(guest.vmlinux), {
      initrd: readFileSync(guest.initrd),
      commandLine: 'console=ttyS0 quiet',
    });
    return Object.assign(machine, { text: () => text });
  };
  const address = (name: string): number => {
    const found = symbols.get(name);
    assert.ok(found, `${name} is in System.map`);
    return found;
  };

  /** The straight run: what the others are compared with. */
  let straight: { hash: string; text: string };
  before(function () {
    const machine = boot();
    assert.equal(machine.run({ until: END }).reason, 'limit');
    straight = { hash: machine.stateHash(), text: machine.text() };
    for (const expected of ['replyhi: received "hello"', 'hello: received "hi"', 'unix: received']) {
      assert.ok(straight.text.includes(expected), `${expected} in ${straight.text}`);
    }
  });

  it('is in the same state after 200 M instructions in a second run', () => {
    const machine = boot();
    machine.run({ until: END });
    assert.equal(machine.stateHash(), straight.hash);
    assert.equal(machine.text(), straight.text);
  });

  it('… with 1,000 breakpoints hit on the way', () => {
    const machine = boot();
    const places = ['kmem_cache_alloc', '__sys_socket', 'timer_interrupt', 'do_int80_syscall_32', '__schedule'];
    let hits = 0;
    for (let portion = 1; portion <= 100; portion++) {
      machine.setBreakpoints(places.map(address));
      for (let hit = 0; hit < 60; hit++) {
        const stop = machine.run({ until: (END / 100) * portion });
        if (stop.reason === 'limit') {
          break;
        }
        assert.equal(stop.reason, 'breakpoint');
        hits++;
      }
      machine.setBreakpoints([]);
      machine.run({ until: (END / 100) * portion });
    }
    assert.ok(hits >= 1000, `${hits} breakpoints hit`);
    machine.setBreakpoints([]);
    machine.run({ until: END });
    assert.equal(machine.stateHash(), straight.hash);
  });

  it('… single-stepped in stretches, and cut into uneven slices', () => {
    const machine = boot();
    let steps = 0;
    for (let stretch = 0; machine.count < END - 5_000_000; stretch++) {
      for (let step = 0; step < 500 && machine.count < END - 4_000_000; step++, steps++) {
        machine.step();
      }
      machine.run({ instructions: 1 + ((stretch * 7_368_787) % 3_999_971) });
    }
    machine.run({ until: END });
    assert.ok(steps > 10_000, `${steps} steps`);
    assert.equal(machine.stateHash(), straight.hash);
  });

  it('… going back to a snapshot twice', () => {
    const machine = boot();
    machine.run({ until: 70_000_001 });
    const snapshot = machine.snapshot();
    for (let round = 0; round < 2; round++) {
      machine.run({ instructions: 12_345_678 });
      machine.restore(snapshot);
    }
    machine.run({ until: END });
    assert.equal(machine.stateHash(), straight.hash);
  });

  it('… with watchpoints hit on the way', () => {
    const machine = boot();
    machine.run({ until: 60_000_000 });
    machine.setWatchpoints([{ address: address('jiffies'), size: 4, read: false, write: true }]);
    let hits = 0;
    while (hits < 50) {
      const stop = machine.run({ until: END });
      assert.equal(stop.reason, 'watchpoint');
      hits++;
    }
    machine.setWatchpoints([]);
    machine.run({ until: END });
    assert.equal(machine.stateHash(), straight.hash);
  });

  it('the evaluator goes through the same states as the WebAssembly engine (3 M instructions of the boot, 2 M after the prompt)', () => {
    const [wasm, evaluator] = [boot('wasm'), boot('evaluator')];
    for (let count = 500_000; count <= 3_000_000; count += 500_000) {
      for (const machine of [wasm, evaluator]) {
        machine.run({ until: count });
      }
      assert.equal(evaluator.stateHash(), wasm.stateHash(), `at ${count}`);
    }
    // Then from the middle of the socket calls on.
    wasm.run({ until: 60_000_000 });
    evaluator.restore(wasm.snapshot());
    for (let count = 60_500_000; count <= 62_000_000; count += 500_000) {
      for (const machine of [wasm, evaluator]) {
        machine.run({ until: count });
      }
      assert.equal(evaluator.stateHash(), wasm.stateHash(), `at ${count}`);
    }
  });
});

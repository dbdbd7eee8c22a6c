/** Two processors with the two engines, kept in step and compared. */

import { strict as assert } from 'node:assert';
import { type Cpu } from '../../../src/machine/cpu/cpu';
import { type ExitReason } from '../../../src/machine/cpu/engine';
import { RAM } from '../../../src/machine/cpu/layout';
import { restoreState, saveState } from '../../../src/machine/cpu/state';
import { flatMachine, type Machine } from './flat-program';

/** Numbers that look random and are the same each time. */
export class Random {
  constructor(private state: number) {}

  /** 0 ≤ n < limit. */
  below(limit: number): number {
    this.state = (Math.imul(this.state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.state / 0x1_0000_0000) * limit);
  }

  word(): number {
    return (this.below(0x10000) << 16) | this.below(0x10000);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }
}

export class Lockstep {
  readonly reference: Machine;
  readonly subject: Machine;

  constructor(program: Uint8Array) {
    this.reference = flatMachine(program, 'evaluator');
    this.subject = flatMachine(program, 'wasm');
  }

  /** Do something to both processors. */
  both(action: (cpu: Cpu) => void): void {
    action(this.reference.cpu);
    action(this.subject.cpu);
  }

  save(): Uint8Array {
    return saveState(this.reference.cpu);
  }

  restore(state: Uint8Array): void {
    this.both((cpu) => restoreState(cpu, state));
  }

  /** Run both; why they stopped. Fails where they differ in anything but RAM. */
  run(budget: number, context: () => string = () => ''): ExitReason {
    const before = saveState(this.reference.cpu);
    const reasons = [this.reference, this.subject].map(({ engine }) => engine.run(budget));
    const explain = (what: string): string => {
      const eip = new DataView(before.buffer).getUint32(0x24, true);
      return `${what}, after at most ${budget} instructions from 0x${eip.toString(16)} ${context()}`;
    };
    assert.equal(reasons[1], reasons[0], explain('reason'));
    assert.equal(this.subject.engine.executed, this.reference.engine.executed, explain('instructions executed'));
    assert.equal(this.subject.cpu.count, this.reference.cpu.count, explain('count'));
    const expected = saveState(this.reference.cpu);
    const actual = saveState(this.subject.cpu);
    const place = actual.findIndex((byte, index) => byte !== expected[index]);
    if (place >= 0) {
      const word = (state: Uint8Array): string => new DataView(state.buffer).getUint32(place & ~3, true).toString(16);
      assert.fail(explain(`state word 0x${(place & ~3).toString(16)}: ${word(actual)} instead of ${word(expected)}`));
    }
    return reasons[0];
  }

  /** Fails where the two RAMs differ. */
  compareRam(context = ''): void {
    const [expected, actual] = [this.reference, this.subject].map(({ cpu }) =>
      Buffer.from(cpu.memory.buffer, RAM, cpu.ramSize),
    );
    if (expected.equals(actual)) return;
    const place = actual.findIndex((byte, index) => byte !== expected[index]);
    assert.fail(`RAM at 0x${place.toString(16)}: ${actual[place]} instead of ${expected[place]} ${context}`);
  }

  /** Compare a piece of both RAMs. */
  compareRange(start: number, length: number, context: () => string): void {
    const [expected, actual] = [this.reference, this.subject].map(({ cpu }) =>
      Buffer.from(cpu.memory.buffer, RAM + start, length),
    );
    if (!expected.equals(actual)) this.compareRam(context());
  }
}

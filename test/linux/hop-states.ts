/**
 * Whether the states of hops are true. A run of the machine is the same each time, so in one guest each call is executed instruction by
 * instruction, noting when it came by which address; in another one, the same calls are stepped through by lines as a person does, and at
 * each stop the states are compared with what had been executed by that instruction.
 */
import assert from 'node:assert/strict';
import { dispatchPathAt, type DispatchPath } from '../../src/linux/dispatch-path';
import type { PathWitness } from '../../src/linux/dispatch-path-witness';
import type { LaunchConfiguration } from '../../src/adapter/launch-configuration';
import { Guest, randomNumbers } from './guest';

const PROGRAMS = ['names', 'options --entry=sysenter'];
const MAX_INSTRUCTIONS = 20_000;
/** So many instructions lie between two askings, on average. */
const BETWEEN = 120;
/** Most steps until a call has returned. */
const MAX_STEPS = 120;

/** A call that stands at the entry of its function. */
interface Call {
  readonly task: number;
  /** The machine's instruction count. */
  readonly start: number;
  readonly returnAddress: number;
  readonly stack: number;
}

/** What a call executed: the instruction count at which it first was at an address. */
type Executed = ReadonlyMap<number, number>;

/** Runs that stop at each program's first call of each case of socketcall. */
class Calls {
  private readonly made = new Set<string>();

  private constructor(readonly guest: Guest) {}

  static async made(configuration: LaunchConfiguration): Promise<Calls> {
    const calls = new Calls(await Guest.made({ ...configuration, run: [...PROGRAMS, 'exit'] }));
    const { debugger: session, platform } = calls.guest;
    session.setInstructionBreakpoints([{ address: platform.kernel.symbol('__ia32_sys_socketcall') ?? 0 }]);
    return calls;
  }

  /** Runs to the next call; undefined at the end of the run. */
  async next(): Promise<Call | undefined> {
    const { debugger: session, target, platform } = this.guest;
    for (;;) {
      await session.continue();
      if (platform.currentTask() === undefined || (target.registers().cs & 3) !== 0) return undefined;
      const { address: task, comm } = platform.currentTask()!;
      if (target.registers().eip !== platform.kernel.symbol('__ia32_sys_socketcall')) return undefined;
      const saved = platform.kernel.word('task_struct', 'thread.sp0', task) - platform.kernel.sizeOf('pt_regs');
      const key = `${comm} ${platform.kernel.word('pt_regs', 'bx', saved)}`;
      if (this.made.has(key)) continue;
      this.made.add(key);
      const { esp } = target.registers();
      return { task, start: target.instructionCount(), returnAddress: platform.kernel.u32(esp), stack: esp };
    }
  }

  /** Whether a call has not returned to the function that calls through the table, and its task still runs. */
  isIn({ task, returnAddress, stack }: Call): boolean {
    const { target, platform } = this.guest;
    const { eip, esp, cs } = target.registers();
    const hasReturned = (cs & 3) !== 0 || (eip === returnAddress && esp > stack);
    return !hasReturned && platform.tasks.recordedAddress() === task;
  }

  path(witness?: PathWitness): DispatchPath {
    const { platform } = this.guest;
    return dispatchPathAt(this.guest.stackOf(platform.currentThread()).frames[0], platform, witness);
  }
}

/** Makes the two tests, of the built-in kernel or another one. */
export function exerciseHopStates(configuration: () => LaunchConfiguration): void {
  /** By the instruction count at their beginning. */
  const executedBy = new Map<number, Executed>();
  const told = { done: 0, ahead: 0, unknown: 0, present: 0 };

  /** Compares what is said with what was executed before an instruction count. */
  function compare({ call, hops }: DispatchPath, executed: Executed, now: number): void {
    for (const { kind, title, address = 0, state } of hops) {
      // The first hops were made before the call's function was entered.
      if (kind === 'api' || kind === 'gate' || kind === 'entry' || kind === 'table') continue;
      const isExecuted = (executed.get(address) ?? Infinity) <= now;
      const text = `${title} of ${call.text} is told to be ${state}: ${hops.map((hop) => `${hop.title} ${hop.state}`).join(', ')}`;
      if (state === 'done') assert.ok(isExecuted, `not executed: ${text}`);
      if (state === 'ahead') assert.ok(!isExecuted, `executed: ${text}`);
      told[state]++;
    }
  }

  it('says nothing wrong wherever it is asked for the first time', async () => {
    const calls = await Calls.made(configuration());
    const { target } = calls.guest;
    const random = randomNumbers(1);
    for (let call = await calls.next(); call; call = await calls.next()) {
      const executed = new Map<number, number>();
      let next = 1;
      for (let i = 0; calls.isIn(call) && i < MAX_INSTRUCTIONS; i++) {
        const { eip } = target.registers();
        if (!executed.has(eip)) executed.set(eip, target.instructionCount());
        if (i === next) {
          // At the present instruction its function is on the stack already.
          compare(calls.path(), executed, target.instructionCount());
          next += 1 + Math.floor(random() * 2 * BETWEEN);
        }
        await target.step();
      }
      executedBy.set(call.start, executed);
    }
    calls.guest.dispose();
    assert.ok(executedBy.size > 10, `${executedBy.size} calls`);
    console.log(`      ${executedBy.size} calls: ${JSON.stringify(told)}`);
  });

  it('knows all that was executed since it was asked for first, while one steps through by lines', async () => {
    for (const state of ['done', 'ahead', 'unknown', 'present'] as const) told[state] = 0;
    const calls = await Calls.made(configuration());
    const { debugger: session, target, platform } = calls.guest;
    const random = randomNumbers(2);
    let compared = 0;
    for (let call = await calls.next(); call; call = await calls.next()) {
      const executed = executedBy.get(call.start);
      if (!executed) continue;
      compared++;
      for (let steps = 0; calls.isIn(call) && steps < MAX_STEPS; steps++) {
        compare(calls.path(platform.pathWitness), executed, target.instructionCount());
        await session.step(random() < 0.5 ? 'into' : 'over', session.currentThread());
      }
    }
    calls.guest.dispose();
    assert.ok(compared > 10, `${compared} of ${executedBy.size} calls`);
    console.log(`      ${compared} calls: ${JSON.stringify(told)}`);
    assert.equal(told.unknown, 0);
  });
}

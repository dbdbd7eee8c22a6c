/**
 * Prints guest MIPS of an engine: npx tsx test/bench/cpu.ts [wasm|evaluator] [kernel… | boot]
 * The integer kernels (twice: the first figure has the engine's own warming-up in it), then Linux: the boot to the prompt, and TCP exchanges between two
 * programs, which are nearly all system calls, faults and forks.
 */

import { ensureGuest } from '../../guest/build/guest.mjs';
import { HALTED, Register } from '../../src/machine/cpu/layout';
import { type EngineKind } from '../../src/machine/machine';
import { PROMPT, Session } from '../machine/session';
import { compile, flatMachine, ORIGIN, runToHalt, STACK } from '../machine/wasm/flat-program';
import { KERNELS } from './kernels';

const EXCHANGES = 40;

/** Seconds of processor time, which other processes on the host disturb less than the clock. */
function seconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function mips(executed: number, since: number): string {
  return (executed / (seconds() - since) / 1e6).toFixed(1).padStart(8);
}

function kernels(kind: EngineKind, names: readonly string[]): void {
  let product = 1;
  for (const name of names) {
    const machine = flatMachine(compile(KERNELS[name]), kind);
    const figures: string[] = [];
    for (let round = 0; round < 2; round++) {
      machine.cpu.eip = ORIGIN;
      machine.cpu.setRegister(Register.ESP, STACK);
      machine.cpu.i32[HALTED >> 2] = 0;
      const begin = seconds();
      figures.push(mips(runToHalt(machine, 2e9), begin));
    }
    product *= Number(figures[1]);
    const result = machine.cpu.getRegister(Register.EAX) >>> 0;
    console.log(`${name.padEnd(10)} ${figures.join(' ')} MIPS, result ${result}`);
  }
  console.log(`geometric mean of the second figures ${(product ** (1 / names.length)).toFixed(1)} MIPS`);
}

async function linux(kind: EngineKind): Promise<void> {
  const session = new Session(await ensureGuest(), { engine: kind, commandLine: 'console=ttyS0 quiet' });
  const begin = seconds();
  const clock = performance.now();
  session.until(PROMPT);
  const boot = session.machine.count;
  const passed = ((performance.now() - clock) / 1000).toFixed(2);
  console.log(
    `boot       ${mips(boot, begin)} MIPS, ${(boot / 1e6).toFixed(1)} M instructions in ${passed} s by the clock`,
  );
  for (const round of [1, 2]) {
    const start = seconds();
    let busy = 0;
    for (let n = 0; n < EXCHANGES; n++) {
      session.type('replyhi &\nhello\n');
      const from = session.text.length;
      while (!session.text.includes('hello: received "hi"', from)) {
        const count = session.machine.count;
        const stop = session.machine.run({ instructions: 200_000 });
        busy += session.machine.count - count - stop.idleInstructions;
      }
    }
    console.log(`exchanges  ${mips(busy, start)} MIPS, ${(busy / 1e6).toFixed(1)} M instructions, round ${round}`);
  }
}

const [kind = 'wasm', ...names] = process.argv.slice(2);
const chosen = Object.keys(KERNELS).filter((name) => names.length === 0 || names.includes(name));
if (chosen.length > 0) kernels(kind as EngineKind, chosen);
if (names.length === 0 || names.includes('boot')) void linux(kind as EngineKind);

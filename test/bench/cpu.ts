/** Prints guest MIPS of an engine for each kernel: npx tsx test/bench/cpu.ts [wasm|evaluator] [kernel…] */

import { Register } from '../../src/machine/cpu/layout';
import { compile, flatMachine, runToHalt } from '../machine/wasm/flat-program';
import { KERNELS } from './kernels';

const [kind = 'wasm', ...names] = process.argv.slice(2);
let product = 1;
let count = 0;
for (const name of names.length > 0 ? names : Object.keys(KERNELS)) {
  const machine = flatMachine(compile(KERNELS[name]), kind as 'wasm' | 'evaluator');
  const begin = performance.now();
  const executed = runToHalt(machine, 2e9);
  const seconds = (performance.now() - begin) / 1000;
  const mips = executed / seconds / 1e6;
  product *= mips;
  count++;
  const result = machine.cpu.getRegister(Register.EAX) >>> 0;
  console.log(
    `${name.padEnd(10)} ${mips.toFixed(1).padStart(8)} MIPS  ${(executed / 1e6).toFixed(1)} M in ${seconds.toFixed(2)} s, result ${result}`,
  );
}
console.log(`geometric mean ${(product ** (1 / count)).toFixed(1)} MIPS`);

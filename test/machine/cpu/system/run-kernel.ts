/** Runs the test kernel on this machine's processor: what it prints on port 0xe9, up to its write to port 0xf4. */

import { Cpu } from '../../../../src/machine/cpu/cpu';
import { type Engine } from '../../../../src/machine/cpu/engine';
import { EvaluatorEngine } from '../../../../src/machine/cpu/engine-evaluator';
import { Evaluator } from '../../../../src/machine/cpu/evaluator';
import { CR0, EIP, PENDING, SegmentRegister } from '../../../../src/machine/cpu/layout';
import { WasmEngine } from '../../../../src/machine/wasm/engine-wasm';

const FLAT_CODE = 0xc09b;
const FLAT_DATA = 0xc093;
const LOAD = 1;

/** Load an ELF file's segments and start it as the multiboot protocol says. */
function load(cpu: Cpu, file: Uint8Array): void {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headers = view.getUint32(28, true);
  const size = view.getUint16(42, true);
  for (let n = 0; n < view.getUint16(44, true); n++) {
    const at = headers + n * size;
    if (view.getUint32(at, true) !== LOAD) continue;
    const offset = view.getUint32(at + 4, true);
    cpu.pokePhysical(view.getUint32(at + 12, true), file.subarray(offset, offset + view.getUint32(at + 16, true)));
  }
  cpu.i32[CR0 >> 2] = 0x11;
  for (let segment = SegmentRegister.ES; segment <= SegmentRegister.GS; segment++) {
    cpu.setSegment(segment, 0x10, 0, -1, segment === SegmentRegister.CS ? FLAT_CODE : FLAT_DATA);
  }
  cpu.updateMode();
  cpu.eip = view.getUint32(24, true);
}

export interface KernelRun {
  printed: string;
  instructions: number;
}

export function runKernel(file: Uint8Array, kind: 'evaluator' | 'wasm', most = 30_000_000): KernelRun {
  const cpu = new Cpu({ memoryMiB: 32, sysenter: true });
  const printed: number[] = [];
  let ended = false;
  cpu.ports = {
    read: (_port, size) => (size === 32 ? -1 : 2 ** size - 1),
    write: (port, value) => {
      if (port === 0xe9) printed.push(value);
      if (port !== 0xf4) return;
      ended = true;
      cpu.i32[PENDING >> 2] = 1;
    },
  };
  load(cpu, file);
  const evaluator = new Evaluator(cpu);
  const engine: Engine = kind === 'wasm' ? new WasmEngine(cpu, evaluator) : new EvaluatorEngine(cpu, evaluator);
  let left = most;
  while (!ended && left > 0) {
    const reason = engine.run(left);
    left -= engine.executed;
    if (reason === 'pending' || reason === 'budget') continue;
    printed.push(...Buffer.from(`\n${reason} at 0x${(cpu.i32[EIP >> 2] >>> 0).toString(16)}\n`));
    break;
  }
  return { printed: Buffer.from(printed).toString(), instructions: cpu.count };
}

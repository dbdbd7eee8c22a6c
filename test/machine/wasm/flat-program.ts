/** Bare 32-bit programs, compiled when the test runs, and processors set up to run them: flat segments, paging off. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cpu } from '../../../src/machine/cpu/cpu';
import { type Engine } from '../../../src/machine/cpu/engine';
import { EvaluatorEngine } from '../../../src/machine/cpu/engine-evaluator';
import { Evaluator } from '../../../src/machine/cpu/evaluator';
import { CR0, HALTED, Register, SegmentRegister } from '../../../src/machine/cpu/layout';
import { WasmEngine } from '../../../src/machine/wasm/engine-wasm';

/** Where programs are loaded and start. */
export const ORIGIN = 0x10000;
/** Initial ESP. */
export const STACK = 0x80000;

/** Compile C (or, with `assembly`, GNU assembly) to a flat binary; C's entry is `void start(void)` in the section .text.unlikely, which the linker puts first; it must end in HLT. */
export function compile(source: string, assembly = false): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'flat-program-'));
  try {
    const input = join(folder, assembly ? 'program.s' : 'program.c');
    const output = join(folder, 'program.bin');
    writeFileSync(input, `${source}\n`);
    execFileSync('gcc', [
      ...[
        '-m32',
        '-march=pentiumpro',
        '-O2',
        '-ffreestanding',
        '-fno-pic',
        '-fno-stack-protector',
        '-nostdlib',
        '-static',
      ],
      ...['-fcf-protection=none', '-fno-asynchronous-unwind-tables', '-Wl,--build-id=none', '-Wl,--oformat=binary'],
      ...[`-Wl,-Ttext=0x${ORIGIN.toString(16)}`, '-Wl,-e,start', '-o', output, input],
    ]);
    return readFileSync(output);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Machine {
  cpu: Cpu;
  engine: Engine;
}

/** A processor in flat 32-bit protected mode at CPL 0 with a program loaded. */
export function flatMachine(program: Uint8Array, kind: 'wasm' | 'evaluator', memoryMiB = 4): Machine {
  const cpu = new Cpu({ memoryMiB });
  cpu.i32[CR0 >> 2] |= 1;
  cpu.setSegment(SegmentRegister.CS, 8, 0, -1, 0xc09b);
  for (const segment of [
    SegmentRegister.ES,
    SegmentRegister.SS,
    SegmentRegister.DS,
    SegmentRegister.FS,
    SegmentRegister.GS,
  ]) {
    cpu.setSegment(segment, 16, 0, -1, 0xc093);
  }
  cpu.pokePhysical(ORIGIN, program);
  cpu.eip = ORIGIN;
  cpu.setRegister(Register.ESP, STACK);
  cpu.updateMode();
  const evaluator = new Evaluator(cpu);
  return { cpu, engine: kind === 'wasm' ? new WasmEngine(cpu, evaluator) : new EvaluatorEngine(cpu, evaluator) };
}

/** Run to HLT, at most so many instructions; the number executed. */
export function runToHalt({ cpu, engine }: Machine, limit: number): number {
  let executed = 0;
  while (executed < limit) {
    const reason = engine.run(Math.min(limit - executed, 10_000_000));
    executed += engine.executed;
    if (cpu.i32[HALTED >> 2] !== 0) return executed;
    if (reason !== 'budget' && reason !== 'pending')
      throw new Error(`The program ended with ${reason} at 0x${cpu.eip.toString(16)}.`);
  }
  throw new Error(`No HLT after ${limit} instructions.`);
}

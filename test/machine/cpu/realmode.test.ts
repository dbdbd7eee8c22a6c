/**
 * Single instructions recorded on a real processor (an 80286 in real mode; see ../shared/cpu/README.md), executed by the reference evaluator on
 * the whole processor. Every instruction ends in HLT, so the registers, flags and memory that are compared include those of exceptions.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

import { Cpu } from '../../../src/machine/cpu/cpu';
import { EvaluatorEngine } from '../../../src/machine/cpu/engine-evaluator';
import { Evaluator } from '../../../src/machine/cpu/evaluator';
import { HALTED, RAM, Register, SegmentRegister } from '../../../src/machine/cpu/layout';
import { setReal } from '../../../src/machine/cpu/segmentation';
import { reset } from '../../../src/machine/cpu/state';
import { DIFFERENT, reasonForDifference } from './realmode-differences';

const VECTORS = join(__dirname, '../../../../shared/cpu/realmode');

const GENERAL: Record<string, Register> = {
  ax: Register.EAX,
  cx: Register.ECX,
  dx: Register.EDX,
  bx: Register.EBX,
  sp: Register.ESP,
  bp: Register.EBP,
  si: Register.ESI,
  di: Register.EDI,
};
const SEGMENTS: Record<string, SegmentRegister> = {
  es: SegmentRegister.ES,
  cs: SegmentRegister.CS,
  ss: SegmentRegister.SS,
  ds: SegmentRegister.DS,
};
/** A vector has one instruction, of up to 65,535 repetitions where it has a REP prefix, and HLT. */
const MOST_INSTRUCTIONS = 4;
const MOST_REPETITIONS = 66_000;
/** Bits 12 to 15 and 1 follow the 80286. */
const FLAGS_COMPARED = 0x0fd5;

interface Vector {
  op: string;
  idx: number;
  name: string;
  bytes: number[];
  initial: { regs: Record<string, number>; ram: [number, number][] };
  final: { regs: Record<string, number>; ram: [number, number][] };
  /** Vector of the exception it raised. */
  exception?: number;
}

interface OpcodeMetadata {
  'flags-mask'?: number;
  reg?: Record<string, { 'flags-mask'?: number }>;
}

function readVectors(): Vector[] {
  const file = join(VECTORS, 'vectors-80286.jsonl.gz');
  if (!existsSync(file)) throw new Error(`The recorded vectors are missing: ${file}.`);
  const lines = gunzipSync(readFileSync(file)).toString().trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Vector);
}

/** Flags of an opcode file ("80.3" is group 80 /3) that the manual defines. */
function flagsMask(metadata: Record<string, OpcodeMetadata>, op: string): number {
  const [opcode, extension] = op.split('.');
  const entry = metadata[opcode];
  const inner = extension === undefined ? entry : (entry?.reg?.[extension] ?? entry);
  return (inner?.['flags-mask'] ?? 0xffff) & FLAGS_COMPARED;
}

/** Runs a vector up to its HLT; gives what differs, or nothing. */
function compare(cpu: Cpu, engine: EvaluatorEngine, vector: Vector, mask: number): string[] {
  const { initial, final } = vector;
  reset(cpu);
  for (const [address, value] of initial.ram) cpu.u8[RAM + address] = value;
  for (const [name, register] of Object.entries(GENERAL)) cpu.setRegister(register, initial.regs[name]);
  for (const [name, segment] of Object.entries(SEGMENTS)) setReal(cpu, segment, initial.regs[name]);
  cpu.updateMode();
  // An 80286 keeps IOPL and NT clear in real mode, whatever it is told.
  cpu.eflags = initial.regs.flags & 0x0fff;
  cpu.eip = initial.regs.ip;
  const most = vector.bytes.some((byte) => byte === 0xf2 || byte === 0xf3) ? MOST_REPETITIONS : MOST_INSTRUCTIONS;
  for (let executed = 0; executed < most && cpu.i32[HALTED >> 2] === 0 && !cpu.shutdown;) {
    engine.run(most - executed);
    executed += Math.max(1, engine.executed);
  }

  const differences: string[] = [];
  const expect = (what: string, actual: number, expected: number): void => {
    if (actual !== expected) differences.push(`${what} is 0x${actual.toString(16)}, not 0x${expected.toString(16)}`);
  };
  if (cpu.shutdown) differences.push('the processor shut down');
  const regs = { ...initial.regs, ...final.regs };
  for (const [name, register] of Object.entries(GENERAL)) expect(name, cpu.getRegister(register) & 0xffff, regs[name]);
  for (const [name, segment] of Object.entries(SEGMENTS)) expect(name, cpu.selector(segment), regs[name]);
  expect('ip', cpu.eip & 0xffff, regs.ip);
  expect('flags', cpu.eflags & mask, regs.flags & mask);
  const memory = new Map([...initial.ram, ...final.ram]);
  const flagsAt = vector.exception === undefined ? undefined : regs.ss * 16 + ((regs.sp + 4) & 0xffff);
  for (const [address, value] of memory) {
    let bits = 0xff;
    // The image of the flags that an exception saves: compared under the same mask.
    if (address === flagsAt) bits = mask & 0xff;
    else if (flagsAt !== undefined && address === flagsAt + 1) bits = mask >> 8;
    expect(`memory at 0x${address.toString(16)}`, cpu.u8[RAM + address] & bits, value & bits);
  }
  for (const address of memory.keys()) cpu.u8[RAM + address] = 0;
  return differences;
}

describe('real mode, against a real processor', () => {
  const cpu = new Cpu({ memoryMiB: 17 });
  const engine = new EvaluatorEngine(cpu, new Evaluator(cpu));
  const metadataFile = join(VECTORS, 'metadata-80286.json.gz');

  it('executes every recorded instruction as it did, but for those listed by name', () => {
    const vectors = readVectors();
    const metadata = (
      JSON.parse(gunzipSync(readFileSync(metadataFile)).toString()) as { opcodes: Record<string, OpcodeMetadata> }
    ).opcodes;
    assert.equal(vectors.length, 18_321);
    const failures: string[] = [];
    const excepted = new Map<string, number>();
    let compared = 0;
    for (const vector of vectors) {
      const reason = reasonForDifference(vector);
      if (reason !== undefined) {
        excepted.set(reason, (excepted.get(reason) ?? 0) + 1);
        continue;
      }
      compared++;
      const differences = compare(cpu, engine, vector, flagsMask(metadata, vector.op));
      if (differences.length > 0)
        failures.push(`${vector.op} #${vector.idx} ${vector.name}: ${differences.join('; ')}`);
    }
    console.log(`      ${compared} compared`);
    for (const [reason, count] of excepted) console.log(`      ${count} not compared: ${reason}`);
    assert.deepEqual(
      [...excepted.keys()].sort(),
      DIFFERENT.map(({ reason }) => reason).sort(),
      'a listed difference has no case',
    );
    assert.equal(failures.length, 0, `${failures.length} differ:\n${failures.slice(0, 40).join('\n')}`);
  });
});

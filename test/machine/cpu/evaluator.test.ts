import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Evaluator } from '../../../src/machine/cpu/evaluator';
import { GuestFault } from '../../../src/machine/cpu/fault';
import { ARITHMETIC, DF, getEflags, ID, setEflags } from '../../../src/machine/cpu/flags';
import { FORMS } from '../../../src/machine/cpu/forms';
import { EIP } from '../../../src/machine/cpu/layout';
import {
  type Case,
  CODE,
  CODE_SIZE,
  DATA,
  DATA_SIZE,
  FAMILY_NAMES,
  makeCases,
  STACK,
  STACK_SIZE,
  WINDOW,
} from './cases';
import { FlatProcessor } from './flat-processor';

const RECORD = CODE_SIZE + 4 + 4 + 32 + DATA_SIZE + STACK_SIZE;
const RESULT = 4 + 4 + 4 + 32 + DATA_SIZE + STACK_SIZE;
const NO_FAULT = 0xffffffff;

interface Outcome {
  vector: number;
  eip: number;
  eflags: number;
  gpr: number[];
  data: Uint8Array;
  stack: Uint8Array;
}

/** Runs snippets on this host's processor, in one process of a 32-bit C program. */
function runOnHost(cases: Case[], directory: string): Outcome[] {
  const program = join(directory, 'host');
  execFileSync('gcc', ['-m32', '-O1', '-no-pie', '-fno-pie', '-o', program, join(__dirname, 'host.c')]);
  const input = Buffer.alloc(RECORD * cases.length);
  for (const [place, test] of cases.entries()) {
    const at = place * RECORD;
    input.set(test.code, at);
    input.writeUInt32LE(test.code.length, at + CODE_SIZE);
    input.writeUInt32LE(test.eflags, at + CODE_SIZE + 4);
    for (const [register, value] of test.gpr.entries()) input.writeUInt32LE(value, at + CODE_SIZE + 8 + register * 4);
    input.set(test.data, at + CODE_SIZE + 40);
    input.set(test.stack, at + CODE_SIZE + 40 + DATA_SIZE);
  }
  writeFileSync(join(directory, 'cases'), input);
  execFileSync(program, [join(directory, 'cases'), join(directory, 'results')]);
  const output = readFileSync(join(directory, 'results'));
  assert.equal(output.length, RESULT * cases.length);
  return cases.map((_, place) => {
    const at = place * RESULT;
    const word = (offset: number): number => output.readUInt32LE(at + offset);
    return {
      vector: word(0),
      eip: word(4),
      eflags: word(8),
      gpr: Array.from({ length: 8 }, (_unused, register) => word(12 + register * 4)),
      data: output.subarray(at + 44, at + 44 + DATA_SIZE),
      stack: output.subarray(at + 44 + DATA_SIZE, at + RESULT),
    };
  });
}

/** Runs snippets on the evaluator. */
class Subject {
  private readonly processor = new FlatProcessor([CODE, DATA, STACK]);
  private readonly evaluator = new Evaluator(this.processor);
  readonly forms = new Set<number>();

  run(test: Case): Outcome {
    const { u8, i32 } = this.processor;
    const at = (linear: number): number => this.processor.offset(linear);
    u8.set(test.code, at(CODE));
    u8.set(test.data, at(DATA + WINDOW));
    u8.set(test.stack, at(STACK + WINDOW));
    i32.set(test.gpr, 0);
    setEflags(i32, test.eflags);
    i32[EIP >> 2] = CODE;
    const end = CODE + test.code.length;
    let vector = NO_FAULT;
    try {
      for (let steps = 0; i32[EIP >> 2] !== end; steps++) {
        assert(steps < 1000, 'the snippet does not end');
        const decoded = this.evaluator.fetchDecoded();
        this.forms.add(decoded.form.id);
        this.evaluator.execute(decoded);
      }
    } catch (fault) {
      if (!(fault instanceof GuestFault)) throw fault;
      vector = fault.vector;
    }
    return {
      vector,
      eip: (i32[EIP >> 2]! - CODE) >>> 0,
      eflags: getEflags(i32),
      gpr: Array.from(i32.subarray(0, 8), (value) => value >>> 0),
      data: u8.slice(at(DATA + WINDOW), at(DATA + WINDOW) + DATA_SIZE),
      stack: u8.slice(at(STACK + WINDOW), at(STACK + WINDOW) + STACK_SIZE),
    };
  }
}

const hex = (values: Iterable<number>, digits: number): string =>
  Array.from(values, (value) => value.toString(16).padStart(digits, '0')).join(' ');

/** What differs, or nothing. */
function difference(test: Case, host: Outcome, ours: Outcome): string | undefined {
  const problems: string[] = [];
  const compared =
    (ARITHMETIC | DF | ID) & ~(host.vector === NO_FAULT ? test.undefinedFlags : ARITHMETIC & test.undefinedFlags);
  if (host.vector !== ours.vector) problems.push(`vector ${ours.vector}, the host has ${host.vector}`);
  if (host.eip !== ours.eip) problems.push(`eip +${ours.eip}, the host has +${host.eip}`);
  if (((host.eflags ^ ours.eflags) & compared) !== 0) {
    problems.push(
      `flags ${hex([ours.eflags], 4)}, the host has ${hex([host.eflags], 4)}, compared ${hex([compared], 4)}`,
    );
  }
  if (hex(host.gpr, 8) !== hex(ours.gpr, 8))
    problems.push(`registers\n${hex(ours.gpr, 8)}, the host has\n${hex(host.gpr, 8)}`);
  if (Buffer.compare(host.data, ours.data) !== 0)
    problems.push(`data\n${hex(ours.data, 2)}, the host has\n${hex(host.data, 2)}`);
  if (Buffer.compare(host.stack, ours.stack) !== 0)
    problems.push(`stack\n${hex(ours.stack, 2)}, the host has\n${hex(host.stack, 2)}`);
  if (problems.length === 0) return undefined;
  const from = `flags ${hex([test.eflags], 4)}, registers\n${hex(test.gpr, 8)}`;
  return `${test.family}: ${hex(test.code, 2)} from ${from}:\n${problems.join('\n')}`;
}

describe('Evaluator, against the processor of this host', function () {
  this.timeout(120_000);
  const COUNT = 120_000;
  let directory: string;
  before(() => (directory = mkdtempSync(join(tmpdir(), 'host-cpu-'))));
  after(() => rmSync(directory, { recursive: true }));

  it(`gives the same registers, flags, memory and faults in ${COUNT} cases over ${FAMILY_NAMES.length} families`, () => {
    const cases = [...makeCases(0x2545f491, COUNT)];
    const host = runOnHost(cases, directory);
    const subject = new Subject();
    const differences: string[] = [];
    const faults = new Map<number, number>();
    for (const [place, test] of cases.entries()) {
      const expected = host[place]!;
      faults.set(expected.vector, (faults.get(expected.vector) ?? 0) + 1);
      const problem = difference(test, expected, subject.run(test));
      if (problem !== undefined) differences.push(problem);
    }
    assert.equal(
      differences.length,
      0,
      `${differences.length} differ; the first:\n${differences.slice(0, 3).join('\n\n')}`,
    );
    // The cases reach what they are meant to reach: #DE #BP #OF #BR #UD #GP #PF, and most of the forms.
    for (const vector of [0, 3, 4, 5, 6, 13, 14])
      assert((faults.get(vector) ?? 0) > 10, `no case ended with exception ${vector}`);
    assert(subject.forms.size > FORMS.length / 2, `only ${subject.forms.size} of ${FORMS.length} forms were executed`);
  });
});

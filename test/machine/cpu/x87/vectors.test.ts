/**
 * Published floating-point vectors (Berkeley TestFloat 3e), every one run as an x87 instruction: results bit by bit,
 * exceptions and, for comparisons, condition codes.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { IMAGE, makeRecord, Machine, type Outcome, readOutcome, type Setup, type Value } from './record';

const FOLDER = join(__dirname, '../../../../../shared/cpu/x87');

const ROUNDING: Record<string, number> = { rnear_even: 0x000, rmin: 0x400, rmax: 0x800, rminMag: 0xc00 };
const PRECISION: Record<string, number> = { p32: 0x000, p64: 0x200, p80: 0x300 };

/** TestFloat's exception flags as bits of the status word. */
function exceptions(flags: number): number {
  return (
    ((flags & 1) !== 0 ? 0x20 : 0) |
    ((flags & 2) !== 0 ? 0x10 : 0) |
    ((flags & 4) !== 0 ? 0x08 : 0) |
    ((flags & 8) !== 0 ? 0x04 : 0) |
    ((flags & 16) !== 0 ? 0x01 : 0)
  );
}

/** IE, ZE, OE, UE, PE. TestFloat has no denormal-operand exception; the comparison with the host's FPU covers DE. */
const COMPARED_EXCEPTIONS = 0x3d;

const value = (text: string): Value => [parseInt(text.slice(0, 4), 16), BigInt(`0x${text.slice(4)}`)];
const hex = ([se, significand]: Value): string =>
  (se.toString(16).padStart(4, '0') + significand.toString(16).padStart(16, '0')).toUpperCase();

/** An integer or a real in memory, from its hexadecimal digits. */
function memory(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'hex')).reverse();
}

function stored(outcome: Outcome, digits: number): string {
  return Buffer.from(outcome.operand.slice(0, digits), 'hex').reverse().toString('hex').toUpperCase();
}

/** How one of TestFloat's functions is asked of the FPU. */
interface Function {
  /** From the operands of a line, the instruction. */
  setup(operands: string[]): Setup;
  /** The result, as TestFloat writes it. */
  result(outcome: Outcome): string;
  /** The instruction is to be repeated while C2 is set. */
  repeat?: boolean;
}

const twoRegisters = (...code: number[]): Function => ({
  setup: ([a, b]) => ({ code, registers: [value(a), value(b)] }),
  result: (outcome) => hex(outcome.registers[0]),
});
const oneRegister = (...code: number[]): Function => ({
  setup: ([a]) => ({ code, registers: [value(a)] }),
  result: (outcome) => hex(outcome.registers[0]),
});
const toMemory = (digits: number, ...code: number[]): Function => ({
  setup: ([a]) => ({ code, registers: [value(a)] }),
  result: (outcome) => stored(outcome, digits),
});
const fromMemory = (...code: number[]): Function => ({
  setup: ([a]) => ({ code, operand: memory(a) }),
  result: (outcome) => hex(outcome.registers[0]),
});
const comparison = (code: number[], holds: (status: number) => boolean): Function => ({
  setup: ([a, b]) => ({ code, registers: [value(a), value(b)] }),
  result: (outcome) => (holds(outcome.status) ? '1' : '0'),
});
const C0 = 0x100;
const C2 = 0x400;
const C3 = 0x4000;

const FUNCTIONS: Record<string, Function> = {
  extF80_add: twoRegisters(0xd8, 0xc1), // FADD
  extF80_sub: twoRegisters(0xd8, 0xe1), // FSUB
  extF80_mul: twoRegisters(0xd8, 0xc9), // FMUL
  extF80_div: twoRegisters(0xd8, 0xf1), // FDIV
  extF80_rem: { ...twoRegisters(0xd9, 0xf5), repeat: true }, // FPREM1
  extF80_sqrt: oneRegister(0xd9, 0xfa), // FSQRT
  extF80_roundToInt: oneRegister(0xd9, 0xfc), // FRNDINT
  extF80_eq: comparison([0xdd, 0xe1], (status) => (status & (C0 | C2 | C3)) === C3), // FUCOM
  extF80_le: comparison([0xd8, 0xd1], (status) => (status & C2) === 0 && (status & (C0 | C3)) !== 0), // FCOM
  extF80_lt: comparison([0xd8, 0xd1], (status) => (status & (C0 | C2)) === C0), // FCOM
  extF80_to_f32: toMemory(8, 0xd9, 0x13), // FST m32
  extF80_to_f64: toMemory(16, 0xdd, 0x13), // FST m64
  extF80_to_i32: toMemory(8, 0xdb, 0x13), // FIST m32
  extF80_to_i64: toMemory(16, 0xdf, 0x3b), // FISTP m64
  f32_to_extF80: fromMemory(0xd9, 0x03), // FLD m32
  f64_to_extF80: fromMemory(0xdd, 0x03), // FLD m64
  i32_to_extF80: fromMemory(0xdb, 0x03), // FILD m32
  i64_to_extF80: fromMemory(0xdf, 0x2b), // FILD m64
};

describe('x87: published vectors', () => {
  const machine = new Machine();
  let total = 0;

  function run(setup: Setup, repeat: boolean): Outcome {
    let record = machine.run(makeRecord(setup));
    // Each step lowers the exponent by at least 32, so 1,024 are always enough.
    for (let step = 0; repeat && (record.readUInt16LE(IMAGE + 4) & C2) !== 0; step++) {
      assert.ok(step < 1024, 'The reduction does not end.');
      record.writeUInt32LE(setup.code.length, 0);
      record = machine.run(record);
    }
    return readOutcome(record);
  }

  before(() => {
    assert.ok(existsSync(FOLDER), `The vectors are missing: ${FOLDER}`);
  });

  const files = existsSync(FOLDER) ? readdirSync(FOLDER).sort() : [];
  for (const file of files) {
    it(file, () => {
      const [name, mode = 'rnear_even', precision = 'p80'] = file.replace('.txt.gz', '').split('.');
      const test = FUNCTIONS[name];
      assert.ok(test, `No instruction is known for ${name}.`);
      const control = 0x03f | ROUNDING[mode] | PRECISION[precision];
      const lines = gunzipSync(readFileSync(join(FOLDER, file)))
        .toString()
        .trim()
        .split('\n');
      const failures: string[] = [];
      for (const line of lines) {
        const words = line.trim().split(' ');
        const flags = exceptions(parseInt(words.pop() as string, 16));
        const expected = words.pop() as string;
        const outcome = run({ ...test.setup(words), control }, test.repeat ?? false);
        const result = test.result(outcome);
        const raised = outcome.status & COMPARED_EXCEPTIONS;
        if (result !== expected || raised !== flags) {
          failures.push(`${line}: ${result}, exceptions ${raised.toString(16)} instead of ${flags.toString(16)}`);
        }
      }
      total += lines.length;
      assert.deepEqual(failures.slice(0, 20), [], `${failures.length} of ${lines.length} differ`);
    });
  }

  it('covers all 58,192 cases', () => {
    assert.equal(total, 58192);
  });
});

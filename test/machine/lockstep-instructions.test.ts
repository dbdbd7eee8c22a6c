import { strict as assert } from 'node:assert';
import { CR0, EFLAGS, FLAG_KIND, PENDING, Register } from '../../src/machine/cpu/layout';
import { FORMS } from '../../src/machine/cpu/forms';
import { Decoder, newDecoded } from '../../src/machine/cpu/decoder';
import { Lockstep, Random } from './wasm/lockstep';
import { ORIGIN } from './wasm/flat-program';

const TRIALS = 40_000;
/** Where the general registers point, so that most accesses find RAM; everything lies in these 64 KiB. */
const DATA = 0x20000;
const DATA_SIZE = 0x10000;

/** Bytes of an instruction whose opcode is as likely to be one of the rare ones as one of the usual ones. */
function instruction(random: Random): number[] {
  const bytes: number[] = [];
  for (const prefix of [0x66, 0x67, 0xf2, 0xf3, 0x64, 0x2e, 0x3e, 0xf0]) {
    if (random.below(prefix === 0x66 ? 5 : 24) === 0) bytes.push(prefix);
  }
  if (random.below(3) === 0) bytes.push(0x0f);
  bytes.push(random.below(256));
  // ModRM, SIB, displacement, immediate: small numbers, so that addresses stay in RAM.
  bytes.push(random.below(256), random.below(256));
  for (let n = 0; n < 8; n++) bytes.push(random.below(3) === 0 ? random.below(256) : 0);
  return bytes;
}

describe('WebAssembly engine in lockstep with the evaluator: single instructions', () => {
  it(`agrees on ${TRIALS} random instructions, flags and faults included`, function () {
    this.timeout(300_000);
    const random = new Random(20261122);
    const both = new Lockstep(new Uint8Array(16));
    const initial = both.save();
    const decoder = new Decoder();
    const decoded = newDecoded();
    const met = new Set<number>();
    let executed = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      // Near the end of a page now and then, so that instructions cross it.
      const eip = ORIGIN + (random.below(20) === 0 ? 0x1000 - random.below(16) : random.below(0x800));
      const code = Uint8Array.from([...instruction(random), ...instruction(random), ...instruction(random)]);
      const registers = Array.from({ length: 8 }, () =>
        random.below(6) === 0 ? random.below(1000) - 500 : DATA + 0x4000 + random.below(0x8000),
      );
      if (random.below(2) === 0) registers[Register.ECX] = random.below(12);
      const flags = (random.word() & 0x00000cd5) | 2;
      const memory = Uint8Array.from({ length: 64 }, () => random.below(256));
      const place = random.pick(registers);
      both.restore(initial);
      both.both((cpu) => {
        registers.forEach((value, register) => cpu.setRegister(register, value));
        cpu.pokePhysical(eip, code);
        if (place >= DATA && place < DATA + DATA_SIZE) cpu.pokePhysical(place - 32, memory);
        cpu.i32[EFLAGS >> 2] = flags;
        cpu.i32[FLAG_KIND >> 2] = 0;
        // Alignment checks and the like are not for this test, floating point without a pending exception is.
        cpu.i32[CR0 >> 2] &= ~0xc;
        cpu.eip = eip;
        cpu.i32[PENDING >> 2] = 0;
      });
      decoder.decodeBytes(code, 0, true, decoded);
      met.add(decoded.form.id);
      const context = (): string => `trial ${trial}: ${decoded.form.mnemonic} ${Buffer.from(code).toString('hex')}`;
      const reason = both.run(1 + random.below(3), context);
      assert.ok(['budget', 'pending', 'halt', 'shutdown', 'unimplemented'].includes(reason), `${reason} ${context()}`);
      executed += both.reference.engine.executed;
      both.compareRange(DATA, DATA_SIZE, context);
      both.compareRange(ORIGIN, 0x2000, context);
    }
    both.compareRam();
    assert.ok(executed > TRIALS);
    console.log(`      ${TRIALS} trials, ${executed} instructions, ${met.size} of ${FORMS.length} forms`);
  });
});

/**
 * Every encoding from D8 to DF on random states, compared with this host's own FPU: registers, tags, status and control
 * word, memory operand, EFLAGS, AX, pointers, and whether #UD or #MF is raised.
 */
import assert from 'node:assert/strict';
import { runOnHost, startHost, stopHost } from './hostCpu';
import { anyOperand, anyValue, Random } from './random';
import {
  makeRecord,
  Machine,
  type Outcome,
  readOutcome,
  type Setup,
  UNTOUCHED_OPCODE,
  UNTOUCHED_POINTER,
} from './record';

const CASES_PER_ENCODING = 40;

const C0 = 0x100;
const C1 = 0x200;
const C2 = 0x400;
const C3 = 0x4000;
const IE = 0x01;
const DE = 0x02;

/** Register forms whose results may differ by rounding from host to host: transcendental.test.ts compares them. */
const TRANSCENDENTAL = [0xf0, 0xf1, 0xf2, 0xf3, 0xf9, 0xfb, 0xfe, 0xff];

interface Encoding {
  name: string;
  code: readonly number[];
}

function encodings(): Encoding[] {
  const list: Encoding[] = [];
  for (let opcode = 0xd8; opcode <= 0xdf; opcode++) {
    for (let operation = 0; operation < 8; operation++) {
      const name = `${opcode.toString(16)}/${operation}`;
      list.push({ name, code: [opcode, (operation << 3) | 3] });
      // The 16-bit environments.
      if (['d9/4', 'd9/6', 'dd/4', 'dd/6'].includes(name)) {
        list.push({ name: `66 ${name}`, code: [0x66, opcode, (operation << 3) | 3] });
      }
    }
    for (let modrm = 0xc0; modrm <= 0xff; modrm++) {
      if (opcode === 0xd9 && TRANSCENDENTAL.includes(modrm)) continue;
      list.push({ name: opcode.toString(16) + modrm.toString(16), code: [opcode, modrm] });
    }
  }
  list.push({ name: '9b', code: [0x9b] });
  return list;
}

/** FISTTP came with SSE3. Ours has none: #UD, which the last test checks; the host executes it. */
const FISTTP = ['db/1', 'dd/1', 'df/1'];

/** Random state: all masks, all rounding and precision modes, any stack, sometimes with a pending exception. */
function randomSetup(random: Random, code: readonly number[]): Setup {
  const status = (random.below(8) << 11) | (random.below(2) === 0 ? random.next() & (C0 | C1 | C2 | C3) : 0);
  let tags = 0;
  if (random.below(4) === 0) tags = random.next() & 0xffff;
  else if (random.below(2) === 0) tags = 3 << ((((status >> 11) + 7) & 7) * 2);
  const control = (random.next() & 0xf00) | (random.below(3) === 0 ? random.next() & 0x3f : 0x3f);
  const pending = random.below(20) === 0 ? random.next() & 0x3f : 0;
  return {
    code,
    control,
    status: status | pending,
    tags,
    registers: Array.from({ length: 8 }, () => anyValue(random)),
    operand: anyOperand(random),
    eflags: 0x202 | (random.next() & 0x45),
    eax: random.next(),
  };
}

/** What the manual leaves open or processors differ in; each line says why. */
function mask({ name, code }: Encoding, setup: Setup, outcome: Outcome): void {
  const raised = outcome.status & ~(setup.control as number) & 0x3f;
  const compares = /^d[8c](\/[23]|d.)$|^de(\/[23]|d.)$|^dd[e]|^da(\/[23]|e9)$|^d9e4$/.test(name);
  const comparesToFlags = /^d[bf][ef]/.test(name);
  if (compares && (raised & (IE | DE)) !== 0) {
    // FCOM, unmasked IE or DE: "condition code flags are not set" (SDM volume 2); AMD's processors set them.
    outcome.status &= ~(C0 | C2 | C3);
  }
  if (comparesToFlags) {
    // FCOMI: C1 "set to 0" (SDM volume 2); AMD's processors leave it. Unmasked IE or DE: EFLAGS "are not set"; AMD's
    // processors set them.
    outcome.status &= ~C1;
    if ((raised & (IE | DE)) !== 0) outcome.eflags = 0;
  }
  if (code[code.length - 1] === 0x33 && (name.endsWith('d9/6') || name.endsWith('dd/6'))) {
    // A stored environment has the addresses of the host's program: environment.test.ts covers these fields.
    outcome.operand = withoutPointers(outcome.operand, code.length === 3 ? 2 : 4);
  }
  if (['d9/4', 'd9/6', 'dd/4', 'dd/6', 'dbe3'].some((loads) => name.endsWith(loads))) {
    // FNINIT clears the pointers and FLDENV and FRSTOR load them: absolute, where a record's are relative.
    outcome.instructionOffset = 0;
    outcome.dataOffset = 0;
  }
}

/**
 * Since the Pentium 4, Intel's processors note the opcode only when an unmasked exception occurs, and later ones the
 * operand's address, too (SDM volume 1, 8.1.8 and 8.1.9). Ours always does, as the Pentium.
 */
function acceptUntouched(ours: Outcome, host: Outcome): void {
  if (host.opcode === UNTOUCHED_OPCODE) ours.opcode = UNTOUCHED_OPCODE;
  if (host.dataOffset === UNTOUCHED_POINTER) ours.dataOffset = UNTOUCHED_POINTER;
}

/** Blanks fields 3 to 6 of a stored environment, given in hexadecimal. */
function withoutPointers(image: string, size: number): string {
  return image.slice(0, size * 6) + '-'.repeat(size * 8) + image.slice(size * 14);
}

function describeOutcome(outcome: Outcome): string {
  return JSON.stringify(outcome, (_, v: unknown) => (typeof v === 'bigint' ? v.toString(16) : v));
}

describe("x87: every encoding against the host's FPU", () => {
  const machine = new Machine();
  let compared = 0;

  before(startHost);
  after(stopHost);

  /** Both outcomes, with what cannot be compared masked. */
  function outcomes(encoding: Encoding, setup: Setup, answer: Buffer): [ours: string, host: string] {
    const ours = readOutcome(machine.run(makeRecord(setup)));
    const host = readOutcome(answer);
    if (ours.signal !== 0 || host.signal !== 0) return [`signal ${ours.signal}`, `signal ${host.signal}`];
    mask(encoding, setup, ours);
    mask(encoding, setup, host);
    acceptUntouched(ours, host);
    return [describeOutcome(ours), describeOutcome(host)];
  }

  for (let opcode = 0xd8; opcode <= 0xe0; opcode++) {
    const group = encodings().filter(({ code, name }) => {
      const first = code[0] === 0x66 ? code[1] : code[0];
      return (opcode === 0xe0 ? first === 0x9b : first === opcode) && !FISTTP.includes(name);
    });
    it(opcode === 0xe0 ? 'FWAIT' : `opcode ${opcode.toString(16).toUpperCase()}`, () => {
      const random = new Random(opcode * 7919);
      const cases = group.flatMap((encoding) =>
        Array.from({ length: CASES_PER_ENCODING }, () => ({ encoding, setup: randomSetup(random, encoding.code) })),
      );
      const answers = runOnHost(cases.map(({ setup }) => makeRecord(setup)));
      const differing = cases.filter(({ encoding, setup }, i) => {
        const [ours, host] = outcomes(encoding, setup, answers[i]);
        return ours !== host;
      });
      // AMD's processors lose FIP, FDP and FOP in a task switch: only a difference that stays counts.
      const again = runOnHost(differing.map(({ setup }) => makeRecord(setup)));
      for (const [i, { encoding, setup }] of differing.entries()) {
        const [ours, host] = outcomes(encoding, setup, again[i]);
        assert.equal(ours, host, `${encoding.name} with ${describeOutcome(setup as unknown as Outcome)}`);
      }
      compared += cases.length;
    });
  }

  it('compares more than 20,000 cases', () => {
    assert.ok(compared > 20000, `only ${compared}`);
  });

  it('refuses FISTTP, which is SSE3', () => {
    for (const code of [
      [0xdb, 0x0b],
      [0xdd, 0x0b],
      [0xdf, 0x0b],
    ]) {
      assert.equal(readOutcome(machine.run(makeRecord({ code, registers: [[0x3fff, 1n << 63n]] }))).signal, 4);
    }
  });
});

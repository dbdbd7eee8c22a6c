import assert from 'node:assert/strict';

import {
  CpuidFeature,
  Decoder as Iced,
  DecoderOptions,
  type Instruction,
  Mnemonic,
  OpKind,
  Register as IcedRegister,
} from 'iced-x86';

import { ABSENT_FEATURES } from '../../../src/machine/cpu/absent';
import { type Decoded, NO_REGISTER } from '../../../src/machine/cpu/decoded';
import { Decoder, newDecoded } from '../../../src/machine/cpu/decoder';
import { FORMS, TOO_LONG, UNDEFINED, UNIMPLEMENTED } from '../../../src/machine/cpu/forms';
import { SegmentRegister } from '../../../src/machine/cpu/layout';

/** iced decodes what this processor has: no newer meanings for F3 0F BC, F3 0F BD, F3 0F 09 and the hint NOPs. */
const OPTIONS =
  DecoderOptions.ForceReservedNop | DecoderOptions.NoMPFX_0FBC | DecoderOptions.NoMPFX_0FBD | DecoderOptions.NoWbnoinvd;

/** Features of which this processor has every instruction. */
const PRESENT = new Set<number>([
  CpuidFeature.INTEL8086,
  CpuidFeature.INTEL8086_ONLY,
  CpuidFeature.INTEL186,
  CpuidFeature.INTEL286,
  CpuidFeature.INTEL386,
  CpuidFeature.INTEL486,
  CpuidFeature.CMOV,
  CpuidFeature.CX8,
  CpuidFeature.CPUID,
  CpuidFeature.FPU,
  CpuidFeature.FPU287,
  CpuidFeature.FPU387,
  CpuidFeature.MSR,
  CpuidFeature.MULTIBYTENOP,
  CpuidFeature.PAUSE,
  CpuidFeature.RDPMC,
  CpuidFeature.SEP,
  CpuidFeature.TSC,
]);

/** Features whose instructions are known by their first bytes, undefined ones included. */
const OPEN_ENDED = ['AVX', 'XOP', '3DNow!', 'PadLock'];

/** iced's mnemonics by ours, where they differ by more than a size suffix. */
const OTHER_NAMES: Record<string, string[]> = {
  'call far': ['call'],
  'jmp far': ['jmp'],
  'ret far': ['retf'],
  cbw: ['cbw', 'cwde'],
  cwd: ['cwd', 'cdq'],
  icebp: ['int1'],
  jcxz: ['jcxz', 'jecxz'],
  nop: ['nop', 'pause', 'reservednop', 'endbr32'],
  shl: ['shl', 'sal'],
  xlat: ['xlatb'],

  ud: ['ud0', 'ud1', 'ud2'],
};
const SUFFIXED = ['movs', 'cmps', 'stos', 'lods', 'scas', 'ins', 'outs', 'pusha', 'popa', 'pushf', 'popf', 'iret'];

function sameMnemonic(ours: string, iced: string): boolean {
  if (ours === iced) return true;
  if (ours === 'x87') return iced.startsWith('f');
  if (SUFFIXED.includes(ours)) return iced.startsWith(ours) && iced.length <= ours.length + 1;
  return OTHER_NAMES[ours]?.includes(iced) ?? false;
}

const NUMBER: [number, number][] = [];
for (let i = 0; i < 8; i++) NUMBER.push([IcedRegister.EAX + i, i], [IcedRegister.AX + i, i]);
for (let i = 0; i < 6; i++) NUMBER.push([IcedRegister.ES + i, i]);
NUMBER.push([IcedRegister.None, NO_REGISTER]);
const REGISTER_NUMBER = new Map(NUMBER);

/** The memory operand as "segment base index scale displacement". */
function memoryOf(instruction: Instruction): string {
  const index = REGISTER_NUMBER.get(instruction.memoryIndex)!;
  const scale = index === NO_REGISTER ? 0 : Math.log2(instruction.memoryIndexScale);
  const base = REGISTER_NUMBER.get(instruction.memoryBase)!;
  const displacement = Number(BigInt.asIntN(32, instruction.memoryDisplacement));
  return [REGISTER_NUMBER.get(instruction.memorySegment), base, index, scale, displacement].join(' ');
}

/** How ours and iced's decoding differ, or nothing. */
function difference(ours: Decoded, iced: Instruction): string | undefined {
  const name = Mnemonic[iced.mnemonic]!.toLowerCase();
  if (ours.form === TOO_LONG) return iced.isInvalid ? undefined : `too long, iced has ${name} of ${iced.length} bytes`;
  if (ours.form === UNDEFINED) {
    // Outside of system-management mode, which is not here, RSM is undefined.
    return iced.isInvalid || name.startsWith('ud') || name === 'rsm' ? undefined : `undefined, iced has ${name}`;
  }
  if (ours.form === UNIMPLEMENTED) {
    const feature = ABSENT_FEATURES[ours.immediate]!;
    // Nothing is looked at behind these prefixes.
    if (iced.isInvalid) return OPEN_ENDED.includes(feature) ? undefined : `${feature}, iced has nothing`;
    const present = iced.cpuidFeatures().every((known) => PRESENT.has(known));
    return present ? `${feature}, iced has ${name}` : undefined;
  }
  if (ours.form.mnemonic === 'x87' && iced.isInvalid) return undefined;
  if (iced.isInvalid) return `${ours.form.mnemonic}, iced has nothing`;
  if (!sameMnemonic(ours.form.mnemonic, name)) return `${ours.form.mnemonic}, iced has ${name}`;
  if (ours.length !== iced.length) return `${name} of ${ours.length} bytes, iced has ${iced.length}`;

  let immediate: number | undefined;
  let second: number | undefined;
  for (let operand = 0; operand < iced.opCount; operand++) {
    switch (iced.opKind(operand)) {
      case OpKind.Memory: {
        if (!ours.form.isMemory) break;
        const memory = [ours.segment, ours.base, ours.index, ours.scale];
        let { displacement } = ours;
        // Ours has the increment of POP's address by ESP in the displacement.
        if (ours.form.mnemonic === 'pop' && ours.base === 4) displacement -= ours.form.size >> 3;
        if (ours.addressMask === 0xffff) displacement = (displacement << 16) >> 16;
        const [expected, actual] = [memoryOf(iced), [...memory, displacement | 0].join(' ')];
        const sixteen = ours.addressMask === 0xffff;
        const cut = sixteen ? expected.replace(/-?\d+$/, (d) => String((Number(d) << 16) >> 16)) : expected;
        if (cut !== actual) return `${name} [${actual}], iced has [${cut}]`;
        break;
      }
      case OpKind.MemorySegSI:
      case OpKind.MemorySegESI:
        if (ours.segment !== REGISTER_NUMBER.get(iced.memorySegment)) return `${name}: segment ${ours.segment}`;
        break;
      case OpKind.Register: {
        const number = REGISTER_NUMBER.get(iced.opRegister(operand));
        const isSegment = number !== undefined && iced.opRegister(operand) >= IcedRegister.ES;
        if (isSegment && ['mov'].includes(name) && ours.reg !== number) return `${name}: segment register ${ours.reg}`;
        break;
      }
      case OpKind.NearBranch16:
      case OpKind.NearBranch32: {
        const target = (ours.immediate + Number(iced.nextIP & 0xffffffffn)) & (ours.form.size === 16 ? 0xffff : -1);
        if (target >>> 0 !== Number(iced.nearBranchTarget)) return `${name}: target ${target}`;
        break;
      }
      case OpKind.FarBranch16:
      case OpKind.FarBranch32:
        immediate = iced.opKind(operand) === OpKind.FarBranch16 ? iced.farBranch16 : iced.farBranch32;
        second = iced.farBranchSelector;
        break;
      case OpKind.Immediate8_2nd:
        second = iced.immediate8_2nd;
        break;
      case OpKind.Immediate8:
      case OpKind.Immediate16:
      case OpKind.Immediate32:
      case OpKind.Immediate8to16:
      case OpKind.Immediate8to32:
        immediate = Number(BigInt.asIntN(32, iced.immediate(operand)));
        // The constant 1 of D0 and D1 is in the form.
        if (['rol', 'ror', 'rcl', 'rcr', 'shl', 'sal', 'shr', 'sar'].includes(name) && (ours.opcode & 0xfe) === 0xd0) {
          immediate = undefined;
        }
        break;
    }
  }
  const mask = ours.form.size === 16 ? 0xffff : -1;
  if (immediate !== undefined && ((immediate ^ ours.immediate) & mask) !== 0) {
    return `${name}: immediate ${ours.immediate}, iced has ${immediate}`;
  }
  if (second !== undefined && second !== ours.immediate2) return `${name}: second immediate ${ours.immediate2}`;
  return undefined;
}

const SLOT = 16;

/** Compares the decoding of `count` times 16 bytes; gives the differences, grouped. */
function compare(bytes: Uint8Array, code32: boolean): Map<string, string> {
  const iced = new Iced(code32 ? 32 : 16, bytes, OPTIONS);
  const decoder = new Decoder();
  const ours = newDecoded();
  const differences = new Map<string, string>();
  for (let at = 0; at + SLOT <= bytes.length; at += SLOT) {
    decoder.decodeBytes(bytes, at, code32, ours);
    iced.position = at;
    iced.ip = 0x1000n;
    const instruction = iced.decode();
    const problem = difference(ours, instruction);
    if (problem !== undefined) {
      const hex = Array.from(bytes.subarray(at, at + SLOT), (b) => b.toString(16).padStart(2, '0')).join(' ');
      differences.set(problem, `${problem} (${code32 ? 32 : 16}-bit code ${hex})`);
    }
    instruction.free();
  }
  iced.free();
  return differences;
}

function assertSame(differences: Map<string, string>): void {
  assert.equal(
    differences.size,
    0,
    `${differences.size} kinds of difference:\n${[...differences.values()].slice(0, 40).join('\n')}`,
  );
}

/** A repeatable stream of bytes. */
function* noise(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state >>> 24;
  }
}

describe('Decoder, against iced-x86', function () {
  this.timeout(120_000);
  const PREFIXES = [[], [0x66], [0x67], [0x66, 0x67], [0xf0], [0xf2], [0xf3], [0x2e], [0x65, 0x66]];

  for (const code32 of [true, false]) {
    const bits = code32 ? 32 : 16;
    it(`agrees on all opcodes with all ModRM bytes in ${bits}-bit code (131,072 cases)`, () => {
      const bytes = new Uint8Array(SLOT * 131072);
      const filler = noise(1);
      for (let i = 0; i < 131072; i++) {
        const opcode = i >> 8;
        const prefix = PREFIXES[(i + opcode) % PREFIXES.length]!;
        const code = [...prefix, ...(opcode >= 256 ? [0x0f] : []), opcode & 255, i & 255];
        while (code.length < SLOT) code.push(filler.next().value);
        bytes.set(code, i * SLOT);
      }
      assertSame(compare(bytes, code32));
    });

    it(`knows each opcode of other processors with all prefixes in ${bits}-bit code (524,288 cases)`, () => {
      const slots = 4 * 256 * 128;
      const bytes = new Uint8Array(SLOT * slots);
      const filler = noise(2);
      for (const prefix of [[], [0x66], [0xf2], [0xf3]]) {
        for (let i = 0; i < slots; i++) {
          const escape = [[], [0x0f], [0x0f, 0x38], [0x0f, 0x3a]][i >> 15]!;
          // ModRM.mod 0 and 3 stand for memory and register.
          const modrm = (i & 0x3f) | ((i & 0x40) !== 0 ? 0xc0 : 0);
          const code = [...prefix, ...escape, (i >> 7) & 255, modrm];
          while (code.length < SLOT) code.push(filler.next().value);
          bytes.set(code, i * SLOT);
        }
        assertSame(compare(bytes, code32));
      }
    });

    it(`agrees on random bytes with random prefixes in ${bits}-bit code (60,000 cases)`, () => {
      const source = noise(code32 ? 7 : 8);
      const bytes = Uint8Array.from({ length: SLOT * 60000 }, () => source.next().value);
      const prefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
      for (let at = 0; at < bytes.length; at += SLOT) {
        const count = bytes[at + 15]! % 4;
        for (let i = 0; i < count; i++) bytes[at + i] = prefixes[bytes[at + i]! % prefixes.length]!;
      }
      assertSame(compare(bytes, code32));
    });
  }

  it('fetches no byte beyond the instruction', () => {
    const fetched: number[] = [];
    const code = [0x66, 0x81, 0x84, 0x88, 1, 2, 3, 4, 5, 6, 0xcc];
    const record = newDecoded();
    new Decoder().decode((index) => (fetched.push(index), code[index]!), true, record);
    assert.equal(record.length, 10);
    assert.deepEqual(fetched, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('stops at 15 bytes', () => {
    const fetched: number[] = [];
    const record = newDecoded();
    new Decoder().decode((index) => (fetched.push(index), 0x66), true, record);
    assert.equal(record.form, TOO_LONG);
    assert.equal(fetched.length, 15);
  });

  it('says where bytes run out', () => {
    assert.throws(() => new Decoder().decodeBytes(Uint8Array.of(0x81, 0xc0, 1), 0, true, newDecoded()), RangeError);
  });

  it('shares a form between encodings of one meaning', () => {
    const form = (...code: number[]) => {
      const record = newDecoded();
      new Decoder().decodeBytes(Uint8Array.from(code), 0, true, record);
      return record.form;
    };
    assert.equal(form(0x05, 1, 0, 0, 0), form(0x81, 0xc3, 1, 0, 0, 0));
    assert.equal(form(0x05, 1, 0, 0, 0), form(0x83, 0xc3, 1));
    assert.equal(form(0x41), form(0xff, 0xc1));
    assert.equal(form(0xa1, 0, 0, 0, 0), form(0x8b, 0x03));
    assert.equal(form(0xf0, 0x03, 0x03), UNDEFINED);
  });

  it('numbers the forms in order', () => {
    for (const [id, form] of FORMS.entries()) assert.equal(form.id, id);
    assert.equal(FORMS[UNDEFINED.id]!.size, 32);
    assert.equal(SegmentRegister.GS, 5);
  });
});

import assert from 'node:assert/strict';

import {
  AF,
  ARITHMETIC,
  CF,
  FlagKind,
  getCarry,
  getEflags,
  getOverflow,
  materialiseFlags,
  OF,
  PF,
  setEflags,
  SF,
  testCondition,
  ZF,
} from '../../../src/machine/cpu/flags';
import { EFLAGS, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT } from '../../../src/machine/cpu/layout';
import { type ConditionCode } from '../../../src/machine/cpu/ops';

const i32 = new Int32Array(64);

/** Leave flags to be computed, as an engine does after an operation of `size` bits. */
function lazy(kind: FlagKind, size: number, operand: number, result: number, eflags = 2): void {
  const shift = 32 - size;
  i32[EFLAGS >> 2] = eflags;
  i32[FLAG_KIND >> 2] = kind | shift;
  i32[FLAG_OPERAND >> 2] = operand << shift;
  i32[FLAG_RESULT >> 2] = result << shift;
}

/** The flags of a ± b by their definitions (SDM volume 1, section 3.4.3.1), from exact integers. */
function defined(a: number, b: number, subtract: boolean): number {
  const signed = (v: number): number => (v << 24) >> 24;
  const exact = subtract ? a - b : a + b;
  const exactSigned = subtract ? signed(a) - signed(b) : signed(a) + signed(b);
  const nibble = subtract ? (a & 15) - (b & 15) : (a & 15) + (b & 15);
  const result = exact & 0xff;
  const ones = result.toString(2).replaceAll('0', '').length;
  return (
    (exact < 0 || exact > 255 ? CF : 0) |
    (ones % 2 === 0 ? PF : 0) |
    (nibble < 0 || nibble > 15 ? AF : 0) |
    (result === 0 ? ZF : 0) |
    (result >= 128 ? SF : 0) |
    (exactSigned < -128 || exactSigned > 127 ? OF : 0)
  );
}

/** Conditions by the table in SDM volume 1, appendix B. */
function holds(flags: number, code: number): boolean {
  const [cf, zf, sf, of, pf] = [CF, ZF, SF, OF, PF].map((flag) => (flags & flag) !== 0);
  const positive = [of, cf, zf, cf || zf, sf, pf, sf !== of, zf || sf !== of][code >> 1]!;
  return (code & 1) === 0 ? positive : !positive;
}

function assertFlags(expected: number, what: string): void {
  assert.equal(getEflags(i32) & ARITHMETIC, expected, what);
  assert.equal(getCarry(i32), expected & CF, what);
  assert.equal(getOverflow(i32), (expected & OF) >> 11, what);
  for (let code = 0; code < 16; code++) {
    assert.equal(testCondition(i32, code as ConditionCode), holds(expected, code), `${what}, condition ${code}`);
  }
}

describe('lazy flags', () => {
  it('follow the definitions for all sums and differences of bytes', () => {
    for (let a = 0; a < 256; a++) {
      for (let b = 0; b < 256; b++) {
        lazy(FlagKind.Add, 8, b, a + b);
        assertFlags(defined(a, b, false), `${a} + ${b}`);
        lazy(FlagKind.Sub, 8, b, a - b);
        assertFlags(defined(a, b, true), `${a} - ${b}`);
      }
    }
  });

  it('keep CF over INC and DEC', () => {
    for (const carry of [0, CF]) {
      for (let a = 0; a < 256; a++) {
        lazy(FlagKind.Inc, 8, 0, a + 1, 2 | carry);
        assertFlags((defined(a, 1, false) & ~CF) | carry, `inc ${a}`);
        lazy(FlagKind.Dec, 8, 0, a - 1, 2 | carry);
        assertFlags((defined(a, 1, true) & ~CF) | carry, `dec ${a}`);
      }
    }
  });

  it('clear CF, OF and AF after logic', () => {
    lazy(FlagKind.Logic, 16, 0, 0x8000, 2 | CF | OF | AF);
    assertFlags(SF | PF, 'logic');
  });

  it('take CF, OF and AF from EFLAGS where they were given', () => {
    lazy(FlagKind.Result, 32, 0, 0, 2 | CF | AF);
    assertFlags(CF | AF | ZF | PF, 'given');
  });

  it('stay the same when they are computed into EFLAGS', () => {
    lazy(FlagKind.Sub, 32, 1, -1, 2);
    const before = getEflags(i32);
    materialiseFlags(i32);
    assert.equal(i32[FLAG_KIND >> 2], 0);
    assert.equal(getEflags(i32), before);
    assertFlags(before & ARITHMETIC, 'computed');
  });

  it('have no reserved bits', () => {
    setEflags(i32, -1);
    assert.equal(getEflags(i32), 0x003f7fd7);
    setEflags(i32, 0);
    assert.equal(getEflags(i32), 2);
  });
});

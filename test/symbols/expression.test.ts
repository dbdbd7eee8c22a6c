import assert from 'node:assert/strict';
import {
  type EvaluationContext,
  type Expression,
  type Location,
  SymbolError,
  evaluate,
  evaluateValue,
  readLocation,
} from '../../src/symbols';
import { DW_OP } from '../../src/symbols/constants';
import { DwarfExpression } from '../../src/symbols/operations';
import { compile, fixture, open } from './tools';

/** A frame for the expressions: registers 0x100, 0x101 …, memory whose bytes are the low bits of their address. */
const CONTEXT: EvaluationContext = {
  pc: 0x1000,
  readMemory: (address, size) => Uint8Array.from({ length: size }, (_, i) => (address + i) & 0xff),
  register: (number) => (number === 7 ? undefined : 0x100 + number),
  wideRegister: (number) => (number === 11 ? Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0x3f) : undefined),
  cfa: () => 0x2000,
  frameBase: () => 0x3000,
  entryValue: (e) => (e.toString() === 'DW_OP_reg0' ? 42 : undefined),
  parameterReference: (die) => (die === 0x10 ? 99 : undefined),
  tlsAddress: (offset) => 0x7000 + offset,
  objectAddress: 0x4000,
};

function expression(...bytes: number[]): Expression {
  return new DwarfExpression(Uint8Array.from(bytes), undefined);
}

const value = (...bytes: number[]): bigint | number => evaluateValue(expression(...bytes), CONTEXT);
const place = (...bytes: number[]): Location['pieces'][number]['place'] =>
  evaluate(expression(...bytes), CONTEXT).pieces[0].place;
const u32 = (n: number): number[] => [n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff, (n >>> 24) & 0xff];
const lit = (n: number): number => DW_OP.lit0 + n;
const MINUS_1 = [DW_OP.const1s, 0xff];

function failure(...bytes: number[]): SymbolError {
  try {
    evaluate(expression(...bytes), CONTEXT);
  } catch (error) {
    assert.ok(error instanceof SymbolError);
    return error;
  }
  assert.fail('no error');
}

describe('symbols: DWARF expressions', () => {
  it('push literals and constants of every size', () => {
    for (let n = 0; n < 32; n++) assert.equal(value(lit(n)), BigInt(n));
    assert.equal(value(DW_OP.addr, ...u32(0xc1000000)), 0xc1000000n);
    assert.equal(value(DW_OP.const1u, 0xff), 0xffn);
    assert.equal(value(DW_OP.const1s, 0xff), 0xffffffffn);
    assert.equal(value(DW_OP.const2u, 0xfe, 0xff), 0xfffen);
    assert.equal(value(DW_OP.const2s, 0xfe, 0xff), 0xfffffffen);
    assert.equal(value(DW_OP.const4u, ...u32(0x80000000)), 0x80000000n);
    assert.equal(value(DW_OP.const4s, ...u32(0xfffffffd)), 0xfffffffdn);
    assert.equal(value(DW_OP.const8u, ...u32(5), ...u32(1)), 5n, 'the generic type has 32 bits');
    assert.equal(value(DW_OP.const8s, ...u32(0xffffffff), ...u32(0xffffffff)), 0xffffffffn);
    assert.equal(value(DW_OP.constu, 0xe5, 0x8e, 0x26), 624485n);
    assert.equal(value(DW_OP.consts, 0x80, 0x7f), 0xffffff80n);
  });

  it('read registers, frame base, CFA, memory and the object', () => {
    assert.equal(value(DW_OP.breg0 + 5, 0x7c), 0x105n - 4n);
    assert.equal(value(DW_OP.bregx, 3, 8), 0x10bn);
    assert.equal(value(DW_OP.fbreg, 0x6c), 0x3000n - 20n);
    assert.equal(value(DW_OP.call_frame_cfa), 0x2000n);
    assert.equal(value(DW_OP.push_object_address), 0x4000n);
    assert.equal(value(lit(16), DW_OP.deref), 0x13121110n);
    assert.equal(value(lit(16), DW_OP.deref_size, 2), 0x1110n);
    assert.equal(value(lit(5), DW_OP.form_tls_address), 0x7005n);
    assert.equal(value(lit(5), DW_OP.GNU_push_tls_address), 0x7005n);
    assert.equal(value(DW_OP.reg0 + 3), 0x103n);
  });

  it('move values on the stack', () => {
    assert.equal(value(lit(1), lit(2), DW_OP.dup, DW_OP.plus), 4n);
    assert.equal(value(lit(1), lit(2), DW_OP.drop), 1n);
    assert.equal(value(lit(1), lit(2), DW_OP.over, DW_OP.minus), 1n);
    assert.equal(value(lit(7), lit(2), lit(3), DW_OP.pick, 2), 7n);
    assert.equal(value(lit(1), lit(5), DW_OP.swap, DW_OP.minus), 4n);
    // DWARF's own example: 17 29 1000 becomes 1000 17 29 (top to bottom read upwards).
    assert.equal(value(lit(9), lit(5), lit(1), DW_OP.rot), 5n);
    assert.equal(value(lit(9), lit(5), lit(1), DW_OP.rot, DW_OP.drop), 9n);
    assert.equal(value(lit(9), lit(5), lit(1), DW_OP.rot, DW_OP.drop, DW_OP.drop), 1n);
    assert.equal(value(lit(3), DW_OP.nop, DW_OP.GNU_uninit), 3n);
  });

  it('compute, with the signs that the standard gives to the generic type', () => {
    assert.equal(value(...MINUS_1, DW_OP.abs), 1n);
    assert.equal(value(lit(12), lit(10), DW_OP.and), 8n);
    assert.equal(value(lit(12), lit(10), DW_OP.or), 14n);
    assert.equal(value(lit(12), lit(10), DW_OP.xor), 6n);
    assert.equal(value(DW_OP.const1s, 0xf8, lit(2), DW_OP.div), 0xfffffffcn, 'div is signed');
    assert.equal(value(...MINUS_1, lit(16), DW_OP.mod), 15n, 'mod is unsigned');
    assert.equal(value(lit(3), lit(5), DW_OP.minus), 0xfffffffen);
    assert.equal(value(DW_OP.const4u, ...u32(0x80000001), lit(2), DW_OP.mul), 2n);
    assert.equal(value(lit(3), DW_OP.neg), 0xfffffffdn);
    assert.equal(value(lit(0), DW_OP.not), 0xffffffffn);
    assert.equal(value(lit(3), DW_OP.plus_uconst, 0x80, 1), 131n);
    assert.equal(value(lit(3), lit(4), DW_OP.shl), 48n);
    assert.equal(value(lit(3), DW_OP.const1u, 40, DW_OP.shl), 0n);
    assert.equal(value(...MINUS_1, lit(28), DW_OP.shr), 15n);
    assert.equal(value(...MINUS_1, lit(28), DW_OP.shra), 0xffffffffn);
    assert.equal(value(...MINUS_1, lit(1), DW_OP.lt), 1n, 'comparisons are signed');
    assert.equal(value(...MINUS_1, lit(1), DW_OP.ge), 0n);
    assert.equal(value(lit(4), lit(4), DW_OP.le), 1n);
    assert.equal(value(lit(4), lit(4), DW_OP.gt), 0n);
    assert.equal(value(lit(4), lit(4), DW_OP.eq), 1n);
    assert.equal(value(lit(4), lit(4), DW_OP.ne), 0n);
  });

  it('branch', () => {
    assert.equal(value(lit(1), DW_OP.skip, 1, 0, lit(2), lit(3), DW_OP.plus), 4n);
    assert.equal(value(lit(7), lit(1), DW_OP.bra, 1, 0, lit(9)), 7n);
    assert.equal(value(lit(7), lit(0), DW_OP.bra, 1, 0, lit(9)), 9n);
    // A loop that counts down from 5 and leaves 0.
    assert.equal(value(lit(5), lit(1), DW_OP.minus, DW_OP.dup, DW_OP.bra, 0xfa, 0xff), 0n);
  });

  it('describe places', () => {
    assert.deepEqual(place(DW_OP.fbreg, 8), { kind: 'memory', address: 0x3008 });
    assert.deepEqual(place(DW_OP.reg0 + 6), { kind: 'register', register: 6 });
    assert.deepEqual(place(DW_OP.regx, 40), { kind: 'register', register: 40 });
    assert.deepEqual(place(lit(9), DW_OP.stack_value), { kind: 'implicit', bytes: Uint8Array.of(9, 0, 0, 0) });
    assert.deepEqual(place(DW_OP.implicit_value, 2, 0xaa, 0xbb), {
      kind: 'implicit',
      bytes: Uint8Array.of(0xaa, 0xbb),
    });
    assert.deepEqual(place(DW_OP.implicit_pointer, ...u32(0x77), 4), {
      kind: 'implicitPointer',
      die: 0x77,
      byteOffset: 4,
    });
    assert.deepEqual(place(DW_OP.GNU_implicit_pointer, ...u32(0x77), 0x7c), {
      kind: 'implicitPointer',
      die: 0x77,
      byteOffset: -4,
    });
    assert.equal(place().kind, 'optimizedOut');
  });

  it('put values together from pieces', () => {
    // 4 bytes in eax, 4 in memory, 2 gone, 2 implicit.
    const location = evaluate(
      expression(
        ...[DW_OP.reg0, DW_OP.piece, 4],
        ...[lit(16), DW_OP.piece, 4],
        ...[DW_OP.piece, 2],
        ...[lit(5), DW_OP.stack_value, DW_OP.piece, 2],
      ),
      CONTEXT,
    );
    assert.deepEqual(
      location.pieces.map((p) => [p.place.kind, p.bitSize]),
      [
        ['register', 32],
        ['memory', 32],
        ['optimizedOut', 16],
        ['implicit', 16],
      ],
    );
    const { bytes, missing } = readLocation(location, 12, CONTEXT);
    assert.deepEqual([...bytes], [0, 1, 0, 0, 16, 17, 18, 19, 0, 0, 5, 0]);
    assert.match(missing ?? '', /this part of the value is not kept/);
  });

  it('put bits together from bit pieces', () => {
    // Bits 4..11 of ecx (0x101: 0001_0000_0001), then 4 bits of memory at 0x33.
    const location = evaluate(
      expression(DW_OP.reg0 + 1, DW_OP.bit_piece, 8, 4, DW_OP.const1u, 0x33, DW_OP.bit_piece, 4, 0),
      CONTEXT,
    );
    const { bytes } = readLocation({ pieces: location.pieces }, 2, CONTEXT);
    assert.deepEqual([...bytes], [0x10, 0x03]);
  });

  it('know values on entry from the caller, and say so if they do not', () => {
    assert.equal(value(DW_OP.entry_value, 1, DW_OP.reg0), 42n);
    assert.equal(value(DW_OP.GNU_entry_value, 1, DW_OP.reg0, lit(1), DW_OP.plus), 43n);
    assert.equal(value(DW_OP.GNU_parameter_ref, ...u32(0x10)), 99n);
    const error = failure(DW_OP.entry_value, 1, DW_OP.reg0 + 2, DW_OP.stack_value);
    assert.equal(error.code, 'unavailable');
    assert.match(error.message, /its value on entry to the function was in %edx, which the caller does not tell/);
  });

  it('compute with base types: 64-bit integers and floating point', () => {
    const { symbols } = open(compile(fixture('everything.c'), ['-g', '-O0']));
    const unit = symbols.units()[0];
    const types = new Map(
      ['long long int', 'double', 'float', 'int', 'unsigned int', 'char', 'long double'].map((name) => [
        name,
        symbols.findType(name, unit)?.id ?? 0,
      ]),
    );
    // Offsets in expressions count from the unit; this program's main unit is the first with these types.
    const holder = symbols.functionAt(symbols.findFunctions('mix').concrete[0].lowPc);
    assert.ok(
      holder && holder.frameBase.kind === 'expression' && holder.frameBase.expression instanceof DwarfExpression,
    );
    const dwarfUnit = holder.frameBase.expression.unit;
    assert.ok(dwarfUnit);
    const type = (name: string): number[] => {
      const offset = (types.get(name) ?? 0) - dwarfUnit.offset;
      return [(offset & 0x7f) | 0x80, ((offset >> 7) & 0x7f) | 0x80, offset >> 14];
    };
    const typed = (...bytes: number[]): bigint | number =>
      evaluateValue(new DwarfExpression(Uint8Array.from(bytes), dwarfUnit), CONTEXT);
    const longLong = (n: bigint): number[] => [
      DW_OP.const_type,
      ...type('long long int'),
      8,
      ...Array.from({ length: 8 }, (_, i) => Number((BigInt.asUintN(64, n) >> BigInt(8 * i)) & 0xffn)),
    ];
    assert.equal(typed(...longLong(-5n), ...longLong(3n), DW_OP.mul), -15n);
    assert.equal(typed(...longLong(-7n), ...longLong(2n), DW_OP.mod), -1n, 'mod of a signed type is signed');
    assert.equal(typed(...longLong(1n << 40n), lit(8), DW_OP.shr), 1n << 32n);
    assert.equal(typed(...longLong(-1n), DW_OP.convert, ...type('unsigned int')), 0xffffffffn);
    assert.equal(typed(...longLong(-1n), DW_OP.convert, 0), 0xffffffffn, 'to the generic type');
    assert.equal(
      typed(
        ...longLong(7n),
        DW_OP.convert,
        ...type('double'),
        ...longLong(2n),
        DW_OP.convert,
        ...type('double'),
        DW_OP.div,
      ),
      3.5,
    );
    assert.equal(typed(...longLong(0x3ff8000000000000n), DW_OP.reinterpret, ...type('double')), 1.5);
    assert.equal(typed(lit(0), DW_OP.deref_type, 1, ...type('char')), 0n);
    assert.equal(typed(DW_OP.const1u, 0xf0, DW_OP.deref_type, 1, ...type('char')), -16n);
    assert.equal(typed(DW_OP.regval_type, 0, ...type('int')), 0x100n);
    assert.equal(typed(DW_OP.regval_type, 11, ...type('long double')), 1.5);
    assert.equal(typed(...longLong(-2n), ...longLong(1n), DW_OP.lt), 1n);
    assert.throws(() => typed(...longLong(1n), lit(1), DW_OP.plus), /combines values of different types/);
    assert.throws(() => typed(lit(1), DW_OP.convert, 1), SymbolError);
  });

  it('are written as llvm-dwarfdump writes them', () => {
    assert.equal(expression(DW_OP.fbreg, 0x6c).toString(), 'DW_OP_fbreg -20');
    assert.equal(
      expression(DW_OP.entry_value, 1, DW_OP.reg0, DW_OP.stack_value).toString(),
      'DW_OP_entry_value (DW_OP_reg0); DW_OP_stack_value',
    );
    assert.equal(expression(DW_OP.breg0 + 4, 8, DW_OP.deref).toString(), 'DW_OP_breg4 8; DW_OP_deref');
    assert.equal(expression(DW_OP.addr, ...u32(0xc1000000)).toString(), 'DW_OP_addr 0xc1000000');
  });

  it('end, whatever they contain', () => {
    assert.equal(failure(DW_OP.skip, 0xfd, 0xff).code, 'limit');
    assert.equal(failure(lit(1), DW_OP.skip, 0xfc, 0xff).code, 'limit');
    assert.equal(failure(DW_OP.skip, 0x7f, 0x7f).code, 'malformed');
    assert.equal(failure(DW_OP.plus).code, 'malformed');
    assert.equal(failure(lit(1), lit(0), DW_OP.div).code, 'unavailable');
    assert.equal(failure(lit(1), lit(0), DW_OP.mod).code, 'unavailable');
    assert.equal(failure(DW_OP.addr, 1, 2).code, 'truncated');
    assert.equal(failure(DW_OP.implicit_value, 0xff, 0xff, 0xff, 0x7f).code, 'truncated');
    assert.equal(failure(0xff).code, 'unsupported');
    assert.equal(failure(lit(1), lit(1), DW_OP.xderef).code, 'unsupported');
    assert.equal(failure(DW_OP.breg0 + 7, 0).code, 'unavailable');
    assert.match(failure(DW_OP.breg0 + 7, 0).message, /%edi, which this frame does not have/);
    assert.equal(failure(DW_OP.reg0, DW_OP.reg0 + 1).code, 'malformed');
    const withoutTls = { ...CONTEXT, tlsAddress: undefined };
    assert.throws(() => evaluate(expression(lit(0), DW_OP.form_tls_address), withoutTls), /thread-local variables/);
  });
});

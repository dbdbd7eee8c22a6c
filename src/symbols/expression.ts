import { type EvaluationContext, type Expression, type Location, type Piece, type Place } from './api';
import { DW_AT, DW_OP, nameOf, registerName } from './constants';
import { indexedAddress } from './die';
import { SymbolError } from './errors';
import { type Unit } from './info';
import { DwarfExpression, type Operation, decodeOperation } from './operations';
import { readLocation } from './pieces';
import { Reader } from './reader';
import {
  GENERIC,
  type Value,
  fromBytes,
  generic,
  integer,
  natural,
  signed,
  toBytes,
  unsigned,
  valueType,
} from './values';

/** Operations one evaluation may execute, and values it may push: far above what compilers write. */
const MAX_OPERATIONS = 20_000;
const MAX_STACK = 1_000;
const MAX_CALLS = 32;

/**
 * Evaluates an expression as a location description (DWARF 2.6).
 *
 * @throws SymbolError `unavailable` if the frame can't provide what is needed, `malformed`, `unsupported`, `limit`;
 * errors of the context pass unchanged
 */
export function evaluate(expression: Expression, context: EvaluationContext): Location {
  return new Evaluation(expression, context).location();
}

/**
 * Evaluates an expression for its value: call-site values, call-frame rules, array bounds, member offsets.
 *
 * @param initial values pushed first (the CFA for call-frame expressions)
 * @returns integers as bigint (unsigned if of the generic type), floating point as number
 * @throws SymbolError as `evaluate`
 */
export function evaluateValue(
  expression: Expression,
  context: EvaluationContext,
  initial: readonly number[] = [],
): bigint | number {
  return new Evaluation(expression, context, initial).value();
}

/** The same, reduced to an unsigned 32-bit address. */
export function evaluateAddress(
  expression: Expression,
  context: EvaluationContext,
  initial: readonly number[] = [],
): number {
  return Number(BigInt.asUintN(32, toInteger(evaluateValue(expression, context, initial))));
}

/** What an expression's operations have left: a location that isn't simply the address on the stack. */
type Special = Exclude<Place, { kind: 'memory' }> | undefined;

/** One run of the stack machine (DWARF 2.5). */
class Evaluation {
  private readonly stack: Value[] = [];
  private readonly pieces: Piece[] = [];
  private readonly unit: Unit | undefined;
  private special: Special;
  private operations = 0;
  private calls = 0;

  constructor(
    expression: Expression,
    private readonly context: EvaluationContext,
    initial: readonly number[] = [],
  ) {
    this.unit = expression instanceof DwarfExpression ? expression.unit : undefined;
    for (const value of initial) this.stack.push(generic(value));
    this.run(expression.bytes, this.unit);
  }

  location(): Location {
    if (this.pieces.length > 0) return { pieces: this.pieces };
    return { pieces: [{ place: this.takePlace(), bitSize: undefined, bitOffset: 0 }] };
  }

  value(): bigint | number {
    const { special } = this;
    if (this.pieces.length > 0) throw malformed('gives pieces where a value is expected');
    if (special?.kind === 'register') return BigInt(this.register(special.register));
    if (special?.kind === 'implicit') {
      if (this.stack.length > 0) return natural(this.pop());
      return natural(fromBytes({ kind: 'unsigned', size: special.bytes.length, id: 0 }, special.bytes));
    }
    if (special) throw unavailable('it gives a pointer that was optimised away');
    return natural(this.pop());
  }

  private run(bytes: Uint8Array, unit: Unit | undefined): void {
    const reader = new Reader(bytes, 'a DWARF expression');
    while (!reader.atEnd) {
      if (++this.operations > MAX_OPERATIONS) {
        throw new SymbolError('limit', `a DWARF expression executes more than ${MAX_OPERATIONS} operations`);
      }
      const operation = decodeOperation(reader, unit);
      if (operation.code === DW_OP.skip || (operation.code === DW_OP.bra && unsigned(this.pop()) !== 0n)) {
        const target = Number(operation.a);
        if (target < 0 || target > bytes.length) throw malformed('jumps outside itself');
        reader.position = target;
      } else if (operation.code !== DW_OP.bra) {
        this.execute(operation, unit);
      }
    }
  }

  private execute(operation: Operation, unit: Unit | undefined): void {
    const { code, a, b } = operation;
    if (code >= DW_OP.lit0 && code <= DW_OP.lit31) return this.push(generic(code - DW_OP.lit0));
    if (code >= DW_OP.reg0 && code <= DW_OP.reg31)
      return this.setSpecial({ kind: 'register', register: code - DW_OP.reg0 });
    if (code >= DW_OP.breg0 && code <= DW_OP.breg31) {
      return this.push(generic(BigInt(this.register(code - DW_OP.breg0)) + a));
    }
    switch (code) {
      case DW_OP.addr:
        return this.push(this.placed(a));
      case DW_OP.const1u:
      case DW_OP.const1s:
      case DW_OP.const2u:
      case DW_OP.const2s:
      case DW_OP.const4u:
      case DW_OP.const4s:
      case DW_OP.const8u:
      case DW_OP.const8s:
      case DW_OP.constu:
      case DW_OP.consts:
        return this.push(generic(a));
      case DW_OP.addrx:
      case DW_OP.GNU_addr_index:
      case DW_OP.constx:
      case DW_OP.GNU_const_index: {
        if (!unit) throw malformed('has an index, but no unit that says where the table is');
        const entry = indexedAddress(unit, Number(a));
        const isAddress = code === DW_OP.addrx || code === DW_OP.GNU_addr_index;
        return this.push(isAddress ? this.placed(entry) : generic(entry));
      }
      case DW_OP.regx:
        return this.setSpecial({ kind: 'register', register: Number(a) });
      case DW_OP.bregx:
        return this.push(generic(BigInt(this.register(Number(a))) + b));
      case DW_OP.fbreg:
        return this.push(generic(BigInt(this.context.frameBase()) + a));
      case DW_OP.call_frame_cfa:
        return this.push(generic(this.context.cfa()));
      case DW_OP.push_object_address:
        if (this.context.objectAddress === undefined) throw unavailable('the address of the object is not known');
        return this.push(generic(this.context.objectAddress));
      case DW_OP.form_tls_address:
      case DW_OP.GNU_push_tls_address: {
        const offset = Number(unsigned(this.pop()));
        if (!this.context.tlsAddress) throw new SymbolError('unsupported', 'thread-local variables cannot be located');
        return this.push(generic(this.context.tlsAddress(offset)));
      }
      case DW_OP.nop:
      case DW_OP.GNU_uninit:
        return;
      case DW_OP.dup:
        return this.push(this.peek(0));
      case DW_OP.drop:
        this.pop();
        return;
      case DW_OP.over:
        return this.push(this.peek(1));
      case DW_OP.pick:
        return this.push(this.peek(Number(a)));
      case DW_OP.swap: {
        const top = this.pop();
        const second = this.pop();
        this.push(top);
        return this.push(second);
      }
      case DW_OP.rot: {
        const top = this.pop();
        const second = this.pop();
        const third = this.pop();
        this.push(top);
        this.push(third);
        return this.push(second);
      }
      case DW_OP.deref:
        return this.push(fromBytes(GENERIC, this.memory(4)));
      case DW_OP.deref_size: {
        const size = Number(a);
        if (size < 1 || size > 4) throw malformed(`reads ${size} bytes as an address`);
        return this.push(generic(fromBytes({ kind: 'unsigned', size, id: 0 }, this.memory(size)).value));
      }
      case DW_OP.deref_type:
      case DW_OP.GNU_deref_type: {
        const type = valueType(unit, b);
        const bytes = this.memory(Number(a));
        return this.push(fromBytes(type, extend(bytes, type.size)));
      }
      case DW_OP.regval_type:
      case DW_OP.GNU_regval_type: {
        const type = valueType(unit, b);
        return this.push(fromBytes(type, this.registerBytes(Number(a), type.size)));
      }
      case DW_OP.const_type:
      case DW_OP.GNU_const_type:
        return this.push(fromBytes(valueType(unit, a), operation.block ?? new Uint8Array(0)));
      case DW_OP.convert:
      case DW_OP.GNU_convert:
        return this.convert(unit, a);
      case DW_OP.reinterpret:
      case DW_OP.GNU_reinterpret: {
        const type = valueType(unit, a);
        const bytes = toBytes(this.pop());
        if (bytes.length !== type.size) throw malformed('reinterprets a value as a type of another size');
        return this.push(fromBytes(type, bytes));
      }
      case DW_OP.stack_value:
        return this.setSpecial({ kind: 'implicit', bytes: toBytes(this.peek(0)) });
      case DW_OP.implicit_value:
        return this.setSpecial({ kind: 'implicit', bytes: operation.block ?? new Uint8Array(0) });
      case DW_OP.implicit_pointer:
      case DW_OP.GNU_implicit_pointer:
        return this.setSpecial({ kind: 'implicitPointer', die: Number(a), byteOffset: Number(b) });
      case DW_OP.piece:
        return this.piece(Number(a) * 8, 0);
      case DW_OP.bit_piece:
        return this.piece(Number(a), Number(b));
      case DW_OP.entry_value:
      case DW_OP.GNU_entry_value:
        return this.entryValue(operation, unit);
      case DW_OP.GNU_parameter_ref: {
        const id = (unit ? unit.idBase + unit.offset : 0) + Number(a);
        const value = this.context.parameterReference?.(id);
        if (value === undefined) throw unavailable("the caller's value of a parameter is not known");
        return this.push(generic(toInteger(value)));
      }
      case DW_OP.GNU_variable_value:
        return this.variableValue(Number(a), unit);
      case DW_OP.call2:
      case DW_OP.call4:
        return this.call((unit ? unit.idBase + unit.offset : 0) + Number(a), unit);
      case DW_OP.call_ref:
        return this.call(Number(a), unit);
      case DW_OP.xderef:
      case DW_OP.xderef_size:
      case DW_OP.xderef_type:
        throw new SymbolError('unsupported', `${nameOf(DW_OP, code, 'DW_OP')} needs address spaces, which x86 has not`);
      case DW_OP.GNU_encoded_addr:
        throw new SymbolError('unsupported', 'DW_OP_GNU_encoded_addr only makes sense in .eh_frame of other systems');
      default:
        return this.arithmetic(code, a);
    }
  }

  private arithmetic(code: number, operand: bigint): void {
    switch (code) {
      case DW_OP.plus_uconst:
        return this.unary(
          (v) => v + operand,
          (v) => v + Number(operand),
        );
      case DW_OP.neg:
        return this.unary(
          (v) => -v,
          (v) => -v,
        );
      case DW_OP.not:
        return this.unary((v) => ~v, undefined);
      case DW_OP.abs: {
        const value = this.pop();
        if (typeof value.value === 'number') return this.push({ type: value.type, value: Math.abs(value.value) });
        // An unsigned type's value is its own absolute value; the generic type counts as signed here.
        const number = value.type.kind === 'unsigned' ? value.value : signed(value);
        return this.push(integer(value.type, number < 0n ? -number : number));
      }
      case DW_OP.and:
        return this.binary((x, y) => x & y, undefined);
      case DW_OP.or:
        return this.binary((x, y) => x | y, undefined);
      case DW_OP.xor:
        return this.binary((x, y) => x ^ y, undefined);
      case DW_OP.plus:
        return this.binary(
          (x, y) => x + y,
          (x, y) => x + y,
        );
      case DW_OP.minus:
        return this.binary(
          (x, y) => x - y,
          (x, y) => x - y,
        );
      case DW_OP.mul:
        return this.binary(
          (x, y) => x * y,
          (x, y) => x * y,
        );
      case DW_OP.div:
        return this.divide();
      case DW_OP.mod:
        // Unsigned for the generic type (DWARF 2.5.1.4), else as the type is.
        return this.binaryNatural((x, y) => {
          if (y === 0n) throw unavailable('it divides by zero');
          return x % y;
        });
      case DW_OP.shl:
        return this.shift((x, count) => x << count, false);
      case DW_OP.shr:
        return this.shift((x, count) => x >> count, false);
      case DW_OP.shra:
        return this.shift((x, count) => x >> count, true);
      case DW_OP.eq:
        return this.compare((x, y) => x === y);
      case DW_OP.ne:
        return this.compare((x, y) => x !== y);
      case DW_OP.lt:
        return this.compare((x, y) => x < y);
      case DW_OP.le:
        return this.compare((x, y) => x <= y);
      case DW_OP.gt:
        return this.compare((x, y) => x > y);
      case DW_OP.ge:
        return this.compare((x, y) => x >= y);
      default:
        throw new SymbolError('unsupported', `${nameOf(DW_OP, code, 'DW_OP')} is not a known DWARF operation`);
    }
  }

  private unary(onInteger: (v: bigint) => bigint, onFloat: ((v: number) => number) | undefined): void {
    const value = this.pop();
    if (typeof value.value === 'bigint') return this.push(integer(value.type, onInteger(value.value)));
    if (!onFloat) throw malformed('applies a bit operation to a floating-point value');
    this.push({ type: value.type, value: onFloat(value.value) });
  }

  /** Pops the second operand, then the first; both have to be of one type (DWARF 2.5.1.4). */
  private operands(): [Value, Value] {
    const y = this.pop();
    const x = this.pop();
    if (x.type.id !== y.type.id) throw malformed('combines values of different types');
    return [x, y];
  }

  private binary(
    onIntegers: (x: bigint, y: bigint) => bigint,
    onFloats: ((x: number, y: number) => number) | undefined,
  ): void {
    const [x, y] = this.operands();
    if (typeof x.value === 'bigint') return this.push(integer(x.type, onIntegers(x.value, unsigned(y))));
    if (!onFloats) throw malformed('applies a bit operation to a floating-point value');
    this.push({ type: x.type, value: onFloats(x.value, Number(y.value)) });
  }

  private binaryNatural(operate: (x: bigint, y: bigint) => bigint): void {
    const [x, y] = this.operands();
    if (typeof x.value === 'number') throw malformed('applies an integer operation to a floating-point value');
    this.push(integer(x.type, operate(toInteger(natural(x)), toInteger(natural(y)))));
  }

  /** Signed for the generic type (DWARF 2.5.1.4). */
  private divide(): void {
    const [x, y] = this.operands();
    if (typeof x.value === 'number') return this.push({ type: x.type, value: x.value / Number(y.value) });
    const isUnsigned = x.type.kind === 'unsigned';
    const divisor = isUnsigned ? unsigned(y) : signed(y);
    if (divisor === 0n) throw unavailable('it divides by zero');
    this.push(integer(x.type, (isUnsigned ? unsigned(x) : signed(x)) / divisor));
  }

  /** The shift count need not be of the shifted value's type. */
  private shift(operate: (x: bigint, count: bigint) => bigint, arithmetic: boolean): void {
    const count = unsigned(this.pop());
    const value = this.pop();
    if (typeof value.value === 'number') throw malformed('shifts a floating-point value');
    const bits = BigInt(value.type.size * 8);
    const bounded = count > bits ? bits : count;
    this.push(integer(value.type, operate(arithmetic ? signed(value) : value.value, bounded)));
  }

  /** Signed for the generic type; the result is generic. */
  private compare(operate: (x: bigint | number, y: bigint | number) => boolean): void {
    const [x, y] = this.operands();
    const key = (v: Value): bigint | number => (v.type.kind === 'generic' ? signed(v) : natural(v));
    this.push(generic(operate(key(x), key(y)) ? 1 : 0));
  }

  private convert(unit: Unit | undefined, offset: bigint): void {
    const value = this.pop();
    const type = valueType(unit, offset);
    if (type.kind === 'float') return this.push({ type, value: Number(natural(value)) });
    this.push(integer(type, typeof value.value === 'number' ? signed(value) : toInteger(natural(value))));
  }

  private piece(bitSize: number, bitOffset: number): void {
    // Nothing before the piece: that part of the value is gone (DWARF 2.6.1.2).
    const isEmpty = this.special === undefined && this.stack.length === 0;
    const place: Place = isEmpty
      ? { kind: 'optimizedOut', reason: 'this part of the value is not kept', before: undefined, after: undefined }
      : this.takePlace();
    this.pieces.push({ place, bitSize, bitOffset });
    if (this.pieces.length > MAX_STACK) throw new SymbolError('limit', 'a DWARF expression has too many pieces');
  }

  /** The place that the operations since the last piece describe. */
  private takePlace(): Place {
    const { special } = this;
    this.special = undefined;
    if (special) {
      if (special.kind === 'implicit') this.stack.length = 0;
      return special;
    }
    if (this.stack.length === 0) {
      return {
        kind: 'optimizedOut',
        reason: 'the debug information says that it is not kept here',
        before: undefined,
        after: undefined,
      };
    }
    return { kind: 'memory', address: Number(BigInt.asUintN(32, unsigned(this.pop()))) };
  }

  private setSpecial(place: Special): void {
    if (this.special) throw malformed('describes two locations at once');
    this.special = place;
  }

  private entryValue(operation: Operation, unit: Unit | undefined): void {
    const inner = new DwarfExpression(operation.block ?? new Uint8Array(0), unit);
    const value = this.context.entryValue?.(inner);
    if (value === undefined) {
      throw unavailable(`its value on entry to the function was ${inner.describe()}, which the caller does not tell`);
    }
    // DW_OP_regval_type says that the value is wider than a register (64 bits in %edx:%ecx) or a float.
    const [first] = inner.operations();
    const isTyped = first && (first.code === DW_OP.regval_type || first.code === DW_OP.GNU_regval_type);
    const type = isTyped ? valueType(unit, first.b) : GENERIC;
    if (type.kind === 'float') this.push({ type, value: Number(value) });
    else this.push(integer(type, toInteger(value)));
  }

  /** DW_OP_GNU_variable_value: the value of a variable, of its own type. */
  private variableValue(id: number, unit: Unit | undefined): void {
    const die = unit?.info.die(id);
    const block = die?.withAttribute(DW_AT.location)?.block(DW_AT.location);
    const type = die?.withAttribute(DW_AT.type)?.reference(DW_AT.type);
    if (!die || !block || !type) throw unavailable('a variable that it needs has no location');
    this.enter();
    const size = type.number(DW_AT.byte_size) ?? 4;
    const location = evaluate(new DwarfExpression(block, die.unit), this.context);
    const { bytes, missing } = readLocation(location, size, this.context);
    if (missing !== undefined) throw unavailable(missing);
    this.push(generic(fromBytes({ kind: 'unsigned', size, id: 0 }, bytes).value));
    this.calls--;
  }

  private call(id: number, unit: Unit | undefined): void {
    const die = unit?.info.die(id);
    const block = die?.block(DW_AT.location);
    // An entry without a location leaves everything as it is (DWARF 2.5.1.5).
    if (!die || !block) return;
    this.enter();
    this.run(block, die.unit);
    this.calls--;
  }

  private enter(): void {
    if (++this.calls > MAX_CALLS) throw new SymbolError('limit', 'DWARF expressions call each other without end');
  }

  private memory(size: number): Uint8Array {
    const address = Number(BigInt.asUintN(32, unsigned(this.pop())));
    if (size < 1 || size > 16) throw malformed(`reads ${size} bytes at once`);
    return this.context.readMemory(address, size);
  }

  private register(number: number): number {
    const value = this.context.register(number);
    if (value === undefined) throw unavailable(`it needs %${registerName(number)}, which this frame does not have`);
    return value >>> 0;
  }

  private registerBytes(number: number, size: number): Uint8Array {
    const wide = number > 9 || size > 4 ? this.context.wideRegister?.(number) : undefined;
    if (wide) return extend(wide, size);
    return extend(toBytes(generic(this.register(number))), size);
  }

  /** An address of the file as it is in memory. */
  private placed(address: bigint | number): Value {
    return generic(BigInt(address) + BigInt(this.context.loadBias ?? 0));
  }

  private push(value: Value): void {
    if (this.stack.length >= MAX_STACK) throw new SymbolError('limit', 'a DWARF expression overflows its stack');
    this.stack.push(value);
  }

  private pop(): Value {
    const value = this.stack.pop();
    if (!value) throw malformed('takes a value from an empty stack');
    return value;
  }

  private peek(depth: number): Value {
    const value = this.stack[this.stack.length - 1 - depth];
    if (!value) throw malformed('takes a value from an empty stack');
    return value;
  }
}

function toInteger(value: bigint | number): bigint {
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(value));
}

/** Pads with zeros to at least `size` bytes. */
function extend(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length >= size) return bytes;
  const wider = new Uint8Array(size);
  wider.set(bytes);
  return wider;
}

function malformed(what: string): SymbolError {
  return new SymbolError('malformed', `a DWARF expression ${what}`);
}

function unavailable(why: string): SymbolError {
  return new SymbolError('unavailable', why);
}

import type { BaseType, Member, StructType, Type } from '../../symbols/api';
import { sizeOf, stripTypedefs, typeName } from '../../symbols';
import { MemoryError } from '../target';
import {
  arrayOf, bytesOf, elementOf, floatOf, floatToBytes, integerOf, isFloat, isInteger, isPointerLike, isSigned, isStruct, isTrue,
  memberOf, partOf, stride, unsignedOf, Value, ValueError, type Storage,
} from '../values'; // prettier-ignore
import type { BinaryOperator, Designator, Node, TypeNode } from './ast';
import {
  basicType,
  CHAR,
  commonType,
  constantType,
  DOUBLE,
  FLOAT,
  INT,
  LONG,
  pointerTo,
  promote,
  UNSIGNED_INT,
} from './ctypes';
import type { ExpressionEnvironment } from './environment';
import { ExpressionError } from './errors';

/** Slices longer than this are a mistake, or hostile. */
const MAX_ELEMENTS = 1 << 20;
/** Macros that stand for macros. */
const MAX_ALIASES = 8;

/** Evaluates what the parser made. Errors are ExpressionError, ValueError and MemoryError, each with one sentence. */
export class Evaluator {
  constructor(private readonly env: ExpressionEnvironment) {}

  evaluate(node: Node): Value {
    switch (node.kind) {
      case 'integer':
        return this.integer(node.value, constantType(node.value, node.suffix, node.decimal));
      case 'float':
        return this.float(node.value, node.single ? FLOAT : DOUBLE);
      case 'character':
        return this.integer(node.value, INT);
      case 'string':
        return this.rvalue(arrayOf(CHAR, node.bytes.length + 1), Uint8Array.of(...node.bytes, 0));
      case 'name':
        return this.name(node.name, node.position);
      case 'scoped': {
        const found = this.env.scopedVariable(node.scope, node.isFile, node.name);
        if (found) return found;
        throw new ExpressionError(`There is no "${node.name}" in ${node.scope}.`, node.position);
      }
      case 'dollar': {
        const found = this.env.convenience(node.name);
        if (found) return found;
        throw new ExpressionError(`There is no register or variable "${node.name}".`, node.position);
      }
      case 'unary':
        return this.unary(node.operator, node.operand);
      case 'binary':
        return this.binary(node.operator, this.evaluate(node.left), this.evaluate(node.right));
      case 'logical': {
        const left = this.truth(node.left);
        const result = node.operator === '&&' ? left && this.truth(node.right) : left || this.truth(node.right);
        return this.integer(result ? 1n : 0n, INT);
      }
      case 'conditional':
        return this.evaluate(this.truth(node.condition) ? node.then : node.otherwise);
      case 'member':
        return this.member(node.object, node.name, node.arrow, node.position);
      case 'index':
        return this.index(this.evaluate(node.object), this.count(node.index));
      case 'range': {
        const object = this.evaluate(node.object);
        const first = this.count(node.first);
        return this.slice(this.index(object, first), this.count(node.last) - first + 1);
      }
      case 'repeat':
        return this.slice(this.evaluate(node.object), this.count(node.count));
      case 'cast':
        return this.cast(this.evaluate(node.operand), this.resolveType(node.type));
      case 'sizeofType':
        return this.sizeof(this.resolveType(node.type));
      case 'alignofType':
        return this.integer(BigInt(alignOf(this.resolveType(node.type))), UNSIGNED_INT);
      case 'sizeof':
        return this.sizeof(this.evaluate(node.operand).type);
      case 'offsetof': {
        const { offset } = this.designate(this.resolveType(node.type), node.path);
        return this.integer(BigInt(offset), UNSIGNED_INT);
      }
      case 'containerOf': {
        const type = this.resolveType(node.type);
        const { offset } = this.designate(type, node.path);
        const address = integerOf(this.evaluate(node.pointer)) - BigInt(offset);
        return this.rvalue(pointerTo(type), bytesOf(address, 4));
      }
      case 'assign': {
        const target = this.evaluate(node.target);
        const value = this.evaluate(node.value);
        return this.assign(target, node.operator ? this.binary(node.operator, target, value) : value);
      }
      case 'increment': {
        const target = this.evaluate(node.target);
        const old = this.rvalue(target.type, target.bytes().slice());
        const changed = this.assign(target, this.binary('+', target, this.integer(BigInt(node.by), INT)));
        return node.prefix ? changed : old;
      }
      case 'comma':
        this.evaluate(node.left);
        return this.evaluate(node.right);
    }
  }

  /** The type a written type name means. @throws ExpressionError */
  resolveType(node: TypeNode): Type {
    const found = basicType(node.base) ?? this.env.type(node.base);
    if (!found) throw new ExpressionError(`There is no type "${node.base}".`, node.position);
    let type: Type = found;
    for (const step of node.derived) {
      if (step.kind === 'pointer') type = pointerTo(type);
      else if (step.kind === 'array') type = arrayOf(type, step.count ? this.count(step.count) : 0);
      else {
        type = {
          kind: 'subroutine',
          id: -1,
          name: undefined,
          returnType: type,
          parameters: [],
          isVariadic: false,
          isPrototyped: false,
        };
      }
    }
    return type;
  }

  private rvalue(type: Type, bytes: Uint8Array): Value {
    return new Value(type, { kind: 'bytes', bytes }, this.env.access);
  }

  private integer(value: bigint, type: Type): Value {
    return this.rvalue(type, bytesOf(value, sizeOf(type) ?? 4));
  }

  private float(value: number, type: Type): Value {
    return this.rvalue(type, floatToBytes(value, sizeOf(type) ?? 8));
  }

  private truth(node: Node): boolean {
    return isTrue(this.evaluate(node));
  }

  /** An integer that counts or indexes. */
  private count(node: Node): number {
    const value = this.evaluate(node);
    if (!isInteger(value.type)) throw new ExpressionError(`An integer is needed where a ${typeName(value.type)} is.`);
    return Number(integerOf(value));
  }

  private name(name: string, position: number): Value {
    const variable = this.env.variable(name);
    if (variable) return variable;
    const enumerator = this.env.enumerator(name);
    if (enumerator) return this.integer(enumerator.value, enumerator.type);
    const named = this.env.functionNamed(name);
    if (named) {
      const { fn, address } = named;
      const type: Type = {
        kind: 'subroutine', id: -1, name: undefined, returnType: fn.returnType,
        parameters: fn.parameters.map((p) => ({ name: p.name, type: p.type })), isVariadic: false, isPrototyped: fn.isPrototyped,
      }; // prettier-ignore
      return new Value(type, { kind: 'memory', address }, this.env.access, name, name);
    }
    const address = this.env.symbolAddress(name);
    if (address !== undefined) {
      // Symbols of assembly have no type; their address is what is known.
      const type: Type = { kind: 'subroutine', id: -1, name: undefined, returnType: { kind: 'void', id: -1, name: undefined }, parameters: [], isVariadic: false, isPrototyped: false }; // prettier-ignore
      return new Value(type, { kind: 'memory', address }, this.env.access, name, name);
    }
    throw new ExpressionError(`There is no variable, function or constant "${name}" here.`, position);
  }

  private unary(operator: '-' | '+' | '!' | '~' | '*' | '&', node: Node): Value {
    const value = this.evaluate(node);
    switch (operator) {
      case '&': {
        const address = value.address;
        if (value.bitField) throw new ExpressionError('A bit-field has no address.');
        if (address === undefined) throw new ExpressionError('It is not in memory, so it has no address.');
        return this.rvalue(pointerTo(value.type), bytesOf(BigInt(address), 4));
      }
      case '*':
        return this.dereference(value);
      case '!':
        return this.integer(isTrue(value) ? 0n : 1n, INT);
      default: {
        if (isFloat(value.type) && operator !== '~') {
          const number = floatOf(value);
          return this.float(operator === '-' ? -number : number, value.type);
        }
        if (!isInteger(value.type))
          throw new ExpressionError(`"${operator}" does not apply to ${typeName(value.type)}.`);
        const type = promote(value.type, value.bitField?.bitSize);
        const number = integerOf(value);
        return this.integer(operator === '-' ? -number : operator === '~' ? ~number : number, type);
      }
    }
  }

  private dereference(value: Value): Value {
    const bare = value.bareType;
    if (bare.kind === 'array') return this.index(value, 0);
    if (bare.kind === 'subroutine') return value;
    if (bare.kind === 'pointer') {
      const target = stripTypedefs(bare.target);
      if (target.kind === 'void')
        throw new ExpressionError('A "void *" cannot be followed; cast it to a pointer to some type first.');
      const address = Number(unsignedOf(value.bytes()));
      return new Value(bare.target, { kind: 'memory', address }, this.env.access);
    }
    // As gdb does: an integer used as a pointer points to a long.
    if (isInteger(value.type)) {
      const address = Number(BigInt.asUintN(32, integerOf(value)));
      return new Value(LONG, { kind: 'memory', address }, this.env.access);
    }
    throw new ExpressionError(`A ${typeName(value.type)} is no pointer, so it cannot be followed.`);
  }

  private index(object: Value, index: number): Value {
    const bare = object.bareType;
    if (bare.kind === 'array') return elementOf(object, bare, index);
    if (bare.kind !== 'pointer') throw new ExpressionError(`A ${typeName(object.type)} has no elements.`);
    return this.dereference(this.binary('+', object, this.integer(BigInt(index), INT)));
  }

  private slice(first: Value, count: number): Value {
    if (count < 1 || count > MAX_ELEMENTS)
      throw new ExpressionError(`A slice has 1 to ${MAX_ELEMENTS} elements, not ${count}.`);
    if (first.bitField) throw new ExpressionError('A bit-field has no neighbours that could be counted.');
    return new Value(arrayOf(first.type, count), first.storage, first.access, first.name);
  }

  private sizeof(type: Type): Value {
    const size = stripTypedefs(type).kind === 'void' || stripTypedefs(type).kind === 'subroutine' ? 1 : sizeOf(type);
    if (size === undefined) throw new ExpressionError(`The size of ${typeName(type)} is not known.`);
    return this.integer(BigInt(size), UNSIGNED_INT);
  }

  private member(node: Node, name: string, arrow: boolean, position: number): Value {
    let object = this.evaluate(node);
    // `->` and `.` are accepted for each other, as debuggers do.
    if (object.bareType.kind === 'pointer' || (arrow && object.bareType.kind === 'array'))
      object = this.dereference(object);
    const bare = object.bareType;
    if (!isStruct(bare)) throw new ExpressionError(`A ${typeName(object.type)} has no members.`, position);
    return this.membersOnPath(bare, name, position).reduce(memberOf, object);
  }

  /** The member of a name, or the members one in the other that a macro of that name stands for. */
  private membersOnPath(type: StructType, name: string, position?: number, depth = 0): Member[] {
    if (type.isIncomplete)
      throw new ExpressionError(`${typeName(type)} is only declared; its members are not known.`, position);
    const member = type.member(name);
    if (member) return [member];
    const path = depth < MAX_ALIASES ? this.env.idioms?.memberPath(type, name) : undefined;
    if (!path) throw new ExpressionError(`${typeName(type)} has no member "${name}".`, position);
    const members: Member[] = [];
    let at: Type = type;
    for (const step of path) {
      const bare = stripTypedefs(at);
      if (!isStruct(bare)) throw new ExpressionError(`${typeName(type)} has no member "${name}".`, position);
      members.push(...this.membersOnPath(bare, step, position, depth + 1));
      at = members[members.length - 1].type;
    }
    return members;
  }

  private designate(type: Type, path: Designator[]): { type: Type; offset: number } {
    let at = { type, offset: 0 };
    for (const step of path) {
      const bare = stripTypedefs(at.type);
      if ('name' in step) {
        if (!isStruct(bare)) throw new ExpressionError(`A ${typeName(at.type)} has no members.`);
        for (const member of this.membersOnPath(bare, step.name))
          at = { type: member.type, offset: at.offset + member.offset };
      } else {
        if (bare.kind !== 'array') throw new ExpressionError(`A ${typeName(at.type)} has no elements.`);
        const probe = elementOf(new Value(at.type, { kind: 'memory', address: 0 }, this.env.access), bare, 0);
        at = { type: probe.type, offset: at.offset + this.count(step.index) * probe.size };
      }
    }
    return at;
  }

  /** A cast (C11 6.5.4); to a structure, the same bytes seen as that type, as gdb allows. */
  cast(value: Value, type: Type): Value {
    const to = stripTypedefs(type);
    switch (to.kind) {
      case 'void':
        return this.rvalue(type, new Uint8Array(0));
      case 'base':
      case 'enum':
        if (isFloat(to)) return this.float(floatOf(value), type);
        if (to.kind === 'base' && to.encoding === 'boolean') return this.integer(isTrue(value) ? 1n : 0n, type);
        return this.integer(integerOf(value), type);
      case 'pointer':
        return this.rvalue(type, bytesOf(integerOf(value), 4));
      default: {
        if (value.storage.kind === 'bytes' && value.size < (sizeOf(type) ?? 0)) {
          throw new ExpressionError(`A ${typeName(value.type)} is too small to be seen as ${typeName(type)}.`);
        }
        const storage: Storage = partOf(value.storage, 0);
        return new Value(type, storage, value.access);
      }
    }
  }

  private assign(target: Value, value: Value): Value {
    if (!this.env.allowAssignment) {
      throw new ExpressionError('An assignment is not allowed here: conditions and watches must not change the guest.');
    }
    const to = target.bareType;
    if (isStruct(to) || to.kind === 'array') {
      if (sizeOf(value.type) !== sizeOf(target.type)) {
        throw new ExpressionError(`A ${typeName(value.type)} cannot be assigned to a ${typeName(target.type)}.`);
      }
      target.write(value.bytes());
      return target;
    }
    target.write(this.cast(value, target.type).bytes());
    return target;
  }

  private binary(operator: BinaryOperator, left: Value, right: Value): Value {
    if (isPointerLike(left.type) || isPointerLike(right.type)) return this.pointerBinary(operator, left, right);
    const arithmetic = (v: Value): boolean => isInteger(v.type) || isFloat(v.type);
    if (!arithmetic(left) || !arithmetic(right)) {
      throw new ExpressionError(`"${operator}" does not apply to ${typeName(left.type)} and ${typeName(right.type)}.`);
    }
    const a = isFloat(left.type) ? (left.bareType as BaseType) : promote(left.type, left.bitField?.bitSize);
    const b = isFloat(right.type) ? (right.bareType as BaseType) : promote(right.type, right.bitField?.bitSize);
    // Shifts keep the type of their left operand (C11 6.5.7).
    const common = operator === '<<' || operator === '>>' ? a : commonType(a, b);
    if (isFloat(common) || isFloat(b)) return this.floatBinary(operator, floatOf(left), floatOf(right), common);
    const wrap = (n: bigint): bigint => (isSigned(common) ? BigInt.asIntN : BigInt.asUintN)(common.byteSize * 8, n);
    if (operator === '<<' || operator === '>>') {
      const count = integerOf(right);
      if (count < 0n || count >= BigInt(common.byteSize * 8)) {
        throw new ExpressionError(`A shift by ${count} is undefined for ${typeName(common)}.`);
      }
      const number = wrap(integerOf(left));
      return this.integer(operator === '<<' ? number << count : number >> count, common);
    }
    const x = wrap(integerOf(left));
    const y = wrap(integerOf(right));
    const result = integerOperation(operator, x, y);
    return typeof result === 'boolean' ? this.integer(result ? 1n : 0n, INT) : this.integer(result, common);
  }

  private floatBinary(operator: BinaryOperator, x: number, y: number, type: Type): Value {
    switch (operator) {
      case '+':
        return this.float(x + y, type);
      case '-':
        return this.float(x - y, type);
      case '*':
        return this.float(x * y, type);
      case '/':
        return this.float(x / y, type);
      case '<':
      case '>':
      case '<=':
      case '>=':
      case '==':
      case '!=':
        return this.integer(compare(operator, x, y) ? 1n : 0n, INT);
      default:
        throw new ExpressionError(`"${operator}" does not apply to floating-point numbers.`);
    }
  }

  private pointerBinary(operator: BinaryOperator, left: Value, right: Value): Value {
    const address = (v: Value): bigint => BigInt.asUintN(32, integerOf(v));
    switch (operator) {
      case '+':
      case '-': {
        const leftPointer = isPointerLike(left.type);
        if (leftPointer && isPointerLike(right.type)) {
          if (operator === '+') throw new ExpressionError('Two pointers cannot be added.');
          const step = BigInt(stride(decay(left.type)));
          return this.integer((address(left) - address(right)) / step, INT);
        }
        if (!leftPointer && operator === '-')
          throw new ExpressionError('A pointer cannot be subtracted from a number.');
        const [pointer, number] = leftPointer ? [left, right] : [right, left];
        if (!isInteger(number.type))
          throw new ExpressionError(`A ${typeName(number.type)} cannot be added to a pointer.`);
        const type = decay(pointer.type);
        const distance = integerOf(number) * BigInt(stride(type));
        return this.rvalue(
          type,
          bytesOf(operator === '+' ? address(pointer) + distance : address(pointer) - distance, 4),
        );
      }
      case '==':
      case '!=':
      case '<':
      case '>':
      case '<=':
      case '>=': {
        const text = this.textComparison(operator, left, right);
        return this.integer((text ?? compare(operator, address(left), address(right))) ? 1n : 0n, INT);
      }
      case '&':
      case '|':
      case '^':
        // Kernel pointers carry flags in their low bits; masking them is an everyday need.
        return this.integer(integerOperation(operator, address(left), address(right)) as bigint, UNSIGNED_INT);
      default:
        throw new ExpressionError(`"${operator}" does not apply to pointers.`);
    }
  }

  /** `comm == "hello"`: text compared with a string literal, which in C would compare two addresses and never be true. */
  private textComparison(operator: BinaryOperator, left: Value, right: Value): boolean | undefined {
    if (operator !== '==' && operator !== '!=') return undefined;
    const literal = (v: Value): boolean => v.storage.kind === 'bytes' && v.bareType.kind === 'array';
    if (!literal(left) && !literal(right)) return undefined;
    const equal = this.text(left) === this.text(right);
    return operator === '==' ? equal : !equal;
  }

  private text(value: Value): string {
    const bare = value.bareType;
    let bytes: Uint8Array;
    if (bare.kind === 'array') bytes = value.bytes();
    else if (bare.kind === 'pointer') bytes = this.readText(Number(unsignedOf(value.bytes())));
    else throw new ExpressionError(`A ${typeName(value.type)} cannot be compared with text.`);
    const end = bytes.indexOf(0);
    return String.fromCharCode(...bytes.subarray(0, end < 0 ? bytes.length : end));
  }

  private readText(address: number): Uint8Array {
    const bytes: number[] = [];
    try {
      while (bytes.length < 4096) {
        const [byte] = this.env.access.readMemory(address + bytes.length, 1);
        if (byte === 0) break;
        bytes.push(byte);
      }
    } catch (error) {
      if (!(error instanceof MemoryError) || bytes.length === 0) throw error;
    }
    return Uint8Array.from(bytes);
  }
}

/** Arrays become pointers to their first element, functions pointers to themselves (C11 6.3.2.1). */
function decay(type: Type): Type {
  const bare = stripTypedefs(type);
  if (bare.kind === 'array') {
    const inner =
      bare.dimensions.length > 1
        ? arrayOf(bare.element, bare.dimensions[bare.dimensions.length - 1] ?? 0)
        : bare.element;
    return pointerTo(inner);
  }
  return bare.kind === 'subroutine' ? pointerTo(type) : type;
}

function compare<T extends number | bigint>(operator: BinaryOperator, x: T, y: T): boolean {
  switch (operator) {
    case '<':
      return x < y;
    case '>':
      return x > y;
    case '<=':
      return x <= y;
    case '>=':
      return x >= y;
    case '==':
      return x === y;
    default:
      return x !== y;
  }
}

function integerOperation(operator: BinaryOperator, x: bigint, y: bigint): bigint | boolean {
  switch (operator) {
    case '+':
      return x + y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
    case '%':
      if (y === 0n) throw new ValueError('Division by zero.');
      return operator === '/' ? x / y : x % y;
    case '&':
      return x & y;
    case '|':
      return x | y;
    case '^':
      return x ^ y;
    default:
      return compare(operator, x, y);
  }
}

/** Alignment of a type on i386 (System V ABI, Intel386 supplement, table 2.1): at most 4 bytes. */
function alignOf(type: Type): number {
  const bare = stripTypedefs(type);
  if (bare.kind === 'array') return alignOf(bare.element);
  if (isStruct(bare)) return bare.members.reduce((most, member) => Math.max(most, alignOf(member.type)), 1);
  return Math.min(4, Math.max(1, sizeOf(type) ?? 1));
}

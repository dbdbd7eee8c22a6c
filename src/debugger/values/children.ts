import type { ArrayType, Member, StructType, Type } from '../../symbols/api';
import { sizeOf, stripTypedefs } from '../../symbols';
import { partOf } from './storage';
import { unsignedOf } from './scalars';
import { unavailability, Value } from './value';

/** The type of an array's elements: an array again where it has more dimensions. */
export function elementType(array: ArrayType): Type {
  if (array.dimensions.length <= 1) return array.element;
  const dimensions = array.dimensions.slice(1);
  const size = sizeOf(array.element);
  const known = size !== undefined && dimensions.every((n) => n !== undefined);
  return {
    kind: 'array',
    id: -1,
    name: undefined,
    element: array.element,
    dimensions,
    dynamicBounds: array.dynamicBounds.slice(1),
    byteSize: known ? dimensions.reduce<number>((product, n) => product * (n ?? 0), size) : undefined,
    isVector: array.isVector,
  };
}

/** An array type of `count` elements, for slices such as `p@10`. */
export function arrayOf(element: Type, count: number): ArrayType {
  const size = sizeOf(element);
  return {
    kind: 'array',
    id: -1,
    name: undefined,
    element,
    dimensions: [count],
    dynamicBounds: [undefined],
    byteSize: size === undefined ? undefined : size * count,
    isVector: false,
  };
}

/**
 * An array declared without its length (`extern const char linux_banner[];`), as long as its bytes say; other types as they are.
 * @param byteSize size of the object in bytes, such as its symbol has
 */
export function withLength(type: Type, byteSize: number): Type {
  const bare = stripTypedefs(type);
  if (bare.kind !== 'array' || bare.dimensions[0] !== undefined || bare.dynamicBounds[0] !== undefined) return type;
  const element = elementType(bare);
  const count = Math.floor(byteSize / (sizeOf(element) || Infinity));
  if (count === 0) return type;
  return {
    ...arrayOf(bare.element, count),
    dimensions: [count, ...bare.dimensions.slice(1)],
    byteSize: count * (sizeOf(element) ?? 0),
  };
}

/** Number of elements; 0 for a flexible array, whose length only the program knows. */
export function elementCount(array: ArrayType): number {
  return array.dimensions[0] ?? 0;
}

/** Element `index` of an array value. */
export function elementOf(value: Value, array: ArrayType, index: number): Value {
  const type = elementType(array);
  const storage = partOf(value.storage, index * (sizeOf(type) ?? 0));
  const expression = value.expression === undefined ? undefined : `${value.expression}[${index}]`;
  return new Value(type, storage, value.access, `[${index}]`, expression);
}

/** A member of a structure value. */
export function memberOf(value: Value, member: Member): Value {
  const storage = partOf(value.storage, member.offset);
  const named = member.name !== undefined;
  const name = member.name ?? anonymousName(member.type);
  const expression =
    value.expression === undefined ? undefined : named ? `${value.expression}.${member.name}` : value.expression;
  const bitField = member.bitField && {
    bitOffset: member.bitField.bitOffset - member.offset * 8,
    bitSize: member.bitField.bitSize,
  };
  return new Value(member.type, storage, value.access, name, expression, bitField);
}

function anonymousName(type: Type): string {
  return `<anonymous ${stripTypedefs(type).kind}>`;
}

/** True where a base type holds one character. */
export function isCharacter(type: Type): boolean {
  const bare = stripTypedefs(type);
  return (
    bare.kind === 'base' &&
    bare.byteSize === 1 &&
    (bare.encoding === 'signed_char' || bare.encoding === 'unsigned_char' || bare.encoding === 'UTF')
  );
}

/** What a pointer points to, as a value. @throws ValueError, MemoryError while the pointer is read */
export function targetOf(value: Value): Value | undefined {
  const bare = value.bareType;
  if (bare.kind !== 'pointer') return undefined;
  const address = Number(unsignedOf(value.bytes()));
  const expression = value.expression === undefined ? undefined : `*${operand(value.expression)}`;
  return new Value(bare.target, { kind: 'memory', address }, value.access, `*${value.name}`, expression);
}

/** An expression as the operand of a unary operator or the left side of a member access. */
export function operand(expression: string): string {
  return /^[\w.$]+$|^[\w.$>-]+[\w\]]$/.test(expression) && !expression.includes(' ') ? expression : `(${expression})`;
}

/** How many children a value has, without reading more than a pointer. */
export function childCount(value: Value): { named: number; indexed: number } {
  const bare = value.bareType;
  switch (bare.kind) {
    case 'struct':
    case 'union':
    case 'class':
      return { named: value.storage.kind === 'unavailable' ? 0 : bare.members.length, indexed: 0 };
    case 'array':
      return { named: 0, indexed: value.storage.kind === 'unavailable' ? 0 : elementCount(bare) };
    case 'pointer': {
      const target = pointee(value);
      if (!target) return { named: 0, indexed: 0 };
      return { named: isStruct(target.bareType) ? target.bareType.members.length : 1, indexed: 0 };
    }
    default:
      return { named: 0, indexed: 0 };
  }
}

/**
 * The parts of a value: members, elements, what a pointer points to (for a structure at once its members).
 * @param start first element wanted, of an array
 * @param count number of elements wanted; all unless given
 */
export function childrenOf(value: Value, start = 0, count = Number.MAX_SAFE_INTEGER): Value[] {
  const bare = value.bareType;
  switch (bare.kind) {
    case 'struct':
    case 'union':
    case 'class':
      return bare.members.map((member) => memberOf(value, member));
    case 'array': {
      const end = Math.min(elementCount(bare), start + count);
      return Array.from({ length: Math.max(0, end - start) }, (_, i) => elementOf(value, bare, start + i));
    }
    case 'pointer': {
      const target = pointee(value);
      if (!target) return [];
      const targetType = target.bareType;
      if (!isStruct(targetType)) return [target];
      const left = value.expression === undefined ? undefined : operand(value.expression);
      return targetType.members.map((member) => {
        const child = memberOf(target, member);
        const through = member.name === undefined ? target.expression : left && `${left}->${member.name}`;
        return child.named(child.name, through);
      });
    }
    default:
      return [];
  }
}

/** A structure type with members. */
export function isStruct(type: Type): type is StructType {
  return type.kind === 'struct' || type.kind === 'union' || type.kind === 'class';
}

/** The target of a data pointer that is readable and worth showing; undefined for null, void, functions, unreadable ones. */
function pointee(value: Value): Value | undefined {
  const bare = value.bareType;
  if (bare.kind !== 'pointer') return undefined;
  const targetType = stripTypedefs(bare.target);
  if (targetType.kind === 'void' || targetType.kind === 'subroutine' || targetType.kind === 'unspecified')
    return undefined;
  if (isStruct(targetType) && targetType.isIncomplete) return undefined;
  try {
    const target = targetOf(value);
    if (!target || target.address === 0) return undefined;
    if (sizeOf(bare.target)) value.access.readMemory(target.address ?? 0, 1);
    return target;
  } catch (error) {
    unavailability(error);
    return undefined;
  }
}

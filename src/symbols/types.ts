import {
  type ArrayType,
  type BaseType,
  type DynamicBound,
  type Encoding,
  type EnumType,
  type Enumerator,
  type Member,
  type PointerType,
  type QualifiedType,
  type SourceFile,
  type StructType,
  type SubroutineType,
  type Type,
  type TypedefType,
} from './api';
import { DW_AT, DW_ATE, DW_TAG } from './constants';
import { type Die } from './die';
import { type Dwarf } from './dwarf';
import { SymbolError } from './errors';
import { evaluateValue } from './expression';
import { locationOf } from './locations';
import { NAME_CLASS, NAME_ENUM, NAME_STRUCT, NAME_UNION } from './nameIndex';
import { DwarfExpression } from './operations';
import { sizeOf, stripTypedefs } from './typeNames';

export const VOID: Type = { kind: 'void', id: -1, name: 'void' };

/** A structure with more members, or an array with more dimensions, than this is damaged. */
const MAX_CHILDREN = 0x10000;
const MAX_DIMENSIONS = 64;

const ENCODINGS = new Map<number, Encoding>(
  Object.entries(DW_ATE).map(([name, number]) => [number, name as Encoding] as const),
);

const QUALIFIERS = new Map<number, QualifiedType['qualifier']>([
  [DW_TAG.const_type, 'const'],
  [DW_TAG.volatile_type, 'volatile'],
  [DW_TAG.restrict_type, 'restrict'],
  [DW_TAG.atomic_type, 'atomic'],
  [DW_TAG.packed_type, 'packed'],
  [DW_TAG.shared_type, 'shared'],
  [DW_TAG.immutable_type, 'immutable'],
]);

/** Makes types of entries, one object an entry (DWARF 5). */
export class Types {
  private readonly byId = new Map<number, Type>();

  constructor(readonly dwarf: Dwarf) {}

  /** The type that an entry (or the one it completes) has; void without DW_AT_type. */
  of(die: Die): Type {
    const target = die.withAttribute(DW_AT.type)?.reference(DW_AT.type);
    return target ? this.get(target) : VOID;
  }

  /** The type that an entry describes. */
  get(die: Die): Type {
    let type = this.byId.get(die.id);
    if (!type) {
      type = this.make(die);
      this.byId.set(die.id, type);
    }
    return type;
  }

  private make(die: Die): Type {
    const qualifier = QUALIFIERS.get(die.tag);
    if (qualifier) return new Qualified(this, die, qualifier);
    switch (die.tag) {
      case DW_TAG.base_type:
        return baseType(die);
      case DW_TAG.pointer_type:
        return new Pointer(this, die, 'pointer');
      case DW_TAG.reference_type:
        return new Pointer(this, die, 'reference');
      case DW_TAG.rvalue_reference_type:
        return new Pointer(this, die, 'rvalue_reference');
      case DW_TAG.ptr_to_member_type:
        return new Pointer(this, die, 'member');
      case DW_TAG.structure_type:
        return new Struct(this, die, 'struct', NAME_STRUCT | NAME_CLASS);
      case DW_TAG.class_type:
      case DW_TAG.interface_type:
        return new Struct(this, die, 'class', NAME_STRUCT | NAME_CLASS);
      case DW_TAG.union_type:
        return new Struct(this, die, 'union', NAME_UNION);
      case DW_TAG.array_type:
        return new ArrayOf(this, die);
      case DW_TAG.enumeration_type:
        return new Enumeration(this, die);
      case DW_TAG.typedef:
      case DW_TAG.template_alias:
        return new Typedef(this, die);
      case DW_TAG.subroutine_type:
      case DW_TAG.subprogram:
        return new Subroutine(this, die);
      default:
        return { kind: 'unspecified', id: die.id, name: die.name };
    }
  }

  /** The definition that a declaration stands for: by signature, in the same unit, or anywhere. */
  definition(die: Die, kinds: number): Die | undefined {
    const bySignature = die.reference(DW_AT.signature);
    if (bySignature) return bySignature;
    const name = die.string(DW_AT.name);
    if (name === undefined) return undefined;
    const [id] = this.dwarf.names.find(name, kinds, die.unit);
    return id === undefined ? undefined : this.dwarf.info.die(id);
  }
}

function baseType(die: Die): BaseType {
  return {
    kind: 'base',
    id: die.id,
    name: die.string(DW_AT.name) ?? '',
    encoding: ENCODINGS.get(die.number(DW_AT.encoding) ?? 0) ?? 'unknown',
    byteSize: die.number(DW_AT.byte_size) ?? Math.ceil((die.number(DW_AT.bit_size) ?? 0) / 8),
    bitSize: die.number(DW_AT.bit_size),
  };
}

/** What types made of an entry share. */
abstract class DieType {
  readonly id: number;

  constructor(
    protected readonly types: Types,
    protected readonly die: Die,
  ) {
    this.id = die.id;
  }

  get name(): string | undefined {
    return this.die.string(DW_AT.name);
  }

  protected get baseOf(): Type {
    return this.types.of(this.die);
  }
}

class Pointer extends DieType implements PointerType {
  readonly kind = 'pointer';

  constructor(
    types: Types,
    die: Die,
    readonly flavour: PointerType['flavour'],
  ) {
    super(types, die);
  }

  get byteSize(): number {
    return this.die.number(DW_AT.byte_size) ?? this.die.unit.addressSize;
  }

  get target(): Type {
    return this.baseOf;
  }
}

class Qualified extends DieType implements QualifiedType {
  readonly kind = 'qualified';

  constructor(
    types: Types,
    die: Die,
    readonly qualifier: QualifiedType['qualifier'],
  ) {
    super(types, die);
  }

  get target(): Type {
    return this.baseOf;
  }
}

class Typedef extends DieType implements TypedefType {
  readonly kind = 'typedef';

  override get name(): string {
    return this.die.string(DW_AT.name) ?? '';
  }

  get target(): Type {
    return this.baseOf;
  }
}

class Subroutine extends DieType implements SubroutineType {
  readonly kind = 'subroutine';
  private list: { name: string | undefined; type: Type }[] | undefined;
  private variadic = false;

  get returnType(): Type {
    return this.baseOf;
  }

  get isPrototyped(): boolean {
    return this.die.flag(DW_AT.prototyped) || this.parameters.length > 0;
  }

  get parameters(): SubroutineType['parameters'] {
    return this.read();
  }

  get isVariadic(): boolean {
    this.read();
    return this.variadic;
  }

  private read(): SubroutineType['parameters'] {
    if (!this.list) {
      this.list = [];
      for (const child of this.die.children()) {
        if (child.tag === DW_TAG.unspecified_parameters) this.variadic = true;
        if (child.tag !== DW_TAG.formal_parameter) continue;
        this.list.push({ name: child.name, type: this.types.of(child) });
        if (this.list.length > MAX_CHILDREN) throw new SymbolError('limit', 'a function type has too many parameters');
      }
    }
    return this.list;
  }
}

class Struct extends DieType implements StructType {
  private resolved: Die | undefined | null = null;
  private memberList: Member[] | undefined;

  constructor(
    types: Types,
    die: Die,
    readonly kind: 'struct' | 'union' | 'class',
    private readonly kinds: number,
  ) {
    super(types, die);
  }

  /** The entry with the members: this one, or the definition elsewhere. */
  private get definition(): Die | undefined {
    if (this.resolved === null) {
      this.resolved = this.die.flag(DW_AT.declaration) ? this.types.definition(this.die, this.kinds) : this.die;
    }
    return this.resolved;
  }

  get isIncomplete(): boolean {
    return this.definition === undefined;
  }

  get byteSize(): number {
    return this.definition?.number(DW_AT.byte_size) ?? 0;
  }

  get file(): SourceFile | undefined {
    const die = this.definition ?? this.die;
    return this.types.dwarf.lines.fileOf(die.unit, die.number(DW_AT.decl_file));
  }

  get line(): number {
    return (this.definition ?? this.die).number(DW_AT.decl_line) ?? 0;
  }

  get members(): readonly Member[] {
    if (!this.memberList) {
      const list: Member[] = [];
      for (const child of this.definition?.children() ?? []) {
        const isMember = child.tag === DW_TAG.member || child.tag === DW_TAG.inheritance;
        // A static member of C++ lives elsewhere.
        if (!isMember || child.flag(DW_AT.external) || child.flag(DW_AT.declaration)) continue;
        list.push(new StructMember(this.types, child));
        if (list.length > MAX_CHILDREN)
          throw new SymbolError('limit', `${this.name ?? 'a structure'} has too many members`);
      }
      this.memberList = list;
    }
    return this.memberList;
  }

  member(name: string): Member | undefined {
    return findMember(this, name, 0, 0);
  }
}

const MAX_NESTING = 32;

function findMember(struct: StructType, name: string, offset: number, depth: number): Member | undefined {
  if (depth > MAX_NESTING) return undefined;
  for (const member of struct.members) {
    if (member.name === name) return offset === 0 ? member : shifted(member, offset);
    if (member.name !== undefined) continue;
    const inner = stripTypedefs(member.type);
    if (inner.kind === 'struct' || inner.kind === 'union' || inner.kind === 'class') {
      const found = findMember(inner, name, offset + member.offset, depth + 1);
      if (found) return found;
    }
  }
  return undefined;
}

function shifted(member: Member, by: number): Member {
  const { name, type, offset, bitField, line } = member;
  return {
    name,
    type,
    offset: offset + by,
    bitField: bitField && { bitOffset: bitField.bitOffset + by * 8, bitSize: bitField.bitSize },
    line,
  };
}

/** DWARF 5.7.6. */
class StructMember implements Member {
  readonly name: string | undefined;
  readonly offset: number;
  readonly bitField: Member['bitField'];

  constructor(
    private readonly types: Types,
    private readonly die: Die,
  ) {
    this.name = die.tag === DW_TAG.inheritance ? undefined : die.string(DW_AT.name);
    const start = memberLocation(die);
    const bitSize = die.number(DW_AT.bit_size);
    if (bitSize === undefined) {
      this.offset = start;
      return;
    }
    const storage = die.number(DW_AT.byte_size) ?? sizeOf(this.type) ?? 4;
    let bitOffset = start * 8;
    const fromStart = die.number(DW_AT.data_bit_offset);
    const fromTop = die.constant(DW_AT.bit_offset);
    if (fromStart !== undefined) bitOffset += fromStart;
    // Up to DWARF 3 (and in gcc's DWARF 4): counted from the most significant bit of the storage unit.
    else if (fromTop !== undefined) bitOffset += storage * 8 - bitSize - Number(BigInt.asIntN(32, fromTop));
    this.bitField = { bitOffset, bitSize };
    this.offset = fromStart !== undefined ? Math.floor(bitOffset / 8 / storage) * storage : start;
  }

  get type(): Type {
    return this.types.of(this.die);
  }

  get line(): number {
    return this.die.number(DW_AT.decl_line) ?? 0;
  }
}

function memberLocation(die: Die): number {
  const constant = die.constant(DW_AT.data_member_location);
  if (constant !== undefined) return Number(constant);
  const bytes = die.block(DW_AT.data_member_location);
  if (!bytes) return 0;
  // DWARF 2 wrote an expression that is given the structure's address.
  return Number(evaluateValue(new DwarfExpression(bytes, die.unit), NO_FRAME, [0]));
}

const noFrame = (): never => {
  throw new SymbolError('unsupported', 'a member whose place depends on run-time values is not supported');
};
const NO_FRAME = { pc: 0, readMemory: noFrame, register: noFrame, cfa: noFrame, frameBase: noFrame };

class ArrayOf extends DieType implements ArrayType {
  readonly kind = 'array';
  private bounds: { count: number | undefined; dynamic: DynamicBound | undefined }[] | undefined;

  get element(): Type {
    return this.baseOf;
  }

  get isVector(): boolean {
    return this.die.flag(DW_AT.GNU_vector);
  }

  get dimensions(): readonly (number | undefined)[] {
    return this.read().map((bound) => bound.count);
  }

  get dynamicBounds(): readonly (DynamicBound | undefined)[] {
    return this.read().map((bound) => bound.dynamic);
  }

  get byteSize(): number | undefined {
    const stated = this.die.number(DW_AT.byte_size);
    if (stated !== undefined) return stated;
    const element = sizeOf(this.element);
    return this.dimensions.reduce<number | undefined>(
      (size, count) => (size === undefined || count === undefined ? undefined : size * count),
      element,
    );
  }

  private read(): { count: number | undefined; dynamic: DynamicBound | undefined }[] {
    if (!this.bounds) {
      this.bounds = [];
      for (const child of this.die.children()) {
        if (child.tag !== DW_TAG.subrange_type && child.tag !== DW_TAG.generic_subrange) continue;
        this.bounds.push(this.readBound(child));
        if (this.bounds.length > MAX_DIMENSIONS) throw new SymbolError('limit', 'an array has too many dimensions');
      }
      if (this.bounds.length === 0) this.bounds.push({ count: undefined, dynamic: undefined });
    }
    return this.bounds;
  }

  private readBound(die: Die): { count: number | undefined; dynamic: DynamicBound | undefined } {
    const is = die.has(DW_AT.count) ? 'count' : 'upperBound';
    const attribute = is === 'count' ? DW_AT.count : DW_AT.upper_bound;
    const value = die.constant(attribute);
    if (value !== undefined) {
      const lower = die.constant(DW_AT.lower_bound) ?? 0n;
      // An upper bound of all ones is -1: the array is empty.
      const upper = value === 0xffff_ffffn || value === 0xffff_ffff_ffff_ffffn ? -1n : value;
      const count = Number(is === 'count' ? value : upper - lower + 1n);
      return { count: count >= 0 && Number.isSafeInteger(count) ? count : undefined, dynamic: undefined };
    }
    if (!die.has(attribute)) return { count: undefined, dynamic: undefined };
    const location = locationOf(die, attribute);
    if (location.kind !== 'none') return { count: undefined, dynamic: { is, location, variable: undefined } };
    const reference = die.reference(attribute);
    const variable = reference && this.types.dwarf.variables.get(reference);
    return { count: undefined, dynamic: variable && { is, location: undefined, variable } };
  }
}

class Enumeration extends DieType implements EnumType {
  readonly kind = 'enum';
  private resolved: Die | undefined | null = null;
  private list: Enumerator[] | undefined;

  private get definition(): Die | undefined {
    if (this.resolved === null) {
      this.resolved = this.die.flag(DW_AT.declaration) ? this.types.definition(this.die, NAME_ENUM) : this.die;
    }
    return this.resolved;
  }

  get isIncomplete(): boolean {
    return this.definition === undefined;
  }

  get byteSize(): number {
    const { underlying } = this;
    return this.definition?.number(DW_AT.byte_size) ?? (underlying && sizeOf(underlying)) ?? 4;
  }

  get underlying(): Type | undefined {
    const die = this.definition;
    return die?.has(DW_AT.type) ? this.types.of(die) : undefined;
  }

  get isSigned(): boolean {
    const stated = this.definition?.number(DW_AT.encoding);
    if (stated !== undefined) return stated === DW_ATE.signed || stated === DW_ATE.signed_char;
    const underlying = this.underlying && stripTypedefs(this.underlying);
    if (underlying?.kind === 'base') return underlying.encoding === 'signed' || underlying.encoding === 'signed_char';
    for (const child of this.definition?.children() ?? []) {
      if ((child.constant(DW_AT.const_value) ?? 0n) < 0n) return true;
    }
    return false;
  }

  get enumerators(): readonly Enumerator[] {
    if (!this.list) {
      const bits = this.byteSize * 8;
      const { isSigned } = this;
      const list: Enumerator[] = [];
      for (const child of this.definition?.children() ?? []) {
        if (child.tag !== DW_TAG.enumerator) continue;
        const value = child.constant(DW_AT.const_value) ?? 0n;
        list.push({
          name: child.string(DW_AT.name) ?? '',
          value: isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value),
        });
        if (list.length > MAX_CHILDREN) throw new SymbolError('limit', 'an enumeration has too many enumerators');
      }
      this.list = list;
    }
    return this.list;
  }
}

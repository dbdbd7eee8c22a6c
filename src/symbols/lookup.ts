import { type EnumType, type FunctionInfo, type FunctionMatches, type InlinedCall, type Type } from './api';
import { type Abbreviation } from './abbrev';
import { DW_AT, DW_FORM, DW_TAG } from './constants';
import { type Die } from './die';
import { type Dwarf } from './dwarf';
import { type ConcreteFunction, linkageName } from './functions';
import { type Unit } from './info';
import { NAME_BASE, NAME_CLASS, NAME_ENUM, NAME_FUNCTION, NAME_STRUCT, NAME_TYPEDEF, NAME_UNION } from './nameIndex';

/**
 * Functions of a name: concrete ones by the ELF symbol table, inlined instances where they can be.
 *
 * A function that is written in its unit's own source file can only be inlined in that unit, so neither needs more
 * than that unit. Only for functions from headers, and for names without a symbol, the index of names is asked.
 */
export function findFunctions(dwarf: Dwarf, name: string): FunctionMatches {
  const concrete = new Map<number, ConcreteFunction>();
  const units = new Set<Unit>();
  let everywhere = true;
  for (const symbol of dwarf.elf.symbolsNamed(name)) {
    if (symbol.kind === 'object' || symbol.kind === 'section' || symbol.kind === 'file') continue;
    const fn = dwarf.functions.at(symbol.address);
    if (!fn || fn.lowPc !== symbol.address || (fn.name !== name && linkageName(fn.die) !== name)) continue;
    concrete.set(fn.id, fn);
    units.add(fn.die.unit);
    if (isInOwnSource(dwarf, fn) && fn.isExternal) everywhere = false;
  }
  if (everywhere) {
    for (const id of dwarf.names.findAll(name, NAME_FUNCTION)) units.add(dwarf.info.die(id).unit);
    for (const unit of unitsWithForeignOrigins(dwarf)) units.add(unit);
  }
  const inlined: InlinedCall[] = [];
  for (const unit of [...units].sort((a, b) => a.index - b.index)) {
    const functions = dwarf.functions.of(unit).all;
    for (const fn of functions) if (fn.name === name) concrete.set(fn.id, fn);
    if (!mayInline(unit)) continue;
    for (const fn of functions) {
      for (const call of fn.allInlines()) if (call.name === name) inlined.push(call);
    }
  }
  const byAddress = (a: FunctionInfo, b: FunctionInfo): number => a.lowPc - b.lowPc;
  return {
    concrete: [...concrete.values()].sort(byAddress),
    inlined: inlined.sort((a, b) => a.entryPc - b.entryPc),
  };
}

function isInOwnSource(dwarf: Dwarf, fn: ConcreteFunction): boolean {
  const { unit } = fn.die;
  const declared = fn.die.withAttribute(DW_AT.decl_file);
  if (!declared) return false;
  const file = dwarf.lines.fileOf(declared.unit, declared.number(DW_AT.decl_file));
  return file !== undefined && file === dwarf.lines.primaryFile(unit);
}

function mayInline(unit: Unit): boolean {
  return !unit.abbreviations.withTag(DW_TAG.inlined_subroutine).next().done;
}

/** Units whose inlined instances may have their abstract instance elsewhere: link-time optimisation writes such. */
function unitsWithForeignOrigins(dwarf: Dwarf): Unit[] {
  return dwarf.info.units.filter((unit) => {
    try {
      return [...unit.abbreviations.withTag(DW_TAG.inlined_subroutine)].some(hasForeignOrigin);
    } catch (error) {
      dwarf.info.warn(error);
      return false;
    }
  });
}

function hasForeignOrigin(abbreviation: Abbreviation): boolean {
  const index = abbreviation.names.indexOf(DW_AT.abstract_origin);
  return index >= 0 && abbreviation.forms[index] === DW_FORM.ref_addr;
}

const TAG_KINDS: Readonly<Record<string, number>> = {
  struct: NAME_STRUCT | NAME_CLASS,
  class: NAME_STRUCT | NAME_CLASS,
  union: NAME_UNION,
  enum: NAME_ENUM,
};

/** Base types have many spellings; C lets the words come in any order and leaves `int` out. */
const BASE_SPELLINGS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(unsigned|unsigned int)$/, ['unsigned int']],
  [/^(int|signed|signed int)$/, ['int']],
  [/^(short|short int|signed short|signed short int)$/, ['short int', 'short']],
  [/^(unsigned short|unsigned short int|short unsigned int)$/, ['short unsigned int', 'unsigned short']],
  [/^(long|long int|signed long|signed long int)$/, ['long int', 'long']],
  [/^(unsigned long|unsigned long int|long unsigned int)$/, ['long unsigned int', 'unsigned long']],
  [/^(long long|long long int|signed long long|signed long long int)$/, ['long long int', 'long long']],
  [
    /^(unsigned long long|unsigned long long int|long long unsigned int)$/,
    ['long long unsigned int', 'unsigned long long'],
  ],
  [/^(bool|_Bool)$/, ['_Bool', 'bool']],
];

/** `int`, `size_t`, `struct sock`: the near unit's, or the first definition of all. */
export function findType(dwarf: Dwarf, name: string, near: Unit | undefined): Type | undefined {
  const text = name.trim().replace(/\s+/g, ' ');
  const tagged = /^(struct|class|union|enum) (\S+)$/.exec(text);
  if (tagged) return firstType(dwarf, tagged[2], TAG_KINDS[tagged[1]], near);
  const spellings = BASE_SPELLINGS.find(([pattern]) => pattern.test(text))?.[1] ?? [text];
  const searches: readonly number[] = [NAME_TYPEDEF | NAME_BASE, NAME_STRUCT | NAME_CLASS | NAME_UNION | NAME_ENUM];
  for (const kinds of searches) {
    for (const unit of near ? [near, undefined] : [undefined]) {
      for (const spelling of spellings) {
        const ids = unit ? dwarf.names.inUnit(unit, spelling, kinds) : dwarf.names.findAll(spelling, kinds);
        if (ids.length > 0) return dwarf.types.get(dwarf.info.die(ids[0]));
      }
    }
  }
  return undefined;
}

function firstType(dwarf: Dwarf, name: string, kinds: number, near: Unit | undefined): Type | undefined {
  const [id] = dwarf.names.find(name, kinds, near);
  return id === undefined ? undefined : dwarf.types.get(dwarf.info.die(id));
}

/** A struct, union, class or enum that one unit defines: `struct sock`. Needs no index. */
export function findTaggedTypeIn(dwarf: Dwarf, name: string, unit: Unit): Type | undefined {
  const tagged = /^(struct|class|union|enum) (\S+)$/.exec(name);
  const [id] = tagged ? dwarf.names.inUnit(unit, tagged[2], TAG_KINDS[tagged[1]]) : [];
  return id === undefined ? undefined : dwarf.types.get(dwarf.info.die(id));
}

/** An enumerator: of the near unit's enumerations, else of all. */
export function findEnumerator(
  dwarf: Dwarf,
  name: string,
  near: Unit | undefined,
): { type: EnumType; value: bigint } | undefined {
  const enumeration = near && enumerationsOf(near).get(name);
  const found = enumeration && enumeratorIn(dwarf, enumeration, name);
  if (found) return found;
  for (const id of dwarf.names.allEnumerations()) {
    const found = enumeratorIn(dwarf, dwarf.info.die(id), name);
    if (found) return found;
  }
  return undefined;
}

/** Units' enumerations by their enumerators: one unit is asked for many. */
const enumerations = new WeakMap<Unit, ReadonlyMap<string, Die>>();

function enumerationsOf(unit: Unit): ReadonlyMap<string, Die> {
  const known = enumerations.get(unit);
  if (known) return known;
  const byEnumerator = new Map<string, Die>();
  for (const die of unit.root.children()) {
    if (die.tag !== DW_TAG.enumeration_type) continue;
    for (const child of die.children()) {
      const name = child.tag === DW_TAG.enumerator ? child.string(DW_AT.name) : undefined;
      // The first of a name is the one that counts.
      if (name !== undefined && !byEnumerator.has(name)) byEnumerator.set(name, die);
    }
  }
  enumerations.set(unit, byEnumerator);
  return byEnumerator;
}

function enumeratorIn(dwarf: Dwarf, die: Die, name: string): { type: EnumType; value: bigint } | undefined {
  for (const child of die.children()) {
    if (child.tag !== DW_TAG.enumerator || child.string(DW_AT.name) !== name) continue;
    const type = dwarf.types.get(die);
    const value = type.kind === 'enum' ? type.enumerators.find((e) => e.name === name)?.value : undefined;
    if (type.kind === 'enum' && value !== undefined) return { type, value };
  }
  return undefined;
}

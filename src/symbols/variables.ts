import { type LocationDescription, type SourceFile, type Type, type UnitInfo, type Variable } from './api';
import { DW_AT, DW_OP, DW_TAG } from './constants';
import { type Die } from './die';
import { type Dwarf } from './dwarf';
import { type Unit } from './info';
import { constantBytes, locationOf } from './locations';
import { NAME_VARIABLE } from './nameIndex';
import { DwarfExpression } from './operations';
import { sizeOf } from './typeNames';

/** Makes variables of entries, one object an entry (DWARF 4.1). */
export class Variables {
  private readonly byId = new Map<number, VariableEntry>();
  private readonly perUnit = new Map<Unit, readonly Variable[]>();

  constructor(readonly dwarf: Dwarf) {}

  get(die: Die): Variable {
    let variable = this.byId.get(die.id);
    if (!variable) {
      variable = new VariableEntry(this.dwarf, die);
      this.byId.set(die.id, variable);
    }
    return variable;
  }

  /** File-scope variables of a unit: definitions, and declarations that nothing in the unit defines. */
  globals(unit: Unit): readonly Variable[] {
    let list = this.perUnit.get(unit);
    if (!list) {
      const found: Die[] = [];
      const completed = new Set<number>();
      for (const die of unit.root.children()) {
        if (die.tag !== DW_TAG.variable) continue;
        found.push(die);
        const declared = die.referenceId(DW_AT.specification);
        if (declared !== undefined) completed.add(declared);
      }
      list = found.filter((die) => !completed.has(die.id) && die.name !== undefined).map((die) => this.get(die));
      this.perUnit.set(unit, list);
    }
    return list;
  }

  /** Near unit's definition, external definitions, static ones of other units; a declaration if there is nothing else. */
  find(name: string, near: Unit | undefined): Variable | undefined {
    const { names, info } = this.dwarf;
    if (near) {
      const [id] = names.inUnit(near, name, NAME_VARIABLE);
      if (id !== undefined) return this.get(info.die(id));
      const declared = this.globals(near).find((variable) => variable.name === name);
      if (declared) return declared;
    }
    const all = names.findAll(name, NAME_VARIABLE).map((id) => this.get(info.die(id)));
    return all.find((variable) => variable.isExternal) ?? all[0] ?? this.findDeclared(name);
  }

  /** What an assembly file or the linker script defines is only declared in C: `jiffies`, `_text`. */
  private findDeclared(name: string): Variable | undefined {
    const { elf, info } = this.dwarf;
    if (!elf.symbolsNamed(name).some((symbol) => symbol.binding === 'global')) return undefined;
    for (const unit of info.units) {
      try {
        for (const die of unit.root.children()) {
          if (die.tag === DW_TAG.variable && die.flag(DW_AT.declaration) && die.name === name) return this.get(die);
        }
      } catch (error) {
        info.warn(error);
      }
    }
    return undefined;
  }
}

class VariableEntry implements Variable {
  readonly id: number;
  private description: LocationDescription | undefined;

  constructor(
    private readonly dwarf: Dwarf,
    private readonly die: Die,
  ) {
    this.id = die.id;
  }

  get name(): string {
    return this.die.name ?? '';
  }

  get type(): Type {
    return this.dwarf.types.of(this.die);
  }

  get unit(): UnitInfo {
    return this.die.unit;
  }

  get file(): SourceFile | undefined {
    const die = this.die.withAttribute(DW_AT.decl_file);
    return die && this.dwarf.lines.fileOf(die.unit, die.number(DW_AT.decl_file));
  }

  get line(): number {
    return this.die.withAttribute(DW_AT.decl_line)?.number(DW_AT.decl_line) ?? 0;
  }

  get isParameter(): boolean {
    return this.die.tag === DW_TAG.formal_parameter;
  }

  get isArtificial(): boolean {
    return this.die.withAttribute(DW_AT.artificial)?.flag(DW_AT.artificial) ?? false;
  }

  get isExternal(): boolean {
    return this.die.withAttribute(DW_AT.external)?.flag(DW_AT.external) ?? false;
  }

  get isDeclaration(): boolean {
    return this.die.flag(DW_AT.declaration);
  }

  get location(): LocationDescription {
    this.description ??= this.readLocation();
    return this.description;
  }

  private readLocation(): LocationDescription {
    const located = this.die.withAttribute(DW_AT.location);
    if (located) return locationOf(located, DW_AT.location);
    const constant = this.die.withAttribute(DW_AT.const_value);
    if (constant) {
      return { kind: 'constant', bytes: constantBytes(constant, sizeOf(this.type) ?? 4) };
    }
    if (this.isDeclaration) {
      const { names, info, variables } = this.dwarf;
      const definitions = names
        .find(this.name, NAME_VARIABLE, this.die.unit)
        .map((id) => info.die(id))
        .filter((die) => die.id !== this.id && !die.flag(DW_AT.declaration));
      const definition = definitions.map((die) => variables.get(die)).find((variable) => variable.isExternal);
      if (definition) return definition.location;
      const symbol = this.isExternal && this.dwarf.elf.symbolsNamed(this.name).find((s) => s.binding === 'global');
      if (symbol) return { kind: 'expression', expression: addressExpression(symbol.address, this.die.unit) };
    }
    return { kind: 'none' };
  }
}

function addressExpression(address: number, unit: Unit): DwarfExpression {
  const bytes = new Uint8Array(5);
  bytes[0] = DW_OP.addr;
  new DataView(bytes.buffer).setUint32(1, address, true);
  return new DwarfExpression(bytes, unit);
}

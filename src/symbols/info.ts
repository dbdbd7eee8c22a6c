import { type UnitInfo } from './api';
import { type Abbreviation, AbbreviationTable } from './abbrev';
import { DW_AT, DW_FORM, DW_TAG, DW_UT } from './constants';
import { Die } from './die';
import { SymbolError, hex } from './errors';
import { type Format, skipForm } from './forms';
import { Reader } from './reader';
import { type SectionName, type Sections } from './sections';

const LIST_FORMS = new Set<number>([DW_FORM.sec_offset, DW_FORM.loclistx, DW_FORM.data4, DW_FORM.data8]);

/** One unit of .debug_info (or of DWARF 4's .debug_types): its header now, everything else when it is needed. */
export class Unit implements UnitInfo, Format {
  readonly reader: Reader;
  private table: AbbreviationTable | undefined;
  private rootDie: Die | undefined;
  private strings: { name: string; directory: string; producer: string } | undefined;

  constructor(
    readonly info: DebugInfo,
    readonly index: number,
    /** Added to section offsets to make identities unique: .debug_types comes after .debug_info. */
    readonly idBase: number,
    readonly offset: number,
    readonly end: number,
    readonly version: number,
    readonly addressSize: number,
    readonly offsetSize: 4 | 8,
    readonly type: number,
    readonly abbreviationOffset: number,
    /** Offset of the first entry. */
    readonly firstDie: number,
    readonly signature: bigint | undefined,
    /** Of the type within a type unit, relative to the unit. */
    readonly typeOffset: number,
    reader: Reader,
  ) {
    this.reader = reader.at(firstDie, end);
  }

  get sections(): Sections {
    return this.info.sections;
  }

  get abbreviations(): AbbreviationTable {
    this.table ??= this.info.abbreviations(this.abbreviationOffset, this);
    return this.table;
  }

  /** The unit's own entry. @throws SymbolError */
  get root(): Die {
    if (!this.rootDie) {
      const root = this.dieAt(this.firstDie);
      if (!root) throw new SymbolError('malformed', `the unit at ${hex(this.offset)} of .debug_info is empty`);
      this.rootDie = root;
    }
    return this.rootDie;
  }

  get name(): string {
    return this.rootStrings.name;
  }

  get compilationDirectory(): string {
    return this.rootStrings.directory;
  }

  get producer(): string {
    return this.rootStrings.producer;
  }

  private get rootStrings(): { name: string; directory: string; producer: string } {
    this.strings ??= {
      name: this.root.string(DW_AT.name) ?? '',
      directory: this.root.string(DW_AT.comp_dir) ?? '',
      producer: this.root.string(DW_AT.producer) ?? '',
    };
    return this.strings;
  }

  get language(): number {
    return this.root.number(DW_AT.language) ?? 0;
  }

  get dwarfVersion(): number {
    return this.version;
  }

  /** Base address for ranges and location lists (DWARF 3.1.1: DW_AT_low_pc of the unit). */
  get baseAddress(): number {
    return this.root.address(DW_AT.low_pc) ?? 0;
  }

  /** DW_AT_str_offsets_base, or where the entries of the section's only table begin. */
  get stringOffsetsBase(): number {
    return this.root.number(DW_AT.str_offsets_base) ?? (this.version < 5 ? 0 : this.offsetSize === 4 ? 8 : 16);
  }

  get addressBase(): number {
    return (
      this.root.number(DW_AT.addr_base) ??
      this.root.number(DW_AT.GNU_addr_base) ??
      (this.version < 5 ? 0 : this.offsetSize === 4 ? 8 : 16)
    );
  }

  get rangeListsBase(): number {
    return this.root.number(DW_AT.rnglists_base) ?? (this.offsetSize === 4 ? 12 : 20);
  }

  get locationListsBase(): number {
    return this.root.number(DW_AT.loclists_base) ?? (this.offsetSize === 4 ? 12 : 20);
  }

  /** The line number program's offset, if the unit has one. */
  get lineOffset(): number | undefined {
    return this.root.number(DW_AT.stmt_list);
  }

  /** The unit has location lists, so its code was optimised and variables are right from the first instruction. */
  get hasLocationLists(): boolean {
    const isList = (a: Abbreviation): boolean => {
      const index = a.names.indexOf(DW_AT.location);
      return index >= 0 && LIST_FORMS.has(a.forms[index]);
    };
    const tags = [DW_TAG.variable, DW_TAG.formal_parameter];
    return tags.some((tag) => [...this.abbreviations.withTag(tag)].some(isList));
  }

  get isCompilation(): boolean {
    return this.type !== DW_UT.type && this.type !== DW_UT.split_type;
  }

  abbreviation(code: number, offset: number): Abbreviation {
    const found = (this.table ?? this.abbreviations).get(code);
    if (!found) {
      throw new SymbolError(
        'malformed',
        `.debug_info uses the undefined abbreviation ${code} at offset ${hex(offset)}`,
      );
    }
    return found;
  }

  /** The entry at a section offset; undefined for a null entry and at the end of the unit. @throws SymbolError */
  dieAt(offset: number): Die | undefined {
    if (offset >= this.end) return undefined;
    const reader = this.reader;
    reader.position = offset;
    const code = reader.uleb();
    if (code === 0) return undefined;
    return new Die(this, offset, this.abbreviation(code, offset), reader.position);
  }

  /** Offset just behind an entry's values. */
  skipValues(abbreviation: Abbreviation, position: number): number {
    const reader = this.reader;
    reader.position = position;
    for (const step of abbreviation.steps) {
      if (step >= 0) reader.skip(step);
      else skipForm(reader, -step, this);
    }
    return reader.position;
  }
}

/** .debug_info and .debug_types: finds units and entries without reading more than headers. */
export class DebugInfo {
  readonly units: readonly Unit[];
  readonly warnings: string[] = [];
  private readonly tables = new Map<string, AbbreviationTable>();
  private signatures: Map<bigint, Unit> | undefined;

  constructor(readonly sections: Sections) {
    const units: Unit[] = [];
    this.readUnits('debug_info', 0, units);
    if (sections.has('debug_types')) this.readUnits('debug_types', sections.get('debug_info').length, units);
    this.units = units;
  }

  private readUnits(name: SectionName, idBase: number, units: Unit[]): void {
    const bytes = this.sections.get(name);
    const reader = new Reader(bytes, `.${name}`);
    while (!reader.atEnd) {
      const start = reader.position;
      try {
        const { end, offsetSize } = reader.initialLength();
        try {
          units.push(this.readHeader(reader, name === 'debug_types', idBase, start, end, offsetSize, units.length));
        } catch (error) {
          this.warn(error);
        }
        reader.position = end;
      } catch (error) {
        // Without a length there is no way to find the next unit.
        this.warn(error);
        return;
      }
    }
  }

  private readHeader(
    section: Reader,
    isTypes: boolean,
    idBase: number,
    start: number,
    end: number,
    offsetSize: 4 | 8,
    index: number,
  ): Unit {
    const reader = section.at(section.position, end);
    const version = reader.u16();
    if (version < 2 || version > 5) {
      throw new SymbolError('unsupported', `the unit at ${hex(start)} of ${section.what} has DWARF version ${version}`);
    }
    let type: number = isTypes ? DW_UT.type : DW_UT.compile;
    let addressSize: number;
    let abbreviationOffset: number;
    if (version >= 5) {
      type = reader.u8();
      addressSize = reader.u8();
      abbreviationOffset = reader.unsigned(offsetSize);
    } else {
      abbreviationOffset = reader.unsigned(offsetSize);
      addressSize = reader.u8();
    }
    if (addressSize !== 4) {
      throw new SymbolError(
        'unsupported',
        `the unit at ${hex(start)} of ${section.what} has ${addressSize}-byte addresses`,
      );
    }
    let signature: bigint | undefined;
    let typeOffset = 0;
    if (type === DW_UT.type || type === DW_UT.split_type) {
      signature = reader.u64();
      typeOffset = reader.unsigned(offsetSize);
    } else if (type === DW_UT.skeleton || type === DW_UT.split_compile) {
      reader.skip(8);
    } else if (type !== DW_UT.compile && type !== DW_UT.partial) {
      throw new SymbolError('unsupported', `the unit at ${hex(start)} of ${section.what} has unit type ${type}`);
    }
    return new Unit(
      this,
      index,
      idBase,
      start,
      end,
      version,
      addressSize,
      offsetSize,
      type,
      abbreviationOffset,
      reader.position,
      signature,
      typeOffset,
      section,
    );
  }

  warn(error: unknown): void {
    if (!(error instanceof SymbolError)) throw error;
    if (this.warnings.length < 100 && !this.warnings.includes(error.message)) this.warnings.push(error.message);
  }

  abbreviations(offset: number, format: Format): AbbreviationTable {
    const key = `${offset}/${format.version <= 2}/${format.addressSize}/${format.offsetSize}`;
    let table = this.tables.get(key);
    if (!table) {
      table = new AbbreviationTable(this.sections.get('debug_abbrev'), offset, format);
      this.tables.set(key, table);
    }
    return table;
  }

  /** The unit around an identity (offset, plus the size of .debug_info for .debug_types). */
  unitOf(id: number): Unit | undefined {
    const { units } = this;
    let low = 0;
    let high = units.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (units[middle].idBase + units[middle].offset <= id) low = middle + 1;
      else high = middle;
    }
    const unit = units[low - 1];
    return unit && id < unit.idBase + unit.end ? unit : undefined;
  }

  /** The entry with an identity. @throws SymbolError if there is none */
  die(id: number): Die {
    const unit = this.unitOf(id);
    const offset = id - (unit?.idBase ?? 0);
    const die = unit && offset >= unit.firstDie ? unit.dieAt(offset) : undefined;
    if (!die) throw new SymbolError('malformed', `there is no debugging information entry at ${hex(id)}`);
    return die;
  }

  /** The type of a type unit by its signature (DW_FORM_ref_sig8). */
  typeBySignature(signature: bigint): Die | undefined {
    if (!this.signatures) {
      this.signatures = new Map();
      for (const unit of this.units) if (unit.signature !== undefined) this.signatures.set(unit.signature, unit);
    }
    const unit = this.signatures.get(signature);
    return unit?.dieAt(unit.offset + unit.typeOffset);
  }
}

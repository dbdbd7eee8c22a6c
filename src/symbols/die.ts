import { type Abbreviation } from './abbrev';
import { DW_AT, DW_FORM, nameOf } from './constants';
import { SymbolError, hex } from './errors';
import { readBlock, readConstant, skipForm, unknownForm } from './forms';
import { type Unit } from './info';

/** How far DW_AT_abstract_origin and DW_AT_specification are followed; real chains have at most three links. */
const MAX_ORIGINS = 16;

/**
 * A debugging information entry (DWARF 2.1): a position in .debug_info whose values are read when they are asked for.
 * All accessors return undefined for an absent attribute or one of another class, and throw SymbolError for bad data.
 */
export class Die {
  constructor(
    readonly unit: Unit,
    readonly offset: number,
    readonly abbreviation: Abbreviation,
    /** Offset of the first value. */
    private readonly values: number,
  ) {}

  /** Unique within the file. */
  get id(): number {
    return this.unit.idBase + this.offset;
  }

  get tag(): number {
    return this.abbreviation.tag;
  }

  get hasChildren(): boolean {
    return this.abbreviation.hasChildren;
  }

  has(attribute: number): boolean {
    return this.abbreviation.names.includes(attribute);
  }

  /** Positions the unit's reader on a value and returns its form; 0 if the entry has no such attribute. */
  private seek(attribute: number): number {
    const { names, forms, offsets } = this.abbreviation;
    const index = names.indexOf(attribute);
    if (index < 0) return 0;
    const { unit } = this;
    const { reader } = unit;
    const known = offsets[index];
    if (known >= 0) {
      reader.position = this.values + known;
    } else {
      let from = index;
      while (offsets[from] < 0) from--;
      reader.position = this.values + offsets[from];
      for (let i = from; i < index; i++) skipForm(reader, forms[i], unit);
    }
    let form = forms[index];
    for (let depth = 0; form === DW_FORM.indirect; depth++) {
      if (depth > 3) throw this.malformed(attribute);
      form = reader.uleb();
    }
    return form;
  }

  /** The form of an attribute, indirect ones resolved. */
  form(attribute: number): number | undefined {
    return this.seek(attribute) || undefined;
  }

  /** A flag (DWARF 7.5.5); absent means false. */
  flag(attribute: number): boolean {
    const form = this.seek(attribute);
    if (form === DW_FORM.flag_present) return true;
    if (form === DW_FORM.flag) return this.unit.reader.u8() !== 0;
    return form !== 0 && (this.constant(attribute) ?? 0n) !== 0n;
  }

  /** A constant; `dataN` are unsigned, `sdata` and implicit ones signed. */
  constant(attribute: number): bigint | undefined {
    const form = this.seek(attribute);
    if (form === 0) return undefined;
    if (form === DW_FORM.implicit_const) {
      return this.abbreviation.implicit?.get(this.abbreviation.names.indexOf(attribute));
    }
    return readConstant(this.unit.reader, form);
  }

  /** A constant or section offset as a number. */
  number(attribute: number): number | undefined {
    const form = this.seek(attribute);
    const { reader } = this.unit;
    switch (form) {
      case 0:
        return undefined;
      case DW_FORM.data1:
        return reader.u8();
      case DW_FORM.data2:
        return reader.u16();
      case DW_FORM.data4:
        return reader.u32();
      case DW_FORM.udata:
      case DW_FORM.loclistx:
      case DW_FORM.rnglistx:
        return reader.uleb();
      case DW_FORM.sec_offset:
        return reader.unsigned(this.unit.offsetSize);
      default: {
        const value = this.constant(attribute);
        return value === undefined ? undefined : Number(value);
      }
    }
  }

  string(attribute: number): string | undefined {
    const form = this.seek(attribute);
    const { unit } = this;
    const { reader, sections } = unit;
    switch (form) {
      case DW_FORM.strp:
        return sections.string('debug_str', reader.unsigned(unit.offsetSize));
      case DW_FORM.line_strp:
        return sections.string('debug_line_str', reader.unsigned(unit.offsetSize));
      case DW_FORM.string:
        return reader.cstring();
      case DW_FORM.strx:
      case DW_FORM.GNU_str_index:
        return this.indexedString(reader.uleb());
      case DW_FORM.strx1:
        return this.indexedString(reader.u8());
      case DW_FORM.strx2:
        return this.indexedString(reader.u16());
      case DW_FORM.strx3:
        return this.indexedString(reader.u24());
      case DW_FORM.strx4:
        return this.indexedString(reader.u32());
      case DW_FORM.strp_sup:
      case DW_FORM.GNU_strp_alt:
        throw new SymbolError('unsupported', 'the debug information refers to a supplementary file (made by dwz)');
      default:
        return undefined;
    }
  }

  private indexedString(index: number): string {
    const { sections, stringOffsetsBase, offsetSize } = this.unit;
    return sections.string('debug_str', sections.entry('debug_str_offsets', stringOffsetsBase, index, offsetSize));
  }

  address(attribute: number): number | undefined {
    const form = this.seek(attribute);
    const { reader } = this.unit;
    switch (form) {
      case DW_FORM.addr:
        return reader.u32();
      case DW_FORM.addrx:
      case DW_FORM.GNU_addr_index:
        return indexedAddress(this.unit, reader.uleb());
      case DW_FORM.addrx1:
        return indexedAddress(this.unit, reader.u8());
      case DW_FORM.addrx2:
        return indexedAddress(this.unit, reader.u16());
      case DW_FORM.addrx3:
        return indexedAddress(this.unit, reader.u24());
      case DW_FORM.addrx4:
        return indexedAddress(this.unit, reader.u32());
      default:
        return undefined;
    }
  }

  /** Bytes of an expression, block or data16. */
  block(attribute: number): Uint8Array | undefined {
    const form = this.seek(attribute);
    return form === 0 ? undefined : readBlock(this.unit.reader, form);
  }

  /** Identity of the entry that a reference names. */
  referenceId(attribute: number): number | undefined {
    const form = this.seek(attribute);
    const { unit } = this;
    const { reader } = unit;
    let relative: number;
    switch (form) {
      case 0:
        return undefined;
      case DW_FORM.ref1:
        relative = reader.u8();
        break;
      case DW_FORM.ref2:
        relative = reader.u16();
        break;
      case DW_FORM.ref4:
        relative = reader.u32();
        break;
      case DW_FORM.ref8:
        relative = reader.u64Number();
        break;
      case DW_FORM.ref_udata:
        relative = reader.uleb();
        break;
      case DW_FORM.ref_addr:
        return reader.unsigned(unit.version <= 2 ? unit.addressSize : unit.offsetSize);
      case DW_FORM.ref_sig8:
        return unit.info.typeBySignature(reader.u64())?.id;
      case DW_FORM.ref_sup4:
      case DW_FORM.ref_sup8:
      case DW_FORM.GNU_ref_alt:
        throw new SymbolError('unsupported', 'the debug information refers to a supplementary file (made by dwz)');
      default:
        if (readConstant(reader, form) !== undefined || readBlock(reader, form) !== undefined) return undefined;
        throw unknownForm(reader, form);
    }
    if (unit.offset + relative >= unit.end) throw this.malformed(attribute);
    return unit.idBase + unit.offset + relative;
  }

  reference(attribute: number): Die | undefined {
    const id = this.referenceId(attribute);
    return id === undefined ? undefined : this.unit.info.die(id);
  }

  /** This entry, then those it completes: by DW_AT_abstract_origin and DW_AT_specification (DWARF 2.13, 3.3.8). */
  *origins(): Generator<Die> {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the walk starts here
    let die: Die | undefined = this;
    for (let i = 0; die && i < MAX_ORIGINS; i++) {
      yield die;
      die = die.reference(DW_AT.abstract_origin) ?? die.reference(DW_AT.specification);
    }
  }

  /** The first of `origins()` that has an attribute. */
  withAttribute(attribute: number): Die | undefined {
    if (this.has(attribute)) return this;
    for (const die of this.origins()) if (die.has(attribute)) return die;
    return undefined;
  }

  /** The name, also from the entry that this one completes. */
  get name(): string | undefined {
    return this.withAttribute(DW_AT.name)?.string(DW_AT.name);
  }

  /** Offset behind the values: of the first child, or of what follows. */
  get endOffset(): number {
    return this.unit.skipValues(this.abbreviation, this.values);
  }

  /** Where DW_AT_sibling points; 0 if absent or not further on (which would loop). */
  private get siblingTarget(): number {
    if (this.abbreviation.sibling < 0) return 0;
    const target = (this.referenceId(DW_AT.sibling) ?? 0) - this.unit.idBase;
    return target > this.values ? target : 0;
  }

  /** Offset behind the entry and all its children. */
  get siblingOffset(): number {
    const { unit } = this;
    if (!this.hasChildren) return this.endOffset;
    const target = this.siblingTarget;
    if (target !== 0) return target;
    let depth = 1;
    let offset = this.endOffset;
    while (depth > 0 && offset < unit.end) {
      const die = unit.dieAt(offset);
      if (!die) {
        depth--;
        offset = unit.reader.position;
        continue;
      }
      const sibling = die.hasChildren ? die.siblingTarget : 0;
      if (die.hasChildren && sibling === 0) depth++;
      offset = sibling || die.endOffset;
    }
    return offset;
  }

  *children(): Generator<Die> {
    if (!this.hasChildren) return;
    let offset = this.endOffset;
    for (;;) {
      const child = this.unit.dieAt(offset);
      if (!child) return;
      yield child;
      offset = child.siblingOffset;
    }
  }

  private malformed(attribute: number): SymbolError {
    const name = nameOf(DW_AT, attribute, 'DW_AT');
    return new SymbolError('malformed', `the entry at ${hex(this.offset)} of .debug_info has a bad ${name}`);
  }
}

/** An address by its index in the unit's part of .debug_addr (DWARF 7.27). @throws SymbolError */
export function indexedAddress(unit: Unit, index: number): number {
  return unit.sections.entry('debug_addr', unit.addressBase, index, 4);
}

import { DW_AT, DW_FORM } from './constants';
import { SymbolError, hex } from './errors';
import { type Format, fixedSize } from './forms';
import { Reader } from './reader';

/** One abbreviation declaration (DWARF 7.5.3) with what makes reading and skipping its entries fast. */
export interface Abbreviation {
  readonly code: number;
  readonly tag: number;
  readonly hasChildren: boolean;
  /** DW_AT_* of each attribute. */
  readonly names: readonly number[];
  /** DW_FORM_* of each attribute. */
  readonly forms: readonly number[];
  /** Values of DW_FORM_implicit_const by the index of their attribute. */
  readonly implicit: ReadonlyMap<number, bigint> | undefined;
  /** Offset of each attribute from the entry's first value, or -1 where a value before it has a varying size. */
  readonly offsets: readonly number[];
  /** How to skip an entry: numbers of bytes, and -form for a value of varying size. */
  readonly steps: readonly number[];
  /** Index of DW_AT_sibling, or -1. */
  readonly sibling: number;
}

/** Codes up to here are array indices; compilers number from 1. */
const DENSE_CODES = 0x10000;

/**
 * The abbreviations of one unit, by code. One pass finds where each declaration stands; a declaration is decoded when
 * the first entry uses it.
 */
export class AbbreviationTable {
  private readonly positions: number[] = [];
  private readonly sparsePositions = new Map<number, number>();
  private readonly decoded: (Abbreviation | undefined)[] = [];
  private readonly sparseDecoded = new Map<number, Abbreviation>();

  /**
   * @param format of the unit that uses the table: sizes of its values depend on it
   * @throws SymbolError
   */
  constructor(
    private readonly section: Uint8Array,
    offset: number,
    private readonly format: Format,
  ) {
    const reader = new Reader(section, '.debug_abbrev', offset);
    // A table that ends with its section needs no terminator.
    while (!reader.atEnd) {
      const start = reader.position;
      const code = reader.uleb();
      if (code === 0) break;
      if (code >= DENSE_CODES) {
        if (!this.sparsePositions.has(code)) this.sparsePositions.set(code, start);
      } else {
        while (this.positions.length <= code) this.positions.push(-1);
        if (this.positions[code] < 0) this.positions[code] = start;
      }
      skipDeclaration(reader);
    }
  }

  /** The abbreviation with a code; undefined if the table has none. @throws SymbolError */
  get(code: number): Abbreviation | undefined {
    if (code >= DENSE_CODES) return this.getSparse(code);
    const known = this.decoded[code];
    if (known) return known;
    const position = this.positions[code];
    if (position === undefined || position < 0) return undefined;
    while (this.decoded.length <= code) this.decoded.push(undefined);
    return (this.decoded[code] = this.decode(position));
  }

  private getSparse(code: number): Abbreviation | undefined {
    const known = this.sparseDecoded.get(code);
    const position = this.sparsePositions.get(code);
    if (known || position === undefined) return known;
    const abbreviation = this.decode(position);
    this.sparseDecoded.set(code, abbreviation);
    return abbreviation;
  }

  /** All abbreviations of a tag. @throws SymbolError */
  *withTag(tag: number): Generator<Abbreviation> {
    for (const position of [...this.positions, ...this.sparsePositions.values()]) {
      if (position < 0) continue;
      const reader = new Reader(this.section, '.debug_abbrev', position);
      reader.skipLeb();
      if (reader.uleb() === tag) yield this.decode(position);
    }
  }

  private decode(position: number): Abbreviation {
    return readDeclaration(new Reader(this.section, '.debug_abbrev', position), this.format);
  }
}

function skipDeclaration(reader: Reader): void {
  reader.skipLeb();
  reader.skip(1);
  for (;;) {
    const name = reader.uleb();
    const form = reader.uleb();
    if (name === 0 && form === 0) return;
    if (form === DW_FORM.implicit_const) reader.skipLeb();
  }
}

function readDeclaration(reader: Reader, format: Format): Abbreviation {
  const start = reader.position;
  const code = reader.uleb();
  const tag = reader.uleb();
  const children = reader.u8();
  if (children > 1) {
    throw new SymbolError('malformed', `.debug_abbrev has a bad DW_CHILDREN value at offset ${hex(start)}`);
  }
  const names: number[] = [];
  const forms: number[] = [];
  let implicit: Map<number, bigint> | undefined;
  const offsets: number[] = [];
  const steps: number[] = [];
  let known = 0;
  let run = 0;
  let sibling = -1;
  for (;;) {
    const name = reader.uleb();
    const form = reader.uleb();
    if (name === 0 && form === 0) break;
    if (name === DW_AT.sibling) sibling = names.length;
    if (form === DW_FORM.implicit_const) (implicit ??= new Map()).set(names.length, reader.slebBig());
    names.push(name);
    forms.push(form);
    offsets.push(known);
    const size = fixedSize(form, format);
    if (size >= 0) {
      run += size;
      if (known >= 0) known += size;
    } else {
      if (run > 0) steps.push(run);
      run = 0;
      steps.push(-form);
      known = -1;
    }
  }
  if (run > 0) steps.push(run);
  return { code, tag, hasChildren: children === 1, names, forms, implicit, offsets, steps, sibling };
}

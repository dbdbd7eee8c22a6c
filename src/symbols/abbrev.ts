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
  /** Values of DW_FORM_implicit_const, else 0. */
  readonly implicit: readonly bigint[];
  /** Offset of each attribute from the entry's first value, or -1 where a value before it has a varying size. */
  readonly offsets: readonly number[];
  /** How to skip an entry: numbers of bytes, and -form for a value of varying size. */
  readonly steps: readonly number[];
  /** Index of DW_AT_sibling, or -1. */
  readonly sibling: number;
}

/** The abbreviations of one unit, by code. */
export interface AbbreviationTable {
  readonly byCode: readonly (Abbreviation | undefined)[];
  /** Codes too large for an array. */
  readonly rest: ReadonlyMap<number, Abbreviation>;
}

/** Codes up to here are array indices; compilers number from 1. */
const DENSE_CODES = 0x10000;

/**
 * Reads an abbreviation table of .debug_abbrev.
 *
 * @param format of the unit that uses the table: sizes of its values depend on it
 * @throws SymbolError
 */
export function readAbbreviations(section: Uint8Array, offset: number, format: Format): AbbreviationTable {
  const reader = new Reader(section, '.debug_abbrev', offset);
  const byCode: (Abbreviation | undefined)[] = [];
  const rest = new Map<number, Abbreviation>();
  for (;;) {
    // A table that ends with its section needs no terminator; gas omits it at times.
    if (reader.atEnd) break;
    const code = reader.uleb();
    if (code === 0) break;
    const abbreviation = readDeclaration(reader, code, format);
    if (code < DENSE_CODES) {
      while (byCode.length < code) byCode.push(undefined);
      byCode[code] ??= abbreviation;
    } else if (!rest.has(code)) {
      rest.set(code, abbreviation);
    }
  }
  return { byCode, rest };
}

function readDeclaration(reader: Reader, code: number, format: Format): Abbreviation {
  const start = reader.position;
  const tag = reader.uleb();
  const children = reader.u8();
  if (children > 1) {
    throw new SymbolError('malformed', `.debug_abbrev has a bad DW_CHILDREN value at offset ${hex(start)}`);
  }
  const names: number[] = [];
  const forms: number[] = [];
  const implicit: bigint[] = [];
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
    names.push(name);
    forms.push(form);
    implicit.push(form === DW_FORM.implicit_const ? reader.slebBig() : 0n);
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

import { DW_FORM, DW_LNCT, DW_LNE, DW_LNS } from './constants';
import { SymbolError, hex } from './errors';
import { type Format, readConstant, skipForm, unknownForm } from './forms';
import { Reader } from './reader';
import { type Sections } from './sections';

/** Where the names of a header's tables stand. */
export type NameSection = 'debug_line' | 'debug_line_str' | 'debug_str';

/** The file table of a header as columns; index is the program's file register. */
export class FileTable {
  /** Index into the header's directories. */
  readonly directories: number[] = [];
  /** Offsets of the names; -1 where there is no file (entry 0 before DWARF 5). */
  readonly names: number[] = [];
  /** Offsets of MD5 sums in .debug_line, if the table has them. */
  readonly sums: number[] = [];

  constructor(public nameSection: NameSection) {}

  get length(): number {
    return this.names.length;
  }
}

/** The header of one line number program (DWARF 6.2.4; DWARF 4 and earlier 6.2.4 likewise). */
export interface LineHeader extends Format {
  readonly offset: number;
  readonly end: number;
  readonly program: number;
  readonly minimumInstructionLength: number;
  readonly maximumOperations: number;
  readonly defaultIsStmt: boolean;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly opcodeLengths: Uint8Array;
  /** From version 5 directory 0 is the compilation directory; before it is implied. */
  readonly directories: readonly string[];
  /** Indexed as the program's file register: from 0 since version 5, from 1 before (entry 0 is then undefined). */
  readonly files: FileTable;
}

const MAX_HEADER_ENTRIES = 0x100000;

/** Reads a line number program's header. @throws SymbolError */
export function readLineHeader(sections: Sections, offset: number): LineHeader {
  const section = new Reader(sections.get('debug_line'), '.debug_line', offset);
  const { end, offsetSize } = section.initialLength();
  const reader = section.at(section.position, end);
  const version = reader.u16();
  if (version < 2 || version > 5) {
    throw new SymbolError('unsupported', `.debug_line has a table of version ${version} at offset ${hex(offset)}`);
  }
  let addressSize = 4;
  if (version >= 5) {
    addressSize = reader.u8();
    reader.skip(1);
  }
  const headerLength = reader.unsigned(offsetSize);
  const program = reader.position + headerLength;
  if (program > end) {
    throw new SymbolError('malformed', `.debug_line has a header longer than its table at offset ${hex(offset)}`);
  }
  const minimumInstructionLength = reader.u8();
  const maximumOperations = version >= 4 ? reader.u8() : 1;
  const defaultIsStmt = reader.u8() !== 0;
  const lineBase = reader.i8();
  const lineRange = reader.u8();
  const opcodeBase = reader.u8();
  if (lineRange === 0 || opcodeBase === 0 || maximumOperations === 0) {
    throw new SymbolError('malformed', `.debug_line has an impossible header at offset ${hex(offset)}`);
  }
  const opcodeLengths = reader.take(opcodeBase - 1);
  const format = { version, addressSize, offsetSize };
  const directories: string[] = [];
  const files = new FileTable('debug_line');
  if (version >= 5) {
    const table = new FileTable('debug_line');
    readEntries(reader, format, table);
    for (const name of table.names) directories.push(lineString(sections, table.nameSection, name));
    readEntries(reader, format, files);
  } else {
    readTablesV4(reader, directories, files);
  }
  return {
    ...format,
    offset,
    end,
    program,
    minimumInstructionLength,
    maximumOperations,
    defaultIsStmt,
    lineBase,
    lineRange,
    opcodeBase,
    opcodeLengths,
    directories,
    files,
  };
}

function readTablesV4(reader: Reader, directories: string[], files: FileTable): void {
  directories.push('');
  for (;;) {
    const name = reader.cstring();
    if (name === '') break;
    directories.push(name);
  }
  files.names.push(-1);
  files.directories.push(0);
  for (;;) {
    const name = reader.position;
    reader.skipString();
    if (reader.position === name + 1) break;
    readFileV4(reader, name, files);
  }
}

/** The part of a version 4 file entry behind its name; also the operands of DW_LNE_define_file. */
function readFileV4(reader: Reader, name: number, files: FileTable): void {
  files.names.push(name);
  files.directories.push(reader.uleb());
  reader.skipLeb();
  reader.skipLeb();
}

/** A name of a line table. */
export function lineString(sections: Sections, section: NameSection, offset: number): string {
  if (section === 'debug_line') return new Reader(sections.get('debug_line'), '.debug_line', offset).cstring();
  return sections.string(section, offset);
}

/** Reads an entry format and its entries (DWARF 6.2.4, items 12–17 and 18–23). */
function readEntries(reader: Reader, format: Format, table: FileTable): void {
  const columns: { content: number; form: number }[] = [];
  for (let n = reader.u8(); n > 0; n--) columns.push({ content: reader.uleb(), form: reader.uleb() });
  const count = reader.uleb();
  if (count > MAX_HEADER_ENTRIES || (count > 0 && columns.length === 0)) {
    throw new SymbolError('malformed', `.debug_line claims ${count} entries at offset ${hex(reader.position)}`);
  }
  for (let i = 0; i < count; i++) {
    table.names.push(-1);
    table.directories.push(0);
    for (const { content, form } of columns) readColumn(reader, format, content, form, table, i);
  }
}

function readColumn(reader: Reader, format: Format, content: number, form: number, table: FileTable, i: number): void {
  if (content === DW_LNCT.path) {
    if (form === DW_FORM.line_strp) {
      table.nameSection = 'debug_line_str';
      table.names[i] = reader.unsigned(format.offsetSize);
    } else if (form === DW_FORM.strp) {
      table.nameSection = 'debug_str';
      table.names[i] = reader.unsigned(format.offsetSize);
    } else if (form === DW_FORM.string) {
      table.names[i] = reader.position;
      reader.skipString();
    } else {
      throw unknownForm(reader, form);
    }
  } else if (content === DW_LNCT.directory_index) {
    if (form === DW_FORM.udata) table.directories[i] = reader.uleb();
    else table.directories[i] = Number(readConstant(reader, form) ?? 0n);
  } else {
    if (content === DW_LNCT.MD5 && form === DW_FORM.data16) table.sums[i] = reader.position;
    skipForm(reader, form, format);
  }
}

export const ROW_IS_STMT = 1;
export const ROW_BASIC_BLOCK = 2;
export const ROW_PROLOGUE_END = 4;
export const ROW_EPILOGUE_BEGIN = 8;
export const ROW_END_SEQUENCE = 16;

/** The line matrix of one unit as columns; rows stand sequence by sequence, each ended by an end-of-sequence row. */
export interface LineMatrix {
  readonly count: number;
  readonly address: Uint32Array;
  readonly file: Uint32Array;
  readonly line: Uint32Array;
  readonly column: Uint16Array;
  readonly flags: Uint8Array;
  readonly discriminator: Uint32Array;
  /** First row of each sequence, in address order, and its address range; `last` is the end-of-sequence row. */
  readonly sequences: readonly { first: number; last: number; start: number; end: number }[];
}

/** Growable columns; one instance serves all programs, so that only the finished size is allocated. */
class Matrix {
  private capacity = 4096;
  count = 0;
  address = new Uint32Array(this.capacity);
  file = new Uint32Array(this.capacity);
  line = new Uint32Array(this.capacity);
  column = new Uint16Array(this.capacity);
  flags = new Uint8Array(this.capacity);
  discriminator = new Uint32Array(this.capacity);

  push(address: number, file: number, line: number, column: number, flags: number, discriminator: number): void {
    if (this.count === this.capacity) this.grow();
    const i = this.count++;
    this.address[i] = address;
    this.file[i] = file;
    this.line[i] = line;
    this.column[i] = column > 0xffff ? 0 : column;
    this.flags[i] = flags;
    this.discriminator[i] = discriminator;
  }

  private grow(): void {
    this.capacity *= 2;
    const larger = <T extends Uint32Array | Uint16Array | Uint8Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.address = larger(new Uint32Array(this.capacity), this.address);
    this.file = larger(new Uint32Array(this.capacity), this.file);
    this.line = larger(new Uint32Array(this.capacity), this.line);
    this.column = larger(new Uint16Array(this.capacity), this.column);
    this.flags = larger(new Uint8Array(this.capacity), this.flags);
    this.discriminator = larger(new Uint32Array(this.capacity), this.discriminator);
  }
}

const scratch = new Matrix();

/**
 * Runs a line number program (DWARF 6.2.5).
 *
 * @param isLive whether code at an address exists: sequences of discarded sections are left out
 * @throws SymbolError
 */
export function runLineProgram(
  sections: Sections,
  header: LineHeader,
  isLive: (start: number, end: number) => boolean,
): LineMatrix {
  const reader = new Reader(sections.get('debug_line'), '.debug_line', header.program, header.end);
  const { lineBase, lineRange, opcodeBase, opcodeLengths, minimumInstructionLength, maximumOperations } = header;
  const initialFlags = header.defaultIsStmt ? ROW_IS_STMT : 0;
  const rows = scratch;
  rows.count = 0;
  const sequences: { first: number; last: number; start: number; end: number }[] = [];

  let first = 0;
  let address = 0;
  let operation = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let flags = initialFlags;
  let discriminator = 0;
  let sorted = true;

  const advance = (operations: number): void => {
    if (maximumOperations === 1) {
      address += operations * minimumInstructionLength;
    } else {
      const total = operation + operations;
      address += minimumInstructionLength * Math.floor(total / maximumOperations);
      operation = total % maximumOperations;
    }
  };
  const emit = (): void => {
    if (rows.count > first && address < rows.address[rows.count - 1]) sorted = false;
    rows.push(address, file, line, column, flags, discriminator);
    flags &= ROW_IS_STMT;
    discriminator = 0;
  };

  while (!reader.atEnd) {
    const opcode = reader.u8();
    if (opcode >= opcodeBase) {
      const adjusted = opcode - opcodeBase;
      advance(Math.floor(adjusted / lineRange));
      line += lineBase + (adjusted % lineRange);
      emit();
      continue;
    }
    switch (opcode) {
      case DW_LNS.extended: {
        const length = reader.uleb();
        const next = reader.position + length;
        if (length === 0) break;
        if (next > header.end) throw truncatedOperation(reader);
        const extended = reader.u8();
        if (extended === DW_LNE.end_sequence) {
          flags |= ROW_END_SEQUENCE;
          emit();
          const start = rows.address[first];
          // What isn't live, or runs backwards (DWARF 6.2.5: addresses only grow), is dropped.
          if (sorted && address > start && isLive(start, address)) {
            sequences.push({ first, last: rows.count - 1, start, end: address });
          } else {
            rows.count = first;
          }
          first = rows.count;
          address = 0;
          operation = 0;
          file = 1;
          line = 1;
          column = 0;
          flags = initialFlags;
          discriminator = 0;
          sorted = true;
        } else if (extended === DW_LNE.set_address) {
          if (length !== 5 && length !== 9) throw truncatedOperation(reader);
          address = length === 5 ? reader.u32() : reader.u64Number();
          operation = 0;
        } else if (extended === DW_LNE.define_file) {
          const name = reader.position;
          reader.skipString();
          readFileV4(reader, name, header.files);
        } else if (extended === DW_LNE.set_discriminator) {
          discriminator = reader.uleb();
        }
        // Unknown extended operations are skipped by their length, as the standard wants.
        reader.position = next;
        break;
      }
      case DW_LNS.copy:
        emit();
        break;
      case DW_LNS.advance_pc:
        advance(reader.uleb());
        break;
      case DW_LNS.advance_line:
        line += reader.sleb();
        break;
      case DW_LNS.set_file:
        file = reader.uleb();
        break;
      case DW_LNS.set_column:
        column = reader.uleb();
        break;
      case DW_LNS.negate_stmt:
        flags ^= ROW_IS_STMT;
        break;
      case DW_LNS.set_basic_block:
        flags |= ROW_BASIC_BLOCK;
        break;
      case DW_LNS.const_add_pc:
        advance(Math.floor((255 - opcodeBase) / lineRange));
        break;
      case DW_LNS.fixed_advance_pc:
        address += reader.u16();
        operation = 0;
        break;
      case DW_LNS.set_prologue_end:
        flags |= ROW_PROLOGUE_END;
        break;
      case DW_LNS.set_epilogue_begin:
        flags |= ROW_EPILOGUE_BEGIN;
        break;
      case DW_LNS.set_isa:
        reader.skipLeb();
        break;
      default:
        for (let n = opcodeLengths[opcode - 1]; n > 0; n--) reader.skipLeb();
    }
  }
  // Rows behind the last end_sequence belong to nothing.
  const count = first;
  return {
    count,
    address: rows.address.slice(0, count),
    file: rows.file.slice(0, count),
    line: rows.line.slice(0, count),
    column: rows.column.slice(0, count),
    flags: rows.flags.slice(0, count),
    discriminator: rows.discriminator.slice(0, count),
    sequences: sequences.sort((a, b) => a.start - b.start || a.end - b.end),
  };
}

function truncatedOperation(reader: Reader): SymbolError {
  return new SymbolError('malformed', `.debug_line has a bad extended operation at offset ${hex(reader.position)}`);
}

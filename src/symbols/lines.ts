import { type LineInfo, type LineRow, type SourceFile, type UnitInfo } from './api';
import { type AddressIndex } from './aranges';
import { type DebugInfo, type Unit } from './info';
import {
  type LineHeader,
  type LineMatrix,
  ROW_BASIC_BLOCK,
  ROW_END_SEQUENCE,
  ROW_EPILOGUE_BEGIN,
  ROW_IS_STMT,
  ROW_PROLOGUE_END,
  lineString,
  readLineHeader,
  runLineProgram,
} from './line';
import { endsWithPath, joinPath, normalizePath } from './paths';

/** A source file; `tables` are the line tables that name it. */
class File implements SourceFile {
  readonly unitList: Unit[] = [];
  readonly tables: LineTable[] = [];

  constructor(
    readonly path: string,
    readonly md5: string | undefined,
  ) {}

  get units(): readonly UnitInfo[] {
    return this.unitList;
  }
}

/** A directory of sources and the files in it by the offset of their name in .debug_line_str. */
interface Directory {
  readonly path: string;
  readonly files: Map<number, File>;
}

/** The line table that one or more units share. */
export interface LineTable {
  readonly unit: Unit;
  readonly header: LineHeader;
  /** By file register; filled when the registry of files is built or the entry is asked for. */
  readonly files: (File | undefined)[];
  readonly directories: readonly Directory[];
  matrix: LineMatrix | undefined;
}

/**
 * Source files, and lines for addresses and back. Headers are read once for all units when a file is first looked for;
 * line programs run only for the units that matter.
 */
export class Lines {
  private readonly tables = new Map<number, LineTable | undefined>();
  private readonly byPath = new Map<string, File>();
  private readonly directories = new Map<string, Directory>();
  private allFiles: readonly File[] | undefined;
  private byLastComponent: Map<string, File[]> | undefined;

  constructor(
    private readonly info: DebugInfo,
    private readonly addresses: () => AddressIndex,
    private readonly isLive: (start: number, end: number) => boolean,
  ) {}

  /** The table of a unit; undefined if it has none or a damaged one (which becomes a warning). */
  table(unit: Unit): LineTable | undefined {
    let offset: number | undefined;
    try {
      offset = unit.lineOffset;
      if (offset === undefined) return undefined;
      if (this.tables.has(offset)) return this.tables.get(offset);
      const header = readLineHeader(this.info.sections, offset);
      const base = unit.compilationDirectory;
      const directories = header.directories.map((path, i) => {
        if (header.version < 5 && i === 0) return this.directory(normalizePath(base));
        return this.directory(joinPath(base, path));
      });
      const table = { unit, header, files: [], directories, matrix: undefined };
      this.tables.set(offset, table);
      return table;
    } catch (error) {
      this.info.warn(error);
      if (offset !== undefined) this.tables.set(offset, undefined);
      return undefined;
    }
  }

  private directory(path: string): Directory {
    let directory = this.directories.get(path);
    if (!directory) {
      directory = { path, files: new Map() };
      this.directories.set(path, directory);
    }
    return directory;
  }

  /** The file that a unit's DW_AT_decl_file, DW_AT_call_file or file register means. */
  fileOf(unit: Unit, index: number | undefined): SourceFile | undefined {
    const table = index === undefined ? undefined : this.table(unit);
    return table && this.fileIn(table, index ?? 0);
  }

  /** The file that a unit is named after. */
  primaryFile(unit: Unit): SourceFile | undefined {
    this.table(unit);
    return this.byPath.get(joinPath(unit.compilationDirectory, unit.name));
  }

  private fileIn(table: LineTable, index: number): File | undefined {
    const known = table.files[index];
    if (known) return known;
    const { files } = table.header;
    const name = files.names[index];
    if (name === undefined || name < 0) return undefined;
    const directory = table.directories[files.directories[index]] ?? this.directory('');
    // One name in one directory is one file, and its string is shared: no text is built for most entries.
    const isShared = files.nameSection === 'debug_line_str';
    let file = isShared ? directory.files.get(name) : undefined;
    if (!file) {
      const path = joinPath(directory.path, lineString(this.info.sections, files.nameSection, name));
      file = this.byPath.get(path);
      if (!file) {
        file = new File(path, sumAt(this.info.sections.get('debug_line'), files.sums[index]));
        this.byPath.set(path, file);
      }
      if (isShared) directory.files.set(name, file);
    }
    table.files[index] = file;
    return file;
  }

  /** All files that line tables name, by path. */
  all(): readonly SourceFile[] {
    return this.registry();
  }

  private registry(): readonly File[] {
    if (this.allFiles) return this.allFiles;
    for (const unit of this.info.units) {
      if (!unit.isCompilation) continue;
      const table = this.table(unit);
      if (!table) continue;
      for (let i = 0; i < table.header.files.length; i++) {
        let file: File | undefined;
        try {
          file = this.fileIn(table, i);
        } catch (error) {
          this.info.warn(error);
        }
        if (!file) continue;
        if (file.unitList[file.unitList.length - 1] !== unit) file.unitList.push(unit);
        if (file.tables[file.tables.length - 1] !== table && !file.tables.includes(table)) file.tables.push(table);
      }
    }
    this.allFiles = [...this.byPath.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    return this.allFiles;
  }

  find(path: string): readonly SourceFile[] {
    const files = this.registry();
    const wanted = normalizePath(path);
    const exact = this.byPath.get(wanted);
    if (exact) return [exact];
    if (!this.byLastComponent) {
      this.byLastComponent = new Map();
      for (const file of files) {
        const name = lastComponent(file.path);
        const list = this.byLastComponent.get(name);
        if (list) list.push(file);
        else this.byLastComponent.set(name, [file]);
      }
    }
    const candidates = this.byLastComponent.get(lastComponent(wanted)) ?? [];
    const longer = candidates.filter((file) => endsWithPath(file.path, wanted));
    if (longer.length > 0) return longer;
    const inside = candidates.filter((file) => !file.path.startsWith('/') && endsWithPath(wanted, file.path));
    const longest = Math.max(0, ...inside.map((file) => file.path.length));
    return inside.filter((file) => file.path.length === longest);
  }

  /** The tables that name a file. */
  tablesOf(file: SourceFile): readonly LineTable[] {
    this.registry();
    return this.byPath.get(file.path)?.tables ?? [];
  }

  /** The rows of a table; the program runs once. Empty for a damaged program (which becomes a warning). */
  matrix(table: LineTable): LineMatrix {
    if (!table.matrix) {
      try {
        table.matrix = runLineProgram(this.info.sections, table.header, this.isLive);
      } catch (error) {
        this.info.warn(error);
        table.matrix = EMPTY_MATRIX;
      }
    }
    return table.matrix;
  }

  /** Which file registers of a table mean a file. */
  registersOf(table: LineTable, file: SourceFile): Set<number> {
    const registers = new Set<number>();
    for (let i = 0; i < table.header.files.length; i++) if (this.fileIn(table, i) === file) registers.add(i);
    return registers;
  }

  private unitAt(address: number): Unit | undefined {
    return this.info.units[this.addresses().find(address)];
  }

  /** The sequence that covers an address: its table, matrix, and the last row that is not above the address. */
  private rowAt(address: number): { table: LineTable; matrix: LineMatrix; row: number; last: number } | undefined {
    const unit = this.unitAt(address);
    const table = unit && this.table(unit);
    if (!table) return undefined;
    const matrix = this.matrix(table);
    let low = 0;
    let high = matrix.sequences.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (matrix.sequences[middle].start <= address) low = middle + 1;
      else high = middle;
    }
    const sequence = matrix.sequences[low - 1];
    if (!sequence || address >= sequence.end) return undefined;
    low = sequence.first;
    high = sequence.last;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (matrix.address[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return { table, matrix, row: low - 1, last: sequence.last };
  }

  lineAt(address: number): LineInfo | undefined {
    const found = this.rowAt(address);
    if (!found) return undefined;
    const { table, matrix, last } = found;
    let { row } = found;
    let next = row + 1;
    while (next < last && matrix.address[next] === matrix.address[row]) next++;
    const range = { start: matrix.address[row], end: matrix.address[next] };
    // Of several rows at the address the last one holds, unless only an earlier one begins a statement.
    if (!(matrix.flags[row] & ROW_IS_STMT)) {
      for (let i = row - 1; i >= 0 && matrix.address[i] === range.start; i--) {
        if (matrix.flags[i] & ROW_IS_STMT) {
          row = i;
          break;
        }
      }
    }
    const file = this.fileIn(table, matrix.file[row]);
    if (!file) return undefined;
    const isStmt = (matrix.flags[row] & ROW_IS_STMT) !== 0;
    return { file, line: matrix.line[row], column: matrix.column[row], isStmt, range };
  }

  rows(start: number, end: number): LineRow[] {
    const result: LineRow[] = [];
    for (let address = start; address < end;) {
      const found = this.rowAt(address);
      if (!found) {
        const next = this.addresses().nextStart(address);
        if (next === undefined) break;
        address = next;
        continue;
      }
      const { table, matrix, last } = found;
      let { row } = found;
      // Every row at the first address counts, not only the last.
      while (row > 0 && matrix.address[row - 1] === matrix.address[row] && !(matrix.flags[row - 1] & ROW_END_SEQUENCE))
        row--;
      for (; row < last && matrix.address[row] < end; row++) {
        const file = this.fileIn(table, matrix.file[row]);
        if (file) result.push(describeRow(matrix, row, file));
      }
      address = matrix.address[last];
    }
    return result;
  }
}

function describeRow(matrix: LineMatrix, row: number, file: SourceFile): LineRow {
  const flags = matrix.flags[row];
  return {
    address: matrix.address[row],
    endAddress: matrix.address[row + 1],
    file,
    line: matrix.line[row],
    column: matrix.column[row],
    isStmt: (flags & ROW_IS_STMT) !== 0,
    basicBlock: (flags & ROW_BASIC_BLOCK) !== 0,
    prologueEnd: (flags & ROW_PROLOGUE_END) !== 0,
    epilogueBegin: (flags & ROW_EPILOGUE_BEGIN) !== 0,
    discriminator: matrix.discriminator[row],
  };
}

/** An MD5 sum as hexadecimal. */
function sumAt(section: Uint8Array, offset: number | undefined): string | undefined {
  if (offset === undefined) return undefined;
  return Array.from(section.subarray(offset, offset + 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const EMPTY_MATRIX: LineMatrix = {
  count: 0,
  address: new Uint32Array(0),
  file: new Uint32Array(0),
  line: new Uint32Array(0),
  column: new Uint16Array(0),
  flags: new Uint8Array(0),
  discriminator: new Uint32Array(0),
  sequences: [],
};

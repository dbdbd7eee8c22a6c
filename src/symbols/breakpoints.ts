import { type BreakpointLine, type FunctionInfo, type LineLocation, type LineQuery, type SourceFile } from './api';
import { type Dwarf } from './dwarf';
import { SymbolError } from './errors';
import { type Block, type ConcreteFunction } from './functions';
import { type LineMatrix, ROW_END_SEQUENCE, ROW_IS_STMT } from './line';
import { covers } from './rnglists';

/** A statement row of the wanted line. */
interface Candidate {
  readonly address: number;
  readonly column: number;
  /** The row before it is of the same line too. */
  readonly continues: boolean;
}

/** A candidate with the code around it. */
interface Placed {
  readonly location: LineLocation;
  readonly block: Block | undefined;
  readonly isHot: boolean;
}

/**
 * Where a breakpoint on a line goes. A line without code stands for the next one that has some. In optimised code a
 * line has many pieces; of those in one block only the first is taken (as gdb does), so that a statement stops once.
 * Unlike gdb, empty rows count (there a call that was inlined begins), and an instance that was inlined by the very
 * same line (the wrappers that a macro like SYSCALL_DEFINE makes) doesn't stop once more.
 */
export function addressesForLine(dwarf: Dwarf, file: SourceFile, line: number, query: LineQuery): LineLocation[] {
  const actualLine = nextLineWithCode(dwarf, file, line, query.column);
  if (actualLine === undefined) return [];
  const candidates = rowsOfLine(dwarf, file, actualLine, query.column).sort((a, b) => a.address - b.address);
  const placed: Placed[] = [];
  const firstOfBlock = new Map<Block, number>();
  const taken = new Set<number>();
  let previous: Block | undefined;
  for (const { address: row, column, continues } of candidates) {
    const fn = functionAt(dwarf, row);
    const address = fn ? behindPrologue(dwarf, fn, row) : row;
    const block = fn?.body.block.innermost(address);
    const isSameRun = continues && block === previous;
    previous = block;
    if (taken.has(address) || (isSameRun && block)) continue;
    const location: LineLocation = {
      address,
      file,
      requestedLine: line,
      actualLine,
      column,
      functionName: fn?.name,
      inlined: fn?.inlinedAround(block),
    };
    // Of a block's hot and cold part the hot one is meant, also if the linker put it behind the other.
    const isHot = fn !== undefined && covers([fn.ranges[0]], address);
    const earlier = block && !query.everyRun ? firstOfBlock.get(block) : undefined;
    if (earlier === undefined) {
      if (block) firstOfBlock.set(block, placed.length);
      placed.push({ location, block, isHot });
      taken.add(address);
    } else if (isHot && !placed[earlier].isHot) {
      placed[earlier] = { location, block, isHot };
      taken.add(address);
    }
  }
  const kept = query.everyRun ? placed : withoutWrapped(placed);
  return kept.map((p) => p.location).sort((a, b) => a.address - b.address);
}

/** Leaves out instances that were inlined, directly or not, by code of the same line that has a location itself. */
function withoutWrapped(placed: readonly Placed[]): Placed[] {
  const blocks = new Set(placed.map((p) => p.block));
  return placed.filter(({ location, block }) => {
    for (let call = location.inlined; call; call = call.outer) {
      if (call.callFile !== location.file || call.callLine !== location.actualLine) return true;
      for (let b = block; b; b = b.outer) {
        if (b.die.id === call.id) {
          block = b.outer;
          break;
        }
      }
      if (blocks.has(block)) return false;
    }
    return true;
  });
}

function functionAt(dwarf: Dwarf, address: number): ConcreteFunction | undefined {
  try {
    const fn = dwarf.functions.at(address);
    // Reading the body may fail in damaged information; the line is still good.
    void fn?.body;
    return fn;
  } catch (error) {
    dwarf.info.warn(error);
    return undefined;
  }
}

/** A breakpoint on the line where a function opens stops when its frame is complete. */
function behindPrologue(dwarf: Dwarf, fn: ConcreteFunction, address: number): number {
  if (address < fn.lowPc || !covers([fn.ranges[0]], address)) return address;
  return Math.max(address, functionBreakpointAddress(dwarf, fn));
}

/** Calls back for every statement row of a file's live sequences. */
function eachStatement(
  dwarf: Dwarf,
  file: SourceFile,
  visit: (matrix: LineMatrix, row: number, registers: ReadonlySet<number>) => void,
): void {
  for (const table of dwarf.lines.tablesOf(file)) {
    const registers = dwarf.lines.registersOf(table, file);
    const matrix = dwarf.lines.matrix(table);
    for (let row = 0; row < matrix.count; row++) {
      if ((matrix.flags[row] & (ROW_IS_STMT | ROW_END_SEQUENCE)) === ROW_IS_STMT && registers.has(matrix.file[row])) {
        visit(matrix, row, registers);
      }
    }
  }
}

function nextLineWithCode(
  dwarf: Dwarf,
  file: SourceFile,
  line: number,
  column: number | undefined,
): number | undefined {
  let best = Infinity;
  eachStatement(dwarf, file, (matrix, row) => {
    const candidate = matrix.line[row];
    if (candidate < line || candidate >= best || candidate === 0) return;
    if (column !== undefined && matrix.column[row] !== column) return;
    best = candidate;
  });
  return best === Infinity ? undefined : best;
}

function rowsOfLine(dwarf: Dwarf, file: SourceFile, line: number, column: number | undefined): Candidate[] {
  const found: Candidate[] = [];
  eachStatement(dwarf, file, (matrix, row, registers) => {
    if (matrix.line[row] !== line || (column !== undefined && matrix.column[row] !== column)) return;
    const before = row - 1;
    const continues =
      before >= 0 &&
      (matrix.flags[before] & (ROW_END_SEQUENCE | ROW_IS_STMT)) === ROW_IS_STMT &&
      matrix.line[before] === line &&
      registers.has(matrix.file[before]) &&
      (column === undefined || matrix.column[before] === column);
    found.push({ address: matrix.address[row], column: matrix.column[row], continues });
  });
  return found;
}

export function breakpointLines(dwarf: Dwarf, file: SourceFile, from: number, to: number): BreakpointLine[] {
  const found = new Map<number, BreakpointLine>();
  eachStatement(dwarf, file, (matrix, row) => {
    const line = matrix.line[row];
    const column = matrix.column[row];
    if (line >= from && line <= to && line > 0) found.set(line * 0x1_0000 + column, { line, column });
  });
  return [...found.values()].sort((a, b) => a.line - b.line || a.column - b.column);
}

/**
 * Where a breakpoint on a function goes. DW_LNS_set_prologue_end decides if the compiler wrote it. Optimised code with
 * location lists describes its variables from the very first instruction, so its entry is right. Otherwise the
 * prologue ends where the function's second statement row begins, as gdb has it, and not before the frame stands.
 */
export function functionBreakpointAddress(dwarf: Dwarf, fn: FunctionInfo): number {
  const range = fn.ranges.find((r) => fn.lowPc >= r.start && fn.lowPc < r.end) ?? fn.ranges[0];
  const rows = dwarf.lines.rows(fn.lowPc, range.end).filter((row) => row.address >= fn.lowPc);
  const prologueEnd = rows.find((row) => row.prologueEnd && row.line !== 0);
  if (prologueEnd) return prologueEnd.address;
  const unit = dwarf.info.units[fn.unit.index];
  if (unit.hasLocationLists) return fn.lowPc;
  const frameEnd = establishedFrame(dwarf, fn, rows[0]?.file === fn.file ? range.end : fn.lowPc);
  const second = rows.find((row) => row.address > fn.lowPc && row.isStmt && row.line !== 0 && row.address >= frameEnd);
  return second ? second.address : fn.lowPc;
}

/** Bytes of code in which a frame pointer is set up; a change of the CFA further on is not part of the prologue. */
const MAX_PROLOGUE = 32;

/** The address from which call-frame information counts from %ebp; the entry if it never does. */
function establishedFrame(dwarf: Dwarf, fn: FunctionInfo, end: number): number {
  try {
    let pc = fn.lowPc;
    while (pc < Math.min(end, fn.lowPc + MAX_PROLOGUE)) {
      const row = dwarf.frames.row(pc);
      if (!row) break;
      if (row.cfa.kind === 'expression' || row.cfa.register !== ESP) return pc;
      pc = row.range.end;
    }
  } catch (error) {
    if (!(error instanceof SymbolError)) throw error;
  }
  return fn.lowPc;
}

const ESP = 4;

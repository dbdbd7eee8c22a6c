import type { ElfFile, LineInfo, SymbolFileApi } from '../symbols/api';
import { linkedAddress, type Module } from './modules';

/**
 * The line to show for an address. At a function's entry optimised code often has rows of several statements, the last of them of some
 * inlined helper whose code was moved there; the function's own opening line says best where one is.
 */
export function shownLine(module: Module | undefined, address: number): LineInfo | undefined {
  if (!module) return undefined;
  const { elf, symbols } = module;
  const linked = linkedAddress(module, address);
  const info = entryLine(elf, symbols, linked);
  const fn = symbols.functionAt(linked);
  if (!info || !fn || fn.lowPc !== linked || info.file === fn.file || symbols.inlinesAt(linked).length > 0) return info;
  const own = symbols
    .lineRows(linked, linked + 1)
    .find((row) => row.address === linked && row.file === fn.file && row.isStmt && row.line > 0);
  return own ? { ...info, file: own.file, line: own.line, column: own.column, isStmt: true } : info;
}

/**
 * The line of an address as the line table has it, but for what an assembly function begins with: padding (ALTERNATIVE's,
 * arch/x86/include/asm/alternative.h) has no row of its own, so that the table gives it the last line of the function before. It belongs to
 * the first line that has instructions.
 */
export function entryLine(elf: ElfFile, symbols: SymbolFileApi, linked: number): LineInfo | undefined {
  const info = symbols.lineAt(linked);
  const found = elf.symbolAt(linked);
  if (!info || !found || found.symbol.address <= info.range.start) return info;
  const { address, size } = found.symbol;
  const first = symbols.lineRows(linked, address + size).find((row) => row.address > linked && row.line > 0);
  if (!first) return info;
  const { file, line, column, isStmt, endAddress } = first;
  return { file, line, column, isStmt, range: { start: address, end: endAddress } };
}

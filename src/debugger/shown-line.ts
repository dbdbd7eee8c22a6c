import type { LineInfo } from '../symbols/api';
import { linkedAddress, type Module } from './modules';

/**
 * The line to show for an address. At a function's entry optimised code often has rows of several statements, the last of them of some
 * inlined helper whose code was moved there; the function's own opening line says best where one is.
 */
export function shownLine(module: Module | undefined, address: number): LineInfo | undefined {
  if (!module) return undefined;
  const { symbols } = module;
  const linked = linkedAddress(module, address);
  const info = symbols.lineAt(linked);
  const fn = symbols.functionAt(linked);
  if (!info || !fn || fn.lowPc !== linked || info.file === fn.file || symbols.inlinesAt(linked).length > 0) return info;
  const own = symbols
    .lineRows(linked, linked + 1)
    .find((row) => row.address === linked && row.file === fn.file && row.isStmt && row.line > 0);
  return own ? { ...info, file: own.file, line: own.line, column: own.column, isStmt: true } : info;
}

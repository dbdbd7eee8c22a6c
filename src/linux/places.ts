/** Code addresses as symbol, file and line, for tables. */

import { entryLine } from '../debugger/shown-line';
import type { SourceFile } from '../symbols/api';
import type { Kernel } from './kernel';

export interface SourcePlace {
  /** `asm_exc_page_fault`, `early_idt_handler_array+0x12`. */
  readonly symbol: string | undefined;
  readonly file: SourceFile | undefined;
  /** 1-based. */
  readonly line: number | undefined;
}

const NOWHERE: SourcePlace = { symbol: undefined, file: undefined, line: undefined };

/** Symbol and line of an address of the kernel's code; all undefined where none is known. */
export function placeOf(kernel: Kernel, address: number): SourcePlace {
  const name = address === 0 ? undefined : kernel.symbolText(address);
  if (name === undefined) return NOWHERE;
  // The first instruction of a function may belong to something inlined into it.
  const fn = kernel.module.symbols.functionAt(address);
  if (fn?.lowPc === address && fn.file && fn.line > 0) return { symbol: name, file: fn.file, line: fn.line };
  const info = entryLine(kernel.module.elf, kernel.module.symbols, address);
  return { symbol: name, file: info?.file, line: info && info.line > 0 ? info.line : undefined };
}

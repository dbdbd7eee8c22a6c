/** The hops of a system call's way from the program to the protocol, and what is common to making them. */

import { wordIn } from './argument-values';
import type { SourceFile } from '../symbols/api';
import type { Kernel } from './kernel';
import { placeOf } from './places';

export type HopKind = 'api' | 'gate' | 'entry' | 'table' | 'switch' | 'kernel' | 'operations' | 'protocol';

/** What decided where a hop leads. */
export interface DecidingMemory {
  /** Absent for a register of the processor. */
  readonly address?: number;
  /** In memory order. */
  readonly bytes: Uint8Array;
  /** One line: `sys_call_table[102] = 0xc11a03e0 <__ia32_sys_socketcall>`. */
  readonly meaning: string;
}

export interface HopTableRow {
  readonly index: number;
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Where the row leads. */
  readonly symbol: string | undefined;
  /** The member, in a structure of functions. */
  readonly name?: string;
  readonly isCurrent: boolean;
}

/** Some rows of the table that a hop goes through, around the one it takes. */
export interface HopTable {
  readonly name: string;
  readonly index: number;
  readonly entrySize: number;
  readonly count: number;
  readonly rows: readonly HopTableRow[];
}

/** One hop, before it is known whether it has been made. */
export interface Hop {
  readonly kind: HopKind;
  readonly title: string;
  readonly detail?: string;
  /** The function or label that it leads to. */
  readonly symbol?: string;
  /** Address of that symbol; of a case, of its code. */
  readonly address?: number;
  readonly file?: SourceFile;
  /** 1-based. */
  readonly line?: number;
  /** Name of a function breakpoint that stops at this hop. */
  readonly breakpoint?: string;
  readonly memory?: DecidingMemory;
  readonly table?: HopTable;
}

/** Rows on each side of the current one that a table shows. */
const ROWS_AROUND = 4;

/** A row's index, address and bytes; what it leads to is the caller's to say. */
export function tableAround(
  kernel: Kernel,
  table: { name: string; address: number; index: number; entrySize: number; count: number },
  describe: (index: number, bytes: Uint8Array) => Pick<HopTableRow, 'symbol' | 'name'>,
): HopTable {
  const { name, address, index, entrySize, count } = table;
  const first = Math.max(0, Math.min(index - ROWS_AROUND, count - 2 * ROWS_AROUND - 1));
  const last = Math.min(count - 1, first + 2 * ROWS_AROUND);
  const rows = Array.from({ length: last - first + 1 }, (_, i): HopTableRow => {
    const at = (address + (first + i) * entrySize) >>> 0;
    const bytes = kernel.target.readMemory(at, entrySize).slice();
    return { index: first + i, address: at, bytes, ...describe(first + i, bytes), isCurrent: first + i === index };
  });
  return { name, index, entrySize, count, rows };
}

/** A pointer in memory as what decided a hop. @param what how the sources name it: `sys_call_table[102]` */
export function pointerAt(kernel: Kernel, address: number, what: string): DecidingMemory {
  const bytes = kernel.target.readMemory(address >>> 0, 4).slice();
  return { address: address >>> 0, bytes, meaning: `${what} = ${pointerText(kernel, wordIn(bytes, 0))}` };
}

/** `0xc11a03e0 <__ia32_sys_socketcall>`, `0xc11a043a <__ia32_sys_socketcall+0x5a>`. */
export function pointerText(kernel: Kernel, address: number): string {
  const symbol = address === 0 ? undefined : kernel.symbolText(address);
  return `${hex(address)}${symbol ? ` <${symbol}>` : ''}`;
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** Symbol, address, line and breakpoint name of a kernel function or label that a hop leads to. */
export function leadsTo(
  kernel: Kernel,
  address: number,
): Pick<Hop, 'symbol' | 'address' | 'file' | 'line' | 'breakpoint'> {
  const { symbol, file, line } = placeOf(kernel, address);
  return { symbol, address: address >>> 0, file, line, breakpoint: symbol };
}

/** The same for a function by name; where it was inlined into `outer`, the place where that was done. */
export function leadsToFunction(
  kernel: Kernel,
  name: string,
  outer: number | undefined,
): Pick<Hop, 'symbol' | 'address' | 'file' | 'line' | 'breakpoint' | 'detail'> | undefined {
  const { symbols } = kernel.module;
  const caller = outer === undefined ? undefined : symbols.functionAt(outer);
  for (const range of caller?.ranges ?? []) {
    for (const row of symbols.lineRows(range.start, range.end)) {
      const inlined = symbols.inlinesAt(row.address).find((each) => each.name === name);
      if (!inlined) continue;
      const { callFile: file, callLine: line, entryPc: address } = inlined;
      const where = file ? ` at ${file.path}:${line}` : '';
      return { symbol: name, address, file, line, breakpoint: name, detail: `inlined into ${caller?.name}${where}` };
    }
  }
  const address = kernel.symbol(name);
  return address === undefined ? undefined : leadsTo(kernel, address);
}

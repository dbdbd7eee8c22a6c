/**
 * The hops that choose by a number: the system-call table and the socketcall switch.
 *
 * Facts relied on: until 6.8 do_syscall_32_irqs_on (arch/x86/entry/common.c) calls `ia32_sys_call_table[nr]`, which 32-bit kernels name
 * `sys_call_table`. From 6.9 on, and in the stable kernels that have the change (6.1.85, 6.6.26), `ia32_sys_call` is a `switch (nr)`
 * (arch/x86/entry/syscall_32.c), and the array stays only for tracing. A compiler makes a switch a jump table unless it avoids indirect
 * jumps (CONFIG_RETPOLINE): then the compared number is what decides.
 */

import { classify } from '../debugger/instructions';
import { wordIn } from './argument-values';
import { hex, leadsTo, pointerAt, pointerText, tableAround, type Hop, type HopTableRow } from './dispatch-path-hops';
import type { Kernel } from './kernel';
import type { LinuxPlatform } from './platform';
import { SOCKETCALLS } from './socket-constants';
import { caseAtLine } from './socketcall';

/** `jmp *table(,%reg,4)`: FF /4 with a SIB byte of scale 4 and no base (SDM volume 2, table 2-3). */
const JUMP_THROUGH_TABLE = [0xff, 0x24] as const;
const isScaledByFour = (sib: number): boolean => sib >>> 6 === 2 && (sib & 7) === 5 && ((sib >>> 3) & 7) !== 4;
/** More cases than any switch of interest has. */
const MAX_CASES = 1024;

/** A jump table that the compiler made of a switch. */
export interface JumpTable {
  readonly address: number;
  /** The first case's value: row = value − first. */
  readonly first: number;
  readonly count: number;
}

/** Where the number that a switch compares is kept. */
export interface ComparedNumber {
  readonly address: number;
  readonly what: string;
}

/**
 * The jump table of a switch, found in its function's code.
 * @param fn address of the function
 * @param value a case's number
 * @param leads whether code is that case's
 */
export function jumpTableOf(
  kernel: Kernel,
  fn: number,
  value: number,
  leads: (code: number) => boolean,
): JumpTable | undefined {
  for (const table of jumpTables(kernel, fn)) {
    // A switch whose least case is not 0 may be moved by it.
    for (const first of [0, 1]) {
      const slot = value - first;
      if (slot < 0) continue;
      const code = wordOrNothing(kernel, table + 4 * slot);
      if (code !== undefined && leads(code)) return { address: table, first, count: countRows(kernel, fn, table) };
    }
  }
  return undefined;
}

/** Addresses of the tables that a function's indirect jumps go through. */
function jumpTables(kernel: Kernel, fn: number): number[] {
  const found: number[] = [];
  for (const { start, end } of kernel.module.symbols.functionAt(fn)?.ranges ?? []) {
    const code = kernel.target.readAvailable(start, end - start);
    for (let at = 0; at + 7 <= code.length; at++) {
      if (code[at] !== JUMP_THROUGH_TABLE[0] || code[at + 1] !== JUMP_THROUGH_TABLE[1]) continue;
      if (!isScaledByFour(code[at + 2])) continue;
      const table = wordIn(code.subarray(at + 3, at + 7), 0);
      // Jump tables are read-only data of the kernel; anything else is another instruction's bytes.
      if (kernel.module.elf.sectionAt(table) !== undefined) found.push(table);
    }
  }
  return found;
}

/** Rows follow each other while they lead into the function. */
function countRows(kernel: Kernel, fn: number, table: number): number {
  const ranges = kernel.module.symbols.functionAt(fn)?.ranges ?? [];
  let count = 0;
  while (count < MAX_CASES) {
    const code = wordOrNothing(kernel, table + 4 * count);
    if (code === undefined || !ranges.some(({ start, end }) => code >= start && code < end)) break;
    count++;
  }
  return count;
}

function wordOrNothing(kernel: Kernel, address: number): number | undefined {
  const bytes = kernel.target.readAvailable(address >>> 0, 4);
  return bytes.length === 4 ? wordIn(bytes, 0) : undefined;
}

/** Where the call or jump that begins at an address goes. */
function directTarget(kernel: Kernel, code: number): number | undefined {
  const { kind, target } = classify(kernel.target.readAvailable(code, 15), code);
  return kind === 'call' || kind === 'jump' ? target : undefined;
}

/** The system-call table, or the switch that has taken its place. */
export function tableHop(platform: LinuxPlatform, number: number, compared: ComparedNumber): Hop {
  const { kernel } = platform;
  const call = platform.systemCalls().get(number);
  const address = call?.address ?? kernel.symbol('__ia32_sys_ni_syscall') ?? kernel.symbol('sys_ni_syscall');
  const to = address === undefined ? {} : leadsTo(kernel, address);
  const dispatcher = kernel.symbol('ia32_sys_call');
  if (dispatcher !== undefined) return switchedTable(platform, dispatcher, number, compared, to);
  const name = ['ia32_sys_call_table', 'sys_call_table'].find((each) => kernel.symbol(each) !== undefined);
  if (name === undefined)
    return { kind: 'table', title: `system call ${number}`, detail: 'its table is not known', ...to };
  const table = kernel.symbol(name) ?? 0;
  const count = kernel.tableLength(name);
  if (number < 0 || number >= count) {
    const detail = `the table ends at ${count - 1}: no such system call (ENOSYS)`;
    return {
      kind: 'table',
      title: `${name}[${number}]`,
      detail,
      ...to,
      memory: numberMemory(kernel, compared, number),
    };
  }
  const memory = pointerAt(kernel, table + 4 * number, `${name}[${number}]`);
  return {
    kind: 'table',
    title: `${name}[${number}]`,
    detail: `${name} → ${pointerText(kernel, wordIn(memory.bytes, 0))}`,
    ...leadsTo(kernel, wordIn(memory.bytes, 0)),
    memory,
    table: tableAround(kernel, { name, address: table, index: number, entrySize: 4, count }, (_, bytes) => ({
      symbol: kernel.symbolName(wordIn(bytes, 0)),
    })),
  };
}

function switchedTable(
  platform: LinuxPlatform,
  dispatcher: number,
  number: number,
  compared: ComparedNumber,
  to: Partial<Hop>,
): Hop {
  const { kernel } = platform;
  const title = `ia32_sys_call: case ${number}`;
  const why = 'this kernel dispatches by switch (nr), not by sys_call_table';
  if (!platform.systemCalls().has(number)) {
    const detail = `${why}; ${number} is no case of it (ENOSYS)`;
    return {
      kind: 'table',
      title: 'ia32_sys_call: default',
      detail,
      ...to,
      memory: numberMemory(kernel, compared, number),
    };
  }
  const table = jumpTableOf(kernel, dispatcher, number, (code) => directTarget(kernel, code) === to.address);
  if (!table) {
    const detail = `${why}; the compiler made comparisons of it`;
    return { kind: 'table', title, detail, ...to, memory: numberMemory(kernel, compared, number) };
  }
  const slot = number - table.first;
  const memory = pointerAt(kernel, table.address + 4 * slot, `row ${slot} of the switch's jump table`);
  return {
    kind: 'table',
    title,
    detail: `${why}; row ${slot} of its jump table leads to the call of ${to.symbol}`,
    ...to,
    memory,
    table: tableAround(
      kernel,
      { name: 'jump table of ia32_sys_call', address: table.address, index: slot, entrySize: 4, count: table.count },
      (index, bytes) => {
        const callee = directTarget(kernel, wordIn(bytes, 0));
        // A case that begins with something else than its call still calls what the unused array names.
        const known = platform.systemCalls().get(index + table.first)?.symbol;
        return { symbol: callee === undefined ? known : kernel.symbolName(callee) };
      },
    ),
  };
}

function numberMemory(kernel: Kernel, { address, what }: ComparedNumber, number: number): Hop['memory'] {
  const bytes = kernel.target.readAvailable(address, 4).slice();
  return bytes.length === 4 ? { address, bytes, meaning: `${what} = ${number}, which is compared` } : undefined;
}

/**
 * The case of the socketcall switch.
 * @param fn address of the function that has the switch
 * @param number socketcall's first argument
 */
export function switchHop(platform: LinuxPlatform, fn: number, number: number, compared: ComparedNumber): Hop {
  const { kernel } = platform;
  const name = SOCKETCALLS[number];
  const memory = numberMemory(kernel, compared, number);
  if (!name) {
    const detail = `${number} is no call of socketcall (EINVAL)`;
    return { kind: 'switch', title: 'default', detail, memory };
  }
  const cases = platform.socketcallCases();
  const found = cases.find((each) => each.name === name);
  const title = `case ${name}`;
  if (!found) {
    const detail =
      cases.length > 0 ? 'this kernel has no such case' : `its line is not known without ${platform.socketcallFile}`;
    return { kind: 'switch', title, detail, memory };
  }
  const inCase = (code: number): boolean => {
    const info = kernel.module.symbols.lineAt(code);
    return info?.file.path === platform.socketcallFile && caseAtLine(cases, info.line) === found;
  };
  const table = jumpTableOf(kernel, fn, number, inCase);
  const common = { kind: 'switch', title, symbol: name, breakpoint: name } as const;
  if (!table) {
    const [file] = kernel.module.symbols.findFiles(platform.socketcallFile);
    const [place] = file ? kernel.module.symbols.addressesForLine(file, found.statement) : [];
    const detail = `compared with ${number}: the compiler made no jump table`;
    const line = (place && kernel.module.symbols.lineAt(place.address)?.line) ?? found.statement;
    return { ...common, detail, address: place?.address, file, line, memory };
  }
  const slot = number - table.first;
  const row = pointerAt(kernel, table.address + 4 * slot, `row ${slot} of the switch's jump table`);
  const address = wordIn(row.bytes, 0);
  const info = kernel.module.symbols.lineAt(address);
  return {
    ...common,
    detail: `call = ${number}: row ${slot} of the jump table at ${hex(table.address)}`,
    address,
    file: info?.file,
    line: info?.line ?? found.statement,
    memory: row,
    table: tableAround(
      kernel,
      { name: 'jump table of socketcall', address: table.address, index: slot, entrySize: 4, count: table.count },
      (index): Pick<HopTableRow, 'symbol'> => ({ symbol: SOCKETCALLS[index + table.first] ?? 'default' }),
    ),
  };
}

/**
 * The first hops: from the program's function through the gate to the label of the entry code. `int $0x80` goes through the interrupt
 * descriptor table (SDM volume 3, section 6.12), `sysenter` through three model-specific registers (SDM volume 2, SYSENTER).
 */

import type { Frame } from '../debugger/api';
import { MemoryError } from '../debugger/target';
import { hex, leadsTo, tableAround, type Hop } from './dispatch-path-hops';
import { LinuxError, type Kernel } from './kernel';
import { readVectors, SYSTEM_CALL_VECTOR } from './vectors';

export type WayIn = 'int80' | 'sysenter';

/** A gate of the interrupt descriptor table has eight bytes (SDM volume 3, figure 6-2). */
const GATE_SIZE = 8;
/** Names that C libraries give the function that makes a call: `__bind`, `__libc_recv`, `__GI___socket`. */
const LIBRARY_PREFIX = /^_*(?:GI_+)?(?:libc_)?/;
/** Calls that programs know by another name. */
const API_NAMES: Readonly<Record<string, readonly string[]>> = {
  recvfrom: ['recv'],
  sendto: ['send'],
  recv: ['recvfrom'],
  send: ['sendto'],
  accept4: ['accept'],
  accept: ['accept4'],
};

/** The function of the program, or of its library, that made the call. @param user its frames, innermost first */
export function apiHop(user: readonly Frame[], call: string): Hop | undefined {
  const own = user.filter((frame) => frame.module?.name !== '[vdso]');
  const names = [call, ...(API_NAMES[call] ?? [])];
  const isNamed = (frame: Frame): boolean => names.includes(frame.functionName.replace(LIBRARY_PREFIX, ''));
  const frame = own.find(isNamed) ?? own[0];
  if (!frame) return undefined;
  const { functionName, function: fn, module, inlined } = frame;
  const symbol = frame.kind === 'unknown' ? undefined : functionName;
  const bias = module?.loadBias ?? 0;
  const title = symbol ?? 'the program';
  if (inlined) {
    const { callFile: file, callLine: line } = inlined;
    const detail = `in ${module?.name}, inlined into ${inlined.function.name}`;
    return {
      kind: 'api',
      title,
      detail,
      symbol,
      address: (inlined.entryPc + bias) >>> 0,
      file,
      line,
      breakpoint: symbol,
    };
  }
  const address = fn ? (fn.lowPc + bias) >>> 0 : frame.address;
  const place = fn?.file ? { file: fn.file, line: fn.line } : frame.location;
  const detail = module ? `in ${module.name}` : `at ${hex(frame.address)}, without symbols`;
  return { kind: 'api', title, detail, symbol, address, file: place?.file, line: place?.line, breakpoint: symbol };
}

/** How the program got into the kernel, with what decided where that leads. */
export function gateHop(kernel: Kernel, way: WayIn): Hop {
  return way === 'int80' ? interruptGate(kernel) : sysenterGate(kernel);
}

function interruptGate(kernel: Kernel): Hop {
  const title = `vector 0x${SYSTEM_CALL_VECTOR.toString(16)}`;
  let vectors;
  try {
    vectors = readVectors(kernel);
  } catch (error) {
    if (!(error instanceof LinuxError) && !(error instanceof MemoryError)) throw error;
    return { kind: 'gate', title, detail: `not shown: ${error.message}` };
  }
  const gate = vectors[SYSTEM_CALL_VECTOR];
  if (!gate) return { kind: 'gate', title, detail: 'the interrupt descriptor table does not reach this vector' };
  const detail = `${gate.present ? '' : 'not present, '}${gate.type}, DPL ${gate.dpl}, selector ${hex(gate.selector)}`;
  const bytes = kernel.target.readMemory(gate.descriptor, GATE_SIZE).slice();
  return {
    kind: 'gate',
    title,
    detail,
    ...leadsTo(kernel, gate.handler),
    memory: { address: gate.descriptor, bytes, meaning: `${detail}, handler ${hex(gate.handler)} <${gate.symbol}>` },
    table: tableAround(
      kernel,
      {
        name: 'interrupt descriptor table',
        address: vectors[0].descriptor,
        index: SYSTEM_CALL_VECTOR,
        entrySize: GATE_SIZE,
        count: vectors.length,
      },
      (index) => ({ symbol: vectors[index].symbol }),
    ),
  };
}

function sysenterGate(kernel: Kernel): Hop {
  const { sysenter } = kernel.target.systemRegisters();
  if (!sysenter) {
    const label = kernel.symbol('entry_SYSENTER_32');
    const detail = `${kernel.target.name} does not tell the registers IA32_SYSENTER_CS, _ESP and _EIP`;
    return { kind: 'gate', title: 'sysenter', detail, ...(label === undefined ? {} : leadsTo(kernel, label)) };
  }
  const { cs, esp, eip } = sysenter;
  const meaning =
    `IA32_SYSENTER_CS (0x174) ${hex(cs)}, IA32_SYSENTER_ESP (0x175) ${hex(esp)}, ` +
    `IA32_SYSENTER_EIP (0x176) ${hex(eip)} <${kernel.symbolName(eip) ?? '?'}>`;
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  [cs, esp, eip].forEach((word, i) => view.setUint32(4 * i, word, true));
  const detail = `code segment ${hex(cs)}, stack ${hex(esp)}`;
  return { kind: 'gate', title: 'sysenter', detail, ...leadsTo(kernel, eip), memory: { bytes, meaning } };
}

/** The label that the gate leads to: of the entry code on the stack, else what the gate says. */
export function entryHop(kernel: Kernel, frames: readonly Frame[], gate: Hop): Hop {
  const onStack = frames.find((frame) => /^entry_(INT80|SYSENTER)/.test(frame.functionName))?.functionName;
  const label = onStack === undefined ? undefined : kernel.symbol(onStack);
  const address = label ?? gate.address;
  if (address === undefined) return { kind: 'entry', title: 'entry code', detail: 'its label is not known' };
  const found = leadsTo(kernel, address);
  return { kind: 'entry', title: found.symbol ?? hex(address), ...found };
}

/** The hops of a system call from what is known of it: seen on a stack, or at its entry function by a trace. */

import type { Frame } from '../debugger/api';
import { MemoryError } from '../debugger/target';
import { apiHop, entryHop, gateHop, type WayIn } from './dispatch-path-gates';
import { leadsToFunction, type Hop } from './dispatch-path-hops';
import { ROUTES } from './dispatch-path-routes';
import { socketHops, type LastHops } from './dispatch-path-sockets';
import { switchHop, tableHop, type ComparedNumber } from './dispatch-path-tables';
import { LinuxError } from './kernel';
import type { LinuxPlatform } from './platform';
import { SOCKETCALLS } from './socket-constants';
import type { SystemCall } from './system-calls';

/** A system call that has been made. */
export interface MadeCall {
  /** As users know it: `bind`, also where it comes through socketcall. */
  readonly name: string;
  /** The table's entry; undefined where the number has none. */
  readonly entry: SystemCall | undefined;
  readonly number: number;
  readonly way: WayIn;
  /** First argument of socketcall. */
  readonly selected: number | undefined;
  /** The call's own arguments. */
  readonly words: readonly number[];
  /** Address of the task_struct. */
  readonly task: number;
  /** Address of the saved struct pt_regs. */
  readonly saved: number;
  /** Innermost first: the kernel's frames of the call and those of the program, where they are known. */
  readonly kernelFrames: readonly Frame[];
  readonly userFrames: readonly Frame[];
  /** The program's memory. @throws MemoryError */
  readonly readMemory: (address: number, length: number) => Uint8Array;
}

/** All hops, outermost first. */
export function hopsOf(call: MadeCall, platform: LinuxPlatform): Hop[] {
  const api = apiHop(call.userFrames, call.name);
  return [
    ...(api ? [api] : []),
    ...gateHops(call, platform),
    ...tableHops(call, platform),
    ...switchHops(call, platform),
    ...servingHops(call, platform),
  ];
}

/** The gate and the label behind it. */
export function gateHops(
  { way, kernelFrames }: Pick<MadeCall, 'way' | 'kernelFrames'>,
  platform: LinuxPlatform,
): Hop[] {
  const gate = gateHop(platform.kernel, way);
  return [gate, entryHop(platform.kernel, kernelFrames, gate)];
}

/** The table, or the switch in its place. */
export function tableHops(call: MadeCall, platform: LinuxPlatform): Hop[] {
  return [tableHop(platform, call.number, savedNumber(call, platform, 'orig_ax', 'nr'))];
}

function switchHops(call: MadeCall, platform: LinuxPlatform): Hop[] {
  const { entry, selected } = call;
  if (!entry || selected === undefined) return [];
  return [switchHop(platform, entry.address, selected, savedNumber(call, platform, 'bx', 'call'))];
}

/** A number that a switch compares, as the entry code saved it. */
function savedNumber({ saved }: MadeCall, { kernel }: LinuxPlatform, member: string, what: string): ComparedNumber {
  return { address: (saved + kernel.offset('pt_regs', member)) >>> 0, what };
}

/** From the function that serves a call to the protocol. */
export function servingHops(call: MadeCall, platform: LinuxPlatform): Hop[] {
  const { entry, selected } = call;
  if (!entry || (selected !== undefined && SOCKETCALLS[selected] === undefined)) return [];
  const served = servingFunction(call, entry, platform);
  const last = lastHops(call, platform);
  if (!served) return [...last.hops];
  const detail = [served.detail, last.detail].filter((each) => each !== undefined).join('; ');
  return [{ ...served, ...(detail ? { detail } : {}) }, ...last.hops];
}

function servingFunction(
  call: MadeCall,
  { name: entry, address }: SystemCall,
  { kernel }: LinuxPlatform,
): Hop | undefined {
  const route = Object.hasOwn(ROUTES, call.name) ? ROUTES[call.name] : undefined;
  for (const name of [...(route?.functions ?? [`__sys_${entry}`, `ksys_${entry}`]), `__do_sys_${entry}`]) {
    const found = leadsToFunction(kernel, name, address);
    if (found) return { kind: 'kernel', title: name, ...found };
  }
  return undefined;
}

function lastHops(call: MadeCall, { kernel }: LinuxPlatform): LastHops {
  if (!Object.hasOwn(ROUTES, call.name)) return { hops: [] };
  const { name, words, task, kernelFrames: frames, readMemory } = call;
  try {
    return socketHops({ kernel, name, words, task, frames, readMemory }, ROUTES[name]);
  } catch (error) {
    if (error instanceof MemoryError || error instanceof LinuxError) return { hops: [], detail: error.message };
    throw error;
  }
}

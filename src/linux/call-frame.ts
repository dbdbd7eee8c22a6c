/**
 * The system call that a stop inside the kernel belongs to: `struct pt_regs` as the entry code saved it at the top of the task's stack
 * (arch/x86/entry/entry_32.S, since 4.x), and the entry function's parameters, which give the arguments' names and types:
 * SYSCALL_DEFINEx makes `__ia32_sys_bind` with `__se_sys_bind` and `__do_sys_bind` in it (arch/x86/include/asm/syscall_wrapper.h, from 5.7).
 */

import type { Frame } from '../debugger/api';
import { Value, type ValueAccess } from '../debugger/values';
import type { Variable } from '../symbols/api';
import type { LinuxPlatform } from './platform';
import type { SystemCall } from './system-calls';

/** Arguments in the order in which the ABI puts them into registers, by pt_regs member. */
const ARGUMENT_MEMBERS = ['bx', 'cx', 'dx', 'si', 'di', 'bp'];

/** A system call in progress. */
export interface CallFrame {
  /** The number that the program passed. */
  readonly number: number;
  /** The table's entry; undefined for a number that the kernel does not serve. */
  readonly call: SystemCall | undefined;
  /** `int $0x80`, `sysenter`. */
  readonly gate: string;
  /** Address of the saved registers. */
  readonly registers: number;
  /** The divider of the frames that the program called from. */
  readonly divider: Frame;
}

/** The system call that a frame of the kernel serves, also from within an interrupt; undefined for anything else. */
export function callFrameOf(frame: Frame, platform: LinuxPlatform): CallFrame | undefined {
  if (frame.isUser) return undefined;
  let divider: Frame | undefined = frame;
  let gate: string | undefined;
  for (; divider; divider = divider.caller()) {
    if (divider.kind !== 'divider') continue;
    gate = /^(.*) — system call /.exec(divider.functionName)?.[1];
    if (gate !== undefined) break;
  }
  const task = divider && platform.task(divider.thread);
  if (!divider || gate === undefined || !task) return undefined;
  const { kernel } = platform;
  const registers = (kernel.word('task_struct', 'thread.sp0', task.address) - kernel.sizeOf('pt_regs')) >>> 0;
  const number = kernel.word('pt_regs', 'orig_ax', registers) | 0;
  return { number, call: platform.systemCalls().get(number), gate, registers, divider };
}

/** The arguments by name and type, where pt_regs has them; empty for a call whose parameters are not known. */
export function callArguments(at: CallFrame, platform: LinuxPlatform, access: ValueAccess): Value[] {
  const { kernel } = platform;
  return entryParameters(at.call, platform)
    .slice(0, ARGUMENT_MEMBERS.length)
    .map((parameter, i) => {
      const address = (at.registers + kernel.offset('pt_regs', ARGUMENT_MEMBERS[i])) >>> 0;
      return new Value(parameter.type, { kind: 'memory', address }, access, parameter.name);
    });
}

/** The saved registers as the kernel's own structure. */
export function savedRegisters(at: CallFrame, platform: LinuxPlatform): Value {
  return platform.kernel.value('pt_regs', at.registers, 'pt_regs');
}

/** Parameters of the innermost entry function that has the call's own; none where debug information does not tell. */
export function entryParameters(call: SystemCall | undefined, platform: LinuxPlatform): readonly Variable[] {
  if (!call) return [];
  const { kernel } = platform;
  const { symbols } = kernel.module;
  const inner = `__do_sys_${call.name}`;
  const own = kernel.symbol(inner);
  const found = own === undefined ? undefined : symbols.functionAt(own);
  if (found) return found.parameters;
  const starts = [call.address, kernel.symbol(`__se_sys_${call.name}`)];
  for (const start of starts) {
    const outer = start === undefined ? undefined : symbols.functionAt(start);
    for (const range of outer?.ranges ?? []) {
      for (const row of symbols.lineRows(range.start, range.end)) {
        const inlined = symbols.inlinesAt(row.address).find(({ name }) => name === inner);
        if (inlined) return inlined.parameters;
      }
    }
    // Before 5.7 there was no wrapper: the table's function itself has them.
    if (outer && outer.name !== `__ia32_sys_${call.name}`) return outer.parameters;
  }
  return [];
}

/**
 * Where a system call can be met on its way in: at the entry functions of the system-call table (`__ia32_sys_bind`), which every gate
 * leads to, and for the multiplexed calls at socketcall's, with the number of the call in its first argument (net/socket.c).
 * Arguments are read from `struct pt_regs`, which the entry code keeps at the top of the task's stack (arch/x86/entry/entry_32.S, since 4.x).
 */

import { MemoryError } from '../debugger/target';
import { wordIn } from './argument-values';
import type { Kernel } from './kernel';
import type { LinuxPlatform } from './platform';
import { callOfCase, SOCKET_CALLS } from './socket-calls';
import { SOCKETCALLS } from './socket-constants';

/** Entry functions of the table that serve a call of another name: the older and the 64-bit variants. */
const VARIANTS: Readonly<Record<string, string>> = {
  old_select: 'select',
  sendfile64: 'sendfile',
  recvmmsg_time32: 'recvmmsg',
};
/** The calls of the socket interface, by the name that users know. */
export const SOCKET_CALL_NAMES: readonly string[] = Object.keys(SOCKET_CALLS);
/** The same by socketcall's numbers. */
const MULTIPLEXED = SOCKETCALLS.map((each) => each && callOfCase(each));
/** Most arguments that socketcall copies (nargs in net/socket.c). */
const MAX_ARGUMENTS = 6;

/** How the program came in. */
export type Gate = 'int $0x80' | 'sysenter' | 'an unknown gate';

/** A system call on its way, seen at its entry function. */
export interface EnteredCall {
  /** Name that users know: `bind`, also where it came as a case of socketcall. */
  readonly name: string;
  /** Name of the table's entry: `socketcall`, `bind`, `old_select`. */
  readonly entry: string;
  /** Number the program passed (EAX). */
  readonly number: number;
  readonly gate: Gate;
  /** Name of socketcall's case, where it came through that. */
  readonly case: string | undefined;
  /** Raw argument words in the order of the call's parameters; fewer where they cannot be read. */
  readonly words: readonly number[];
  /** Address of the task's task_struct. */
  readonly task: number;
  /** Where the entry function returns to, and ESP behind that return. */
  readonly returnAddress: number;
  readonly returnStack: number;
}

/** Where what is read at every call lies, in bytes. */
interface Layout {
  /** Offset of thread.sp0 in task_struct. */
  readonly stackTop: number;
  /** Size of pt_regs. */
  readonly size: number;
  /** Offsets in pt_regs: the argument registers in their order, and orig_ax. */
  readonly arguments: readonly number[];
  readonly number: number;
}

function layoutOf(kernel: Kernel): Layout {
  return {
    stackTop: kernel.offset('task_struct', 'thread.sp0'),
    size: kernel.sizeOf('pt_regs'),
    arguments: ['bx', 'cx', 'dx', 'si', 'di', 'bp'].map((member) => kernel.offset('pt_regs', member)),
    number: kernel.offset('pt_regs', 'orig_ax'),
  };
}

/** Finds and reads calls at the entry functions of the kernel's table. */
export class CallPlaces {
  private readonly byAddress = new Map<number, string>();
  private readonly gates = new Map<number, Gate>();
  private layout: Layout | undefined;

  constructor(private readonly platform: LinuxPlatform) {
    for (const call of platform.systemCalls().values()) this.byAddress.set(call.address, call.name);
  }

  /** Addresses at which a call can be met; empty where this kernel does not have it. */
  addressesOf(name: string): number[] {
    const multiplexed = MULTIPLEXED.includes(name);
    return [...this.byAddress]
      .filter(([, entry]) => nameOfEntry(entry) === name || entry === name || (multiplexed && entry === 'socketcall'))
      .map(([address]) => address);
  }

  /** All entry functions. */
  allAddresses(): number[] {
    return [...this.byAddress.keys()];
  }

  isEntry(address: number): boolean {
    return this.byAddress.has(address);
  }

  /**
   * The call at the present instruction, which must be the first of an entry function.
   * @returns undefined where it is none, or the stack is not readable
   */
  read(address: number, esp: number): EnteredCall | undefined {
    const entry = this.byAddress.get(address);
    if (entry === undefined) return undefined;
    try {
      return this.readEntered(entry, esp);
    } catch (error) {
      if (error instanceof MemoryError) return undefined;
      throw error;
    }
  }

  private readEntered(entry: string, esp: number): EnteredCall {
    const { kernel, tasks } = this.platform;
    const layout = (this.layout ??= layoutOf(kernel));
    const task = tasks.recordedAddress();
    // The saved registers lie at the top of the task's stack. Wrappers take their address in EAX (from 5.7), but not in all versions.
    const top = kernel.u32((task + layout.stackTop) >>> 0) - layout.size;
    const registers = new Array<number>(MAX_ARGUMENTS);
    for (let i = 0; i < MAX_ARGUMENTS; i++) registers[i] = kernel.u32((top + layout.arguments[i]) >>> 0);
    const [selected] = registers;
    const call = entry === 'socketcall' ? SOCKETCALLS[selected] : undefined;
    return {
      name: (call && MULTIPLEXED[selected]) ?? nameOfEntry(entry),
      entry,
      number: kernel.u32((top + layout.number) >>> 0),
      // The return address of the entry code's call is the word below.
      gate: this.gateOf(kernel.u32((top - 4) >>> 0)),
      case: call,
      words: call ? this.wordsAt(registers[1]) : entry === 'old_select' ? this.wordsAt(registers[0]) : registers,
      task,
      returnAddress: kernel.u32(esp),
      returnStack: (esp + 4) >>> 0,
    };
  }

  /** The entry code's label, by the return address that its call of C code left below pt_regs. */
  private gateOf(caller: number): Gate {
    let gate = this.gates.get(caller);
    if (gate === undefined) {
      const label = this.platform.kernel.symbolName(caller) ?? '';
      gate = label.startsWith('entry_INT80')
        ? 'int $0x80'
        : label.startsWith('entry_SYSENTER')
          ? 'sysenter'
          : 'an unknown gate';
      this.gates.set(caller, gate);
    }
    return gate;
  }

  /** Argument words in the caller's memory, as many as are mapped. */
  private wordsAt(address: number): number[] {
    try {
      return this.platform.kernel.words(address, MAX_ARGUMENTS);
    } catch (error) {
      if (!(error instanceof MemoryError)) throw error;
    }
    const bytes = this.platform.target.readAvailable(address, 4 * MAX_ARGUMENTS);
    return Array.from({ length: bytes.length >>> 2 }, (_, i) => wordIn(bytes, 4 * i));
  }
}

/** The name that users know of a table's entry. */
export function nameOfEntry(entry: string): string {
  return Object.hasOwn(VARIANTS, entry) ? VARIANTS[entry] : entry;
}

/**
 * The way of a system call from the program's function to the protocol, hop by hop, each with the memory that decided it: what has been
 * done, where the task is now, and what is ahead as far as memory decides it already.
 */

import type { Frame } from '../debugger/api';
import { MemoryError, type Target } from '../debugger/target';
import { nameOfEntry, type EnteredCall } from './call-places';
import { hopsOf } from './dispatch-path-calls';
import type { WayIn } from './dispatch-path-gates';
import type { Hop } from './dispatch-path-hops';
import { hopStates, presentHop, progressOf, type HopState } from './dispatch-path-states';
import type { PathWitness, WatchedCall } from './dispatch-path-witness';
import { isLeaving } from './entry';
import { LinuxError } from './kernel';
import type { LinuxPlatform } from './platform';
import { callOfCase } from './socket-calls';
import { SOCKETCALLS } from './socket-constants';
import { straceCall } from './call-view';
import { ArgumentDecoder } from './strace';
import type { Task } from './tasks';

export interface DispatchHop extends Hop {
  readonly state: HopState;
}

export interface DispatchPath {
  readonly call: {
    /** As strace names it: `bind`, also where it came through socketcall. */
    readonly name: string;
    readonly way: WayIn;
    /** The number in EAX. */
    readonly number: number;
    /** First argument of socketcall. */
    readonly socketcall?: number;
    /** `bind(3, {sa_family=AF_INET, …}, 16)`. */
    readonly text: string;
    readonly task: string;
    readonly pid: number;
  };
  /** Outermost first. */
  readonly hops: readonly DispatchHop[];
  /** Index of the last hop that has been entered and not been left. */
  readonly present: number | undefined;
}

/** Most arguments that socketcall copies (nargs in net/socket.c), and most that the registers hold. */
const MAX_ARGUMENTS = 6;
/** Registers of the arguments in order (arch/x86/entry/entry_32.S). */
const ARGUMENT_REGISTERS = ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp'] as const;

/** A system call on a task's stack. */
interface CallOnStack {
  readonly number: number;
  readonly way: WayIn;
  readonly task: Task;
  /** Innermost first: the kernel's frames of the call, and those of the program. */
  readonly kernelFrames: readonly Frame[];
  readonly userFrames: readonly Frame[];
  /** ebx, ecx, edx, esi, edi, ebp as the program passed them. */
  readonly registers: readonly number[];
  /** Address of the saved struct pt_regs. */
  readonly saved: number;
}

/**
 * The dispatch path of the system call that a thread is in.
 * @param top the thread's innermost frame
 * @param witness remembers from one asking to the next what has been executed; without it, less is known
 * @throws LinuxError with one sentence where it is in none
 */
export function dispatchPathAt(top: Frame, platform: LinuxPlatform, witness?: PathWitness): DispatchPath {
  const on = callOnStack(top, platform);
  const entry = platform.systemCalls().get(on.number);
  const selected = entry?.name === 'socketcall' ? on.registers[0] : undefined;
  const case_ = selected === undefined ? undefined : SOCKETCALLS[selected];
  const name = case_ ? callOfCase(case_) : entry ? nameOfEntry(entry.name) : `system call ${on.number}`;
  const words = argumentWords(on, entry?.name);
  const hops = hopsOf(
    {
      ...on,
      name,
      entry,
      selected,
      words,
      task: on.task.address,
      readMemory: (address, length) => readUser(on, address, length),
    },
    platform,
  );
  const present = presentHop(hops, on, platform);
  const states = witnessedStates(hops, present, on, platform, entry?.address, witness);
  return {
    call: {
      name,
      way: on.way,
      number: on.number,
      ...(selected === undefined ? {} : { socketcall: selected }),
      text: callText(platform, on, name, entry?.name, case_, words),
      task: on.task.comm,
      pid: on.task.pid,
    },
    hops: hops.map((hop, i) => ({ ...hop, state: states[i] })),
    present,
  };
}

/** The states of the hops, which the witness hears of. @param entry address of the function that the table leads to */
function witnessedStates(
  hops: readonly Hop[],
  present: number,
  on: CallOnStack,
  platform: LinuxPlatform,
  entry: number | undefined,
  witness: PathWitness | undefined,
): HopState[] {
  if (!witness) return hopStates(hops, present, on, platform, () => undefined);
  const [user] = on.userFrames;
  const words = [on.number, ...on.registers, user?.address, user?.registers.get('esp')?.value];
  const call: Omit<WatchedCall, 'progress'> = { task: on.task.address, identity: words.join('/'), entry };
  const states = hopStates(hops, present, on, platform, witness.of(call));
  const addressesOf = (...wanted: readonly HopState[]): number[] =>
    hops.flatMap(({ address, kind }, i) =>
      address !== undefined && kind !== 'api' && kind !== 'gate' && wanted.includes(states[i]) ? [address] : [],
    );
  witness.watch(
    { ...call, progress: progressOf(hops, states, on, entry) },
    { executed: addressesOf('done', 'present'), ahead: addressesOf('ahead'), unknown: addressesOf('unknown') },
  );
  return states;
}

/** @throws LinuxError where the thread is in no system call */
function callOnStack(top: Frame, platform: LinuxPlatform): CallOnStack {
  const task = platform.task(top.thread);
  if (!task) throw new LinuxError(platform.kernel.lacksTasks ?? 'There are no tasks yet, so there is no system call.');
  const who = `${task.comm} (pid ${task.pid})`;
  if (top.isUser) throw new LinuxError(`${who} runs in user mode: it is not inside a system call.`);
  const kernelFrames: Frame[] = [];
  for (let frame: Frame | undefined = top; frame; frame = frame.caller()) {
    const label = frame.kind === 'divider' ? /^(.*) — system call (-?\d+)/.exec(frame.functionName) : undefined;
    if (label) return onStack(frame, label[1], Number(label[2]), task, kernelFrames, platform);
    if (frame.isUser) break;
    kernelFrames.push(frame);
  }
  if (task.mm === 0) throw new LinuxError(`${who} is a kernel thread: it makes no system calls.`);
  throw new LinuxError(`${who} is not inside a system call: an interrupt or exception brought it into the kernel.`);
}

function onStack(
  divider: Frame,
  gate: string,
  number: number,
  task: Task,
  kernelFrames: readonly Frame[],
  platform: LinuxPlatform,
): CallOnStack {
  const { kernel } = platform;
  const saved = (kernel.word('task_struct', 'thread.sp0', task.address) - kernel.sizeOf('pt_regs')) >>> 0;
  const userFrames: Frame[] = [];
  for (let frame = divider.caller(); frame; frame = frame.caller()) userFrames.push(frame);
  const [innermost] = userFrames;
  // Where the entry label is not on the stack any more: the vDSO's __kernel_vsyscall is what enters by sysenter.
  const isSysenter = gate.startsWith('sysenter') || (gate === 'return' && innermost?.module?.name === '[vdso]');
  return {
    number,
    way: isSysenter ? 'sysenter' : 'int80',
    task,
    kernelFrames,
    userFrames,
    registers: ARGUMENT_REGISTERS.map((register) =>
      // On the way back, sysexit's own ECX and EDX take the place of the arguments.
      isLeaving(kernel, kernelFrames[0]?.address ?? 0)
        ? kernel.word('pt_regs', register.slice(1), saved)
        : (innermost?.registers.get(register)?.value ?? 0),
    ),
    saved,
  };
}

/** The call's own argument words: registers, or what they point to. */
function argumentWords(on: CallOnStack, entry: string | undefined): readonly number[] {
  if (entry !== 'socketcall' && entry !== 'old_select') return on.registers;
  const address = on.registers[entry === 'socketcall' ? 1 : 0];
  const words: number[] = [];
  for (let i = 0; i < MAX_ARGUMENTS; i++) {
    try {
      const bytes = readUser(on, (address + 4 * i) >>> 0, 4);
      words.push((bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0);
    } catch (error) {
      if (error instanceof MemoryError) break;
      throw error;
    }
  }
  return words;
}

function readUser({ userFrames }: CallOnStack, address: number, length: number): Uint8Array {
  const [frame] = userFrames;
  if (!frame) throw new MemoryError(address);
  return frame.readMemory(address, length);
}

function callText(
  platform: LinuxPlatform,
  on: CallOnStack,
  name: string,
  entry: string | undefined,
  case_: string | undefined,
  words: readonly number[],
): string {
  if (entry === undefined) return `${name}()`;
  const call: EnteredCall = {
    name,
    entry,
    number: on.number,
    gate: on.way === 'sysenter' ? 'sysenter' : 'int $0x80',
    case: case_,
    words,
    task: on.task.address,
    returnAddress: 0,
    returnStack: 0,
  };
  return straceCall(name, new ArgumentDecoder(seenBy(platform, on)).atEntry(call).arguments);
}

/** The platform with the memory of the task's program, which need not be the one that runs now. */
function seenBy(platform: LinuxPlatform, { userFrames }: CallOnStack): LinuxPlatform {
  const directory = userFrames[0]?.pageDirectory;
  if (directory === undefined) return platform;
  const { target } = platform;
  const view: Pick<Target, 'readMemory' | 'readAvailable'> = {
    readMemory: (address, length) => target.readMemory(address, length, directory),
    readAvailable: (address, length) => target.readAvailable(address, length, directory),
  };
  return Object.create(platform, { target: { value: Object.assign(Object.create(target), view) } }) as LinuxPlatform;
}

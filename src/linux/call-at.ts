import type { Frame } from '../debugger/api';
import { environmentOf } from '../debugger/expressions';
import { MemoryError } from '../debugger/target';
import { integerOf, ValueError } from '../debugger/values';
import type { LinuxPlatform } from './platform';
import { decodeArguments } from './brief-values';
import { callOfCase, SOCKET_CALLS } from './socket-calls';
import { caseAtLine } from './socketcall';

/** The socket call a stop belongs to. */
export interface SocketCallAt {
  /** `bind`. */
  readonly call: string;
  /** The case of the socketcall switch, where the frame stands in one. */
  readonly case: string | undefined;
  readonly arguments: Record<string, string | number>;
}

/** Functions that serve a call by name, and the wrappers around them. */
const FUNCTION = /^(?:__do_sys_|__se_sys_|__ia32_sys_|__sys_|sys_|ksys_)(\w+)$/;
/** Other names under which a call's inner function goes. */
const INNER: Record<string, string> = {
  __sys_accept4: 'accept4',
  do_accept: 'accept',
  core_sys_select: 'select',
  do_sendfile: 'sendfile',
};

/**
 * The socket call that a frame serves, with its arguments decoded. They come from the frame's own variables; what is optimised out
 * there from the registers the user program entered with.
 * @returns undefined for a frame of anything else
 */
export function socketCallAt(frame: Frame, platform: LinuxPlatform): SocketCallAt | undefined {
  if (frame.kind === 'divider' || frame.isUser) return undefined;
  const name = frame.functionName;
  const call = INNER[name] ?? FUNCTION.exec(name)?.[1];
  if (call === undefined || !Object.hasOwn(SOCKET_CALLS, call)) return undefined;
  const read = (address: number, length: number): Uint8Array => frame.readMemory(address >>> 0, length);
  const entered = enteredWith(frame, platform);
  if (call === 'socketcall') {
    const inCase = caseAtLine(platform.socketcallCases(), frame.location?.line ?? 0);
    if (inCase) {
      const served = callOfCase(inCase.name);
      const words = arrayOf(frame, 'a') ?? entered?.words ?? [];
      return { call: served, case: inCase.name, arguments: decodeArguments(served, words, read) ?? {} };
    }
    const words = [wordOf(frame, 'call') ?? entered?.registers[0], wordOf(frame, 'args') ?? entered?.registers[1]];
    return { call, case: undefined, arguments: decodeArguments(call, words as number[], read) ?? {} };
  }
  const parameters = (frame.inlined ?? frame.function)?.parameters ?? [];
  const wrapper = parameters.length === 1 && SOCKET_CALLS[call].length !== 1;
  const own = wrapper ? [] : parameters.map((p) => wordOf(frame, p.name));
  const words = SOCKET_CALLS[call].map((_, i) => own[i] ?? entered?.words[i]);
  return { call, case: undefined, arguments: decodeArguments(call, words as number[], read) ?? {} };
}

/** The registers of the user program that made the present system call, and its call's argument words. */
function enteredWith(frame: Frame, platform: LinuxPlatform): { registers: number[]; words: number[] } | undefined {
  let at: Frame | undefined = frame;
  while (at && at.kind !== 'divider') at = at.caller();
  const user = at?.caller();
  if (!at || !user?.isUser) return undefined;
  const names = ['ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp'] as const;
  // The vDSO's frame is the first: its registers are those the kernel was entered with.
  const registers = names.map((name) => user.registers.get(name)?.value ?? 0);
  const number = systemCallNumber(at);
  const isMultiplexed = number !== undefined && platform.systemCalls().get(number)?.name === 'socketcall';
  if (!isMultiplexed) return { registers, words: registers };
  try {
    const bytes = frame.readMemory(registers[1], 24);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 24);
    return { registers, words: Array.from({ length: 6 }, (_, i) => view.getUint32(4 * i, true)) };
  } catch (error) {
    if (error instanceof MemoryError) return { registers, words: [] };
    throw error;
  }
}

/** The number in a divider's text: its registers no longer have it, because EAX is the result's. */
function systemCallNumber(divider: Frame): number | undefined {
  const match = /system call (-?\d+)/.exec(divider.functionName);
  return match ? Number(match[1]) : undefined;
}

function wordOf(frame: Frame, name: string): number | undefined {
  const value = environmentOf(frame).variable(name);
  if (!value) return undefined;
  try {
    return Number(BigInt.asUintN(32, integerOf(value)));
  } catch (error) {
    if (error instanceof ValueError || error instanceof MemoryError) return undefined;
    throw error;
  }
}

/** The words of a local array, or undefined where it is not readable. */
function arrayOf(frame: Frame, name: string): number[] | undefined {
  const value = environmentOf(frame).variable(name);
  if (value?.bareType.kind !== 'array') return undefined;
  try {
    const bytes = value.bytes();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getUint32(4 * i, true));
  } catch (error) {
    if (error instanceof ValueError || error instanceof MemoryError) return undefined;
    throw error;
  }
}

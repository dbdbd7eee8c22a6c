/**
 * A system call in strace's notation: what goes in is read at the entry, what comes out at the return, and text is made of it only when it
 * is asked for. Socket calls by the meaning of their parameters (socket-calls.ts), others by the parameter types of their entry function
 * (DWARF).
 */

import type { ArgumentValue } from './argument-values';
import { errnoName, errnoText, isFailure } from './errno';
import type { EnteredCall } from './call-places';
import type { LinuxPlatform } from './platform';
import { parametersOf, SocketCallDecoder } from './socket-call-decoder';
import { hex } from './strace-text';
import { straceValue } from './strace-values';
import { TypedParameters } from './typed-parameters';

/** Bytes of data shown for each buffer unless told otherwise. */
export const DATA_LIMIT = 64;

export interface ShownArgument {
  readonly name: string;
  readonly text: string;
}

/** A call with its arguments as they were read; their text is made once, when it is wanted. */
export class CallView {
  private shown: readonly ShownArgument[] | undefined;

  constructor(
    readonly call: EnteredCall,
    /** Names of the parameters. */
    private readonly names: readonly string[],
    readonly values: readonly ArgumentValue[],
  ) {}

  get arguments(): readonly ShownArgument[] {
    return (this.shown ??= this.values.map((value, i) => ({ name: this.names[i], text: straceValue(value) })));
  }

  /** `bind(3, {…}, 16)`. */
  get text(): string {
    return straceCall(this.call.name, this.arguments);
  }
}

export class ArgumentDecoder {
  private readonly typed: TypedParameters;
  private readonly sockets: SocketCallDecoder;

  constructor(platform: LinuxPlatform, limit = DATA_LIMIT) {
    this.typed = new TypedParameters(platform, limit);
    this.sockets = new SocketCallDecoder((address, length) => platform.target.readMemory(address >>> 0, length), limit);
  }

  /** Reads at the first instruction of the entry function. */
  atEntry(call: EnteredCall): CallView {
    const parameters = parametersOf(call.name);
    if (!parameters) return new CallView(call, this.typed.names(call), this.typed.atEntry(call));
    const names = parameters.map(({ name }) => name);
    return new CallView(call, names, this.sockets.atEntry(call, parameters));
  }

  /** Reads what came out, at the return; the rest is as it was at the entry. */
  atReturn(entered: CallView, result: number): CallView {
    const { call, values } = entered;
    const parameters = parametersOf(call.name);
    if (!parameters) return new CallView(call, this.typed.names(call), this.typed.atReturn(call, values, result));
    const names = parameters.map(({ name }) => name);
    return new CallView(call, names, this.sockets.atReturn(call, parameters, values, result));
  }

  /** What select left in its sets, and what a timeout has left: `(in [3], left {tv_sec=0, tv_usec=999998})`. */
  note({ call }: CallView, result: number): string {
    if ((call.name !== 'select' && call.name !== 'recvmmsg') || isFailure(result)) return '';
    if (result === 0) return ' (Timeout)';
    const timeout = call.words[4];
    const left = timeout ? [`left ${straceValue(this.sockets.timeAt(call, timeout))}`] : [];
    const parts = [...(call.name === 'select' ? this.setsOf(call) : []), ...left];
    return parts.length > 0 ? ` (${parts.join(', ')})` : '';
  }

  private setsOf(call: EnteredCall): string[] {
    return ['in', 'out', 'except'].flatMap((label, i) => {
      const at = call.words[i + 1];
      const text = at ? straceValue(this.sockets.fdSetAt(at, call.words[0] | 0)) : '[]';
      return text === '[]' ? [] : [`${label} ${text}`];
    });
  }
}

/** Calls whose result is an address. */
const RETURNS_ADDRESS = new Set(['brk', 'mmap', 'mmap_pgoff', 'mremap', 'shmat']);

/** `3`, `-1 EADDRINUSE (Address already in use)`, `? ERESTARTSYS (…)`, as strace writes results. */
export function straceResult(call: string, result: number): string {
  if (!isFailure(result)) return RETURNS_ADDRESS.has(call) ? hex(result) : String(result | 0);
  const name = errnoName(result);
  if (name === undefined) return `-1 (errno ${-result})`;
  // The kernel's own errors reach no program: the call is done again, or fails with EINTR.
  return `${-result >= 512 ? '?' : '-1'} ${name} (${errnoText(result)})`;
}

/** `bind(3, {…}, 16)`. */
export function straceCall(name: string, shown: readonly ShownArgument[]): string {
  return `${name}(${shown.map((argument) => argument.text).join(', ')})`;
}

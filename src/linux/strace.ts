/**
 * A system call in strace's notation: what goes in is read at the entry, what comes out at the return. Of socket calls (socket-calls.ts), text
 * is made only when it is asked for; other calls are read by their description (strace-calls.ts), and those without one by the parameter
 * types of their entry function (DWARF).
 */

import type { ArgumentValue } from './argument-values';
import { MemoryError } from '../debugger/target';
import { isFailure } from './errno';
import type { EnteredCall } from './call-places';
import type { LinuxPlatform } from './platform';
import { parameterNames, parametersOf, SocketCallDecoder } from './socket-call-decoder';
import { straceName } from './strace-call-names';
import { DescribedParameters } from './strace-described';
import { interruptedMask, RESUMES, SIGNAL_RETURNS } from './strace-interrupted';
import { straceOutcome } from './strace-outcome';
import { straceValue } from './strace-values';
import { TypedParameters } from './typed-parameters';

export { straceResult } from './strace-outcome';

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

  /** `bind(3, {…}, 16)`, by the name that users know. */
  get text(): string {
    return straceCall(parametersOf(this.call.name) ? this.call.name : this.programName, this.arguments);
  }

  /** The same as strace has it: `_newselect(…)` for the select of number 142. */
  get line(): string {
    return straceCall(this.programName, this.arguments);
  }

  /** The call's name as programs and strace have it. */
  get programName(): string {
    return programName(this.call);
  }
}

/** A call that is neither of sockets nor described. */
const NONE: readonly string[] = [];

export class ArgumentDecoder {
  private readonly typed: TypedParameters;
  private readonly described: DescribedParameters;
  private readonly sockets: SocketCallDecoder;
  /** The call that each task has made last. */
  private readonly last = new Map<number, CallView>();

  constructor(
    private readonly platform: LinuxPlatform,
    limit = DATA_LIMIT,
  ) {
    const { target } = platform;
    const read = (address: number, length: number): Uint8Array => target.readMemory(address >>> 0, length);
    const readAvailable = (address: number, length: number): Uint8Array => target.readAvailable(address >>> 0, length);
    this.typed = new TypedParameters(platform, limit);
    this.described = new DescribedParameters({ read, readAvailable }, limit);
    this.sockets = new SocketCallDecoder(read, limit);
  }

  /** Reads at the first instruction of the entry function. */
  atEntry(call: EnteredCall): CallView {
    const parameters = parametersOf(call.name);
    if (parameters) {
      const values = this.sockets.atEntry(call, parameters);
      return this.entered(new CallView(call, parameterNames(parameters), values));
    }
    const name = programName(call);
    const ofSignals = this.ofSignals(name, call);
    if (ofSignals !== undefined) return new CallView(call, [''], [{ kind: 'text', text: ofSignals, isUnread: false }]);
    const values = this.described.atEntry(name, call);
    if (values) return this.entered(new CallView(call, this.described.names(name, call) ?? NONE, values));
    return this.entered(new CallView(call, this.typed.names(call), this.typed.atEntry(call)));
  }

  /** Reads what came out, at the return; the rest is as it was at the entry. */
  atReturn(entered: CallView, result: number): CallView {
    const { call, values } = entered;
    const parameters = parametersOf(call.name);
    if (parameters) {
      return new CallView(call, parameterNames(parameters), this.sockets.atReturn(call, parameters, values, result));
    }
    const name = programName(call);
    if (SIGNAL_RETURNS.has(name) || name === RESUMES) return entered;
    const now = this.described.atReturn(name, call, values, result);
    if (now) return new CallView(call, this.described.names(name, call) ?? NONE, now);
    return new CallView(call, this.typed.names(call), this.typed.atReturn(call, values, result));
  }

  /**
   * What strace writes behind the equals sign: `1 ([{fd=3, revents=POLLIN}])`, `2 (in [3], left {tv_sec=0, tv_usec=999998})`.
   * @returns undefined where it is no more than the result
   */
  outcome({ call }: CallView, result: number): string | undefined {
    if (!parametersOf(call.name)) {
      const reader = (word: number) => this.described.reading(call.words, word, result);
      try {
        return straceOutcome(programName(call), reader, result);
      } catch (error) {
        if (error instanceof MemoryError) return undefined;
        throw error;
      }
    }
    if ((call.name !== 'select' && call.name !== 'recvmmsg') || isFailure(result)) return undefined;
    if (result === 0) return '0 (Timeout)';
    const timeout = call.words[4];
    const left = timeout ? [`left ${straceValue(this.sockets.timeAt(call, timeout))}`] : [];
    const parts = [...(call.name === 'select' ? this.setsOf(call) : []), ...left];
    return parts.length > 0 ? `${result} (${parts.join(', ')})` : undefined;
  }

  private setsOf(call: EnteredCall): string[] {
    return ['in', 'out', 'except'].flatMap((label, i) => {
      const at = call.words[i + 1];
      const text = at ? straceValue(this.sockets.fdSetAt(at, call.words[0] | 0)) : '[]';
      return text === '[]' ? [] : [`${label} ${text}`];
    });
  }

  private entered(view: CallView): CallView {
    this.last.set(view.call.task, view);
    return view;
  }

  /** The argument of a call that has none, but is about a signal or the call that it interrupted. */
  private ofSignals(name: string, call: EnteredCall): string | undefined {
    if (name === RESUMES)
      return `<... resuming interrupted ${this.last.get(call.task)?.programName ?? 'system call'} ...>`;
    return SIGNAL_RETURNS.has(name) ? interruptedMask(this.platform, name, call.task) : undefined;
  }
}

function programName(call: EnteredCall): string {
  return straceName(call.number, call.name, call.case !== undefined);
}

/** `bind(3, {…}, 16)`. */
export function straceCall(name: string, shown: readonly ShownArgument[]): string {
  return `${name}(${shown.map((argument) => argument.text).join(', ')})`;
}

/**
 * A system call in strace's notation: what goes in is read at the entry, what comes out at the return. Of socket calls (socket-calls.ts), text
 * is made only when it is asked for; other calls are read by their description (strace-calls.ts), and those without one by the parameter
 * types of their entry function (DWARF).
 */

import { MemoryError } from '../debugger/target';
import type { EnteredCall } from './call-places';
import { CallView, programName } from './call-view';
import type { LinuxPlatform } from './platform';
import { isSocketCall, SocketCallViews } from './socket-call-views';
import { DescribedParameters } from './strace-described';
import { interruptedMask, RESUMES, SIGNAL_RETURNS } from './strace-interrupted';
import { straceOutcome } from './strace-outcome';
import { TypedParameters } from './typed-parameters';

export { straceResult } from './strace-outcome';

/** Bytes of data shown for each buffer unless told otherwise. */
export const DATA_LIMIT = 64;

/** A call that is neither of sockets nor described. */
const NONE: readonly string[] = [];

export class ArgumentDecoder {
  private readonly typed: TypedParameters;
  private readonly described: DescribedParameters;
  private readonly sockets: SocketCallViews;
  /** The call that each task has made last. */
  private readonly last = new Map<number, EnteredCall>();

  constructor(
    private readonly platform: LinuxPlatform,
    limit = DATA_LIMIT,
  ) {
    const { target } = platform;
    const read = (address: number, length: number): Uint8Array => target.readMemory(address >>> 0, length);
    const readAvailable = (address: number, length: number): Uint8Array => target.readAvailable(address >>> 0, length);
    this.typed = new TypedParameters(platform, limit);
    this.described = new DescribedParameters({ read, readAvailable }, limit);
    this.sockets = new SocketCallViews(read, limit);
  }

  /** Reads at the first instruction of the entry function. */
  atEntry(call: EnteredCall): CallView {
    if (isSocketCall(call)) return this.entered(this.sockets.atEntry(call));
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
    if (isSocketCall(call)) return this.sockets.atReturn(entered, result);
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
    if (!isSocketCall(call)) {
      const reader = (word: number) => this.described.reading(call.words, word, result);
      try {
        return straceOutcome(programName(call), reader, result);
      } catch (error) {
        if (error instanceof MemoryError) return undefined;
        throw error;
      }
    }
    return this.sockets.outcome(call, result);
  }

  /** A call that is read elsewhere has been made. */
  made(call: EnteredCall): void {
    this.last.set(call.task, call);
  }

  private entered(view: CallView): CallView {
    this.made(view.call);
    return view;
  }

  /** The argument of a call that has none, but is about a signal or the call that it interrupted. */
  private ofSignals(name: string, call: EnteredCall): string | undefined {
    if (name === RESUMES) {
      const last = this.last.get(call.task);
      return `<... resuming interrupted ${last ? programName(last) : 'system call'} ...>`;
    }
    return SIGNAL_RETURNS.has(name) ? interruptedMask(this.platform, name, call.task) : undefined;
  }
}

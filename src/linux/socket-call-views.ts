/** Socket calls as strace shows them, read from the caller's memory or from what was copied of it. */

import type { ReadMemory } from './argument-values';
import type { EnteredCall } from './call-places';
import { CallView } from './call-view';
import { isFailure } from './errno';
import { parameterNames, parametersOf, SocketCallDecoder } from './socket-call-decoder';
import { straceValue } from './strace-values';

export function isSocketCall({ name }: EnteredCall): boolean {
  return parametersOf(name) !== undefined;
}

export class SocketCallViews {
  private readonly decoder: SocketCallDecoder;

  /**
   * @param read the caller's memory
   * @param limit bytes of data shown for each buffer
   */
  constructor(read: ReadMemory, limit: number) {
    this.decoder = new SocketCallDecoder(read, limit);
  }

  /** At the first instruction of the entry function. */
  atEntry(call: EnteredCall): CallView {
    const parameters = parametersOf(call.name) ?? [];
    return new CallView(call, parameterNames(parameters), this.decoder.atEntry(call, parameters));
  }

  /** At the return. @param entered the same call at its entry */
  atReturn({ call, values }: CallView, result: number): CallView {
    const parameters = parametersOf(call.name) ?? [];
    return new CallView(call, parameterNames(parameters), this.decoder.atReturn(call, parameters, values, result));
  }

  /** What strace writes behind the equals sign, where it is more than the result: `2 (in [3], left {tv_sec=0, tv_usec=999998})`. */
  outcome(call: EnteredCall, result: number): string | undefined {
    if ((call.name !== 'select' && call.name !== 'recvmmsg') || isFailure(result)) return undefined;
    if (result === 0) return '0 (Timeout)';
    const timeout = call.words[4];
    const left = timeout ? [`left ${straceValue(this.decoder.timeAt(call, timeout))}`] : [];
    const parts = [...(call.name === 'select' ? this.setsOf(call) : []), ...left];
    return parts.length > 0 ? `${result} (${parts.join(', ')})` : undefined;
  }

  private setsOf(call: EnteredCall): string[] {
    return ['in', 'out', 'except'].flatMap((label, i) => {
      const at = call.words[i + 1];
      const text = at ? straceValue(this.decoder.fdSetAt(at, call.words[0] | 0)) : '[]';
      return text === '[]' ? [] : [`${label} ${text}`];
    });
  }
}

/**
 * Decodes the arguments of a socket call from its words and the caller's memory: what goes in at the entry, what comes out at the return.
 * The meaning of the parameters is in socket-calls.ts; every notation is made of what this gives.
 */

import { MemoryError } from '../debugger/target';
import { readWord, wordIn, type ArgumentValue, type ReadMemory } from './argument-values';
import { isFailure } from './errno';
import { readMessage, readMessages, type MessageView } from './message-values';
import { MAX_SOCKADDR } from './sockaddr';
import { SOCKET_CALLS, type Parameter } from './socket-calls';

/** What a decoder needs of a call. */
export interface CallWords {
  /** `bind`. */
  readonly name: string;
  /** The table's entry that serves it: `socketcall`, `sendfile64`. */
  readonly entry: string;
  /** Argument words in the order of the parameters; fewer, or holes, where they are not known. */
  readonly words: readonly (number | undefined)[];
}

/** Descriptors that a set of select has room for (__FD_SETSIZE). */
const MAX_DESCRIPTORS = 1024;
/** What only the caller writes; the kernel does not, also not where it receives. */
const GIVEN = new Set<Parameter['kind']>(['sockaddrIn', 'dataIn', 'optionValueIn']);
/** What only the caller writes where the call sends. */
const PASSED = new Set<Parameter['kind']>(['messageHeader', 'messageVector']);
/** What a call may change. */
const WRITTEN = new Set<Parameter['kind']>([
  'sockaddrOut', 'dataOut', 'lengthPointer', 'offsetPointer', 'optionValueOut', 'pair', 'messageHeader', 'messageVector',
]); // prettier-ignore
const EFAULT = 14;
/** Names of the parameters of each call: wanted for each call that is traced. */
const NAMES = new Map(
  Object.values(SOCKET_CALLS).map((parameters) => [parameters, parameters.map(({ name }) => name)]),
);

/** Parameters of a socket call; undefined for other calls. */
export function parametersOf(call: string): readonly Parameter[] | undefined {
  return Object.hasOwn(SOCKET_CALLS, call) ? SOCKET_CALLS[call] : undefined;
}

/** Names of a call's parameters in their order. */
export function parameterNames(parameters: readonly Parameter[]): readonly string[] {
  return NAMES.get(parameters) ?? parameters.map(({ name }) => name);
}

export class SocketCallDecoder {
  /**
   * @param read the caller's memory
   * @param limit bytes of data read for each buffer
   */
  constructor(
    private readonly read: ReadMemory,
    private readonly limit: number,
  ) {}

  /** What the caller passes, in the order of the parameters. */
  atEntry(call: CallWords, parameters: readonly Parameter[]): ArgumentValue[] {
    return parameters.map(({ kind }, i) => {
      const value = call.words[i];
      return value === undefined ? { kind: 'unknown' } : this.given(call, parameters, kind, value);
    });
  }

  /** What the call leaves: arguments that it did not change are those of the entry. */
  atReturn(
    call: CallWords,
    parameters: readonly Parameter[],
    before: readonly ArgumentValue[],
    result: number,
  ): ArgumentValue[] {
    return parameters.map(({ kind }, i) => {
      const value = call.words[i];
      if (value === undefined || value === 0) return before[i];
      // A page that was not in memory yet at the entry is there once the kernel has copied from it.
      const isUnread = before[i].kind === 'pointer' && result !== -EFAULT;
      if (isUnread && (GIVEN.has(kind) || (PASSED.has(kind) && !receives(call))))
        return this.given(call, parameters, kind, value);
      if (isFailure(result) || !WRITTEN.has(kind)) return before[i];
      return this.guarded(value, () => this.returning(call, parameters, kind, value, before, i, result) ?? before[i]);
    });
  }

  /** Members of the sets that select has left, by argument; none for those that are not given. */
  fdSetAt(address: number, count: number): ArgumentValue {
    return this.guarded(address, () => this.fdSet(address, count));
  }

  /** What is left of a call's timeout. */
  timeAt(call: CallWords, address: number): ArgumentValue {
    return this.guarded(address, () => this.time(call, address));
  }

  /** A bad pointer is the caller's business; what is shown is what was passed. */
  private guarded(value: number, decode: () => ArgumentValue): ArgumentValue {
    try {
      return decode();
    } catch (error) {
      if (error instanceof MemoryError) return { kind: 'pointer', value };
      throw error;
    }
  }

  /** An argument as the caller passes it. */
  private given(
    call: CallWords,
    parameters: readonly Parameter[],
    kind: Parameter['kind'],
    value: number,
  ): ArgumentValue {
    // Most are numbers, and this runs at every traced call.
    switch (kind) {
      case 'fd':
      case 'backlog':
      case 'length':
        return { kind: 'signed', value };
      case 'size':
      case 'count':
        return { kind: 'unsigned', value };
      case 'family':
      case 'type':
      case 'messageFlags':
      case 'acceptFlags':
      case 'how':
      case 'level':
      case 'call':
        return { kind: 'named', names: kind, value, of: 0 };
      case 'protocol':
        return { kind: 'named', names: kind, value, of: wordOf(call, parameters, 'family') };
      case 'option':
        return { kind: 'named', names: kind, value, of: wordOf(call, parameters, 'level') };
      default:
        return this.guarded(value, () => this.pointed(call, parameters, kind, value));
    }
  }

  /** What the caller points to. */
  private pointed(
    call: CallWords,
    parameters: readonly Parameter[],
    kind: Parameter['kind'],
    value: number,
  ): ArgumentValue {
    const { read, limit } = this;
    const of = (wanted: Parameter['kind']): number => wordOf(call, parameters, wanted);
    if (value === 0) return { kind: 'pointer', value };
    switch (kind) {
      case 'sockaddrIn':
        return { kind: 'sockaddr', bytes: read(value, Math.min(of('length') >>> 0, MAX_SOCKADDR)) };
      case 'dataIn':
        return this.data(value, of('size') >>> 0);
      case 'optionValueIn':
        return this.option(value, of('level'), of('option'), of('length') >>> 0);
      case 'lengthPointer': {
        const length = readWord(read, value) | 0;
        return { kind: 'length', before: length, now: length };
      }
      case 'offsetPointer': {
        const offset = this.offset(call, value);
        return { kind: 'offset', before: offset, now: offset };
      }
      case 'messageHeader':
        return { kind: 'message', message: readMessage(value, { filled: !receives(call), limit }, read) };
      case 'messageVector':
        return {
          kind: 'messages',
          ...readMessages(value, of('count') >>> 0, () => ({ filled: !receives(call), limit }), read),
        };
      case 'timeout':
        return this.time(call, value);
      case 'fdSet':
        return this.fdSet(value, of('count') | 0);
      default:
        return { kind: 'pointer', value };
    }
  }

  /** An argument that the call may have changed; undefined for one that stays as it was. */
  private returning(
    call: CallWords,
    parameters: readonly Parameter[],
    kind: Parameter['kind'],
    value: number,
    before: readonly ArgumentValue[],
    index: number,
    result: number,
  ): ArgumentValue | undefined {
    const { read, limit } = this;
    const of = (wanted: Parameter['kind']): number => wordOf(call, parameters, wanted);
    const old = before[index];
    switch (kind) {
      case 'sockaddrOut': {
        const at = of('lengthPointer');
        if (at === 0) return undefined;
        // The kernel writes no more than the caller has room for, and then says how long the address is.
        const length = before[parameters.findIndex((p) => p.kind === 'lengthPointer')];
        const room = length?.kind === 'length' ? length.now >>> 0 : 0;
        return { kind: 'sockaddr', bytes: read(value, Math.min(readWord(read, at), room, MAX_SOCKADDR)) };
      }
      case 'dataOut':
        return this.data(value, Math.min(result, of('size') >>> 0));
      case 'lengthPointer': {
        const now = readWord(read, value) | 0;
        return { kind: 'length', before: old.kind === 'length' ? old.before : now, now };
      }
      case 'offsetPointer': {
        const now = this.offset(call, value);
        return { kind: 'offset', before: old.kind === 'offset' ? old.before : now, now };
      }
      case 'optionValueOut':
        return this.option(value, of('level'), of('option'), readWord(read, of('lengthPointer')));
      case 'pair': {
        const bytes = read(value, 8);
        return { kind: 'pair', values: [wordIn(bytes, 0) | 0, wordIn(bytes, 4) | 0] };
      }
      case 'messageHeader': {
        if (!receives(call)) return undefined;
        const nameLengthBefore = old.kind === 'message' ? old.message.nameLengths[0] : undefined;
        return {
          kind: 'message',
          message: readMessage(value, { filled: true, received: result, nameLengthBefore, limit }, read),
        };
      }
      case 'messageVector': {
        const view = (received: number): MessageView => ({
          filled: true,
          ...(receives(call) ? { received } : {}),
          limit,
        });
        return { kind: 'messages', ...readMessages(value, result, view, read) };
      }
      default:
        return undefined;
    }
  }

  private data(address: number, size: number): ArgumentValue {
    return { kind: 'data', bytes: this.read(address, Math.min(size, this.limit)), size };
  }

  private option(address: number, level: number, option: number, size: number): ArgumentValue {
    return { kind: 'option', level, option, bytes: this.read(address, Math.min(size, this.limit)) };
  }

  private fdSet(address: number, count: number): ArgumentValue {
    const last = Math.min(Math.max(count, 0), MAX_DESCRIPTORS);
    const bytes = this.read(address, (last + 7) >>> 3);
    const members: number[] = [];
    for (let fd = 0; fd < last; fd++) if (bytes[fd >>> 3] & (1 << (fd & 7))) members.push(fd);
    return { kind: 'fdSet', members };
  }

  /** select takes a timeval, recvmmsg a timespec: of two words, or of two double words in the 64-bit variant. */
  private time(call: CallWords, address: number): ArgumentValue {
    const wide = call.entry === 'recvmmsg';
    return {
      kind: 'time',
      seconds: readWord(this.read, address),
      fraction: readWord(this.read, address + (wide ? 8 : 4)),
      unit: call.name === 'recvmmsg' ? 'tv_nsec' : 'tv_usec',
    };
  }

  private offset(call: CallWords, address: number): bigint {
    if (call.entry !== 'sendfile64') return BigInt(readWord(this.read, address) | 0);
    const low = BigInt(readWord(this.read, address));
    return BigInt.asIntN(64, low | (BigInt(readWord(this.read, address + 4)) << 32n));
  }
}

function wordOf(call: CallWords, parameters: readonly Parameter[], kind: Parameter['kind']): number {
  const at = parameters.findIndex((p) => p.kind === kind);
  return at < 0 ? 0 : (call.words[at] ?? 0);
}

/** Calls that fill the caller's buffers. */
function receives(call: CallWords): boolean {
  return call.name === 'recvmsg' || call.name === 'recvmmsg';
}

/**
 * A system call's arguments in strace's notation: what goes in is decoded at the entry, what comes out at the return. Socket calls by
 * the meaning of their parameters (socket-calls.ts), others by the parameter types of their entry function (DWARF).
 */

import { MemoryError } from '../debugger/target';
import { errnoName, errnoText, isFailure } from './errno';
import type { EnteredCall } from './call-places';
import type { LinuxPlatform } from './platform';
import { MAX_SOCKADDR } from './sockaddr';
import { SOCKET_CALLS, type Parameter } from './socket-calls';
import {
  acceptFlags, familyName, levelName, messageFlags, protocolName, shutdownName, socketTypeName, SOCKETCALLS,
} from './socket-constants'; // prettier-ignore
import { messageNameLength, readWord, straceMessage, straceMessages } from './strace-message';
import { straceOption, straceOptionName } from './strace-options';
import { straceSockaddr } from './strace-sockaddr';
import { hex, pointer, quoteUpTo } from './strace-text';
import { TypedParameters } from './typed-parameters';

/** Bytes of data shown for each buffer unless told otherwise. */
export const DATA_LIMIT = 64;

export interface ShownArgument {
  readonly name: string;
  readonly text: string;
}

/** What is decoded at the entry and needed again at the return. */
export interface EntryView {
  readonly call: EnteredCall;
  readonly arguments: readonly ShownArgument[];
  /** Words behind pointers that the kernel changes, by parameter. */
  readonly before: ReadonlyMap<string, number>;
}

export class ArgumentDecoder {
  private readonly typed: TypedParameters;
  private readonly read = (address: number, length: number): Uint8Array =>
    this.platform.target.readMemory(address >>> 0, length);

  constructor(
    private readonly platform: LinuxPlatform,
    private readonly limit = DATA_LIMIT,
  ) {
    this.typed = new TypedParameters(platform, limit);
  }

  /** Decodes at the first instruction of the entry function. */
  atEntry(call: EnteredCall): EntryView {
    const list = parametersOf(call);
    if (!list) return { call, arguments: this.typed.atEntry(call), before: new Map() };
    const before = new Map<string, number>();
    const shown = list.map((parameter, i) => ({
      name: parameter.name,
      text: this.guarded(call.words[i], () => this.entering(call, list, i, before)),
    }));
    return { call, arguments: shown, before };
  }

  /** Decodes what came out, at the return; the rest is as it was at the entry. */
  atReturn(entered: EntryView, result: number): ShownArgument[] {
    const { call } = entered;
    const list = parametersOf(call);
    if (!list) return this.typed.atReturn(call, entered.arguments, result);
    return list.map((parameter, i) => {
      const before = entered.arguments[i];
      if (call.words[i] === undefined) return before;
      const text = this.guarded(call.words[i], () => this.returning(entered, list, i, result) ?? before.text);
      return { name: parameter.name, text };
    });
  }

  /** A bad pointer is the caller's business; what is shown is what was passed. */
  private guarded(value: number | undefined, decode: () => string): string {
    if (value === undefined) return '<unreadable>';
    try {
      return decode();
    } catch (error) {
      if (error instanceof MemoryError) return hex(value);
      throw error;
    }
  }

  private entering(call: EnteredCall, list: readonly Parameter[], index: number, before: Map<string, number>): string {
    const value = call.words[index];
    const { name, kind } = list[index];
    const of = (wanted: Parameter['kind']): number => wordOf(call, list, wanted);
    const { read, limit } = this;
    switch (kind) {
      case 'fd':
      case 'backlog':
      case 'length':
        return String(value | 0);
      case 'size':
      case 'count':
        return String(value >>> 0);
      case 'family':
        return familyName(value);
      case 'type':
        return socketType(value);
      case 'protocol':
        return protocolName(value, of('family'));
      case 'messageFlags':
        return messageFlags(value);
      case 'acceptFlags':
        return straceAcceptFlags(value);
      case 'how':
        return shutdownName(value);
      case 'level':
        return levelName(value);
      case 'option':
        return straceOptionName(of('level'), value);
      case 'call':
        return SOCKETCALLS[value] ?? String(value);
    }
    if (value === 0) return 'NULL';
    switch (kind) {
      case 'sockaddrIn':
        return straceSockaddr(read(value, Math.min(of('length') >>> 0, MAX_SOCKADDR)));
      case 'dataIn':
        return quoteUpTo(read(value, Math.min(of('size') >>> 0, limit)), of('size') >>> 0);
      case 'optionValueIn': {
        const size = of('length') >>> 0;
        return straceOption(of('level'), of('option'), read(value, Math.min(size, limit)));
      }
      case 'lengthPointer':
      case 'offsetPointer':
        before.set(name, readWord(read, value));
        return `[${kind === 'lengthPointer' ? readWord(read, value) | 0 : this.offset(call, value)}]`;
      case 'messageHeader':
        before.set(name, messageNameLength(value, read));
        return straceMessage(value, { filled: !receives(call), limit }, read);
      case 'messageVector':
        return straceMessages(value, of('count') >>> 0, () => ({ filled: !receives(call), limit }), read);
      case 'timeout':
        return this.time(call, value);
      case 'fdSet':
        return this.fdSet(value, of('count') | 0);
      default:
        return pointer(value);
    }
  }

  /** The text of an argument that the call may have changed; undefined for one that stays as it was. */
  private returning(entered: EntryView, list: readonly Parameter[], index: number, result: number): string | undefined {
    const { call } = entered;
    const value = call.words[index];
    const { name, kind } = list[index];
    if (isFailure(result) || value === 0) return undefined;
    const { read, limit } = this;
    const of = (wanted: Parameter['kind']): number => wordOf(call, list, wanted);
    const before = entered.before.get(name);
    switch (kind) {
      case 'sockaddrOut': {
        const at = of('lengthPointer');
        if (at === 0) return pointer(value);
        // The kernel writes no more than the caller has room for, and then says how long the address is.
        const room = entered.before.get(list.find((p) => p.kind === 'lengthPointer')?.name ?? '') ?? 0;
        return straceSockaddr(read(value, Math.min(readWord(read, at), room, MAX_SOCKADDR)));
      }
      case 'dataOut':
        return quoteUpTo(read(value, Math.min(result, of('size') >>> 0, limit)), Math.min(result, of('size') >>> 0));
      case 'lengthPointer': {
        const now = readWord(read, value) | 0;
        return before === undefined || (before | 0) === now ? `[${now}]` : `[${before | 0} => ${now}]`;
      }
      case 'offsetPointer': {
        const now = this.offset(call, value);
        const text = entered.arguments[index].text;
        return text === `[${now}]` ? text : `${text} => [${now}]`;
      }
      case 'optionValueOut': {
        const size = readWord(read, of('lengthPointer'));
        return straceOption(of('level'), of('option'), read(value, Math.min(size, limit)));
      }
      case 'pair':
        return `[${readWord(read, value) | 0}, ${readWord(read, value + 4) | 0}]`;
      case 'messageHeader':
        if (!receives(call)) return undefined;
        return straceMessage(value, { filled: true, received: result, nameLengthBefore: before, limit }, read);
      case 'messageVector': {
        const filled = (received: number) => ({ filled: true, ...(receives(call) ? { received } : {}), limit });
        return straceMessages(value, result, filled, read);
      }
      default:
        return undefined;
    }
  }

  private fdSet(address: number, count: number): string {
    const bytes = this.read(address, (Math.min(Math.max(count, 0), 1024) + 7) >>> 3);
    const members: number[] = [];
    for (let fd = 0; fd < count && fd < 1024; fd++) if (bytes[fd >>> 3] & (1 << (fd & 7))) members.push(fd);
    return `[${members.join(' ')}]`;
  }

  /** select takes a timeval, recvmmsg a timespec: of two words, or of two double words in the 64-bit variant. */
  private time(call: EnteredCall, address: number): string {
    const wide = call.entry === 'recvmmsg';
    const second = readWord(this.read, address + (wide ? 8 : 4));
    const unit = call.name === 'recvmmsg' ? 'tv_nsec' : 'tv_usec';
    return `{tv_sec=${readWord(this.read, address)}, ${unit}=${second}}`;
  }

  private offset(call: EnteredCall, address: number): string {
    if (call.entry !== 'sendfile64') return String(readWord(this.read, address) | 0);
    const low = BigInt(readWord(this.read, address));
    return String(BigInt.asIntN(64, low | (BigInt(readWord(this.read, address + 4)) << 32n)));
  }

  /** What select left in its sets, and what a timeout has left: `(in [3], left {tv_sec=0, tv_usec=999998})`. */
  note(entered: EntryView, result: number): string {
    const { call } = entered;
    if ((call.name !== 'select' && call.name !== 'recvmmsg') || isFailure(result)) return '';
    if (result === 0) return ' (Timeout)';
    const timeout = call.words[4];
    const left = timeout ? [`left ${this.guarded(timeout, () => this.time(call, timeout))}`] : [];
    const parts = [...(call.name === 'select' ? this.setsOf(call) : []), ...left];
    return parts.length > 0 ? ` (${parts.join(', ')})` : '';
  }

  private setsOf(call: EnteredCall): string[] {
    return ['in', 'out', 'except'].flatMap((label, i) => {
      const at = call.words[i + 1];
      const text = at ? this.guarded(at, () => this.fdSet(at, call.words[0] | 0)) : '[]';
      return text === '[]' ? [] : [`${label} ${text}`];
    });
  }
}

/** `SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK`: strace has the flags in this order. */
function socketType(value: number): string {
  return socketTypeName(value).replace('SOCK_NONBLOCK|SOCK_CLOEXEC', 'SOCK_CLOEXEC|SOCK_NONBLOCK');
}

/** The flags of accept4; a value without any that is known is marked as strace marks it. */
function straceAcceptFlags(value: number): string {
  const text = acceptFlags(value);
  if (text.startsWith('0x')) return `${text} /* SOCK_??? */`;
  return text.replace('SOCK_NONBLOCK|SOCK_CLOEXEC', 'SOCK_CLOEXEC|SOCK_NONBLOCK');
}

/** Parameters of a socket call; undefined for other calls. */
function parametersOf(call: EnteredCall): readonly Parameter[] | undefined {
  return Object.hasOwn(SOCKET_CALLS, call.name) ? SOCKET_CALLS[call.name] : undefined;
}

function wordOf(call: EnteredCall, list: readonly Parameter[], kind: Parameter['kind']): number {
  const at = list.findIndex((p) => p.kind === kind);
  return at < 0 ? 0 : (call.words[at] ?? 0);
}

function receives(call: EnteredCall): boolean {
  return call.name === 'recvmsg' || call.name === 'recvmmsg';
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

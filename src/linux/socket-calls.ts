/**
 * The socket calls of mission and manual (section 2): their parameters, in the order of the direct system call and of socketcall's
 * argument array, and how each is shown.
 */

import { MemoryError } from '../debugger/target';
import { formatSockaddr, MAX_SOCKADDR } from './sockaddr';
import {
  acceptFlags, familyName, levelName, messageFlags, optionName, protocolName, shutdownName, socketTypeName, SOCKETCALLS,
} from './socket-constants'; // prettier-ignore

type ParameterKind =
  | 'fd' | 'family' | 'type' | 'protocol' | 'sockaddrIn' | 'sockaddrOut' | 'length' | 'lengthPointer' | 'backlog' | 'dataIn' | 'dataOut'
  | 'size' | 'messageFlags' | 'acceptFlags' | 'how' | 'level' | 'option' | 'optionValueIn' | 'optionValueOut' | 'pair' | 'messageHeader'
  | 'messageVector' | 'count' | 'timeout' | 'call' | 'pointer' | 'fdSet' | 'offsetPointer'; // prettier-ignore

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
}

function parameters(text: string): Parameter[] {
  return text.split(' ').map((part) => {
    const [name, kind] = part.split(':');
    return { name, kind: kind as ParameterKind };
  });
}

/** Calls by name. */
export const SOCKET_CALLS: Readonly<Record<string, readonly Parameter[]>> = {
  socketcall: parameters('call:call args:pointer'),
  socket: parameters('family:family type:type protocol:protocol'),
  bind: parameters('fd:fd addr:sockaddrIn addrlen:length'),
  connect: parameters('fd:fd addr:sockaddrIn addrlen:length'),
  listen: parameters('fd:fd backlog:backlog'),
  accept: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer'),
  accept4: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer flags:acceptFlags'),
  getsockname: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer'),
  getpeername: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer'),
  socketpair: parameters('family:family type:type protocol:protocol sv:pair'),
  send: parameters('fd:fd buf:dataIn len:size flags:messageFlags'),
  sendto: parameters('fd:fd buf:dataIn len:size flags:messageFlags addr:sockaddrIn addrlen:length'),
  recv: parameters('fd:fd buf:dataOut len:size flags:messageFlags'),
  recvfrom: parameters('fd:fd buf:dataOut len:size flags:messageFlags addr:sockaddrOut addrlen:lengthPointer'),
  shutdown: parameters('fd:fd how:how'),
  setsockopt: parameters('fd:fd level:level optname:option optval:optionValueIn optlen:length'),
  getsockopt: parameters('fd:fd level:level optname:option optval:optionValueOut optlen:lengthPointer'),
  sendmsg: parameters('fd:fd msg:messageHeader flags:messageFlags'),
  recvmsg: parameters('fd:fd msg:messageHeader flags:messageFlags'),
  sendmmsg: parameters('fd:fd vec:messageVector vlen:count flags:messageFlags'),
  recvmmsg: parameters('fd:fd vec:messageVector vlen:count flags:messageFlags timeout:timeout'),
  select: parameters('n:count inp:fdSet outp:fdSet exp:fdSet tvp:timeout'),
  sendfile: parameters('out_fd:fd in_fd:fd offset:offsetPointer count:size'),
};

/** `SYS_BIND` → `bind`. */
export function callOfCase(caseName: string): string {
  return caseName.replace(/^SYS_/, '').toLowerCase();
}

/** Bytes of data shown. */
const DATA_LIMIT = 64;

/** How a decoder reads the caller's memory. @throws MemoryError */
export type ReadMemory = (address: number, length: number) => Uint8Array;

/**
 * A socket call's arguments, decoded: `{ fd: 3, addr: '0.0.0.0:5001', addrlen: 16 }`.
 * @param call name without prefix
 * @param values the raw words, in the order of the parameters
 * @returns undefined for a call that is not of the socket interface
 */
export function decodeArguments(
  call: string,
  values: readonly number[],
  read: ReadMemory,
): Record<string, string | number> | undefined {
  const list = Object.hasOwn(SOCKET_CALLS, call) ? SOCKET_CALLS[call] : undefined;
  if (!list) return undefined;
  const result: Record<string, string | number> = {};
  list.forEach((parameter, i) => {
    const value = values[i];
    result[parameter.name] = value === undefined ? '<optimized out>' : decode(list, i, values, read);
  });
  return result;
}

function decode(
  list: readonly Parameter[],
  index: number,
  values: readonly number[],
  read: ReadMemory,
): string | number {
  const value = values[index];
  const of = (kind: ParameterKind): number => {
    const at = list.findIndex((p) => p.kind === kind);
    return at < 0 ? 0 : values[at];
  };
  try {
    switch (list[index].kind) {
      case 'fd':
      case 'backlog':
      case 'length':
      case 'count':
        return value | 0;
      case 'size':
        return value >>> 0;
      case 'family':
        return familyName(value);
      case 'type':
        return socketTypeName(value);
      case 'protocol':
        return protocolName(value, of('family'));
      case 'messageFlags':
        return messageFlags(value);
      case 'acceptFlags':
        return value === 0 ? 0 : acceptFlags(value);
      case 'how':
        return shutdownName(value);
      case 'level':
        return levelName(value);
      case 'option':
        return optionName(of('level'), value);
      case 'call':
        return SOCKETCALLS[value] ?? value;
      case 'sockaddrIn': {
        const length = Math.min(of('length') >>> 0, MAX_SOCKADDR);
        return value === 0 ? 'NULL' : formatSockaddr(read(value, length));
      }
      case 'dataIn':
        return value === 0 ? 'NULL' : quoteData(value, of('size') >>> 0, read);
      case 'optionValueIn':
        return value === 0 ? 'NULL' : optionValue(read(value, Math.min(of('length') >>> 0, DATA_LIMIT)));
      case 'lengthPointer':
        return value === 0 ? 'NULL' : `[${word(read, value) | 0}]`;
      case 'messageHeader':
        return value === 0 ? 'NULL' : messageHeader(value, list !== SOCKET_CALLS.recvmsg, read);
      case 'timeout':
        return value === 0 ? 'NULL' : `{${word(read, value)}, ${word(read, value + 4)}}`;
      case 'fdSet':
        return value === 0 ? 'NULL' : fdSet(value, of('count'), read);
      case 'offsetPointer':
        return value === 0 ? 'NULL' : `[${word(read, value)}]`;
      default:
        return value === 0 ? 'NULL' : hex(value);
    }
  } catch (error) {
    // A bad pointer is the caller's business; what is shown is what was passed.
    if (error instanceof MemoryError) return hex(value);
    throw error;
  }
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

function word(read: ReadMemory, address: number): number {
  const bytes = read(address >>> 0, 4);
  return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
}

function quoteData(address: number, size: number, read: ReadMemory): string {
  const bytes = read(address, Math.min(size, DATA_LIMIT));
  const text = Array.from(bytes, (byte) => {
    if (byte === 10) return '\\n';
    if (byte === 13) return '\\r';
    if (byte === 9) return '\\t';
    if (byte === 34 || byte === 92) return `\\${String.fromCharCode(byte)}`;
    return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
  return `"${text}"${size > DATA_LIMIT ? '…' : ''}`;
}

function optionValue(bytes: Uint8Array): string {
  if (bytes.length === 4) return `[${new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true)}]`;
  return `{${Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ')}}`;
}

/** struct user_msghdr: name, namelen, iov, iovlen, control, controllen, flags; four bytes each on i386. */
function messageHeader(address: number, filled: boolean, read: ReadMemory): string {
  const [name, nameLength, vector, count, control, controlLength] = [0, 4, 8, 12, 16, 20].map((o) =>
    word(read, address + o),
  );
  const parts: string[] = [];
  // Where a name is to be received, there is none yet.
  const shown = (): string => (filled ? formatSockaddr(read(name, Math.min(nameLength, MAX_SOCKADDR))) : hex(name));
  if (name !== 0) parts.push(`name=${shown()}`);
  const buffers = Array.from({ length: Math.min(count, 8) }, (_, i) => {
    const base = word(read, vector + 8 * i);
    const length = word(read, vector + 8 * i + 4);
    return `{${hex(base)}, ${length}}`;
  });
  parts.push(`iov=[${buffers.join(', ')}${count > 8 ? ', …' : ''}]`);
  if (control !== 0) parts.push(`control=${controlLength} bytes`);
  return `{${parts.join(', ')}}`;
}

function fdSet(address: number, count: number, read: ReadMemory): string {
  const bytes = read(address, (Math.min(Math.max(count, 0), 1024) + 7) >>> 3);
  const members: number[] = [];
  for (let fd = 0; fd < count && fd < 1024; fd++) if (bytes[fd >>> 3] & (1 << (fd & 7))) members.push(fd);
  return `[${members.join(' ')}]`;
}

/**
 * The last hops of a socket call: descriptor → `struct file` → `struct socket` → `ops` (struct proto_ops, include/linux/net.h) →
 * `struct sock` → `sk_prot` (struct proto, include/net/sock.h). A socket that is still to be made has none of these: there, `net_families`
 * (net/socket.c) says who makes it, and for AF_INET the list `inetsw` (net/ipv4/af_inet.c) which protocol it will have.
 */

import type { Frame } from '../debugger/api';
import { environmentOf } from '../debugger/expressions';
import { MemoryError } from '../debugger/target';
import { integerOf, ValueError } from '../debugger/values';
import { stripTypedefs } from '../symbols';
import type { StructType } from '../symbols/api';
import { wordIn } from './argument-values';
import { hex, leadsTo, pointerAt, pointerText, tableAround, type Hop, type HopTable } from './dispatch-path-hops';
import { DISCONNECT, FILE_OPERATIONS, PROTOCOL_STEPS, type ProtocolStep, type Route } from './dispatch-path-routes';
import { openFiles } from './files';
import type { Kernel } from './kernel';
import { familyName } from './socket-constants';

const AF_UNSPEC = 0;
const AF_INET = 2;
const AF_INET6 = 10;
const IPPROTO_IP = 0;
const SOL_SOCKET = 1;
const RCV_SHUTDOWN = 1;
/** Lists of protocols by family: net/ipv4/af_inet.c and net/ipv6/af_inet6.c. */
const PROTOCOL_LISTS: Readonly<Record<number, string>> = { [AF_INET]: 'inetsw', [AF_INET6]: 'inetsw6' };
/** SOCK_TYPE_MASK (include/linux/net.h): the rest is flags. */
const SOCKET_TYPE_MASK = 0xf;
/** SOCK_MAX, NPROTO: bounds for damaged memory. */
const MAX_LIST = 64;
/** TCP_SYN_SENT and TCP_LISTEN (include/net/tcp_states.h). */
const TCP_SYN_SENT = 2;
const TCP_LISTEN = 10;

/** What a call is about: its name, its arguments and whose files they mean. */
export interface SocketCall {
  readonly kernel: Kernel;
  readonly name: string;
  readonly words: readonly number[];
  /** Address of the task_struct. */
  readonly task: number;
  /** The kernel's frames of the call, innermost first. */
  readonly frames: readonly Frame[];
  /** The program's memory. @throws MemoryError */
  readonly readMemory: (address: number, length: number) => Uint8Array;
}

/** The hops behind the function that serves a call; the detail says why there is none, where that is to be explained. */
export interface LastHops {
  readonly hops: readonly Hop[];
  readonly detail?: string;
}

/** The hops of a call on a socket or on a file. */
export function socketHops(call: SocketCall, route: Route): LastHops {
  if (route.fd === undefined && call.name !== 'select') return creationHops(call, route);
  const fd = descriptorOf(call, route);
  if (fd === undefined) return { hops: [] };
  const file = openFiles(call.kernel, call.task).find((each) => each.fd === (fd | 0))?.file;
  if (file === undefined) {
    const sock = socketOnStack(call);
    if (sock !== undefined) return { hops: operationHops(call, route, sock) };
    return { hops: [], detail: `descriptor ${fd | 0} is not open (EBADF)` };
  }
  const through = fileHop(call, file);
  const isSocket = call.kernel.word('file', 'f_op', file) === call.kernel.symbol('socket_file_ops');
  if (!isSocket) {
    if (through) return { hops: [through] };
    return { hops: [], detail: `descriptor ${fd | 0} is no socket (ENOTSOCK)` };
  }
  const sock = call.kernel.word('file', 'private_data', file);
  return { hops: [...(through ? [through] : []), ...operationHops(call, route, sock)] };
}

/** The descriptor that a call is about; of select the first socket of its sets. */
export function descriptorOf(call: SocketCall, route: Route): number | undefined {
  return call.name === 'select' ? firstOfSets(call) : route.fd === undefined ? undefined : call.words[route.fd];
}

/** Through `file->f_op`, for calls that any file serves. */
function fileHop({ kernel, name }: SocketCall, file: number): Hop | undefined {
  if (!Object.hasOwn(FILE_OPERATIONS, name)) return undefined;
  const operations = kernel.word('file', 'f_op', file);
  return memberHop(kernel, 'file_operations', operations, FILE_OPERATIONS[name], 'operations', 'file->f_op');
}

/** The member of a structure of functions that a call goes through: the first of some that the kernel has and that is not NULL. */
function memberHop(
  kernel: Kernel,
  tag: string,
  address: number,
  members: readonly string[],
  kind: 'operations' | 'protocol',
  path: string,
): Hop | undefined {
  for (const member of members) {
    const offset = kernel.offsetIfAny(tag, member);
    if (offset === undefined) continue;
    const owner = kernel.symbolName(address) ?? hex(address);
    const memory = pointerAt(kernel, address + offset, `${owner}.${member}`);
    const target = wordIn(memory.bytes, 0);
    if (target === 0) continue;
    return {
      kind,
      title: `${path}->${member}`,
      detail: `${owner} → ${kernel.symbolName(target) ?? hex(target)}`,
      ...leadsTo(kernel, target),
      memory,
      table: functionsOf(kernel, tag, address, offset, owner),
    };
  }
  return undefined;
}

/** The neighbouring members of a structure of functions. */
function functionsOf(kernel: Kernel, tag: string, address: number, offset: number, name: string): HopTable | undefined {
  const type = kernel.struct(tag);
  if (!type) return undefined;
  const names = memberNames(type);
  const count = type.byteSize >>> 2;
  return tableAround(kernel, { name, address, index: offset >>> 2, entrySize: 4, count }, (index, bytes) => {
    const member = names.get(4 * index);
    const value = wordIn(bytes, 0);
    const isFunction = member?.isFunction === true && value !== 0;
    return { symbol: isFunction ? kernel.symbolName(value) : undefined, name: member?.name };
  });
}

function memberNames(type: StructType): Map<number, { name: string; isFunction: boolean }> {
  const names = new Map<number, { name: string; isFunction: boolean }>();
  for (const { name, offset, type: of } of type.members) {
    const bare = stripTypedefs(of);
    const isFunction = bare.kind === 'pointer' && stripTypedefs(bare.target).kind === 'subroutine';
    if (name !== undefined) names.set(offset, { name, isFunction });
  }
  return names;
}

/** `sock->ops->…` and what that calls in `sk->sk_prot`. @param sock address of the struct socket */
function operationHops(call: SocketCall, route: Route, sock: number): Hop[] {
  const { kernel, name, words } = call;
  if ((name === 'setsockopt' || name === 'getsockopt') && words[1] === SOL_SOCKET) {
    // Options of the socket level are served before the socket's operations are asked (net/core/sock.c).
    const served = [`sock_${name}`, `sk_${name}`].find((each) => kernel.symbol(each) !== undefined);
    const address = served === undefined ? undefined : kernel.symbol(served);
    if (address === undefined) return [];
    return [
      {
        kind: 'kernel',
        title: served ?? '',
        detail: 'level SOL_SOCKET: not by the socket’s operations',
        ...leadsTo(kernel, address),
      },
    ];
  }
  const operations = kernel.word('socket', 'ops', sock);
  if (operations === 0) return [];
  const first = memberHop(kernel, 'proto_ops', operations, route.operation ?? [], 'operations', 'sock->ops');
  if (!first) return [];
  const sk = kernel.word('socket', 'sk', sock);
  if (sk === 0 || first.symbol === undefined) return [first];
  const protocol = kernel.word('sock', '__sk_common.skc_prot', sk);
  const steps = protocolSteps(call, first.symbol, sk);
  if (steps.length === 0) return [{ ...first, detail: `${first.detail}, which does the work itself` }];
  const next = steps.flatMap((step) => memberHop(kernel, 'proto', protocol, step, 'protocol', 'sk->sk_prot') ?? []);
  return [first, ...next];
}

/** What a function of proto_ops calls in the protocol, with the cases in which it calls something else. */
function protocolSteps(call: SocketCall, operation: string, sk: number): readonly ProtocolStep[] {
  const { kernel, words } = call;
  const steps = Object.hasOwn(PROTOCOL_STEPS, operation) ? PROTOCOL_STEPS[operation] : [];
  if (steps.length === 0) return steps;
  if (call.frames.some(({ functionName }) => functionName.endsWith('_disconnect'))) return [DISCONNECT];
  if (call.name === 'connect' && familyAt(call, words[1]) === AF_UNSPEC) return [DISCONNECT];
  if (call.name === 'shutdown') {
    const state = kernel.u8(sk + kernel.offset('sock', '__sk_common.skc_state'));
    // SHUT_RD 0, SHUT_WR 1, SHUT_RDWR 2: the kernel adds one.
    if (state === TCP_SYN_SENT) return [DISCONNECT];
    if (state === TCP_LISTEN) return ((words[1] + 1) & RCV_SHUTDOWN) !== 0 ? [DISCONNECT] : [];
  }
  return steps;
}

function familyAt({ readMemory }: SocketCall, address: number): number | undefined {
  const bytes = readOrNothing(readMemory, address, 2);
  return bytes && bytes[0] | (bytes[1] << 8);
}

/** A socket that a frame of the call works on, where the files do not have it: it is being made or closed. */
function socketOnStack({ frames }: SocketCall, names = ['sock', 'sock1', 'socka']): number | undefined {
  return frames.map((frame) => pointerIn(frame, names, 'socket')).find((each) => each !== undefined && each !== 0);
}

/** Who makes the socket, and for the Internet families which protocol it gets; then what the call does with it. */
function creationHops(call: SocketCall, route: Route): LastHops {
  const { kernel, words } = call;
  const [family, type, protocol] = words;
  if (family === undefined) return { hops: [] };
  const families = kernel.symbol('net_families');
  const count = kernel.tableLength('net_families');
  if (families === undefined) return { hops: [] };
  if (family >= count) return { hops: [], detail: `there is no family ${family} (EAFNOSUPPORT)` };
  const entry = kernel.u32(families + 4 * family);
  if (entry === 0) return { hops: [], detail: `this kernel has no ${familyName(family)} (EAFNOSUPPORT)` };
  const create = kernel.word('net_proto_family', 'create', entry);
  const owner = kernel.symbolName(entry) ?? hex(entry);
  const hop: Hop = {
    kind: 'operations',
    title: `net_families[${familyName(family)}]->create`,
    detail: `${owner} → ${kernel.symbolName(create) ?? hex(create)}`,
    ...leadsTo(kernel, create),
    memory: pointerAt(kernel, entry + kernel.offset('net_proto_family', 'create'), `${owner}.create`),
    table: tableAround(
      kernel,
      { name: 'net_families', address: families, index: family, entrySize: 4, count },
      (index, bytes) => ({
        name: familyName(index),
        symbol: wordIn(bytes, 0) === 0 ? undefined : kernel.symbolName(wordIn(bytes, 0)),
      }),
    ),
  };
  const made = route.operation ? socketOnStack(call, ['sock1', 'socka']) : undefined;
  const later = made === undefined ? [] : operationHops(call, route, made);
  return { hops: [hop, ...initHop(kernel, family, type, protocol), ...later] };
}

/** `sk->sk_prot->init` of the protocol that inet_create or inet6_create will find in its list. */
function initHop(kernel: Kernel, family: number, type: number, protocol: number): Hop[] {
  const entry = protocolEntry(kernel, family, type, protocol);
  if (entry === undefined) return [];
  const prot = kernel.word('inet_protosw', 'prot', entry);
  const hop = memberHop(kernel, 'proto', prot, ['init'], 'protocol', 'sk->sk_prot');
  if (!hop) return [];
  const list = `${PROTOCOL_LISTS[family]}[${type & SOCKET_TYPE_MASK}]`;
  const operations = pointerText(kernel, kernel.word('inet_protosw', 'ops', entry));
  return [{ ...hop, detail: `${hop.detail}; ${list} has ops ${operations}` }];
}

/** The struct inet_protosw that the kernel's own search finds, wild cards included. */
function protocolEntry(kernel: Kernel, family: number, type: number, protocol: number): number | undefined {
  const lists = Object.hasOwn(PROTOCOL_LISTS, family) ? kernel.symbol(PROTOCOL_LISTS[family]) : undefined;
  if (lists === undefined || !kernel.struct('inet_protosw')) return undefined;
  const head = lists + (type & SOCKET_TYPE_MASK) * kernel.sizeOf('list_head');
  const link = kernel.offset('inet_protosw', 'list');
  let node = kernel.u32(head);
  for (let i = 0; node !== head && node !== 0 && i < MAX_LIST; i++, node = kernel.u32(node)) {
    const entry = (node - link) >>> 0;
    const offered = kernel.u16(entry + kernel.offset('inet_protosw', 'protocol'));
    if (offered === protocol ? protocol !== IPPROTO_IP : protocol === IPPROTO_IP || offered === IPPROTO_IP)
      return entry;
  }
  return undefined;
}

/** The first socket among the descriptors of select's three sets (fd_set: a bit a descriptor). */
function firstOfSets({ kernel, task, words, readMemory }: SocketCall): number | undefined {
  const sockets = kernel.symbol('socket_file_ops');
  const length = (Math.min(Math.max(words[0] | 0, 0), 1024) + 7) >>> 3;
  const sets = words
    .slice(1, 4)
    .flatMap((address) => (address === 0 ? [] : [readOrNothing(readMemory, address, length)]));
  const isWanted = (fd: number): boolean =>
    sets.some((set) => set !== undefined && ((set[fd >>> 3] ?? 0) >> (fd & 7)) & 1);
  return openFiles(kernel, task).find(({ fd, file }) => isWanted(fd) && kernel.word('file', 'f_op', file) === sockets)
    ?.fd;
}

function readOrNothing(readMemory: SocketCall['readMemory'], address: number, length: number): Uint8Array | undefined {
  try {
    return readMemory(address >>> 0, length);
  } catch (error) {
    if (error instanceof MemoryError) return undefined;
    throw error;
  }
}

/** A frame's variable that points to a structure of that tag, by the first of some names that has a value. */
function pointerIn(frame: Frame, names: readonly string[], tag: string): number | undefined {
  if (frame.kind === 'divider') return undefined;
  const environment = environmentOf(frame);
  for (const name of names) {
    const value = frame.scope() && environment.variable(name);
    const bare = value?.bareType;
    if (bare?.kind !== 'pointer' || stripTypedefs(bare.target).name !== tag) continue;
    try {
      return Number(BigInt.asUintN(32, integerOf(value!)));
    } catch (error) {
      if (!(error instanceof ValueError) && !(error instanceof MemoryError)) throw error;
    }
  }
  return undefined;
}

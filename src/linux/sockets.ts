/**
 * Every open socket, by the way the kernel itself goes: task → files_struct → fdtable → `struct file` whose f_op is `socket_file_ops` →
 * private_data, a `struct socket` → `struct sock` (net/socket.c, include/net/sock.h; 5.x and 6.x). Addresses are those of `inet_sock`
 * (include/net/inet_sock.h) and `unix_sock` (include/net/af_unix.h).
 */

import { integerOf, type Value } from '../debugger/values';
import { fieldIfAny, numberOf } from './fields';
import { openFiles } from './files';
import type { Kernel } from './kernel';
import type { LinuxPlatform } from './platform';
import { formatIpv6, formatSockaddr } from './sockaddr';
import { familyName, protocolName, socketTypeName } from './socket-constants';
import { optionsOf } from './socket-options';
import { queuesOf, waitingConnections, type SocketQueue } from './socket-queues';
import type { Task } from './tasks';

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** TCP_* (include/net/tcp_states.h) as ss(8) and netstat(8) name them. */
const TCP_STATES = [
  'UNKNOWN', 'ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'FIN_WAIT1', 'FIN_WAIT2', 'TIME_WAIT', 'CLOSE', 'CLOSE_WAIT', 'LAST_ACK', 'LISTEN',
  'CLOSING', 'NEW_SYN_RECV',
]; // prettier-ignore
/** enum socket_state (include/uapi/linux/net.h). */
const SOCKET_STATES = ['SS_FREE', 'SS_UNCONNECTED', 'SS_CONNECTING', 'SS_CONNECTED', 'SS_DISCONNECTING'];

/** An open socket of a task. */
export interface OpenSocket {
  readonly task: Task;
  readonly fd: number;
  /** `AF_INET`. */
  readonly family: string;
  readonly type: string;
  readonly protocol: string;
  /** `LISTEN`; of AF_UNIX the socket's own state where it has no other. */
  readonly state: string;
  readonly local: string;
  readonly remote: string;
  /** Received and not read, bytes; of a listening socket, connections that wait to be accepted. */
  readonly receiveQueue: number;
  /** Sent and not acknowledged, bytes; of a listening socket, the backlog. */
  readonly sendQueue: number;
  /** Options that are not as they are by default. */
  readonly options: readonly string[];
  /** Its queues that have something in them. */
  readonly queues: readonly SocketQueue[];
  /** Connections of a listening TCP socket that nobody has accepted. */
  readonly waiting: readonly Value[];
  readonly inode: number;
  /** Its structures: file, socket, sock and the protocol's own. */
  readonly structures: readonly Value[];
}

/** The sockets of all processes; a process's threads share theirs. @throws LinuxError, MemoryError */
export function allSockets(platform: LinuxPlatform): OpenSocket[] {
  const leaders = platform.tasks.list().filter(({ pid, tgid }) => pid === tgid);
  return leaders.flatMap((task) => socketsOf(platform.kernel, task));
}

/** Whether a task's descriptor is a socket: quick, for a scope that is only offered. */
export function isSocket(kernel: Kernel, task: Task, fd: number): boolean {
  const open = openFiles(kernel, task.address).find((each) => each.fd === fd);
  return open !== undefined && kernel.word('file', 'f_op', open.file) === kernel.symbol('socket_file_ops');
}

/** The sockets of one task. @throws LinuxError, MemoryError */
export function socketsOf(kernel: Kernel, task: Task): OpenSocket[] {
  const operations = kernel.symbol('socket_file_ops');
  if (operations === undefined) return [];
  return openFiles(kernel, task.address)
    .filter(({ file }) => kernel.word('file', 'f_op', file) === operations)
    .flatMap(({ fd, file }) => describe(kernel, task, fd, file) ?? []);
}

function describe(kernel: Kernel, task: Task, fd: number, file: number): OpenSocket | undefined {
  const socket = kernel.word('file', 'private_data', file);
  const sock = socket === 0 ? 0 : kernel.word('socket', 'sk', socket);
  if (sock === 0) return undefined;
  const sk = kernel.value('sock', sock);
  const family = numberOf(sk, '__sk_common.skc_family');
  const type = numberOf(sk, 'sk_type');
  const protocol = numberOf(sk, 'sk_protocol');
  const state = numberOf(sk, '__sk_common.skc_state');
  const listens = TCP_STATES[state] === 'LISTEN';
  const isInternet = family === AF_INET || family === AF_INET6;
  const isTcp = protocol === IPPROTO_TCP && type === SOCK_STREAM && isInternet;
  const isUdp = type === SOCK_DGRAM && protocol === IPPROTO_UDP && isInternet;
  const own = ownStructure(kernel, family, isTcp ? 'tcp_sock' : isUdp ? 'udp_sock' : 'inet_sock', sock);
  const kind = isTcp ? 'tcp' : isUdp ? 'udp' : family === AF_UNIX ? 'unix' : 'other';
  const queues = queuesOf(kernel, sock, kind);
  const value = kernel.value('socket', socket);
  const [receiveQueue, sendQueue] = listens
    ? [numberOf(sk, 'sk_ack_backlog'), numberOf(sk, 'sk_max_ack_backlog')]
    : lengths(sk, family, isTcp ? own : undefined, isUdp ? own : undefined, queues);
  return {
    task,
    fd,
    family: familyName(family),
    type: socketTypeName(type),
    protocol: protocolName(protocol, family),
    state: stateOf(kernel, family, state, socket),
    ...addresses(kernel, sk, family, own),
    receiveQueue,
    sendQueue,
    options: optionsOf(kernel, {
      socket: value,
      sk,
      inet: isInternet && kernel.struct('inet_sock') ? kernel.value('inet_sock', sock) : undefined,
      tcp: isTcp ? own : undefined,
    }),
    queues,
    waiting: listens && isTcp ? waitingConnections(kernel, sock) : [],
    inode: numberOf(kernel.value('inode', kernel.word('file', 'f_inode', file)), 'i_ino'),
    structures: [kernel.value('file', file), value, sk, ...(own ? [own] : [])],
  };
}

/** The structure that begins with struct sock, by family and protocol, where this kernel has it. */
function ownStructure(kernel: Kernel, family: number, ofInternet: string, sock: number): Value | undefined {
  const isInternet = family === AF_INET || family === AF_INET6;
  const tag = family === AF_UNIX ? 'unix_sock' : isInternet ? ofInternet : undefined;
  return tag && kernel.struct(tag) ? kernel.value(tag, sock) : undefined;
}

function stateOf(kernel: Kernel, family: number, state: number, socket: number): string {
  if (family !== AF_UNIX) return TCP_STATES[state] ?? String(state);
  // AF_UNIX uses TCP_ESTABLISHED and TCP_LISTEN; what is neither says so in its struct socket.
  const name = TCP_STATES[state];
  if (name === 'ESTABLISHED' || name === 'LISTEN') return name;
  const value = numberOf(kernel.value('socket', socket), 'state');
  return SOCKET_STATES[value] ?? String(value);
}

/** Bytes as /proc/net shows them: for TCP by sequence numbers, for others what the queues hold in memory. */
function lengths(
  sk: Value,
  family: number,
  tcp: Value | undefined,
  udp: Value | undefined,
  waiting: readonly SocketQueue[],
): [receive: number, send: number] {
  if (tcp) {
    const receive = (numberOf(tcp, 'rcv_nxt') - numberOf(tcp, 'copied_seq')) | 0;
    return [Math.max(0, receive), (numberOf(tcp, 'write_seq') - numberOf(tcp, 'snd_una')) >>> 0];
  }
  // A socket of AF_UNIX charges what it is sent to the sender, so its own queue is counted (unix_inq_len). UDP gives back late what has
  // been read (udp_rqueue_get).
  const late = udp && fieldIfAny(udp, 'forward_deficit');
  const receive =
    family === AF_UNIX
      ? queuedBytes(waiting)
      : numberOf(sk, 'sk_backlog.rmem_alloc.counter') - (late ? Number(integerOf(late)) : 0);
  // A socket's own reference counts as one (sk_wmem_alloc_get).
  const send = fieldIfAny(sk, 'sk_wmem_alloc.refs.counter');
  return [receive, send ? Math.max(0, Number(integerOf(send)) - 1) : 0];
}

function addresses(
  kernel: Kernel,
  sk: Value,
  family: number,
  own: Value | undefined,
): { local: string; remote: string } {
  if (family === AF_UNIX) {
    const peer = own ? numberOf(own, 'peer') : 0;
    return { local: unixName(kernel, numberOf(own ?? sk, 'addr')), remote: peer === 0 ? '' : unixPeer(kernel, peer) };
  }
  if (family !== AF_INET && family !== AF_INET6) return { local: '', remote: '' };
  const port = (path: string): number => {
    const raw = numberOf(sk, path);
    return ((raw & 0xff) << 8) | (raw >>> 8);
  };
  const at = (v4: string, v6: string): string => {
    const field = fieldIfAny(sk, `__sk_common.${family === AF_INET ? v4 : v6}`);
    if (!field) return '?';
    return family === AF_INET ? field.bytes().join('.') : `[${formatIpv6(field.bytes())}]`;
  };
  // skc_num is in host order and also a raw socket's protocol; skc_dport is in network order.
  const local = `${at('skc_rcv_saddr', 'skc_v6_rcv_saddr')}:${numberOf(sk, '__sk_common.skc_num')}`;
  return { local, remote: `${at('skc_daddr', 'skc_v6_daddr')}:${port('__sk_common.skc_dport')}` };
}

/** Bytes that are queued and not read, as unix_inq_len (net/unix/af_unix.c) counts them. */
function queuedBytes(queues: readonly SocketQueue[]): number {
  const received = queues.find(({ name }) => name === 'sk_receive_queue')?.buffers ?? [];
  return received.reduce((sum, { length, consumed }) => sum + length - consumed, 0);
}

/** Name in a struct unix_address: as long as `len` says, family included. */
function unixName(kernel: Kernel, address: number): string {
  if (address === 0) return '';
  const length = kernel.word('unix_address', 'len', address);
  return formatSockaddr(
    kernel.target.readMemory(address + kernel.offset('unix_address', 'name'), Math.min(length, 110)),
  );
}

function unixPeer(kernel: Kernel, peer: number): string {
  return unixName(kernel, kernel.word('unix_sock', 'addr', peer)) || '<unnamed>';
}

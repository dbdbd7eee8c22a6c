/**
 * What is queued at a socket: the queues of `struct sock` (include/net/sock.h), and those that TCP, UDP and connection-oriented sockets
 * have besides (include/linux/tcp.h, include/linux/udp.h, include/net/request_sock.h; 5.x and 6.x). How much of a buffer has been read
 * already is in its control block: `struct tcp_skb_cb`, `struct unix_skb_parms`.
 */

import { fieldIfAny, numberOf } from './fields';
import type { Kernel } from './kernel';
import { bufferBytes, buffersOfChain, buffersOfList, buffersOfTree } from './sk-buff';
import type { Value } from '../debugger/values';

/** A buffer in a queue. */
export interface QueuedBuffer {
  readonly skb: Value;
  /** Bytes in it (`len`). */
  readonly length: number;
  /** So many of them, from the first on, have been read already. */
  readonly consumed: number;
  /** All its bytes. @throws LinuxError, MemoryError */
  bytes(): Uint8Array;
}

/** A queue that is not empty. */
export interface SocketQueue {
  /** Its name in the kernel's structures: `sk_receive_queue`. */
  readonly name: string;
  readonly meaning: string;
  readonly buffers: readonly QueuedBuffer[];
}

/** Connections that wait to be accepted are listed up to so many. */
const MAX_CONNECTIONS = 4096;

type Collector = (kernel: Kernel, address: number) => number[];

/** Where queues are: the structure, the member, how its buffers are linked. */
const QUEUES: readonly { tag: string; member: string; name: string; meaning: string; of: Collector }[] = [
  { tag: 'sock', member: 'sk_receive_queue', name: 'sk_receive_queue', meaning: 'received, not read', of: buffersOfList },
  { tag: 'udp_sock', member: 'reader_queue', name: 'reader_queue', meaning: 'received, about to be read', of: buffersOfList },
  { tag: 'tcp_sock', member: 'out_of_order_queue', name: 'out_of_order_queue', meaning: 'received out of order', of: buffersOfTree },
  { tag: 'sock', member: 'sk_backlog.head', name: 'sk_backlog', meaning: 'received while the socket was in use',
    of: (kernel, at) => buffersOfChain(kernel, kernel.u32(at)) },
  { tag: 'sock', member: 'sk_error_queue', name: 'sk_error_queue', meaning: 'errors and time stamps', of: buffersOfList },
  { tag: 'sock', member: 'sk_write_queue', name: 'sk_write_queue', meaning: 'to be sent', of: buffersOfList },
  { tag: 'tcp_sock', member: 'tcp_rtx_queue', name: 'tcp_rtx_queue', meaning: 'sent, not acknowledged', of: buffersOfTree },
]; // prettier-ignore

/** What kind of socket it is, as far as its queues are concerned. */
export type QueueKind = 'tcp' | 'udp' | 'unix' | 'other';

/** The queues of a socket that have something in them. @param sk address of its struct sock @throws LinuxError, MemoryError */
export function queuesOf(kernel: Kernel, sk: number, kind: QueueKind): SocketQueue[] {
  return QUEUES.flatMap(({ tag, member, name, meaning, of }) => {
    if ((tag === 'tcp_sock' && kind !== 'tcp') || (tag === 'udp_sock' && kind !== 'udp')) return [];
    // tcp_rtx_queue is a member of struct sock, which tcp_sock begins with; only TCP uses it so.
    const offset = kernel.offsetIfAny(tag, member) ?? (kind === 'tcp' ? kernel.offsetIfAny('sock', member) : undefined);
    if (offset === undefined) return [];
    const buffers = of(kernel, sk + offset).map((skb) => describe(kernel, skb, sk, kind, name));
    return buffers.length > 0 ? [{ name, meaning, buffers }] : [];
  });
}

function describe(kernel: Kernel, skb: number, sk: number, kind: QueueKind, queue: string): QueuedBuffer {
  const length = kernel.word('sk_buff', 'len', skb);
  return {
    skb: kernel.value('sk_buff', skb, 'sk_buff'),
    length,
    consumed: queue === 'sk_receive_queue' ? Math.min(consumed(kernel, skb, sk, kind), length) : 0,
    bytes: () => bufferBytes(kernel, skb),
  };
}

function consumed(kernel: Kernel, skb: number, sk: number, kind: QueueKind): number {
  const block = skb + kernel.offset('sk_buff', 'cb');
  if (kind === 'tcp' && kernel.struct('tcp_skb_cb')) {
    const read = kernel.word('tcp_sock', 'copied_seq', sk) - kernel.word('tcp_skb_cb', 'seq', block);
    return Math.max(0, read | 0);
  }
  return kind === 'unix' && kernel.struct('unix_skb_parms') ? kernel.word('unix_skb_parms', 'consumed', block) : 0;
}

/** Connections that a listening TCP socket has taken and nobody has accepted: the `struct sock` of each. */
export function waitingConnections(kernel: Kernel, sk: number): Value[] {
  if (!kernel.struct('inet_connection_sock')) return [];
  const own = kernel.value('inet_connection_sock', sk);
  const head = fieldIfAny(own, 'icsk_accept_queue.rskq_accept_head');
  const found: Value[] = [];
  let request = head ? numberOf(own, 'icsk_accept_queue.rskq_accept_head') : 0;
  while (request !== 0 && found.length < MAX_CONNECTIONS) {
    found.push(kernel.value('sock', kernel.word('request_sock', 'sk', request), 'sock'));
    request = kernel.word('request_sock', 'dl_next', request);
  }
  return found;
}

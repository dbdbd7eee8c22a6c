/**
 * The options of a socket as its structures tell them: `struct sock` (include/net/sock.h), `struct socket` (include/linux/net.h), `struct
 * inet_sock` (include/net/inet_sock.h), `struct tcp_sock` and `struct inet_connection_sock`; 5.x and 6.x. Named as in socket(7), ip(7) and
 * tcp(7); an option that has its default is left out. What a kernel does not have is not shown.
 */

import type { Value } from '../debugger/values';
import { fieldIfAny, numberOf } from './fields';
import type { Kernel } from './kernel';

/** Bits of sk_flags by their enumerator (enum sock_flags). */
const SOCK_FLAGS: readonly [flag: string, option: string][] = [
  ['SOCK_KEEPOPEN', 'SO_KEEPALIVE'], ['SOCK_BROADCAST', 'SO_BROADCAST'], ['SOCK_URGINLINE', 'SO_OOBINLINE'], ['SOCK_DBG', 'SO_DEBUG'],
  ['SOCK_LOCALROUTE', 'SO_DONTROUTE'], ['SOCK_ZEROCOPY', 'SO_ZEROCOPY'], ['SOCK_RXQ_OVFL', 'SO_RXQ_OVFL'], ['SOCK_TXTIME', 'SO_TXTIME'],
  ['SOCK_WIFI_STATUS', 'SO_WIFI_STATUS'], ['SOCK_NOFCS', 'SO_NOFCS'], ['SOCK_FILTER_LOCKED', 'SO_LOCK_FILTER'],
  ['SOCK_SELECT_ERR_QUEUE', 'SO_SELECT_ERR_QUEUE'], ['SOCK_RCVMARK', 'SO_RCVMARK'],
]; // prettier-ignore
/** Bits of struct socket's flags (include/linux/net.h: SOCK_PASSCRED, SOCK_PASSSEC). */
const SOCKET_FLAGS: readonly [bit: number, option: string][] = [[3, 'SO_PASSCRED'], [4, 'SO_PASSSEC']]; // prettier-ignore
/** sk_userlocks (include/net/sock.h: SOCK_SNDBUF_LOCK, SOCK_RCVBUF_LOCK): the program has set the size itself. */
const SNDBUF_LOCK = 1;
const RCVBUF_LOCK = 2;
/** Bit-fields of inet_sock (through 6.5), bits of its inet_flags as INET_FLAGS_… (from 6.6); what is not the default. */
const INET_FLAGS: readonly [member: string, option: string, byDefault?: 1][] = [
  ['recverr', 'IP_RECVERR'], ['freebind', 'IP_FREEBIND'], ['hdrincl', 'IP_HDRINCL'], ['transparent', 'IP_TRANSPARENT'],
  ['nodefrag', 'IP_NODEFRAG'], ['bind_address_no_port', 'IP_BIND_ADDRESS_NO_PORT'], ['mc_loop', 'IP_MULTICAST_LOOP', 1],
  ['mc_all', 'IP_MULTICAST_ALL', 1], ['defer_connect', 'TCP_FASTOPEN_CONNECT'],
]; // prettier-ignore
/** Bits of inet_sock.cmsg_flags (IP_CMSG_… of include/net/inet_sock.h). */
const CMSG_FLAGS: readonly [bit: number, option: string][] = [
  [0, 'IP_PKTINFO'], [1, 'IP_RECVTTL'], [2, 'IP_RECVTOS'], [3, 'IP_RECVOPTS'], [4, 'IP_RETOPTS'], [5, 'IP_PASSSEC'], [6, 'IP_RECVORIGDSTADDR'],
  [7, 'IP_CHECKSUM'], [8, 'IP_RECVFRAGSIZE'],
]; // prettier-ignore
/** tcp_sock.nonagle (include/net/tcp.h: TCP_NAGLE_OFF, TCP_NAGLE_CORK). */
const NAGLE: readonly [bit: number, option: string][] = [[0, 'TCP_NODELAY'], [1, 'TCP_CORK']]; // prettier-ignore
const LONG_MAX = 0x7fffffff;
/** Default of a datagram's and a segment's time to live in struct inet_sock: ask the route. */
const UC_TTL_DEFAULT = -1;
const IP_PMTUDISC_WANT = 1;

/** Structures of a socket; those of a protocol where it has them. */
export interface SocketStructures {
  readonly socket: Value;
  readonly sk: Value;
  readonly inet: Value | undefined;
  readonly tcp: Value | undefined;
}

/** Options that a program has set, as `NAME` or `NAME=VALUE`. @throws MemoryError */
export function optionsOf(kernel: Kernel, structures: SocketStructures): string[] {
  return new OptionReader(kernel).read(structures);
}

class OptionReader {
  private readonly found: string[] = [];

  constructor(private readonly kernel: Kernel) {}

  read({ socket, sk, inet, tcp }: SocketStructures): string[] {
    this.ofSock(sk, socket);
    if (inet) this.ofInet(inet, tcp === undefined);
    if (tcp) this.ofTcp(tcp);
    return this.found;
  }

  private ofSock(sk: Value, socket: Value): void {
    this.flag(sk, '__sk_common.skc_reuse', 'SO_REUSEADDR');
    this.flag(sk, '__sk_common.skc_reuseport', 'SO_REUSEPORT');
    const flags = this.number(sk, '__sk_common.skc_flags') ?? 0;
    for (const [flag, option] of SOCK_FLAGS) if (this.hasFlag(flags, flag)) this.found.push(option);
    if (this.hasFlag(flags, 'SOCK_RCVTSTAMP'))
      this.found.push(this.hasFlag(flags, 'SOCK_RCVTSTAMPNS') ? 'SO_TIMESTAMPNS' : 'SO_TIMESTAMP');
    if (this.hasFlag(flags, 'SOCK_LINGER')) this.time(sk, 'sk_lingertime', 'SO_LINGER', undefined);
    this.bits(this.number(socket, 'flags') ?? 0, SOCKET_FLAGS);
    const locks = this.number(sk, 'sk_userlocks') ?? 0;
    if (locks & SNDBUF_LOCK) this.value(sk, 'sk_sndbuf', 'SO_SNDBUF');
    if (locks & RCVBUF_LOCK) this.value(sk, 'sk_rcvbuf', 'SO_RCVBUF');
    this.value(sk, 'sk_rcvlowat', 'SO_RCVLOWAT', 1);
    this.time(sk, 'sk_rcvtimeo', 'SO_RCVTIMEO', LONG_MAX);
    this.time(sk, 'sk_sndtimeo', 'SO_SNDTIMEO', LONG_MAX);
    this.value(sk, 'sk_priority', 'SO_PRIORITY', 0);
    this.value(sk, 'sk_mark', 'SO_MARK', 0);
    this.value(sk, '__sk_common.skc_bound_dev_if', 'SO_BINDTODEVICE', 0);
    this.value(sk, 'sk_peek_off', 'SO_PEEK_OFF', -1);
    this.value(sk, 'sk_ll_usec', 'SO_BUSY_POLL', 0);
    this.flag(sk, 'sk_no_check_tx', 'SO_NO_CHECK');
    this.flag(sk, 'sk_filter', 'SO_ATTACH_FILTER');
    this.value(sk, 'sk_err', 'SO_ERROR', 0);
  }

  private ofInet(inet: Value, datagrams: boolean): void {
    this.value(inet, 'tos', 'IP_TOS', 0);
    this.value(inet, 'uc_ttl', 'IP_TTL', UC_TTL_DEFAULT);
    this.value(inet, 'min_ttl', 'IP_MINTTL', 0);
    // TCP keeps the time to live of the peer's SYN there.
    if (datagrams) this.value(inet, 'mc_ttl', 'IP_MULTICAST_TTL', 1);
    this.value(inet, 'pmtudisc', 'IP_MTU_DISCOVER', IP_PMTUDISC_WANT);
    const flags = this.number(inet, 'inet_flags');
    for (const [member, option, byDefault = 0] of INET_FLAGS) {
      const bit = flags === undefined ? undefined : this.kernel.enumerator(`INET_FLAGS_${member.toUpperCase()}`);
      const value = bit === undefined ? this.number(inet, member) : ((flags ?? 0) >>> bit) & 1;
      if (value === undefined || value === byDefault) continue;
      this.found.push(byDefault === 1 ? `${option}=0` : option);
    }
    this.bits(this.number(inet, 'cmsg_flags') ?? 0, CMSG_FLAGS);
  }

  private ofTcp(tcp: Value): void {
    this.bits(this.number(tcp, 'nonagle') ?? 0, NAGLE);
    this.time(tcp, 'keepalive_time', 'TCP_KEEPIDLE', 0);
    this.time(tcp, 'keepalive_intvl', 'TCP_KEEPINTVL', 0);
    this.value(tcp, 'keepalive_probes', 'TCP_KEEPCNT', 0);
    this.time(tcp, 'linger2', 'TCP_LINGER2', 0);
    this.value(tcp, 'rx_opt.user_mss', 'TCP_MAXSEG', 0);
    this.value(tcp, 'notsent_lowat', 'TCP_NOTSENT_LOWAT', 0);
    this.flag(tcp, 'save_syn', 'TCP_SAVE_SYN');
    this.flag(tcp, 'recvmsg_inq', 'TCP_INQ');
    this.value(tcp, 'inet_conn.icsk_syn_retries', 'TCP_SYNCNT', 0);
    // Kept in milliseconds since 4.20 or so, before in jiffies.
    this.value(tcp, 'inet_conn.icsk_user_timeout', 'TCP_USER_TIMEOUT', 0);
    this.value(tcp, 'inet_conn.icsk_accept_queue.rskq_defer_accept', 'TCP_DEFER_ACCEPT', 0);
    this.value(tcp, 'inet_conn.icsk_accept_queue.fastopenq.max_qlen', 'TCP_FASTOPEN', 0);
    if (this.number(tcp, 'inet_conn.icsk_ca_setsockopt')) this.congestionControl(tcp);
  }

  private congestionControl(tcp: Value): void {
    const operations = this.number(tcp, 'inet_conn.icsk_ca_ops') ?? 0;
    const offset = this.kernel.offsetIfAny('tcp_congestion_ops', 'name');
    if (operations !== 0 && offset !== undefined)
      this.found.push(`TCP_CONGESTION=${this.kernel.text((operations >>> 0) + offset, 16)}`);
  }

  private number(value: Value, path: string): number | undefined {
    return fieldIfAny(value, path) && numberOf(value, path);
  }

  private flag(value: Value, path: string, option: string): void {
    if (this.number(value, path)) this.found.push(option);
  }

  private bits(value: number, names: readonly [bit: number, option: string][]): void {
    for (const [bit, option] of names) if ((value >>> bit) & 1) this.found.push(option);
  }

  /** A number that is not the default. */
  private value(value: Value, path: string, option: string, byDefault?: number): void {
    const is = this.number(value, path);
    if (is !== undefined && is !== byDefault) this.found.push(`${option}=${is}`);
  }

  /** A number of jiffies that is not the default, in seconds where the kernel's tick is known. */
  private time(value: Value, path: string, option: string, byDefault: number | undefined): void {
    const jiffies = this.number(value, path);
    if (jiffies === undefined || jiffies === byDefault) return;
    const tick = ticksPerSecond(this.kernel);
    this.found.push(`${option}=${tick === undefined ? `${jiffies} jiffies` : `${jiffies / tick} s`}`);
  }

  private hasFlag(flags: number, name: string): boolean {
    const bit = this.kernel.enumerator(name);
    return bit !== undefined && ((flags >>> bit) & 1) === 1;
  }
}

/** HZ, from the length of a tick (kernel/time/ntp.c, `tick_nsec`, through 6.12); undefined where it is not known. */
export function ticksPerSecond(kernel: Kernel): number | undefined {
  const symbol = kernel.symbol('tick_nsec');
  const nanoseconds = symbol === undefined ? 0 : kernel.u32(symbol);
  return nanoseconds === 0 ? undefined : Math.round(1e9 / nanoseconds);
}

/**
 * Numbers of the socket interface, which are macros and so in no debug information: include/uapi/linux/net.h, include/linux/socket.h,
 * include/uapi/asm-generic/socket.h, include/uapi/linux/in.h and tcp.h. They are part of the kernel's ABI for i386 and never change.
 */

/** Calls of socketcall(2) by number (SYS_* in net.h). */
export const SOCKETCALLS: readonly (string | undefined)[] = [
  undefined, 'SYS_SOCKET', 'SYS_BIND', 'SYS_CONNECT', 'SYS_LISTEN', 'SYS_ACCEPT', 'SYS_GETSOCKNAME', 'SYS_GETPEERNAME',
  'SYS_SOCKETPAIR', 'SYS_SEND', 'SYS_RECV', 'SYS_SENDTO', 'SYS_RECVFROM', 'SYS_SHUTDOWN', 'SYS_SETSOCKOPT', 'SYS_GETSOCKOPT',
  'SYS_SENDMSG', 'SYS_RECVMSG', 'SYS_ACCEPT4', 'SYS_RECVMMSG', 'SYS_SENDMMSG',
]; // prettier-ignore

const FAMILIES = [
  'AF_UNSPEC', 'AF_UNIX', 'AF_INET', 'AF_AX25', 'AF_IPX', 'AF_APPLETALK', 'AF_NETROM', 'AF_BRIDGE', 'AF_ATMPVC', 'AF_X25',
  'AF_INET6', 'AF_ROSE', 'AF_DECnet', 'AF_NETBEUI', 'AF_SECURITY', 'AF_KEY', 'AF_NETLINK', 'AF_PACKET', 'AF_ASH', 'AF_ECONET',
  'AF_ATMSVC', 'AF_RDS', 'AF_SNA', 'AF_IRDA', 'AF_PPPOX', 'AF_WANPIPE', 'AF_LLC', 'AF_IB', 'AF_MPLS', 'AF_CAN', 'AF_TIPC',
  'AF_BLUETOOTH', 'AF_IUCV', 'AF_RXRPC', 'AF_ISDN', 'AF_PHONET', 'AF_IEEE802154', 'AF_CAIF', 'AF_ALG', 'AF_NFC', 'AF_VSOCK',
  'AF_KCM', 'AF_QIPCRTR', 'AF_SMC', 'AF_XDP', 'AF_MCTP',
]; // prettier-ignore

const TYPES: Record<number, string> = {
  1: 'SOCK_STREAM', 2: 'SOCK_DGRAM', 3: 'SOCK_RAW', 4: 'SOCK_RDM', 5: 'SOCK_SEQPACKET', 6: 'SOCK_DCCP', 10: 'SOCK_PACKET',
}; // prettier-ignore
/** Bits beside the type (SOCK_TYPE_MASK is 0xf). */
const TYPE_FLAGS: readonly [number, string][] = [[0x800, 'SOCK_NONBLOCK'], [0x80000, 'SOCK_CLOEXEC']]; // prettier-ignore

const PROTOCOLS: Record<number, string> = {
  0: 'IPPROTO_IP', 1: 'IPPROTO_ICMP', 2: 'IPPROTO_IGMP', 4: 'IPPROTO_IPIP', 6: 'IPPROTO_TCP', 8: 'IPPROTO_EGP', 12: 'IPPROTO_PUP',
  17: 'IPPROTO_UDP', 22: 'IPPROTO_IDP', 29: 'IPPROTO_TP', 33: 'IPPROTO_DCCP', 41: 'IPPROTO_IPV6', 46: 'IPPROTO_RSVP', 47: 'IPPROTO_GRE',
  50: 'IPPROTO_ESP', 51: 'IPPROTO_AH', 92: 'IPPROTO_MTP', 94: 'IPPROTO_BEETPH', 98: 'IPPROTO_ENCAP', 103: 'IPPROTO_PIM', 108: 'IPPROTO_COMP',
  115: 'IPPROTO_L2TP', 132: 'IPPROTO_SCTP', 136: 'IPPROTO_UDPLITE', 137: 'IPPROTO_MPLS', 143: 'IPPROTO_ETHERNET', 255: 'IPPROTO_RAW', 262: 'IPPROTO_MPTCP',
}; // prettier-ignore

const MESSAGE_FLAGS: readonly [number, string][] = [
  [0x1, 'MSG_OOB'], [0x2, 'MSG_PEEK'], [0x4, 'MSG_DONTROUTE'], [0x8, 'MSG_CTRUNC'], [0x10, 'MSG_PROBE'], [0x20, 'MSG_TRUNC'],
  [0x40, 'MSG_DONTWAIT'], [0x80, 'MSG_EOR'], [0x100, 'MSG_WAITALL'], [0x200, 'MSG_FIN'], [0x400, 'MSG_SYN'], [0x800, 'MSG_CONFIRM'],
  [0x1000, 'MSG_RST'], [0x2000, 'MSG_ERRQUEUE'], [0x4000, 'MSG_NOSIGNAL'], [0x8000, 'MSG_MORE'], [0x10000, 'MSG_WAITFORONE'],
  [0x40000, 'MSG_BATCH'], [0x4000000, 'MSG_ZEROCOPY'], [0x20000000, 'MSG_FASTOPEN'], [0x40000000, 'MSG_CMSG_CLOEXEC'],
]; // prettier-ignore

const SHUTDOWN_HOW = ['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR'];

/** Levels of getsockopt/setsockopt besides the protocols. */
const LEVELS: Record<number, string> = {
  0: 'SOL_IP', 1: 'SOL_SOCKET', 6: 'SOL_TCP', 17: 'SOL_UDP', 41: 'SOL_IPV6', 58: 'SOL_ICMPV6', 132: 'SOL_SCTP', 136: 'SOL_UDPLITE',
  255: 'SOL_RAW', 263: 'SOL_PACKET', 270: 'SOL_NETLINK',
}; // prettier-ignore

/** Options by level, in order of their numbers where these are dense. */
const OPTIONS: Record<number, Record<number, string>> = {
  0: {
    1: 'IP_TOS', 2: 'IP_TTL', 3: 'IP_HDRINCL', 4: 'IP_OPTIONS', 5: 'IP_ROUTER_ALERT', 6: 'IP_RECVOPTS', 7: 'IP_RETOPTS', 8: 'IP_PKTINFO',
    9: 'IP_PKTOPTIONS', 10: 'IP_MTU_DISCOVER', 11: 'IP_RECVERR', 12: 'IP_RECVTTL', 13: 'IP_RECVTOS', 14: 'IP_MTU', 15: 'IP_FREEBIND',
    16: 'IP_IPSEC_POLICY', 17: 'IP_XFRM_POLICY', 18: 'IP_PASSSEC', 19: 'IP_TRANSPARENT', 20: 'IP_ORIGDSTADDR', 21: 'IP_MINTTL',
    22: 'IP_NODEFRAG', 23: 'IP_CHECKSUM', 24: 'IP_BIND_ADDRESS_NO_PORT', 25: 'IP_RECVFRAGSIZE', 32: 'IP_MULTICAST_IF',
    33: 'IP_MULTICAST_TTL', 34: 'IP_MULTICAST_LOOP', 35: 'IP_ADD_MEMBERSHIP', 36: 'IP_DROP_MEMBERSHIP', 37: 'IP_UNBLOCK_SOURCE',
    38: 'IP_BLOCK_SOURCE', 39: 'IP_ADD_SOURCE_MEMBERSHIP', 40: 'IP_DROP_SOURCE_MEMBERSHIP', 41: 'IP_MSFILTER', 49: 'IP_MULTICAST_ALL',
    50: 'IP_UNICAST_IF', 51: 'IP_LOCAL_PORT_RANGE', 52: 'IP_PROTOCOL',
  },
  1: {
    1: 'SO_DEBUG', 2: 'SO_REUSEADDR', 3: 'SO_TYPE', 4: 'SO_ERROR', 5: 'SO_DONTROUTE', 6: 'SO_BROADCAST', 7: 'SO_SNDBUF', 8: 'SO_RCVBUF',
    9: 'SO_KEEPALIVE', 10: 'SO_OOBINLINE', 11: 'SO_NO_CHECK', 12: 'SO_PRIORITY', 13: 'SO_LINGER', 14: 'SO_BSDCOMPAT', 15: 'SO_REUSEPORT',
    16: 'SO_PASSCRED', 17: 'SO_PEERCRED', 18: 'SO_RCVLOWAT', 19: 'SO_SNDLOWAT', 20: 'SO_RCVTIMEO_OLD', 21: 'SO_SNDTIMEO_OLD',
    25: 'SO_BINDTODEVICE', 26: 'SO_ATTACH_FILTER', 27: 'SO_DETACH_FILTER', 28: 'SO_PEERNAME', 29: 'SO_TIMESTAMP_OLD', 30: 'SO_ACCEPTCONN',
    31: 'SO_PEERSEC', 32: 'SO_SNDBUFFORCE', 33: 'SO_RCVBUFFORCE', 34: 'SO_PASSSEC', 35: 'SO_TIMESTAMPNS_OLD', 36: 'SO_MARK',
    37: 'SO_TIMESTAMPING_OLD', 38: 'SO_PROTOCOL', 39: 'SO_DOMAIN', 40: 'SO_RXQ_OVFL', 41: 'SO_WIFI_STATUS', 42: 'SO_PEEK_OFF',
    43: 'SO_NOFCS', 44: 'SO_LOCK_FILTER', 45: 'SO_SELECT_ERR_QUEUE', 46: 'SO_BUSY_POLL', 47: 'SO_MAX_PACING_RATE', 48: 'SO_BPF_EXTENSIONS',
    49: 'SO_INCOMING_CPU', 50: 'SO_ATTACH_BPF', 51: 'SO_ATTACH_REUSEPORT_CBPF', 52: 'SO_ATTACH_REUSEPORT_EBPF', 53: 'SO_CNX_ADVICE',
    55: 'SO_MEMINFO', 56: 'SO_INCOMING_NAPI_ID', 57: 'SO_COOKIE', 59: 'SO_PEERGROUPS', 60: 'SO_ZEROCOPY', 61: 'SO_TXTIME',
    62: 'SO_BINDTOIFINDEX', 63: 'SO_TIMESTAMP_NEW', 64: 'SO_TIMESTAMPNS_NEW', 65: 'SO_TIMESTAMPING_NEW', 66: 'SO_RCVTIMEO_NEW',
    67: 'SO_SNDTIMEO_NEW', 68: 'SO_DETACH_REUSEPORT_BPF', 69: 'SO_PREFER_BUSY_POLL', 70: 'SO_BUSY_POLL_BUDGET', 71: 'SO_NETNS_COOKIE',
    72: 'SO_BUF_LOCK', 73: 'SO_RESERVE_MEM', 74: 'SO_TXREHASH', 75: 'SO_RCVMARK',
  },
  6: {
    1: 'TCP_NODELAY', 2: 'TCP_MAXSEG', 3: 'TCP_CORK', 4: 'TCP_KEEPIDLE', 5: 'TCP_KEEPINTVL', 6: 'TCP_KEEPCNT', 7: 'TCP_SYNCNT',
    8: 'TCP_LINGER2', 9: 'TCP_DEFER_ACCEPT', 10: 'TCP_WINDOW_CLAMP', 11: 'TCP_INFO', 12: 'TCP_QUICKACK', 13: 'TCP_CONGESTION',
    14: 'TCP_MD5SIG', 16: 'TCP_THIN_LINEAR_TIMEOUTS', 17: 'TCP_THIN_DUPACK', 18: 'TCP_USER_TIMEOUT', 19: 'TCP_REPAIR', 20: 'TCP_REPAIR_QUEUE',
    21: 'TCP_QUEUE_SEQ', 22: 'TCP_REPAIR_OPTIONS', 23: 'TCP_FASTOPEN', 24: 'TCP_TIMESTAMP', 25: 'TCP_NOTSENT_LOWAT', 26: 'TCP_CC_INFO',
    27: 'TCP_SAVE_SYN', 28: 'TCP_SAVED_SYN', 29: 'TCP_REPAIR_WINDOW', 30: 'TCP_FASTOPEN_CONNECT', 31: 'TCP_ULP', 32: 'TCP_MD5SIG_EXT',
    33: 'TCP_FASTOPEN_KEY', 34: 'TCP_FASTOPEN_NO_COOKIE', 35: 'TCP_ZEROCOPY_RECEIVE', 36: 'TCP_INQ', 37: 'TCP_TX_DELAY',
  },
  17: { 1: 'UDP_CORK', 100: 'UDP_ENCAP', 101: 'UDP_NO_CHECK6_TX', 102: 'UDP_NO_CHECK6_RX', 103: 'UDP_SEGMENT', 104: 'UDP_GRO' },
  263: {
    1: 'PACKET_ADD_MEMBERSHIP', 2: 'PACKET_DROP_MEMBERSHIP', 3: 'PACKET_RECV_OUTPUT', 5: 'PACKET_RX_RING', 6: 'PACKET_STATISTICS',
    7: 'PACKET_COPY_THRESH', 8: 'PACKET_AUXDATA', 9: 'PACKET_ORIGDEV', 10: 'PACKET_VERSION', 11: 'PACKET_HDRLEN', 12: 'PACKET_RESERVE',
    13: 'PACKET_TX_RING', 14: 'PACKET_LOSS', 15: 'PACKET_VNET_HDR', 16: 'PACKET_TX_TIMESTAMP', 17: 'PACKET_TIMESTAMP', 18: 'PACKET_FANOUT',
    19: 'PACKET_TX_HAS_OFF', 20: 'PACKET_QDISC_BYPASS', 21: 'PACKET_ROLLOVER_STATS', 22: 'PACKET_FANOUT_DATA', 23: 'PACKET_IGNORE_OUTGOING',
    24: 'PACKET_VNET_HDR_SZ',
  },
}; // prettier-ignore

/** `AF_INET`, or the number. */
export function familyName(family: number): string {
  return FAMILIES[family] ?? String(family);
}

/** `SOCK_STREAM|SOCK_CLOEXEC`. */
export function socketTypeName(type: number): string {
  const base = TYPES[type & 0xf] ?? String(type & 0xf);
  return [base, ...flagParts(type & ~0xf, TYPE_FLAGS)].join('|');
}

/** `SOCK_NONBLOCK|SOCK_CLOEXEC`: the flags of accept4, which has no type; `0` without flags. */
export function acceptFlags(flags: number): string {
  return flagParts(flags, TYPE_FLAGS).join('|') || '0';
}

/** `IPPROTO_TCP` where the family is one of IP's; the number elsewhere, whose protocols are its own. */
export function protocolName(protocol: number, family: number): string {
  const internet = family === 2 || family === 10;
  return internet ? (PROTOCOLS[protocol] ?? String(protocol)) : String(protocol);
}

/** `MSG_PEEK|MSG_DONTWAIT`; `0` without flags. */
export function messageFlags(flags: number): string {
  return flagParts(flags, MESSAGE_FLAGS).join('|') || '0';
}

/** `SHUT_WR`. */
export function shutdownName(how: number): string {
  return SHUTDOWN_HOW[how] ?? String(how);
}

/** `SOL_SOCKET`. */
export function levelName(level: number): string {
  return LEVELS[level] ?? PROTOCOLS[level] ?? String(level);
}

/** `SO_REUSEADDR`. */
export function optionName(level: number, option: number): string {
  return OPTIONS[level]?.[option] ?? String(option);
}

/** Names of the bits that are set; unknown bits as one hexadecimal number. */
function flagParts(value: number, names: readonly [number, string][]): string[] {
  const parts = names.filter(([bit]) => (value & bit) !== 0);
  const rest = parts.reduce((left, [bit]) => left & ~bit, value);
  return [...parts.map(([, name]) => name), ...(rest ? [`0x${(rest >>> 0).toString(16)}`] : [])];
}

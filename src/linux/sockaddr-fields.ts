/** Socket addresses member by member, as the uapi headers lay them out (in.h, in6.h, un.h, netlink.h, if_packet.h, socket.h). */

import { formatIpv6, formatSockaddr } from './sockaddr';
import { familyName } from './socket-constants';

/** A member of the structure that the address family stands for. */
export interface SockaddrField {
  readonly name: string;
  /** Bytes from the structure's start. */
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** What it means; empty for padding. */
  readonly value: string;
}

/** A socket address taken apart. */
export interface DecodedSockaddr {
  /** `struct sockaddr_in`. */
  readonly structure: string;
  /** The whole as text: `127.0.0.1:5001`. */
  readonly text: string;
  readonly fields: readonly SockaddrField[];
}

type Member = readonly [name: string, size: number, value: (view: DataView, bytes: Uint8Array) => string];
interface Layout {
  readonly structure: string;
  readonly members: readonly Member[];
}

const bigEndian16 = (view: DataView): string => String(view.getUint16(0));
const number32 = (view: DataView): string => String(view.getUint32(0, true));
const padding = (): string => '';
const hexOf = (bytes: Uint8Array, between = ':'): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(between);
const family = (prefix: string): Member => [
  `${prefix}_family`,
  2,
  (view) => `${familyName(view.getUint16(0, true))} (${view.getUint16(0, true)})`,
];

/** sun_path is 108 bytes long (UNIX_PATH_MAX). */
const UNIX_PATH = 108;
/** PACKET_HOST and following (if_packet.h). */
const PACKET_TYPES = ['PACKET_HOST', 'PACKET_BROADCAST', 'PACKET_MULTICAST', 'PACKET_OTHERHOST', 'PACKET_OUTGOING'];

const UNIX: Layout = {
  structure: 'struct sockaddr_un',
  members: [family('sun'), ['sun_path', UNIX_PATH, (_, bytes) => formatSockaddr(Uint8Array.of(1, 0, ...bytes))]],
};
const INET: Layout = {
  structure: 'struct sockaddr_in',
  members: [
    family('sin'),
    ['sin_port', 2, bigEndian16],
    ['sin_addr', 4, (_, bytes) => bytes.join('.')],
    ['sin_zero', 8, padding],
  ],
};
const INET6: Layout = {
  structure: 'struct sockaddr_in6',
  members: [
    family('sin6'),
    ['sin6_port', 2, bigEndian16],
    ['sin6_flowinfo', 4, (view) => `0x${view.getUint32(0).toString(16)}`],
    ['sin6_addr', 16, (_, bytes) => formatIpv6(bytes)],
    ['sin6_scope_id', 4, number32],
  ],
};
const NETLINK: Layout = {
  structure: 'struct sockaddr_nl',
  members: [
    family('nl'),
    ['nl_pad', 2, padding],
    ['nl_pid', 4, number32],
    ['nl_groups', 4, (view) => `0x${view.getUint32(0, true).toString(16)}`],
  ],
};
const PACKET: Layout = {
  structure: 'struct sockaddr_ll',
  members: [
    family('sll'),
    ['sll_protocol', 2, (view) => `0x${view.getUint16(0).toString(16).padStart(4, '0')}`],
    ['sll_ifindex', 4, (view) => String(view.getInt32(0, true))],
    ['sll_hatype', 2, (view) => String(view.getUint16(0, true))],
    ['sll_pkttype', 1, (view) => PACKET_TYPES[view.getUint8(0)] ?? String(view.getUint8(0))],
    ['sll_halen', 1, (view) => String(view.getUint8(0))],
    ['sll_addr', 8, (_, bytes) => hexOf(bytes)],
  ],
};
const ANY: Layout = {
  structure: 'struct sockaddr',
  members: [family('sa'), ['sa_data', 14, (_, bytes) => hexOf(bytes, ' ')]],
};

const LAYOUTS: Readonly<Record<number, Layout>> = { 1: UNIX, 2: INET, 10: INET6, 16: NETLINK, 17: PACKET };

function layoutOf(bytes: Uint8Array): Layout {
  return LAYOUTS[bytes[0] | (bytes[1] << 8)] ?? ANY;
}

/**
 * How long an address is of which no length is known, bytes: that of its family's structure, of AF_UNIX up to the end of the path.
 * @param bytes memory from the address's start on, as much as there is
 */
export function sockaddrLength(bytes: Uint8Array): number {
  const layout = layoutOf(bytes);
  const whole = layout.members.reduce((sum, [, size]) => sum + size, 0);
  if (layout !== UNIX || bytes.length < 3) return Math.min(whole, bytes.length);
  const path = bytes.subarray(2, Math.min(whole, bytes.length));
  // An abstract name begins with a zero and has no end of its own: zeros behind it are taken for filling.
  if (path[0] === 0) return 2 + path.findLastIndex((byte) => byte !== 0) + 1;
  const end = path.indexOf(0);
  return 2 + (end < 0 ? path.length : end + 1);
}

/** Takes an address apart; members that the bytes do not reach are left out. @param bytes the address, as long as it is */
export function decodeSockaddr(bytes: Uint8Array): DecodedSockaddr {
  const { structure, members } = layoutOf(bytes);
  const fields: SockaddrField[] = [];
  let offset = 0;
  for (const [name, size, value] of members) {
    const own = bytes.subarray(offset, offset + size);
    const isPath = name === 'sun_path' && own.length > 0;
    if (own.length < size && !isPath) break;
    fields.push({ name, offset, bytes: own, value: value(new DataView(own.buffer, own.byteOffset, own.length), own) });
    offset += size;
  }
  return { structure, text: formatSockaddr(bytes), fields };
}

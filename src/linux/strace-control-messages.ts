/** Control messages of sendmsg and recvmsg in strace's notation: cmsg(3), unix(7), ip(7), uapi/linux/errqueue.h. */

import type { ControlMessage } from './argument-values';
import { levelName } from './socket-constants';
import { PROTOCOL_NAMES } from './strace-names-protocols';
import { Fields, hexOrZero, identity } from './strace-shape';
import { straceSockaddr } from './strace-sockaddr';
import { quote } from './strace-text';

const SOL_IP = 0;
const SOL_SOCKET = 1;

type Show = (fields: Fields, bytes: Uint8Array) => string;
/** How the data of a kind of message is shown, and how much of it there has to be. */
type Data = readonly [least: number, show: Show];

const words =
  (word: (fields: Fields, at: number) => number): Show =>
  (f, bytes) =>
    `[${Array.from({ length: bytes.length >>> 2 }, (_, i) => word(f, 4 * i)).join(', ')}]`;
const hexBytes: Show = (_, bytes) => `[${Array.from(bytes, hexOrZero).join(', ')}]`;
const text: Show = (_, bytes) => quote(bytes);
const time = (f: Fields, at: number, wide: boolean, unit: string): string =>
  wide ? `{tv_sec=${f.s64(at)}, ${unit}=${f.u64(at + 8)}}` : `{tv_sec=${f.s32(at)}, ${unit}=${f.u32(at + 4)}}`;
/** Three times: of the software, none any more, of the hardware. */
const three = (f: Fields, wide: boolean): string =>
  `[${[0, 1, 2].map((i) => time(f, i * (wide ? 16 : 8), wide, 'tv_nsec')).join(', ')}]`;
const address = (f: Fields, at: number): string => `inet_addr("${f.slice(at, 4).join('.')}")`;

const OF_SOCKETS: Readonly<Record<string, Data>> = {
  SCM_RIGHTS: [4, words((f, at) => f.s32(at))],
  SCM_CREDENTIALS: [12, (f) => `{pid=${f.s32(0)}, uid=${identity(f.u32(4))}, gid=${identity(f.u32(8))}}`],
  SCM_SECURITY: [1, text],
  SO_TIMESTAMP_OLD: [8, (f) => time(f, 0, false, 'tv_usec')],
  SO_TIMESTAMPNS_OLD: [8, (f) => time(f, 0, false, 'tv_nsec')],
  SO_TIMESTAMPING_OLD: [24, (f) => three(f, false)],
  SO_TIMESTAMP_NEW: [16, (f) => time(f, 0, true, 'tv_usec')],
  SO_TIMESTAMPNS_NEW: [16, (f) => time(f, 0, true, 'tv_nsec')],
  SO_TIMESTAMPING_NEW: [48, (f) => three(f, true)],
};

/** struct sock_extended_err and the address behind it: who reported the error. */
const extendedError: Show = (f) => {
  const bytes = ['ee_origin', 'ee_type', 'ee_code'].map((name, i) => `${name}=${f.u8(4 + i)}`);
  return `{ee_errno=${f.u32(0)}, ${bytes.join(', ')}, ee_info=${f.u32(8)}, ee_data=${f.u32(12)}, offender=${straceSockaddr(f.slice(16, 16))}}`;
};

const OF_IP: Readonly<Record<string, Data>> = {
  IP_PKTINFO: [12, (f) => `{ipi_ifindex=${f.s32(0)}, ipi_spec_dst=${address(f, 4)}, ipi_addr=${address(f, 8)}}`],
  IP_TTL: [4, words((f, at) => f.u32(at))],
  IP_TOS: [1, hexBytes],
  IP_RECVOPTS: [1, hexBytes],
  IP_RETOPTS: [1, hexBytes],
  IP_RECVERR: [32, extendedError],
  IP_ORIGDSTADDR: [16, (_, bytes) => straceSockaddr(bytes)],
  IP_CHECKSUM: [4, words((f, at) => f.u32(at))],
  SCM_SECURITY: [1, text],
};

/** `{cmsg_len=16, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[5]}`; no data where nothing is known of its kind. */
export function controlMessage({ length, level, type, bytes }: ControlMessage): string {
  const names =
    level === SOL_SOCKET ? PROTOCOL_NAMES.socketControl : level === SOL_IP ? PROTOCOL_NAMES.ipControl : undefined;
  const typeText = names?.one(type) ?? hexOrZero(type);
  const kinds = level === SOL_SOCKET ? OF_SOCKETS : level === SOL_IP ? OF_IP : {};
  const [least, show] = Object.hasOwn(kinds, typeText) ? kinds[typeText] : [0, undefined];
  const data = show && bytes.length >= least ? `, cmsg_data=${show(new Fields(bytes), bytes)}` : '';
  return `{cmsg_len=${length}, cmsg_level=${levelName(level)}, cmsg_type=${typeText}${data}}`;
}

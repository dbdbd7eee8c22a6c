/** Socket addresses in strace's notation (struct sockaddr_in, sockaddr_in6, sockaddr_un, sockaddr_ll, sockaddr_nl: uapi headers). */

import { formatIpv6 } from './sockaddr';
import { familyName } from './socket-constants';
import { DEVICE_NAMES } from './strace-names-devices';
import { PROTOCOL_NAMES } from './strace-names-protocols';
import { quote } from './strace-text';

/** Offset of sun_path. */
const UNIX_PATH = 2;

/**
 * `{sa_family=AF_INET, sin_port=htons(5001), sin_addr=inet_addr("0.0.0.0")}`.
 * @param bytes the address, as long as its length says
 */
export function straceSockaddr(bytes: Uint8Array): string {
  if (bytes.length < 2) return quote(bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = view.getUint16(0, true);
  const parts = fieldsOf(family, bytes, view) ?? (bytes.length > 2 ? [`sa_data=${quote(bytes.subarray(2))}`] : []);
  return `{${[`sa_family=${familyName(family)}`, ...parts].join(', ')}}`;
}

/** Members behind the family; undefined where the address is cut short, or its family has no known structure. */
function fieldsOf(family: number, bytes: Uint8Array, view: DataView): string[] | undefined {
  switch (family) {
    case 1:
      return unixPath(bytes.subarray(UNIX_PATH));
    case 2:
      if (bytes.length < 8) return undefined;
      return [`sin_port=htons(${view.getUint16(2)})`, `sin_addr=inet_addr("${bytes.subarray(4, 8).join('.')}")`];
    case 10:
      if (bytes.length < 24) return undefined;
      return [
        `sin6_port=htons(${view.getUint16(2)})`,
        `sin6_flowinfo=htonl(${view.getUint32(4)})`,
        `inet_pton(AF_INET6, "${formatIpv6(bytes.subarray(8, 24))}", &sin6_addr)`,
        ...(bytes.length >= 28 ? [`sin6_scope_id=${view.getUint32(24, true)}`] : []),
      ];
    case 16:
      if (bytes.length < 12) return undefined;
      return [
        `nl_pid=${view.getUint32(4, true)}`,
        `nl_groups=${view.getUint32(8, true).toString(16).padStart(8, '0')}`,
      ];
    case 17:
      return bytes.length < 12 ? undefined : packetAddress(bytes, view);
    default:
      return undefined;
  }
}

/** `htons(ETH_P_IP)`. @param protocol in the host's order */
export function ethernetProtocol(protocol: number): string {
  return `htons(${PROTOCOL_NAMES.ethernet.one(protocol)})`;
}

function unixPath(path: Uint8Array): string[] {
  if (path.length === 0) return [];
  // An abstract name begins with a zero and has no end but its length.
  if (path[0] === 0) return [`sun_path=@${quote(path.subarray(1))}`];
  const end = path.indexOf(0);
  return [`sun_path=${quote(path.subarray(0, end < 0 ? path.length : end))}`];
}

function packetAddress(bytes: Uint8Array, view: DataView): string[] {
  const length = bytes[11];
  const address = Array.from(bytes.subarray(12, 12 + length), (byte) => `0x${byte.toString(16).padStart(2, '0')}`);
  return [
    `sll_protocol=${ethernetProtocol(view.getUint16(2))}`,
    `sll_ifindex=${view.getInt32(4, true)}`,
    `sll_hatype=${DEVICE_NAMES.hardware.one(view.getUint16(8, true))}`,
    `sll_pkttype=${PROTOCOL_NAMES.packetType.one(bytes[10])}`,
    `sll_halen=${length}`,
    ...(length > 0 ? [`sll_addr=[${address.join(', ')}]`] : []),
  ];
}

/** Socket addresses as user space passes them (struct sockaddr_in, sockaddr_in6, sockaddr_un, sockaddr_ll, sockaddr_nl: uapi headers). */

import { familyName } from './socket-constants';

/** Longest address the kernel takes: sizeof(struct sockaddr_storage). */
export const MAX_SOCKADDR = 128;

/**
 * An address as text: `127.0.0.1:5001`, `[::1]:80`, `/run/socket`, `@abstract`, `AF_PACKET lo…`.
 * @param bytes what the caller passed, as long as it said
 */
export function formatSockaddr(bytes: Uint8Array): string {
  if (bytes.length < 2) return `<${bytes.length} bytes, too short for an address>`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const family = view.getUint16(0, true);
  switch (family) {
    case 0:
      return 'AF_UNSPEC';
    case 1:
      return formatUnix(bytes.subarray(2));
    case 2:
      if (bytes.length < 8) break;
      return `${bytes.subarray(4, 8).join('.')}:${view.getUint16(2)}`;
    case 10:
      if (bytes.length < 24) break;
      return `[${formatIpv6(bytes.subarray(8, 24))}]:${view.getUint16(2)}`;
    case 16:
      if (bytes.length < 12) break;
      return `AF_NETLINK pid ${view.getUint32(4, true)}, groups 0x${view.getUint32(8, true).toString(16)}`;
    case 17:
      if (bytes.length < 12) break;
      return `AF_PACKET interface ${view.getInt32(4, true)}, protocol 0x${view.getUint16(2).toString(16).padStart(4, '0')}`;
    default:
      return `${familyName(family)}, ${bytes.length} bytes`;
  }
  return `${familyName(family)}, cut short: ${bytes.length} bytes`;
}

function formatUnix(path: Uint8Array): string {
  if (path.length === 0) return '<unnamed>';
  if (path[0] === 0) {
    return path.length === 1
      ? '@'
      : `@${new TextDecoder().decode(path.subarray(1)).replace(/\0+$/, '').replaceAll('\0', '@')}`;
  }
  const end = path.indexOf(0);
  return new TextDecoder().decode(path.subarray(0, end < 0 ? path.length : end));
}

/** An IPv6 address with its longest run of zeros shortened (RFC 5952). */
export function formatIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i] << 8) | bytes[2 * i + 1]);
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (part: number[]): string => part.map((g) => g.toString(16)).join(':');
  if (best.start < 0) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

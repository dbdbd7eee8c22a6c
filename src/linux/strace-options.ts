/** Values of socket options in strace's notation, by level and option (uapi/asm-generic/socket.h and the protocols' headers). */

import { errnoName } from './errno';
import { familyName, optionName, protocolName, socketTypeName } from './socket-constants';
import { hex, quote } from './strace-text';

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ERROR = 4;
const SO_LINGER = 13;
const SO_PEERCRED = 17;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_BINDTODEVICE = 25;
const SO_PROTOCOL = 38;
const SO_DOMAIN = 39;
const AF_INET = 2;
/** Prefixes of the options' names by level. */
const PREFIXES: Readonly<Record<number, string>> = { 0: 'IP', 1: 'SO', 6: 'TCP', 17: 'UDP', 41: 'IPV6', 263: 'PACKET' };

/** `SO_REUSEADDR`; hexadecimal with a remark for an option that has no name. */
export function straceOptionName(level: number, option: number): string {
  const name = optionName(level, option);
  return name === String(option) ? `${hex(option)} /* ${PREFIXES[level] ?? 'SO'}_??? */` : name;
}

/**
 * `[1]`, `{l_onoff=1, l_linger=7}`; other sizes than a number's as data.
 * @param bytes the value, cut to what is shown
 */
export function straceOption(level: number, option: number, bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const word = (at: number): number => view.getInt32(at, true);
  if (level === SOL_SOCKET && bytes.length >= 4) {
    switch (option) {
      case SO_TYPE:
        return `[${socketTypeName(word(0))}]`;
      case SO_ERROR:
        return `[${errnoName(word(0)) ?? word(0)}]`;
      case SO_PROTOCOL:
        return `[${protocolName(word(0), AF_INET)}]`;
      case SO_DOMAIN:
        return `[${familyName(word(0))}]`;
      case SO_LINGER:
        if (bytes.length >= 8) return `{l_onoff=${word(0)}, l_linger=${word(4)}}`;
        break;
      case SO_RCVTIMEO:
      case SO_SNDTIMEO:
        if (bytes.length >= 8) return `{tv_sec=${word(0)}, tv_usec=${word(4)}}`;
        break;
      case SO_PEERCRED:
        if (bytes.length >= 12) return `{pid=${word(0)}, uid=${word(4)}, gid=${word(8)}}`;
        break;
      case SO_BINDTODEVICE:
        return quote(bytes);
    }
  }
  return bytes.length === 4 ? `[${word(0)}]` : quote(bytes);
}

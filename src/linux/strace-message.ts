/** struct user_msghdr, iovec, cmsghdr and mmsghdr of i386 (include/linux/socket.h, uapi/linux/uio.h) in strace's notation. */

import { MAX_SOCKADDR } from './sockaddr';
import { levelName, messageFlags } from './socket-constants';
import type { ReadMemory } from './socket-calls';
import { straceSockaddr } from './strace-sockaddr';
import { hex, pointer, quote, quoteUpTo } from './strace-text';

/** Offsets of user_msghdr: seven words. */
const NAME = 0, NAME_LENGTH = 4, VECTOR = 8, VECTOR_LENGTH = 12, CONTROL = 16, CONTROL_LENGTH = 20, FLAGS = 24; // prettier-ignore
/** user_msghdr and msg_len. */
export const MMSGHDR_SIZE = 32;
const MSG_LEN = 28;
const CMSG_HEADER = 12;
const SOL_SOCKET = 1;
const CONTROL_TYPES: Readonly<Record<number, string>> = { 1: 'SCM_RIGHTS', 2: 'SCM_CREDENTIALS' };
/** Elements of a vector that are shown. */
const MAX_ELEMENTS = 32;

export function readWord(read: ReadMemory, address: number): number {
  const bytes = read(address >>> 0, 4);
  return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
}

/** What is known of a message when it is shown. */
export interface MessageView {
  /** Bytes of data that are there: what a receiving call returned; undefined where the caller provides them all. */
  readonly received?: number;
  /** False where the buffers are still to be filled: only their addresses are shown. */
  readonly filled: boolean;
  /** msg_namelen before the call, where it may have changed. */
  readonly nameLengthBefore?: number;
  readonly limit: number;
}

/** `{msg_name={…}, msg_namelen=16, msg_iov=[{iov_base="…", iov_len=9}], msg_iovlen=1, msg_controllen=0, msg_flags=0}`. */
export function straceMessage(address: number, view: MessageView, read: ReadMemory): string {
  const word = (offset: number): number => readWord(read, address + offset);
  const nameLength = word(NAME_LENGTH);
  const name = word(NAME);
  const shownName =
    name !== 0 && view.filled ? straceSockaddr(read(name, Math.min(nameLength, MAX_SOCKADDR))) : pointer(name);
  const before = view.nameLengthBefore;
  const lengths = before === undefined || before === nameLength ? `${nameLength}` : `${before} => ${nameLength}`;
  const control = word(CONTROL);
  const controlLength = word(CONTROL_LENGTH);
  return `{${[
    `msg_name=${shownName}`,
    `msg_namelen=${lengths}`,
    `msg_iov=${straceVector(word(VECTOR), word(VECTOR_LENGTH), view, read)}`,
    `msg_iovlen=${word(VECTOR_LENGTH)}`,
    ...(control !== 0 && controlLength > 0
      ? [`msg_control=${view.filled ? straceControl(control, controlLength, view, read) : hex(control)}`]
      : []),
    `msg_controllen=${controlLength}`,
    `msg_flags=${messageFlags(word(FLAGS))}`,
  ].join(', ')}}`;
}

/** msg_namelen as it stands. */
export function messageNameLength(address: number, read: ReadMemory): number {
  return readWord(read, address + NAME_LENGTH);
}

function straceVector(address: number, count: number, view: MessageView, read: ReadMemory): string {
  let left = view.received ?? Infinity;
  const shown = Array.from({ length: Math.min(count, MAX_ELEMENTS) }, (_, i) => {
    const base = readWord(read, address + 8 * i);
    const length = readWord(read, address + 8 * i + 4);
    const there = Math.min(length, left);
    left -= there;
    const text = view.filled ? quoteUpTo(read(base, Math.min(there, view.limit)), there) : pointer(base);
    return `{iov_base=${text}, iov_len=${length}}`;
  });
  return `[${shown.join(', ')}${count > MAX_ELEMENTS ? ', ...' : ''}]`;
}

function straceControl(address: number, size: number, view: MessageView, read: ReadMemory): string {
  const parts: string[] = [];
  for (let at = 0; at + CMSG_HEADER <= size;) {
    const length = readWord(read, address + at);
    const level = readWord(read, address + at + 4);
    const type = readWord(read, address + at + 8);
    const typeText = level === SOL_SOCKET ? (CONTROL_TYPES[type] ?? hex(type)) : hex(type);
    if (length < CMSG_HEADER || at + length > size) break;
    const data = read(address + at + CMSG_HEADER, Math.min(length - CMSG_HEADER, view.limit));
    const value = typeText === 'SCM_RIGHTS' ? `[${words(data).join(', ')}]` : quote(data);
    parts.push(`{cmsg_len=${length}, cmsg_level=${levelName(level)}, cmsg_type=${typeText}, cmsg_data=${value}}`);
    at += (length + 3) & ~3;
  }
  return `[${parts.join(', ')}]`;
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getInt32(4 * i, true));
}

/** `[{msg_hdr={…}, msg_len=27}, …]`: the first `count` of a vector of mmsghdr. */
export function straceMessages(
  address: number,
  count: number,
  view: (received: number) => MessageView,
  read: ReadMemory,
): string {
  const shown = Array.from({ length: Math.min(count, MAX_ELEMENTS) }, (_, i) => {
    const at = address + MMSGHDR_SIZE * i;
    const length = readWord(read, at + MSG_LEN);
    return `{msg_hdr=${straceMessage(at, view(length), read)}, msg_len=${length}}`;
  });
  return `[${shown.join(', ')}${count > MAX_ELEMENTS ? ', ...' : ''}]`;
}

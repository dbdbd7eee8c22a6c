/** struct user_msghdr, iovec, cmsghdr and mmsghdr of i386 (include/linux/socket.h, uapi/linux/uio.h) read from the caller's memory. */

import { MemoryError } from '../debugger/target';
import { readWord, wordIn, type BufferValue, type ControlMessage, type MessageValue, type ReadMemory } from './argument-values'; // prettier-ignore
import { MAX_SOCKADDR } from './sockaddr';

/** Offsets of user_msghdr: seven words. */
const NAME = 0, NAME_LENGTH = 4, VECTOR = 8, VECTOR_LENGTH = 12, CONTROL = 16, CONTROL_LENGTH = 20, FLAGS = 24; // prettier-ignore
const MSGHDR_SIZE = 28;
/** user_msghdr and msg_len. */
const MMSGHDR_SIZE = 32;
const MSG_LEN = 28;
const IOVEC_SIZE = 8;
const CMSG_HEADER = 12;
/** Elements of a vector that are shown, and control messages. */
const MAX_ELEMENTS = 32;
/** Bytes of control messages that are looked at (net.core.optmem_max is not much more). */
const MAX_CONTROL = 65536;

/** What is known of a message when it is decoded. */
export interface MessageView {
  /** False where the buffers are still to be filled: only their addresses are known. */
  readonly filled: boolean;
  /** Bytes of data that are there: what a receiving call returned; absent where the caller provides them all. */
  readonly received?: number;
  /** msg_namelen before the call, where it may have changed. */
  readonly nameLengthBefore?: number;
  /** Bytes of data read for each buffer. */
  readonly limit: number;
}

/** A message header with its vector, its address and its control messages. @throws MemoryError where the header is not readable */
export function readMessage(address: number, view: MessageView, read: ReadMemory): MessageValue {
  const header = read(address >>> 0, MSGHDR_SIZE);
  const word = (offset: number): number => wordIn(header, offset);
  const [name, nameLength, control, controlLength] = [word(NAME), word(NAME_LENGTH), word(CONTROL), word(CONTROL_LENGTH)]; // prettier-ignore
  const attempt = attempting(view.filled);
  return {
    name,
    nameBytes: name === 0 ? undefined : attempt(() => read(name, Math.min(nameLength, MAX_SOCKADDR))),
    nameLengths: [view.nameLengthBefore ?? nameLength, nameLength],
    buffers: readVector(word(VECTOR), word(VECTOR_LENGTH), view, read),
    vectorLength: word(VECTOR_LENGTH),
    control,
    controlLength,
    controlMessages:
      control === 0 || controlLength === 0 ? undefined : attempt(() => readControl(control, controlLength, view, read)),
    flags: word(FLAGS),
  };
}

/** The first `count` of a vector of mmsghdr, as far as they are shown. @throws MemoryError */
export function readMessages(
  address: number,
  count: number,
  view: (received: number) => MessageView,
  read: ReadMemory,
): { messages: { message: MessageValue; length: number }[]; more: boolean } {
  const messages = Array.from({ length: Math.min(count, MAX_ELEMENTS) }, (_, i) => {
    const at = address + MMSGHDR_SIZE * i;
    const length = readWord(read, at + MSG_LEN);
    return { message: readMessage(at, view(length), read), length };
  });
  return { messages, more: count > MAX_ELEMENTS };
}

function readVector(address: number, count: number, view: MessageView, read: ReadMemory): BufferValue[] {
  const shown = Math.min(count, MAX_ELEMENTS);
  if (shown === 0) return [];
  const vector = read(address, shown * IOVEC_SIZE);
  const attempt = attempting(view.filled);
  let left = view.received ?? Infinity;
  return Array.from({ length: shown }, (_, i) => {
    const base = wordIn(vector, i * IOVEC_SIZE);
    const length = wordIn(vector, i * IOVEC_SIZE + 4);
    const filled = Math.min(length, left);
    left -= filled;
    return { base, length, filled, bytes: attempt(() => read(base, Math.min(filled, view.limit))) };
  });
}

function readControl(address: number, size: number, view: MessageView, read: ReadMemory): ControlMessage[] {
  const all = read(address, Math.min(size, MAX_CONTROL));
  const found: ControlMessage[] = [];
  for (let at = 0; at + CMSG_HEADER <= all.length && found.length < MAX_ELEMENTS;) {
    const length = wordIn(all, at);
    if (length < CMSG_HEADER || at + length > all.length) break;
    const bytes = all.subarray(at + CMSG_HEADER, at + Math.min(length, CMSG_HEADER + view.limit));
    found.push({ length, level: wordIn(all, at + 4), type: wordIn(all, at + 8), bytes });
    at += (length + 3) & ~3;
  }
  return found;
}

/** Reads what a message points to; nothing where it is still to be filled, or a pointer of it is bad. */
function attempting(filled: boolean): <T>(action: () => T) => T | undefined {
  return (action) => {
    if (!filled) return undefined;
    try {
      return action();
    } catch (error) {
      if (error instanceof MemoryError) return undefined;
      throw error;
    }
  };
}

/** Arguments of socket calls in few words, as a stop shows them: `addr=0.0.0.0:5001`, `how=SHUT_WR`. */

import type { ArgumentValue, MessageValue, ReadMemory } from './argument-values';
import { formatSockaddr } from './sockaddr';
import { parametersOf, SocketCallDecoder } from './socket-call-decoder';
import {
  acceptFlags, familyName, levelName, messageFlags, optionName, protocolName, shutdownName, socketTypeName, SOCKETCALLS,
} from './socket-constants'; // prettier-ignore
import { hex, pointer } from './strace-text';

/** Buffers of a message that are shown. */
const MAX_BUFFERS = 8;
/** Bytes of data shown. */
const DATA_LIMIT = 64;

/**
 * A socket call's arguments, decoded as they are when the call is made: `{ fd: 3, addr: '0.0.0.0:5001', addrlen: 16 }`.
 * @param call name without prefix
 * @param words the raw words, in the order of the parameters
 * @returns undefined for a call that is not of the socket interface
 */
export function decodeArguments(
  call: string,
  words: readonly (number | undefined)[],
  read: ReadMemory,
): Record<string, string | number> | undefined {
  const parameters = parametersOf(call);
  if (!parameters) return undefined;
  const values = new SocketCallDecoder(read, DATA_LIMIT).atEntry(
    { name: call, entry: 'socketcall', words },
    parameters,
  );
  return Object.fromEntries(values.map((value, i) => [parameters[i].name, briefValue(value)]));
}

/** An argument as a number where it is one, else as text. */
export function briefValue(argument: ArgumentValue): string | number {
  switch (argument.kind) {
    case 'text':
      return argument.text;
    case 'unknown':
      return '<optimized out>';
    case 'signed':
      return argument.value | 0;
    case 'unsigned':
    case 'word':
      return argument.value >>> 0;
    case 'pointer':
      return pointer(argument.value);
    case 'named':
      return named(argument);
    case 'sockaddr':
      return formatSockaddr(argument.bytes);
    case 'data':
      return quoteBriefly(argument.bytes, argument.size);
    case 'option':
      return option(argument.bytes);
    case 'length':
    case 'offset':
      return `[${argument.now}]`;
    case 'pair':
      return `[${argument.values.join(', ')}]`;
    case 'message':
      return message(argument.message);
    case 'messages':
      return `[${argument.messages.map((each) => message(each.message)).join(', ')}${argument.more ? ', …' : ''}]`;
    case 'time':
      return `{${argument.seconds}, ${argument.fraction}}`;
    case 'fdSet':
      return `[${argument.members.join(' ')}]`;
  }
}

function named({ names, value, of }: Extract<ArgumentValue, { kind: 'named' }>): string | number {
  switch (names) {
    case 'family':
      return familyName(value);
    case 'type':
      return socketTypeName(value);
    case 'protocol':
      return protocolName(value, of);
    case 'messageFlags':
      return messageFlags(value);
    case 'acceptFlags':
      return value === 0 ? 0 : acceptFlags(value);
    case 'how':
      return shutdownName(value);
    case 'level':
      return levelName(value);
    case 'option':
      return optionName(of, value);
    case 'call':
      return SOCKETCALLS[value] ?? value;
  }
}

function quoteBriefly(bytes: Uint8Array, size: number): string {
  const text = Array.from(bytes, (byte) => {
    if (byte === 10) return '\\n';
    if (byte === 13) return '\\r';
    if (byte === 9) return '\\t';
    if (byte === 34 || byte === 92) return `\\${String.fromCharCode(byte)}`;
    return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }).join('');
  return `"${text}"${size > bytes.length ? '…' : ''}`;
}

function option(bytes: Uint8Array): string {
  if (bytes.length === 4) return `[${new DataView(bytes.buffer, bytes.byteOffset, 4).getInt32(0, true)}]`;
  return `{${Array.from(bytes, (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ')}}`;
}

function message({ name, nameBytes, buffers, vectorLength, control, controlLength }: MessageValue): string {
  const parts: string[] = [];
  // Where a name is to be received, there is none yet.
  if (name !== 0) parts.push(`name=${nameBytes ? formatSockaddr(nameBytes) : hex(name)}`);
  const shown = buffers.slice(0, MAX_BUFFERS).map(({ base, length }) => `{${hex(base)}, ${length}}`);
  parts.push(`iov=[${shown.join(', ')}${vectorLength > MAX_BUFFERS ? ', …' : ''}]`);
  if (control !== 0) parts.push(`control=${controlLength} bytes`);
  return `{${parts.join(', ')}}`;
}

/** Arguments of system calls in strace's notation. */

import type { ArgumentValue, BufferValue, ControlMessage, MessageValue } from './argument-values';
import {
  acceptFlags, familyName, levelName, messageFlags, protocolName, shutdownName, socketTypeName, SOCKETCALLS,
} from './socket-constants'; // prettier-ignore
import { straceOption, straceOptionName } from './strace-options';
import { straceSockaddr } from './strace-sockaddr';
import { hex, pointer, quote, quoteUpTo } from './strace-text';

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const CONTROL_TYPES: Readonly<Record<number, string>> = { 1: 'SCM_RIGHTS', 2: 'SCM_CREDENTIALS' };

/** One argument: `{sa_family=AF_INET, sin_port=htons(5001), sin_addr=inet_addr("0.0.0.0")}`. */
export function straceValue(argument: ArgumentValue): string {
  switch (argument.kind) {
    case 'text':
      return argument.text;
    case 'unknown':
      return '<unreadable>';
    case 'signed':
      return String(argument.value | 0);
    case 'unsigned':
      return String(argument.value >>> 0);
    case 'word':
      return argument.value < 0x10000 ? String(argument.value) : hex(argument.value);
    case 'pointer':
      return pointer(argument.value);
    case 'named':
      return named(argument);
    case 'sockaddr':
      return straceSockaddr(argument.bytes);
    case 'data':
      return quoteUpTo(argument.bytes, argument.size);
    case 'option':
      return straceOption(argument.level, argument.option, argument.bytes);
    case 'length':
      return `[${change(argument.before, argument.now)}]`;
    case 'offset':
      return argument.before === argument.now ? `[${argument.now}]` : `[${argument.before}] => [${argument.now}]`;
    case 'pair':
      return `[${argument.values.join(', ')}]`;
    case 'message':
      return message(argument.message);
    case 'messages': {
      const shown = argument.messages.map((each) => `{msg_hdr=${message(each.message)}, msg_len=${each.length}}`);
      return `[${shown.join(', ')}${argument.more ? ', ...' : ''}]`;
    }
    case 'time':
      return `{tv_sec=${argument.seconds}, ${argument.unit}=${argument.fraction}}`;
    case 'fdSet':
      return `[${argument.members.join(' ')}]`;
  }
}

function change(before: number, now: number): string {
  return before === now ? String(now) : `${before} => ${now}`;
}

function named({ names, value, of }: Extract<ArgumentValue, { kind: 'named' }>): string {
  switch (names) {
    case 'family':
      return familyName(value);
    case 'type':
      return flagsAsStrace(socketTypeName(value));
    case 'protocol':
      return protocolName(value, of);
    case 'messageFlags':
      return messageFlags(value);
    case 'acceptFlags': {
      const text = acceptFlags(value);
      // A value without any that is known is marked as strace marks it.
      return text.startsWith('0x') ? `${text} /* SOCK_??? */` : flagsAsStrace(text);
    }
    case 'how':
      return shutdownName(value);
    case 'level':
      return levelName(value);
    case 'option':
      return straceOptionName(of, value);
    case 'call':
      return SOCKETCALLS[value] ?? String(value);
  }
}

/** `SOCK_STREAM|SOCK_CLOEXEC|SOCK_NONBLOCK`: strace has the flags in this order. */
function flagsAsStrace(text: string): string {
  return text.replace('SOCK_NONBLOCK|SOCK_CLOEXEC', 'SOCK_CLOEXEC|SOCK_NONBLOCK');
}

/** `{msg_name={…}, msg_namelen=16, msg_iov=[{iov_base="…", iov_len=9}], msg_iovlen=1, msg_controllen=0, msg_flags=0}`. */
function message(value: MessageValue): string {
  const { name, nameBytes, nameLengths, buffers, vectorLength, control, controlLength, controlMessages } = value;
  return `{${[
    `msg_name=${nameBytes ? straceSockaddr(nameBytes) : pointer(name)}`,
    `msg_namelen=${change(...nameLengths)}`,
    `msg_iov=[${buffers.map(buffer).join(', ')}${vectorLength > buffers.length ? ', ...' : ''}]`,
    `msg_iovlen=${vectorLength}`,
    ...(control !== 0 && controlLength > 0
      ? [`msg_control=${controlMessages ? `[${controlMessages.map(controlMessage).join(', ')}]` : hex(control)}`]
      : []),
    `msg_controllen=${controlLength}`,
    `msg_flags=${messageFlags(value.flags)}`,
  ].join(', ')}}`;
}

function buffer({ base, length, bytes, filled }: BufferValue): string {
  return `{iov_base=${bytes ? quoteUpTo(bytes, filled) : pointer(base)}, iov_len=${length}}`;
}

function controlMessage({ length, level, type, bytes }: ControlMessage): string {
  const isSocket = level === SOL_SOCKET;
  const typeText = isSocket ? (CONTROL_TYPES[type] ?? hex(type)) : hex(type);
  const value = isSocket && type === SCM_RIGHTS ? `[${words(bytes).join(', ')}]` : quote(bytes);
  return `{cmsg_len=${length}, cmsg_level=${levelName(level)}, cmsg_type=${typeText}, cmsg_data=${value}}`;
}

function words(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length >>> 2 }, (_, i) => view.getInt32(4 * i, true));
}

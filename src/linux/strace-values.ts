/** Arguments of system calls in strace's notation. */

import type { ArgumentValue, BufferValue, MessageValue } from './argument-values';
import { controlMessage } from './strace-control-messages';
import { PROTOCOL_NAMES } from './strace-names-protocols';
import {
  acceptFlags, familyName, levelName, messageFlags, protocolName, shutdownName, socketTypeName, SOCKETCALLS,
} from './socket-constants'; // prettier-ignore
import { straceOption, straceOptionName } from './strace-options';
import { ethernetProtocol, straceSockaddr } from './strace-sockaddr';
import { hex, pointer, quoteUpTo } from './strace-text';

const AF_NETLINK = 16;
const AF_PACKET = 17;

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
      if (of === AF_PACKET) return ethernetProtocol(((value & 0xff) << 8) | ((value >>> 8) & 0xff));
      return of === AF_NETLINK ? PROTOCOL_NAMES.netlink.one(value) : protocolName(value, of);
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

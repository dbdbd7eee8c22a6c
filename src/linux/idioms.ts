/**
 * What people write about Linux's structures as its sources do, though it is macros and inline functions that debug information does not
 * have: members that moved into a common part (`#define sk_prot __sk_common.skc_prot`, include/net/sock.h; `inet_dport`,
 * include/net/inet_sock.h; `si_pid`, include/uapi/asm-generic/siginfo.h), casts between the structures of a socket (`tcp_sk(sk)`), and `current`.
 */

import type { Frame } from '../debugger/api';
import type { Idioms } from '../debugger/expressions';
import { pointerTo } from '../debugger/expressions/ctypes';
import { bytesOf, Value, type ValueAccess } from '../debugger/values';
import type { StructType } from '../symbols/api';
import type { LinuxPlatform, SourceReader } from './platform';

/** `#define sk_prot __sk_common.skc_prot`: a name for a member of a member. */
const MEMBER_MACRO =
  /^[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)[ \t]*(?:\/\*.*|\/\/.*)?$/gm;

/** The same by rule, for kernels whose sources are not at hand: prefix of the name → path to the common part, prefix there. */
const RULES: readonly [prefix: string, path: readonly string[], common: string][] = [
  ['sk_', ['__sk_common'], 'skc_'],
  ['inet_', ['sk', '__sk_common'], 'skc_'],
  ['tw_', ['__tw_common'], 'skc_'],
  ['rsk_', ['__req_common'], 'skc_'],
  ['ir_', ['req', '__req_common'], 'skc_'],
];

/**
 * Functions that take a pointer to the first part of a structure for one to the whole (container_of with offset 0): include/linux/tcp.h,
 * udp.h and icmp.h, include/net/inet_sock.h, inet_connection_sock.h, af_unix.h, raw.h, request_sock.h and inet_timewait_sock.h,
 * net/packet/internal.h, net/netlink/af_netlink.h.
 */
const ACCESSORS: Readonly<Record<string, string>> = {
  inet_sk: 'inet_sock',
  inet_csk: 'inet_connection_sock',
  tcp_sk: 'tcp_sock',
  udp_sk: 'udp_sock',
  raw_sk: 'raw_sock',
  unix_sk: 'unix_sock',
  pkt_sk: 'packet_sock',
  nlk_sk: 'netlink_sock',
  inet_reqsk: 'request_sock',
  inet_rsk: 'inet_request_sock',
  tcp_rsk: 'tcp_request_sock',
  inet_twsk: 'inet_timewait_sock',
  tcp_twsk: 'tcp_timewait_sock',
};

export class LinuxIdioms implements Idioms {
  /** Macros that stand for members, by the header that defines them. */
  private readonly macros = new Map<string, ReadonlyMap<string, readonly string[]>>();

  constructor(
    private readonly platform: LinuxPlatform,
    private readonly readSource: SourceReader,
  ) {}

  /** A macro of the header that declares the structure; where that is not to be had, the rule that Linux's names follow. */
  memberPath(type: StructType, name: string): readonly string[] | undefined {
    const path = type.file && this.macrosOf(type.file.path).get(name);
    if (path) return path;
    for (const [prefix, common, member] of RULES) {
      if (!name.startsWith(prefix) || !type.member(common[0])) continue;
      return [...common, member + name.slice(prefix.length)];
    }
    return undefined;
  }

  private macrosOf(file: string): ReadonlyMap<string, readonly string[]> {
    let macros = this.macros.get(file);
    if (!macros) {
      macros = findMemberMacros(this.readSource(file) ?? '');
      this.macros.set(file, macros);
    }
    return macros;
  }

  accessor(name: string): string | undefined {
    return Object.hasOwn(ACCESSORS, name) ? `struct ${ACCESSORS[name]}` : undefined;
  }

  /** `current`: the task of the frame's thread (arch/x86/include/asm/current.h); in the kernel only, where it has a meaning. */
  variable(name: string, frame: Frame, access: ValueAccess): Value | undefined {
    if (name !== 'current' || frame.isUser) return undefined;
    const type = this.platform.kernel.struct('task_struct');
    const task = this.platform.task(frame.thread);
    if (!type || !task) return undefined;
    return new Value(pointerTo(type), { kind: 'bytes', bytes: bytesOf(BigInt(task.address), 4) }, access, name, name);
  }
}

/** The macros of a header that name a member of a member. */
export function findMemberMacros(text: string): Map<string, readonly string[]> {
  return new Map([...text.matchAll(MEMBER_MACRO)].map(([, name, path]) => [name, path.split('.')]));
}

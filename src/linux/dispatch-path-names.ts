/**
 * The dispatch paths of traced calls, as names. A path is worked out once for all calls that the same memory decides: of each call only
 * the few words are read that tell which, at its entry, when the socket is sure to be there.
 */

import { MemoryError } from '../debugger/target';
import type { EnteredCall } from './call-places';
import { gateHops, servingHops, tableHops, type MadeCall } from './dispatch-path-calls';
import { wordIn, type Hop } from './dispatch-path-hops';
import { ROUTES } from './dispatch-path-routes';
import { descriptorOf, type SocketCall } from './dispatch-path-sockets';
import { pathNames } from './dispatch-path-text';
import { LinuxError, type Kernel } from './kernel';
import type { LinuxPlatform } from './platform';
import { SOCKETCALLS } from './socket-constants';

export class PathNames {
  private readonly known = new Map<string, readonly string[]>();
  /** The parts that many paths have in common. */
  private readonly parts = new Map<string, readonly string[]>();
  private readonly deciders: SocketDeciders;

  constructor(private readonly platform: LinuxPlatform) {
    this.deciders = new SocketDeciders(platform.kernel);
  }

  /** `bind`, `vector 0x80`, …, `inet_bind`, `inet_csk_get_port`, for the current task's call; empty where it cannot be told. */
  of(call: EnteredCall): readonly string[] {
    try {
      const key = this.keyOf(call);
      let names = this.known.get(key);
      if (!names) {
        names = this.namesOf(this.made(call));
        this.known.set(key, names);
      }
      return names;
    } catch (error) {
      if (error instanceof MemoryError || error instanceof LinuxError) return [];
      throw error;
    }
  }

  private namesOf(call: MadeCall): string[] {
    const { platform } = this;
    const gate = this.once(call.way, () => gateHops(call, platform));
    const table = this.once(String(call.number), () => tableHops(call, platform));
    // The case's place in the source is not asked for, which would need all names of source files.
    const choice = call.selected === undefined ? [] : [`case ${SOCKETCALLS[call.selected]}`];
    return [call.name, ...gate, ...table, ...choice, ...pathNames(servingHops(call, platform))];
  }

  private once(key: string, hops: () => Hop[]): readonly string[] {
    const names = this.parts.get(key) ?? pathNames(hops());
    this.parts.set(key, names);
    return names;
  }

  private made({ name, number, gate, case: case_, words, task }: EnteredCall): MadeCall {
    const { kernel, target } = this.platform;
    return {
      name,
      entry: this.platform.systemCalls().get(number | 0),
      number: number | 0,
      way: gate === 'sysenter' ? 'sysenter' : 'int80',
      selected: case_ === undefined ? undefined : SOCKETCALLS.indexOf(case_),
      words,
      task,
      saved: (kernel.word('task_struct', 'thread.sp0', task) - kernel.sizeOf('pt_regs')) >>> 0,
      kernelFrames: [],
      userFrames: [],
      readMemory: (address, length) => target.readMemory(address, length),
    };
  }

  /** All that decides a call's path. */
  private keyOf(call: EnteredCall): string {
    const { name, number, gate, words, task } = call;
    const parts: unknown[] = [gate, number, name];
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    if (route) {
      const { kernel, target } = this.platform;
      const readMemory = (address: number, length: number): Uint8Array => target.readMemory(address, length);
      const of: SocketCall = { kernel, name, words, task, frames: [], readMemory };
      const fd = descriptorOf(of, route);
      parts.push(...(fd === undefined ? words.slice(0, 3) : this.deciders.of(task, fd)));
      if (name === 'setsockopt' || name === 'getsockopt' || name === 'shutdown') parts.push(words[1]);
      // An address of AF_UNSPEC dissolves the association.
      if (name === 'connect') parts.push(target.readAvailable(words[1] >>> 0, 2).join());
    }
    return parts.join('/');
  }
}

/** Members that decide where a call on a descriptor goes, by structure. */
const MEMBERS = {
  task_struct: ['files'],
  files_struct: ['fdt'],
  fdtable: ['max_fds', 'fd'],
  file: ['f_op', 'private_data'],
  socket: ['ops', 'sk'],
  sock: ['__sk_common.skc_prot', '__sk_common.skc_state'],
} as const;
type Tag = keyof typeof MEMBERS;

/** Reads them with one read a structure, because a trace asks at each call. */
class SocketDeciders {
  private readonly spans = new Map<Tag, { first: number; length: number; offsets: readonly number[] }>();
  private socketOperations: number | undefined;

  constructor(private readonly kernel: Kernel) {}

  /** The operations of a descriptor's file and, of a socket, of the socket and its protocol, with its state. */
  of(task: number, fd: number): number[] {
    const [files] = this.read('task_struct', task);
    const [table] = this.read('files_struct', files);
    const [count, array] = this.read('fdtable', table);
    const file = fd >>> 0 < count ? this.kernel.u32(array + 4 * fd) : 0;
    if (file === 0) return [];
    const [operations, socket] = this.read('file', file);
    this.socketOperations ??= this.kernel.symbol('socket_file_ops');
    if (operations !== this.socketOperations) return [operations];
    const [ops, sock] = this.read('socket', socket);
    if (sock === 0) return [operations, ops];
    const [protocol, state] = this.read('sock', sock);
    return [operations, ops, protocol, state & 0xff];
  }

  /** The words of a structure's members. */
  private read(tag: Tag, address: number): number[] {
    let span = this.spans.get(tag);
    if (!span) {
      const offsets = MEMBERS[tag].map((member) => this.kernel.offset(tag, member));
      const first = Math.min(...offsets);
      span = { first, length: Math.max(...offsets) + 4 - first, offsets: offsets.map((offset) => offset - first) };
      this.spans.set(tag, span);
    }
    const bytes = this.kernel.target.readMemory((address + span.first) >>> 0, span.length);
    return span.offsets.map((offset) => wordIn(bytes.subarray(offset, offset + 4)));
  }
}

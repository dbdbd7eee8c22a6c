/**
 * The dispatch paths of traced calls, as names. A path is worked out once for all calls that the same memory decides: of each call only
 * the few words are read that tell which, at its entry, when the socket is sure to be there.
 */

import { MemoryError } from '../debugger/target';
import type { EnteredCall, Gate } from './call-places';
import { gateHops, servingHops, tableHops, type MadeCall } from './dispatch-path-calls';
import { type Hop } from './dispatch-path-hops';
import { ROUTES } from './dispatch-path-routes';
import { descriptorOf, type SocketCall } from './dispatch-path-sockets';
import { pathNames } from './dispatch-path-text';
import { LinuxError, type Kernel } from './kernel';
import type { LinuxPlatform } from './platform';
import { SOCKETCALLS } from './socket-constants';

/** Paths by the numbers that decide them. A tree, because to make one key of the numbers costs more than to read them. */
class PathTree {
  names: readonly string[] | undefined;
  private readonly branches = new Map<number, PathTree>();

  branch(number: number): PathTree {
    let branch = this.branches.get(number);
    if (!branch) this.branches.set(number, (branch = new PathTree()));
    return branch;
  }
}

const GATES: readonly Gate[] = ['int $0x80', 'sysenter', 'an unknown gate'];

export class PathNames {
  private readonly known = new Map<string, PathTree>();
  /** The parts that many paths have in common. */
  private readonly parts = new Map<string, readonly string[]>();
  private readonly readMemory: SocketCall['readMemory'];
  private offsets: Offsets | undefined;

  constructor(private readonly platform: LinuxPlatform) {
    this.readMemory = (address, length) => platform.target.readMemory(address, length);
  }

  /** `bind`, `vector 0x80`, …, `inet_bind`, `inet_csk_get_port`, for the current task's call; empty where it cannot be told. */
  of(call: EnteredCall): readonly string[] {
    try {
      const place = this.placeOf(call);
      return (place.names ??= this.namesOf(this.made(call)));
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
    const { kernel } = this.platform;
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
      readMemory: this.readMemory,
    };
  }

  /** By all that decides a call's path. */
  private placeOf(call: EnteredCall): PathTree {
    const { name, number, gate, words, task } = call;
    let place = this.known.get(name);
    if (!place) this.known.set(name, (place = new PathTree()));
    place = place.branch(GATES.indexOf(gate)).branch(number);
    const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
    if (!route) return place;
    const { kernel, target } = this.platform;
    const fd = descriptorOf({ kernel, name, words, task, frames: [], readMemory: this.readMemory }, route);
    if (fd !== undefined) place = this.descriptorPlace(place, task, fd);
    else for (let i = 0; i < 3; i++) place = place.branch(words[i]);
    if (name === 'setsockopt' || name === 'getsockopt' || name === 'shutdown') return place.branch(words[1]);
    // An address of AF_UNSPEC dissolves the association.
    if (name === 'connect') for (const byte of target.readAvailable(words[1] >>> 0, 2)) place = place.branch(byte);
    return place;
  }

  /** By the operations of a descriptor's file and, of a socket, of the socket and its protocol, with its state. */
  private descriptorPlace(place: PathTree, task: number, fd: number): PathTree {
    const { kernel } = this.platform;
    const at = (this.offsets ??= offsetsIn(kernel));
    const table = kernel.u32(kernel.u32(task + at.files) + at.fdt);
    const file = fd >>> 0 < kernel.u32(table + at.count) ? kernel.u32(kernel.u32(table + at.array) + 4 * fd) : 0;
    if (file === 0) return place.branch(0);
    const operations = kernel.u32(file + at.operations);
    place = place.branch(operations);
    if (operations !== kernel.symbol('socket_file_ops')) return place;
    const socket = kernel.u32(file + at.socket);
    place = place.branch(kernel.u32(socket + at.ops));
    const sock = kernel.u32(socket + at.sk);
    if (sock === 0) return place.branch(0);
    return place.branch(kernel.u32(sock + at.protocol)).branch(kernel.u32(sock + at.state) & 0xff);
  }
}

/** Members that decide where a call on a descriptor goes. */
const MEMBERS = {
  files: ['task_struct', 'files'],
  fdt: ['files_struct', 'fdt'],
  count: ['fdtable', 'max_fds'],
  array: ['fdtable', 'fd'],
  operations: ['file', 'f_op'],
  socket: ['file', 'private_data'],
  ops: ['socket', 'ops'],
  sk: ['socket', 'sk'],
  protocol: ['sock', '__sk_common.skc_prot'],
  state: ['sock', '__sk_common.skc_state'],
} as const;
type Offsets = Readonly<Record<keyof typeof MEMBERS, number>>;

function offsetsIn(kernel: Kernel): Offsets {
  const offsets = Object.entries(MEMBERS).map(([name, [tag, member]]) => [name, kernel.offset(tag, member)]);
  return Object.fromEntries(offsets) as Offsets;
}

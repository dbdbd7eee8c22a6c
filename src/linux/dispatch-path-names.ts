/**
 * The dispatch paths of traced calls, as names. A path is worked out once for all calls that the same memory decides: of each call only
 * the few words are read that tell which, at its entry, when the socket is sure to be there.
 */

import { MemoryError } from '../debugger/target';
import type { EnteredCall, Gate } from './call-places';
import { gateHops, servingHops, tableHops, type MadeCall } from './dispatch-path-calls';
import { type Hop } from './dispatch-path-hops';
import { ROUTES, type Route } from './dispatch-path-routes';
import { descriptorOf, type SocketCall } from './dispatch-path-sockets';
import { pathNames } from './dispatch-path-text';
import { LinuxError, type Kernel } from './kernel';
import type { LinuxPlatform } from './platform';
import { SOCKETCALLS } from './socket-constants';

/** A path that is known, with the numbers that decide it. */
interface Known {
  readonly numbers: readonly number[];
  readonly names: readonly string[];
}

/** The numbers that decide a call's path: collected anew for each call, in one place, because this runs at every traced call. */
class Deciding {
  private readonly numbers: number[] = [];
  private count = 0;
  private hash = 0;
  private readonly known = new Map<number, Known[]>();

  begin(): void {
    this.count = 0;
    this.hash = 0;
  }

  add(number: number): void {
    this.numbers[this.count++] = number;
    this.hash = Math.imul(this.hash ^ number, HASH_FACTOR) ^ (this.hash >>> HASH_SHIFT);
  }

  find(): readonly string[] | undefined {
    return this.known.get(this.hash)?.find(({ numbers }) => this.equals(numbers))?.names;
  }

  keep(names: readonly string[]): void {
    const known = { numbers: this.numbers.slice(0, this.count), names };
    const same = this.known.get(this.hash);
    if (same) same.push(known);
    else this.known.set(this.hash, [known]);
  }

  private equals(numbers: readonly number[]): boolean {
    if (numbers.length !== this.count) return false;
    for (let i = 0; i < this.count; i++) if (numbers[i] !== this.numbers[i]) return false;
    return true;
  }
}

/** What of a call decides its path. */
interface CallTraits {
  /** Instead of the name, which is slower to compare. */
  readonly number: number;
  readonly route: Route | undefined;
  /** The second argument: the level of an option, the half of a connection. */
  readonly bySecond: boolean;
  /** The family of the address. */
  readonly byFamily: boolean;
}

/** Any odd number with bits all over will do (this is 2^32 divided by the golden ratio). */
const HASH_FACTOR = 0x9e3779b1;
const HASH_SHIFT = 15;

const GATES: readonly Gate[] = ['int $0x80', 'sysenter', 'an unknown gate'];

export class PathNames {
  private readonly deciding = new Deciding();
  private readonly calls = new Map<string, CallTraits>();
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
      this.decide(call);
      const known = this.deciding.find();
      if (known) return known;
      const names = this.namesOf(this.made(call));
      this.deciding.keep(names);
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

  /** Collects all that decides a call's path. */
  private decide(call: EnteredCall): void {
    const { name, number, gate, words, task } = call;
    const { deciding } = this;
    deciding.begin();
    const traits = this.traitsOf(name);
    const { route } = traits;
    deciding.add(traits.number);
    deciding.add(GATES.indexOf(gate));
    deciding.add(number);
    if (!route) return;
    const { kernel, target } = this.platform;
    const fd =
      route.fd === undefined
        ? descriptorOf({ kernel, name, words, task, frames: [], readMemory: this.readMemory }, route)
        : words[route.fd];
    if (fd !== undefined) this.decideByDescriptor(task, fd);
    else for (let i = 0; i < 3; i++) deciding.add(words[i]);
    if (traits.bySecond) deciding.add(words[1]);
    // An address of AF_UNSPEC dissolves the association.
    if (traits.byFamily) for (const byte of target.readAvailable(words[1] >>> 0, 2)) deciding.add(byte);
  }

  private traitsOf(name: string): CallTraits {
    let traits = this.calls.get(name);
    if (!traits) {
      traits = {
        number: this.calls.size,
        route: Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined,
        bySecond: name === 'setsockopt' || name === 'getsockopt' || name === 'shutdown',
        byFamily: name === 'connect',
      };
      this.calls.set(name, traits);
    }
    return traits;
  }

  /** By the operations of a descriptor's file and, of a socket, of the socket and its protocol, with its state. */
  private decideByDescriptor(task: number, fd: number): void {
    const { deciding } = this;
    const { kernel } = this.platform;
    const at = (this.offsets ??= offsetsIn(kernel));
    const table = kernel.u32(kernel.u32(task + at.files) + at.fdt);
    const file = fd >>> 0 < kernel.u32(table + at.count) ? kernel.u32(kernel.u32(table + at.array) + 4 * fd) : 0;
    if (file === 0) return deciding.add(0);
    const operations = kernel.u32(file + at.operations);
    deciding.add(operations);
    if (operations !== kernel.symbol('socket_file_ops')) return;
    const socket = kernel.u32(file + at.socket);
    deciding.add(kernel.u32(socket + at.ops));
    const sock = kernel.u32(socket + at.sk);
    if (sock === 0) return deciding.add(0);
    deciding.add(kernel.u32(sock + at.protocol));
    deciding.add(kernel.u32(sock + at.state) & 0xff);
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

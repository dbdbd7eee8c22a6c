import {
  type FloatRegister,
  type HitPredicate,
  MemoryError,
  type RegisterName,
  type Registers,
  type StopReason,
  type SystemRegisters,
  type Target,
} from '../debugger/target';
import { ConnectionError, StubConnection } from './connection';
import { RemoteMemory } from './memory';
import { RemoteRegisters } from './registers';
import { parseStopReply, type StopReply } from './stop-reply';

/** Whether the stop was asked for by a ctrl-C (SIGINT). */
const isInterrupt = (reply: StopReply): boolean => reply.kind === 'signal' && reply.signal === 2;

interface Breakpoint {
  readonly address: number;
  readonly predicate: HitPredicate | undefined;
}

interface Watchpoint {
  readonly address: number;
  readonly size: number;
  readonly type: '2' | '3' | '4';
  readonly predicate: HitPredicate | undefined;
}

export interface RemoteOptions {
  readonly host?: string;
  readonly port: number;
  /** Milliseconds to wait for a reply. */
  readonly timeout?: number;
  /** QEMU holds interrupts back while it single-steps; true lets them in, as on the processor itself. */
  readonly interruptsWhileStepping?: boolean;
}

/**
 * A machine behind a gdb stub: QEMU's, or any other that speaks the remote serial protocol for x86.
 * Breakpoints that are added while it runs stop it for a moment, unnoticed.
 */
export class RemoteTarget implements Target {
  readonly name: string;
  readonly abilities;
  wholeSpace: ((cr3: number) => number) | undefined;
  private readonly connection: StubConnection;
  private readonly state: RemoteRegisters;
  private readonly memory: RemoteMemory;
  private readonly breakpoints = new Map<number, Breakpoint>();
  private readonly watchpoints = new Map<number, Watchpoint>();
  private nextId = 1;
  private isRunning = false;
  /** The stub executes (between `run` and its stop reply); `running` also covers the moments in between. */
  private inFlight = false;
  /** What it was sent to execute, and where it was then. */
  private order: { packet: 'c' | 's'; eip: number } = { packet: 'c', eip: 0 };
  private pauseWanted = false;
  private deliverStop: ((reply: StopReply) => void) | undefined;
  private lost: string | undefined;
  private breakpointPacket: '0' | '1' = '0';
  private readonly consoleListeners = new Set<(bytes: Uint8Array) => void>();

  /** @throws ConnectionError where nothing answers or it is no x86 target */
  constructor(options: RemoteOptions) {
    const host = options.host ?? '127.0.0.1';
    this.connection = new StubConnection(host, options.port, options.timeout);
    this.connection.onStop = (reply) => this.stopped(parseStopReply(reply));
    this.connection.onLost = (message) => {
      this.lost = message;
      this.stopped({ kind: 'gone', message });
    };
    let hasPhysical: boolean;
    try {
      const supported = this.connection.transact('qSupported:swbreak+;hwbreak+;vContSupported+;xmlRegisters=i386');
      if (/QStartNoAckMode\+/.test(supported) && this.connection.transact('QStartNoAckMode') === 'OK')
        this.connection.stopAcknowledging();
      const packetSize = parseInt(/PacketSize=([0-9a-fA-F]+)/.exec(supported)?.[1] ?? '400', 16);
      const chunk = Math.max(32, Math.floor((packetSize - 32) / 2));
      // A stub may be met while its target runs: asking for the stop reason is the defined first question.
      const initial = parseStopReply(this.connection.transact('?'));
      if (initial.kind === 'exited') throw new ConnectionError('The stub has no running program.');
      this.state = new RemoteRegisters(this.connection, /qXfer:features:read\+/.test(supported), chunk);
      hasPhysical = this.connection.transact('qqemu.PhyMemMode') !== '';
      this.memory = new RemoteMemory(this.connection, chunk & ~15, hasPhysical, () => this.paging());
      if (options.interruptsWhileStepping) this.connection.transact('Qqemu.sstep=0x1');
    } catch (error) {
      // What does not speak the protocol must not keep the connection, nor this process, open.
      this.connection.abandon();
      throw error;
    }
    this.name = `stub at ${host}:${options.port}`;
    this.abilities = { instructionCount: false, systemRegisters: true, physicalMemory: hasPhysical, console: false };
  }

  registers(): Registers {
    return this.halted(() => this.state.read());
  }

  writeRegister(name: RegisterName, value: number): void {
    this.halted(() => {
      this.state.write(name, value);
      this.memory.forget();
    });
  }

  systemRegisters(): SystemRegisters {
    return this.halted(() => this.state.system());
  }

  floatRegisters(): FloatRegister[] {
    return this.halted(() => this.state.float());
  }

  readMemory(address: number, length: number, pageDirectory?: number): Uint8Array {
    const bytes = this.readAvailable(address, length, pageDirectory);
    if (bytes.length < length) throw new MemoryError((address + bytes.length) >>> 0);
    return bytes;
  }

  readAvailable(address: number, length: number, pageDirectory?: number): Uint8Array {
    return this.halted(() => this.memory.readAvailable(address >>> 0, length, this.space(pageDirectory)));
  }

  writeMemory(address: number, bytes: Uint8Array, pageDirectory?: number): void {
    this.halted(() => this.memory.write(address >>> 0, bytes, this.space(pageDirectory)));
  }

  translate(address: number, pageDirectory?: number): number | undefined {
    return this.halted(() => this.memory.translate(address >>> 0, this.space(pageDirectory)));
  }

  readPhysical(address: number, length: number): Uint8Array {
    if (!this.abilities.physicalMemory)
      throw new ConnectionError(`The ${this.name} gives no access to physical memory.`);
    return this.halted(() => this.memory.readPhysical(address >>> 0, length));
  }

  addBreakpoint(address: number, predicate?: HitPredicate): number {
    const known = this.idsAt(address).length > 0;
    if (!known) this.halted(() => this.insertBreakpoint(address));
    const id = this.nextId++;
    this.breakpoints.set(id, { address, predicate });
    return id;
  }

  removeBreakpoint(id: number): void {
    const breakpoint = this.breakpoints.get(id);
    if (!breakpoint) return;
    this.breakpoints.delete(id);
    if (this.lost || this.idsAt(breakpoint.address).length > 0) return;
    this.halted(() => this.connection.transact(`z${this.breakpointPacket},${breakpoint.address.toString(16)},1`));
  }

  addWatchpoint(
    address: number,
    size: number,
    access: 'read' | 'write' | 'readWrite',
    predicate?: HitPredicate,
  ): number {
    const type = ({ write: '2', read: '3', readWrite: '4' } as const)[access];
    const reply = this.halted(() => this.connection.transact(`Z${type},${address.toString(16)},${size.toString(16)}`));
    if (reply !== 'OK')
      throw new ConnectionError(`The ${this.name} cannot watch ${size} bytes at 0x${address.toString(16)}.`);
    const id = this.nextId++;
    this.watchpoints.set(id, { address, size, type, predicate });
    return id;
  }

  removeWatchpoint(id: number): void {
    const watchpoint = this.watchpoints.get(id);
    if (!watchpoint) return;
    this.watchpoints.delete(id);
    const { type, address, size } = watchpoint;
    const shared = [...this.watchpoints.values()].some(
      (other) => other.type === type && other.address === address && other.size === size,
    );
    if (this.lost || shared) return;
    this.halted(() => this.connection.transact(`z${type},${address.toString(16)},${size.toString(16)}`));
  }

  async resume(): Promise<StopReason> {
    return this.exclusively(async () => {
      let reply = await this.leaveBreakpoint();
      for (;;) {
        if (this.pauseWanted && (!reply || this.isUnmoved(reply))) return { kind: 'pause' };
        reply ??= await this.run('c');
        const reason = this.reasonOf(reply);
        if (reason) return reason;
        // Nothing of ours asked for this stop, or its predicate says no: go on.
        reply = await this.leaveBreakpoint();
      }
    });
  }

  async step(): Promise<StopReason> {
    return this.exclusively(async () => {
      const reply = await this.stepOnce();
      if (reply.kind === 'exited' || reply.kind === 'gone') return this.reasonOf(reply)!;
      if (this.isUnmoved(reply)) return { kind: 'pause' };
      return (reply.kind === 'watchpoint' && this.reasonOf(reply)) || { kind: 'step' };
    });
  }

  pause(): void {
    if (!this.isRunning) return;
    this.pauseWanted = true;
    if (this.inFlight) this.connection.break();
  }

  get running(): boolean {
    return this.isRunning;
  }

  instructionCount(): number {
    throw new ConnectionError(`The ${this.name} does not count instructions.`);
  }

  onConsoleOutput(listener: (bytes: Uint8Array) => void): void {
    this.consoleListeners.add(listener);
    this.connection.onConsole = (text) => {
      const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
      for (const each of this.consoleListeners) each(bytes);
    };
  }

  consoleInput(): void {
    throw new ConnectionError(`The ${this.name} has no console: type where the machine was started.`);
  }

  /** Lets go of the stub (D), so that the machine runs on without it. */
  dispose(): void {
    if (!this.lost) {
      try {
        this.halted(() => {
          for (const id of [...this.breakpoints.keys()]) this.removeBreakpoint(id);
          for (const id of [...this.watchpoints.keys()]) this.removeWatchpoint(id);
          this.connection.transact('D');
          this.inFlight = false;
        });
      } catch (error) {
        if (!(error instanceof ConnectionError)) throw error;
      }
    }
    this.connection.close();
  }

  /** Ends the machine behind the stub (k). */
  kill(): void {
    if (this.lost) return;
    this.halted(() => {
      this.connection.run('k');
      this.inFlight = false;
    });
    this.connection.close();
  }

  private async exclusively(work: () => Promise<StopReason>): Promise<StopReason> {
    if (this.isRunning) throw new ConnectionError(`The ${this.name} is running already.`);
    this.isRunning = true;
    this.pauseWanted = false;
    try {
      return await work();
    } finally {
      this.isRunning = false;
    }
  }

  /** Sends a packet that lets the target run and waits for its stop. */
  private run(packet: 'c' | 's'): Promise<StopReply> {
    if (!this.lost) this.order = { packet, eip: this.state.read().eip };
    this.forget();
    if (this.lost) return Promise.resolve({ kind: 'gone', message: this.lost });
    return new Promise((resolve) => {
      this.deliverStop = resolve;
      this.inFlight = true;
      this.connection.run(packet);
    });
  }

  private stopped(reply: StopReply): void {
    this.inFlight = false;
    const deliver = this.deliverStop;
    this.deliverStop = undefined;
    deliver?.(reply);
  }

  private forget(): void {
    this.state.forget();
    this.memory.forget();
  }

  /** Does something that needs the target to stand still; a running target is stopped for it and goes on. */
  private halted<T>(work: () => T): T {
    if (!this.inFlight) return work();
    const text = this.connection.interrupt();
    this.forget();
    if (text === undefined) {
      // It had stopped by itself; the worker's message about it is on its way.
      this.inFlight = false;
      return work();
    }
    this.inFlight = false;
    const reply = parseStopReply(text);
    // A step that came to its end although it was interrupted must not be made twice.
    const goesOn = isInterrupt(reply) && !this.pauseWanted && (this.order.packet === 'c' || this.isUnmoved(reply));
    try {
      return work();
    } finally {
      if (!goesOn) this.stopped(reply);
      else {
        this.forget();
        this.inFlight = true;
        this.connection.run(this.order.packet);
      }
    }
  }

  /** Whether a step was interrupted before it executed anything. */
  private isUnmoved(reply: StopReply): boolean {
    return this.order.packet === 's' && isInterrupt(reply) && this.state.read().eip === this.order.eip;
  }

  /** Executes the present instruction where a breakpoint is on it. @returns a stop that this led to, if it ends the run */
  private async leaveBreakpoint(): Promise<StopReply | undefined> {
    if (this.idsAt(this.state.read().eip).length === 0) return undefined;
    const reply = await this.stepOnce();
    if (reply.kind !== 'signal' || this.isUnmoved(reply)) return reply;
    // The next instruction may have a breakpoint too.
    return this.idsAt(this.state.read().eip).length > 0 ? reply : undefined;
  }

  private async stepOnce(): Promise<StopReply> {
    const { eip } = this.state.read();
    const covered = this.idsAt(eip).length > 0;
    const place = `${this.breakpointPacket},${eip.toString(16)},1`;
    if (covered) this.connection.transact(`z${place}`);
    let reply = await this.run('s');
    while (this.isUnmoved(reply) && !this.pauseWanted) reply = await this.run('s');
    if (covered && reply.kind !== 'gone' && reply.kind !== 'exited' && this.idsAt(eip).length > 0)
      this.connection.transact(`Z${place}`);
    return reply;
  }

  /** What a stop means; undefined where it means nothing to the debugger. */
  private reasonOf(reply: StopReply): StopReason | undefined {
    switch (reply.kind) {
      case 'gone':
      case 'exited':
        return { kind: 'ended', how: 'shutdown', message: reply.message };
      case 'watchpoint': {
        const ids = [...this.watchpoints].filter(
          ([, watchpoint]) =>
            reply.address >= watchpoint.address &&
            reply.address < watchpoint.address + watchpoint.size &&
            (watchpoint.predicate?.() ?? true),
        );
        if (ids.length === 0) return undefined;
        return { kind: 'watchpoint', id: ids[0][0], address: reply.address, write: reply.access === 'write' };
      }
      case 'signal': {
        const { eip } = this.state.read();
        const ids = this.idsAt(eip).filter((id) => this.breakpoints.get(id)?.predicate?.() ?? true);
        if (ids.length > 0) return { kind: 'breakpoint', address: eip, ids };
        return this.pauseWanted ? { kind: 'pause' } : undefined;
      }
    }
  }

  private idsAt(address: number): number[] {
    const ids: number[] = [];
    for (const [id, breakpoint] of this.breakpoints) if (breakpoint.address === address) ids.push(id);
    return ids;
  }

  private insertBreakpoint(address: number): void {
    const place = `,${address.toString(16)},1`;
    let reply = this.connection.transact(`Z${this.breakpointPacket}${place}`);
    if (reply === '' && this.breakpointPacket === '0') {
      this.breakpointPacket = '1';
      reply = this.connection.transact(`Z1${place}`);
    }
    if (reply !== 'OK')
      throw new ConnectionError(`The ${this.name} cannot set a breakpoint at 0x${address.toString(16)}.`);
  }

  /** The page directory to go by, where it need not be the processor's. */
  private space(pageDirectory: number | undefined): number | undefined {
    if (pageDirectory !== undefined || this.wholeSpace === undefined) return pageDirectory;
    const cr3 = this.state.value('cr3');
    return cr3 === undefined ? undefined : this.wholeSpace(cr3);
  }

  private paging(): { cr3: number; pae: boolean; largePages: boolean } | undefined {
    const cr0 = this.state.value('cr0');
    const cr3 = this.state.value('cr3');
    if (cr0 === undefined || cr3 === undefined || !(cr0 & 0x80000000)) return undefined;
    const cr4 = this.state.value('cr4') ?? 0;
    return { cr3, pae: (cr4 & 0x20) !== 0, largePages: (cr4 & 0x10) !== 0 };
  }
}

import { setTimeout as sleep } from 'node:timers/promises';
import { MemoryError, type FloatRegister, type HitPredicate, type RegisterName, type Registers, type StopReason, type SystemRegisters, type Target } from '../debugger/target'; // prettier-ignore
import type { AddressSpace, Machine, MachineStop } from '../machine/machine';
import { floatFromBytes } from '../debugger/values/scalars';
import { describeUnsupported } from './unsupported';

/** Registers by their encoding. */
const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'] as const;
const TASK_REGISTER = 7;
const LOCAL_DESCRIPTOR_TABLE = 6;

/**
 * The machine runs in slices that end at multiples of this count, so that what the host does between them (typing a line when the
 * prompt is there) happens at the same counts in every run.
 */
const SLICE = 200_000;
/** The host gets its turn at least so often, milliseconds: requests must take effect within 50 ms. */
const TURN = 15;
/** One instruction is 10 ns of the guest's time. */
export const NANOSECONDS_PER_INSTRUCTION = 10;
const INSTRUCTIONS_PER_MILLISECOND = 1e6 / NANOSECONDS_PER_INSTRUCTION;
/** Idle time up to this is skipped; a guest that idles longer is waiting for a person and paced to real time (instructions). */
const IDLE_GRACE = 3_000 * INSTRUCTIONS_PER_MILLISECOND;
/** Watchpoints a guest could not have: ours are compared in software, but each slows its page. */
const MAX_WATCHPOINTS = 64;

interface Watch {
  id: number;
  address: number;
  size: number;
  read: boolean;
  write: boolean;
  predicate: HitPredicate | undefined;
}

const PRESENT_SPACE: AddressSpace = {};

/** IA32_SYSENTER_CS, IA32_SYSENTER_ESP, IA32_SYSENTER_EIP (SDM volume 4, table 2-2). */
const SYSENTER_REGISTERS = [0x174, 0x175, 0x176];

/** Our own emulator as the debugger's target. */
export class EmulatorTarget implements Target {
  readonly name = 'emulator';
  readonly abilities = { instructionCount: true, systemRegisters: true, physicalMemory: true, console: true };
  wholeSpace: ((cr3: number) => number) | undefined;
  /** Called between slices, with the machine at rest: the console script types from here. */
  onSlice: ((idle: boolean) => void) | undefined;

  private readonly breakpoints = new Map<number, { address: number; predicate: HitPredicate | undefined }>();
  private readonly byAddress = new Map<number, number[]>();
  private readonly watches = new Map<number, Watch>();
  private readonly outputListeners: ((bytes: Uint8Array) => void)[] = [];
  private nextId = 1;
  private breakpointsChanged = false;
  private pauseWanted = false;
  private disposed = false;
  private idleTime = 0;
  private wake: (() => void) | undefined;
  running = false;

  constructor(readonly machine: Machine) {
    machine.serial.onOutput((bytes) => {
      // A guest that says something is not waiting for a person.
      this.idleTime = 0;
      for (const listener of this.outputListeners) listener(bytes);
    });
  }

  registers(): Registers {
    const { registers } = this.machine;
    const general = (number: number): number => registers.general(number);
    const selector = (number: number): number => registers.selector(number);
    return {
      eax: general(0), ecx: general(1), edx: general(2), ebx: general(3), esp: general(4), ebp: general(5), esi: general(6), edi: general(7),
      eip: registers.eip, eflags: registers.eflags,
      es: selector(0), cs: selector(1), ss: selector(2), ds: selector(3), fs: selector(4), gs: selector(5),
    }; // prettier-ignore
  }

  writeRegister(name: RegisterName, value: number): void {
    const { registers } = this.machine;
    const general = GENERAL.indexOf(name as (typeof GENERAL)[number]);
    if (general >= 0) registers.setGeneral(general, value);
    else if (name === 'eip') registers.eip = value;
    else if (name === 'eflags') registers.eflags = value;
    else throw new Error(`The segment register ${name} cannot be changed: its hidden part would no longer fit.`);
  }

  systemRegisters(): SystemRegisters {
    const { registers } = this.machine;
    const { gdtr, idtr } = registers;
    const tr = registers.segment(TASK_REGISTER);
    return {
      cr0: registers.control(0), cr2: registers.control(2), cr3: registers.control(3), cr4: registers.control(4),
      gdtrBase: gdtr.base, gdtrLimit: gdtr.limit, idtrBase: idtr.base, idtrLimit: idtr.limit,
      ldtr: registers.segment(LOCAL_DESCRIPTOR_TABLE).selector, tr: tr.selector, trBase: tr.base,
      fsBase: registers.segment(4).base, gsBase: registers.segment(5).base,
      dr: [0, 1, 2, 3, 6, 7].map((i) => registers.debug(i)), cpl: registers.cpl,
      // Asked for rarely, and this object often.
      get sysenter() {
        const [cs, esp, eip] = SYSENTER_REGISTERS.map((number) => Number(registers.msr(number) ?? 0n));
        return { cs, esp, eip };
      },
    }; // prettier-ignore
  }

  floatRegisters(): FloatRegister[] {
    const image = this.machine.registers.x87();
    const tags = image[8] | (image[9] << 8);
    const top = ((image[4] | (image[5] << 8)) >>> 11) & 7;
    return Array.from({ length: 8 }, (_, i) => {
      const bytes = image.slice(28 + 10 * i, 38 + 10 * i);
      const empty = ((tags >>> (((top + i) & 7) * 2)) & 3) === 3;
      return { name: `st${i}`, bytes, text: empty ? 'empty' : String(floatFromBytes(bytes)) };
    });
  }

  readMemory(address: number, length: number, pageDirectory?: number): Uint8Array {
    const { bytes, unmapped } = this.machine.readVirtual(address >>> 0, length, this.space(pageDirectory));
    if (unmapped.length > 0) throw new MemoryError(unmapped[0].address);
    return bytes;
  }

  readWord(address: number): number {
    const word = this.machine.readWord(address >>> 0, this.space());
    if (word !== undefined) return word;
    const bytes = this.readMemory(address, 4);
    return (bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)) >>> 0;
  }

  copyMemory(address: number, into: Uint8Array, at: number, length: number): number {
    return this.machine.copyVirtual(address >>> 0, into, at, length, this.space());
  }

  readAvailable(address: number, length: number, pageDirectory?: number): Uint8Array {
    const { bytes, unmapped } = this.machine.readVirtual(address >>> 0, length, this.space(pageDirectory));
    return unmapped.length > 0 ? bytes.subarray(0, (unmapped[0].address - address) >>> 0) : bytes;
  }

  writeMemory(address: number, bytes: Uint8Array, pageDirectory?: number): void {
    // All or nothing: a write that would be cut off in the middle changes nothing.
    const through = this.space(pageDirectory);
    const { unmapped } = this.machine.readVirtual(address >>> 0, bytes.length, through);
    if (unmapped.length > 0) throw new MemoryError(unmapped[0].address);
    this.machine.writeVirtual(address >>> 0, bytes, through);
  }

  translate(address: number, pageDirectory?: number): number | undefined {
    return this.machine.translate(address, this.space(pageDirectory));
  }

  private space(pageDirectory?: number): AddressSpace {
    if (pageDirectory !== undefined) return { cr3: pageDirectory };
    if (this.wholeSpace === undefined) return PRESENT_SPACE;
    const cr3 = this.machine.registers.control(3);
    const whole = this.wholeSpace(cr3);
    // What the processor itself goes by is also what is found the quickest.
    return whole === cr3 ? PRESENT_SPACE : { cr3: whole };
  }

  readPhysical(address: number, length: number): Uint8Array {
    const { bytes, unmapped } = this.machine.readPhysical(address >>> 0, length);
    if (unmapped.length > 0) throw new MemoryError(unmapped[0].address);
    return bytes;
  }

  addBreakpoint(address: number, predicate?: HitPredicate): number {
    const id = this.nextId++;
    this.breakpoints.set(id, { address: address >>> 0, predicate });
    const ids = this.byAddress.get(address >>> 0);
    if (ids) ids.push(id);
    else {
      this.byAddress.set(address >>> 0, [id]);
      this.breakpointsChanged = true;
    }
    return id;
  }

  removeBreakpoint(id: number): void {
    const breakpoint = this.breakpoints.get(id);
    if (!breakpoint) return;
    this.breakpoints.delete(id);
    const rest = this.byAddress.get(breakpoint.address)?.filter((other) => other !== id) ?? [];
    if (rest.length > 0) this.byAddress.set(breakpoint.address, rest);
    else {
      this.byAddress.delete(breakpoint.address);
      this.breakpointsChanged = true;
    }
  }

  /** Gives the machine the breakpoints where they are others than before: code is decoded again for them, so once for many changes. */
  private placeBreakpoints(): void {
    if (!this.breakpointsChanged) return;
    this.breakpointsChanged = false;
    this.machine.setBreakpoints(this.byAddress.keys());
  }

  addWatchpoint(
    address: number,
    size: number,
    access: 'read' | 'write' | 'readWrite',
    predicate?: HitPredicate,
  ): number {
    if (this.watches.size >= MAX_WATCHPOINTS)
      throw new Error(`At most ${MAX_WATCHPOINTS} places can be watched at once.`);
    const id = this.nextId++;
    this.watches.set(id, {
      id,
      address: address >>> 0,
      size,
      read: access !== 'write',
      write: access !== 'read',
      predicate,
    });
    this.machine.setWatchpoints([...this.watches.values()]);
    return id;
  }

  removeWatchpoint(id: number): void {
    if (this.watches.delete(id)) this.machine.setWatchpoints([...this.watches.values()]);
  }

  async resume(limit = Infinity): Promise<StopReason> {
    const { machine } = this;
    const end = machine.count + limit;
    this.running = true;
    this.pauseWanted = false;
    try {
      let turn = performance.now();
      for (;;) {
        const slice = (Math.floor(machine.count / SLICE) + 1) * SLICE;
        this.placeBreakpoints();
        const stop = machine.run({ until: Math.min(slice, end) });
        const reason = this.reasonOf(stop);
        if (reason) return reason;
        if (machine.count >= end) return { kind: 'limit' };
        // A place that was only looked at: the slice goes on, unless the host has waited for long.
        if (isLook(stop) && performance.now() - turn < TURN) continue;
        this.onSlice?.(stop.idleInstructions > 0 || stop.reason === 'idle');
        const paced = await this.pace(stop);
        if (paced || performance.now() - turn >= TURN) {
          if (!paced) await new Promise((resolve) => setImmediate(resolve));
          turn = performance.now();
        }
        if (this.disposed || this.pauseWanted) return { kind: 'pause' };
      }
    } finally {
      this.running = false;
    }
  }

  /** Lets a guest that idles for long wait in real time, so that it does not keep the host busy. */
  private async pace(stop: MachineStop): Promise<boolean> {
    if (stop.reason === 'idle') {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.wake = undefined;
      return true;
    }
    // A slice in which the guest worked for more than a tick's housekeeping is not idling.
    if (stop.idleInstructions < SLICE / 2) {
      if (stop.idleInstructions === 0) this.idleTime = 0;
      return false;
    }
    this.idleTime += stop.idleInstructions;
    if (this.idleTime < IDLE_GRACE) return false;
    const abort = new AbortController();
    this.wake = () => abort.abort();
    await sleep(stop.idleInstructions / INSTRUCTIONS_PER_MILLISECOND, undefined, { signal: abort.signal }).catch(
      () => {},
    );
    this.wake = undefined;
    return true;
  }

  async step(): Promise<StopReason> {
    this.placeBreakpoints();
    const stop = this.machine.step();
    return this.reasonOf(stop) ?? { kind: 'step' };
  }

  /** What a machine's stop means to the debugger; undefined where the run goes on. */
  private reasonOf(stop: MachineStop): StopReason | undefined {
    switch (stop.reason) {
      case 'limit':
      case 'idle':
        return undefined;
      case 'breakpoint': {
        const ids = (this.byAddress.get(stop.address) ?? []).filter(
          (id) => this.breakpoints.get(id)?.predicate?.() ?? true,
        );
        return ids.length > 0 ? { kind: 'breakpoint', address: stop.address, ids } : undefined;
      }
      case 'watchpoint': {
        const access = stop.watchpoint;
        if (!access) return undefined;
        const hit = [...this.watches.values()].find(
          (w) =>
            access.address < w.address + w.size &&
            w.address < access.address + access.size &&
            (access.write ? w.write : w.read) &&
            (w.predicate?.() ?? true),
        );
        return hit && { kind: 'watchpoint', id: hit.id, address: access.address, write: access.write };
      }
      case 'halted':
        return { kind: 'ended', how: 'halt', message: stop.message ?? 'The guest halted.' };
      case 'poweroff':
      case 'reset':
      case 'shutdown':
        return { kind: 'ended', how: stop.reason, message: stop.message ?? `The guest ended: ${stop.reason}.` };
      case 'unimplemented':
        return {
          kind: 'unsupported',
          address: stop.address,
          message: describeUnsupported(this.machine, stop),
        };
    }
  }

  pause(): void {
    this.pauseWanted = true;
    this.wake?.();
  }

  instructionCount(): number {
    return this.machine.count;
  }

  onConsoleOutput(listener: (bytes: Uint8Array) => void): void {
    this.outputListeners.push(listener);
  }

  consoleInput(bytes: Uint8Array): void {
    this.idleTime = 0;
    this.machine.serial.input(bytes);
    this.wake?.();
  }

  dispose(): void {
    this.disposed = true;
    this.wake?.();
  }
}

function isLook({ reason }: MachineStop): boolean {
  return reason === 'breakpoint' || reason === 'watchpoint';
}

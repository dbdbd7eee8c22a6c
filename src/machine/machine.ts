import { loadBzImage, loadElfKernel, type BootEntry } from './boot/linuxboot';
import { readSetupHeader } from './boot/setup-header';
import { ConsoleInput } from './console';
import { Cpu } from './cpu/cpu';
import { MAXIMUM_BUDGET, type Engine } from './cpu/engine';
import { EvaluatorEngine } from './cpu/engine-evaluator';
import { Evaluator } from './cpu/evaluator';
import { EFLAGS, EIP, HALTED, INTERRUPT_SHADOW, PENDING, RAM, SEG_BASE, SegmentRegister } from './cpu/layout';
import { restoreState, saveState } from './cpu/state';
import { Board, type BoardState } from './devices/board';
import { EventQueue } from './devices/events';
import { StateHasher } from './hash';
import { enterKernel, Registers } from './registers';
import { WasmEngine } from './wasm/engine-wasm';
import type {
  AddressSpace,
  EngineKind,
  InputRecord,
  LoadOptions,
  MachineOptions,
  MachineSnapshot,
  MachineStop,
  MemoryRead,
  RunLimit,
  StopReason,
  UnmappedRange,
  Watchpoint,
} from './types';

export type * from './types';
export { BootError } from './boot/error';
export { Registers } from './registers';

const PAGE = 4096;
const INTERRUPT_FLAG = 0x200;
/** 2026-01-01T00:00:00Z: any fixed time will do. */
const DEFAULT_EPOCH = 1_767_225_600;
const DEFAULT_MEMORY_MIB = 64;

/** The console's serial port (COM1). */
export interface Serial {
  /** Hear the bytes the guest sends; the array is the listener's to keep. */
  onOutput(listener: (bytes: Uint8Array) => void): void;
  /** Send bytes to the guest; they enter at the next instruction boundary and are logged in `inputLog`. */
  input(bytes: Uint8Array): void;
}

/** Why the guest ended the run, set by a device in the middle of a slice. */
interface Ending {
  reason: 'reset' | 'poweroff';
  message: string;
}

/**
 * An i686 PC. Nothing in it reads the host's clock: the same kernel and the same input give the same state at each instruction count,
 * whichever engine executes and however the run is cut up.
 */
export class Machine {
  readonly engineKind: EngineKind;
  readonly registers: Registers;
  readonly serial: Serial;

  private readonly cpu: Cpu;
  private readonly engine: Engine;
  private readonly events = new EventQueue();
  private readonly board: Board;
  private readonly console: ConsoleInput;
  private readonly outputListeners: ((bytes: Uint8Array) => void)[] = [];
  private output: number[] = [];
  private ending: Ending | undefined;
  private idle = 0;

  /** Throws RangeError for a memory size that the machine cannot have. */
  constructor(options: MachineOptions = {}) {
    const memoryMiB = options.memoryMiB ?? DEFAULT_MEMORY_MIB;
    const log = options.log ?? (() => {});
    this.cpu = new Cpu({ memoryMiB, sysenter: options.sysenter ?? true, log });
    this.engineKind = options.engine ?? 'wasm';
    this.engine = createEngine(this.engineKind, this.cpu);
    this.registers = new Registers(this.cpu);

    // Console input has the first slot: see ConsoleInput.
    this.console = new ConsoleInput(this.events, options.replay ?? [], (bytes) => this.board.com1.send(bytes));
    this.board = new Board(this.events, {
      memoryMiB,
      epoch: options.epoch ?? DEFAULT_EPOCH,
      serialSpeed: options.serialSpeed ?? 'fast',
      now: () => this.cpu.now(),
      onInterrupt: (high) => {
        this.cpu.interruptLine = high;
        if (high) {
          this.attention();
        }
      },
      onSerialOutput: (byte) => this.output.push(byte),
      onReset: (cause) => this.end({ reason: 'reset', message: `The guest asked for a reset through ${cause}.` }),
      onPowerOff: (cause) =>
        this.end({ reason: 'poweroff', message: `The guest switched the machine off through ${cause}.` }),
      log,
    });
    this.cpu.ports = this.board.bus;
    this.events.onSooner = () => {
      if (this.events.next() < this.cpu.sliceEnd) {
        this.attention();
      }
    };
    this.serial = {
      onOutput: (listener) => this.outputListeners.push(listener),
      input: (bytes) => this.console.type(bytes, this.count),
    };
  }

  /** Bytes of RAM. */
  get memorySize(): number {
    return this.cpu.ramSize;
  }

  /** Time: instructions completed, and instructions' worth of idle time skipped, since the machine was made. */
  get count(): number {
    return this.cpu.now();
  }

  /** All console input, also that of `replay` still to come. */
  get inputLog(): readonly InputRecord[] {
    return this.console.log;
  }

  /** Drop replayed input that has not entered yet: after going back, the future may be another. */
  forgetFutureInput(): void {
    this.console.forgetFuture();
  }

  /** Load an ELF kernel and set the processor up as the 32-bit boot protocol asks. Throws BootError. */
  loadVmlinux(file: Uint8Array, options: LoadOptions = {}): void {
    const header = options.bzImage && readSetupHeader(options.bzImage);
    this.enter(loadElfKernel(this.ram, file, options, header));
  }

  /** Load a bzImage; its decompressor runs in the guest. Throws BootError. */
  loadBzImage(file: Uint8Array, options: LoadOptions = {}): void {
    this.enter(loadBzImage(this.ram, file, options));
  }

  /**
   * Run up to the limit or to what stops the machine before it. A breakpoint or watchpoint of the instruction from which it starts does
   * not stop it.
   */
  run(limit: RunLimit): MachineStop {
    const until = Math.min(limit.until ?? Infinity, this.count + (limit.instructions ?? Infinity));
    return this.execute(until, Infinity);
  }

  /** Execute `count` instructions (1 unless given); the idle time of a HLT on the way is passed over. */
  step(count = 1): MachineStop {
    return this.execute(Infinity, count);
  }

  /** Linear addresses; replaces the earlier set. The guest cannot see them. */
  setBreakpoints(linear: Iterable<number>): void {
    this.engine.setBreakpoints(linear);
  }

  /** Replaces the earlier set. */
  setWatchpoints(watchpoints: readonly Watchpoint[]): void {
    this.cpu.setWatchpoints(watchpoints);
  }

  // ---- the debugger's memory accesses: they set no accessed or dirty bits, never fault and see no watchpoint

  readVirtual(address: number, size: number, space: AddressSpace = {}): MemoryRead {
    // The usual case, quickly: observers of a running guest read at every call that they see.
    if ((address & (PAGE - 1)) + size <= PAGE) {
      const physical = this.translate(address, space);
      if (physical !== undefined && physical + size <= this.cpu.ramSize)
        return { bytes: this.cpu.u8.slice(RAM + physical, RAM + physical + size), unmapped: [] };
    }
    const bytes = new Uint8Array(size);
    const unmapped: UnmappedRange[] = [];
    this.eachPage(address, size, space, (linear, physical, offset, length) => {
      if (physical === undefined || physical + length > this.cpu.ramSize) {
        addRange(unmapped, linear, length);
      } else {
        this.cpu.peekPhysical(physical, bytes.subarray(offset, offset + length));
      }
    });
    return { bytes, unmapped };
  }

  /** Copies linear memory to `at` in `into`, up to what is not mapped or not RAM; gives the number of bytes. */
  copyVirtual(address: number, into: Uint8Array, at: number, length: number, space: AddressSpace = {}): number {
    const { u8, ramSize } = this.cpu;
    let physical: number | undefined;
    for (let i = 0; i < length; i++) {
      const linear = address + i;
      if (i === 0 || (linear & (PAGE - 1)) === 0) physical = this.translate(linear, space);
      else physical!++;
      if (physical === undefined || physical >= ramSize) return i;
      into[at + i] = u8[RAM + physical];
    }
    return length;
  }

  /** The word of four bytes at a linear address, unsigned; undefined where it is not in one page of RAM. */
  readWord(address: number, space: AddressSpace = {}): number | undefined {
    if ((address & (PAGE - 1)) > PAGE - 4) return undefined;
    const physical = this.translate(address, space);
    return physical === undefined || physical + 4 > this.cpu.ramSize
      ? undefined
      : this.cpu.view.getUint32(RAM + physical, true);
  }

  /** Writes what is mapped, whatever its protection; returns what is not. */
  writeVirtual(address: number, bytes: Uint8Array, space: AddressSpace = {}): UnmappedRange[] {
    const unmapped: UnmappedRange[] = [];
    this.eachPage(address, bytes.length, space, (linear, physical, offset, length) => {
      if (physical === undefined || physical + length > this.cpu.ramSize) {
        addRange(unmapped, linear, length);
      } else {
        this.cpu.pokePhysical(physical, bytes.subarray(offset, offset + length));
      }
    });
    return unmapped;
  }

  /** Physical address, or undefined where nothing maps the linear one. */
  translate(linear: number, space: AddressSpace = {}): number | undefined {
    return this.cpu.translate(linear | 0, space.cr3);
  }

  readPhysical(address: number, size: number): MemoryRead {
    const present = Math.max(0, Math.min(size, this.cpu.ramSize - address));
    const bytes = new Uint8Array(size);
    this.cpu.peekPhysical(address, bytes.subarray(0, present));
    return { bytes, unmapped: present < size ? [{ address: address + present, size: size - present }] : [] };
  }

  writePhysical(address: number, bytes: Uint8Array): UnmappedRange[] {
    const present = Math.max(0, Math.min(bytes.length, this.cpu.ramSize - address));
    this.cpu.pokePhysical(address, bytes.subarray(0, present));
    return present < bytes.length ? [{ address: address + present, size: bytes.length - present }] : [];
  }

  // ---- state

  /** 128 bits in hexadecimal over the whole architectural state; independent of engine, TLB, code cache and slicing. */
  stateHash(): string {
    const hasher = new StateHasher();
    hasher.words(new Int32Array(this.cpu.memory.buffer, RAM, this.cpu.ramSize >> 2));
    hasher.bytes(saveState(this.cpu));
    const board = this.board.getState();
    const events = this.events.getState();
    // What the user will type is not the machine's state.
    delete events[ConsoleInput.SLOT];
    hasher.data({ count: this.count, board, events });
    return hasher.digest();
  }

  snapshot(): MachineSnapshot {
    const board = this.board.getState();
    return {
      count: this.count,
      cpu: saveState(this.cpu),
      ram: this.ram.slice(),
      devices: { board, events: this.events.getState() },
    };
  }

  /** Go on from `snapshot`, which a machine with the same options made. Logged input after its count will enter again. */
  restore(snapshot: MachineSnapshot): void {
    if (snapshot.ram.length !== this.cpu.ramSize) {
      throw new RangeError('The snapshot is of a machine with another memory size.');
    }
    this.ram.set(snapshot.ram);
    restoreState(this.cpu, snapshot.cpu);
    this.cpu.count = snapshot.count;
    this.board.setState(snapshot.devices.board as BoardState);
    this.events.setState(snapshot.devices.events as Record<string, number>);
    this.console.rewind(snapshot.count);
    this.ending = undefined;
    this.output = [];
    this.engine.flush();
  }

  private get ram(): Uint8Array {
    return new Uint8Array(this.cpu.memory.buffer, RAM, this.cpu.ramSize);
  }

  private enter(entry: BootEntry): void {
    enterKernel(this.cpu, entry);
    this.engine.flush();
  }

  /** Have the engine come back after the current instruction. */
  private attention(): void {
    this.cpu.i32[PENDING >> 2] = 1;
  }

  private end(ending: Ending): void {
    this.ending = ending;
    this.attention();
  }

  private takeEnding(): Ending | undefined {
    const ending = this.ending;
    this.ending = undefined;
    return ending;
  }

  /** The loop of everything: events, interrupts, then instructions up to the next event. */
  private execute(until: number, instructions: number): MachineStop {
    const { cpu, engine, events } = this;
    const { i32 } = cpu;
    this.idle = 0;
    this.ending = undefined;
    let left = instructions;
    let resuming = true;
    for (;;) {
      const ending = this.takeEnding();
      if (ending) {
        return this.stop(ending.reason, ending.message);
      }
      const now = cpu.now();
      if (now >= until || left <= 0) {
        return this.stop('limit');
      }
      events.fire(now);
      if (cpu.interruptLine && cpu.canInterrupt) {
        cpu.externalInterrupt(this.board.pic.acknowledge());
        resuming = false;
      }
      if (i32[HALTED >> 2] !== 0) {
        const stopped = this.sleep(until);
        if (stopped) {
          return stopped;
        }
        continue;
      }
      // What is pending has been seen to, unless the interrupt must wait for the end of a shadow.
      i32[PENDING >> 2] = cpu.interruptLine && i32[INTERRUPT_SHADOW >> 2] !== 0 ? 1 : 0;
      const budget = Math.min(events.next() - now, until - now, left, MAXIMUM_BUDGET);
      const reason = engine.run(budget, resuming);
      resuming = false;
      left -= engine.executed;
      switch (reason) {
        case 'budget':
        case 'pending':
        case 'halt':
          break;
        case 'breakpoint':
          return this.stop('breakpoint');
        case 'watchpoint': {
          const { linear, size, write } = engine.watchpoint;
          return { ...this.stop('watchpoint'), watchpoint: { address: linear >>> 0, size, write } };
        }
        case 'shutdown':
          return this.stop('shutdown', 'The processor shut down: an exception could not be delivered (triple fault).');
        case 'unimplemented':
          return {
            ...this.stop('unimplemented', engine.unimplemented?.message),
            missing: engine.unimplemented?.feature,
          };
      }
    }
  }

  /** The processor is halted: skip to the next event. Gives the stop where none can wake it or the limit comes first. */
  private sleep(until: number): MachineStop | undefined {
    const { cpu, events } = this;
    if (!(cpu.i32[EFLAGS >> 2] & INTERRUPT_FLAG)) {
      return this.stop('halted', 'The guest halted the processor with interrupts off.');
    }
    const next = events.next();
    if (next === Infinity) {
      return this.stop('idle');
    }
    const now = cpu.now();
    const wake = Math.min(next, until);
    this.idle += wake - now;
    cpu.count = wake;
    return undefined;
  }

  private stop(reason: StopReason, message?: string): MachineStop {
    if (this.output.length > 0) {
      const bytes = Uint8Array.from(this.output);
      this.output = [];
      for (const listener of this.outputListeners) {
        listener(bytes.slice());
      }
    }
    const { i32 } = this.cpu;
    return {
      reason,
      address: (i32[(SEG_BASE >> 2) + SegmentRegister.CS] + i32[EIP >> 2]) >>> 0,
      count: this.count,
      idleInstructions: this.idle,
      ...(message === undefined ? {} : { message }),
    };
  }

  /** Visit a linear range page by page; addresses wrap around at 4 GiB. */
  private eachPage(
    address: number,
    size: number,
    space: AddressSpace,
    visit: (linear: number, physical: number | undefined, offset: number, length: number) => void,
  ): void {
    for (let offset = 0; offset < size;) {
      const linear = (address + offset) >>> 0;
      const length = Math.min(size - offset, PAGE - (linear % PAGE));
      visit(linear, this.translate(linear, space), offset, length);
      offset += length;
    }
  }
}

function addRange(ranges: UnmappedRange[], address: number, size: number): void {
  const last = ranges.at(-1);
  if (last && last.address + last.size === address) {
    last.size += size;
  } else {
    ranges.push({ address, size });
  }
}

function createEngine(kind: EngineKind, cpu: Cpu): Engine {
  const evaluator = new Evaluator(cpu);
  return kind === 'wasm' ? new WasmEngine(cpu, evaluator) : new EvaluatorEngine(cpu, evaluator);
}

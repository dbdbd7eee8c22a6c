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
  SegmentState,
  UnmappedRange,
  Watchpoint,
} from './types';

export type * from './types';

/** The registers as a debugger reads and writes them. Values are unsigned 32-bit numbers. */
export interface Registers {
  /** EAX ECX EDX EBX ESP EBP ESI EDI by encoding. */
  general(register: number): number;
  setGeneral(register: number, value: number): void;
  eip: number;
  /** With the lazy flags computed. */
  eflags: number;
  /** ES CS SS DS FS GS LDTR TR by SegmentRegister. */
  segment(register: number): SegmentState;
  setSegment(register: number, state: SegmentState): void;
  /** CR0, CR2, CR3, CR4. */
  control(number: 0 | 2 | 3 | 4): number;
  setControl(number: 0 | 2 | 3 | 4, value: number): void;
  /** DR0..DR7. */
  debug(number: number): number;
  setDebug(number: number, value: number): void;
  readonly gdtr: { base: number; limit: number };
  readonly idtr: { base: number; limit: number };
  readonly cpl: number;
  /** A model-specific register by its number, or undefined where this processor has none. */
  msr(number: number): bigint | undefined;
  /** The FPU's registers in FSAVE's 32-bit protected-mode format: 108 bytes (SDM volume 1, figure 8-9). */
  x87(): Uint8Array;
  setX87(image: Uint8Array): void;
}

/** The console's serial port (COM1). */
export interface Serial {
  /** Hear the bytes the guest sends. */
  onOutput(listener: (bytes: Uint8Array) => void): void;
  /** Send bytes to the guest; they enter at the next instruction boundary and are logged in `inputLog`. */
  input(bytes: Uint8Array): void;
}

/** An i686 PC. Nothing in it reads the host's clock: the same kernel and the same input give the same state at each count. */
export declare class Machine {
  constructor(options?: MachineOptions);
  readonly engineKind: EngineKind;
  /** Bytes of RAM. */
  readonly memorySize: number;
  /** Load an ELF kernel and set the processor up as the 32-bit boot protocol asks. Throws BootError. */
  loadVmlinux(file: Uint8Array, options?: LoadOptions): void;
  /** Load a bzImage; its decompressor runs in the guest. Throws BootError. */
  loadBzImage(file: Uint8Array, options?: LoadOptions): void;
  /** Run up to the limit or to what stops the machine before it. Never stops at a breakpoint on the instruction it starts from. */
  run(limit: RunLimit): MachineStop;
  /** Execute `count` instructions (1 unless given), passing over HLT's idle time. */
  step(count?: number): MachineStop;
  /** Instructions completed since the machine was made. */
  readonly count: number;
  readonly registers: Registers;
  /** Debugger's accesses: they set no accessed or dirty bits, never fault and see no watchpoint. */
  readVirtual(address: number, size: number, space?: AddressSpace): MemoryRead;
  /** Writes what is mapped; returns what is not. Write protection is not obeyed. */
  writeVirtual(address: number, bytes: Uint8Array, space?: AddressSpace): UnmappedRange[];
  /** Physical address, or undefined where nothing maps the linear one. */
  translate(linear: number, space?: AddressSpace): number | undefined;
  readPhysical(address: number, size: number): MemoryRead;
  writePhysical(address: number, bytes: Uint8Array): UnmappedRange[];
  /** Linear addresses; replaces the earlier set. The guest cannot see them. */
  setBreakpoints(linear: Iterable<number>): void;
  setWatchpoints(watchpoints: readonly Watchpoint[]): void;
  readonly serial: Serial;
  /** All console input so far, for `replay`. */
  readonly inputLog: readonly InputRecord[];
  /** 128 bits in hexadecimal over the whole architectural state; independent of engine, TLB, code cache and slicing. */
  stateHash(): string;
  snapshot(): MachineSnapshot;
  restore(snapshot: MachineSnapshot): void;
}

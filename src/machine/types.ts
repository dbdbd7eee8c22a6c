/** What the machine's users say to it and hear from it. */

/** Which of the two engines executes instructions: the emitted interpreter (fast) or the reference evaluator (the oracle). */
export type EngineKind = 'wasm' | 'evaluator';

/** Bytes from outside (typed at the console), and the instruction count at which they reached the machine. */
export interface InputRecord {
  readonly count: number;
  readonly bytes: readonly number[];
}

export interface MachineOptions {
  /** RAM in MiB, 1..2048; 64 unless given. */
  memoryMiB?: number;
  /** Announce SYSENTER/SYSEXIT in CPUID; true unless given. */
  sysenter?: boolean;
  /** 'wasm' unless given. */
  engine?: EngineKind;
  /** Wall-clock time at instruction 0, in seconds since 1970-01-01T00:00:00Z, for the CMOS clock; fixed, so that boots are equal. */
  epoch?: number;
  /** How fast the serial port moves bytes: at its programmed baud rate, or each byte in a fixed short time (the default). */
  serialSpeed?: 'baud' | 'fast';
  /** Console input of an earlier run, to be repeated at the same instruction counts. */
  replay?: readonly InputRecord[];
  /** Hears one line about what hardware would ignore silently (unknown ports, MSRs), once for each. */
  log?: (line: string) => void;
}

export interface LoadOptions {
  initrd?: Uint8Array;
  commandLine?: string;
  /** For loadVmlinux: the bzImage of the same kernel, whose setup header is handed on; a minimal one is made without it. */
  bzImage?: Uint8Array;
}

/** How far to run: so many instructions from here, or up to an absolute instruction count; the nearer of the two. */
export interface RunLimit {
  instructions?: number;
  until?: number;
}

export type StopReason =
  /** The limit was reached exactly. */
  | 'limit'
  /** The instruction at `address` has a breakpoint and has not been executed. */
  | 'breakpoint'
  /** The instruction at EIP was about to make the access `watchpoint` describes, and has not been executed. */
  | 'watchpoint'
  /** HLT with interrupts off: nothing can wake the processor again. Linux does this to halt where there is no power-off. */
  | 'halted'
  /** HLT, and nothing but console input can wake the processor. */
  | 'idle'
  /** The guest switched the machine off (see devices/power.ts). */
  | 'poweroff'
  /** The guest asked for a reset (keyboard controller, port 0x92 or port 0xcf9). */
  | 'reset'
  /** Triple fault. */
  | 'shutdown'
  /** The guest executed something this machine does not have; `message` says what. */
  | 'unimplemented';

export interface WatchpointAccess {
  /** Linear address of the first byte of the access. */
  address: number;
  size: number;
  write: boolean;
}

export interface MachineStop {
  reason: StopReason;
  /** Linear address of the instruction that would be executed next (CS base + EIP). */
  address: number;
  /** Instruction count at the stop. */
  count: number;
  /** How much of this run's virtual time was skipped in HLT, so that a host can pace a guest at rest. */
  idleInstructions: number;
  /** For 'watchpoint'. */
  watchpoint?: WatchpointAccess;
  /** One sentence, for 'reset', 'poweroff', 'shutdown', 'halted' and 'unimplemented'. */
  message?: string;
  /** For 'unimplemented': the processor's feature that is missing, by its name. */
  missing?: string;
}

/** A data breakpoint on linear addresses. */
export interface Watchpoint {
  address: number;
  /** Bytes, at least 1. */
  size: number;
  read: boolean;
  write: boolean;
}

/** A segment register with its hidden part (SDM volume 3, section 3.4.3). */
export interface SegmentState {
  selector: number;
  base: number;
  /** Last valid offset, granularity applied. */
  limit: number;
  /** Access rights as in layout.ts; 0 for a null segment. */
  access: number;
}

/** A run of bytes that no page maps, or that lies beyond what the machine has. */
export interface UnmappedRange {
  address: number;
  size: number;
}

/** What a debugger's read brings: unmapped bytes are 0 in `bytes` and listed in `unmapped`. */
export interface MemoryRead {
  bytes: Uint8Array;
  unmapped: UnmappedRange[];
}

export interface AddressSpace {
  /** CR3 value (of a page directory, or of page-directory pointers in PAE paging) to translate with; the present one unless given. */
  cr3?: number;
}

/** Everything needed to go on from a moment exactly as the machine did. */
export interface MachineSnapshot {
  readonly count: number;
  /** Architectural state of the processor (cpu/state.ts). */
  readonly cpu: Uint8Array;
  readonly ram: Uint8Array;
  /** State of each device by name, and the event queue: plain data. */
  readonly devices: Readonly<Record<string, unknown>>;
}

/**
 * `Target` is the only thing the debugger knows of a machine. Our own emulator and a remote stub (QEMU) both implement it.
 *
 * State is read synchronously (the emulator is in this process; a remote target blocks on its own worker); running is asynchronous,
 * because a person may want to pause.
 */

/** Registers of an i386 as the debugger sees them; each a 32-bit value, unsigned. */
export interface Registers {
  eax: number;
  ecx: number;
  edx: number;
  ebx: number;
  esp: number;
  ebp: number;
  esi: number;
  edi: number;
  eip: number;
  eflags: number;
  cs: number;
  ss: number;
  ds: number;
  es: number;
  fs: number;
  gs: number;
}

export type RegisterName = keyof Registers;

/** DWARF register numbers of i386 (System V ABI, Intel386 supplement, table 2.14). */
export const DWARF_REGISTERS: readonly RegisterName[] = [
  'eax',
  'ecx',
  'edx',
  'ebx',
  'esp',
  'ebp',
  'esi',
  'edi',
  'eip',
  'eflags',
];

/** Registers beyond the general ones; absent where a target cannot tell (QEMU's stub lacks some). */
export interface SystemRegisters {
  cr0?: number;
  cr2?: number;
  cr3?: number;
  cr4?: number;
  gdtrBase?: number;
  gdtrLimit?: number;
  idtrBase?: number;
  idtrLimit?: number;
  ldtr?: number;
  tr?: number;
  /** Base of the task-state segment. */
  trBase?: number;
  fsBase?: number;
  gsBase?: number;
  dr?: number[];
  cpl?: number;
  /** IA32_SYSENTER_CS, _ESP and _EIP (model-specific registers 0x174 to 0x176). */
  sysenter?: { cs: number; esp: number; eip: number };
}

/** One x87 register with what the debugger shows for it. */
export interface FloatRegister {
  name: string;
  /** The ten bytes, least significant first. */
  bytes: Uint8Array;
  text: string;
}

/** A read or write of memory that is not mapped. */
export class MemoryError extends Error {
  constructor(readonly address: number) {
    super(`Cannot access memory at 0x${(address >>> 0).toString(16).padStart(8, '0')}: no page is mapped there.`);
    this.name = 'MemoryError';
  }
}

/** Why the target stands still. */
export type StopReason =
  | { kind: 'breakpoint'; address: number; ids: number[] }
  | { kind: 'watchpoint'; id: number; address: number; write: boolean }
  | { kind: 'step' }
  | { kind: 'pause' }
  /** The instruction budget given to `resume` is used up. */
  | { kind: 'limit' }
  /** The guest is gone for good: powered off, halted with interrupts off, reset, triple fault. */
  | { kind: 'ended'; how: 'poweroff' | 'halt' | 'reset' | 'shutdown'; message: string }
  /** The machine met something it does not have; the message names the instruction and its address. */
  | { kind: 'unsupported'; address: number; message: string };

/** A condition the target asks at each hit, before it counts as a stop; it may read state, and nothing else. */
export type HitPredicate = () => boolean;

export interface Target {
  readonly name: string;
  /** What this target can do beyond the common part. */
  readonly abilities: {
    instructionCount: boolean;
    systemRegisters: boolean;
    physicalMemory: boolean;
    console: boolean;
  };
  /**
   * The page tables through which memory is read and written where CR3's hold but a part of it: set by a platform whose kernel runs programs so.
   * It is asked for the CR3 value at every access to the present address space.
   */
  wholeSpace?: ((cr3: number) => number) | undefined;

  registers(): Registers;
  writeRegister(name: RegisterName, value: number): void;
  systemRegisters(): SystemRegisters;
  floatRegisters(): FloatRegister[];

  /**
   * Read virtual memory, never disturbing the guest (no faults, no accessed bits).
   * @param pageDirectory CR3 value (of a page directory, or of page-directory pointers in PAE paging) to read through; the present one unless given
   * @throws MemoryError naming the first address that is not mapped
   */
  readMemory(address: number, length: number, pageDirectory?: number): Uint8Array;
  /**
   * A word of four bytes of the present address space, unsigned; there where it is quicker than readMemory.
   * @throws MemoryError
   */
  readWord?(address: number): number;
  /**
   * Copies what can be read before the first hole of the present address space; there where it is quicker than readAvailable.
   * @param at place in `into`
   * @returns how many bytes
   */
  copyMemory?(address: number, into: Uint8Array, at: number, length: number): number;
  /** Like readMemory, but gives what can be read before the first hole (possibly nothing). */
  readAvailable(address: number, length: number, pageDirectory?: number): Uint8Array;
  writeMemory(address: number, bytes: Uint8Array, pageDirectory?: number): void;
  /** Physical address, or undefined where nothing is mapped. */
  translate(address: number, pageDirectory?: number): number | undefined;
  readPhysical(address: number, length: number): Uint8Array;

  /** Stop before the instruction at this virtual address. Takes effect also while the target runs. Costs nothing where none is set. */
  addBreakpoint(address: number, predicate?: HitPredicate): number;
  removeBreakpoint(id: number): void;
  addWatchpoint(
    address: number,
    size: number,
    access: 'read' | 'write' | 'readWrite',
    predicate?: HitPredicate,
  ): number;
  removeWatchpoint(id: number): void;

  /**
   * Go on until something stops the target. A breakpoint at the present instruction is not hit again at once.
   * @param limit at most so many instructions, where the target can count them
   */
  resume(limit?: number): Promise<StopReason>;
  /** Execute one instruction (or deliver one fault or interrupt), breakpoints ignored. */
  step(): Promise<StopReason>;
  /** Ask a running target to stop soon; `resume` then resolves with `pause`. */
  pause(): void;
  readonly running: boolean;

  /** Instructions executed since power-on. */
  instructionCount(): number;

  /** Bytes from the guest's console. */
  onConsoleOutput(listener: (bytes: Uint8Array) => void): void;
  consoleInput(bytes: Uint8Array): void;

  /** Let go of the machine. */
  dispose(): void;
}

/** The page directory of the present address space; undefined where the target does not tell. */
export function presentSpace(target: Target): number | undefined {
  const { cr3 } = target.systemRegisters();
  return cr3 === undefined ? undefined : (target.wholeSpace?.(cr3) ?? cr3);
}

/**
 * What the debugger asks of the operating system's awareness (src/linux implements it). Everything has a plain answer for a bare
 * machine, so the debugger also works where no operating system is known.
 */

import type { RegisterName, Registers } from './target';
import type { Module } from './modules';

/** Identity of a thread of execution: a task of the guest. Stable while the task lives. */
export type ThreadId = number;

/** A thread's registers and memory, as far as the debugger needs them to unwind. */
export interface ThreadContext {
  readonly id: ThreadId;
  /** Live registers for the running thread; saved ones (partly known) for a sleeping one. */
  readonly registers: Registers;
  /** Page directory to read memory through; undefined = the present one. */
  readonly pageDirectory: number | undefined;
  /** True where `registers` are what the processor holds now. */
  readonly live: boolean;
  /** For a sleeping thread: the registers that are really known (the others in `registers` mean nothing). All, if absent. */
  readonly known?: readonly RegisterName[];
  /** For a sleeping thread: addresses where its registers are saved, so that they can be changed. */
  readonly savedAt?: Partial<Record<RegisterName, number>>;
}

/** What lies beyond the last frame that debug information can unwind: the context that was interrupted or called the kernel. */
export interface EntryCrossing {
  /** Text for the divider frame, such as "int $0x80 — system call 102 (socketcall)" or "IRQ 0". */
  readonly label: string;
  readonly kind: 'systemCall' | 'interrupt' | 'exception';
  /** Registers of the context before the entry, as saved (pt_regs). */
  readonly registers: Registers;
  /** True where that context is user mode. */
  readonly toUser: boolean;
  /** Addresses where those registers are saved (fields of pt_regs), so that they can be changed. */
  readonly savedAt?: Partial<Record<RegisterName, number>>;
  /** Why that context has no stack any more, in a sentence: its memory is gone. */
  readonly gone?: string;
}

/** What a platform's breakpoint may do at a hit. */
export interface HitHost {
  /** A further place of the same breakpoint, for as long as it exists. */
  place(address: number): void;
}

/** A breakpoint that the platform decides on at each hit, such as one on a system call's return. */
export interface PlatformBreakpoint {
  readonly addresses: readonly number[];
  /** What it is, for the client. */
  readonly message: string | undefined;
  /** Asked whenever the guest is about to execute one of its places; it may read state and add places. @returns true for a hit */
  hit(address: number, host: HitHost): boolean;
  /** The last hit in one sentence. */
  describe(): string | undefined;
  /** All its places have been taken out. */
  removed(): void;
}

/** Where modules are that every process places anew. */
export interface ModulePlacements {
  /** All modules as they are in memory; one that is in memory at several places comes once for each, with its load bias. */
  inMemory(): readonly Module[];
  /** Modules that will be in memory once a program is started. */
  waiting(): readonly Module[];
  /** Tells whenever `inMemory` may have changed; undefined ends that. It costs a little at each start of a program. */
  watch(changed: (() => void) | undefined): void;
}

export interface Platform {
  /** Absent where all modules stay where they were linked. */
  readonly placements?: ModulePlacements;
  /** The thread that the processor runs now. */
  currentThread(): ThreadId;
  threads(): { id: ThreadId; name: string }[];
  context(thread: ThreadId): ThreadContext;
  /** Modules (symbols) whose code may be at an address in that thread: the kernel, the program it runs. */
  moduleAt(address: number, thread: ThreadId): Module | undefined;
  /** True while `module` is in force: always for the kernel; for a program while the current thread runs it. Asked at each hit of a breakpoint of it. */
  isModuleCurrent(module: Module): boolean;
  /**
   * Called when unwinding reaches a frame in the kernel's entry code (assembly, no usable call-frame information), or one that
   * has no unwind information at all. Gives the crossing, or undefined where the stack just ends.
   */
  entryCrossing(context: ThreadContext, registers: Registers): EntryCrossing | undefined;
  /** True for code that nothing called: a stack ends there for good. Asked where there is no crossing and no unwind information. */
  beginsStack(address: number): boolean;
  /** Address that a thread which ends comes past, as the last of its own; undefined where there is no such place. */
  threadEnd(): number | undefined;
  /** True for addresses in the kernel's half. */
  isKernelAddress(address: number): boolean;
  /** Names that people know for functions of this system → names in the symbol table, best first (sys_socket → __sys_socket, __ia32_sys_socket). */
  functionAliases(name: string): string[];
  /** Breakpoint names beyond functions (SYS_BIND, socketcall:SYS_BIND, trap_0x80) → source lines or addresses. */
  specialBreakpoint(
    name: string,
  ):
    | { file: string; line: number; message?: string }
    | { address: number; message?: string }
    | PlatformBreakpoint
    | undefined;
}

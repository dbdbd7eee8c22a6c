/**
 * What SockScope adds to the Debug Adapter Protocol: the arguments and bodies of its own requests and events. Types only; adapter, views,
 * command line and tests have them from here. docs/protocol.md lists them for clients of other makers.
 */

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { SocketCallAt } from '../linux/call-at';
import type { DispatchHop as Hop, DispatchPath as Path } from '../linux/dispatch-path';
import type { HopTable, HopTableRow } from '../linux/dispatch-path-hops';
import type { GateType } from '../linux/vectors';
import type { TraceScope } from '../linux/trace';
import type { TraceRow } from './system-call-trace';

/** Where something stands in a source; nothing of it where the debug information does not say. */
export interface Placed {
  /** Path as the debug information has it: `net/socket.c`. */
  readonly file?: string | undefined;
  readonly source?: DebugProtocol.Source;
  /** From 1. */
  readonly line?: number | undefined;
}

/** The breakpoints on a row of a table. */
export interface Watched {
  readonly breakpointIds: readonly number[];
  /** Hits of these breakpoints so far. */
  readonly hits: number;
}

/** A gate of the interrupt descriptor table, as it stands in memory. */
export interface VectorRow extends Placed {
  readonly vector: number;
  /** `#PF, page fault`, `IRQ 4`, `system call`. */
  readonly meaning?: string | undefined;
  readonly type: GateType;
  readonly present: boolean;
  readonly dpl: number;
  readonly selector: number;
  /** Address of the handler. */
  readonly handler: string;
  readonly symbol?: string | undefined;
  /** Address of the descriptor. */
  readonly memoryReference: string;
}

/** An entry of the system-call table. */
export interface SystemCallRow extends Placed, Watched {
  readonly number: number;
  /** Name of the entry: `socketcall`, `old_select`. */
  readonly name: string;
  readonly symbol: string;
  readonly instructionReference: string;
}

/** A case of the socketcall switch. */
export interface SocketcallCaseRow extends Watched {
  /** `SYS_BIND`. */
  readonly name: string;
  /** Lines of the label and of its first statement, from 1. */
  readonly label: number;
  readonly statement: number;
  readonly source?: DebugProtocol.Source;
  /** The call that it serves, `bind`, and the hits of the system-call breakpoints on that. */
  readonly call: string;
  readonly callHits: number;
}

/** A buffer in a queue of a socket. */
export interface BufferRow {
  /** Bytes in it, and how many of them have been read already. */
  readonly length: number;
  readonly consumed: number;
  /** The first bytes, in C's notation. */
  readonly text: string;
}

/** An open socket of a task. */
export interface SocketRow {
  readonly pid: number;
  readonly comm: string;
  readonly fd: number;
  /** `AF_INET`, `SOCK_STREAM`, `IPPROTO_TCP`. */
  readonly family: string;
  readonly type: string;
  readonly protocol: string;
  readonly state: string;
  readonly local: string;
  readonly remote: string;
  /** Bytes; of a listening socket the connections that wait, and the backlog. */
  readonly receiveQueue: number;
  readonly sendQueue: number;
  /** Options that are not as they are by default. */
  readonly options: readonly string[];
  readonly inode: number;
  readonly queues: readonly { readonly name: string; readonly buffers: readonly BufferRow[] }[];
  /** Its structures; valid until the guest runs on. */
  readonly variablesReference: number;
}

/** A task of the kernel. */
export interface TaskRow {
  readonly threadId: number;
  readonly pid: number;
  readonly tgid: number;
  readonly ppid: number;
  readonly comm: string;
  /** `running`, `sleeping`, … */
  readonly state: string;
  readonly isRunning: boolean;
  readonly isKernelThread: boolean;
  /** Path of the program, of a task that has one. */
  readonly program?: string | undefined;
  /** Function that it sleeps in. */
  readonly waitChannel?: string | undefined;
  /** Address of its task_struct. */
  readonly memoryReference: string;
}

/** A socket address taken apart. */
export interface SockaddrBody {
  readonly address: string;
  readonly memoryReference: string;
  readonly length: number;
  /** `struct sockaddr_in`. */
  readonly structure: string;
  /** `127.0.0.1:5001`. */
  readonly text: string;
  /** Its members; `data` is base64. */
  readonly fields: readonly {
    readonly name: string;
    readonly offset: number;
    readonly value: string;
    readonly data: string;
  }[];
}

/** What decided where a hop leads. */
export interface DispatchMemory {
  /** Absent for registers of the processor, and `memoryReference` with it. */
  readonly address?: string;
  /** In memory order: `60 00 …`. */
  readonly bytes: string;
  readonly meaning: string;
  readonly memoryReference?: string;
}

/** The rows around the one that a hop takes, of the table that it goes through. */
export interface DispatchTable extends Omit<HopTable, 'rows'> {
  readonly rows: readonly (Pick<HopTableRow, 'index' | 'name' | 'isCurrent'> & {
    readonly address: string;
    readonly bytes: string;
    readonly symbol?: string | undefined;
  })[];
}

/** A hop of a call's way; see `Hop` in src/linux/dispatch-path-hops.ts. */
export interface DispatchHop {
  readonly kind: Hop['kind'];
  readonly title: string;
  readonly detail?: string;
  readonly symbol?: string;
  readonly address?: string;
  readonly source?: DebugProtocol.Source;
  readonly line?: number;
  /** Name of a function breakpoint that stops there. */
  readonly breakpoint?: string;
  readonly state: Hop['state'];
  readonly memory?: DispatchMemory;
  readonly table?: DispatchTable;
}

/** The way of a call; without one, the reason. */
export interface DispatchPathBody {
  readonly path?: { readonly call: Path['call']; readonly hops: readonly DispatchHop[]; readonly present?: number };
  readonly reason?: string;
}

/** A packet that has crossed the loopback interface. */
export interface PacketRow {
  readonly number: number;
  readonly instructionCount: number;
  /** Nanoseconds of the guest's time since power-on. */
  readonly timeNs: number;
  readonly pid: number;
  readonly comm: string;
  readonly length: number;
  /** The bytes, link-layer header included, in base64. */
  readonly data: string;
}

type Nothing = Readonly<Record<never, never>>;

/** Arguments and body of each request. */
export interface OwnRequests {
  /** Types a text at the guest's serial console. */
  'sockscope/consoleInput': { arguments: { text: string }; body: undefined };
  /** The interrupt descriptor table at IDTR. */
  'sockscope/vectors': { arguments: Nothing; body: { base: string; limit: number; vectors: readonly VectorRow[] } };
  /** The system-call table with the breakpoints on it. */
  'sockscope/systemCalls': { arguments: Nothing; body: { systemCalls: readonly SystemCallRow[] } };
  /** The cases of the socketcall switch in their order. */
  'sockscope/socketcallCases': { arguments: Nothing; body: { cases: readonly SocketcallCaseRow[] } };
  /** The socket call that a frame serves; of the top frame unless one is given. */
  'sockscope/socketCall': { arguments: { frameId?: number }; body: { socketCall: SocketCallAt | null } };
  /** Every open socket of every process. */
  'sockscope/sockets': { arguments: Nothing; body: { sockets: readonly SocketRow[] } };
  /** Every task. */
  'sockscope/tasks': { arguments: Nothing; body: { tasks: readonly TaskRow[] } };
  /** Makes a task the one that the client's stack, variables and steps are about, by a `stopped` event. */
  'sockscope/focusTask': { arguments: { threadId: number }; body: Nothing };
  /** Every source that the debug information names, and whether it is on this machine. */
  'sockscope/sources': {
    arguments: Nothing;
    body: { sources: readonly { file: string; available: boolean; source: DebugProtocol.Source }[] };
  };
  /** A socket address by an expression or a memory reference; `length` bytes of it unless its family says how many. */
  'sockscope/sockaddr': {
    arguments: { expression?: string; memoryReference?: string; frameId?: number; length?: number };
    body: SockaddrBody;
  };
  /** The way of the call that a thread, or a frame's, is in; of the current thread unless one is given. */
  'sockscope/dispatchPath': { arguments: { threadId?: number; frameId?: number }; body: DispatchPathBody };
  /**
   * Which system calls are traced; those of `scope` from now on, where it is given. They are shown in the debug console; with `events` the
   * event `sockscope/trace` tells of them too.
   */
  'sockscope/traceScope': {
    arguments: { scope?: TraceScope | 'off'; events?: boolean };
    body: { scope: TraceScope | 'off'; events: boolean };
  };
  /** What has crossed the loopback interface, from number `start` on; `dropped` were too many to keep. */
  'sockscope/packets': { arguments: { start?: number }; body: { packets: readonly PacketRow[]; dropped: number } };
  /** Writes these packets as a pcapng file. */
  'sockscope/exportPackets': { arguments: { path: string }; body: { path: string; packets: number } };
}

/** Body of each event. */
export interface OwnEvents {
  /** What the guest has written on its serial console; to clients that have a terminal for it. */
  'sockscope/console': { readonly text: string };
  /** What the machine has to say of the guest's doings; to the same clients. */
  'sockscope/log': { readonly line: string };
  /** System calls that have returned, where `sockscope/traceScope` asked for events: at the latest a tenth of a second ago, in bunches. */
  'sockscope/trace': { readonly calls: readonly TraceRow[] };
}

export type OwnRequest = keyof OwnRequests;
export type ArgumentsOf<R extends OwnRequest> = OwnRequests[R]['arguments'];
export type BodyOf<R extends OwnRequest> = OwnRequests[R]['body'];

/** Handlers of some requests. What a client sends is not known to be as it should be. */
export type OwnHandlers<R extends OwnRequest> = {
  readonly [Name in R]: (args: { readonly [Key in keyof ArgumentsOf<Name>]?: unknown }) => BodyOf<Name>;
};

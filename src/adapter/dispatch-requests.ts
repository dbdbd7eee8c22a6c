import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebuggerError } from '../debugger/api';
import { LinuxError } from '../linux';
import { dispatchPathAt, type DispatchHop as Hop, type DispatchPath as Path } from '../linux/dispatch-path';
import type { DecidingMemory, HopTable } from '../linux/dispatch-path-hops';
import { placed } from './linux-requests';
import { hex32 } from './registers';
import type { RequestGroup, RequestHost } from './request-host';
import type { Sources } from './sources';

/** What decided where a hop leads. */
export interface DispatchMemory {
  /** Absent for registers of the processor, and `memoryReference` with it. */
  address?: string;
  /** In memory order: `60 00 …`. */
  bytes: string;
  meaning: string;
  memoryReference?: string;
}

/** A hop of `sockscope/dispatchPath`; see `Hop` in src/linux/dispatch-path-hops.ts. */
export interface DispatchHop {
  kind: Hop['kind'];
  title: string;
  detail?: string;
  symbol?: string;
  address?: string;
  source?: DebugProtocol.Source;
  line?: number;
  breakpoint?: string;
  state: Hop['state'];
  memory?: DispatchMemory;
  table?: Omit<HopTable, 'rows'> & {
    rows: { index: number; address: string; bytes: string; symbol?: string; name?: string; isCurrent: boolean }[];
  };
}

/** Body of the answer to `sockscope/dispatchPath`: without a path, the reason. */
export interface DispatchPathBody {
  path?: { call: Path['call']; hops: DispatchHop[]; present?: number };
  reason?: string;
}

/** `sockscope/dispatchPath`: the way of the system call that a thread is in. Arguments `threadId` or `frameId`; else the current thread. */
export function dispatchRequests(host: RequestHost): RequestGroup {
  return {
    'sockscope/dispatchPath': (args: { threadId?: unknown; frameId?: unknown }): DispatchPathBody => {
      const { debugger: session, platform } = host.session;
      const { threadId, frameId } = args;
      if (session.running) throw new DebuggerError('The guest is running.');
      const thread =
        typeof frameId === 'number'
          ? session.frame(frameId).thread
          : typeof threadId === 'number'
            ? threadId
            : session.currentThread();
      try {
        return { path: toBody(dispatchPathAt(session.topFrame(thread), platform), host.sourceTable) };
      } catch (error) {
        if (error instanceof LinuxError) return { reason: error.message };
        throw error;
      }
    },
  };
}

function toBody({ call, hops, present }: Path, sources: Sources): DispatchPathBody['path'] {
  return { call, hops: hops.map((hop) => toHop(hop, sources)), ...(present === undefined ? {} : { present }) };
}

function toHop(hop: Hop, sources: Sources): DispatchHop {
  const { address, file, line, memory, table, ...rest } = hop;
  const { source } = placed({ file, line }, sources);
  return {
    ...rest,
    ...(address === undefined ? {} : { address: hex32(address) }),
    ...(source ? { source } : {}),
    ...(source && line !== undefined && line > 0 ? { line } : {}),
    ...(memory ? { memory: toMemory(memory) } : {}),
    ...(table ? { table: toTable(table) } : {}),
  };
}

function toMemory({ address, bytes, meaning }: DecidingMemory): DispatchMemory {
  const text = address === undefined ? undefined : hex32(address);
  return { bytes: hexBytes(bytes), meaning, ...(text ? { address: text, memoryReference: text } : {}) };
}

function toTable({ rows, ...table }: HopTable): DispatchHop['table'] {
  return {
    ...table,
    rows: rows.map(({ address, bytes, ...row }) => ({ ...row, address: hex32(address), bytes: hexBytes(bytes) })),
  };
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

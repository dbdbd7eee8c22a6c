import { DebuggerError } from '../debugger/api';
import { LinuxError } from '../linux';
import { dispatchPathAt, type DispatchHop as Hop, type DispatchPath as Path } from '../linux/dispatch-path';
import type { DecidingMemory, HopTable } from '../linux/dispatch-path-hops';
import { placed } from './linux-requests';
import { hex32 } from './registers';
import type { DispatchHop, DispatchMemory, DispatchPathBody, OwnHandlers } from './protocol';
import type { RequestHost } from './request-host';
import type { Sources } from './sources';

/** `sockscope/dispatchPath`: the way of the system call that a thread is in. Arguments `threadId` or `frameId`; else the current thread. */
export function dispatchRequests(host: RequestHost): OwnHandlers<'sockscope/dispatchPath'> {
  return {
    'sockscope/dispatchPath': (args) => {
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
        return {
          path: toBody(dispatchPathAt(session.topFrame(thread), platform, platform.pathWitness), host.sourceTable),
        };
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

import { CallTables } from '../linux/call-tables';
import type { SourcePlace } from '../linux/places';
import { allSockets } from '../linux/sockets';
import { readVectors } from '../linux/vectors';
import type { GuestSession } from './guest-session';
import { hex32 } from './registers';
import { socketBody, socketStructures } from './socket-rows';
import type { OwnHandlers, Placed } from './protocol';
import type { RequestHost } from './request-host';
import type { Sources } from './sources';

/**
 * The requests about the kernel's own tables:
 *  - `sockscope/vectors`: the interrupt descriptor table as it stands in memory
 *  - `sockscope/systemCalls`: the system-call table with the breakpoints on it
 *  - `sockscope/socketcallCases`: the cases of the socketcall switch
 *  - `sockscope/sockets`: every open socket of every task, each with its structures to expand
 */
export function linuxRequests(
  host: RequestHost,
): OwnHandlers<'sockscope/vectors' | 'sockscope/systemCalls' | 'sockscope/socketcallCases' | 'sockscope/sockets'> {
  const tables = new WeakMap<GuestSession, CallTables>();
  const tablesOf = (session: GuestSession): CallTables => {
    const known = tables.get(session) ?? new CallTables(session.platform);
    tables.set(session, known);
    return known;
  };
  return {
    'sockscope/vectors': () => {
      const { idtrBase, idtrLimit } = host.session.target.systemRegisters();
      const vectors = readVectors(host.session.platform.kernel).map(({ handler, descriptor, ...rest }) => ({
        ...rest,
        ...placed(rest, host.sourceTable),
        handler: hex32(handler),
        memoryReference: hex32(descriptor),
      }));
      return { base: hex32(idtrBase ?? 0), limit: idtrLimit ?? 0, vectors };
    },
    'sockscope/systemCalls': () => ({
      systemCalls: tablesOf(host.session)
        .systemCalls(host.session.debugger.breakpoints())
        .map(({ address, ...rest }) => ({
          ...rest,
          ...placed(rest, host.sourceTable),
          instructionReference: hex32(address),
        })),
    }),
    'sockscope/sockets': () => ({
      sockets: allSockets(host.session.platform).map((socket) => {
        return {
          ...socketBody(socket),
          variablesReference: host.inspect.reference(() => socketStructures(socket)),
        };
      }),
    }),
    'sockscope/socketcallCases': () => {
      const file = host.session.platform.kernel.module.symbols.findFiles('net/socket.c')[0];
      return {
        cases: tablesOf(host.session)
          .socketcallCases(host.session.debugger.breakpoints())
          .map(({ name, label, statement, breakpointIds, hits, call, callHits }) => ({
            name,
            label,
            statement,
            breakpointIds,
            hits,
            call,
            callHits,
            ...(file ? { source: host.sourceTable.toSource(file) } : {}),
          })),
      };
    },
  };
}

/** A place as the protocol words it, in the place of the debug information's file. */
export function placed(
  place: Pick<SourcePlace, 'file' | 'line'>,
  sources: Sources,
): Placed & { file: string | undefined } {
  const { file, line } = place;
  return { file: file?.path, ...(file ? { source: sources.toSource(file), line } : {}) };
}

import { DebuggerError } from '../debugger/api';
import { socketCallAt, type TraceScope } from '../linux';
import { exportPackets, packetList } from './packet-requests';
import type { OwnHandlers } from './protocol';
import type { RequestHost } from './request-host';

/**
 * The requests about the guest as a whole, also while it runs:
 *  - `sockscope/consoleInput`: a text typed at its serial console
 *  - `sockscope/packets`, `sockscope/exportPackets`: what has crossed its loopback interface
 *  - `sockscope/traceScope`: which system calls are traced
 *  - `sockscope/socketCall`: the socket call that a frame serves
 */
export function guestRequests(
  host: RequestHost,
): OwnHandlers<
  | 'sockscope/consoleInput'
  | 'sockscope/packets'
  | 'sockscope/exportPackets'
  | 'sockscope/traceScope'
  | 'sockscope/socketCall'
> {
  return {
    'sockscope/consoleInput': ({ text }) => {
      if (typeof text !== 'string') throw new DebuggerError('sockscope/consoleInput needs "text".');
      host.session.target.consoleInput(new TextEncoder().encode(text));
      return undefined;
    },
    'sockscope/packets': (args) => packetList(host.session.packets, args),
    'sockscope/exportPackets': (args) => exportPackets(host.session.packets, args),
    'sockscope/traceScope': ({ scope, events }) => {
      const { trace } = host.session;
      if (events !== undefined && typeof events !== 'boolean') throw new DebuggerError('"events" is true or false.');
      trace.set(scope === undefined ? trace.scope : traceScopeOf(scope), events);
      return { scope: trace.scope ?? 'off', events: trace.paths };
    },
    'sockscope/socketCall': ({ frameId }) => {
      const { debugger: session, platform } = host.session;
      const frame = typeof frameId === 'number' ? session.frame(frameId) : session.topFrame();
      return { socketCall: socketCallAt(frame, platform) ?? null };
    },
  };
}

/** @throws DebuggerError */
export function traceScopeOf(scope: unknown): TraceScope | undefined {
  if (scope === 'off') return undefined;
  if (scope === 'sockets' || scope === 'all') return scope;
  throw new DebuggerError('What is traced is "sockets", "all" or "off".');
}

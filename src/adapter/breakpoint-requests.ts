import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebuggerError, type Breakpoint } from '../debugger/api';
import { memoryPlace } from './memory-reference';
import { hex32 } from './registers';
import type { RequestGroup, RequestHost } from './request-host';
import type { Sources } from './sources';
import { systemCallRequests } from './system-call-filters';

/** A breakpoint in the protocol's words. */
export function toBreakpoint(breakpoint: Breakpoint, sources: Sources): DebugProtocol.Breakpoint {
  const [first] = breakpoint.locations;
  return {
    id: breakpoint.id,
    verified: breakpoint.verified,
    message: breakpoint.message,
    ...(breakpoint.verified ? {} : { reason: breakpoint.pending ? ('pending' as const) : ('failed' as const) }),
    ...(first ? { instructionReference: hex32(first.address) } : {}),
    ...(first?.file
      ? { source: sources.toSource(first.file), line: first.line, column: Math.max(1, first.column) }
      : {}),
  };
}

/** The protocol's requests that set breakpoints, of whatever kind. */
export function breakpointRequests(host: RequestHost): RequestGroup {
  const answer = (breakpoints: readonly Breakpoint[]): { breakpoints: DebugProtocol.Breakpoint[] } => ({
    breakpoints: breakpoints.map((breakpoint) => toBreakpoint(breakpoint, host.sourceTable)),
  });
  return {
    setBreakpoints: (args: DebugProtocol.SetBreakpointsArguments) => {
      const file = host.sourceTable.fromSource(args.source);
      if (file === undefined) throw new DebuggerError('The source of these breakpoints has neither a path nor a name.');
      const requests = args.breakpoints ?? (args.lines ?? []).map((line) => ({ line }));
      return answer(host.session.debugger.setSourceBreakpoints(file, requests));
    },
    setFunctionBreakpoints: (args: DebugProtocol.SetFunctionBreakpointsArguments) =>
      answer(host.session.debugger.setFunctionBreakpoints(args.breakpoints)),
    setExceptionBreakpoints: (args: DebugProtocol.SetExceptionBreakpointsArguments) =>
      answer(host.session.debugger.setSystemCallBreakpoints(systemCallRequests(args))),
    setInstructionBreakpoints: (args: DebugProtocol.SetInstructionBreakpointsArguments) => {
      const requests = args.breakpoints.map(({ instructionReference, offset, ...rest }) => ({
        ...rest,
        address: memoryPlace(instructionReference, offset).address,
      }));
      return answer(host.session.debugger.setInstructionBreakpoints(requests));
    },
    dataBreakpointInfo: (args: DebugProtocol.DataBreakpointInfoArguments) => host.inspect.dataBreakpointInfo(args),
    setDataBreakpoints: (args: DebugProtocol.SetDataBreakpointsArguments) => {
      const requests = args.breakpoints.map((breakpoint) => {
        const [reference, size] = breakpoint.dataId.split('/');
        return {
          ...memoryPlace(reference),
          size: Number(size),
          access: breakpoint.accessType ?? ('write' as const),
          condition: breakpoint.condition,
          hitCondition: breakpoint.hitCondition,
          name: breakpoint.dataId,
        };
      });
      return answer(host.session.debugger.setDataBreakpoints(requests));
    },
    breakpointLocations: (args: DebugProtocol.BreakpointLocationsArguments) => {
      const file = host.sourceTable.fromSource(args.source);
      const places =
        file === undefined ? [] : host.session.debugger.breakpointLocations(file, args.line, args.endLine ?? args.line);
      return { breakpoints: places.map(({ line, column }) => (column > 0 ? { line, column } : { line })) };
    },
  };
}

/**
 * The dispatch tables as lists: `sys_call_table` (arch/x86/entry/syscall_32.c) and the cases of the socketcall switch (net/socket.c), with
 * the breakpoints that are on them.
 */

import type { Breakpoint } from '../debugger/api';
import { nameOfEntry } from './call-places';
import { parseCatch, type CatchRequest } from './catch-request';
import { placeOf, type SourcePlace } from './places';
import type { LinuxPlatform } from './platform';
import { callOfCase } from './socket-calls';
import type { SocketcallCase } from './socketcall';
import { systemCallAliases, type SystemCall } from './system-calls';

/** Breakpoints on a row of a table. */
export interface Watched {
  readonly breakpointIds: readonly number[];
  /** Hits of these breakpoints so far. */
  readonly hits: number;
}

export interface SystemCallRow extends SystemCall, SourcePlace, Watched {
  readonly symbol: string;
}

export interface SocketcallRow extends SocketcallCase, Watched {
  readonly file: string;
  /** The call that the case serves: `accept`. Of some it is the only way in. */
  readonly call: string;
  /** Hits of the system-call breakpoints on that call, whichever way it came. */
  readonly callHits: number;
}

/** Makes the rows; source lines are kept, because each needs the line table of a unit. */
export class CallTables {
  private places: Map<number, SourcePlace> | undefined;

  constructor(private readonly platform: LinuxPlatform) {}

  /** The kernel's system calls, by number. */
  systemCalls(breakpoints: readonly Breakpoint[]): SystemCallRow[] {
    const { kernel } = this.platform;
    const calls = [...this.platform.systemCalls().values()];
    this.places ??= new Map(calls.map((call) => [call.number, placeOf(kernel, call.address)]));
    const byFunction = functionsWithBreakpoints(breakpoints);
    return calls.map((call) => {
      const { file, line } = this.places?.get(call.number) ?? {};
      const names = [call.symbol, ...systemCallAliases(`sys_${call.name}`)];
      const on = names.flatMap((name) => byFunction.get(name) ?? []).filter((each) => isAbout(each, call));
      return { ...call, file, line, ...watched(on) };
    });
  }

  /** The cases of the socketcall switch in order of the source; empty where that is not available. */
  socketcallCases(breakpoints: readonly Breakpoint[]): SocketcallRow[] {
    const cases = this.platform.socketcallCases();
    const path = this.platform.socketcallFile;
    return cases.map((each) => {
      const next = cases.find((other) => other.label > each.label)?.label ?? each.statement + 3;
      const on = breakpoints.filter((breakpoint) =>
        breakpoint.locations.some(({ file, line }) => file?.path === path && line >= each.label && line < next),
      );
      const call = callOfCase(each.name);
      const callHits = watched(breakpoints.filter((breakpoint) => caughtBy(breakpoint)?.call === call)).hits;
      return { ...each, file: path, call, callHits, ...watched(on) };
    });
  }
}

function watched(breakpoints: readonly Breakpoint[]): Watched {
  const own = [...new Set(breakpoints)];
  // One on several calls does not know which of them it was.
  const hits = own.reduce((sum, each) => sum + (isOnSeveral(caughtBy(each)) ? 0 : each.hits), 0);
  return { breakpointIds: own.map(({ id }) => id), hits };
}

/** What a system-call breakpoint catches; undefined for any other one. */
function caughtBy({ requested }: Breakpoint): CatchRequest | undefined {
  // It was understood when it was set, or it would be on no function.
  return parseCatch(requested);
}

/** A system-call breakpoint is on its own call only, though it also waits at socketcall's entry for those that come through it. */
function isAbout(breakpoint: Breakpoint, { name }: SystemCall): boolean {
  const request = caughtBy(breakpoint);
  const caught = request?.call;
  return caught === undefined || isOnSeveral(request) || caught === name || caught === nameOfEntry(name);
}

function isOnSeveral(request: CatchRequest | undefined): boolean {
  return request?.call === 'all' || request?.call === 'sockets';
}

/** Breakpoints by the functions they are in, inlined ones included. */
function functionsWithBreakpoints(breakpoints: readonly Breakpoint[]): Map<string, Breakpoint[]> {
  const result = new Map<string, Breakpoint[]>();
  for (const breakpoint of breakpoints) {
    for (const { functionName, module } of breakpoint.locations) {
      if (functionName === undefined || module?.kind !== 'kernel') continue;
      const list = result.get(functionName) ?? [];
      list.push(breakpoint);
      result.set(functionName, list);
    }
  }
  return result;
}

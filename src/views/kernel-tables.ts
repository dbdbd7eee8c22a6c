import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { nameOfEntry, SOCKET_CALL_NAMES } from '../linux/call-places';
import { callOfCase } from '../linux/socket-calls';
import { SOCKETCALL_FILE } from '../linux/socketcall';
import { ask } from './ask';
import type { CallBreakpointList } from './call-breakpoint-list';
import { uriOf, type Place } from './places';
import type { Sessions } from './sessions';
import type { SourceIndex } from './source-index';

/** A system call of the kernel's table, or one that only the socketcall switch serves. */
export interface CallRow {
  /** Undefined for a call that has no number of its own: accept, send and recv of i386. */
  readonly number: number | undefined;
  /** Name of the table's entry: `socketcall`, `old_select`. */
  readonly name: string;
  /** Entry function; only a session knows it. */
  readonly symbol: string | undefined;
  readonly place: Place | undefined;
  /** Hits of the breakpoints on it so far; 0 without a session. */
  readonly hits: number;
}

/** A case of the socketcall switch. */
export interface CaseRow {
  /** `SYS_BIND`. */
  readonly name: string;
  readonly place: Place | undefined;
  readonly hits: number;
}

export interface Tables {
  readonly calls: readonly CallRow[];
  readonly cases: readonly CaseRow[];
}

/** Whether a call of the table belongs to the socket interface. */
export function isSocketCall({ name }: Pick<CallRow, 'name'>): boolean {
  return SOCKET_CALL_NAMES.includes(nameOfEntry(name));
}

/** Order in which programs use the calls of the socket interface, not of their numbers. */
export function bySocketCall(a: Pick<CallRow, 'name' | 'number'>, b: Pick<CallRow, 'name' | 'number'>): number {
  const order = ({ name }: Pick<CallRow, 'name'>): number => SOCKET_CALL_NAMES.indexOf(nameOfEntry(name));
  return order(a) - order(b) || (a.number ?? 0) - (b.number ?? 0);
}

/**
 * The system-call table and the socketcall switch: of the running kernel where there is a session, else as the sources have them.
 * What was read is kept until something may have changed it.
 */
export class KernelTables implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registrations: vscode.Disposable[];
  private readonly arrived = new vscode.EventEmitter<void>();
  private read: Promise<Tables> | undefined;
  private known: Tables | undefined;
  /** Another session or stop, or other breakpoints. */
  readonly onDidChange = this.changed.event;
  /** What `latest` gives is another than before. */
  readonly onDidRead = this.arrived.event;

  constructor(
    private readonly sessions: Sessions,
    private readonly index: SourceIndex,
    breakpoints: CallBreakpointList,
  ) {
    this.registrations = [sessions.onDidChange(() => this.forget()), breakpoints.onDidChange(() => this.forget())];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations, this.changed, this.arrived).dispose();
  }

  private forget(): void {
    this.read = undefined;
    this.changed.fire();
  }

  /** The calls by number. */
  async calls(): Promise<readonly CallRow[]> {
    return (await this.tables()).calls;
  }

  /** The cases of the socketcall switch in its order; empty where its source is not at hand. */
  async cases(): Promise<readonly CaseRow[]> {
    return (await this.tables()).cases;
  }

  /**
   * What was read last, without waiting for an adapter that may be busy: `onDidRead` tells when there is newer. (VS Code asks ever less
   * often for the lenses of a provider that takes its time.)
   */
  async latest(): Promise<Tables> {
    const reading = this.tables();
    if (this.known) return this.known;
    // Nobody else waits for what fails here.
    reading.catch(() => {});
    return this.ofSources();
  }

  private tables(): Promise<Tables> {
    return (this.read ??= this.readAgain());
  }

  private async readAgain(): Promise<Tables> {
    const tables = await this.ofSession().catch(() => this.ofSources());
    const isNew = JSON.stringify(tables) !== JSON.stringify(this.known);
    this.known = tables;
    if (isNew) this.arrived.fire();
    return tables;
  }

  /** @throws Error where there is no session, or it ends meanwhile */
  private async ofSession(): Promise<Tables> {
    const session = this.sessions.current;
    // While the built-in kernel boots, its adapter has better things to do than to tell what the sources say too.
    if (!session || (session.configuration.kernel === undefined && !this.sessions.hasStopped)) return this.ofSources();
    const [{ systemCalls }, { cases }] = await Promise.all([
      ask(session, 'sockscope/systemCalls', {}),
      ask(session, 'sockscope/socketcallCases', {}),
    ]);
    const placed = (source: DebugProtocol.Source | undefined, line: number | undefined): Place | undefined => {
      const uri = source && uriOf(source, session);
      return uri && line !== undefined ? { uri, line } : undefined;
    };
    const calls = systemCalls.map(({ number, name, symbol, source, line, hits }) => ({
      number,
      name,
      symbol,
      place: placed(source, line),
      hits,
    }));
    const ofCases = cases.map(({ call, label, source, callHits }) => ({ call, place: placed(source, label), hits: callHits })); // prettier-ignore
    return {
      calls: [...calls, ...onlyInSwitch(ofCases, calls)],
      cases: cases.map(({ name, label, source, hits }) => ({ name, place: placed(source, label), hits })),
    };
  }

  private async ofSources(): Promise<Tables> {
    const [lines, definitions, cases, uri] = await Promise.all([
      this.index.systemCalls(),
      this.index.definitions(),
      this.index.socketcallCases(),
      this.index.find(SOCKETCALL_FILE),
    ]);
    // What no source defines, this kernel was built without.
    const calls = lines.flatMap(({ number, name }) => {
      const place = definitions.get(name);
      return place ? [{ number, name, symbol: undefined, place, hits: 0 }] : [];
    });
    const rows = cases.map(({ name, label }) => ({ name, place: uri && { uri, line: label }, hits: 0 }));
    const ofCases = rows.map(({ name, ...rest }) => ({ call: callOfCase(name), ...rest }));
    return { calls: [...calls, ...onlyInSwitch(ofCases, calls)], cases: rows };
  }
}

/** The calls of cases that have no number of their own, as rows of the table; they stand at their cases. */
function onlyInSwitch(
  cases: readonly { call: string; place: Place | undefined; hits: number }[],
  calls: readonly CallRow[],
): CallRow[] {
  const numbered = new Set(calls.map(({ name }) => nameOfEntry(name)));
  return cases
    .filter(({ call }) => !numbered.has(call))
    .map(({ call, place, hits }) => ({ number: undefined, name: call, symbol: undefined, place, hits }));
}

import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { nameOfEntry, SOCKET_CALL_NAMES } from '../linux/call-places';
import { SOCKETCALL_FILE } from '../linux/socketcall';
import type { CallBreakpointList } from './call-breakpoint-list';
import { uriOf, type Place } from './places';
import type { Sessions } from './sessions';
import type { SourceIndex } from './source-index';

/** A system call of the kernel's table. */
export interface CallRow {
  readonly number: number;
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

interface Tables {
  readonly calls: readonly CallRow[];
  readonly cases: readonly CaseRow[];
}

interface CallsBody {
  readonly systemCalls: readonly {
    number: number;
    name: string;
    symbol: string;
    source?: DebugProtocol.Source;
    line?: number;
    hits: number;
  }[];
}

interface CasesBody {
  readonly cases: readonly { name: string; label: number; source?: DebugProtocol.Source; hits: number }[];
}

/** Whether a call of the table belongs to the socket interface. */
export function isSocketCall({ name }: Pick<CallRow, 'name'>): boolean {
  return SOCKET_CALL_NAMES.includes(nameOfEntry(name));
}

/** Order in which programs use the calls of the socket interface, not of their numbers. */
export function bySocketCall(a: Pick<CallRow, 'name' | 'number'>, b: Pick<CallRow, 'name' | 'number'>): number {
  const order = ({ name }: Pick<CallRow, 'name'>): number => SOCKET_CALL_NAMES.indexOf(nameOfEntry(name));
  return order(a) - order(b) || a.number - b.number;
}

/**
 * The system-call table and the socketcall switch: of the running kernel where there is a session, else as the sources have them.
 * What was read is kept until something may have changed it.
 */
export class KernelTables implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registrations: vscode.Disposable[];
  private read: Promise<Tables> | undefined;
  /** Another session or stop, or other breakpoints. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly sessions: Sessions,
    private readonly index: SourceIndex,
    breakpoints: CallBreakpointList,
  ) {
    this.registrations = [sessions.onDidChange(() => this.forget()), breakpoints.onDidChange(() => this.forget())];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations, this.changed).dispose();
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

  private tables(): Promise<Tables> {
    return (this.read ??= this.ofSession().catch(() => this.ofSources()));
  }

  /** @throws Error where there is no session, or it ends meanwhile */
  private async ofSession(): Promise<Tables> {
    const session = this.sessions.current;
    if (!session) return this.ofSources();
    const [{ systemCalls }, { cases }] = await Promise.all([
      session.customRequest('sockscope/systemCalls') as Thenable<CallsBody>,
      session.customRequest('sockscope/socketcallCases') as Thenable<CasesBody>,
    ]);
    const placed = (source: DebugProtocol.Source | undefined, line: number | undefined): Place | undefined => {
      const uri = source && uriOf(source, session);
      return uri && line !== undefined ? { uri, line } : undefined;
    };
    return {
      calls: systemCalls.map(({ number, name, symbol, source, line, hits }) => ({
        number,
        name,
        symbol,
        place: placed(source, line),
        hits,
      })),
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
    return {
      // What no source defines, this kernel was built without.
      calls: lines.flatMap(({ number, name }) => {
        const place = definitions.get(name);
        return place ? [{ number, name, symbol: undefined, place, hits: 0 }] : [];
      }),
      cases: cases.map(({ name, label }) => ({ name, place: uri && { uri, line: label }, hits: 0 })),
    };
  }
}

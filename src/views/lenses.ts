import * as vscode from 'vscode';
import { SOURCE_SCHEME } from '../adapter/sources';
import { findDefinitions } from '../linux/call-sources';
import { findSocketcallCases } from '../linux/socketcall';
import type { CallBreakpointList } from './call-breakpoint-list';
import { nameFor, type CallTarget } from './call-breakpoints';
import type { CallRow, CaseRow, KernelTables } from './kernel-tables';
import type { Sessions } from './sessions';
import { hitsText } from './system-calls';

const SOCKETCALL = 'socketcall';

/**
 * Lenses on the definitions of system calls and on the cases of the socketcall switch: breakpoints, and how often they were hit. In the
 * extension's own sources always; in files of this machine while a session runs the user's own kernel.
 */
export class CallLenses implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registrations: vscode.Disposable[];
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(
    private readonly sessions: Sessions,
    private readonly tables: KernelTables,
    private readonly breakpoints: CallBreakpointList,
  ) {
    this.registrations = [
      this.changed,
      tables.onDidChange(() => this.changed.fire()),
      tables.onDidRead(() => this.changed.fire()),
      vscode.languages.registerCodeLensProvider([{ scheme: SOURCE_SCHEME }, { scheme: 'file', language: 'c' }], this),
      vscode.commands.registerCommand('sockscope.toggleCallBreakpoints', (targets: CallTarget[], wanted: boolean) =>
        this.breakpoints.set(targets, wanted),
      ),
      vscode.commands.registerCommand('sockscope.toggleNamedBreakpoint', (name: string, wanted: boolean) => {
        if (wanted) this.breakpoints.add([{ functionName: name }]);
        else this.breakpoints.remove(this.breakpoints.all().filter(({ functionName }) => functionName === name));
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (document.uri.scheme === 'file' && this.sessions.current?.configuration.kernel === undefined) return [];
    const text = document.getText();
    const definitions = findDefinitions(text);
    if (definitions.length === 0) return [];
    const cases = findSocketcallCases(text);
    const { calls, cases: switchCases } = await this.tables.latest();
    return [
      ...definitions.flatMap(({ name, line }) => {
        // What this kernel was built without, or does not have in its table, has nothing to stop at.
        const row = calls.find((call) => call.name === name && call.number !== undefined);
        if (!row) return [];
        return [...this.callLenses(row, line), ...(name === SOCKETCALL ? this.switchLens(cases, line) : [])];
      }),
      ...cases.map(({ name, label }) =>
        this.caseLens(
          name,
          label,
          switchCases.find((row) => row.name === name),
        ),
      ),
    ];
  }

  private callLenses(row: CallRow, line: number): vscode.CodeLens[] {
    const lens = (moment: 'entry' | 'return' | 'fail', set: string, remove: string): vscode.CodeLens => {
      const name = nameFor({ call: row.name }, { kind: moment });
      const isSet = this.breakpoints.all().some(({ functionName, enabled }) => functionName === name && enabled);
      return command(line, isSet ? remove : set, 'sockscope.toggleNamedBreakpoint', [name, !isSet], isSet);
    };
    return [
      lens('entry', vscode.l10n.t('Break on entry'), vscode.l10n.t('Do not break on entry')),
      lens('return', vscode.l10n.t('on return'), vscode.l10n.t('not on return')),
      lens('fail', vscode.l10n.t('on failure'), vscode.l10n.t('not on failure')),
      ...hits(line, row.hits),
    ];
  }

  private switchLens(cases: readonly { name: string }[], line: number): vscode.CodeLens[] {
    if (cases.length === 0) return [];
    const targets = cases.map(({ name }) => ({ case: name }));
    const all = targets.every((target) => this.breakpoints.isSet(target));
    const title = all ? vscode.l10n.t('Do not break on every case') : vscode.l10n.t('Break on every case');
    return [command(line, title, 'sockscope.toggleCallBreakpoints', [targets, !all], all)];
  }

  private caseLens(name: string, line: number, row: CaseRow | undefined): vscode.CodeLens {
    const target: CallTarget = { case: name };
    const isSet = this.breakpoints.isSet(target);
    const action = isSet ? vscode.l10n.t('Do not break on {0}', name) : vscode.l10n.t('Break on {0}', name);
    // One lens a case: the switch is dense enough.
    const title = row && row.hits > 0 ? `${action} · ${hitsText(row.hits)}` : action;
    return command(line, title, 'sockscope.toggleCallBreakpoints', [[target], !isSet], isSet);
  }
}

function command(line: number, title: string, name: string, args: unknown[], isSet: boolean): vscode.CodeLens {
  const sign = isSet ? '$(debug-breakpoint-function) ' : '';
  return new vscode.CodeLens(new vscode.Range(line - 1, 0, line - 1, 0), {
    command: name,
    title: `${sign}${title}`,
    arguments: args,
  });
}

function hits(line: number, count: number): vscode.CodeLens[] {
  if (count === 0) return [];
  const title = hitsText(count);
  return [new vscode.CodeLens(new vscode.Range(line - 1, 0, line - 1, 0), { command: '', title })];
}

import * as vscode from 'vscode';
import type { CatchMoment } from '../linux/catch-request';
import { errnoNumber, programErrors } from '../linux/errno';
import type { CallBreakpointList } from './call-breakpoint-list';
import { commOf, nameFor, programOf, withProgram, type CallTarget } from './call-breakpoints';
import { bySocketCall, isSocketCall, type CallRow, type KernelTables } from './kernel-tables';
import type { Sessions } from './sessions';
import { numberText, type CallNode } from './system-calls';
import type { SourceIndex } from './source-index';

interface CallItem extends vscode.QuickPickItem {
  readonly target?: CallTarget;
}

interface MomentItem extends vscode.QuickPickItem {
  readonly moment?: CatchMoment;
  /** Asks for the error. */
  readonly asks?: boolean;
}

interface ProgramItem extends vscode.QuickPickItem {
  /** Undefined: any program. */
  readonly program?: string;
  /** Asks for the name. */
  readonly asks?: boolean;
}

/** "Break on System Call…" and "Stop in One Program Only…". */
export class BreakOnCall {
  constructor(
    private readonly sessions: Sessions,
    private readonly index: SourceIndex,
    private readonly tables: KernelTables,
    private readonly breakpoints: CallBreakpointList,
  ) {}

  /** Asks for calls, moment and program, and sets the breakpoints. */
  async breakOnCall(): Promise<void> {
    const targets = await this.askForCalls();
    if (!targets || targets.length === 0) return;
    // A case is a place in the code and has no result.
    const moment = targets.every((target) => 'case' in target) ? { kind: 'entry' as const } : await askForMoment();
    if (!moment) return;
    const program = await this.askForProgram(undefined);
    if (!program) return;
    const condition = withProgram(undefined, program.name);
    this.breakpoints.add(targets.map((target) => ({ functionName: nameFor(target, moment), condition })));
  }

  /** Asks for the program that breakpoints stop in. @param node row of "System Calls"; asked for where it is not given */
  async limitToProgram(node: CallNode | undefined): Promise<void> {
    const chosen = node ? this.breakpoints.on(node.target) : await this.askForBreakpoints();
    if (!chosen) return;
    const [only] = new Set(chosen.map(({ condition }) => programOf(condition)));
    const program = await this.askForProgram(only);
    if (!program) return;
    if (chosen.length > 0) this.breakpoints.changeConditions(chosen, (now) => withProgram(now, program.name));
    else if (node)
      this.breakpoints.add([{ functionName: nameFor(node.target), condition: withProgram(undefined, program.name) }]);
  }

  private async askForCalls(): Promise<CallTarget[] | undefined> {
    const [calls, cases] = await Promise.all([this.tables.calls(), this.tables.cases()]);
    const item = (label: string, description: string, target: CallTarget): CallItem => ({ label, description, target });
    const heading = (label: string): CallItem => ({ label, kind: vscode.QuickPickItemKind.Separator });
    const call = (row: CallRow): CallItem => item(row.name, numberText(row.number), { call: row.name });
    const items: CallItem[] = [
      heading(vscode.l10n.t('Socket calls')),
      ...calls.filter(isSocketCall).sort(bySocketCall).map(call),
      heading(vscode.l10n.t('Cases of the socketcall switch')),
      ...cases.map(({ name }) => item(name, vscode.l10n.t('at its line in the switch'), { case: name })),
      heading(vscode.l10n.t('Other calls')),
      item(vscode.l10n.t('Every system call'), '', { call: 'all' }),
      ...calls.filter((row) => !isSocketCall(row)).map(call),
    ];
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Break on System Call'),
      placeHolder: vscode.l10n.t('Calls to stop at, one or more'),
      canPickMany: true,
      matchOnDescription: true,
    });
    return picked?.flatMap(({ target }) => target ?? []);
  }

  private async askForBreakpoints(): Promise<vscode.FunctionBreakpoint[] | undefined> {
    const all = this.breakpoints.all();
    if (all.length === 0) throw new Error(vscode.l10n.t('There is no system-call breakpoint yet.'));
    const items = all.map((breakpoint) => ({
      label: breakpoint.functionName,
      description: breakpoint.condition,
      picked: all.length === 1,
      breakpoint,
    }));
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Stop in One Program Only'),
      placeHolder: vscode.l10n.t('Breakpoints to limit'),
      canPickMany: true,
    });
    return picked && picked.length > 0 ? picked.map(({ breakpoint }) => breakpoint) : undefined;
  }

  /** @returns undefined where nothing was chosen */
  private async askForProgram(now: string | undefined): Promise<{ name: string | undefined } | undefined> {
    const names = await this.programs();
    const items: ProgramItem[] = [
      { label: vscode.l10n.t('Any program') },
      ...names.map((program) => ({
        label: program,
        program,
        description: program === now ? vscode.l10n.t('now') : '',
      })),
      { label: vscode.l10n.t('Another program…'), asks: true },
    ];
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Program'),
      placeHolder: vscode.l10n.t('Stop when this program makes the call'),
    });
    if (!picked) return undefined;
    if (!picked.asks) return { name: picked.program };
    const typed = await vscode.window.showInputBox({
      title: vscode.l10n.t('Program'),
      prompt: vscode.l10n.t('Name of the program, of which the kernel keeps the first 15 characters.'),
      value: now,
    });
    return typed?.trim() ? { name: typed.trim() } : undefined;
  }

  /** Programs that run now, and those of the lab. */
  private async programs(): Promise<string[]> {
    const lab = (await this.index.files()).flatMap(
      ({ path }) => /^guest\/programs\/([\w-]+)\.c$/.exec(path)?.[1] ?? [],
    );
    const names = new Set([...(await this.runningPrograms()), ...lab.map(commOf)]);
    return [...names].sort();
  }

  private async runningPrograms(): Promise<string[]> {
    if (this.sessions.phase === 'none') return [];
    try {
      const { tasks } = await this.sessions.request('sockscope/tasks', {});
      return tasks.filter(({ program }) => program !== undefined).map(({ comm }) => comm);
    } catch {
      // While it boots there are none; a name can still be typed.
      return [];
    }
  }
}

async function askForMoment(): Promise<CatchMoment | undefined> {
  const items: MomentItem[] = [
    { label: vscode.l10n.t('On entry'), moment: { kind: 'entry' } },
    { label: vscode.l10n.t('On return'), moment: { kind: 'return' } },
    { label: vscode.l10n.t('On failure'), moment: { kind: 'fail' }, description: vscode.l10n.t('any error') },
    { label: vscode.l10n.t('On one error…'), asks: true, description: 'EADDRINUSE' },
  ];
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('When to Stop'),
    placeHolder: vscode.l10n.t('When the call stops the guest'),
  });
  if (!picked?.asks) return picked?.moment;
  const errors = programErrors().map(([name, text]) => ({ label: name, description: text }));
  const error = await vscode.window.showQuickPick(errors, {
    title: vscode.l10n.t('Error'),
    placeHolder: vscode.l10n.t('The error that the call fails with'),
    matchOnDescription: true,
  });
  const number = error && errnoNumber(error.label);
  return number === undefined ? undefined : { kind: 'error', number };
}

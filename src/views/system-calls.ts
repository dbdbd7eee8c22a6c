import * as vscode from 'vscode';
import type { CallBreakpointList } from './call-breakpoint-list';
import { momentWord, programOf, type CallTarget } from './call-breakpoints';
import { bySocketCall, isSocketCall, type CallRow, type CaseRow, type KernelTables } from './kernel-tables';
import { openCommand } from './places';

/** A row of the view. */
export type CallNode =
  | { readonly kind: 'call'; readonly row: CallRow; readonly target: CallTarget }
  | { readonly kind: 'case'; readonly row: CaseRow; readonly target: CallTarget }
  /** Every system call at once. */
  | { readonly kind: 'all'; readonly target: CallTarget };

/** The memento's key: whether all calls are shown, or those of the socket interface. */
const SHOW_ALL = 'systemCalls.showAll';

/** The view "System Calls": the kernel's table, a check box for each breakpoint. */
export class SystemCallsView implements vscode.TreeDataProvider<CallNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registrations: vscode.Disposable[];
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly tables: KernelTables,
    private readonly breakpoints: CallBreakpointList,
    private readonly memento: vscode.Memento,
  ) {
    const view = vscode.window.createTreeView('sockscope.systemCalls', {
      treeDataProvider: this,
      // A case is no part of its call's breakpoint.
      manageCheckboxStateManually: true,
      showCollapseAll: true,
    });
    this.registrations = [
      this.changed,
      view,
      view.onDidChangeCheckboxState(({ items }) => {
        for (const wanted of [true, false]) {
          const state = wanted ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked;
          const targets = items.filter(([, given]) => given === state).map(([node]) => node.target);
          if (targets.length > 0) this.breakpoints.set(targets, wanted);
        }
      }),
      // The tables know of every change of the breakpoints.
      tables.onDidChange(() => this.changed.fire()),
      vscode.commands.registerCommand('sockscope.systemCalls.showAll', () => this.showAll(true)),
      vscode.commands.registerCommand('sockscope.systemCalls.showSockets', () => this.showAll(false)),
    ];
    this.tellFilter();
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  private get showsAll(): boolean {
    return this.memento.get(SHOW_ALL, false);
  }

  private async showAll(all: boolean): Promise<void> {
    await this.memento.update(SHOW_ALL, all);
    this.tellFilter();
    this.changed.fire();
  }

  private tellFilter(): void {
    void vscode.commands.executeCommand('setContext', 'sockscope.systemCalls.all', this.showsAll);
  }

  async getChildren(node?: CallNode): Promise<CallNode[]> {
    if (node) {
      if (node.kind !== 'call' || node.row.name !== 'socketcall') return [];
      return (await this.tables.cases()).map((row) => ({ kind: 'case', row, target: { case: row.name } }));
    }
    const calls = await this.tables.calls();
    const shown = this.showsAll ? calls : calls.filter(isSocketCall).sort(bySocketCall);
    return [
      ...(this.showsAll ? [{ kind: 'all' as const, target: { call: 'all' } }] : []),
      ...shown.map((row): CallNode => ({ kind: 'call', row, target: { call: row.name } })),
    ];
  }

  getTreeItem(node: CallNode): vscode.TreeItem {
    const item = new vscode.TreeItem(node.kind === 'all' ? vscode.l10n.t('Every system call') : node.row.name);
    const set = this.breakpoints.on(node.target);
    const isSet = set.some(({ enabled }) => enabled);
    item.id = `${node.kind}/${node.kind === 'call' ? (node.row.number ?? '') : ''}/${item.label as string}`;
    item.checkboxState = {
      state: isSet ? vscode.TreeItemCheckboxState.Checked : vscode.TreeItemCheckboxState.Unchecked,
      tooltip: isSet ? vscode.l10n.t('Remove the breakpoint') : vscode.l10n.t('Set a breakpoint'),
    };
    item.description = this.description(node, set);
    item.contextValue = `${node.kind}${set.length > 0 ? '.set' : ''}`;
    if (node.kind === 'call' && node.row.name === 'socketcall')
      item.collapsibleState = vscode.TreeItemCollapsibleState.Collapsed;
    if (node.kind === 'all') return item;
    item.tooltip = this.tooltip(node, set);
    if (node.row.place) item.command = openCommand(node.row.place);
    return item;
  }

  private description(node: CallNode, set: readonly vscode.FunctionBreakpoint[]): string {
    const parts = set.map(conditions).filter((text) => text !== '');
    if (node.kind === 'call') parts.unshift(numberText(node.row.number));
    if (node.kind !== 'all' && node.row.hits > 0) parts.push(hitsText(node.row.hits));
    return parts.join(' · ');
  }

  private tooltip(
    node: Exclude<CallNode, { kind: 'all' }>,
    set: readonly vscode.FunctionBreakpoint[],
  ): vscode.MarkdownString {
    const text = new vscode.MarkdownString();
    const { row } = node;
    if (node.kind === 'call') {
      const { number } = node.row;
      const what = number === undefined ? numberText(number) : vscode.l10n.t('system call {0}', number);
      text.appendMarkdown(`**${row.name}** — ${what}\n\n`);
    } else text.appendMarkdown(`**${row.name}** — ${vscode.l10n.t('case of the socketcall switch')}\n\n`);
    const lines = [
      ...(node.kind === 'call' && node.row.symbol ? [node.row.symbol] : []),
      ...(row.place ? [`${row.place.uri.path.replace(/^\//, '')}:${row.place.line}`] : []),
      ...set.map((each) => `${each.functionName}${each.condition ? ` if ${each.condition}` : ''}`),
    ];
    if (lines.length > 0) text.appendCodeblock(lines.join('\n'), 'text');
    if (row.hits > 0) text.appendText(hitsText(row.hits));
    return text;
  }
}

/** `return, only hello, off`: what is not as usual with a breakpoint. */
function conditions(breakpoint: vscode.FunctionBreakpoint): string {
  const program = programOf(breakpoint.condition);
  const parts = [momentWord(breakpoint)];
  if (program !== undefined) parts.push(vscode.l10n.t('only {0}', program));
  else if (breakpoint.condition) parts.push(vscode.l10n.t('if {0}', breakpoint.condition));
  if (!breakpoint.enabled) parts.push(vscode.l10n.t('disabled'));
  return parts.filter((part) => part !== '').join(', ');
}

/** `#102`; of a call without a number of its own, the way to it. */
export function numberText(number: number | undefined): string {
  return number === undefined ? vscode.l10n.t('by socketcall only') : `#${number}`;
}

/** `1 hit`, `3 hits`. */
export function hitsText(hits: number): string {
  return hits === 1 ? vscode.l10n.t('1 hit') : vscode.l10n.t('{0} hits', hits);
}

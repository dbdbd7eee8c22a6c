import * as vscode from 'vscode';
import type { ArgumentsOf } from '../adapter/protocol';
import type { Sessions } from './sessions';

type Scope = NonNullable<ArgumentsOf<'sockscope/traceScope'>['scope']>;

const SCOPES: readonly Scope[] = ['sockets', 'all', 'off'];

interface ScopeItem extends vscode.QuickPickItem {
  readonly scope: Scope;
}

/**
 * Traces system calls from now on; their lines appear in the debug console, which is opened.
 * @param wanted which; asked for where a key binding does not say (menus pass what they like)
 */
export async function traceCalls(sessions: Sessions, wanted: unknown): Promise<void> {
  const scope = SCOPES.find((each) => each === wanted) ?? (await chosenScope(sessions));
  if (!scope) return;
  await sessions.request('sockscope/traceScope', { scope });
  if (scope !== 'off') await vscode.commands.executeCommand('workbench.panel.repl.view.focus');
}

async function chosenScope(sessions: Sessions): Promise<Scope | undefined> {
  const { scope: present } = await sessions.request('sockscope/traceScope', {});
  const item = (scope: Scope, label: string, detail: string): ScopeItem => ({
    scope,
    label,
    detail,
    ...(scope === present ? { description: vscode.l10n.t('now') } : {}),
  });
  const items = [
    item('sockets', vscode.l10n.t('Socket calls'), vscode.l10n.t('The calls of the socket interface, of all programs')),
    item('all', vscode.l10n.t('All system calls'), vscode.l10n.t("Every call of the kernel's table, of all programs")),
    item('off', vscode.l10n.t('Nothing'), vscode.l10n.t('Ends the trace')),
  ];
  const placeHolder = vscode.l10n.t('System calls to show in the debug console, without stopping');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.scope;
}

import * as vscode from 'vscode';
import type { SessionLog } from './output';

/** Tells that the adapter of a session died, and offers what helps: its log, and another try. */
class AdapterDeaths implements vscode.DebugAdapterTrackerFactory {
  constructor(private readonly log: SessionLog) {}

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    return {
      // A signal comes from whoever ends the session.
      onExit: (code) => {
        if (code) void this.tell(session, code);
      },
    };
  }

  private async tell({ name, workspaceFolder, configuration }: vscode.DebugSession, code: number): Promise<void> {
    const showLog = vscode.l10n.t('Show Log');
    const again = vscode.l10n.t('Start Again');
    const message = vscode.l10n.t('The debug adapter of "{0}" ended unexpectedly (exit code {1}).', name, code);
    const chosen = await vscode.window.showErrorMessage(message, showLog, again);
    if (chosen === showLog) this.log.show();
    if (chosen === again) await vscode.debug.startDebugging(workspaceFolder, configuration);
  }
}

/** A configuration without what an own kernel brings with it: the same session with the built-in kernel. */
export function withBuiltInKernel(configuration: vscode.DebugConfiguration): vscode.DebugConfiguration {
  const withKernel = ['kernel', 'initrd', 'programs', 'commandLine'];
  // What VS Code has added for the session that was refused is not for the next one.
  const own = Object.entries(configuration).filter(([name]) => !withKernel.includes(name) && !name.startsWith('__'));
  return Object.fromEntries(own) as vscode.DebugConfiguration;
}

/** Offers with each error the action that mends it. The adapter's refusals of a launch name theirs themselves (session.ts). */
export function registerErrors(context: vscode.ExtensionContext, log: SessionLog): void {
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterTrackerFactory('sockscope', new AdapterDeaths(log)),
    vscode.commands.registerCommand('sockscope.showLog', () => log.show()),
    vscode.commands.registerCommand('sockscope.startWithBuiltInKernel', (refused?: vscode.DebugConfiguration) => {
      if (refused?.type !== 'sockscope') return undefined;
      return vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], withBuiltInKernel(refused));
    }),
  );
}

import * as vscode from 'vscode';
import { SOURCE_SCHEME } from '../adapter/sources';

const TYPE = 'sockscope';

/** Attribute (the extension's own, so with two underscores) of a session whose terminal takes the keys from the start. */
export const FOCUS_TERMINAL = '__focusTerminal';

function configurations(): vscode.DebugConfiguration[] {
  return [
    { type: TYPE, request: 'launch', name: vscode.l10n.t('SockScope: Linux socket calls') },
    {
      type: TYPE,
      request: 'launch',
      name: vscode.l10n.t('SockScope: replyhi and hello'),
      run: ['replyhi &', 'hello'],
    },
    { type: TYPE, request: 'launch', name: vscode.l10n.t('SockScope: stop at the kernel entry'), stopOnEntry: true },
  ];
}

/** Makes F5 work without a launch.json, and completes configurations with what the adapter needs of VS Code. */
export function registerDebugConfigurations(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    vscode.debug.registerDebugConfigurationProvider(TYPE, {
      provideDebugConfigurations: configurations,
      resolveDebugConfiguration(_folder, configuration) {
        // F5 without a launch.json gives an empty configuration.
        const complete = configuration.type ? configuration : { ...configurations()[0], ...configuration };
        return { ...complete, __sourceScheme: SOURCE_SCHEME };
      },
    }),
    vscode.debug.registerDebugConfigurationProvider(
      TYPE,
      { provideDebugConfigurations: configurations },
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    vscode.commands.registerCommand('sockscope.start', async () => {
      await vscode.commands.executeCommand('sockscope.openSocketSource');
      const configuration = { ...configurations()[0], [FOCUS_TERMINAL]: true };
      await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], configuration);
    }),
  );
}

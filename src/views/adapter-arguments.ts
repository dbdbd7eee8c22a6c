import * as vscode from 'vscode';

/** The user's settings that the adapter must know before it says what it can do: they go to it as arguments. */
class AdapterArguments implements vscode.DebugAdapterDescriptorFactory {
  createDebugAdapterDescriptor(
    _session: vscode.DebugSession,
    executable: vscode.DebugAdapterExecutable | undefined,
  ): vscode.DebugAdapterExecutable | undefined {
    const listsCalls = vscode.workspace.getConfiguration('sockscope').get('listSystemCalls', true);
    if (!executable || listsCalls) return executable;
    const { command, args, options } = executable;
    return new vscode.DebugAdapterExecutable(command, [...args, '--brief-filters'], options);
  }
}

/** Starts the adapter that the manifest names, with the user's settings. */
export function registerAdapterArguments(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.debug.registerDebugAdapterDescriptorFactory('sockscope', new AdapterArguments()));
}

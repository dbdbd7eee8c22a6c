import * as vscode from 'vscode';
import { SOURCE_SCHEME } from '../adapter/sources';
import { SOCKETCALLS } from '../linux/socket-constants';
import { mayStart } from './trust';

const TYPE = 'sockscope';

/** Attribute (the extension's own, so with two underscores) of a session whose terminal takes the keys from the start. */
export const FOCUS_TERMINAL = '__focusTerminal';

/** Attribute (the extension's own) with functions that get breakpoints when the session starts. */
const BREAK_ON = '__breakOn';

/** Attributes of the two programs' exchange. */
const EXCHANGE = { type: TYPE, request: 'launch', run: ['replyhi &', 'hello'] };

function configurations(): vscode.DebugConfiguration[] {
  return [
    { type: TYPE, request: 'launch', name: vscode.l10n.t('SockScope: Linux socket calls') },
    { ...EXCHANGE, name: vscode.l10n.t('SockScope: replyhi and hello') },
    { type: TYPE, request: 'launch', name: vscode.l10n.t('SockScope: stop at the kernel entry'), stopOnEntry: true },
  ];
}

/** What the Run and Debug view offers without a launch.json: the above, the study's two experiments, and a kernel from a file. */
function offered(): vscode.DebugConfiguration[] {
  return [
    ...configurations(),
    {
      ...EXCHANGE,
      name: vscode.l10n.t('SockScope: experiment (a), the calls of a server'),
      [BREAK_ON]: ['sys_socket', 'sys_bind', 'sys_listen'],
    },
    {
      ...EXCHANGE,
      name: vscode.l10n.t('SockScope: experiment (b), every case of the socketcall switch'),
      [BREAK_ON]: SOCKETCALLS.filter((name) => name !== undefined),
    },
    { type: TYPE, request: 'launch', name: vscode.l10n.t('SockScope: own kernel'), kernel: '${command:pickKernel}' },
  ];
}

/** Adds function breakpoints that are not there yet, where a person sees and can remove them. */
function breakOn(functions: unknown): void {
  if (!Array.isArray(functions)) return;
  const present = new Set(
    vscode.debug.breakpoints.map((each) => (each instanceof vscode.FunctionBreakpoint ? each.functionName : undefined)),
  );
  const missing = (functions as string[]).filter((name) => !present.has(name));
  vscode.debug.addBreakpoints(missing.map((name) => new vscode.FunctionBreakpoint(name)));
}

/** Asks for a kernel's file; undefined, which ends the start, where none is chosen. */
async function pickKernel(): Promise<string | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    title: vscode.l10n.t('A vmlinux for 32-bit x86 with debug information'),
    openLabel: vscode.l10n.t('Boot'),
  });
  return chosen?.[0]?.fsPath;
}

/** Makes F5 work without a launch.json, and completes configurations with what the adapter needs of VS Code. */
export function registerDebugConfigurations(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    vscode.debug.registerDebugConfigurationProvider(TYPE, {
      provideDebugConfigurations: configurations,
      async resolveDebugConfiguration(_folder, configuration) {
        if (!(await mayStart(configuration))) return undefined;
        breakOn(configuration[BREAK_ON]);
        // Start Debugging without a launch.json gives an empty configuration.
        const complete = configuration.type ? configuration : { ...configurations()[0], ...configuration };
        // Where nothing is open, from the menu, the same is shown as by F5.
        if (!configuration.type && !vscode.window.activeTextEditor && !vscode.workspace.workspaceFolders) {
          complete[FOCUS_TERMINAL] = true;
          void vscode.commands.executeCommand('sockscope.openSocketSource', true);
        }
        // Two underscores: for the adapter alone, not for launch.json.
        return { ...complete, __sourceScheme: SOURCE_SCHEME, __guestTerminal: true };
      },
    }),
    vscode.debug.registerDebugConfigurationProvider(
      TYPE,
      { provideDebugConfigurations: offered },
      vscode.DebugConfigurationProviderTriggerKind.Dynamic,
    ),
    vscode.commands.registerCommand('sockscope.pickKernel', pickKernel),
    vscode.commands.registerCommand('sockscope.start', async () => {
      const configuration = { ...configurations()[0], [FOCUS_TERMINAL]: true };
      await Promise.all([
        vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], configuration),
        // Meanwhile, and without the keys: they are the terminal's, which may be there first.
        vscode.commands.executeCommand('sockscope.openSocketSource', true),
      ]);
    }),
  );
}

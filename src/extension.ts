import * as vscode from 'vscode';
import { registerAdapterArguments } from './views/adapter-arguments';
import { registerDebugConfigurations } from './views/debug-configurations';
import { registerDispatchPanel } from './views/dispatch-panel';
import { registerErrors } from './views/errors';
import { registerFollowCall } from './views/follow-call';
import { registerGuestTerminal } from './views/guest-terminal';
import { registerKernelSources } from './views/kernel-sources';
import { registerKernelViews, type KernelViews } from './views/kernel-views';
import { SessionLog } from './views/output';
import { Sessions } from './views/sessions';

/** Registers what VS Code shows; the adapter itself is a process of its own that the manifest names. */
export function activate(context: vscode.ExtensionContext): KernelViews {
  const log = new SessionLog();
  context.subscriptions.push(log, vscode.debug.registerDebugAdapterTrackerFactory('sockscope', log));
  registerErrors(context, log);
  registerAdapterArguments(context);
  registerDebugConfigurations(context);
  registerKernelSources(context);
  registerGuestTerminal(context);
  const sessions = new Sessions();
  context.subscriptions.push(sessions);
  registerDispatchPanel(context, sessions);
  registerFollowCall(context, sessions);
  return registerKernelViews(context, sessions);
}

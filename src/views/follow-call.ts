import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { ask } from './ask';
import { FOCUS_TERMINAL } from './debug-configurations';
import { told } from './places';
import type { Sessions } from './sessions';

/** What the exchange of the study does, server and client. */
const EXCHANGE = ['replyhi --once &', 'hello'];

/** Each socket call: the function of the kernel that does its work, and the lab programs that make it. */
const CALLS: Readonly<Record<string, { kernel: string; programs: readonly string[] }>> = {
  socket: { kernel: '__sys_socket', programs: EXCHANGE },
  bind: { kernel: '__sys_bind', programs: EXCHANGE },
  listen: { kernel: '__sys_listen', programs: EXCHANGE },
  connect: { kernel: '__sys_connect', programs: EXCHANGE },
  accept: { kernel: '__sys_accept4', programs: EXCHANGE },
  accept4: { kernel: '__sys_accept4', programs: ['accept4'] },
  send: { kernel: '__sys_sendto', programs: EXCHANGE },
  recv: { kernel: '__sys_recvfrom', programs: EXCHANGE },
  sendto: { kernel: '__sys_sendto', programs: ['udp'] },
  recvfrom: { kernel: '__sys_recvfrom', programs: ['udp'] },
  sendmsg: { kernel: '__sys_sendmsg', programs: ['sendmsg'] },
  recvmsg: { kernel: '__sys_recvmsg', programs: ['sendmsg'] },
  sendmmsg: { kernel: '__sys_sendmmsg', programs: ['sendmmsg'] },
  recvmmsg: { kernel: '__sys_recvmmsg', programs: ['sendmmsg'] },
  select: { kernel: 'core_sys_select', programs: ['select'] },
  shutdown: { kernel: '__sys_shutdown', programs: ['shutdown'] },
  getsockname: { kernel: '__sys_getsockname', programs: ['names'] },
  getpeername: { kernel: '__sys_getpeername', programs: ['names'] },
  getsockopt: { kernel: '__sys_getsockopt', programs: ['options'] },
  setsockopt: { kernel: '__sys_setsockopt', programs: ['options'] },
  sendfile: { kernel: 'do_sendfile', programs: ['sendfile'] },
  socketpair: { kernel: '__sys_socketpair', programs: ['socketpair'] },
};

interface CallItem extends vscode.QuickPickItem {
  readonly call: string;
}

/** Lets one choose a call, breaks on its function in the kernel, and runs the lab programs that make it. */
async function follow(sessions: Sessions, answers: BreakpointAnswers): Promise<void> {
  const items = Object.entries(CALLS).map(([call, { kernel, programs }]): CallItem => ({
    call,
    label: call,
    description: kernel,
    detail: programs.join('; '),
  }));
  const placeHolder = vscode.l10n.t('Call that a lab program makes and the debugger stops in');
  const chosen = await vscode.window.showQuickPick(items, { placeHolder, matchOnDescription: true });
  if (!chosen) return;
  const { kernel, programs } = CALLS[chosen.call];
  const session = sessions.current;
  if (session) {
    const answered = answers.next(session);
    // No program may run past a breakpoint that is still on its way.
    if (breakIn(kernel)) await answered;
    await ask(session, 'sockscope/consoleInput', { text: `${programs.join('\r')}\r` });
  } else {
    breakIn(kernel);
    const name = vscode.l10n.t('SockScope: Linux socket calls');
    const own = { run: [...programs], [FOCUS_TERMINAL]: true };
    const configuration = { type: 'sockscope', request: 'launch', name, ...own };
    await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], configuration);
  }
}

/** Sets a function breakpoint unless there is one that is switched on; says whether it did. */
function breakIn(name: string): boolean {
  const isSet = vscode.debug.breakpoints.some(
    (each) => each instanceof vscode.FunctionBreakpoint && each.functionName === name && each.enabled,
  );
  if (!isSet) vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(name)]);
  return !isSet;
}

/** Tells when an adapter has taken the function breakpoints; VS Code has no event for it. */
class BreakpointAnswers implements vscode.DebugAdapterTrackerFactory {
  private readonly answered = new vscode.EventEmitter<string>();

  createDebugAdapterTracker({ id }: vscode.DebugSession): vscode.DebugAdapterTracker {
    return {
      onDidSendMessage: (message: DebugProtocol.Response) => {
        if (message.type === 'response' && message.command === 'setFunctionBreakpoints') this.answered.fire(id);
      },
      onExit: () => this.answered.fire(id),
    };
  }

  /** The next answer of a session's adapter, or its end. */
  next(session: vscode.DebugSession): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.answered.event((id) => {
        if (id !== session.id) return;
        waiting.dispose();
        resolve();
      });
    });
  }
}

/** The command "Follow a Socket Call…". */
export function registerFollowCall(context: vscode.ExtensionContext, sessions: Sessions): void {
  const answers = new BreakpointAnswers();
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterTrackerFactory('sockscope', answers),
    vscode.commands.registerCommand('sockscope.followCall', () => told(() => follow(sessions, answers))),
  );
}

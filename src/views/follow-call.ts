import * as vscode from 'vscode';
import { FOCUS_TERMINAL } from './debug-configurations';
import { told } from './places';
import type { Sessions } from './sessions';

/** In milliseconds, on a machine that is busy. */
const ANSWERED_WITHIN = 30_000;

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
async function follow(sessions: Sessions): Promise<void> {
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
  const breakpoint = breakIn(kernel);
  const session = sessions.current;
  if (session) {
    await known(session, breakpoint);
    await session.customRequest('sockscope/consoleInput', { text: `${programs.join('\r')}\r` });
  } else {
    const name = vscode.l10n.t('SockScope: Linux socket calls');
    const own = { run: [...programs], [FOCUS_TERMINAL]: true };
    const configuration = { type: 'sockscope', request: 'launch', name, ...own };
    await vscode.debug.startDebugging(vscode.workspace.workspaceFolders?.[0], configuration);
  }
}

/** The function breakpoint of a name, a new one where there is none that is switched on. */
function breakIn(name: string): vscode.FunctionBreakpoint {
  const present = vscode.debug.breakpoints.find(
    (each) => each instanceof vscode.FunctionBreakpoint && each.functionName === name && each.enabled,
  );
  if (present) return present as vscode.FunctionBreakpoint;
  const added = new vscode.FunctionBreakpoint(name);
  vscode.debug.addBreakpoints([added]);
  return added;
}

/** Waits until the adapter has answered for a breakpoint, so that no program runs past it. */
async function known(session: vscode.DebugSession, breakpoint: vscode.Breakpoint): Promise<void> {
  for (const end = Date.now() + ANSWERED_WITHIN; Date.now() < end;) {
    if (await session.getDebugProtocolBreakpoint(breakpoint)) return;
    // VS Code has no event for it.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(vscode.l10n.t('The breakpoint could not be set.'));
}

/** The command "Follow a Socket Call…". */
export function registerFollowCall(context: vscode.ExtensionContext, sessions: Sessions): void {
  context.subscriptions.push(
    vscode.commands.registerCommand('sockscope.followCall', () => told(() => follow(sessions))),
  );
}

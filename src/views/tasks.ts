import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { TaskRow } from '../adapter/protocol';
import { openCommand, uriOf } from './places';
import { StopTree } from './stop-tree';

export type TaskNode =
  | { readonly kind: 'task'; readonly task: TaskRow; readonly memoryReference: string }
  | { readonly kind: 'group'; readonly label: string; readonly tasks: readonly TaskNode[] }
  | { readonly kind: 'frame'; readonly frame: DebugProtocol.StackFrame; readonly session: vscode.DebugSession }
  | { readonly kind: 'note'; readonly text: string };

/** Frames that are shown of a task; the call stack has all. */
const MOST_FRAMES = 50;

/** Icons by the first word of a state. */
const ICONS: Readonly<Record<string, string>> = {
  running: 'debug-start', ready: 'clock', sleeping: 'debug-pause', idle: 'debug-pause', waiting: 'watch', zombie: 'trash', dead: 'trash',
}; // prettier-ignore

/** The view "Tasks": what runs in the guest at the present stop; a click makes it the task that is looked at. */
export class TasksView extends StopTree<TaskNode> {
  protected readonly nothing = vscode.l10n.t('The kernel has no tasks yet.');

  protected async read(): Promise<TaskNode[]> {
    const { tasks } = await this.sessions.request('sockscope/tasks', {});
    const node = (task: TaskRow): TaskNode => ({ kind: 'task', task, memoryReference: task.memoryReference });
    // The idle task is the kernel's too.
    const ofKernel = tasks.filter((task) => (task.isKernelThread || task.pid === 0) && !task.isRunning);
    const others = tasks.filter((task) => !ofKernel.includes(task));
    const running = others.filter(({ isRunning }) => isRunning);
    const waiting = others.filter(({ isRunning }) => !isRunning).sort((a, b) => a.pid - b.pid);
    const kernel: TaskNode[] =
      ofKernel.length > 0 ? [{ kind: 'group', label: vscode.l10n.t('Kernel threads'), tasks: ofKernel.map(node) }] : [];
    return [...[...running, ...waiting].map(node), ...kernel];
  }

  protected async below(node: TaskNode): Promise<TaskNode[]> {
    if (node.kind === 'group') return [...node.tasks];
    const session = this.sessions.current;
    if (node.kind !== 'task' || !session) return [];
    try {
      const args: DebugProtocol.StackTraceArguments = {
        threadId: node.task.threadId,
        startFrame: 0,
        levels: MOST_FRAMES,
      };
      const { stackFrames } = (await session.customRequest(
        'stackTrace',
        args,
      )) as DebugProtocol.StackTraceResponse['body'];
      return stackFrames.map((frame) => ({ kind: 'frame', frame, session }));
    } catch (error) {
      return [{ kind: 'note', text: error instanceof Error ? error.message : String(error) }];
    }
  }

  getTreeItem(node: TaskNode): vscode.TreeItem {
    switch (node.kind) {
      case 'task':
        return taskItem(node.task);
      case 'group': {
        const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState.Collapsed);
        item.id = `group/${node.label}`;
        item.description = String(node.tasks.length);
        item.iconPath = new vscode.ThemeIcon('gear');
        return item;
      }
      case 'frame':
        return frameItem(node.frame, node.session);
      case 'note': {
        const item = new vscode.TreeItem(node.text);
        item.iconPath = new vscode.ThemeIcon('info');
        return item;
      }
    }
  }
}

function taskItem(task: TaskRow): vscode.TreeItem {
  const item = new vscode.TreeItem(task.comm, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `task/${task.threadId}`;
  const doing = task.waitChannel ? vscode.l10n.t('{0} in {1}', task.state, task.waitChannel) : task.state;
  item.description = `${vscode.l10n.t('pid {0}', task.pid)} · ${doing}`;
  item.iconPath = new vscode.ThemeIcon(
    ICONS[task.state] ?? 'circle-outline',
    task.isRunning ? new vscode.ThemeColor('debugIcon.startForeground') : undefined,
  );
  item.tooltip = new vscode.MarkdownString().appendCodeblock(
    [
      `${task.comm} (pid ${task.pid}, tgid ${task.tgid}, ppid ${task.ppid})`,
      doing,
      ...(task.program ? [task.program] : []),
      ...(task.isKernelThread ? [vscode.l10n.t('kernel thread')] : []),
      `task_struct ${task.memoryReference}`,
    ].join('\n'),
    'text',
  );
  item.contextValue = 'task';
  item.command = {
    command: 'sockscope.focusTask',
    title: vscode.l10n.t('Show Its Call Stack'),
    arguments: [task.threadId],
  };
  return item;
}

function frameItem(frame: DebugProtocol.StackFrame, session: vscode.DebugSession): vscode.TreeItem {
  const item = new vscode.TreeItem(frame.name);
  item.contextValue = 'frame';
  if (frame.presentationHint === 'label') {
    item.iconPath = new vscode.ThemeIcon('arrow-down');
    return item;
  }
  item.iconPath = new vscode.ThemeIcon('debug-stackframe');
  const { source, line } = frame;
  item.description = source ? `${source.name}:${line}` : frame.instructionPointerReference;
  const uri = source && !source.sourceReference ? uriOf(source, session) : undefined;
  if (uri) item.command = openCommand({ uri, line });
  return item;
}

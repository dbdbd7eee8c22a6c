import * as vscode from 'vscode';
import { BreakOnCall } from './break-on-call';
import { CallBreakpointList } from './call-breakpoint-list';
import { Documents } from './documents';
import { exportPackets } from './export-packets';
import { KernelTables } from './kernel-tables';
import { CallLenses } from './lenses';
import { MemoryCommands } from './memory';
import { showPlace, told, type Place } from './places';
import type { Sessions } from './sessions';
import { SocketsView } from './sockets';
import { SourceCommands } from './source-commands';
import { SourceIndex } from './source-index';
import { SourceTreeView } from './source-tree';
import { SystemCallsView, type CallNode } from './system-calls';
import { TasksView } from './tasks';
import { traceCalls } from './trace-calls';
import { VectorsView, type VectorNode } from './vectors';

/** The views, for tests and for other extensions that want to look at what they show. */
export interface KernelViews {
  readonly systemCalls: SystemCallsView;
  readonly vectors: VectorsView;
  readonly sockets: SocketsView;
  readonly tasks: TasksView;
  readonly sources: SourceTreeView;
  readonly lenses: CallLenses;
}

/** Registers the views on the kernel with all their commands. */
export function registerKernelViews(context: vscode.ExtensionContext, sessions: Sessions): KernelViews {
  const index = new SourceIndex(sessions);
  const breakpoints = new CallBreakpointList();
  const tables = new KernelTables(sessions, index, breakpoints);
  const documents = new Documents();
  const breaking = new BreakOnCall(sessions, index, tables, breakpoints);
  const views = {
    systemCalls: new SystemCallsView(tables, breakpoints, context.workspaceState),
    vectors: new VectorsView('sockscope.vectors', sessions),
    sockets: new SocketsView('sockscope.sockets', sessions),
    tasks: new TasksView('sockscope.tasks', sessions),
    sources: new SourceTreeView(index, sessions),
    lenses: new CallLenses(sessions, tables, breakpoints),
  };
  const command = (name: string, action: (...args: never[]) => Promise<unknown> | void): vscode.Disposable =>
    vscode.commands.registerCommand(name, (...args: never[]) => told(async () => action(...args)));
  context.subscriptions.push(
    breakpoints,
    tables,
    documents,
    ...Object.values(views),
    new MemoryCommands(sessions, documents),
    new SourceCommands(index, documents),
    command('sockscope.openPlace', (place: Place) => showPlace(place)),
    command('sockscope.focusTask', (threadId: number) => sessions.request('sockscope/focusTask', { threadId })),
    command('sockscope.breakOnSystemCall', () => breaking.breakOnCall()),
    command('sockscope.traceSystemCalls', (scope?: unknown) => traceCalls(sessions, scope)),
    command('sockscope.exportPackets', (file?: unknown) => exportPackets(sessions, file)),
    command('sockscope.limitToProgram', (node?: CallNode) => breaking.limitToProgram(node)),
    command('sockscope.removeSystemCallBreakpoints', (node?: CallNode) =>
      breakpoints.remove(node ? breakpoints.on(node.target) : breakpoints.all()),
    ),
    command('sockscope.breakOnHandler', (node: VectorNode) => {
      if (node.kind !== 'vector') return;
      const { symbol, handler } = node.vector;
      // What lies inside of a symbol has no name of its own.
      const name = symbol === undefined || symbol.includes('+') ? `*${handler}` : symbol;
      vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(name)]);
    }),
    ...['systemCalls', 'vectors', 'sockets', 'tasks', 'kernelSources'].map((view) =>
      // The views come with the extension's first use, so a command of VS Code's own may not find them.
      command(`sockscope.${view}.show`, async () => {
        await vscode.commands.executeCommand('setContext', 'sockscope.active', true);
        await vscode.commands.executeCommand(`sockscope.${view}.focus`);
      }),
    ),
  );
  void vscode.commands.executeCommand('setContext', 'sockscope.active', true);
  return views;
}

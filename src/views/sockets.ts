import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { SocketRow } from '../adapter/protocol';
import { StopTree } from './stop-tree';

/** A row below a socket: one of its properties, or a part of its structures. */
interface VariableNode {
  readonly kind: 'variable';
  readonly id: string;
  readonly variable: DebugProtocol.Variable;
  readonly session: vscode.DebugSession;
  /** For "Show in Memory". */
  readonly memoryReference: string | undefined;
}

export type SocketNode =
  | { readonly kind: 'task'; readonly pid: number; readonly comm: string; readonly sockets: readonly SocketNode[] }
  | { readonly kind: 'socket'; readonly socket: SocketRow; readonly session: vscode.DebugSession }
  | VariableNode
  | { readonly kind: 'note'; readonly text: string };

/** Elements of an array that are shown; a socket's structures have few that are longer. */
const MOST_ELEMENTS = 100;

const CONNECTED = new Set(['ESTABLISHED', 'SS_CONNECTED']);

/** The view "Sockets": every open socket of the guest at the present stop, by task. */
export class SocketsView extends StopTree<SocketNode> {
  protected readonly nothing = vscode.l10n.t('No process has an open socket.');

  protected async read(): Promise<SocketNode[]> {
    const session = this.sessions.current;
    const { sockets } = await this.sessions.request('sockscope/sockets', {});
    if (!session) return [];
    const byTask = new Map<number, SocketRow[]>();
    for (const socket of sockets) byTask.set(socket.pid, [...(byTask.get(socket.pid) ?? []), socket]);
    return [...byTask].map(([pid, own]) => ({
      kind: 'task',
      pid,
      comm: own[0].comm,
      sockets: own.map((socket) => ({ kind: 'socket', socket, session })),
    }));
  }

  protected async below(node: SocketNode): Promise<SocketNode[]> {
    switch (node.kind) {
      case 'task':
        return [...node.sockets];
      case 'socket': {
        const { socket, session } = node;
        const id = `socket/${socket.pid}/${socket.fd}/${socket.inode}`;
        return [...properties(socket, session, id), ...(await structures(socket.variablesReference, session, id))];
      }
      case 'variable':
        return structures(node.variable.variablesReference, node.session, node.id, node.variable.indexedVariables);
      case 'note':
        return [];
    }
  }

  getTreeItem(node: SocketNode): vscode.TreeItem {
    switch (node.kind) {
      case 'task':
        return taskItem(node);
      case 'socket':
        return socketItem(node.socket);
      case 'variable':
        return variableItem(node);
      case 'note': {
        const item = new vscode.TreeItem(node.text);
        item.iconPath = new vscode.ThemeIcon('info');
        return item;
      }
    }
  }
}

function taskItem({ pid, comm, sockets }: Extract<SocketNode, { kind: 'task' }>): vscode.TreeItem {
  const item = new vscode.TreeItem(comm, vscode.TreeItemCollapsibleState.Expanded);
  item.id = `task/${pid}`;
  item.description = vscode.l10n.t('pid {0}', pid);
  item.iconPath = new vscode.ThemeIcon('server-process');
  item.accessibilityInformation = { label: vscode.l10n.t('{0}, pid {1}, {2} sockets', comm, pid, sockets.length) };
  return item;
}

function socketItem(socket: SocketRow): vscode.TreeItem {
  const item = new vscode.TreeItem(`fd ${socket.fd}`, vscode.TreeItemCollapsibleState.Collapsed);
  item.id = `socket/${socket.pid}/${socket.fd}/${socket.inode}`;
  const ends = isNowhere(socket.remote) ? socket.local : `${socket.local} → ${socket.remote}`;
  item.description = [kindOf(socket), socket.state, ends].filter((part) => part !== '').join(' · ');
  item.tooltip = new vscode.MarkdownString().appendCodeblock(
    [
      `${socket.family} ${socket.type} ${socket.protocol}`,
      `${socket.state} ${socket.local} ${isNowhere(socket.remote) ? '' : `→ ${socket.remote}`}`.trimEnd(),
      queues(socket)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
      ...(socket.options.length > 0 ? [socket.options.join(' ')] : []),
    ].join('\n'),
    'text',
  );
  const icon = socket.state === 'LISTEN' ? 'broadcast' : CONNECTED.has(socket.state) ? 'plug' : 'debug-disconnect';
  item.iconPath = new vscode.ThemeIcon(icon);
  return item;
}

/** A socket that is not connected has the address zero at its other end. */
function isNowhere(address: string): boolean {
  return address === '' || address.endsWith(':0');
}

/** `TCP`, `UDP` where it is one of those; else family and type: `AF_UNIX SOCK_DGRAM`. */
function kindOf({ family, type, protocol }: SocketRow): string {
  const name = /^IPPROTO_(TCP|UDP|ICMP)$/.exec(protocol)?.[1];
  if (!name || !/^AF_INET6?$/.test(family)) return `${family} ${type}`;
  return family === 'AF_INET6' ? `${name} (IPv6)` : name;
}

/** Of a listening socket the kernel's counters mean something else, as ss(8) explains. */
function queues({ state, receiveQueue, sendQueue }: SocketRow): [string, number][] {
  return state === 'LISTEN'
    ? [
        [vscode.l10n.t('connections waiting'), receiveQueue],
        [vscode.l10n.t('backlog'), sendQueue],
      ]
    : [
        [vscode.l10n.t('receive queue'), receiveQueue],
        [vscode.l10n.t('send queue'), sendQueue],
      ];
}

function properties(socket: SocketRow, session: vscode.DebugSession, id: string): SocketNode[] {
  const rows: [string, string][] = [
    [vscode.l10n.t('family'), socket.family],
    [vscode.l10n.t('type'), socket.type],
    [vscode.l10n.t('protocol'), socket.protocol],
    [vscode.l10n.t('state'), socket.state],
    [vscode.l10n.t('local'), socket.local],
    [vscode.l10n.t('remote'), socket.remote],
    ...queues(socket).map(([name, value]): [string, string] => [name, String(value)]),
    [vscode.l10n.t('options'), socket.options.join(' ')],
    [vscode.l10n.t('inode'), String(socket.inode)],
  ];
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => variableNode({ name, value, variablesReference: 0 }, session, `${id}/${name}`));
}

function variableNode(variable: DebugProtocol.Variable, session: vscode.DebugSession, id: string): VariableNode {
  return { kind: 'variable', id, variable, session, memoryReference: variable.memoryReference };
}

/** Members behind a variables reference, which ends when the guest runs on. */
async function structures(
  variablesReference: number,
  session: vscode.DebugSession,
  id: string,
  elements = 0,
): Promise<SocketNode[]> {
  const page = elements > MOST_ELEMENTS ? { filter: 'indexed', start: 0, count: MOST_ELEMENTS } : {};
  try {
    const body = (await session.customRequest('variables', {
      variablesReference,
      ...page,
    })) as DebugProtocol.VariablesResponse['body'];
    // An unnamed union's members may have the name of others.
    const rows: SocketNode[] = body.variables.map((each, i) => variableNode(each, session, `${id}/${i}/${each.name}`));
    const left = elements - MOST_ELEMENTS;
    return left > 0 ? [...rows, { kind: 'note', text: vscode.l10n.t('{0} more', left) }] : rows;
  } catch (error) {
    return [{ kind: 'note', text: error instanceof Error ? error.message : String(error) }];
  }
}

function variableItem({ id, variable }: VariableNode): vscode.TreeItem {
  const state = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(variable.name, variable.variablesReference > 0 ? state.Collapsed : state.None);
  item.id = id;
  item.description = variable.value;
  item.tooltip = variable.type ? `${variable.type} ${variable.name} = ${variable.value}` : variable.value;
  item.contextValue = variable.memoryReference ? 'variable.memory' : 'variable';
  return item;
}

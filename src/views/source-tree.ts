import * as vscode from 'vscode';
import type { Sessions } from './sessions';
import type { IndexedSource, SourceIndex } from './source-index';

export type SourceNode =
  | {
      readonly kind: 'group';
      readonly label: string;
      readonly icon: string;
      readonly sources: readonly IndexedSource[];
    }
  | { readonly kind: 'folder'; readonly path: string; readonly name: string }
  | { readonly kind: 'file'; readonly source: IndexedSource; readonly group: string };

/** The files that a socket call goes through, in the order in which it does. */
const DISPATCH = [
  'arch/x86/kernel/idt.c',
  'arch/x86/entry/entry_32.S',
  'arch/x86/entry/common.c',
  'arch/x86/entry/syscall_32.c',
  'arch/x86/entry/syscalls/syscall_32.tbl',
  'net/socket.c',
  'net/ipv4/af_inet.c',
  'net/ipv4/inet_connection_sock.c',
  'net/ipv4/tcp.c',
  'net/ipv4/tcp_ipv4.c',
  'net/ipv4/udp.c',
  'net/unix/af_unix.c',
  'net/core/sock.c',
];
/** The lab programs, with the library that they are built with. */
const PROGRAMS = /^guest\/programs\/[^/]+\.[cS]$/;

/** The view "Kernel Sources": the files of the dispatch on top, then all of them by folder. */
export class SourceTreeView implements vscode.TreeDataProvider<SourceNode>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registrations: vscode.Disposable[];
  private session: string | undefined;
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    private readonly index: SourceIndex,
    sessions: Sessions,
  ) {
    this.registrations = [
      this.changed,
      vscode.window.createTreeView('sockscope.kernelSources', { treeDataProvider: this, showCollapseAll: true }),
      sessions.onDidChange(() => {
        // Only another kernel has other sources.
        const shown = sessions.current?.configuration.kernel === undefined ? undefined : sessions.current.id;
        if (shown === this.session) return;
        this.session = shown;
        this.changed.fire();
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  async getChildren(node?: SourceNode): Promise<SourceNode[]> {
    if (node?.kind === 'file') return [];
    if (node?.kind === 'group') return node.sources.map((source) => ({ kind: 'file', source, group: node.label }));
    const files = await this.index.files();
    return node ? contents(node.path, files) : [...groups(files), ...contents('', files)];
  }

  getTreeItem(node: SourceNode): vscode.TreeItem {
    const state = vscode.TreeItemCollapsibleState;
    switch (node.kind) {
      case 'group': {
        const item = new vscode.TreeItem(node.label, state.Expanded);
        item.id = `group/${node.label}`;
        item.iconPath = new vscode.ThemeIcon(node.icon);
        return item;
      }
      case 'folder': {
        const item = new vscode.TreeItem(node.name, state.Collapsed);
        item.id = `folder/${node.path}`;
        item.iconPath = vscode.ThemeIcon.Folder;
        return item;
      }
      case 'file': {
        const { path, uri } = node.source;
        const item = new vscode.TreeItem(uri);
        item.label = path.slice(path.lastIndexOf('/') + 1);
        item.id = `file/${node.group}/${path}`;
        item.iconPath = vscode.ThemeIcon.File;
        if (node.group !== '') item.description = path.slice(0, Math.max(0, path.lastIndexOf('/')));
        item.tooltip = path;
        item.contextValue = 'source';
        item.command = { command: 'vscode.open', title: vscode.l10n.t('Open'), arguments: [uri] };
        return item;
      }
    }
  }
}

function groups(files: readonly IndexedSource[]): SourceNode[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const dispatch = DISPATCH.flatMap((path) => byPath.get(path) ?? []);
  const programs = files.filter(({ path }) => PROGRAMS.test(path));
  const all = [
    { kind: 'group', label: vscode.l10n.t('Way of a Socket Call'), icon: 'list-ordered', sources: dispatch },
    { kind: 'group', label: vscode.l10n.t('Lab Programs'), icon: 'beaker', sources: programs },
  ] as const;
  return all.filter(({ sources }) => sources.length > 0);
}

/** Folders, then files, of a folder. */
function contents(folder: string, files: readonly IndexedSource[]): SourceNode[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const folders = new Set<string>();
  const own: SourceNode[] = [];
  for (const source of files) {
    if (!source.path.startsWith(prefix)) continue;
    const rest = source.path.slice(prefix.length);
    const end = rest.indexOf('/');
    // What begins at the root of this machine's tree has an empty first part.
    if (end < 0) own.push({ kind: 'file', source, group: '' });
    else folders.add(rest.slice(0, end));
  }
  return [...[...folders].map((name): SourceNode => ({ kind: 'folder', path: `${prefix}${name}`, name })), ...own];
}

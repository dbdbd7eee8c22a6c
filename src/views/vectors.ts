import * as vscode from 'vscode';
import type { VectorRow } from '../adapter/protocol';
import { SYSTEM_CALL_VECTOR } from '../linux/vectors';
import { openCommand, uriOf } from './places';
import { StopTree } from './stop-tree';

export type VectorNode =
  | {
      readonly kind: 'vector';
      readonly vector: VectorRow;
      readonly session: vscode.DebugSession;
      readonly memoryReference: string;
    }
  | { readonly kind: 'group'; readonly label: string; readonly vectors: readonly VectorNode[] };

/** Vectors below it are the processor's own (SDM volume 3, section 6.2). */
const FIRST_FREE_VECTOR = 32;

/** The view "Interrupt Vectors": the table at IDTR as it stands in memory, the system call's gate first. */
export class VectorsView extends StopTree<VectorNode> {
  protected readonly nothing = vscode.l10n.t('The interrupt descriptor table is empty.');

  protected async read(): Promise<VectorNode[]> {
    const session = this.sessions.current;
    const { vectors } = await this.sessions.request('sockscope/vectors', {});
    if (!session) return [];
    const rows = vectors.map((vector) => ({
      kind: 'vector' as const,
      vector,
      session,
      memoryReference: vector.memoryReference,
    }));
    const group = (label: string, belongs: (vector: VectorRow) => boolean): VectorNode[] => {
      const own = rows.filter(({ vector }) => belongs(vector));
      return own.length > 0 ? [{ kind: 'group', label, vectors: own }] : [];
    };
    const isCall = ({ vector, present }: VectorRow): boolean => vector === SYSTEM_CALL_VECTOR && present;
    return [
      ...rows.filter(({ vector }) => isCall(vector)),
      ...group(vscode.l10n.t('Exceptions'), ({ vector, present }) => present && vector < FIRST_FREE_VECTOR),
      ...group(
        vscode.l10n.t('Interrupts'),
        (vector) => vector.present && vector.vector >= FIRST_FREE_VECTOR && !isCall(vector),
      ),
      ...group(vscode.l10n.t('Not present'), ({ present }) => !present),
    ];
  }

  protected below(node: VectorNode): VectorNode[] {
    return node.kind === 'group' ? [...node.vectors] : [];
  }

  getTreeItem(node: VectorNode): vscode.TreeItem {
    if (node.kind === 'group') {
      const item = new vscode.TreeItem(node.label, vscode.TreeItemCollapsibleState.Collapsed);
      item.id = `group/${node.label}`;
      item.description = String(node.vectors.length);
      // The call's gate, beside the groups, has one too.
      item.iconPath = new vscode.ThemeIcon('list-tree');
      return item;
    }
    const { vector, session } = node;
    const number = `0x${vector.vector.toString(16).padStart(2, '0')}`;
    const item = new vscode.TreeItem(`${number} ${vector.meaning ?? ''}`.trimEnd());
    item.id = `vector/${vector.vector}`;
    item.contextValue = vector.present && vector.symbol ? 'vector.handled' : 'vector';
    if (!vector.present) return item;
    item.description = [vector.symbol ?? vector.handler, vector.type, `DPL ${vector.dpl}`].join(' · ');
    // What a program may raise by itself has the system call's privilege level.
    item.iconPath = new vscode.ThemeIcon(vector.dpl === 3 ? 'unlock' : 'lock');
    item.tooltip = tooltip(vector, number);
    const uri = vector.source && uriOf(vector.source, session);
    if (uri && vector.line !== undefined) item.command = openCommand({ uri, line: vector.line });
    return item;
  }
}

function tooltip(vector: VectorRow, number: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString();
  text.appendMarkdown(`**${vscode.l10n.t('Vector {0}', number)}**`);
  text.appendText(`${vector.meaning ? ` — ${vector.meaning}` : ''}\n\n`);
  text.appendCodeblock(
    [
      `${vector.type}, DPL ${vector.dpl}, ${vscode.l10n.t('selector')} 0x${vector.selector.toString(16)}`,
      `${vector.handler}${vector.symbol ? ` <${vector.symbol}>` : ''}`,
      ...(vector.file ? [`${vector.file}:${vector.line}`] : []),
    ].join('\n'),
    'text',
  );
  const reach =
    vector.dpl === 3
      ? vscode.l10n.t('Programs may raise it by an INT instruction.')
      : vscode.l10n.t('Only the kernel may raise it by an INT instruction.');
  text.appendText(reach);
  return text;
}

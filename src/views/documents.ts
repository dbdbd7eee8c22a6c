import * as vscode from 'vscode';

/** Scheme of the texts that views make: memory, addresses, search results. They are read-only and need no saving. */
export const DOCUMENT_SCHEME = 'sockscope-view';

/** Texts that are shown as documents. */
export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registrations: vscode.Disposable[];
  readonly onDidChange = this.changed.event;

  constructor() {
    this.registrations = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(DOCUMENT_SCHEME, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === DOCUMENT_SCHEME) this.texts.delete(uri.toString());
      }),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.toString()) ?? vscode.l10n.t('This is gone with the window that it was made in.');
  }

  /** Gives a document its text. */
  put(uri: vscode.Uri, text: string): void {
    if (this.texts.get(uri.toString()) === text) return;
    this.texts.set(uri.toString(), text);
    this.changed.fire(uri);
  }

  /** Shows a text beside the editor. @param name of its tab */
  show(name: string, text: string, query = ''): Promise<vscode.TextEditor> {
    const uri = documentUri(name, query);
    this.put(uri, text);
    return showBeside(uri);
  }
}

/** Shows a document of ours beside the sources: where another one is already, so that the columns do not become ever more. */
export async function showBeside(uri: vscode.Uri): Promise<vscode.TextEditor> {
  const column = vscode.window.tabGroups.all.find(({ tabs }) => tabs.some(isOurs))?.viewColumn;
  const document = await vscode.workspace.openTextDocument(uri);
  return vscode.window.showTextDocument(document, {
    preview: true,
    viewColumn: column ?? vscode.ViewColumn.Beside,
  });
}

/** Where a source is shown: never over a document of ours. */
export function sourceColumn(): vscode.ViewColumn {
  const active = vscode.window.tabGroups.activeTabGroup.activeTab;
  return active && isOurs(active) ? vscode.ViewColumn.One : vscode.ViewColumn.Active;
}

function isOurs({ input }: vscode.Tab): boolean {
  return input instanceof vscode.TabInputText && input.uri.scheme === DOCUMENT_SCHEME;
}

/** Address of a document of ours. */
export function documentUri(name: string, query = ''): vscode.Uri {
  return vscode.Uri.from({ scheme: DOCUMENT_SCHEME, path: `/${name}`, query });
}

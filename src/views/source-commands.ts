import * as vscode from 'vscode';
import { DOCUMENT_SCHEME, documentUri, sourceColumn, type Documents } from './documents';
import { showPlace, told } from './places';
import { readAll, type IndexedSource, type SourceIndex } from './source-index';
import { matchingLines, resultText, searchPattern, type Match } from './source-search';

/** Lines that are shown of a search; more are no help. */
const MOST_LINES = 2000;

interface Found {
  readonly file: IndexedSource;
  readonly matches: readonly Match[];
}

interface LineItem extends vscode.QuickPickItem {
  readonly found?: { readonly file: IndexedSource; readonly match: Match };
}

/**
 * "Open Kernel Source…" and "Search in Kernel Sources…": VS Code's own Go to File and search look into a file system of an extension
 * only through interfaces that are not open to published extensions.
 */
export class SourceCommands implements vscode.DocumentLinkProvider, vscode.Disposable {
  private readonly registrations: vscode.Disposable[];
  private readonly links = new Map<string, ReadonlyMap<number, { file: IndexedSource; match: Match }>>();
  private last = '';

  constructor(
    private readonly index: SourceIndex,
    private readonly documents: Documents,
  ) {
    this.registrations = [
      vscode.commands.registerCommand('sockscope.openKernelSource', () => told(() => this.open())),
      vscode.commands.registerCommand('sockscope.searchKernelSources', () => told(() => this.search())),
      vscode.languages.registerDocumentLinkProvider({ scheme: DOCUMENT_SCHEME, pattern: '**/*.results' }, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.links.delete(uri.toString())),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  private async open(): Promise<void> {
    const items = this.index.files().then((files) =>
      files.map((file) => {
        const end = file.path.lastIndexOf('/');
        return { label: file.path.slice(end + 1), description: file.path.slice(0, Math.max(0, end)), file };
      }),
    );
    const picked = await vscode.window.showQuickPick(items, {
      title: vscode.l10n.t('Open Kernel Source'),
      placeHolder: vscode.l10n.t('Name of a file, with its folder if you like'),
      matchOnDescription: true,
    });
    if (picked) await vscode.window.showTextDocument(picked.file.uri, { viewColumn: sourceColumn() });
  }

  private async search(): Promise<void> {
    const typed = await vscode.window.showInputBox({
      title: vscode.l10n.t('Search in Kernel Sources'),
      prompt: vscode.l10n.t('A text, or a regular expression between two strokes: /case SYS_\\w+/'),
      value: this.last,
      validateInput: (text) => problemOf(text),
    });
    if (!typed) return;
    this.last = typed;
    const found = await this.find(typed);
    if (!found) return;
    const count = found.results.reduce((sum, { matches }) => sum + matches.length, 0);
    if (count === 0) {
      void vscode.window.showInformationMessage(vscode.l10n.t('No line of the kernel sources has {0}.', typed));
      return;
    }
    await this.choose(typed, found.results, headingOf(typed, count, found.results.length, found.isWhole));
  }

  /** Lines in order of the files; undefined where the user has had enough. */
  private find(typed: string): Thenable<{ results: Found[]; isWhole: boolean } | undefined> {
    const pattern = searchPattern(typed);
    const options = {
      location: vscode.ProgressLocation.Notification,
      title: vscode.l10n.t('Searching the kernel sources'),
      cancellable: true,
    };
    return vscode.window.withProgress(options, async (_, cancellation) => {
      const results: Found[] = [];
      let left = MOST_LINES;
      await readAll(await this.index.files(), (file, text) => {
        const matches = matchingLines(text, pattern);
        if (matches.length > 0) results.push({ file, matches: matches.slice(0, left) });
        left -= matches.length;
        return left > 0 && !cancellation.isCancellationRequested;
      });
      return cancellation.isCancellationRequested ? undefined : { results, isWhole: left > 0 };
    });
  }

  /** A list to choose from, which shows the line at hand; a button makes a document of it. */
  private async choose(typed: string, results: readonly Found[], heading: string): Promise<void> {
    const pick = vscode.window.createQuickPick<LineItem>();
    const asDocument: vscode.QuickInputButton = {
      iconPath: new vscode.ThemeIcon('open-preview'),
      tooltip: vscode.l10n.t('Open as a document'),
    };
    pick.title = heading;
    pick.placeholder = vscode.l10n.t('Narrow the lines down');
    pick.matchOnDescription = true;
    pick.buttons = [asDocument];
    pick.items = results.flatMap(({ file, matches }) =>
      matches.map((match) => ({
        label: match.text.trim(),
        description: `${file.path}:${match.line}`,
        found: { file, match },
      })),
    );
    const show = async ({ found }: LineItem, preserveFocus: boolean): Promise<void> => {
      if (found) await showPlace({ uri: found.file.uri, line: found.match.line }, preserveFocus);
    };
    await new Promise<void>((resolve) => {
      pick.onDidChangeActive(([active]) => active && void told(() => show(active, true)));
      pick.onDidAccept(() => {
        const [chosen] = pick.selectedItems;
        pick.hide();
        if (chosen) void told(() => show(chosen, false));
      });
      pick.onDidTriggerButton(() => {
        pick.hide();
        void told(() => this.showResults(typed, results, heading));
      });
      pick.onDidHide(() => {
        pick.dispose();
        resolve();
      });
      pick.show();
    });
  }

  private async showResults(typed: string, results: readonly Found[], heading: string): Promise<void> {
    const { text, links } = resultText(heading, results);
    const name = `${typed.replaceAll(/[^\w.$*-]+/g, ' ').trim() || 'search'}.results`;
    // VS Code asks for the links while it opens the document.
    this.links.set(documentUri(name).toString(), links);
    await this.documents.show(name, text);
  }

  provideDocumentLinks(document: vscode.TextDocument): vscode.DocumentLink[] {
    const links = this.links.get(document.uri.toString());
    if (!links) return [];
    return [...links].map(([line, { file, match }]) => {
      const link = new vscode.DocumentLink(
        new vscode.Range(line, 0, line, document.lineAt(line).text.indexOf(':')),
        file.uri.with({ fragment: `L${match.line},${match.column + 1}` }),
      );
      link.tooltip = vscode.l10n.t('Go to Source');
      return link;
    });
  }
}

function problemOf(text: string): string | undefined {
  try {
    searchPattern(text);
    return undefined;
  } catch (error) {
    return (error as SyntaxError).message;
  }
}

function headingOf(typed: string, lines: number, files: number, isWhole: boolean): string {
  const text = vscode.l10n.t('{0}: {1} lines in {2} files', typed, lines, files);
  return isWhole ? text : `${text} ${vscode.l10n.t('(there are more)')}`;
}

import fs from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { SOURCE_SCHEME } from '../adapter/sources';
import { findSocketcallCases } from '../linux/socketcall';

/** Lines of socketcall that are shown before its switch. */
const LINES_ABOVE = 8;

/** The built-in guest's sources, read-only: `sockscope:/net/socket.c`. */
class KernelSources implements vscode.FileSystemProvider {
  private readonly changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.changed.event;

  /** @param folder folder of the sources that the debug information names */
  constructor(private readonly folder: string) {}

  private hostPath(uri: vscode.Uri): string {
    // An address cannot lead out of the folder.
    return path.join(this.folder, path.posix.normalize(`/${uri.path}`));
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    try {
      const stat = await fs.stat(this.hostPath(uri));
      return {
        type: stat.isDirectory() ? vscode.FileType.Directory : vscode.FileType.File,
        ctime: stat.ctimeMs,
        mtime: stat.mtimeMs,
        size: stat.size,
        permissions: vscode.FilePermission.Readonly,
      };
    } catch {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
  }

  async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    try {
      const folder = this.hostPath(uri);
      const entries = await fs.readdir(folder, { withFileTypes: true });
      return await Promise.all(
        entries.map(async (entry): Promise<[string, vscode.FileType]> => {
          // A built guest that is no package is made of links.
          const what = entry.isSymbolicLink() ? await fs.stat(path.join(folder, entry.name)) : entry;
          return [entry.name, what.isDirectory() ? vscode.FileType.Directory : vscode.FileType.File];
        }),
      );
    } catch {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    try {
      return await fs.readFile(this.hostPath(uri));
    } catch {
      throw vscode.FileSystemError.FileNotFound(uri);
    }
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}

/** Serves the built-in sources, and a command that opens the file of the study's dispatch. */
export function registerKernelSources(context: vscode.ExtensionContext): void {
  const folder = path.join(context.extensionPath, 'dist', 'guest', 'sources');
  context.subscriptions.push(
    vscode.workspace.registerFileSystemProvider(SOURCE_SCHEME, new KernelSources(folder), {
      isReadonly: true,
      isCaseSensitive: true,
    }),
    vscode.commands.registerCommand('sockscope.openSocketSource', async (preserveFocus?: boolean) => {
      const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(`${SOURCE_SCHEME}:/net/socket.c`));
      const text = document.getText();
      const [first] = findSocketcallCases(text);
      const before = text.split('\n').slice(0, first?.label ?? 1);
      const line = Math.max(
        0,
        before.findLastIndex((content) => /\bswitch\s*\(/.test(content)),
      );
      const at = new vscode.Range(line, 0, line, 0);
      const editor = await vscode.window.showTextDocument(document, {
        selection: at,
        preserveFocus: preserveFocus === true,
      });
      // What leads to the switch and its cases are both of interest, also when the terminal takes its part of the window.
      const above = new vscode.Position(Math.max(0, line - LINES_ABOVE), 0);
      editor.revealRange(new vscode.Range(above, above), vscode.TextEditorRevealType.AtTop);
    }),
  );
}

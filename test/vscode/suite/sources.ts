import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { lineOf } from './recorder';

const uri = (path: string): vscode.Uri => vscode.Uri.from({ scheme: 'sockscope', path });

async function code(action: Thenable<unknown>): Promise<string> {
  try {
    await action;
  } catch (error) {
    assert.ok(error instanceof vscode.FileSystemError, String(error));
    return error.code;
  }
  return 'nothing went wrong';
}

export function registerSourcesSuite(): void {
  describe('kernel sources', () => {
    it('open as C', async () => {
      const document = await vscode.workspace.openTextDocument(uri('/net/socket.c'));
      assert.equal(document.languageId, 'c');
      assert.ok(lineOf(document, 'SYSCALL_DEFINE2(socketcall, int, call, unsigned long __user *, args)') > 2000);
    });

    it('open as assembly', async () => {
      const document = await vscode.workspace.openTextDocument(uri('/arch/x86/entry/entry_32.S'));
      assert.equal(document.languageId, 'i386asm');
      assert.ok(lineOf(document, 'SYM_FUNC_START(entry_INT80_32)') > 500);
    });

    it('are listed by folder', async () => {
      const entries = new Map(await vscode.workspace.fs.readDirectory(uri('/net')));
      assert.equal(entries.get('socket.c'), vscode.FileType.File);
      assert.equal(entries.get('ipv4'), vscode.FileType.Directory);
    });

    it('cannot be written, renamed or deleted', async () => {
      assert.equal(vscode.workspace.fs.isWritableFileSystem('sockscope'), false);
      assert.equal(await code(vscode.workspace.fs.writeFile(uri('/net/socket.c'), Buffer.from('x'))), 'NoPermissions');
      assert.equal(await code(vscode.workspace.fs.delete(uri('/net/socket.c'))), 'NoPermissions');
      assert.equal(await code(vscode.workspace.fs.rename(uri('/net/socket.c'), uri('/net/s.c'))), 'NoPermissions');
      const document = await vscode.workspace.openTextDocument(uri('/net/socket.c'));
      assert.match(document.getText(), /SYSCALL_DEFINE2\(socketcall/);
    });

    it('end at their folder', async () => {
      assert.equal(await code(vscode.workspace.fs.readFile(uri('/../../../../../../etc/passwd'))), 'FileNotFound');
      assert.equal(await code(vscode.workspace.fs.stat(uri('/net/no-such-file.c'))), 'FileNotFound');
      assert.equal(await code(vscode.workspace.fs.readDirectory(uri('/no-such-folder'))), 'FileNotFound');
    });

    it('a command shows the socketcall switch', async () => {
      await vscode.commands.executeCommand('sockscope.openSocketSource');
      const editor = vscode.window.activeTextEditor;
      assert.equal(editor?.document.uri.toString(), 'sockscope:/net/socket.c');
      assert.match(editor.document.lineAt(editor.selection.active.line).text, /^\tswitch \(call\)/);
      await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    });
  });
}

import assert from 'node:assert/strict';
import * as vscode from 'vscode';

export function registerActivationSuite(): void {
  describe('extension', () => {
    const extension = (): vscode.Extension<unknown> => {
      const found = vscode.extensions.getExtension('sockscope.sockscope');
      assert.ok(found, 'the extension is not installed');
      return found;
    };

    it('is not active until it is used', () => {
      assert.equal(extension().isActive, false);
    });

    it('is activated quickly', async () => {
      const start = performance.now();
      await extension().activate();
      const took = performance.now() - start;
      console.log(`activation: ${took.toFixed(1)} ms`);
      // The aim is 100 ms; the rest is for the other suites that keep this machine busy.
      assert.ok(took < 500, `activation took ${took} ms`);
    });

    it('is activated by opening a kernel source', async () => {
      await vscode.workspace.openTextDocument(vscode.Uri.parse('sockscope:/net/socket.c'));
      assert.equal(extension().isActive, true);
    });

    it('registers every command that its manifest offers', async () => {
      const registered = await vscode.commands.getCommands(true);
      const offered = (
        extension().packageJSON as { contributes: { commands: { command: string }[] } }
      ).contributes.commands.map(({ command }) => command);
      assert.deepEqual(
        offered.filter((command) => !registered.includes(command)),
        [],
      );
    });
  });
}

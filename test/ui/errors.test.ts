import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { launchJson, withWindow } from './set-up';
import { lineOf, type Window } from './window';

/** Installed extensions of which ours has an adapter that dies when it is launched, as long as a file is there. */
function fragileCopy(extensions: string, folder: string, dies: string): string {
  const copy = path.join(folder, 'extensions');
  fs.cpSync(extensions, copy, { recursive: true });
  const [own] = fs.readdirSync(copy).filter((name) => name.startsWith('sockscope'));
  assert.ok(own, 'the package is not installed');
  const adapter = path.join(copy, own, 'dist/adapter.js');
  const text = fs.readFileSync(adapter, 'utf8');
  const death = `if (require('node:fs').existsSync(${JSON.stringify(dies)})) process.stdin.once('data', () => process.exit(3));\nelse {\n`;
  fs.writeFileSync(adapter, `${death}${text}\n}\n`);
  return copy;
}

/** Each mistake is told in a sentence, and the button beside it mends it. */
describe('errors in VS Code', () => {
  describe('in a folder', function () {
    let workspace: string;
    let dies: string;
    let window: Window;

    withWindow(this, 'errors', async ({ extensions, folder, open }) => {
      workspace = folder({ vmlinux: 'not a kernel' });
      fs.mkdirSync(path.join(workspace, '.vscode'));
      configure({ kernel: path.join(workspace, 'vmlinux') });
      const copy = folder({});
      dies = path.join(copy, 'dies');
      window = await open({ folder: workspace, extensions: fragileCopy(extensions, copy, dies) });
    });

    function configure(attributes: object): void {
      fs.writeFileSync(path.join(workspace, '.vscode/launch.json'), launchJson({ name: 'mine', ...attributes }));
    }

    async function stop(): Promise<void> {
      await window.command('Debug: Stop');
      await window.page.waitForSelector('.debug-toolbar', { state: 'hidden' });
    }

    it('"There is no guest yet": boots one', async () => {
      await window.command('SockScope: Show Guest Terminal');
      const button = await window.notificationButton('There is no guest yet.', 'Boot Linux');
      await window.gallery('30-no-guest');
      await button.click();
      await window.prompt();
      await stop();
    });

    it('a kernel that cannot be used: runs the built-in one instead', async () => {
      await window.command('View: Show Run and Debug');
      await window.page.locator('.start-debug-action-item', { hasText: 'mine' }).waitFor();
      await window.page.keyboard.press('F5');
      const sentence = /vmlinux \(launch attribute "kernel"\) cannot be used: it is not an ELF file\./;
      const button = window.dialogButton(sentence, 'Use Built-in Kernel');
      await button.waitFor();
      await window.screenshot('31-refused');
      await button.click();
      await window.prompt();
      await stop();
    });

    it('an adapter that dies: shows the log, and starts again', async () => {
      fs.writeFileSync(dies, '');
      configure({});
      const died = /The debug adapter of "mine" ended unexpectedly \(exit code 3\)\./;
      await window.page.keyboard.press('F5');
      const showLog = await window.notificationButton(died, 'Show Log');
      await window.screenshot('32-died');
      await showLog.click();
      await window.page
        .locator('.output-view-container .view-line, .part.panel .view-line', {
          hasText: /mine:\sthe\sadapter\sended\safter\s\d+\sms\s\(3\)/,
        })
        .first()
        .waitFor();
      await window.screenshot('33-log');
      await window.command('Notifications: Clear All');
      await window.command('Debug: Start Debugging');
      const again = await window.notificationButton(died, 'Start Again');
      fs.rmSync(dies);
      await again.click();
      await window.prompt();
    });

    it('a window that is loaded anew: the dispatch panel is there again, and boots another guest', async () => {
      await window.command('SockScope: Show Dispatch Path');
      await window.webview().locator('.empty', { hasText: 'The guest is running.' }).waitFor();
      await window.reload();
      await window.webview().locator('.empty', { hasText: 'There is no session.' }).waitFor();
      await window.screenshot('33-reloaded');
      await window.webview().locator('button', { hasText: 'Boot Linux' }).click();
      await window.prompt();
    });
  });

  describe('in a workspace that is not trusted', function () {
    let window: Window;

    withWindow(this, 'trust', async ({ folder, open }) => {
      const workspace = folder({ '.vscode/launch.json': launchJson({ name: 'mine' }) });
      const settings = { 'security.workspace.trust.startupPrompt': 'never' };
      window = await open({ folder: workspace, settings, asksForTrust: true });
    });

    it('shows the built-in sources; VS Code asks before any session, and refused, starts none', async () => {
      await window.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
      // The built-in sources need no trust.
      await window.command('SockScope: Open net/socket.c at the socketcall switch');
      const line = lineOf('net/socket.c', 'switch (call) {');
      await window.page.locator('.statusbar-item', { hasText: `Ln ${line},` }).waitFor();
      await window.focusEditor();
      await window.page.keyboard.press('F5');
      await window.page.locator('.monaco-dialog-box', { hasText: /trust/i }).waitFor();
      await window.screenshot('34-trust');
      await window.page.keyboard.press('Escape');
      await window.page.waitForSelector('.monaco-dialog-box', { state: 'hidden' });
      assert.equal(await window.page.locator('.debug-toolbar').count(), 0);
    });
  });
});

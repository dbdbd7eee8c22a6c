import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { prepared, PREPARATION } from '../adapter/fixture';
import { ensureWorkbench, type Workbench } from '../workbench/install';
import { installedPackage } from '../workbench/package';
import { startServer, type Server } from '../workbench/server';
import { PROMPT, Window } from './window';

const SETTINGS = { 'terminal.integrated.gpuAcceleration': 'off', 'workbench.colorTheme': 'Default Dark Modern' };

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
describe('errors in VS Code', function () {
  this.timeout(4 * 60_000);
  this.bail(true);
  let workbench: Workbench;
  let extensions: string;
  let folder: string;
  let workspace: string;
  let server: Server | undefined;
  let window: Window | undefined;

  before(async function () {
    this.timeout(PREPARATION);
    await prepared();
    workbench = await ensureWorkbench();
    extensions = await installedPackage(workbench);
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-errors-'));
    workspace = path.join(folder, 'workspace');
    fs.mkdirSync(path.join(workspace, '.vscode'), { recursive: true });
    fs.writeFileSync(path.join(workspace, 'vmlinux'), 'not a kernel');
    launchJson({ kernel: path.join(workspace, 'vmlinux') });
  });

  afterEach(async function () {
    if (this.currentTest?.state === 'failed') await window?.screenshot('failure-errors');
  });

  async function leave(): Promise<void> {
    await window?.close();
    await server?.stop();
    window = undefined;
    server = undefined;
  }

  after(async () => {
    await leave();
    if (folder) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  function launchJson(attributes: object): void {
    const configuration = { type: 'sockscope', request: 'launch', name: 'mine', ...attributes };
    const text = JSON.stringify({ version: '0.2.0', configurations: [configuration] });
    fs.writeFileSync(path.join(workspace, '.vscode/launch.json'), text);
  }

  const prompt = (of: Window): Promise<true> =>
    of.until('the prompt', async () => {
      const text = await of.terminalText();
      return PROMPT.test(text) && !/session has ended/.test(text);
    });

  async function stop(of: Window): Promise<void> {
    await of.command('Debug: Stop');
    await of.page.waitForSelector('.debug-toolbar', { state: 'hidden' });
  }

  describe('in a folder', () => {
    let dies: string;
    let here: Window;

    before(async () => {
      dies = path.join(folder, 'dies');
      server = await startServer(workbench, { extensions: fragileCopy(extensions, folder, dies), settings: SETTINGS });
      here = window = await Window.open(workbench, server, workspace);
    });
    after(leave);

    it('"There is no guest yet": boots one', async () => {
      await here.command('SockScope: Show Guest Terminal');
      const button = await here.notificationButton('There is no guest yet.', 'Boot Linux');
      await here.screenshot('30-no-guest');
      await button.click();
      await prompt(here);
      await stop(here);
    });

    it('a kernel that cannot be used: runs the built-in one instead', async () => {
      await here.command('View: Show Run and Debug');
      await here.page.locator('.start-debug-action-item', { hasText: 'mine' }).waitFor();
      await here.page.keyboard.press('F5');
      const button = here.dialogButton(/vmlinux \(launch attribute "kernel"\) cannot be used: /, 'Use Built-in Kernel');
      await button.waitFor();
      await here.screenshot('31-refused');
      await button.click();
      await prompt(here);
      await stop(here);
    });

    it('an adapter that dies: shows the log, and starts again', async () => {
      fs.writeFileSync(dies, '');
      launchJson({});
      const died = /The debug adapter of "mine" ended unexpectedly \(exit code 3\)\./;
      await here.page.keyboard.press('F5');
      const showLog = await here.notificationButton(died, 'Show Log');
      await here.screenshot('32-died');
      await showLog.click();
      await here.page
        .locator('.output-view-container .view-line, .part.panel .view-line', {
          hasText: /mine:\sthe\sadapter\sended\safter\s\d+\sms\s\(3\)/,
        })
        .first()
        .waitFor();
      await here.screenshot('33-log');
      await here.command('Notifications: Clear All');
      await here.command('Debug: Start Debugging');
      const again = await here.notificationButton(died, 'Start Again');
      fs.rmSync(dies);
      await again.click();
      await prompt(here);
    });

    it('a window that is loaded anew: the dispatch panel is there again, and boots another guest', async () => {
      await here.command('SockScope: Show Dispatch Path');
      await here.webview().locator('.empty', { hasText: 'The guest is running.' }).waitFor();
      await here.reload();
      await here.webview().locator('.empty', { hasText: 'There is no session.' }).waitFor();
      await here.screenshot('33-reloaded');
      await here.webview().locator('button', { hasText: 'Boot Linux' }).click();
      await prompt(here);
    });
  });

  describe('in a workspace that is not trusted', () => {
    it('shows the built-in sources; VS Code asks before any session, and refused, starts none', async () => {
      server = await startServer(workbench, {
        extensions,
        settings: { ...SETTINGS, 'security.workspace.trust.startupPrompt': 'never' },
        asksForTrust: true,
      });
      const here = (window = await Window.open(workbench, server, workspace));
      await here.page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
      // The built-in sources need no trust.
      await here.command('SockScope: Open net/socket.c at the socketcall switch');
      await here.page.locator('.tab.active', { hasText: 'socket.c' }).waitFor();
      await here.focusEditor();
      await here.page.keyboard.press('F5');
      await here.page.locator('.monaco-dialog-box', { hasText: /trust/i }).waitFor();
      await here.screenshot('34-trust');
      await here.page.keyboard.press('Escape');
      await here.page.waitForSelector('.monaco-dialog-box', { state: 'hidden' });
      assert.equal(await here.page.locator('.debug-toolbar').count(), 0);
    });
  });
});

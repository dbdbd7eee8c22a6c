import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import * as vscode from 'vscode';
import { activeSession, cleanUp, Recorder } from './recorder';

const PROMPT = /^sockscope# /m;

export function registerSessionSuite(): void {
  describe('session', () => {
    let recorder: Recorder;
    beforeEach(() => (recorder = new Recorder()));
    afterEach(async () => {
      await cleanUp(recorder);
      recorder.dispose();
    });

    it('F5 from a C file in a folder without launch.json boots the guest, whose terminal takes keys', async () => {
      const [folder] = vscode.workspace.workspaceFolders ?? [];
      assert.ok(folder, 'a folder is open');
      await vscode.window.showTextDocument(vscode.Uri.joinPath(folder.uri, 'program.c'));
      await vscode.commands.executeCommand('workbench.action.debug.start');
      const session = await recorder.until('the session', () => vscode.debug.activeDebugSession);
      assert.equal(session.type, 'sockscope');
      assert.equal(session.configuration.request, 'launch');

      const terminal = await recorder.until('the guest terminal', () =>
        vscode.window.terminals.find(({ name }) => name === `Guest: ${session.name}`),
      );
      await recorder.until('the prompt', () => PROMPT.test(recorder.console()));
      terminal.sendText('replyhi &');
      await recorder.until('the server', () => /replyhi: listening/.test(recorder.console()));
      terminal.sendText('hello');
      await recorder.until('the exchange', () => /hello: received "hi"/.test(recorder.console()));
    });

    it('a paused guest goes on, and a second session follows a first', async () => {
      for (const name of ['first', 'second']) {
        const started = await vscode.debug.startDebugging(undefined, { type: 'sockscope', request: 'launch', name });
        assert.equal(started, true);
        await recorder.until('the prompt', () => PROMPT.test(recorder.console()));
        await vscode.commands.executeCommand('workbench.action.debug.pause');
        assert.equal((await recorder.stop()).reason, 'pause');
        await recorder.until('the thread', () => vscode.debug.activeStackItem);
        const { threads } = await activeSession().customRequest('threads');
        assert.ok(threads.length > 0);
        const before = recorder.events.length;
        await vscode.commands.executeCommand('workbench.action.debug.continue');
        await recorder.until('going on', () => recorder.events.slice(before).some((e) => e.event === 'continued'));
        await vscode.debug.stopDebugging();
        await recorder.until('the end', () => vscode.debug.activeDebugSession === undefined);
        recorder.events.length = 0;
        recorder.dispose();
        recorder = new Recorder();
      }
    });

    it('the setting listSystemCalls says whether the list of breakpoints has each socket call', async () => {
      const settings = vscode.workspace.getConfiguration('sockscope');
      const offered: Record<string, string[]> = {};
      try {
        for (const listed of [true, false]) {
          await settings.update('listSystemCalls', listed, vscode.ConfigurationTarget.Global);
          const before = recorder.responses.length;
          await vscode.debug.startDebugging(undefined, { type: 'sockscope', request: 'launch', name: `${listed}` });
          const { body } = await recorder.until('what the adapter can do', () =>
            recorder.responses.slice(before).find(({ command }) => command === 'initialize'),
          );
          const { exceptionBreakpointFilters: filters } = body as DebugProtocol.Capabilities;
          offered[`${listed}`] = (filters ?? []).map(({ filter }) => filter);
          await vscode.debug.stopDebugging();
          await recorder.until('the end', () => vscode.debug.activeDebugSession === undefined);
        }
      } finally {
        await settings.update('listSystemCalls', undefined, vscode.ConfigurationTarget.Global);
      }
      assert.deepEqual(offered.false, ['fault', 'sockets', 'failing', 'all', 'other']);
      const twenty = [
        'socketcall', 'socket', 'bind', 'connect', 'accept', 'send', 'sendto', 'sendmsg', 'recv', 'recvfrom', 'recvmsg', 'listen',
        'select', 'shutdown', 'getsockname', 'getpeername', 'getsockopt', 'setsockopt', 'sendfile', 'socketpair',
      ]; // prettier-ignore
      const missing = [...offered.false, ...twenty].filter((filter) => !offered.true.includes(filter));
      assert.deepEqual(missing, []);
    });

    it('stops before the first instruction if asked to', async () => {
      await vscode.debug.startDebugging(undefined, {
        type: 'sockscope',
        request: 'launch',
        name: 'entry',
        stopOnEntry: true,
      });
      const { reason, threadId } = await recorder.stop();
      assert.equal(reason, 'entry');
      const { stackFrames } = await activeSession().customRequest('stackTrace', { threadId });
      assert.match(stackFrames[0].name, /startup_32/);
    });
  });
}

import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { activeSession, cleanUp, Recorder } from './recorder';

const PROMPT = /^sockscope# /m;
const CONFIGURATION = { type: 'sockscope', request: 'launch', name: 'console' };

export function registerTerminalSuite(): void {
  describe('guest terminal', () => {
    let recorder: Recorder;
    beforeEach(() => (recorder = new Recorder()));
    afterEach(async () => {
      await cleanUp(recorder);
      recorder.dispose();
    });

    const named = (name: string): vscode.Terminal | undefined =>
      vscode.window.terminals.find((terminal) => terminal.name === name);
    const terminal = (): Promise<vscode.Terminal> =>
      recorder.until('the guest terminal', () => named('Guest: console'));
    const prompt = (): Promise<boolean> => recorder.until('the prompt', () => PROMPT.test(recorder.console()));
    const output = (text: string): Promise<boolean> =>
      // A line of its own: what was typed is echoed behind the prompt.
      recorder.until(`"${text}"`, () => recorder.console().split(/\r?\n/).includes(text));

    it('takes keys while the guest boots', async () => {
      await vscode.debug.startDebugging(undefined, CONFIGURATION);
      const guest = await terminal();
      assert.doesNotMatch(recorder.console(), PROMPT);
      guest.sendText('echo early');
      await output('early');
    });

    it('says that the guest is stopped, and delivers the keys when it goes on', async () => {
      await vscode.debug.startDebugging(undefined, CONFIGURATION);
      const guest = await terminal();
      await prompt();
      await vscode.commands.executeCommand('workbench.action.debug.pause');
      await recorder.stop();
      await recorder.until('the name of a stopped guest', () => guest.name === 'Guest: console (stopped)');
      guest.sendText('echo one; echo two');
      guest.sendText('echo three');
      // An answer to a later request shows that the keys have come in, and that nothing has come of them.
      await activeSession().customRequest('threads');
      assert.doesNotMatch(recorder.console(), /echo one/);
      await activeSession().customRequest('continue', { threadId: 1 });
      for (const word of ['one', 'two', 'three']) await output(word);
      await recorder.until('the name of a running guest', () => guest.name === 'Guest: console');
    });

    it('loses nothing of a long text, at the prompt and in a program', async () => {
      await vscode.debug.startDebugging(undefined, CONFIGURATION);
      const guest = await terminal();
      await prompt();
      const words = Array.from({ length: 100 }, (_, i) => `${i}-${'abcdefghijklmnopqrstuvwxyz0123456789'}`);
      const pasted = words.map((word) => `echo ${word}\n`).join('');
      assert.ok(pasted.length > 4096);
      guest.sendText(pasted, false);
      await output(words.at(-1)!);
      const lines = (): string[] => recorder.console().split(/\r?\n/);
      assert.deepEqual(
        lines().filter((line) => words.includes(line)),
        words,
      );

      // Into a file: what cat printed would come between the letters that the terminal line echoes.
      guest.sendText('echo handed over; cat > /tmp/pasted');
      await output('handed over');
      guest.sendText(words.map((word) => `in cat: ${word}\n`).join(''), false);
      const last = `in cat: ${words.at(-1)}`;
      await output(last);
      guest.sendText('\x04', false);
      guest.sendText('cat /tmp/pasted; echo after');
      await output('after');
      // Each line is there twice: echoed by the terminal line, and in the file.
      const inCat = words.map((word) => `in cat: ${word}`);
      assert.deepEqual(
        lines().filter((line) => inCat.includes(line)),
        [...inCat, ...inCat],
      );
    });

    it('can be opened again after it has been closed, also when the session has ended', async () => {
      await vscode.debug.startDebugging(undefined, CONFIGURATION);
      (await terminal()).dispose();
      await recorder.until('the terminal to be closed', () => !named('Guest: console'));
      await vscode.commands.executeCommand('sockscope.showGuestTerminal');
      const guest = await terminal();
      await prompt();
      guest.sendText('echo again');
      await output('again');
      await vscode.debug.stopDebugging();
      await recorder.until('the end', () => vscode.debug.activeDebugSession === undefined);
      guest.dispose();
      await recorder.until('the terminal to be closed', () => !named('Guest: console'));
      await vscode.commands.executeCommand('sockscope.showGuestTerminal');
      await terminal();
    });

    it('is one only, however often it is asked for', async () => {
      await vscode.debug.startDebugging(undefined, CONFIGURATION);
      const guest = await terminal();
      await vscode.commands.executeCommand('sockscope.showGuestTerminal');
      await recorder.until('the terminal to be shown', () => vscode.window.activeTerminal === guest);
      assert.equal(vscode.window.terminals.filter(({ name }) => name === 'Guest: console').length, 1);
    });
  });
}

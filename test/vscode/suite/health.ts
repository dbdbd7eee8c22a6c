import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { cleanUp, Recorder } from './recorder';

const PROMPT = /^sockscope# /m;

export function registerHealthSuite(): void {
  describe('health', () => {
    let recorder: Recorder;
    beforeEach(() => (recorder = new Recorder()));
    afterEach(async () => {
      await cleanUp(recorder);
      recorder.dispose();
    });

    it('the guest speaks in its terminal alone: the debug console does not repeat it', async () => {
      await vscode.debug.startDebugging(undefined, { type: 'sockscope', request: 'launch', name: 'quiet' });
      await recorder.until('the prompt', () => PROMPT.test(recorder.console()));
      assert.equal(recorder.output('stdout'), '');
      assert.doesNotMatch(recorder.output('console'), /Linux version/);
    });

    it('offers the two experiments, a stop at the kernel entry and an own kernel', async () => {
      const extension = vscode.extensions.getExtension('sockscope.sockscope');
      const manifest = extension?.packageJSON as {
        contributes: { debuggers: { configurationSnippets: { label: string }[]; variables: object }[] };
        capabilities: { untrustedWorkspaces: { supported: unknown; description: string } };
      };
      const [{ configurationSnippets, variables }] = manifest.contributes.debuggers;
      assert.deepEqual(
        configurationSnippets.map(({ label }) => label),
        [
          'SockScope: Linux socket calls',
          'SockScope: replyhi and hello',
          'SockScope: stop at the kernel entry',
          'SockScope: own kernel',
        ],
      );
      assert.deepEqual(variables, { pickKernel: 'sockscope.pickKernel' });
      assert.equal(manifest.capabilities.untrustedWorkspaces.supported, 'limited');
      assert.doesNotMatch(manifest.capabilities.untrustedWorkspaces.description, /^%/);
    });

    it('a configuration with functions to break on sets breakpoints that a person can remove', async () => {
      const names = ['sys_socket', 'sys_bind'];
      await vscode.debug.startDebugging(undefined, {
        type: 'sockscope',
        request: 'launch',
        name: 'experiment',
        run: ['replyhi &', 'hello'],
        __breakOn: names,
      });
      const { reason } = await recorder.stop();
      assert.equal(reason, 'function breakpoint');
      const set = vscode.debug.breakpoints.map((each) => (each as vscode.FunctionBreakpoint).functionName);
      assert.deepEqual(set.sort(), names.toSorted());
    });

    it('a refused own kernel can be replaced by the built-in one', async () => {
      await vscode.commands.executeCommand('sockscope.startWithBuiltInKernel', {
        type: 'sockscope',
        request: 'launch',
        name: 'mended',
        kernel: '/no/such/vmlinux',
        initrd: '/no/such/initrd',
        __sessionId: 'of the refused session',
      });
      const session = await recorder.until('the session', () => vscode.debug.activeDebugSession);
      assert.equal(session.name, 'mended');
      assert.equal(session.configuration.kernel, undefined);
      await recorder.until('the prompt', () => PROMPT.test(recorder.console()));
    });
  });
}

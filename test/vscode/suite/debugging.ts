import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { activeSession, cleanUp, lineOf, Recorder } from './recorder';

type StackFrame = DebugProtocol.StackFrame;
type Variable = DebugProtocol.Variable;

const SOCKET = vscode.Uri.parse('sockscope:/net/socket.c');
const ENTRY = vscode.Uri.parse('sockscope:/arch/x86/entry/entry_32.S');

export function registerDebuggingSuite(): void {
  describe('debugging', () => {
    let recorder: Recorder;
    let threadId: number;
    before(() => (recorder = new Recorder()));
    after(async () => {
      await cleanUp(recorder);
      recorder.dispose();
    });

    const stack = async (): Promise<StackFrame[]> =>
      (await activeSession().customRequest('stackTrace', { threadId })).stackFrames;
    const scopes = async (frame: StackFrame): Promise<Map<string, number>> => {
      const answer: DebugProtocol.ScopesResponse['body'] = await activeSession().customRequest('scopes', {
        frameId: frame.id,
      });
      return new Map(answer.scopes.map((scope) => [scope.name, scope.variablesReference]));
    };
    const variables = async (variablesReference: number | undefined): Promise<Map<string, Variable>> => {
      assert.ok(variablesReference, 'nothing to expand');
      const answer = await activeSession().customRequest('variables', { variablesReference });
      return new Map((answer.variables as Variable[]).map((variable) => [variable.name, variable]));
    };
    const evaluate = async (expression: string, frame: StackFrame): Promise<string> =>
      (await activeSession().customRequest('evaluate', { expression, frameId: frame.id, context: 'watch' })).result;
    /** Does a command of the debug tool bar, and waits for where it leads. */
    const go = async (command: string): Promise<StackFrame[]> => {
      // The commands act on what has the focus, which VS Code sets some time after the stop.
      await recorder.until('the focus on the stopped thread', () => {
        const item = vscode.debug.activeStackItem;
        return item instanceof vscode.DebugStackFrame && item.threadId === threadId;
      });
      await vscode.commands.executeCommand(`workbench.action.debug.${command}`);
      threadId = (await recorder.stop()).threadId!;
      return stack();
    };

    it('a breakpoint on a case label binds to its statement', async () => {
      const document = await vscode.workspace.openTextDocument(SOCKET);
      const label = lineOf(document, 'case SYS_BIND:');
      const breakpoint = new vscode.SourceBreakpoint(new vscode.Location(SOCKET, new vscode.Position(label, 0)));
      vscode.debug.addBreakpoints([breakpoint]);
      await vscode.debug.startDebugging(undefined, {
        type: 'sockscope',
        request: 'launch',
        name: 'bind',
        run: ['replyhi &', 'hello'],
      });
      const stop = await recorder.stop();
      threadId = stop.threadId!;
      assert.equal(stop.reason, 'breakpoint');
      assert.match(stop.description ?? '', /bind/);
      const bound = (await activeSession().getDebugProtocolBreakpoint(breakpoint)) as DebugProtocol.Breakpoint;
      assert.equal(bound.verified, true);
      assert.equal(bound.line, label + 2);
      const [top] = await stack();
      assert.equal(top.source?.path, SOCKET.toString());
      assert.equal(top.line, label + 2);
    });

    it('the call stack goes from the kernel over the border to main', async () => {
      const frames = await stack();
      const border = frames.findIndex((frame) => frame.presentationHint === 'label');
      assert.ok(border > 0, frames.map((frame) => frame.name).join(', '));
      assert.ok(frames.slice(0, border).some((frame) => /socketcall/.test(frame.name)));
      assert.ok(frames.slice(0, border).some((frame) => frame.source?.path === ENTRY.toString()));
      const user = frames.slice(border + 1).map((frame) => frame.name);
      assert.ok(user.includes('bind'), user.join(', '));
      assert.ok(user.includes('main'), user.join(', '));
    });

    it('the sources of all frames open', async () => {
      for (const frame of await stack()) {
        if (!frame.source?.path || frame.source.sourceReference) continue;
        const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(frame.source.path));
        assert.ok(document.lineCount >= frame.line, `${frame.source.path} ends before line ${frame.line}`);
      }
    });

    it('shows arguments, locals and registers', async () => {
      const [top] = await stack();
      const found = await scopes(top);
      for (const scope of ['Arguments', 'Locals', 'Registers'])
        assert.ok(found.has(scope), [...found.keys()].join(', '));
      const parameters = await variables(found.get('Arguments'));
      assert.match(parameters.get('call')?.value ?? '', /^2\b/);
      const locals = await variables(found.get('Locals'));
      assert.ok(locals.has('a') && locals.has('err'), [...locals.keys()].join(', '));
      const registers = await variables(found.get('Registers'));
      const groups = [...registers.keys()].map((name) => name.split(' ')[0]);
      assert.deepEqual(groups.slice(0, 4), ['General', 'Flags', 'Segment', 'Control']);
      const general = await variables(registers.get('General')?.variablesReference);
      assert.match(general.get('eip')?.value ?? '', /^0x/);
    });

    it('evaluates a watch expression and sets a variable', async () => {
      const [top] = await stack();
      assert.match(await evaluate('call == 2', top), /^(1|true)$/);
      const locals = (await scopes(top)).get('Locals');
      const array = (await variables(locals)).get('a');
      const element = (await variables(array?.variablesReference)).get('[5]');
      assert.ok(element, 'a[5]');
      const set = await activeSession().customRequest('setVariable', {
        variablesReference: array!.variablesReference,
        name: '[5]',
        value: '77',
      });
      assert.match(set.value, /^77\b/);
      assert.match(await evaluate('a[5] + 1', top), /^78\b/);
    });

    it('steps into __sys_bind, over a line, and out again', async () => {
      const [inside] = await go('stepInto');
      assert.equal(inside.name, '__sys_bind');
      const [next] = await go('stepOver');
      assert.equal(next.name, '__sys_bind');
      assert.notEqual(next.line, inside.line);
      const [out] = await go('stepOut');
      assert.match(out.name, /socketcall/);
    });

    it('a breakpoint in assembly, set while the guest is stopped, is hit', async () => {
      vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
      const document = await vscode.workspace.openTextDocument(ENTRY);
      const line = lineOf(document, 'SYM_FUNC_START(entry_INT80_32)') + 1;
      const breakpoint = new vscode.SourceBreakpoint(new vscode.Location(ENTRY, new vscode.Position(line, 0)));
      vscode.debug.addBreakpoints([breakpoint]);
      const bound = await recorder.until('the breakpoint to be bound', async () => {
        const now = await activeSession().getDebugProtocolBreakpoint(breakpoint);
        return (now as DebugProtocol.Breakpoint | undefined)?.verified ? (now as DebugProtocol.Breakpoint) : undefined;
      });
      const [top, ...rest] = await go('continue');
      assert.equal(top.source?.path, ENTRY.toString());
      assert.equal(top.line, bound.line);
      assert.ok(rest.some((frame) => frame.name === 'main'));
    });

    it('goes on to the end of the exchange without its breakpoints', async () => {
      vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
      await recorder.until('the removal', () =>
        recorder.responses.some(
          ({ command, body }) =>
            command === 'setBreakpoints' && (body as { breakpoints: unknown[] }).breakpoints.length === 0,
        ),
      );
      await vscode.commands.executeCommand('workbench.action.debug.continue');
      await recorder.until('the exchange', () => /hello: received "hi"/.test(recorder.console()));
    });

    it('traces the calls of a program that is run now, by a command', async () => {
      await vscode.commands.executeCommand('sockscope.traceSystemCalls', 'sockets');
      await activeSession().customRequest('sockscope/consoleInput', { text: 'udp\r' });
      await recorder.until('the line of a call', () => /udp\] recvfrom\(/.test(recorder.output('console')));
      await vscode.commands.executeCommand('sockscope.traceSystemCalls', 'off');
      assert.deepEqual(await activeSession().customRequest('sockscope/traceScope', {}), {
        scope: 'off',
        events: false,
      });
    });

    it('exports packets by a command, also while the guest runs', async () => {
      const file = vscode.Uri.file(path.join(os.tmpdir(), `sockscope-${process.pid}.pcapng`));
      await vscode.commands.executeCommand('sockscope.exportPackets', file);
      const bytes = await vscode.workspace.fs.readFile(file);
      await vscode.workspace.fs.delete(file);
      // The block type of a section header (draft-ietf-opsawg-pcapng, 4.1), and the datagrams of `udp`.
      assert.deepEqual([...bytes.subarray(0, 4)], [0x0a, 0x0d, 0x0d, 0x0a]);
      assert.ok(bytes.length > 500, `${bytes.length} bytes`);
    });
  });
}

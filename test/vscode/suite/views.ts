import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { KernelViews } from '../../../src/views/kernel-views';
import { activeSession, cleanUp, lineOf, Recorder } from './recorder';

const SOCKET = vscode.Uri.parse('sockscope:/net/socket.c');
const CHECKED = vscode.TreeItemCheckboxState.Checked;

/** A row as a user sees it. */
interface Row<Node> {
  readonly node: Node;
  readonly label: string;
  readonly description: string;
  readonly item: vscode.TreeItem;
}

async function rowsOf<Node>(view: vscode.TreeDataProvider<Node>, parent?: Node): Promise<Row<Node>[]> {
  const nodes = (await view.getChildren(parent)) ?? [];
  return Promise.all(
    nodes.map(async (node) => {
      const item = await view.getTreeItem(node);
      const label = typeof item.label === 'string' ? item.label : (item.label?.label ?? '');
      return { node, label, description: typeof item.description === 'string' ? item.description : '', item };
    }),
  );
}

/** The row whose label begins so; fails where there is none. */
async function rowOf<Node>(view: vscode.TreeDataProvider<Node>, label: string, parent?: Node): Promise<Row<Node>> {
  const rows = await rowsOf(view, parent);
  const row = rows.find((each) => each.label === label) ?? rows.find((each) => each.label.startsWith(label));
  assert.ok(row, `no row "${label}" among ${rows.map((each) => each.label).join(', ')}`);
  return row;
}

function isChecked({ item }: Row<unknown>): boolean {
  const { checkboxState } = item;
  return (typeof checkboxState === 'object' ? checkboxState.state : checkboxState) === CHECKED;
}

const functionBreakpoints = (): string[] =>
  vscode.debug.breakpoints.flatMap((each) => (each instanceof vscode.FunctionBreakpoint ? [each.functionName] : []));

/** Titles of the lenses at a line (from 0), without their signs. */
async function lensesAt(uri: vscode.Uri, line: number): Promise<string[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri, 1000);
  return lenses
    .filter(({ range }) => range.start.line === line)
    .map(({ command }) => (command?.title ?? '').replaceAll(/\$\([\w-]+\) ?/g, ''));
}

/** Place that a click on a row shows. */
function target({ item }: Row<unknown>): string {
  const [place] = (item.command?.arguments ?? []) as { uri: vscode.Uri; line: number }[];
  return place ? `${place.uri.toString()}:${place.line}` : '';
}

export function registerViewsSuite(): void {
  describe('views', () => {
    let recorder: Recorder;
    let views: KernelViews;
    before(async () => {
      recorder = new Recorder();
      const extension = vscode.extensions.getExtension<KernelViews>('sockscope.sockscope');
      assert.ok(extension, 'the extension is not installed');
      views = await extension.activate();
    });
    after(async () => {
      await cleanUp(recorder);
      recorder.dispose();
    });

    describe('before a session', () => {
      it('System Calls has the calls of the socket interface, of the kernel’s own table file', async () => {
        const rows = await rowsOf(views.systemCalls);
        assert.deepEqual(
          rows.slice(0, 4).map(({ label, description }) => `${label} ${description}`),
          ['socketcall #102', 'socket #359', 'bind #361', 'connect #362'],
        );
        assert.ok(!rows.some(({ label }) => label === 'openat'));
        const [socketcall] = rows;
        const document = await vscode.workspace.openTextDocument(SOCKET);
        assert.equal(target(socketcall), `${SOCKET.toString()}:${lineOf(document, 'SYSCALL_DEFINE2(socketcall') + 1}`);
        const cases = await rowsOf(views.systemCalls, socketcall.node);
        assert.equal(cases.length, 20);
        const bind = cases.find(({ label }) => label === 'SYS_BIND');
        assert.ok(bind);
        assert.equal(target(bind), `${SOCKET.toString()}:${lineOf(document, 'case SYS_BIND:') + 1}`);
      });

      it('System Calls shows all calls at a command, and the sockets’ again', async () => {
        const few = (await rowsOf(views.systemCalls)).length;
        await vscode.commands.executeCommand('sockscope.systemCalls.showAll');
        const all = await rowsOf(views.systemCalls);
        assert.ok(all.length > 250, `${all.length} rows`);
        assert.equal(all[0].label, 'Every system call');
        assert.match(target(await rowOf(views.systemCalls, 'openat')), /^sockscope:\/fs\/open\.c:\d+$/);
        await vscode.commands.executeCommand('sockscope.systemCalls.showSockets');
        assert.equal((await rowsOf(views.systemCalls)).length, few);
      });

      it('Kernel Sources has the files of the dispatch on top, then the folders', async () => {
        const rows = await rowsOf(views.sources);
        assert.deepEqual(
          rows.slice(0, 3).map(({ label }) => label),
          ['Way of a Socket Call', 'Lab Programs', 'arch'],
        );
        const dispatch = (await rowsOf(views.sources, rows[0].node)).map(({ item }) => item.resourceUri?.path);
        for (const file of [
          '/arch/x86/entry/entry_32.S',
          '/arch/x86/entry/common.c',
          '/net/socket.c',
          '/net/ipv4/af_inet.c',
        ])
          assert.ok(dispatch.includes(file), `${file} in ${dispatch.join(' ')}`);
        const programs = (await rowsOf(views.sources, rows[1].node)).map(({ label }) => label);
        assert.ok(programs.includes('replyhi.c') && programs.includes('hello.c'), programs.join(' '));
        const net = await rowOf(views.sources, 'net');
        const inside = await rowsOf(views.sources, net.node);
        assert.equal(inside.find(({ label }) => label === 'socket.c')?.item.resourceUri?.toString(), SOCKET.toString());
        assert.ok(
          inside.findIndex(({ label }) => label === 'ipv4') < inside.findIndex(({ label }) => label === 'socket.c'),
        );
      });

      it('the views on memory are empty', async () => {
        for (const view of [views.vectors, views.sockets, views.tasks]) {
          assert.deepEqual(await rowsOf<unknown>(view as vscode.TreeDataProvider<unknown>), []);
          assert.equal(view.message, undefined);
        }
      });

      it('lenses are on the definitions and on each case of the switch', async () => {
        const document = await vscode.workspace.openTextDocument(SOCKET);
        const socketcall = lineOf(document, 'SYSCALL_DEFINE2(socketcall');
        assert.deepEqual(await lensesAt(SOCKET, socketcall), [
          'Break on entry',
          'on return',
          'on failure',
          'Break on every case',
        ]);
        assert.deepEqual(await lensesAt(SOCKET, lineOf(document, 'SYSCALL_DEFINE3(bind')), [
          'Break on entry',
          'on return',
          'on failure',
        ]);
        assert.deepEqual(await lensesAt(SOCKET, lineOf(document, 'case SYS_BIND:')), ['Break on SYS_BIND']);
      });

      it('"Break on every case" sets a breakpoint for each, and removes them again', async () => {
        const document = await vscode.workspace.openTextDocument(SOCKET);
        const line = lineOf(document, 'SYSCALL_DEFINE2(socketcall');
        const press = async (title: string): Promise<void> => {
          const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
            'vscode.executeCodeLensProvider',
            SOCKET,
            1000,
          );
          const lens = lenses.find(({ range, command }) => range.start.line === line && command?.title.endsWith(title));
          assert.ok(lens?.command, title);
          await vscode.commands.executeCommand(lens.command.command, ...(lens.command.arguments ?? []));
        };
        await press('Break on every case');
        assert.equal(functionBreakpoints().length, 20);
        assert.ok(functionBreakpoints().includes('socketcall:SYS_BIND'));
        const socketcall = await rowOf(views.systemCalls, 'socketcall');
        assert.ok(!isChecked(socketcall), 'a case is not the call');
        assert.ok((await rowsOf(views.systemCalls, socketcall.node)).every(isChecked));
        await press('Do not break on every case');
        assert.deepEqual(functionBreakpoints(), []);
      });

      it('a check box follows what happens to its breakpoint elsewhere', async () => {
        const bind = async (): Promise<Row<unknown>> => rowOf(views.systemCalls, 'bind');
        assert.ok(!isChecked(await bind()));
        const breakpoint = new vscode.FunctionBreakpoint('catch:bind:EADDRINUSE', true, '$comm == "hello"');
        vscode.debug.addBreakpoints([breakpoint]);
        assert.ok(isChecked(await bind()));
        assert.equal((await bind()).description, '#361 · EADDRINUSE, only hello');
        // VS Code's own view takes a breakpoint away, or switches it off.
        vscode.debug.removeBreakpoints([breakpoint]);
        assert.ok(!isChecked(await bind()));
        const off = new vscode.FunctionBreakpoint('catch:bind', false);
        vscode.debug.addBreakpoints([off]);
        assert.ok(!isChecked(await bind()));
        assert.equal((await bind()).description, '#361 · disabled');
        // The box puts it in force again.
        await vscode.commands.executeCommand('sockscope.toggleCallBreakpoints', [{ call: 'bind' }], true);
        assert.ok(isChecked(await bind()));
        assert.deepEqual(functionBreakpoints(), ['catch:bind']);
        await vscode.commands.executeCommand('sockscope.toggleCallBreakpoints', [{ call: 'bind' }], false);
        assert.deepEqual(functionBreakpoints(), []);
      });
    });

    describe('in a session', () => {
      before(async () => {
        await vscode.commands.executeCommand('sockscope.toggleCallBreakpoints', [{ call: 'bind' }], true);
        await vscode.debug.startDebugging(undefined, {
          type: 'sockscope',
          request: 'launch',
          name: 'views',
          run: ['replyhi &'],
        });
        const { reason } = await recorder.stop();
        assert.match(reason, /breakpoint|exception/);
        await recorder.until('the stopped frame', () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame);
      });

      it('a ticked call stops the guest, and counts', async () => {
        const bind = await recorder.until('the hit', async () => {
          const row = await rowOf(views.systemCalls, 'bind');
          return row.description === '#361 · 1 hit' ? row : undefined;
        });
        assert.ok(isChecked(bind));
        assert.equal((await rowOf(views.systemCalls, 'listen')).description, '#363');
        const document = await vscode.workspace.openTextDocument(SOCKET);
        assert.deepEqual(await lensesAt(SOCKET, lineOf(document, 'SYSCALL_DEFINE3(bind')), [
          'Do not break on entry',
          'on return',
          'on failure',
          '1 hit',
        ]);
      });

      it('Interrupt Vectors begins with the system call’s gate', async () => {
        const rows = await rowsOf(views.vectors);
        const [call, exceptions] = rows;
        assert.equal(call.label, '0x80 system call');
        assert.equal(call.description, 'entry_INT80_32 · interrupt gate · DPL 3');
        assert.match(target(call), /^sockscope:\/arch\/x86\/entry\/entry_32\.S:\d+$/);
        assert.equal(exceptions.label, 'Exceptions');
        const fault = await rowOf(views.vectors, '0x0e', exceptions.node);
        assert.match(fault.description, /^asm_exc_page_fault · interrupt gate · DPL 0$/);
        const all = await Promise.all(rows.slice(1).map(({ node }) => rowsOf(views.vectors, node)));
        assert.equal(1 + all.flat().length, 256);
      });

      it('Sockets has the socket that is being bound, down to its structures', async () => {
        const task = await rowOf(views.sockets, 'replyhi');
        const socket = await rowOf(views.sockets, 'fd 3', task.node);
        assert.match(socket.description, /^TCP · CLOSE · /);
        assert.equal((await rowOf(views.sockets, 'type', socket.node)).description, 'SOCK_STREAM');
        const sock = await rowOf(views.sockets, 'sock', socket.node);
        const member = await rowOf(views.sockets, 'sk_type', sock.node);
        assert.match(member.description, /^1\b/);
      });

      it('Tasks has the running one first, then the others, then the kernel’s threads', async () => {
        const rows = await rowsOf(views.tasks);
        assert.match(`${rows[0].label} ${rows[0].description}`, /^replyhi pid \d+ · running$/);
        const kernel = rows[rows.length - 1];
        assert.equal(kernel.label, 'Kernel threads');
        assert.ok((await rowsOf(views.tasks, kernel.node)).some(({ label }) => label === 'kthreadd'));
        const frames = await rowsOf(views.tasks, rows[0].node);
        const main = frames.find(({ label }) => label === 'main');
        assert.ok(main, frames.map(({ label }) => label).join(', '));
        assert.match(target(main), /replyhi\.c:\d+$/);
      });

      it('a click on a task makes it the one that is looked at', async () => {
        const focused = (): number | undefined => vscode.debug.activeStackItem?.threadId;
        const stopped = focused();
        const init = await rowOf(views.tasks, 'init');
        const { command } = init.item;
        assert.ok(command);
        await vscode.commands.executeCommand(command.command, ...(command.arguments ?? []));
        assert.equal((await recorder.stop()).threadId, 1);
        await recorder.until('the focus on init', () => focused() === 1);
        const running = (await rowOf(views.tasks, 'replyhi')).item.command;
        await vscode.commands.executeCommand(running!.command, ...(running!.arguments ?? []));
        assert.equal((await recorder.stop()).threadId, stopped);
        await recorder.until('the focus on replyhi', () => focused() === stopped);
      });

      /** Text of the document of a view, once it is shown. */
      const shown = (name: RegExp): Promise<string> =>
        recorder.until(`the document ${String(name)}`, () => {
          const { document } = vscode.window.activeTextEditor ?? {};
          return document?.uri.scheme === 'sockscope-view' && name.test(document.uri.path) && document.getText();
        });

      it('Variables: "View as sockaddr" and "Show in Memory"', async () => {
        const session = activeSession();
        await recorder.until('the frame', () => vscode.debug.activeStackItem instanceof vscode.DebugStackFrame);
        // The breakpoint is at socketcall's entry, so the arguments of bind are still in the program's array.
        const variable: DebugProtocol.Variable = {
          name: '[1]',
          value: '',
          variablesReference: 0,
          evaluateName: '(struct sockaddr *)((unsigned long *)regs->cx)[1]',
        };
        await vscode.commands.executeCommand('sockscope.viewSockaddr', { sessionId: session.id, variable });
        const text = await shown(/sockaddr/);
        assert.match(text, /= 0\.0\.0\.0:5001$/m);
        assert.match(text, /^struct sockaddr_in, 16 bytes at 0x[0-9a-f]{8}$/m);
        assert.match(text, /^ +2 {2}13 89 +sin_port +5001$/m);

        const memory: DebugProtocol.Variable = { ...variable, evaluateName: undefined, memoryReference: '0xc1000000' };
        await vscode.commands.executeCommand('sockscope.showMemory', { sessionId: session.id, variable: memory });
        const dump = await shown(/\.mem$/);
        const body: DebugProtocol.ReadMemoryResponse['body'] = await session.customRequest('readMemory', {
          memoryReference: '0xc1000000',
          count: 16,
        });
        const bytes = [...Buffer.from(body?.data ?? '', 'base64')].map((byte) => byte.toString(16).padStart(2, '0'));
        assert.ok(
          dump.includes(`c1000000  ${bytes.slice(0, 8).join(' ')}  ${bytes.slice(8).join(' ')}  |`),
          dump.slice(0, 300),
        );
        const { uri } = vscode.window.activeTextEditor!.document;
        const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri);
        const before = lenses.find(({ command }) => command?.title === '256 bytes before')?.command;
        assert.ok(before, lenses.map(({ command }) => command?.title).join(', '));
        await vscode.commands.executeCommand(before.command, ...(before.arguments ?? []));
        await recorder.until('the larger dump', () =>
          vscode.window.activeTextEditor?.document.getText().includes('\nc0ffff00  '),
        );
      });

      it('while the guest runs, the rows are the last stop’s, and say so', async () => {
        await vscode.commands.executeCommand('sockscope.toggleCallBreakpoints', [{ call: 'bind' }], false);
        await rowsOf(views.sockets);
        await vscode.commands.executeCommand('workbench.action.debug.continue');
        await recorder.until('going on', () => recorder.events.some(({ event }) => event === 'continued'));
        await recorder.until('the message', () => views.sockets.message !== undefined);
        assert.match(views.sockets.message ?? '', /last stop/);
        await rowOf(views.sockets, 'replyhi');
        await recorder.until('the server', () => /replyhi: listening/.test(recorder.console()));
      });

      it('the next stop shows what is then', async () => {
        await vscode.commands.executeCommand('workbench.action.debug.pause');
        await recorder.stop();
        const socket = await recorder.until('the listening socket', async () => {
          const [task] = await rowsOf(views.sockets);
          const [row] = task ? await rowsOf(views.sockets, task.node) : [];
          return row && /LISTEN/.test(row.description) ? row : undefined;
        });
        assert.equal(socket.description, 'TCP · LISTEN · 0.0.0.0:5001');
        assert.equal(views.sockets.message, undefined);
      });

      it('after the session the views are as before it', async () => {
        await cleanUp(recorder);
        assert.deepEqual(await rowsOf(views.sockets), []);
        assert.deepEqual(await rowsOf(views.tasks), []);
        assert.deepEqual(await rowsOf(views.vectors), []);
        assert.equal((await rowOf(views.systemCalls, 'bind')).description, '#361');
      });
    });

    describe('with the user’s own kernel and its sources', () => {
      let tree: string;
      before(async () => {
        const extension = vscode.extensions.getExtension('sockscope.sockscope');
        const guest = path.join(extension?.extensionPath ?? '', 'dist/guest');
        tree = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-tree-'));
        fs.mkdirSync(path.join(tree, 'net'));
        fs.writeFileSync(path.join(tree, 'net/socket.c'), await vscode.workspace.fs.readFile(SOCKET));
        await vscode.debug.startDebugging(undefined, {
          type: 'sockscope',
          request: 'launch',
          name: 'own kernel',
          kernel: path.join(guest, 'vmlinux'),
          initrd: path.join(guest, 'initrd'),
          sourceMap: { '.': tree },
          stopOnEntry: true,
        });
        assert.equal((await recorder.stop()).reason, 'entry');
      });
      after(async () => {
        await cleanUp(recorder);
        fs.rmSync(tree, { recursive: true, force: true });
      });

      it('rows and lenses are of the files in that tree', async () => {
        const own = vscode.Uri.file(path.join(tree, 'net/socket.c'));
        const net = await rowOf(views.sources, 'net');
        assert.equal((await rowOf(views.sources, 'socket.c', net.node)).item.resourceUri?.toString(), own.toString());
        const bind = await recorder.until('the kernel’s own table', async () => {
          const row = await rowOf(views.systemCalls, 'bind');
          return target(row).startsWith(own.toString()) ? row : undefined;
        });
        const document = await vscode.workspace.openTextDocument(own);
        assert.equal(target(bind), `${own.toString()}:${lineOf(document, 'SYSCALL_DEFINE3(bind') + 1}`);
        assert.ok((await lensesAt(own, lineOf(document, 'case SYS_BIND:'))).includes('Break on SYS_BIND'));
      });
    });
  });
}

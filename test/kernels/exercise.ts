/**
 * What every kernel must do, whatever its version and options: the same programs behave the same, the debugger shows what the guest's own
 * /proc shows, and nothing depends on where things lie in one kernel's source.
 */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { GuestSession } from '../../src/adapter/guest-session';
import { loadGuestFiles } from '../../src/adapter/guest-files';
import type { LaunchConfiguration } from '../../src/adapter/launch-configuration';
import { Sources } from '../../src/adapter/sources';
import { CallTrace, type TracedCall } from '../../src/linux';
import { launched, PREPARATION, prepared, started } from '../adapter/fixture';
import type { TestClient } from '../adapter/test-client';
import { exerciseHopStates } from '../linux/hop-states';
import { exerciseInternet6 } from './internet6';
import { exerciseMoments } from './moments';

/** A kernel that was built: the folder of its vmlinux, and the root of the relative paths in its debug information. */
export interface BuiltKernel {
  readonly folder: string;
  readonly sources: string;
}

/** Programs that run by themselves, make the same calls on every kernel, and say so when data did not arrive. */
const PROGRAMS = [
  'udp', 'sendmsg', 'sendmmsg', 'select', 'shutdown', 'names', 'options', 'sendfile', 'socketpair', 'accept4', 'unix',
]; // prettier-ignore
const WAYS = ['int80', 'sysenter', 'direct'];
const PROMPT = 'sockscope# ';
/** MiB */
const HIGH_MEMORY = 48;

/** Options of a kernel's configuration that are set: the file that the build keeps beside it. */
export function optionsOf({ folder }: BuiltKernel): ReadonlySet<string> {
  const file = ['config', '.config'].map((name) => path.join(folder, name)).find((each) => fs.existsSync(each));
  assert.ok(file, `${folder} has no config or .config of its kernel`);
  return new Set([...fs.readFileSync(file, 'utf8').matchAll(/^(CONFIG_\w+)=y$/gm)].map(([, name]) => name));
}

/** Launches the built-in programs on a kernel, as a user with a kernel of their own does. */
async function configurationFor(kernel: BuiltKernel): Promise<LaunchConfiguration> {
  const guest = await prepared();
  // Memory that the kernel does not map by itself, though there is not much: it wants 64 MiB besides.
  const high = { memory: 128, commandLine: `console=ttyS0 highmem=${HIGH_MEMORY}M` };
  return {
    kernel: path.join(kernel.folder, 'vmlinux'),
    initrd: guest.initrd,
    programs: [guest.programs],
    ...(optionsOf(kernel).has('CONFIG_HIGHMEM') ? high : {}),
  };
}

interface Run {
  readonly calls: TracedCall[];
  readonly console: string;
  /** Lengths of what crossed the loopback interface, and whether each packet could be read to its end. */
  readonly packets: readonly { readonly length: number; readonly whole: boolean }[];
}

/** Runs lines at the guest's prompt until it ends, with every socket call traced. */
async function run(configuration: LaunchConfiguration, lines: readonly string[]): Promise<Run> {
  const { dir } = await prepared();
  const whole = { ...configuration, run: [...lines, 'exit'] };
  const files = loadGuestFiles(whole, dir);
  const sources = new Sources(files.sourceFolders, files.sourceMap, false);
  const guest = new GuestSession(files, whole, sources, () => {});
  const calls: TracedCall[] = [];
  let text = '';
  const decoder = new TextDecoder();
  guest.target.onConsoleOutput((bytes) => (text += decoder.decode(bytes, { stream: true })));
  const trace = new CallTrace(guest.platform, guest.platform.callPlaces(), 'sockets', (call) => calls.push(call));
  guest.debugger.setObservers([trace]);
  await guest.debugger.continue();
  trace.finish();
  const packets = guest.packets.packets.map(({ bytes, length }) => ({ length, whole: bytes.length === length }));
  guest.dispose();
  return { calls, console: text, packets };
}

/** A call without what the kernel chooses: addresses, ports, time left, sizes of its own buffers. */
function essence({ comm, text, gate, entry, number, case: case_ }: TracedCall): string {
  const masked = text
    .replace(/0x[0-9a-f]{6,}/g, 'POINTER')
    .replace(/htons\((?!0\)|1\)|5001\))\d+\)/g, 'htons(PORT)')
    .replace(/left \{[^}]*\}/, 'left TIME')
    .replace(/(SO_(?:SND|RCV)BUF, )\[\d+\]/, '$1[SIZE]');
  return `${comm}: ${masked} by ${gate}, ${number} ${entry}${case_ ? ` ${case_}` : ''}`;
}

/** Numbers and names of arch/x86/entry/syscalls/syscall_32.tbl. */
export function tableOf(kernel: BuiltKernel): Map<number, string> {
  const file = path.join(kernel.sources, 'arch/x86/entry/syscalls/syscall_32.tbl');
  const rows = fs.readFileSync(file, 'utf8').split('\n').map((line) => line.trim().split(/\s+/)); // prettier-ignore
  return new Map(rows.filter(([number]) => /^\d+$/.test(number)).map(([number, , , entry]) => [Number(number), entry]));
}

/**
 * Makes the suite of one kernel.
 * @param kernel builds it where it is missing
 * @param options what it was built with, besides what all kernels have; `moments` where the stacks at random moments are to be looked at
 */
export function exercise(
  title: string,
  kernel: () => Promise<BuiltKernel>,
  { moments = false, ipv6 = false }: { moments?: boolean; ipv6?: boolean } = {},
): void {
  describe(`kernels: ${title}`, function () {
    this.timeout(2 * PREPARATION);
    let built: BuiltKernel;
    let configuration: LaunchConfiguration;

    before(async () => {
      built = await kernel();
      configuration = await configurationFor(built);
    });

    it('makes the same socket calls as the built-in kernel, by each way in, and carries the same packets', async () => {
      const lines = [
        ...WAYS.flatMap((way) => PROGRAMS.map((name) => `${name} --entry=${way}`)),
        'replyhi --once &',
        'hello',
      ];
      const theirs = await run(configuration, lines);
      const ours = await run({}, lines);
      assert.deepEqual(theirs.calls.map(essence).sort(), ours.calls.map(essence).sort());
      assert.ok(theirs.calls.length >= 300, `${theirs.calls.length} calls`);
      assert.deepEqual(
        theirs.packets.filter(({ whole }) => !whole),
        [],
      );
      // TCP may acknowledge at other moments; what carries data is the same.
      assert.ok(Math.abs(theirs.packets.length - ours.packets.length) <= 12, `${theirs.packets.length} packets`);
    });

    if (moments) {
      exerciseMoments(() => configuration);
      exerciseHopStates(() => configuration);
    }
    if (ipv6) exerciseInternet6(() => configuration);

    describe('at a stop in bind', () => {
      let client: TestClient;
      let thread: number;
      let frames: DebugProtocol.StackFrame[];

      before(async () => {
        client = await launched({ ...configuration, run: ['replyhi &'] });
        await client.functionBreakpoints('idt_setup_traps');
        const early = await started(client);
        assert.equal(early.reason, 'function breakpoint');
        const { vectors } = await client.request<{ vectors: { symbol?: string }[] }>('sockscope/vectors');
        assert.match(vectors[0].symbol ?? '', /^early_idt_handler_array/);
        await client.functionBreakpoints('SYS_BIND');
        thread = (await client.run('continue', { threadId: early.threadId })).threadId ?? 0;
        frames = await client.frames(thread);
      });
      after(() => client?.end());

      it('the stack goes from the case of the switch over the border to the program’s start', () => {
        const names = frames.map(({ name }) => name);
        assert.match(names[0], /socketcall$/);
        const divider = frames.findIndex(({ presentationHint }) => presentationHint === 'label');
        assert.equal(names[divider], 'int $0x80 — system call 102 (socketcall)');
        assert.equal(names[divider - 1], 'entry_INT80_32');
        assert.deepEqual(names.slice(divider + 1), ['system_call', 'socketcall', 'bind', 'main', '_start']);
        const text = fs.readFileSync(path.join(built.sources, 'net/socket.c'), 'utf8').split('\n');
        assert.match(text[frames[0].line - 1], /__sys_bind\(/);
      });

      it('the call, its socket, and the way it goes', async () => {
        const scopes = await client.scopes(frames[0].id);
        const call = await client.values(scopes['System call'].variablesReference);
        assert.deepEqual([call.number, call.name, call['way in']], ['102', 'socketcall', 'int $0x80']);
        const { path: found } = await client.request<{ path?: { hops: { title: string; symbol?: string }[] } }>(
          'sockscope/dispatchPath',
          { threadId: thread },
        );
        const titles = found?.hops.map(({ title: each }) =>
          each.replace(/^(?:sys_call_table|ia32_sys_call).*/, 'table'),
        );
        assert.deepEqual(titles, [
          'bind', 'vector 0x80', 'entry_INT80_32', 'table', 'case SYS_BIND', '__sys_bind', 'sock->ops->bind',
          'sk->sk_prot->get_port',
        ]); // prettier-ignore
        assert.deepEqual(
          found?.hops.slice(-2).map(({ symbol }) => symbol),
          ['inet_bind', 'inet_csk_get_port'],
        );
      });

      it('the tables are those of the kernel’s own sources', async () => {
        const { vectors } = await client.request<{ vectors: { dpl: number; symbol?: string }[] }>('sockscope/vectors');
        assert.deepEqual([vectors[0x80].dpl, vectors[0x80].symbol], [3, 'entry_INT80_32']);
        assert.equal(vectors[14].symbol, 'asm_exc_page_fault');
        type Row = { number: number; name: string; file?: string };
        const { systemCalls } = await client.request<{ systemCalls: Row[] }>('sockscope/systemCalls');
        const table = tableOf(built);
        assert.ok(systemCalls.length > 300, `${systemCalls.length} calls`);
        for (const { number, name, file } of systemCalls) {
          assert.equal(`sys_${name}`, table.get(number), `number ${number}`);
          assert.ok(file, `${name} has a place`);
        }
        const { cases } = await client.request<{ cases: { name: string; hits: number }[] }>(
          'sockscope/socketcallCases',
        );
        assert.equal(cases.length, 20);
        assert.deepEqual(cases.filter(({ hits }) => hits > 0).map(({ name }) => name), ['SYS_BIND']); // prettier-ignore
      });

      it('every task has a name, and a stack that ends where stacks begin', async () => {
        const { threads } = await client.request<DebugProtocol.ThreadsResponse['body']>('threads');
        const names = threads.map(({ name }) => name);
        assert.match(names[0], /^replyhi \(pid \d+\) running$/);
        assert.ok(names.includes('init (pid 1) sleeping in do_wait'), names.join('\n'));
        assert.ok(names.includes('kthreadd (pid 2, kernel thread) sleeping in kthreadd'), names.join('\n'));
        for (const { id, name } of threads) {
          const stack = await client.frames(id);
          const last = stack[stack.length - 1];
          const expected = /pid 0|kernel thread/.test(name) ? /^(?:ret_from_fork\w*|ret_from_kernel_thread|startup_32\w*|kthread|i386_start_kernel|default_entry|is486|start_secondary)$/ : /^_start$/; // prettier-ignore
          assert.match(last.name, expected, `${name}: ${stack.map((frame) => frame.name).join(' < ')}`);
        }
      });

      it('steps into the function that a pointer leads to, and out again', async () => {
        const file = path.join(built.sources, 'net/socket.c');
        const line =
          1 +
          fs
            .readFileSync(file, 'utf8')
            .split('\n')
            .findIndex((text) => /->bind\(/.test(text));
        await client.functionBreakpoints();
        await client.lineBreakpoints(file, line);
        await client.run('continue', { threadId: thread });
        await client.lineBreakpoints(file);
        await client.run('stepIn', { threadId: thread });
        assert.equal((await client.top(thread)).name, 'inet_bind');
        await client.run('stepOut', { threadId: thread });
        // The rest of the line, or the one behind it; from 6.10 on in a function of its own.
        assert.match((await client.top(thread)).name, /^__sys_bind/);
      });

      it('stops on return and on failure, and steps out to the program', async () => {
        await client.functionBreakpoints('catch:listen:return', 'catch:connect:ECONNREFUSED', '__sys_accept4');
        const back = await client.run('continue', { threadId: thread });
        assert.match(back.text ?? '', /^listen\(3, 5\) returns 0, entered by int \$0x80, system call 102/);
        const accept = await client.run('continue', { threadId: thread });
        assert.equal((await client.top(accept.threadId ?? 0)).name, '__sys_accept4');
        await client.functionBreakpoints('catch:connect:ECONNREFUSED');
        await client.request('continue', { threadId: thread });
        await client.console(PROMPT);
        await client.type('hello --port=77 &');
        const failed = await client.stopped();
        assert.match(failed.text ?? '', / returns -111 ECONNREFUSED, entered by int \$0x80/);
        const threadId = failed.threadId ?? 0;
        await client.functionBreakpoints();
        let top = await client.top(threadId);
        for (let i = 0; i < 12 && !isProgram(top); i++) {
          await client.run('stepOut', { threadId });
          top = await client.top(threadId);
        }
        assert.ok(isProgram(top), `${top.name} ${top.source?.path}`);
        await client.request('continue', { threadId });
        await client.console('Connection refused');
      });

      it('the console’s commands say what the guest’s own /proc says', async () => {
        // The prompt may have come before or after what a program in the background said last.
        await client.type('');
        await client.console(PROMPT);
        const said = new Map<string, string[]>();
        const commands = ['cat /proc/mounts', 'cat /proc/1/maps', 'cat /proc/net/tcp', 'ps', 'dmesg'];
        for (const command of commands) {
          await client.type(command);
          await client.console(command);
          const lines = (await client.console(PROMPT)).split(/\r?\n/).map((line) => line.trimEnd());
          said.set(command, lines.filter((line) => line !== '')); // prettier-ignore
        }
        await client.request('pause', { threadId: 1 });
        const frameId = (await client.top((await client.stopped()).threadId ?? 0)).id;
        const ask = async (command: string): Promise<string[]> => {
          const text = await client.value(command, frameId, { context: 'repl' });
          return text.split('\n').map((line) => line.trimEnd());
        };
        const messages = said.get('dmesg')?.map((line) => line.replace(/^<\d+>/, '')) ?? [];
        // The kernel may have said more since.
        assert.deepEqual((await ask('dmesg')).slice(0, messages.length), messages);
        if (optionsOf(built).has('CONFIG_HIGHMEM'))
          assert.match(messages.join('\n'), RegExp(`${HIGH_MEMORY}MB HIGHMEM available`));
        if (optionsOf(built).has('CONFIG_PAGE_TABLE_ISOLATION'))
          assert.match(messages.join('\n'), /Kernel\/User page tables isolation: enabled/);
        assert.deepEqual(await ask('maps 1'), said.get('cat /proc/1/maps'));
        // What a worker of a work queue does may have changed since.
        const names = (lines: readonly string[] = []): string[] =>
          lines.map((line) => /(?:\[.*\]|\S+)$/.exec(line)?.[0].replace(/^(\[kworker\/[^-+]*)[-+].*\]/, '$1]') ?? line);
        // Ours begins with a heading and the idle task.
        assert.deepEqual(names((await ask('ps')).slice(2)), names(said.get('ps')?.slice(1)));
        const firstWords = (lines: readonly string[] = []): string[] =>
          lines.map((line) => line.split(' ').slice(0, 3).join(' '));
        assert.deepEqual(firstWords(await ask('mount')), firstWords(said.get('cat /proc/mounts')));
        const { sockets } = await client.request<{ sockets: { local: string; state: string; inode: number }[] }>(
          'sockscope/sockets',
        );
        const inodes = said.get('cat /proc/net/tcp')?.slice(1).map((line) => Number(line.trim().split(/\s+/)[9])); // prettier-ignore
        assert.deepEqual(
          sockets.map(({ local, state, inode }) => [local, state, inode]),
          [['0.0.0.0:5001', 'LISTEN', inodes?.[0]]],
        );
      });
    });

    it('a panic stops the session with its reason', async () => {
      const client = await launched(configuration);
      await client.request('setExceptionBreakpoints', { filters: ['fault'] });
      await client.request('configurationDone');
      await client.console(PROMPT);
      await client.type('panic');
      const stop = await client.stopped();
      assert.match(
        stop.text ?? '',
        /^Kernel panic - not syncing: sysrq triggered crash — called in sysrq_handle_crash/,
      );
      await client.kill();
    });
  });
}

function isProgram({ source }: DebugProtocol.StackFrame): boolean {
  return /guest\/programs\//.test(source?.path ?? '');
}

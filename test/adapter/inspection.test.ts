import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Guest } from '../../guest/build/guest.mjs';
import { launched, PREPARATION, prepared, started } from './fixture';
import type { Scopes, TestClient } from './test-client';

/** A connection's first bytes are about to be sent: net/socket.c, in __sys_sendto called by hello's send(). */
describe('adapter: looking at a stopped guest', function () {
  this.timeout(PREPARATION);
  let guest: Guest;
  let client: TestClient;
  let thread: number;
  let frames: DebugProtocol.StackFrame[];
  let top: DebugProtocol.StackFrame;
  let scopes: Scopes;

  before(async () => {
    guest = await prepared();
    client = await launched({ run: ['replyhi &', 'hello'] });
    await client.functionBreakpoints(
      { name: 'sock_sendmsg', condition: '$comm == "hello"' },
      { name: 'tcp_sendmsg', condition: '$comm == "hello"' },
    );
    const stop = await started(client);
    thread = stop.threadId ?? 0;
    await client.functionBreakpoints();
    frames = await client.frames(thread);
    // The innermost frame of tcp_sendmsg or a caller: what has `sock` is wanted first.
    top = frames[0];
    scopes = await client.scopes(top.id);
  });
  after(() => client.end());

  /** The frame of a function in the present stack. */
  function frame(name: string): DebugProtocol.StackFrame {
    const found = frames.find((each) => each.name === name);
    return found ?? assert.fail(`no frame ${name} in ${frames.map((each) => each.name).join(' ')}`);
  }

  describe('stack', () => {
    it('goes from the protocol up to the program’s main, with a divider where the kernel was entered', () => {
      const names = frames.map((each) => each.name);
      for (const name of ['__sys_sendto', '__do_sys_socketcall', 'entry_INT80_32', 'system_call', 'send', 'main'])
        assert.ok(names.includes(name), names.join(' '));
      const divider = frames.find((each) => each.presentationHint === 'label');
      assert.equal(divider?.name, 'int $0x80 — system call 102 (socketcall)');
      assert.ok(names.indexOf('entry_INT80_32') + 1 === names.indexOf(divider.name));
      assert.equal(divider.source, undefined);
    });

    it('comes in pages, and says how long it is', async () => {
      const stack = (args: object) =>
        client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId: thread, ...args });
      const all = await stack({});
      assert.equal(all.totalFrames, frames.length);
      const pages = [];
      for (let start = 0; start < frames.length; start += 3) {
        const page = await stack({ startFrame: start, levels: 3 });
        pages.push(...page.stackFrames);
      }
      assert.deepEqual(pages, all.stackFrames);
      const beyond = await stack({ startFrame: 1000, levels: 10 });
      assert.deepEqual(beyond.stackFrames, []);
    });

    it('is formatted as asked', async () => {
      const { stackFrames } = await client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', {
        threadId: thread,
        format: {
          parameters: true,
          parameterNames: true,
          parameterTypes: true,
          parameterValues: true,
          module: true,
          line: true,
        },
      });
      const sendto = stackFrames.find(({ name }) => name.includes('__sys_sendto'));
      assert.match(
        sendto?.name ?? '',
        /^vmlinux!__sys_sendto\(int fd=.*, void \* buff=.*, .*int addr_len=.*\) line \d+$/,
      );
    });

    it('of a sleeping task is there as well', async () => {
      const { threads } = await client.request<DebugProtocol.ThreadsResponse['body']>('threads');
      const server = threads.find(({ name }) => name.startsWith('replyhi '));
      assert.match(server?.name ?? '', /^replyhi \(pid \d+\) (sleeping in \w+|ready)$/);
      const stack = await client.frames(server?.id ?? 0);
      const names = stack.map(({ name }) => name);
      assert.ok(names.includes('__schedule') || names.includes('schedule'), names.join(' '));
      assert.equal(names.at(-2), 'main', names.join(' '));
      assert.equal(await client.value('server', stack.at(-2)!.id), '3');
    });

    it('of a thread that does not exist is an error', async () => {
      assert.equal(await client.failure('stackTrace', { threadId: 99999 }), 'That task has ended.');
    });
  });

  describe('scopes', () => {
    it('are arguments, locals and registers; what Linux adds comes behind', () => {
      assert.deepEqual(Object.keys(scopes).slice(0, 4), ['Arguments', 'Locals', 'Registers', 'System call']);
      const hints = Object.values(scopes).map((scope) => scope.presentationHint);
      assert.deepEqual(hints.slice(0, 4), ['arguments', 'locals', 'registers', undefined]);
    });

    it('Registers has the groups general, flags, segment, control and floating point', async () => {
      const groups = await client.variables(scopes.Registers.variablesReference);
      assert.deepEqual(
        groups.map(({ name }) => name),
        ['General', 'Flags', 'Segment', 'Control', 'Floating point'],
      );
      const [general, flags, segment, control, float] = groups.map(({ variablesReference }) => variablesReference);
      const registers = await client.values(general);
      assert.deepEqual(Object.keys(registers), [
        'eax',
        'ebx',
        'ecx',
        'edx',
        'esi',
        'edi',
        'ebp',
        'esp',
        'eip',
        'eflags',
      ]);
      assert.match(registers.eip, new RegExp(`^${top.instructionPointerReference} <`));
      assert.equal((await client.values(flags)).IF, '1');
      assert.equal((await client.values(segment)).cs, '0x0060 (GDT entry 12, privilege 0)');
      assert.match((await client.values(control)).cr0, /\(PE .*WP.* PG\)$/);
      assert.equal(Object.keys(await client.values(float)).length, 8);
    });

    it('a caller’s registers that a callee may have changed say so', async () => {
      const caller = await client.scopes(frame('__sys_sendto').id);
      const [general] = await client.variables(caller.Registers.variablesReference);
      const { ecx, ebp, eip } = await client.values(general.variablesReference);
      assert.equal(ecx, '<not saved: a called function may have changed it>');
      assert.match(ebp, /^0x/);
      assert.match(eip, /__sys_sendto\+0x/);
    });

    it('the user’s registers are those the program had', async () => {
      const user = frames.find(({ name }) => name === 'system_call');
      const [general, , segment] = await client.variables((await client.scopes(user!.id)).Registers.variablesReference);
      const { ebx } = await client.values(general.variablesReference);
      assert.match(ebx, /^0x00000009/, 'SYS_SEND');
      assert.match((await client.values(segment.variablesReference)).cs, /^0x0073 .*privilege 3/);
    });

    it('of the divider are none; of a frame that is gone an error', async () => {
      const divider = frames.find((each) => each.presentationHint === 'label');
      assert.deepEqual(await client.scopes(divider!.id), {});
      assert.equal(await client.failure('scopes', { frameId: 99999 }), 'This frame is gone: the guest has run since.');
      assert.equal(
        await client.failure('variables', { variablesReference: 99999 }),
        'That value is gone: the guest has run since.',
      );
    });
  });

  describe('values', () => {
    const value = (expression: string, more: object = {}) => client.value(expression, top.id, more);

    /** Members of an expression by name. */
    async function members(expression: string): Promise<Map<string, DebugProtocol.Variable>> {
      const { variablesReference } = await client.evaluate(expression, top.id);
      assert.ok(variablesReference > 0, `${expression} can be expanded`);
      return new Map((await client.variables(variablesReference)).map((variable) => [variable.name, variable]));
    }

    it('the way from a socket to its protocol: function pointers have names', async () => {
      assert.match(await value('inet_stream_ops.sendmsg'), /<inet_sendmsg>/);
      assert.match(await value('tcp_prot.sendmsg'), /<tcp_sendmsg>/);
      const task = await members('$task');
      assert.equal(task.get('comm')?.value, '"hello"');
    });

    it('structures, unions, pointers, char arrays, enums and bit-fields', async () => {
      const prot = await members('tcp_prot');
      assert.equal(prot.get('name')?.value, '"TCP"');
      assert.match(prot.get('name')?.type ?? '', /^char ?\[32\]$/);
      const state = await value('(enum sock_type)1');
      assert.equal(state, 'SOCK_STREAM');
    });

    it('arrays come in pages', async () => {
      const table = await client
        .evaluate('ia32_sys_call_table', top.id)
        .catch(() => client.evaluate('sys_call_table', top.id));
      assert.ok((table.indexedVariables ?? 0) > 400);
      const page = await client.variables(table.variablesReference, { filter: 'indexed', start: 100, count: 5 });
      assert.deepEqual(
        page.map(({ name }) => name),
        ['[100]', '[101]', '[102]', '[103]', '[104]'],
      );
      assert.match(page[2].value, /<__ia32_sys_socketcall>/);
    });

    it('in hexadecimal where asked: by the format, and by a suffix', async () => {
      assert.equal(await value('255', { format: { hex: true } }), '0xff');
      assert.equal(await value('255,x'), '0xff');
      assert.equal(await value('0xff,d'), '255');
    });

    it('of expressions: arithmetic, casts, registers, tasks, addresses, slices', async () => {
      const cases: [string, string | RegExp][] = [
        ['1 + 2 * 3', '7'],
        ['(unsigned char)0x1ff', /255/],
        ['sizeof(struct sockaddr_in)', '16'],
        ['$pid > 1', '1'],
        ['$comm', '"hello"'],
        ['$eip == (unsigned long)$eip', '1'],
        ['&tcp_prot', /^0x[0-9a-f]{8} <tcp_prot>/],
        ['(char *)&linux_banner', /^0x[0-9a-f]{8} <linux_banner> "Linux version 6\.1/],
        ['jiffies > 0', '1'],
      ];
      for (const [expression, expected] of cases) {
        const text = await value(expression);
        if (typeof expected === 'string') assert.equal(text, expected, expression);
        else assert.match(text, expected, expression);
      }
    });

    it('say in one sentence why there are none', async () => {
      const cases: [string, RegExp][] = [
        ['nonsense', /^There is no variable, function or constant "nonsense" here/],
        ['1 +', /./],
        ['tcp_prot.nothing', /nothing/],
        ['sock_sendmsg()', /call/],
        ['1 / 0', /zero/],
      ];
      for (const [expression, why] of cases) {
        const message = await client.failure('evaluate', { expression, frameId: top.id, context: 'watch' });
        assert.match(message, why, expression);
        assert.doesNotMatch(message, /failed unexpectedly|\n/, expression);
      }
    });

    it('of memory that is not mapped say so', async () => {
      const failure = await client.failure('evaluate', { expression: '*(int *)0', frameId: top.id, context: 'watch' });
      assert.equal(failure, 'Cannot access memory at 0x00000000: no page is mapped there.');
    });

    it('assign only in the console', async () => {
      assert.match(
        await client.failure('evaluate', { expression: '$eax = 1', frameId: top.id, context: 'watch' }),
        /assign|change/i,
      );
    });

    it('complete names and members', async () => {
      const complete = async (text: string): Promise<string[]> => {
        const args = { frameId: top.id, text, column: text.length + 1 };
        const { targets } = await client.request<DebugProtocol.CompletionsResponse['body']>('completions', args);
        return targets.map(({ label }) => label);
      };
      assert.deepEqual(await complete('$ei'), ['$eip']);
      assert.ok((await complete('tcp_prot.send')).includes('sendmsg'));
      assert.ok((await complete('$task.co')).includes('comm') || (await complete('$task->co')).includes('comm'));
      assert.deepEqual(await complete('nonsense.'), []);
    });
  });

  describe('memory', () => {
    it('is read where it is mapped, and says how much is not', async () => {
      const banner = await client.evaluate('&linux_banner', top.id);
      const args = { memoryReference: banner.memoryReference, count: 13 };
      const read = await client.request<DebugProtocol.ReadMemoryResponse['body']>('readMemory', args);
      assert.equal(Buffer.from(read?.data ?? '', 'base64').toString(), 'Linux version');
      assert.equal(read?.unreadableBytes, undefined);
      const none = await client.request<DebugProtocol.ReadMemoryResponse['body']>('readMemory', {
        memoryReference: '0x00000000',
        count: 64,
      });
      assert.deepEqual(none, { address: '0x00000000', data: '', unreadableBytes: 64 });
      const bad = await client.failure('readMemory', { memoryReference: 'here', count: 1 });
      assert.equal(bad, '"here" is no memory reference.');
    });

    it('is written, whole or in part', async () => {
      const { memoryReference } = await client
        .evaluate('&$task->comm', top.id)
        .catch(() => client.evaluate('&(*$task).comm', top.id));
      const write = (text: string, more: object = {}) =>
        client.request<DebugProtocol.WriteMemoryResponse['body']>('writeMemory', {
          memoryReference,
          data: Buffer.from(text).toString('base64'),
          ...more,
        });
      assert.deepEqual(await write('jello'), { bytesWritten: 5 });
      assert.equal(await client.value('$comm', top.id), '"jello"');
      await write('hello');
      const args = { memoryReference: '0x00000010', data: 'AAAA' };
      assert.match(await client.failure('writeMemory', args), /0x0*10/);
    });
  });

  describe('disassembly', () => {
    const disassemble = async (args: object) =>
      (await client.request<DebugProtocol.DisassembleResponse['body']>('disassemble', args))!.instructions;

    // Not of the entry code: the kernel patches its alternatives there at boot.
    it('equals objdump’s, instruction by instruction', async () => {
      let compared = 0;
      for (const name of [
        '__sys_socket',
        '__sys_bind',
        '__ia32_sys_socketcall',
        'inet_bind',
        'tcp_v4_connect',
        'tcp_sendmsg_locked',
      ]) {
        const text = execFileSync('objdump', ['-d', '--no-show-raw-insn', `--disassemble=${name}`, guest.vmlinux], {
          encoding: 'utf8',
          maxBuffer: 1 << 26,
        });
        const expected = [...text.matchAll(/^([0-9a-f]{8}):\t(\S+)/gm)].map(([, address, mnemonic]) => ({
          address: `0x${address}`,
          mnemonic,
        }));
        assert.ok(expected.length > 10, name);
        const rows = await disassemble({ memoryReference: expected[0].address, instructionCount: expected.length });
        assert.deepEqual(
          rows.map(({ address }) => address),
          expected.map(({ address }) => address),
          name,
        );
        compared += rows.length;
      }
      assert.ok(compared > 400, `${compared} instructions compared`);
    });

    it('gives exactly as many instructions as asked, forwards and backwards', async () => {
      const memoryReference = top.instructionPointerReference;
      for (const [instructionOffset, instructionCount] of [
        [0, 10],
        [-10, 20],
        [-50, 100],
        [-5, 3],
        [5, 10],
        [-200, 400],
      ]) {
        const rows = await disassemble({ memoryReference, instructionOffset, instructionCount });
        assert.equal(rows.length, instructionCount, `${instructionCount} from ${instructionOffset}`);
        if (instructionOffset <= 0 && -instructionOffset < instructionCount)
          assert.equal(
            rows[-instructionOffset].address,
            memoryReference,
            `${instructionCount} from ${instructionOffset}`,
          );
      }
    });

    it('of memory that is not there says so', async () => {
      const rows = await disassemble({ memoryReference: '0x00000000', instructionCount: 5, instructionOffset: -2 });
      assert.equal(rows.length, 5);
      assert.ok(rows.every(({ presentationHint }) => presentationHint === 'invalid'));
    });

    it('names symbols, branch targets and source lines', async () => {
      const rows = await disassemble({
        memoryReference: frame('__sys_sendto').instructionPointerReference,
        instructionOffset: -40,
        instructionCount: 80,
        resolveSymbols: true,
      });
      assert.ok(rows.some(({ symbol }) => symbol?.startsWith('__sys_sendto')));
      assert.ok(
        rows.some(({ instruction }) => /^call {4}.*<\w+>$/.test(instruction)),
        rows.map((r) => r.instruction).join('\n'),
      );
      assert.ok(rows.some(({ location, line }) => location?.path?.endsWith('net/socket.c') && (line ?? 0) > 1000));
    });
  });

  describe('sources and modules', () => {
    it('loadedSources has kernel and programs; source gives their text', async () => {
      const { sources } = await client.request<DebugProtocol.LoadedSourcesResponse['body']>('loadedSources', {});
      const paths = sources.map((source) => source.path ?? '');
      assert.ok(paths.some((each) => each.endsWith('/net/socket.c')));
      assert.ok(paths.some((each) => each.endsWith('/guest/programs/replyhi.c')));
      assert.equal(new Set(paths).size, paths.length);
      const source = sources.find((each) => each.path?.endsWith('/net/socket.c'));
      const { content } = await client.request<DebugProtocol.SourceResponse['body']>('source', {
        source,
        sourceReference: 0,
      });
      assert.match(content, /SYSCALL_DEFINE2\(socketcall/);
      const message = await client.failure('source', { source: { path: 'none.c' }, sourceReference: 0 });
      assert.equal(message, 'The source none.c is not on this machine; name its folder in "sourceMap".');
    });

    it('modules come in pages', async () => {
      const all = await client.request<DebugProtocol.ModulesResponse['body']>('modules', {});
      assert.equal(all.modules[0].name, 'vmlinux');
      assert.equal(all.totalModules, all.modules.length);
      const page = await client.request<DebugProtocol.ModulesResponse['body']>('modules', {
        startModule: 1,
        moduleCount: 2,
      });
      assert.deepEqual(page.modules, all.modules.slice(1, 3));
    });
  });
});

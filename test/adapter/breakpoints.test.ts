import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { atPrompt, PREPARATION, prepared } from './fixture';
import type { TestClient } from './test-client';

const SOCKET_C = 'net/socket.c';

describe('adapter: breakpoints', function () {
  this.timeout(PREPARATION);
  let client: TestClient;
  /** Line of the kernel's net/socket.c with a text. */
  let lineOf: (text: string) => number;

  before(async () => {
    const { sources } = await prepared();
    const lines = readFileSync(path.join(sources, SOCKET_C), 'utf8').split('\n');
    lineOf = (text) => lines.findIndex((line) => line.includes(text)) + 1;
    client = await atPrompt();
  });
  after(() => client.end());

  /** Removes all breakpoints, lets the guest run on, and waits for its prompt. */
  async function clean(): Promise<void> {
    await client.functionBreakpoints();
    await client.lineBreakpoints(SOCKET_C);
    await client.lineBreakpoints('guest/programs/socketpair.c');
    await client.request('setInstructionBreakpoints', { breakpoints: [] });
  }

  /** Types a line while the guest runs, and gives the stop that follows. */
  async function stopAfterTyping(line: string): Promise<DebugProtocol.StoppedEvent['body']> {
    await client.type(line);
    return client.stopped();
  }

  /** Types a line and waits until its program has ended. */
  async function runToPrompt(line: string): Promise<void> {
    await client.type(line);
    await client.console(line);
    await client.console('sockscope# ');
  }

  async function goOn(threadId: number | undefined): Promise<void> {
    await client.request('continue', { threadId });
    await client.console('sockscope# ');
    assert.equal(client.takeEvents('stopped').length, 0);
  }

  describe('by line', () => {
    it('stop in the line, in all that was compiled from the file', async () => {
      const line = lineOf('err = __sys_socketpair(a0, a1, a[2]');
      const [breakpoint] = await client.lineBreakpoints(SOCKET_C, line);
      assert.equal(breakpoint.verified, true);
      assert.equal(breakpoint.line, line);
      assert.equal(breakpoint.message, undefined);
      const stop = await stopAfterTyping('socketpair');
      assert.equal(stop.reason, 'breakpoint');
      assert.equal(stop.allThreadsStopped, true);
      assert.deepEqual(stop.hitBreakpointIds, [breakpoint.id]);
      assert.equal((await client.top(stop.threadId ?? 0)).line, line);
      await clean();
      await goOn(stop.threadId);
    });

    it('move from a case label to its statement, and say so', async () => {
      const label = lineOf('case SYS_LISTEN:');
      const [breakpoint] = await client.lineBreakpoints(SOCKET_C, label);
      assert.equal(breakpoint.verified, true);
      assert.equal(breakpoint.line, label + 1);
      assert.equal(
        breakpoint.message,
        `Line ${label} has no code of its own; the breakpoint is on the statement in line ${label + 1}.`,
      );
    });

    it('take a host path of the cached sources as well', async () => {
      const { sources } = await prepared();
      const line = lineOf('err = __sys_listen(a0, a1);');
      const [breakpoint] = await client.lineBreakpoints(path.join(sources, SOCKET_C), line);
      assert.equal(breakpoint.verified, true);
      assert.equal(breakpoint.line, line);
      await client.lineBreakpoints(path.join(sources, SOCKET_C));
    });

    it('say why they have no place', async () => {
      const [unknown] = await client.lineBreakpoints('net/nothing.c', 10);
      assert.equal(unknown.verified, false);
      assert.equal(unknown.reason, 'pending', 'a program that is not known yet may have it');
      assert.match(unknown.message ?? '', /^No loaded module was compiled from net\/nothing\.c \(vmlinux, /);
      const [beyond] = await client.lineBreakpoints(SOCKET_C, 99999);
      assert.equal(beyond.verified, false);
      assert.equal(beyond.message, 'No code belongs to line 99999 of net/socket.c or a line after it.');
      await client.lineBreakpoints('net/nothing.c');
    });

    it('stop where a condition holds, and only there', async () => {
      const line = lineOf('switch (call) {');
      await client.lineBreakpoints(SOCKET_C, { line, condition: 'call == 8 && $comm == "socketpair"' });
      const stop = await stopAfterTyping('socketpair');
      const frame = await client.top(stop.threadId ?? 0);
      assert.equal(await client.value('call', frame.id), '8');
      await clean();
      await goOn(stop.threadId);
    });

    it('stop with the reason where a condition cannot be evaluated', async () => {
      const line = lineOf('err = __sys_socketpair(a0, a1, a[2]');
      await client.lineBreakpoints(SOCKET_C, { line, condition: 'nonsense > 1' });
      const stop = await stopAfterTyping('socketpair');
      assert.match(stop.text ?? '', /There is no variable, function or constant "nonsense" here/);
      await clean();
      await goOn(stop.threadId);
    });

    it('count hits in the forms that VS Code offers', async () => {
      const line = lineOf('switch (call) {');
      // Which calls udp makes, and in which order, is known from a run that logs them all.
      const calls: string[] = [];
      await client.lineBreakpoints(SOCKET_C, { line, condition: '$comm == "udp"', logMessage: 'call {call}' });
      client.takeEvents('output');
      await runToPrompt('udp');
      for (const { body } of client.takeEvents<DebugProtocol.OutputEvent>('output')) {
        const call = /^call (\d+)\n$/.exec(body.output)?.[1];
        if (call) calls.push(call);
      }
      assert.ok(calls.length >= 3, calls.join(' '));
      for (const [hitCondition, expected] of [
        ['2', 1],
        ['== 3', 2],
        ['>= 2', 1],
        ['%2', 1],
      ] as const) {
        await client.lineBreakpoints(SOCKET_C, { line, condition: '$comm == "udp"', hitCondition });
        const stop = await stopAfterTyping('udp');
        const frame = await client.top(stop.threadId ?? 0);
        assert.equal(await client.value('call', frame.id), calls[expected], hitCondition);
        await clean();
        await goOn(stop.threadId);
      }
      const [bad] = await client.lineBreakpoints(SOCKET_C, { line, hitCondition: 'often' });
      assert.equal(bad.verified, false);
      assert.match(bad.message ?? '', /often/);
      await clean();
    });

    it('print a log message instead of stopping, with expressions in braces', async () => {
      const line = lineOf('err = __sys_socketpair(a0, a1, a[2]');
      await client.lineBreakpoints(SOCKET_C, { line, logMessage: 'pair of {a0} by {$comm}: {nonsense} \\{literal\\}' });
      client.takeEvents('output');
      await runToPrompt('socketpair');
      const logged = client
        .takeEvents<DebugProtocol.OutputEvent>('output')
        .filter(({ body }) => body.category === 'console');
      assert.ok(logged.length > 0);
      assert.match(logged[0].body.output, /^pair of 1 by "socketpair": /);
      assert.match(logged[0].body.output, /nonsense/);
      assert.match(logged[0].body.output, /\{literal\}/);
      assert.equal(logged[0].body.line, line);
      assert.match(logged[0].body.source?.path ?? '', /net\/socket\.c$/);
      assert.equal(client.takeEvents('stopped').length, 0);
      await clean();
    });

    it('refuse a log message whose braces do not match', async () => {
      const [breakpoint] = await client.lineBreakpoints(SOCKET_C, { line: 3048, logMessage: 'call {call' });
      assert.equal(breakpoint.verified, false);
      assert.equal(breakpoint.message, 'The log message has a "{" without its "}" (at character 6).');
      await clean();
    });

    it('are gone when removed', async () => {
      const line = lineOf('err = __sys_socketpair(a0, a1, a[2]');
      await client.lineBreakpoints(SOCKET_C, line);
      await client.lineBreakpoints(SOCKET_C);
      await runToPrompt('socketpair');
      assert.equal(client.takeEvents('stopped').length, 0);
    });

    it('in a program are known before the program runs, and hit in it alone', async () => {
      const { sources } = await prepared();
      const file = 'guest/programs/socketpair.c';
      const text = readFileSync(path.join(sources, file), 'utf8').split('\n');
      const line = text.findIndex((each) => each.includes('socketpair(AF_UNIX')) + 1;
      const [breakpoint] = await client.lineBreakpoints(file, line);
      assert.equal(breakpoint.verified, true);
      const stop = await stopAfterTyping('socketpair');
      const frame = await client.top(stop.threadId ?? 0);
      assert.equal(frame.line, line);
      assert.match(frame.source?.path ?? '', /socketpair\.c$/);
      await clean();
      await goOn(stop.threadId);
    });

    it('breakpointLocations names the lines that have code', async () => {
      const first = lineOf('case SYS_SOCKET:');
      const source = { path: SOCKET_C };
      const { breakpoints } = await client.request<DebugProtocol.BreakpointLocationsResponse['body']>(
        'breakpointLocations',
        { source, line: first, endLine: first + 5 },
      );
      const lines = [...new Set(breakpoints.map((each) => each.line))];
      assert.ok(lines.includes(first + 1) && lines.includes(first + 4), String(lines));
      assert.ok(!lines.includes(first) && !lines.includes(first + 3), 'labels have no code');
      const none = await client.request<DebugProtocol.BreakpointLocationsResponse['body']>('breakpointLocations', {
        source,
        line: 1,
      });
      assert.deepEqual(none.breakpoints, []);
    });
  });

  describe('by function', () => {
    const PLACES: [name: string, file: RegExp, message: RegExp | undefined][] = [
      ['__sys_bind', /net\/socket\.c$/, undefined],
      ['sys_socket', /net\/socket\.c$/, /^sys_socket is __sys_socket in this kernel\.$/],
      ['sys_socketcall', /net\/socket\.c$/, /^sys_socketcall is __ia32_sys_socketcall in this kernel\.$/],
      ['SYS_BIND', /net\/socket\.c$/, /^case SYS_BIND of the socketcall switch$/],
      ['socketcall:SYS_BIND', /net\/socket\.c$/, /^case SYS_BIND of the socketcall switch$/],
      ['socketcall:bind', /net\/socket\.c$/, /^case SYS_BIND of the socketcall switch$/],
      ['entry_INT80_32', /arch\/x86\/entry\/entry_32\.S$/, undefined],
      ['*__sys_listen', /net\/socket\.c$/, undefined],
      ['net/socket.c:__sys_listen', /net\/socket\.c$/, undefined],
      ['net/socket.c:3048', /net\/socket\.c$/, undefined],
      ['replyhi:main', /replyhi\.c$/, undefined],
      ['start_kernel', /init\/main\.c$/, undefined],
      ['idt_setup_traps', /arch\/x86\/kernel\/idt\.c$/, undefined],
    ];

    it(`are found by the names that people know (${PLACES.length} forms)`, async () => {
      const set = await client.functionBreakpoints(...PLACES.map(([name]) => name));
      set.forEach((breakpoint, i) => {
        const [name, file, message] = PLACES[i];
        assert.equal(breakpoint.verified, true, `${name}: ${breakpoint.message}`);
        assert.match(breakpoint.source?.path ?? '', file, name);
        assert.match(breakpoint.instructionReference ?? '', /^0x[0-9a-f]{8}$/);
        if (message) assert.match(breakpoint.message ?? '', message);
        else assert.equal(breakpoint.message, undefined, name);
      });
      await clean();
    });

    it('of each call that the kernel has by itself and by socketcall', async () => {
      const names =
        'socket bind connect listen accept4 getsockname getpeername socketpair sendto recvfrom shutdown'.split(' ');
      const calls = [...names, ...'setsockopt getsockopt sendmsg recvmsg sendmmsg recvmmsg select sendfile'.split(' ')];
      const set = await client.functionBreakpoints(...calls.map((call) => `sys_${call}`));
      set.forEach((breakpoint, i) => assert.equal(breakpoint.verified, true, `${calls[i]}: ${breakpoint.message}`));
      await clean();
    });

    it('say why they have no place', async () => {
      const cases: [name: string, why: RegExp][] = [
        ['no_such_function', /^There is no function no_such_function in vmlinux, /],
        ['SYS_NOTHING', /^The socketcall switch of this kernel has no case SYS_NOTHING\.$/],
        ['net/socket.c:no_such_function', /no_such_function/],
        ['*nonsense', /There is no variable, function or constant "nonsense" here/],
        ['', /^The name of a function is missing\.$/],
      ];
      const set = await client.functionBreakpoints(...cases.map(([name]) => name));
      set.forEach((breakpoint, i) => {
        assert.equal(breakpoint.verified, false, cases[i][0]);
        assert.match(breakpoint.message ?? '', cases[i][1]);
      });
      await clean();
    });

    it('stop where the function begins, with its arguments', async () => {
      const [breakpoint] = await client.functionBreakpoints('sys_socketpair');
      const stop = await stopAfterTyping('socketpair');
      assert.equal(stop.reason, 'function breakpoint');
      assert.deepEqual(stop.hitBreakpointIds, [breakpoint.id]);
      const top = await client.top(stop.threadId ?? 0);
      assert.equal(top.name, '__sys_socketpair');
      const { Arguments } = await client.scopes(top.id);
      const values = await client.values(Arguments.variablesReference);
      assert.equal(values.family, '1');
      await clean();
      await goOn(stop.threadId);
    });
  });

  describe('by instruction', () => {
    it('stop before the instruction at an address, with an offset', async () => {
      const [at] = await client.functionBreakpoints('*__sys_socketpair');
      await client.functionBreakpoints();
      const { breakpoints } = await client.request<DebugProtocol.SetInstructionBreakpointsResponse['body']>(
        'setInstructionBreakpoints',
        { breakpoints: [{ instructionReference: at.instructionReference, offset: 1 }] },
      );
      assert.equal(breakpoints[0].verified, true);
      // An offset into the middle of an instruction is never reached; the beginning is.
      const [exact] = (
        await client.request<DebugProtocol.SetInstructionBreakpointsResponse['body']>('setInstructionBreakpoints', {
          breakpoints: [{ instructionReference: at.instructionReference }],
        })
      ).breakpoints;
      const stop = await stopAfterTyping('socketpair');
      assert.equal(stop.reason, 'instruction breakpoint');
      assert.deepEqual(stop.hitBreakpointIds, [exact.id]);
      assert.equal((await client.top(stop.threadId ?? 0)).instructionPointerReference, at.instructionReference);
      await clean();
      await goOn(stop.threadId);
    });

    it('refuse what is no address', async () => {
      const args = { breakpoints: [{ instructionReference: 'main' }] };
      assert.equal(await client.failure('setInstructionBreakpoints', args), '"main" is no memory reference.');
    });
  });
});

import * as assert from 'node:assert/strict';
import { ensureGuest } from '../../guest/build/guest.mjs';
import type { Target } from '../../src/debugger/target';
import { StubSession } from './stub';

const MINUTES = 60_000;
const MAIN = 'guest/programs/replyhi.c';
const LIBRARY = 'guest/programs/lib';

type Session = StubSession<Target>;

/** The tests that matter run on both: our own machine, and one that we did not write. */
const MACHINES = {
  'our emulator': async (): Promise<Session> => StubSession.emulated(await ensureGuest()),
  QEMU: async (): Promise<Session> => StubSession.start(await ensureGuest()),
};

for (const [machine, start] of Object.entries(MACHINES))
  describe(`debugger: run control on the real kernel in ${machine}`, function () {
    this.timeout(10 * MINUTES);
    let session: Session;

    before(async () => {
      session = await start();
    });
    after(() => session?.end());
    afterEach(() => {
      session.debugger.setFunctionBreakpoints([]);
      session.debugger.setDataBreakpoints([]);
      session.debugger.setSourceBreakpoints(MAIN, []);
      session.debugger.setSourceBreakpoints('net/socket.c', []);
    });

    it('stops at a breakpoint that was set before the kernel was even unpacked', async () => {
      const [breakpoint] = session.debugger.setFunctionBreakpoints([{ name: 'start_kernel' }]);
      assert.ok(breakpoint.verified);
      const event = await session.continue();
      assert.equal(event.reason, 'functionBreakpoint');
      assert.deepEqual(event.breakpointIds, [breakpoint.id]);
      assert.match(session.here, /^start_kernel init\/main\.c:/);
    });

    it('resolves the names people know, and says what they stand for', () => {
      const named = session.debugger.setFunctionBreakpoints([
        { name: 'sys_socket' },
        { name: 'SYS_BIND' },
        { name: 'net/socket.c:3048' },
        { name: 'replyhi:main' },
        { name: 'no_such_function' },
      ]);
      assert.deepEqual(
        named.map(({ verified, locations }) => [verified, locations.map((l) => `${l.functionName}:${l.line}`).join()]),
        [
          [true, '__sys_socket:1639'],
          [true, '__do_sys_socketcall:3042'],
          [true, '__do_sys_socketcall:3048'],
          [true, named[3].locations.map((l) => `main:${l.line}`).join()],
          [false, ''],
        ],
      );
      assert.equal(named[0].message, 'sys_socket is __sys_socket in this kernel.');
      assert.match(named[4].message ?? '', /There is no function no_such_function in vmlinux/);
      assert.equal(named[3].locations[0].module?.name, 'replyhi');
    });

    it('moves a line on a case label to its statement and says so', () => {
      const [breakpoint] = session.debugger.setSourceBreakpoints('net/socket.c', [{ line: 3047 }]);
      assert.equal(breakpoint.locations[0].line, 3048);
      assert.equal(
        breakpoint.message,
        'Line 3047 has no code of its own; the breakpoint is on the statement in line 3048.',
      );
    });

    it('takes a breakpoint while the guest runs', async () => {
      await session.boot();
      setTimeout(() => {
        assert.ok(session.debugger.running);
        session.debugger.setSourceBreakpoints(MAIN, [{ line: 57 }]);
        session.machine.type('replyhi &');
      }, 200);
      const event = await session.continue();
      assert.equal(event.reason, 'breakpoint');
      assert.equal(session.here, `main ${MAIN}:57`);
      assert.match(session.debugger.threads().find(({ id }) => id === event.thread)!.name, /replyhi/);
    });

    it('steps into library functions past their prologues, and out again', async () => {
      await session.step('into');
      assert.match(session.here, new RegExp(`^bind ${LIBRARY}/socket\\.c:`));
      await session.step('out');
      assert.equal(session.here, `main ${MAIN}:57`);
      await session.step('over');
      assert.equal(session.here, `main ${MAIN}:58`);
    });

    it('steps into int $0x80: the kernel’s entry, one stack across the border', async () => {
      let steps = 0;
      while (!session.here.startsWith('entry_INT80_32')) {
        assert.ok(++steps < 60, session.here);
        await session.step('into');
      }
      const stack = session.stack();
      assert.match(stack[0], /^entry_INT80_32 arch\/x86\/entry\/entry_32\.S:\d+$/);
      assert.equal(stack[1], '--- int $0x80 — system call 102 (socketcall)');
      assert.deepEqual(
        stack.slice(2).map((line) => line.split(' ')[0]),
        ['system_call', 'socketcall', 'listen', 'main', '_start'],
      );
    });

    it('steps out of the entry: back at the user’s line behind the int', async () => {
      await session.step('out');
      assert.match(session.here, new RegExp(`^system_call ${LIBRARY}/entry\\.c:`));
      assert.ok(session.top.isUser);
      await session.step('out');
      await session.step('out');
      await session.step('out');
      assert.equal(session.here, `main ${MAIN}:58`);
    });

    it('steps out from deep in the kernel frame by frame up to the user', async () => {
      session.debugger.setFunctionBreakpoints([{ name: '__sys_accept4' }]);
      await session.continue();
      session.debugger.setFunctionBreakpoints([]);
      // accept blocks, so stepping out would wait for a client: give it one.
      session.machine.type('hello');
      const seen: string[] = [];
      for (let i = 0; i < 12 && !session.top.isUser; i++) {
        await session.step('out');
        seen.push(session.top.functionName);
      }
      assert.deepEqual(seen, [
        '__do_sys_socketcall',
        // __se_sys_socketcall is inlined too and has no instruction of its own behind the call.
        '__ia32_sys_socketcall',
        'ia32_sys_call',
        'do_syscall_32_irqs_on',
        'do_int80_syscall_32',
        'entry_INT80_32',
        'system_call',
      ]);
    });

    it('steps over a call that sleeps while other tasks run, and stays with its task', async () => {
      session.debugger.setSourceBreakpoints(MAIN, [{ line: 62 }]);
      await session.continue();
      // The first client is served: the next round waits in accept.
      const thread = session.debugger.currentThread();
      session.debugger.setFunctionBreakpoints([{ name: 'accept' }]);
      await session.continue();
      session.debugger.setFunctionBreakpoints([]);
      session.debugger.setSourceBreakpoints(MAIN, []);
      assert.match(session.here, /^accept /);
      session.machine.type('hello');
      await session.step('out');
      assert.equal(session.debugger.currentThread(), thread);
      assert.match(session.here, new RegExp(`^main ${MAIN}:62`));
    });

    it('can be paused while a step waits for something that does not come', async () => {
      session.debugger.setFunctionBreakpoints([{ name: 'accept' }]);
      await session.continue();
      session.debugger.setFunctionBreakpoints([]);
      setTimeout(() => session.debugger.pause(), 500);
      const event = await session.step('out');
      assert.equal(event.reason, 'pause');
    });

    it('shows where a sleeping task sleeps, up to its main', () => {
      const sleeper = session.debugger.threads().find(({ name }) => name.startsWith('replyhi'))!;
      const frames = session.debugger.frames(sleeper.id).frames.map((frame) => frame.functionName);
      for (const name of ['schedule', 'inet_csk_accept', '__sys_accept4', 'entry_INT80_32', 'accept', 'main'])
        assert.ok(frames.includes(name), `${name} in ${frames.join()}`);
    });

    it('evaluates conditions in the frame of the hit, and counts hits', async () => {
      const [breakpoint] = session.debugger.setFunctionBreakpoints([
        { name: '__sys_sendto', condition: 'len == 2', hitCondition: '2' },
      ]);
      session.machine.type('hello & hello & hello');
      const event = await session.continue();
      assert.deepEqual(event.breakpointIds, [breakpoint.id]);
      assert.equal(breakpoint.hits, 2);
      assert.equal(session.debugger.expressions.text('len', session.top), '2');
    });

    it('stops where a condition cannot be evaluated, and says so', async () => {
      session.debugger.setFunctionBreakpoints([{ name: '__sys_socket', condition: 'no_such_variable == 1' }]);
      session.machine.type('hello');
      const event = await session.continue();
      assert.match(event.text ?? '', /^The condition "no_such_variable == 1" cannot be evaluated: .*no_such_variable/);
    });

    it('prints log messages without stopping', async () => {
      session.log.length = 0;
      session.debugger.setFunctionBreakpoints([
        { name: '__sys_socket', logMessage: 'socket({family}, {type & 0xf}) \\{{nonsense}\\}' },
        { name: '__sys_connect' },
      ]);
      session.machine.type('hello');
      // The first to connect is the client of the test before, whose socket exists already.
      await session.continue();
      assert.deepEqual(session.log, []);
      await session.continue();
      assert.match(session.here, /^__sys_connect /);
      assert.equal(session.log.length, 1);
      assert.match(session.log[0], /^socket\(2, 1\) \{<.*nonsense.*>\}$/);
    });

    it('stops behind a write to watched memory', async () => {
      const address = session.debugger.expressions.address('&jiffies', session.top);
      const [breakpoint] = session.debugger.setDataBreakpoints([
        { address, size: 4, access: 'write', name: 'jiffies' },
      ]);
      assert.ok(breakpoint.verified, breakpoint.message);
      const event = await session.continue();
      assert.equal(event.reason, 'dataBreakpoint');
      assert.equal(event.text, 'jiffies was written.');
      assert.equal(session.top.functionName, 'do_timer');
    });

    it('shows the interrupt between the handler and what it interrupted, and steps out through it', async () => {
      const kinds = session.debugger.frames(session.debugger.currentThread()).frames.map((frame) => frame.kind);
      const divider = kinds.indexOf('divider');
      assert.ok(divider > 0, kinds.join());
      const interrupted = session.debugger.frames(session.debugger.currentThread()).frames[divider + 1];
      session.debugger.setDataBreakpoints([]);
      let steps = 0;
      while (session.top.address !== interrupted.address) {
        assert.ok(++steps < 40, session.here);
        await session.step('out');
      }
    });

    it('changes registers where outer frames keep them', async () => {
      session.debugger.setFunctionBreakpoints([{ name: '__sys_socket' }]);
      session.machine.type('hello');
      await session.continue();
      const frames = session.debugger.frames(session.debugger.currentThread()).frames;
      const user = frames.find((frame) => frame.functionName === 'system_call')!;
      const place = user.registers.get('esi')!.place;
      assert.equal(place.kind, 'memory');
      user.writeRegister('esi', 0x12345678);
      assert.equal(session.debugger.frame(user.id).registers.get('esi')!.value, 0x12345678);
      user.writeRegister('esi', user.registers.get('esi')!.value);
      assert.equal(frames[0].registers.get('eip')!.place.kind, 'register');
    });

    it('offers the calls of a line to step into', async () => {
      session.debugger.setFunctionBreakpoints([{ name: '__sys_bind' }]);
      session.machine.type('udp &');
      await session.continue();
      const targets = session.debugger.stepTargets(session.top);
      assert.ok(Array.isArray(targets));
      await session.step('over');
      const after = session.debugger.stepTargets(session.top).map(({ label }) => label);
      assert.ok(after.includes('sockfd_lookup_light') || targets.some(({ label }) => label === 'sockfd_lookup_light'));
    });
  });

import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { chained } from './chain';
import { launched, PREPARATION, started } from './fixture';
import { lineOf } from './lines';
import type { TestClient } from './test-client';
import { Transcript } from './transcript';

const REPLYHI = 'guest/programs/replyhi.c';

for (const entry of ['int80', 'sysenter', 'direct']) {
  describe(`adapter: stepping into the kernel and out again, by ${entry}`, function () {
    this.timeout(PREPARATION);
    chained(this);
    let client: TestClient;
    let thread: number;
    let stop: DebugProtocol.StoppedEvent['body'];
    let transcript: Transcript;
    const userLine = lineOf(REPLYHI, 'check(socket(');

    before(async () => {
      client = await launched({ run: [`replyhi --entry=${entry} &`] });
      transcript = new Transcript(client);
      transcript.add(`breakpoint in the line of ${REPLYHI} that calls socket()`);
      const [breakpoint] = await client.lineBreakpoints(REPLYHI, userLine);
      assert.equal(breakpoint.verified, true);
      stop = await started(client);
      thread = stop.threadId ?? 0;
      await transcript.stop(stop, true);
    });
    after(() => client.end());

    /** One step, noted in the transcript. */
    async function step(command: string, more: object = {}): Promise<DebugProtocol.StackFrame> {
      transcript.add(command + (Object.keys(more).length > 0 ? ` ${JSON.stringify(more)}` : ''));
      stop = await client.run(command, { threadId: thread, ...more });
      assert.equal(stop.threadId, thread, 'a step stays with its task');
      return (await transcript.stop(stop, false))[0];
    }

    /** Steps until a predicate holds of the innermost frame. */
    async function stepUntil(
      command: string,
      holds: (frame: DebugProtocol.StackFrame) => boolean,
      limit: number,
    ): Promise<DebugProtocol.StackFrame> {
      for (let steps = 0; steps < limit; steps++) {
        const frame = await step(command);
        if (holds(frame)) return frame;
      }
      return assert.fail(
        `${limit} times ${command} did not get there:\n${JSON.stringify(await client.frames(thread))}`,
      );
    }

    it('steps into the API, down to the instruction that enters the kernel', async () => {
      assert.equal((await client.top(thread)).line, userLine);
      let frame = await step('stepIn');
      assert.equal(frame.name, 'socket');
      if (entry !== 'direct') {
        frame = await stepUntil('stepIn', (each) => each.name === 'socketcall', 6);
      }
      frame = await stepUntil('stepIn', (each) => each.name === 'system_call', 6);
      const text = entry === 'sysenter' ? 'asm volatile("call' : 'asm volatile("int';
      const wanted = lineOf('guest/programs/lib/entry.c', text);
      frame = await stepUntil('next', (each) => each.line === wanted, 6);
      assert.equal(frame.name, 'system_call');
    });

    it('steps into it and arrives in the kernel’s entry code', async () => {
      const entryName = entry === 'sysenter' ? 'entry_SYSENTER_32' : 'entry_INT80_32';
      if (entry === 'sysenter') {
        const vdso = await stepUntil('stepIn', (each) => each.name === '__kernel_vsyscall', 2);
        assert.ok(vdso);
      }
      const frame = await stepUntil('stepIn', (each) => each.name === entryName, entry === 'sysenter' ? 12 : 1);
      assert.match(frame.source?.path ?? '', /arch\/x86\/entry\/entry_32\.S$/);
      transcript.add('the whole stack there');
      const frames = await transcript.stop(stop, true);
      const main = frames.find((each) => each.name === 'main');
      assert.equal(main?.line, userLine, 'the stack goes on to the user’s main');
    });

    it('runs to __sys_socket, steps over, into a callee and out again', async () => {
      transcript.add('function breakpoint sys_socket');
      const [breakpoint] = await client.functionBreakpoints({ name: 'sys_socket', condition: '$comm == "replyhi"' });
      assert.equal(breakpoint.verified, true);
      transcript.add('continue');
      stop = await client.run('continue', { threadId: thread });
      const frames = await transcript.stop(stop, true);
      assert.equal(frames[0].name, '__sys_socket');
      await client.functionBreakpoints();
      const depth = frames.length;
      await step('next');
      let callee: DebugProtocol.StackFrame | undefined;
      for (let steps = 0; steps < 4 && !callee; steps++) {
        await step('stepIn');
        const now = await client.frames(thread);
        if (now.length > depth) [callee] = now;
      }
      assert.ok(callee, 'stepIn got into a callee');
      assert.notEqual(callee.name, '__sys_socket');
      const back = await stepUntil('stepOut', (each) => each.name === '__sys_socket', 2);
      assert.equal(back.name, '__sys_socket');
    });

    it('steps out up to the entry code, and out of it back to the user’s line', async () => {
      const entryName = entry === 'sysenter' ? 'entry_SYSENTER_32' : 'entry_INT80_32';
      await stepUntil('stepOut', (each) => each.name === entryName, 10);
      let frame = await step('stepOut');
      if (entry === 'sysenter') {
        assert.equal(frame.name, '__kernel_vsyscall');
        frame = await step('stepOut');
      }
      assert.equal(frame.name, 'system_call');
      transcript.add('the whole stack there');
      await transcript.stop(stop, true);
      frame = await stepUntil('stepOut', (each) => each.name === 'main', 5);
      assert.equal(frame.line, userLine);
      frame = await step('next');
      assert.ok(frame.line === userLine || frame.line === userLine + 1);
      transcript.check(`stepping-${entry}`);
    });

    it('the call has given the program its socket', async () => {
      const frame = await client.top(thread);
      const next =
        frame.line === userLine ? (await client.run('next', { threadId: thread }), await client.top(thread)) : frame;
      assert.equal(await client.value('server', next.id), '3');
    });
  });
}

describe('adapter: stepping a program to its end', function () {
  this.timeout(PREPARATION);
  let client: TestClient;

  after(() => client.end());

  it('stops where the task ends, and says so', async () => {
    client = await launched({ run: ['hello'] });
    await client.functionBreakpoints({ name: 'exit', condition: '$comm == "hello"' });
    const { threadId = 0 } = await started(client);
    await client.functionBreakpoints();
    for (let steps = 0; steps < 20; steps++) {
      const stop = await client.run('next', { threadId });
      if ((await client.top(threadId)).name !== 'do_task_dead') continue;
      assert.deepEqual([stop.reason, stop.text], ['step', 'The task ends here, before the step was done.']);
      await client.request('continue', { threadId });
      await client.console('hello: exit 1');
      return;
    }
    assert.fail('the program does not end');
  });
});

/** What is left with a kernel whose debug information lacks the structures that tasks are made of; and that it is said. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { launched, PREPARATION, prepared, started } from '../adapter/fixture';
import type { TestClient } from '../adapter/test-client';
import { tableOf, type BuiltKernel } from './exercise';

const SENTENCE =
  /^The kernel's debug information has no struct task_struct .*, but no tasks, programs, system calls and sockets\.$/;

export function exerciseReduced(title: string, kernel: () => Promise<BuiltKernel>): void {
  describe(`kernels: ${title}`, function () {
    this.timeout(2 * PREPARATION);
    let built: BuiltKernel;
    let client: TestClient;
    let thread: number;
    let frameId: number;

    before(async () => {
      built = await kernel();
      const guest = await prepared();
      const program = { initrd: guest.initrd, programs: [guest.programs], run: ['replyhi &'] };
      client = await launched({ kernel: path.join(built.folder, 'vmlinux'), ...program });
      const [, caught] = await client.functionBreakpoints('SYS_BIND', 'catch:listen');
      assert.equal(caught.verified, false);
      assert.match(caught.message ?? '', SENTENCE);
      const stop = await started(client);
      assert.equal(stop.text, 'bind(fd=3, addr=0.0.0.0:5001, addrlen=16)');
      thread = stop.threadId ?? 0;
      frameId = (await client.top(thread)).id;
    });
    after(() => client?.end());

    it('the kernel’s stack is whole, up to the program that it knows nothing of', async () => {
      const frames = await client.frames(thread);
      const names = frames.map(({ name }) => name);
      assert.deepEqual(names.slice(0, 3), ['__do_sys_socketcall', '__se_sys_socketcall', '__ia32_sys_socketcall']);
      assert.deepEqual(names.slice(-3, -1), ['entry_INT80_32', 'int $0x80 — system call 102 (socketcall)']);
      const scopes = await client.scopes(frames[0].id);
      const locals = await client.values(scopes.Locals.variablesReference);
      assert.equal(locals.a0, '3');
    });

    it('the tables are there', async () => {
      const { vectors } = await client.request<{ vectors: { symbol?: string }[] }>('sockscope/vectors');
      assert.equal(vectors[0x80].symbol, 'entry_INT80_32');
      const table = tableOf(built);
      const { systemCalls } = await client.request<{ systemCalls: { number: number; name: string }[] }>(
        'sockscope/systemCalls',
      );
      assert.ok(systemCalls.length > 300);
      for (const { number, name } of systemCalls) assert.equal(`sys_${name}`, table.get(number));
      const messages = await client.value('dmesg', frameId, { context: 'repl' });
      assert.match(messages, /Linux version 6/);
    });

    it('what needs tasks says why there are none', async () => {
      for (const command of ['ps', 'sockets', 'maps 1', 'mount', 'path'])
        await assert.rejects(client.value(command, frameId, { context: 'repl' }), (error: Error) =>
          SENTENCE.test(error.message),
        );
      for (const request of ['sockscope/tasks', 'sockscope/sockets'])
        await assert.rejects(client.request(request), (error: Error) => SENTENCE.test(error.message));
      const { reason } = await client.request<{ reason?: string }>('sockscope/dispatchPath', { threadId: thread });
      assert.match(reason ?? '', SENTENCE);
      const { threads } = await client.request<{ threads: { name: string }[] }>('threads');
      assert.deepEqual(threads.map(({ name }) => name), ['the kernel, in whichever task']); // prettier-ignore
    });

    it('steps from line to line, into functions and out of them', async () => {
      await client.functionBreakpoints('inet_csk_get_port');
      await client.run('continue', { threadId: thread });
      const { line } = await client.top(thread);
      await client.run('next', { threadId: thread });
      const next = await client.top(thread);
      assert.equal(next.name, 'inet_csk_get_port');
      assert.ok(next.line !== line);
      await client.run('stepOut', { threadId: thread });
      assert.equal((await client.top(thread)).name, '__inet_bind');
      const text = fs.readFileSync(path.join(built.sources, 'net/ipv4/af_inet.c'), 'utf8').split('\n');
      assert.match(text[(await client.top(thread)).line - 1], /->get_port\(|if \(err\)/);
    });
  });
}

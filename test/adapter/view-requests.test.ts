import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BodyOf, SockaddrBody, SystemCallRow } from '../../src/adapter/protocol';
import { launched, PREPARATION, ROOT, started } from './fixture';
import type { TestClient } from './test-client';

describe('adapter: what views ask for', function () {
  this.timeout(PREPARATION);
  let client: TestClient;
  let thread: number;
  let frameId: number;

  before(async () => {
    client = await launched({ run: ['replyhi'] });
    await client.functionBreakpoints('SYS_BIND');
    thread = (await started(client)).threadId ?? 0;
    frameId = (await client.top(thread)).id;
  });
  after(() => client.end());

  const sockaddr = (args: object): Promise<SockaddrBody> => client.request<SockaddrBody>('sockscope/sockaddr', args);

  it('sockscope/tasks lists the threads, with what each does', async () => {
    const { tasks } = await client.request<BodyOf<'sockscope/tasks'>>('sockscope/tasks');
    const { threads } = await client.request<{ threads: DebugProtocol.Thread[] }>('threads');
    assert.deepEqual(tasks.map(({ threadId }) => threadId).sort(), threads.map(({ id }) => id).sort());
    const [running, ...others] = tasks.filter(({ isRunning }) => isRunning);
    assert.deepEqual(others, []);
    assert.deepEqual([running.comm, running.threadId, running.state], ['replyhi', thread, 'running']);
    assert.match(running.program ?? '', /replyhi$/);
    const shell = tasks.find(({ pid }) => pid === running.ppid);
    assert.equal(shell?.state, 'sleeping');
    assert.ok(shell.waitChannel, 'where the shell sleeps');
    const kthreadd = tasks.find(({ comm }) => comm === 'kthreadd');
    assert.deepEqual([kthreadd?.pid, kthreadd?.isKernelThread, kthreadd?.program], [2, true, undefined]);
  });

  it('sockscope/focusTask tells the client of another task, and of the stopped one again', async () => {
    const { tasks } = await client.request<BodyOf<'sockscope/tasks'>>('sockscope/tasks');
    const shell = tasks.find(({ comm }) => comm === 'shell');
    assert.ok(shell, tasks.map(({ comm }) => comm).join(' '));
    await client.request('sockscope/focusTask', { threadId: shell.threadId });
    const other = await client.stopped();
    assert.deepEqual([other.reason, other.threadId, other.allThreadsStopped], ['pause', shell.threadId, true]);
    await client.request('sockscope/focusTask', { threadId: thread });
    const back = await client.stopped();
    assert.deepEqual([back.reason, back.threadId], ['function breakpoint', thread]);
    await assert.rejects(client.request('sockscope/focusTask', { threadId: 99999 }), /That task has ended\./);
  });

  it('sockscope/sources gives every source, those at hand as addresses that open', async () => {
    interface Row {
      file: string;
      available: boolean;
      source: DebugProtocol.Source;
    }
    const { sources } = await client.request<{ sources: Row[] }>('sockscope/sources');
    const socket = sources.find(({ file }) => file === 'net/socket.c');
    assert.equal(socket?.available, true);
    assert.equal(
      fs.realpathSync(socket.source.path ?? ''),
      fs.realpathSync(path.join(ROOT, 'dist/guest/sources/net/socket.c')),
    );
    assert.equal(new Set(sources.map(({ file }) => file)).size, sources.length, 'each once');
    assert.ok(
      sources.some(({ file }) => file.endsWith('replyhi.c')),
      'those of the programs too',
    );
  });

  it('sockscope/sockaddr decodes what a pointer, a number, a structure and a reference lead to', async () => {
    // The argument array of bind: fd, address, length.
    const byNumber = await sockaddr({ expression: 'a[1]', frameId });
    assert.deepEqual([byNumber.structure, byNumber.text, byNumber.length], ['struct sockaddr_in', '0.0.0.0:5001', 16]);
    assert.equal(byNumber.fields.find(({ name }) => name === 'sin_port')?.value, '5001');
    assert.equal(
      byNumber.fields.find(({ name }) => name === 'sin_port')?.data,
      Buffer.from([0x13, 0x89]).toString('base64'),
    );
    const byPointer = await sockaddr({ expression: '(struct sockaddr *)a[1]', frameId });
    assert.deepEqual(byPointer, byNumber);
    const byStructure = await sockaddr({ expression: '*(struct sockaddr *)a[1]', frameId });
    assert.deepEqual(byStructure, byNumber);
    const { memoryReference } = byNumber as unknown as { memoryReference: string };
    assert.equal((await sockaddr({ memoryReference, length: 8 })).length, 8);
  });

  it('sockscope/sockaddr refuses what is no address, in one sentence', async () => {
    await assert.rejects(sockaddr({ expression: '0', frameId }), /^RequestError: Nothing is mapped at 0x00000000\.$/);
    await assert.rejects(sockaddr({ expression: 'nonsense', frameId }), /nonsense/);
    await assert.rejects(sockaddr({ frameId }), /needs "expression" or "memoryReference"/);
  });

  it('a system-call breakpoint counts on the row of its own call', async () => {
    const [listen] = await client.functionBreakpoints('catch:listen');
    await client.run('continue', { threadId: thread });
    const { systemCalls } = await client.request<BodyOf<'sockscope/systemCalls'>>('sockscope/systemCalls');
    const row = (name: string): SystemCallRow | undefined => systemCalls.find((each) => each.name === name);
    assert.deepEqual([row('listen')?.breakpointIds, row('listen')?.hits], [[listen.id], 1]);
    assert.deepEqual([row('socketcall')?.breakpointIds, row('socketcall')?.hits], [[], 0]);
    const { cases } = await client.request<BodyOf<'sockscope/socketcallCases'>>('sockscope/socketcallCases');
    const hits = cases.map(({ call, callHits }) => [call, callHits] as const);
    // Its case knows too; it is not hit itself, nor is another call's.
    assert.deepEqual(hits.filter(([, count]) => count > 0), [['listen', 1]]); // prettier-ignore
    assert.ok(hits.some(([call]) => call === 'accept'));
    assert.equal(cases.find(({ name }) => name === 'SYS_LISTEN')?.hits, 0);
  });
});

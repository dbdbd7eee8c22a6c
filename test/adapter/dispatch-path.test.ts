import assert from 'node:assert/strict';
import type { DispatchHop, DispatchPathBody } from '../../src/adapter/protocol';
import { launched, PREPARATION, started } from './fixture';
import type { TestClient } from './test-client';

type Path = NonNullable<DispatchPathBody['path']>;

describe('adapter: the dispatch path of a system call', function () {
  this.timeout(PREPARATION);
  let client: TestClient;
  let thread: number;

  before(async () => {
    client = await launched({ run: ['replyhi'] });
    await client.functionBreakpoints('SYS_BIND');
    thread = (await started(client)).threadId ?? 0;
  });
  after(() => client.end());

  async function body(args: object = {}): Promise<DispatchPathBody> {
    return client.request<DispatchPathBody>('sockscope/dispatchPath', args);
  }

  async function path(args: object = {}): Promise<Path> {
    const { path: found, reason } = await body(args);
    assert.ok(found, reason);
    return found;
  }

  it('goes from the program’s function to the protocol, with what has been done and what is ahead', async () => {
    const { call, hops, present } = await path({ threadId: thread });
    assert.deepEqual([call.name, call.way, call.number, call.socketcall], ['bind', 'int80', 102, 2]);
    assert.match(call.text, /^bind\(3, \{sa_family=AF_INET, .*\}, 16\)$/);
    assert.equal(call.task, 'replyhi');
    const rows = hops.map(({ kind, title, state }) => `${state} ${kind} ${title}`);
    assert.deepEqual(rows, [
      'done api bind',
      'done gate vector 0x80',
      'done entry entry_INT80_32',
      'done table ia32_sys_call: case 102',
      'present switch case SYS_BIND',
      'ahead kernel __sys_bind',
      'ahead operations sock->ops->bind',
      'ahead protocol sk->sk_prot->get_port',
    ]);
    assert.equal(present, 4);
  });

  it('each hop has its place, and a function breakpoint by its name stops there', async () => {
    const { hops } = await path({ threadId: thread });
    for (const { title, source, line, address } of hops) assert.ok(source && line && address, title);
    for (const hop of hops.filter(({ state }) => state === 'ahead')) {
      await client.functionBreakpoints(hop.breakpoint ?? '');
      await client.run('continue', { threadId: thread });
      const now = await path();
      const reached = now.hops[now.present ?? -1];
      assert.deepEqual([reached.title, reached.state], [hop.title, 'present']);
      assert.equal((await client.top(thread)).name, hop.symbol);
    }
  });

  it('what decided a hop is what memory has', async () => {
    const { hops } = await path({ threadId: thread });
    const remembered = hops.filter((hop): hop is DispatchHop & { memory: { address: string } } =>
      Boolean(hop.memory?.address),
    );
    assert.deepEqual(
      remembered.map(({ kind }) => kind),
      ['gate', 'table', 'switch', 'operations', 'protocol'],
    );
    // A jump table leads into the middle of its function.
    const { memory: row } = hops.find(({ kind }) => kind === 'switch') ?? {};
    assert.match(row?.meaning ?? '', /^row 2 of the switch's jump table = 0x\w+ <__ia32_sys_socketcall\+0x[0-9a-f]+>$/);
    for (const { memory, table, title } of remembered) {
      const count = memory.bytes.split(' ').length;
      const args = { memoryReference: memory.memoryReference, count };
      const { data } = await client.request<{ data: string }>('readMemory', args);
      assert.equal(memory.bytes.replaceAll(' ', ''), Buffer.from(data, 'base64').toString('hex'), title);
      const current = table?.rows.filter(({ isCurrent }) => isCurrent);
      assert.deepEqual(
        current?.map(({ address, bytes }) => [address, bytes]),
        [[memory.address, memory.bytes]],
        title,
      );
    }
  });

  it('what has been left again is done', async () => {
    await client.functionBreakpoints();
    await client.run('stepOut', { threadId: thread });
    const states = async (): Promise<string[]> => (await path()).hops.map(({ state }) => state);
    for (const present of [6, 5, 4]) {
      let now = await path();
      // A hop may be left in several functions, one in the other.
      for (let steps = 0; now.present !== present && steps < 4; steps++) {
        await client.run('stepOut', { threadId: thread });
        now = await path();
      }
      assert.equal(now.present, present);
      assert.deepEqual(
        await states(),
        now.hops.map((_, i) => (i === present ? 'present' : 'done')),
      );
    }
    // On the way back through the entry code.
    while ((await client.top(thread)).name !== 'entry_INT80_32') await client.run('stepOut', { threadId: thread });
    assert.deepEqual(await states(), ['done', 'done', 'present', 'done', 'done', 'done', 'done', 'done']);
  });

  it('a thread that is in no system call has no path, and a sentence why', async () => {
    const { reason, path: none } = await body({ threadId: 2 });
    assert.equal(none, undefined);
    assert.equal(reason, 'kthreadd (pid 2) is a kernel thread: it makes no system calls.');
  });

  it('a sleeping task has the path of the call it sleeps in', async () => {
    const { call, hops, present } = await path({ threadId: 1 });
    assert.match(call.text, /^wait4\(-1, .*\)$/);
    assert.equal(hops[present ?? 0].state, 'present');
  });
});

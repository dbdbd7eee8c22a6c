import assert from 'node:assert/strict';
import { atPrompt, PREPARATION } from './fixture';
import type { TestClient } from './test-client';

interface Socket {
  readonly pid: number;
  readonly comm: string;
  readonly fd: number;
  readonly family: string;
  readonly type: string;
  readonly protocol: string;
  readonly state: string;
  readonly local: string;
  readonly remote: string;
  readonly receiveQueue: number;
  readonly sendQueue: number;
  readonly inode: number;
  readonly options: string[];
  readonly variablesReference: number;
}

describe('adapter: the open sockets of the guest', function () {
  this.timeout(PREPARATION);
  let client: TestClient;

  before(async () => {
    client = await atPrompt();
    await client.type('replyhi &');
    await client.console('sockscope# ');
  });
  after(() => client.end());

  async function sockets(): Promise<Socket[]> {
    return (await client.request<{ sockets: Socket[] }>('sockscope/sockets')).sockets;
  }

  /** Stops in a function that a command line leads to, and gives what is open there. */
  async function stopIn(name: string, line: string): Promise<{ list: Socket[]; threadId: number }> {
    await client.functionBreakpoints(name);
    await client.type(line);
    const { threadId = 0 } = await client.stopped();
    return { list: await sockets(), threadId };
  }

  async function goOn(threadId: number): Promise<void> {
    await client.functionBreakpoints();
    await client.request('continue', { threadId });
    await client.console('sockscope# ');
  }

  it('a listening socket is the one /proc/net/tcp shows', async () => {
    await client.type('cat /proc/net/tcp');
    await client.console('inode');
    const rows = (await client.console('sockscope# ')).split(/\r?\n/).filter((line) => /^\s*\d+:/.test(line));
    const expected = rows.map((line) => {
      const words = line.trim().split(/\s+/);
      const [address, port] = words[1].split(':');
      const bytes = (address.match(/../g) ?? []).map((byte) => parseInt(byte, 16)).reverse();
      return { local: `${bytes.join('.')}:${parseInt(port, 16)}`, state: words[3], inode: Number(words[9]) };
    });
    assert.equal(expected.length, 1);
    await client.request('pause', { threadId: 1 });
    const { threadId = 0 } = await client.stopped();
    // TCP_LISTEN is 0A.
    const found = (await sockets()).map(({ local, state, inode }) => ({
      local,
      state: state === 'LISTEN' ? '0A' : state,
      inode,
    }));
    assert.deepEqual(found, expected);
    await client.request('continue', { threadId });
  });

  it('both ends of a TCP connection, and the scope of the call', async () => {
    const { list, threadId } = await stopIn('tcp_sendmsg', 'hello');
    const ends = list.filter(({ state }) => state === 'ESTABLISHED');
    assert.equal(ends.length, 2);
    assert.deepEqual([ends[0].local, ends[0].remote], [ends[1].remote, ends[1].local]);
    assert.ok(ends.every(({ family, protocol }) => family === 'AF_INET' && protocol === 'IPPROTO_TCP'));
    const structures = await client.variables(ends[0].variablesReference);
    assert.deepEqual(
      structures.map(({ name }) => name),
      ['file', 'socket', 'sock', 'tcp_sock'],
    );
    const frames = await client.frames(threadId);
    const call = frames.find(({ name }) => name === '__sys_sendto' || name === '__sys_send');
    const scope = (await client.scopes(call?.id ?? 0)).Socket;
    const rows = await client.values(scope.variablesReference);
    const own = ends.find(({ pid }) => rows.task.endsWith(`(pid ${pid})`));
    assert.deepEqual([rows.fd, rows.local, rows.remote], [String(own?.fd), own?.local, own?.remote]);
    await goOn(threadId);
  });

  it('the sockets of AF_UNIX by their path', async () => {
    const { list, threadId } = await stopIn('unix_stream_sendmsg', 'unix');
    const own = list.filter(({ family }) => family === 'AF_UNIX');
    assert.deepEqual(own.map(({ state }) => state).sort(), ['ESTABLISHED', 'ESTABLISHED', 'LISTEN']);
    assert.ok(own.some(({ state, local }) => state === 'LISTEN' && local === '/tmp/unix.socket'));
    assert.ok(own.some(({ remote }) => remote === '/tmp/unix.socket'));
    await goOn(threadId);
  });

  it('UDP and raw sockets', async () => {
    const udp = await stopIn('udp_sendmsg', 'udp');
    assert.equal(udp.list.filter(({ protocol }) => protocol === 'IPPROTO_UDP').length, 2);
    await goOn(udp.threadId);
    const raw = await stopIn('raw_sendmsg', 'raw');
    assert.ok(raw.list.some(({ type, protocol }) => type === 'SOCK_RAW' && protocol === 'IPPROTO_ICMP'));
    const { result } = await client.evaluate('sockets', (await client.top(raw.threadId)).id, { context: 'repl' });
    assert.match(result, /raw\/\d+ +3 +AF_INET +SOCK_RAW +IPPROTO_ICMP/);
    await goOn(raw.threadId);
  });
});

import assert from 'node:assert/strict';
import type { BodyOf, SocketRow } from '../../src/adapter/protocol';
import { atPrompt, PREPARATION } from './fixture';
import type { TestClient } from './test-client';

describe('adapter: the open sockets of the guest', function () {
  this.timeout(PREPARATION);
  let client: TestClient;

  before(async () => {
    client = await atPrompt();
    await client.type('replyhi &');
    await client.console('sockscope# ');
  });
  after(() => client.end());

  async function sockets(): Promise<readonly SocketRow[]> {
    return (await client.request<BodyOf<'sockscope/sockets'>>('sockscope/sockets')).sockets;
  }

  /** Stops in a function that a command line leads to, and gives what is open there. */
  async function stopIn(name: string, line: string): Promise<{ list: readonly SocketRow[]; threadId: number }> {
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

  it('a datagram that waits to be read, with its bytes', async () => {
    const { list, threadId } = await stopIn('catch:recvfrom', 'udp');
    const receiver = list.find(({ protocol, queues }) => protocol === 'IPPROTO_UDP' && queues.length > 0);
    const buffers = [{ length: 10, consumed: 0, text: '"a datagram"' }];
    assert.deepEqual(receiver?.queues, [{ name: 'sk_receive_queue', buffers }]);
    const [queue] = await client.variables(receiver?.variablesReference ?? 0);
    assert.deepEqual([queue.name, queue.value], ['sk_receive_queue', '1 buffer, 10 bytes received, not read']);
    const [buffer] = await client.variables(queue.variablesReference);
    assert.equal(buffer.value, '"a datagram" (10 bytes)');
    const [line, skb] = await client.variables(buffer.variablesReference);
    assert.match(line.value, /^61 20 64 61 74 61 67 72 61 6d +a datagram$/);
    assert.equal(skb.type, 'struct sk_buff');
    assert.equal((await client.values(skb.variablesReference)).len, '10');
    await goOn(threadId);
  });

  it('what TCP has received and nobody has read', async () => {
    const { list, threadId } = await stopIn('catch:shutdown', 'shutdown');
    const unread = list.filter(({ queues }) => queues.some(({ name }) => name === 'sk_receive_queue'));
    const buffers = [{ length: 11, consumed: 0, text: '"last words\\0"' }];
    assert.deepEqual(
      unread.map(({ comm, fd, receiveQueue, queues }) => [comm, fd, receiveQueue, queues]),
      [['shutdown', 5, 11, [{ name: 'sk_receive_queue', buffers }]]],
    );
    await goOn(threadId);
  });

  it('a connection that waits to be accepted', async () => {
    const { list, threadId } = await stopIn('catch:accept4', 'accept4');
    const listener = list.find(({ comm, state }) => comm === 'accept4' && state === 'LISTEN');
    assert.deepEqual([listener?.receiveQueue, listener?.sendQueue], [1, 1]);
    const rows = await client.variables(listener?.variablesReference ?? 0);
    const waiting = rows.find(({ name }) => name === 'waiting connections');
    assert.equal(waiting?.value, '1 to be accepted');
    const [sock] = await client.variables(waiting?.variablesReference ?? 0);
    assert.equal(sock.type, 'struct sock');
    await goOn(threadId);
  });

  it('the options that a program has set', async () => {
    const { list, threadId } = await stopIn('catch:close', 'options');
    const [own] = list.filter(({ comm }) => comm === 'options');
    assert.deepEqual(own.options, [
      'SO_REUSEADDR',
      'SO_LINGER=7 s',
      'SO_RCVBUF=16384',
      'SO_RCVTIMEO=2 s',
      'TCP_NODELAY',
    ]);
    const others = list.filter(({ comm }) => comm !== 'options').flatMap(({ options }) => options);
    assert.deepEqual(others, [], 'defaults are not shown');
    await goOn(threadId);
  });
});

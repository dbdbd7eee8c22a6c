import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { launched, PREPARATION, prepared, started } from '../adapter/fixture';
import type { TestClient } from '../adapter/test-client';

/** Structures whose headers define macros for members, by how to get one from the argument of inet_bind. */
const HEADERS: readonly [header: string, struct: string, object: string, least: number][] = [
  ['include/net/sock.h', 'sock', 'sock->sk', 20],
  ['include/net/inet_sock.h', 'inet_sock', 'inet_sk(sock->sk)', 4],
];

describe('what people write about Linux’s structures', function () {
  this.timeout(PREPARATION);
  let client: TestClient;
  let frameId: number;
  let sources: string;

  before(async () => {
    sources = path.join((await prepared()).dir, 'sources');
    client = await launched({ run: ['replyhi'] });
    await client.functionBreakpoints('inet_bind');
    const { threadId = 0 } = await started(client);
    frameId = (await client.top(threadId)).id;
  });
  after(() => client.end());

  const value = (text: string, more: object = {}): Promise<string> => client.value(text, frameId, more);

  for (const [header, struct, object, least] of HEADERS) {
    it(`every member macro of ${header} is the member that it stands for`, async () => {
      let compared = 0;
      for (const line of readFileSync(path.join(sources, header), 'utf8').split('\n')) {
        const [, name, of] = /^#define\s+(\w+)\s+((?:\w+\.)*__sk_common\.\w+)/.exec(line) ?? [];
        if (name === undefined) continue;
        const plain = `((struct ${struct} *)${object})->${of}`;
        const ours = await value(`${object}->${name}`).catch((error: Error) => error.message);
        // What the kernel's configuration leaves out is there by neither name.
        const theirs = await value(plain).catch((error: Error) => error.message);
        assert.equal(ours.replace(name, ''), theirs.replace(name, ''), name);
        if (!/has no member/.test(theirs)) compared++;
      }
      assert.ok(compared >= least, `${compared} compared`);
      console.log(`      ${compared} macros compared`);
    });
  }

  it('they are lvalues, and can be watched', async () => {
    const repl = { context: 'repl' };
    const before = await value('sock->sk->sk_reuse');
    await value('sock->sk->sk_reuse = 3', repl);
    assert.equal(await value('sock->sk->__sk_common.skc_reuse == 3'), '1');
    await value(`sock->sk->sk_reuse = ${parseInt(before, 10)}`, repl);
    const args = { expression: 'sock->sk->sk_bound_dev_if', value: '2', frameId };
    assert.equal((await client.request<{ value: string }>('setExpression', args)).value, '2');
    assert.equal(await value('sock->sk->__sk_common.skc_bound_dev_if'), '2');
    await client.request('setExpression', { ...args, value: '0' });
    const info = await client.request<{ dataId: string }>('dataBreakpointInfo', {
      name: 'sock->sk->sk_state',
      frameId,
    });
    assert.equal(Number(info.dataId.split('/')[0]), Number(await value('(int)&sock->sk->__sk_common.skc_state,x')));
  });

  it('the casts between a socket’s structures are the sources’ own', async () => {
    assert.match(await value('sock->sk->sk_prot'), /<tcp_prot>$/);
    assert.equal(await value('tcp_sk(sock->sk)->inet_conn.icsk_inet.sk.sk_prot'), await value('sock->sk->sk_prot'));
    assert.equal(await value('&inet_csk(sock->sk)->icsk_inet == inet_sk(sock->sk)'), '1');
    assert.equal(
      await value('offsetof(struct sock, sk_prot)'),
      await value('offsetof(struct sock, __sk_common.skc_prot)'),
    );
  });

  it('current is the task of the frame', async () => {
    assert.equal(await value('current->comm'), await value('$comm'));
    assert.equal(await value('current->pid'), await value('$pid'));
  });

  it('an array that is declared without its length has that of its symbol', async () => {
    const elf = readFileSync(path.join(sources, '../vmlinux'));
    const size = Number(await value('sizeof linux_banner'));
    const text = await value('linux_banner', { context: 'clipboard' });
    assert.match(text, /^"Linux version 6\.\d+\..*\\n"$/);
    // The text and its closing zero fill the array.
    const banner = Buffer.from(`${text.slice(1, -3)}\n\0`);
    assert.equal(size, banner.length);
    assert.ok(elf.includes(banner), 'the text is in the kernel’s file');
    assert.equal((await client.evaluate('linux_banner', frameId)).type, `const char [${size}]`);
  });

  it('what is not mapped is a failure with one sentence, in watch, hover and console', async () => {
    for (const context of ['watch', 'hover', 'repl']) {
      for (const expression of ['*(int *)0', '*(struct sock *)0', '((struct sock *)0)->sk_prot', '*(char (*)[16])4']) {
        const message = await client.failure('evaluate', { expression, frameId, context });
        assert.match(message, /^Cannot access memory at 0x000000[0-9a-f]{2}: no page is mapped there\.$/);
      }
    }
    assert.equal(await value('&*(int *)0'), '0x0');
    assert.equal(await value('sizeof *(struct sock *)0 > 100'), '1');
  });
});

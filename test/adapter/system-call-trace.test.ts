/** The trace of system calls, switched on and off while the guest runs. */
import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { OwnEvents } from '../../src/adapter/protocol';
import { launched, PREPARATION } from './fixture';
import type { TestClient } from './test-client';

const PROMPT = 'sockscope# ';

describe('the trace of system calls', function () {
  this.timeout(PREPARATION);
  let client: TestClient;

  beforeEach(async () => {
    client = await launched({});
    await client.request('configurationDone');
    await client.console(PROMPT);
  });
  afterEach(() => client.end());

  /** What has been told of calls and of the guest's console, in the order in which it came. */
  function told(): { readonly calls: OwnEvents['sockscope/trace']['calls']; readonly texts: string[] } {
    const calls = client
      .takeEvents<DebugProtocol.Event & { body: OwnEvents['sockscope/trace'] }>('sockscope/trace')
      .flatMap(({ body }) => body.calls);
    const texts = client
      .takeEvents<DebugProtocol.OutputEvent>('output')
      .filter(({ body }) => body.category === 'console' || body.category === 'stdout')
      .map(({ body }) => body.output);
    return { calls, texts };
  }

  async function run(line: string): Promise<void> {
    await client.type(line);
    await client.console(PROMPT);
  }

  it('begins and ends at any time; a call that is under way at the end is unfinished', async () => {
    await run('udp');
    assert.deepEqual(told().calls, [], 'nothing is traced unless asked for');
    assert.deepEqual(await client.request('sockscope/traceScope', { scope: 'sockets', events: true }), {
      scope: 'sockets',
      events: true,
    });
    await run('replyhi &');
    await run('udp');
    assert.deepEqual(await client.request('sockscope/traceScope', { scope: 'off' }), { scope: 'off', events: true });
    const { calls, texts } = told();
    assert.deepEqual(
      calls.filter(({ comm }) => comm === 'replyhi').map(({ call, result }) => [call, result]),
      [
        ['socket', 3],
        ['bind', 0],
        ['listen', 0],
        ['accept', undefined],
      ],
    );
    assert.match(calls.at(-1)!.line, /^[\d.]+ \d+ \[pid \d+ replyhi\] accept\(3, .* <unfinished \.\.\.>$/);
    assert.ok(calls.some(({ comm }) => comm === 'udp'));
    const text = texts.join('');
    for (const { line } of calls) assert.ok(text.includes(`${line}\n`), `${line} in the debug console`);
    await run('udp');
    assert.deepEqual(told().calls, [], 'nothing any more');
  });

  it('is lines only, unless events are asked for', async () => {
    await client.request('sockscope/traceScope', { scope: 'sockets' });
    await run('udp');
    await client.request('sockscope/traceScope', { scope: 'off' });
    const { calls, texts } = told();
    assert.deepEqual(calls, []);
    assert.match(texts.join(''), / udp\] recvfrom\(/);
  });

  it('stands before what the guest wrote later, where both are shown in the debug console', async () => {
    await client.request('sockscope/traceScope', { scope: 'sockets' });
    await run('replyhi --once &');
    await run('hello');
    const text = told().texts.join('');
    const [received, said] = [text.indexOf('hello] recv(3, "hi"'), text.indexOf('hello: received "hi"')];
    assert.ok(received >= 0 && received < said, text);
  });

  it('is a command of the debug console', async () => {
    await client.request('sockscope/traceScope', { events: true });
    await client.request('pause', { threadId: 1 });
    await client.stopped();
    const command = async (expression: string): Promise<string> =>
      (await client.request<DebugProtocol.EvaluateResponse['body']>('evaluate', { expression, context: 'repl' }))
        .result;
    assert.equal(await command('trace'), 'No system calls are traced.');
    assert.equal(await command('trace all'), 'All system calls are traced.');
    assert.equal(await command('trace'), 'All system calls are traced.');
    await client.request('continue', { threadId: 1 });
    await run('udp');
    await client.request('pause', { threadId: 1 });
    await client.stopped();
    const { calls } = told();
    assert.ok(calls.some(({ call }) => call === 'execve') && calls.some(({ call }) => call === 'sendto'));
    assert.equal(await command('trace sockets'), 'The socket calls are traced.');
    assert.equal(await command('trace off'), 'No system calls are traced.');
    assert.equal(
      await client.failure('evaluate', { expression: 'trace everything', context: 'repl' }),
      'What is traced is "sockets", "all" or "off".',
    );
  });
});

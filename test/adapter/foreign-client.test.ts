import assert from 'node:assert/strict';
import path from 'node:path';
import { DebugClient } from '@vscode/debugadapter-testsupport';
import { lineOf } from './lines';
import { ADAPTER, prepared, PREPARATION, ROOT } from './fixture';

const REPLYHI = 'guest/programs/replyhi.c';

/** The protocol's authors' own test client, which makes its own assumptions about an adapter. */
describe('adapter: the client of the protocol’s authors', function () {
  this.timeout(PREPARATION);
  let client: DebugClient;
  let file: string;

  before(async () => {
    await prepared();
    file = path.join(ROOT, 'dist/guest/sources', REPLYHI);
  });
  beforeEach(async () => {
    client = new DebugClient('node', ADAPTER, 'sockscope');
    client.defaultTimeout = 60_000;
    await client.start();
  });
  afterEach(() => client.stop());

  it('launches, and is told of an unknown request', async () => {
    await Promise.all([
      client.configurationSequence(),
      client.launch({ run: ['help'] }),
      client.waitForEvent('process'),
    ]);
    await assert.rejects(client.send('illegal_request'), /illegal_request/);
  });

  it('hits a breakpoint, steps, and evaluates', async () => {
    const line = lineOf(REPLYHI, 'check(bind(');
    await client.hitBreakpoint({ run: ['replyhi &'] }, { path: file, line });
    const { threads } = (await client.threadsRequest()).body;
    const [{ id: threadId }] = threads;
    const [frame] = (await client.stackTraceRequest({ threadId })).body.stackFrames;
    const { result } = (await client.evaluateRequest({ expression: 'server', frameId: frame.id })).body;
    assert.equal(result, '3');
    await Promise.all([
      client.assertStoppedLocation('step', { path: file, line: line + 1 }),
      client.nextRequest({ threadId }),
    ]);
  });

  it('stops at a function’s entry with its name in the stack', async () => {
    await Promise.all([
      client.launch({ run: ['replyhi &'] }),
      client.waitForEvent('initialized').then(async () => {
        await client.setFunctionBreakpointsRequest({ breakpoints: [{ name: 'sys_listen' }] });
        await client.configurationDoneRequest();
      }),
      client.assertStoppedLocation('function breakpoint', { path: /net\/socket\.c$/ }),
    ]);
  });

  it('sees the session end with the guest', async () => {
    await Promise.all([
      client.configurationSequence(),
      client.launch({ run: ['exit'] }),
      client.waitForEvent('terminated'),
    ]);
  });
});

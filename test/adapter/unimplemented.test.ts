import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { atPrompt, PREPARATION } from './fixture';

describe('adapter: an instruction that the machine does not have', function () {
  this.timeout(PREPARATION);

  it('stops the session before it, names it with its function, and never runs on', async () => {
    const client = await atPrompt();
    await client.functionBreakpoints('replyhi:main');
    await client.type('replyhi &');
    const call = await client.stopped();
    const threadId = call.threadId ?? 0;
    const place = (await client.top(threadId)).instructionPointerReference ?? '';
    // movaps %xmm1, %xmm0
    const data = Buffer.from([0x0f, 0x28, 0xc1]).toString('base64');
    await client.request('writeMemory', { memoryReference: place, data });
    await client.functionBreakpoints();
    const expected =
      `main: movaps %xmm1, %xmm0 at ${place.toLowerCase()} needs SSE, which this machine (an i686) does not have; the guest cannot go on. ` +
      'Compile for it (gcc -m32 -march=i686), or ask CPUID before use.';
    for (const command of ['continue', 'continue', 'next', 'stepIn', 'continue']) {
      const stop = await client.run(command, { threadId });
      assert.equal(stop.reason, 'exception', command);
      assert.equal(stop.text, expected, command);
      assert.equal((await client.top(threadId)).instructionPointerReference, place);
    }
    const info = await client.request<DebugProtocol.ExceptionInfoResponse['body']>('exceptionInfo', { threadId });
    assert.equal(info.description, expected);
    await client.end();
  });
});

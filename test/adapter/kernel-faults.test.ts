import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { atPrompt, PREPARATION } from './fixture';

describe('adapter: a panic or oops of the kernel', function () {
  this.timeout(PREPARATION);

  it('stops the session with the reason and the place, and the log can be read', async () => {
    const client = await atPrompt();
    await client.request('setExceptionBreakpoints', { filters: ['fault'] });
    await client.type('panic');
    const stop = await client.stopped();
    assert.equal(stop.reason, 'exception');
    assert.match(
      stop.text ?? '',
      /^Kernel panic - not syncing: sysrq triggered crash — called in sysrq_handle_crash\S* \(drivers\/tty\/sysrq\.c:\d+\)$/,
    );
    const threadId = stop.threadId ?? 0;
    const top = await client.top(threadId);
    assert.equal(top.name, 'panic');
    const info = await client.request<DebugProtocol.ExceptionInfoResponse['body']>('exceptionInfo', { threadId });
    assert.equal(info.exceptionId, 'kernel panic or oops');
    assert.equal(info.description, stop.text);
    const log = await client.value('dmesg', top.id, { context: 'repl' });
    assert.match(log, /sysrq: Trigger a crash$/);
    // Behind the panic the guest is dead, and its log is still there.
    await client.request('continue', { threadId });
    await client.console('Kernel panic - not syncing: sysrq triggered crash');
    await client.console('end Kernel panic');
    await client.end();
  });

  it('names the faulting instruction and the registers of an oops', async () => {
    const client = await atPrompt();
    await client.request('setExceptionBreakpoints', { filters: ['fault'] });
    await client.functionBreakpoints('__sys_socket');
    await client.type('hello &');
    const call = await client.stopped();
    const top = await client.top(call.threadId ?? 0);
    // Sends the kernel to an address that nothing is mapped at.
    await client.request('setExpression', { expression: '$eip', value: '0x10', frameId: top.id });
    const stop = await client.run('continue', { threadId: call.threadId });
    assert.equal(stop.reason, 'exception');
    assert.match(stop.text ?? '', /^Oops: 0000 — at 0x10; eax=[0-9a-f]{8} ebx=/);
    await client.end();
  });

  it('does not stop without the filter', async () => {
    const client = await atPrompt();
    await client.request('setExceptionBreakpoints', { filters: [] });
    await client.type('panic');
    await client.console('end Kernel panic');
    assert.equal(client.takeEvents('stopped').length, 0);
    await client.end();
  });
});

import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { launched, PREPARATION } from './fixture';

describe('adapter: system-call breakpoints', function () {
  this.timeout(PREPARATION);

  it('stops for one program, one moment and one error only, by exception filters; each task has its own return', async () => {
    const client = await launched({ run: ['replyhi --once &', 'replyhi', 'hello', 'exit'] });
    const filterOptions = [
      { filterId: 'bind', condition: 'EADDRINUSE' },
      { filterId: 'accept', condition: 'return' },
      { filterId: 'recv', condition: 'return && $comm == "hello"' },
      { filterId: 'other', condition: 'write if $comm == "hello"' },
    ];
    const body = await client.request<{ breakpoints: DebugProtocol.Breakpoint[] }>('setExceptionBreakpoints', {
      filters: [],
      filterOptions,
    });
    assert.deepEqual(
      body.breakpoints.map((each) => each.verified),
      [true, true, true, true],
    );
    await client.request('configurationDone');
    const seen: string[] = [];
    for (let stop = await client.stopOrEnd(); stop; stop = await client.stopOrEnd()) {
      assert.equal(stop.reason, 'exception');
      const threadId = stop.threadId ?? 0;
      const info = await client.request<DebugProtocol.ExceptionInfoResponse['body']>('exceptionInfo', { threadId });
      assert.equal(info.exceptionId, 'system call');
      assert.equal(info.description, stop.text);
      seen.push((stop.text ?? '').replace(/, entered.*/, '').replace(/htons\(\d{5}\)/, 'htons(PORT)'));
      await client.request('continue', { threadId });
    }
    assert.deepEqual(seen, [
      'bind(3, {sa_family=AF_INET, sin_port=htons(5001), sin_addr=inet_addr("0.0.0.0")}, 16) returns -98 EADDRINUSE',
      'accept(3, {sa_family=AF_INET, sin_port=htons(PORT), sin_addr=inet_addr("127.0.0.1")}, [16]) returns 4',
      'write(1, "hello: sent \\"hello\\"\\n", 20)',
      'recv(3, "hi", 127, 0) returns 2',
      'write(1, "hello: received \\"hi\\"\\n", 21)',
    ]);
    await client.end();
  });

  it('stops at every socket call of a program, whichever way it comes in, and at every one that fails', async () => {
    const client = await launched({
      run: ['replyhi --once &', 'replyhi', 'hello --entry=direct', 'hello --entry=sysenter', 'exit'],
    });
    await client.request('setExceptionBreakpoints', {
      filters: ['failing'],
      filterOptions: [{ filterId: 'sockets', condition: '$comm == "hello"' }],
    });
    await client.request('configurationDone');
    const seen: string[] = [];
    for (let stop = await client.stopOrEnd(); stop; stop = await client.stopOrEnd()) {
      seen.push((stop.text ?? '').replace(/\(.*\)(?= returns|, entered)/, '').replace(/(by [^,]*),.*/, '$1'));
      await client.request('continue', { threadId: stop.threadId ?? 0 });
    }
    assert.deepEqual(seen, [
      'bind returns -98 EADDRINUSE, entered by int $0x80',
      'socket, entered by int $0x80',
      'connect, entered by int $0x80',
      'sendto, entered by int $0x80',
      'recvfrom, entered by int $0x80',
      'socket, entered by sysenter',
      'connect, entered by sysenter',
      // The server has served one client and is gone.
      'connect returns -111 ECONNREFUSED, entered by sysenter',
    ]);
    await client.end();
  });

  it('says what is wrong with a name or a filter', async () => {
    const client = await launched({});
    const set = await client.functionBreakpoints('catch:foo', 'catch:bind:sometimes', 'catch:');
    assert.deepEqual(
      set.map(({ verified, message }) => [verified, message]),
      [
        [false, 'This kernel has no system call "foo".'],
        [false, '"sometimes" is neither "entry", "return", "fail" nor an error such as EADDRINUSE.'],
        [false, 'A system-call breakpoint is catch:CALL or catch:CALL:WHEN, such as catch:bind:return.'],
      ],
    );
    const unknown = await client.failure('setExceptionBreakpoints', { filters: ['nothing'] });
    assert.equal(unknown, 'There is no system-call filter "nothing".');
    const unnamed = await client.failure('setExceptionBreakpoints', { filters: ['other'] });
    assert.equal(unnamed, 'Name the system call in the condition, for example: openat return');
    await client.end();
  });
});

import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { launched, PREPARATION } from './fixture';
import type { TestClient } from './test-client';

/** The study's calls, and accept4: the number of each that is direct on i386; how its lab call's text begins. */
const CALLS: Record<string, { direct?: number; text: RegExp }> = {
  socketcall: { text: /^socket\(AF_INET, SOCK_STREAM, IPPROTO_IP\)/ },
  socket: { direct: 359, text: /^socket\(AF_INET, SOCK_STREAM, IPPROTO_IP\)/ },
  bind: { direct: 361, text: /^bind\(3, \{sa_family=AF_INET, sin_port=htons\(5001\), sin_addr=inet_addr\("0\.0\.0\.0"\)\}, 16\)/ },
  connect: { direct: 362, text: /^connect\(3, \{sa_family=AF_INET, sin_port=htons\(5001\), sin_addr=inet_addr\("127\.0\.0\.1"\)\}, 16\)/ },
  listen: { direct: 363, text: /^listen\(3, 5\)/ },
  accept: { text: /^accept\(3, / },
  accept4: { direct: 364, text: /^accept4\(3, / },
  send: { text: /^send\(3, "hello", 5, 0\)/ },
  sendto: { direct: 369, text: /^sendto\(3, "/ },
  sendmsg: { direct: 370, text: /^sendmsg\(4, \{msg_name=\{sa_family=AF_INET, .*msg_iov=\[\{iov_base="gathered ", iov_len=9\}, / },
  recv: { text: /^recv\(4, / },
  recvfrom: { direct: 371, text: /^recvfrom\(4, / },
  recvmsg: { direct: 372, text: /^recvmsg\(3, \{/ },
  select: { direct: 142, text: /^select\(5, \[3 4\], NULL, NULL, \{tv_sec=0, tv_usec=20000\}\)/ },
  shutdown: { direct: 373, text: /^shutdown\(4, SHUT_WR\)/ },
  getsockname: { direct: 367, text: /^getsockname\(3, / },
  getpeername: { direct: 368, text: /^getpeername\(4, / },
  getsockopt: { direct: 365, text: /^getsockopt\(3, SOL_SOCKET, SO_TYPE, / },
  setsockopt: { direct: 366, text: /^setsockopt\(3, SOL_SOCKET, SO_REUSEADDR, \[1\], 4\)/ },
  sendfile: { direct: 187, text: /^sendfile\(5, 3, \[/ },
  socketpair: { direct: 360, text: /^socketpair\(AF_UNIX, SOCK_STREAM, 0, / },
}; // prettier-ignore
/** Calls that have a number of their own in every way in. */
const NEVER_MULTIPLEXED = ['select', 'sendfile'];
/** Cells that cannot exist, with the reason. */
const IMPOSSIBLE: Record<string, string> = {
  'direct socketcall': 'the direct calls are those that need no socketcall',
  'direct accept': 'i386 has no number for accept; the program calls accept4',
  'direct send': 'i386 has no number for send; the program calls sendto',
  'direct recv': 'i386 has no number for recv; the program calls recvfrom',
};
/** The errors that the lab programs provoke. For the other calls there is no cell: none of them fails there. */
const FAILURES: Record<string, string> = {
  bind: '-98 EADDRINUSE',
  connect: '-111 ECONNREFUSED',
  getpeername: '-107 ENOTCONN',
  setsockopt: '-92 ENOPROTOOPT',
};
const PROGRAMS = [
  'udp', 'sendmsg', 'select', 'shutdown', 'names', 'options', 'sendfile', 'socketpair', 'accept4',
]; // prettier-ignore

/** Texts of the stops of each breakpoint, by its name. */
async function stopsOf(client: TestClient, names: readonly string[]): Promise<Map<string, string>> {
  const set = await client.functionBreakpoints(...names.map((name) => ({ name, hitCondition: '==1' })));
  const nameOf = new Map(set.map((breakpoint, i) => [breakpoint.id, names[i]]));
  set.forEach((breakpoint, i) => assert.equal(breakpoint.verified, true, `${names[i]}: ${breakpoint.message}`));
  await client.request('configurationDone');
  const texts = new Map<string, string>();
  for (let stop = await client.stopOrEnd(); stop; stop = await client.stopOrEnd()) {
    for (const id of stop.hitBreakpointIds ?? []) texts.set(nameOf.get(id) ?? '', stop.text ?? '');
    await client.request('continue', { threadId: stop.threadId ?? 0 });
  }
  return texts;
}

describe('adapter: system-call breakpoints', function () {
  this.timeout(PREPARATION);

  for (const way of ['int80', 'sysenter', 'direct']) {
    it(`stops at each socket call on entry, on return and on failure, by ${way}`, async () => {
      const with_ = (line: string): string => `${line} --entry=${way}`;
      const run = [`${with_('replyhi --once')} &`, with_('replyhi'), with_('hello'), ...PROGRAMS.map(with_), 'exit'];
      const client = await launched({ run });
      const possible = Object.keys(CALLS).filter((call) => !IMPOSSIBLE[`${way} ${call}`]);
      const failing = Object.keys(FAILURES).filter((call) => possible.includes(call));
      const texts = await stopsOf(client, [
        ...Object.keys(CALLS).flatMap((call) => [`catch:${call}`, `catch:${call}:return`]),
        ...Object.keys(FAILURES).map((call) => `catch:${call}:fail`),
      ]);
      await client.end();
      const gate = way === 'sysenter' ? 'sysenter' : 'int $0x80';
      for (const [call, { direct, text }] of Object.entries(CALLS)) {
        const entry = texts.get(`catch:${call}`);
        const back = texts.get(`catch:${call}:return`);
        if (!possible.includes(call)) {
          assert.deepEqual([entry, back], [undefined, undefined], `${call}: ${IMPOSSIBLE[`${way} ${call}`]}`);
          continue;
        }
        const isDirect = way === 'direct' || NEVER_MULTIPLEXED.includes(call);
        const case_ = call === 'socketcall' ? 'SYS_SOCKET' : `SYS_${call.toUpperCase()}`;
        const number = isDirect ? `system call ${direct} (${call})` : `system call 102 (socketcall, ${case_})`;
        const tail = `entered by ${gate}, ${number}`;
        assert.ok(entry?.endsWith(`), ${tail}`), `${call} on entry: ${entry}`);
        assert.ok(back?.endsWith(`, ${tail}`) && / returns -?\d+/.test(back), `${call} on return: ${back}`);
        // By the direct way, other programs come first to some calls.
        if (way !== 'direct') assert.match(entry ?? '', text, `${call} by ${way}`);
        assert.match(entry ?? '', new RegExp(`^${call === 'socketcall' ? 'socket' : call}\\(`));
      }
      for (const call of failing) {
        const text = texts.get(`catch:${call}:fail`);
        assert.ok(text?.includes(` returns ${FAILURES[call]}, entered by ${gate}`), `${call} on failure: ${text}`);
      }
    });
  }

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

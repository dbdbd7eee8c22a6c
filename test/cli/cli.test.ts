import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { CLI, PREPARATION, prepared } from '../adapter/fixture';

interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function cli(...args: string[]): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Lines of `--json`: stops, and the order at the end. */
async function json(...args: string[]): Promise<{ stops: Record<string, unknown>[]; order: Record<string, string[]> }> {
  const { code, stdout, stderr } = await cli('--json', ...args);
  assert.equal(code, 0, stderr);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const last = lines.pop();
  return { stops: lines, order: last?.order as Record<string, string[]> };
}

/** Checks one stop against the format that the project promises. */
function checkStop(stop: Record<string, unknown>, number: number, cases: boolean): void {
  const text = JSON.stringify(stop);
  assert.equal(stop.stop, number, text);
  const task = stop.task as { pid: number; name: string };
  assert.ok(Number.isInteger(task.pid) && task.pid > 1, text);
  assert.ok(task.name === 'replyhi' || task.name === 'hello', text);
  assert.equal(typeof stop.function, 'string');
  assert.equal(stop.file, 'net/socket.c');
  assert.ok(Number.isInteger(stop.line) && (stop.line as number) > 0, text);
  if (cases) assert.match(stop.case as string, /^SYS_[A-Z]+$/);
  for (const value of Object.values(stop.arguments as object)) assert.match(typeof value, /^(string|number)$/);
  const way = stop.way as string[];
  assert.ok(way.length >= 6 && way.some((name) => name.startsWith('entry_')), text);
  if (cases) assert.ok(way.includes(`case ${stop.case as string}`), text);
  const stack = stop.stack as { function: string; file: string; line: number; space: string }[];
  assert.ok(stack.length > 5);
  assert.equal(stack[0].function, 'main');
  assert.equal(stack[0].space, 'user');
  assert.equal(stack[0].file, `guest/programs/${task.name}.c`);
  assert.equal(stack.at(-1)?.function, stop.function);
  assert.equal(stack.at(-1)?.space, 'kernel');
  const entered = stack.findIndex(({ space }) => space === 'kernel');
  assert.ok(
    stack.slice(entered).every(({ space }) => space === 'kernel'),
    text,
  );
  for (const { line, file } of stack) assert.ok(line > 0 && !file.startsWith('/'), text);
}

const CASES = {
  replyhi: ['SYS_SOCKET', 'SYS_BIND', 'SYS_LISTEN', 'SYS_ACCEPT', 'SYS_RECV', 'SYS_SEND'],
  hello: ['SYS_SOCKET', 'SYS_CONNECT', 'SYS_SEND', 'SYS_RECV'],
};
const FUNCTIONS = { replyhi: ['__sys_socket', '__sys_bind', '__sys_listen'], hello: ['__sys_socket'] };

describe('command line', function () {
  this.timeout(PREPARATION);
  before(() => prepared());

  it('--json --experiment b: every case, in order, with decoded arguments', async () => {
    const { stops, order } = await json('--experiment', 'b');
    assert.deepEqual(order, CASES);
    stops.forEach((stop, i) => checkStop(stop, i + 1, true));
    const byCase = (name: string, of: string): unknown =>
      stops.find((stop) => stop.case === of && (stop.task as { name: string }).name === name)?.arguments;
    const SOCKET = { family: 'AF_INET', type: 'SOCK_STREAM', protocol: 'IPPROTO_IP' };
    assert.deepEqual(byCase('replyhi', 'SYS_SOCKET'), SOCKET);
    assert.deepEqual(byCase('replyhi', 'SYS_BIND'), { fd: 3, addr: '0.0.0.0:5001', addrlen: 16 });
    assert.deepEqual(byCase('replyhi', 'SYS_LISTEN'), { fd: 3, backlog: 5 });
    assert.deepEqual(byCase('replyhi', 'SYS_SEND'), { fd: 4, buf: '"hi"', len: 2, flags: 'MSG_NOSIGNAL' });
    assert.deepEqual(byCase('hello', 'SYS_CONNECT'), { fd: 3, addr: '127.0.0.1:5001', addrlen: 16 });
    assert.deepEqual(byCase('hello', 'SYS_SEND'), { fd: 3, buf: '"hello"', len: 5, flags: '0' });
  });

  it('--json --experiment a, by sysenter', async () => {
    const { stops, order } = await json('--experiment', 'a', '--entry', 'sysenter');
    assert.deepEqual(order, FUNCTIONS);
    stops.forEach((stop, i) => checkStop(stop, i + 1, false));
    const functions = (stops[0].stack as { function: string }[]).map((entry) => entry.function);
    assert.ok(functions.includes('__kernel_vsyscall') && functions.includes('entry_SYSENTER_32'), functions.join(' '));
  });

  it('--json --experiment a, by direct calls, which pass socketcall by', async () => {
    const { stops, order } = await json('--experiment', 'a', '--entry', 'direct');
    assert.deepEqual(order, FUNCTIONS);
    stops.forEach((stop, i) => checkStop(stop, i + 1, false));
    for (const { stack } of stops) {
      const functions = (stack as { function: string }[]).map((entry) => entry.function);
      assert.ok(!functions.some((name) => name.includes('socketcall')), functions.join(' '));
    }
  });

  it('as text: place, source with the line marked, arguments, stack and order', async () => {
    const { code, stdout } = await cli('--experiment', 'a');
    assert.equal(code, 0);
    assert.match(stdout, /^Experiment \(a\): breakpoints on sys_socket, sys_bind and sys_listen$/m);
    assert.match(stdout, /^stop 2 {2}replyhi \(pid \d+\) {2}__sys_bind {2}net\/socket\.c:\d+$/m);
    assert.match(stdout, /^→ +\d+ {2}.*\S/m);
    assert.match(stdout, /^ {2}arguments {2}fd = 3, addr = 0\.0\.0\.0:5001, addrlen = 16$/m);
    assert.match(
      stdout,
      /^ {2}way {8}bind → vector 0x80 → entry_INT80_32 → .* → __sys_bind → inet_bind → inet_csk_get_port$/m,
    );
    assert.match(stdout, /^ {2}user +main +guest\/programs\/replyhi\.c:\d+$/m);
    assert.match(stdout, /^ {2}replyhi {2}__sys_socket → __sys_bind → __sys_listen$/m);
    assert.doesNotMatch(stdout, /\x1b/, 'no colours where nobody sees them');
  });

  it('--help says how it is used', async () => {
    const { code, stdout } = await cli('--help');
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: npm start/);
  });

  it('usage errors are one sentence, the usage and exit status 2', async () => {
    const cases: [args: string[], problem: string][] = [
      [['--experiment', 'c'], 'sockscope: There is no experiment "c".'],
      [['--entry', 'lcall7'], 'sockscope: There is no way in called "lcall7"; known are int80, sysenter, direct.'],
      [['dance'], 'sockscope: There is no command "dance".'],
      [['console', 'now'], 'sockscope: "now" is one argument too many.'],
      [['--colour'], "sockscope: Unknown option '--colour'."],
      [['--experiment'], "sockscope: Option '--experiment <value>' argument missing"],
    ];
    for (const [args, problem] of cases) {
      const { code, stdout, stderr } = await cli(...args);
      assert.equal(code, 2, args.join(' '));
      assert.equal(stdout, '');
      assert.ok(stderr.startsWith(problem), stderr);
      assert.match(stderr, /\n\nUsage: npm start/);
    }
  });
});

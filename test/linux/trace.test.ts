import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import path from 'node:path';
import { GuestSession } from '../../src/adapter/guest-session';
import { loadGuestFiles } from '../../src/adapter/guest-files';
import { Sources } from '../../src/adapter/sources';
import { CallTrace, type TracedCall, type TraceScope } from '../../src/linux';
import { CLI, PREPARATION, prepared } from '../adapter/fixture';

const WAYS = ['int80', 'sysenter', 'direct'];
/** Programs that run by themselves, here and on the host. `raw` is left out: its loopback traffic is not its own on the host. */
const PROGRAMS = ['udp', 'sendmsg', 'sendmmsg', 'shutdown', 'names', 'options', 'socketpair', 'accept4', 'unix'];

interface Run {
  readonly calls: TracedCall[];
  readonly console: string;
  readonly instructions: number;
}

/** Runs lines at the guest's prompt until the guest ends. */
async function run(lines: readonly string[], scope: TraceScope | undefined): Promise<Run> {
  const { dir } = await prepared();
  const configuration = { run: [...lines, 'exit'] };
  const files = loadGuestFiles(configuration, dir);
  const guest = new GuestSession(files, configuration, new Sources(files.sourceFolders, {}, false), () => {});
  const calls: TracedCall[] = [];
  let text = '';
  const decoder = new TextDecoder();
  guest.target.onConsoleOutput((bytes) => (text += decoder.decode(bytes, { stream: true })));
  let trace: CallTrace | undefined;
  if (scope) {
    trace = new CallTrace(guest.platform, guest.platform.callPlaces(), scope, (call) => calls.push(call));
    guest.debugger.setObservers([trace]);
  }
  await guest.debugger.continue();
  trace?.finish();
  const instructions = guest.target.instructionCount();
  guest.dispose();
  return { calls, console: text, instructions };
}

/** A line without what differs from run to run: addresses, ports that the kernel chose, time that is left. */
function masked(line: string): string {
  return line
    .replace(/0x[0-9a-f]{6,}/g, 'POINTER')
    .replace(/htons\((?!0\)|1\)|5001\))\d+\)/g, 'htons(PORT)')
    .replace(/left \{[^}]*\}/, 'left TIME')
    .replace(/\s+= /g, ' = ');
}

/** What strace shows of a value and we decode further, in strace's words. */
function asStrace(line: string): string {
  return line
    .replace(/SO_TYPE, \[SOCK_STREAM\]/, 'SO_TYPE, [1]')
    .replace(/(SO_RCVTIMEO_OLD, )\{tv_sec=2, tv_usec=0\}/, '$1"\\2\\0\\0\\0\\0\\0\\0\\0"');
}

/** strace's lines of a program's socket calls; one a call, whatever happened between its entry and its return. */
function strace(program: string, way: string): string[] {
  const filter = 'trace=network,select,_newselect,sendfile';
  const args = ['-f', '-q', '-e', filter, '-e', 'signal=none', '-s', '64', program, `--entry=${way}`];
  const { stderr, status, error } = spawnSync('strace', args, { encoding: 'utf8', timeout: 20_000 });
  assert.equal(error, undefined, `strace is needed: apt-get install strace (${String(error)})`);
  assert.equal(status, 0, stderr);
  const begun = new Map<string, string>();
  const lines: string[] = [];
  for (const raw of stderr.split('\n')) {
    const [, pid = '', line] = /^(?:\[pid +(\d+)\] )?(.*)$/.exec(raw) ?? [];
    const unfinished = /^(.*?)\s*<unfinished \.\.\.>$/.exec(line);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(line);
    if (unfinished) begun.set(pid, unfinished[1]);
    else if (resumed) {
      // The last process that is left goes without its pid.
      const whose = begun.has(pid) ? pid : [...begun.keys()][0];
      lines.push(`${begun.get(whose)}${resumed[1]}`.replace(/,(?=[^ ])/, ', '));
      begun.delete(whose);
    } else if (/^\w+\(/.test(line)) lines.push(line);
  }
  return lines.map(masked);
}

describe('linux: trace of system calls', function () {
  this.timeout(PREPARATION);
  before(() => prepared());

  for (const way of WAYS) {
    it(`shows what strace shows of the same programs on this host, by ${way}`, async function () {
      const { dir } = await prepared();
      const { calls } = await run(
        PROGRAMS.map((name) => `${name} --entry=${way}`),
        'sockets',
      );
      let compared = 0;
      for (const name of PROGRAMS) {
        const ours = calls.filter((call) => call.comm === name).map((call) => asStrace(masked(call.text)));
        const theirs = strace(path.join(dir, 'programs', name), way);
        // Parent and child may come in another order; each process's own calls are all there.
        assert.deepEqual(ours.sort(), theirs.sort(), name);
        compared += ours.length;
      }
      assert.ok(compared >= 80, `${compared} calls compared`);
    });
  }

  it('changes nothing in the guest: the same instructions are executed, and the console says the same', async () => {
    const lines = ['replyhi --once &', 'hello', 'udp'];
    const plain = await run(lines, undefined);
    for (const scope of ['sockets', 'all'] as const) {
      const traced = await run(lines, scope);
      assert.equal(traced.instructions, plain.instructions, scope);
      assert.equal(traced.console, plain.console, scope);
    }
  });

  it('shows calls that are not of sockets by their types, and those that do not return', async () => {
    const { calls } = await run(['hello'], 'all');
    const texts = calls.filter((call) => call.comm === 'hello').map((call) => call.text);
    assert.ok(
      texts.includes('write(2, "hello: connect (is replyhi running?): Connection refused\\n", 57) = 57'),
      texts.join('\n'),
    );
    assert.equal(texts.at(-1), 'exit_group(1) = ?');
    assert.match(calls.at(-1)?.text ?? '', /^reboot\(.*\) <unfinished \.\.\.>$/);
    const read = calls.find((call) => call.call === 'read' && call.text.includes('"h"'));
    assert.ok(read, 'the shell reads what is typed');
    assert.ok(
      calls.some((call) => /^execve\("\/bin\/hello", \["hello"\], 0x[0-9a-f]+ \/\* 3 vars \*\/\) = 0$/.test(call.text)),
    );
  });

  it('keeps the calls of each task apart, whatever others do while one sleeps', async () => {
    const { calls } = await run(['replyhi &', 'hello'], 'sockets');
    const accepts = calls.filter((call) => call.call === 'accept');
    assert.deepEqual(
      accepts.map((call) => [masked(call.text).replace(/POINTER/, 'ADDRESS'), call.result]),
      [
        ['accept(3, {sa_family=AF_INET, sin_port=htons(PORT), sin_addr=inet_addr("127.0.0.1")}, [16]) = 4', 4],
        // The end of the guest's shell kills the server, which gets a signal in its sleep.
        ['accept(3, ADDRESS, [16]) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)', -512],
      ],
    );
    const [accept] = accepts;
    // The socket decides it at the entry, also where the call comes back much later.
    assert.deepEqual(accept.path.slice(-4), ['case SYS_ACCEPT', '__sys_accept4', 'inet_accept', 'inet_csk_accept']);
    const connect = calls.find((call) => call.call === 'connect');
    assert.ok(connect && accept.enteredAt < connect.enteredAt && connect.enteredAt < (accept.returnedAt ?? 0));
  });

  it('npm start -- trace: lines and JSON lines, of the exchange or of a command', () => {
    const lines = execFileSync(process.execPath, [CLI, 'trace'], { encoding: 'utf8' }).trim().split('\n');
    assert.deepEqual(lines.map((line) => /\[pid \d+ (\w+)\] (\w+)\(/.exec(line)?.slice(1).join(' ')).sort(), [
      'hello connect', 'hello recv', 'hello send', 'hello socket', 'replyhi accept', 'replyhi bind', 'replyhi listen',
      'replyhi recv', 'replyhi send', 'replyhi socket',
    ]); // prettier-ignore
    const json = execFileSync(process.execPath, [CLI, 'trace', '--json', '--', 'socketpair', '--entry=sysenter'], {
      encoding: 'utf8',
    });
    const [first] = json
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as TracedCall);
    assert.equal(first.text, 'socketpair(AF_UNIX, SOCK_STREAM, 0, [3, 4]) = 0');
    assert.equal(first.gate, 'sysenter');
    assert.equal(first.case, 'SYS_SOCKETPAIR');
    // prettier-ignore
    assert.deepEqual(first.path, [
      'socketpair', 'sysenter', 'entry_SYSENTER_32', 'ia32_sys_call: case 102', 'case SYS_SOCKETPAIR', '__sys_socketpair', 'unix_create',
    ]);
  });
});

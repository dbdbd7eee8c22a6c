import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { atPrompt, PREPARATION } from './fixture';
import type { TestClient } from './test-client';

describe('adapter: commands of the debug console', function () {
  this.timeout(PREPARATION);
  let client: TestClient;
  let frameId: number;
  /** What the guest itself says, by command. */
  const guest = new Map<string, string[]>();

  before(async () => {
    client = await atPrompt();
    await client.type('replyhi &');
    await client.console('sockscope# ');
    for (const command of ['cat /proc/mounts', 'cat /proc/1/maps', 'cat /proc/18/maps', 'ps', 'dmesg']) {
      await client.type(command);
      await client.console(command);
      const lines = (await client.console('sockscope# ')).split(/\r?\n/);
      guest.set(
        command,
        lines.map((line) => line.trimEnd()).filter((line) => line !== ''),
      );
    }
    await client.request('pause', { threadId: 1 });
    frameId = (await client.top((await client.stopped()).threadId ?? 0)).id;
  });
  after(() => client.end());

  async function console(command: string): Promise<string[]> {
    return (await client.value(command, frameId, { context: 'repl' })).split('\n').map((line) => line.trimEnd());
  }

  it('dmesg prints what the guest’s own dmesg prints', async () => {
    const lines = (guest.get('dmesg') ?? []).map((line) => line.replace(/^<\d+>/, ''));
    assert.ok(lines.length > 50, `${lines.length} lines`);
    assert.deepEqual(await console('dmesg'), lines);
  });

  it('mount lists what /proc/mounts lists', async () => {
    // The kernel adds options of each file system, which only that knows, and two zeros.
    const known = /^(ro|rw|nosuid|nodev|noexec|noatime|nodiratime|relatime)$/;
    const expected = (guest.get('cat /proc/mounts') ?? []).map((line) => {
      const [device, path, type, options] = line.split(' ');
      const general = options.split(',').filter((option) => known.test(option));
      return `${device} ${path} ${type} ${general.join(',')}`;
    });
    assert.ok(expected.length >= 5);
    assert.deepEqual(await console('mount'), expected);
  });

  for (const pid of [1, 18]) {
    it(`maps ${pid} prints /proc/${pid}/maps`, async () => {
      const expected = guest.get(`cat /proc/${pid}/maps`) ?? [];
      assert.ok(expected.length >= 6, expected.join('\n'));
      assert.deepEqual(await console(`maps ${pid}`), expected);
    });
  }

  it('ps lists the tasks that the guest’s ps lists', async () => {
    // What a worker does may change between the guest's answer and ours.
    const nameOf = (text: string): string => text.replace(/^(\[kworker\/[^-+]*)[-+].*\]/, '$1]');
    const expected = (guest.get('ps') ?? []).slice(1).map((line) => {
      const [pid, parent, , ...name] = line.trim().split(/\s+/);
      return `${pid} ${parent} ${nameOf(name.join(' '))}`;
    });
    const rows = (await console('ps')).slice(1).map((line) => {
      const match = /^\s*(\d+)\s+\d+\s+(\d+)\s.*?(\[[^\]]+\]|\S+)$/.exec(line);
      return match ? `${match[1]} ${match[2]} ${nameOf(match[3])}` : line;
    });
    // The guest has no entry for pid 0.
    assert.deepEqual(rows.slice(1), expected);
    assert.match(rows[0], /^0 0 \[swapper/);
  });

  it('syscalls and idt name handlers and lines', async () => {
    assert.deepEqual((await console('syscalls socketcall'))[0].split(/\s+/)[0], '102');
    const gate = (await console('idt')).find((line) => line.startsWith('0x80'));
    assert.match(
      gate ?? '',
      /interrupt gate +DPL 3 +0x\w+ <entry_INT80_32> arch\/x86\/entry\/entry_32\.S:\d+ +system call$/,
    );
  });

  it('path shows the way of the call that a task is in', async () => {
    const lines = await console('path 1');
    assert.match(lines[0], /^wait4\(-1, .*\) by init \(pid 1\)$/);
    const hops = lines.slice(1).map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      hops.map(([mark, title]) => `${mark} ${title}`),
      ['✓ wait4', '✓ vector 0x80', '✓ entry_INT80_32', '✓ ia32_sys_call: case 114', '→ __do_sys_wait4'],
    );
  });

  it('help names every command', async () => {
    const lines = await console('help');
    for (const name of ['ps', 'dmesg', 'syscalls', 'idt', 'mount', 'maps', 'path', 'trace', 'help'])
      assert.ok(
        lines.some((line) => line.startsWith(name)),
        name,
      );
  });

  it('wrong arguments give one sentence', async () => {
    const repl = { frameId, context: 'repl' };
    assert.match(await client.failure('evaluate', { ...repl, expression: 'maps' }), /^maps needs the number/);
    assert.equal(await client.failure('evaluate', { ...repl, expression: 'maps 4711' }), 'There is no process 4711.');
    assert.equal(await client.failure('evaluate', { ...repl, expression: 'path 4711' }), 'There is no task 4711.');
    assert.match(await client.failure('evaluate', { ...repl, expression: 'ps 1' }), /takes no argument/);
    assert.match(
      await client.failure('evaluate', { frameId, expression: 'syscalls', context: 'watch' }),
      /no variable/,
    );
  });

  it('commands complete at the start of a line only', async () => {
    const labels = async (text: string): Promise<string[]> => {
      const args = { text, column: text.length + 1, frameId };
      const { targets } = await client.request<DebugProtocol.CompletionsResponse['body']>('completions', args);
      return targets.map(({ label }) => label);
    };
    assert.deepEqual((await labels('dm')).slice(0, 1), ['dmesg']);
    assert.ok(!(await labels('1 + dm')).includes('dmesg'));
  });
});

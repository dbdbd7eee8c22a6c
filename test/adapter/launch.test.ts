import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { Guest } from '../../guest/build/guest.mjs';
import { ADAPTER, atPrompt, INITIALIZE, launched, PREPARATION, prepared, ROOT, started } from './fixture';
import { TestClient } from './test-client';

/** An adapter that lost its client must be gone so soon, milliseconds. */
const GONE = 2_000;

let guest: Guest;
let scratch: string;

/** The sentence with which a launch fails; the adapter must still say goodbye afterwards. */
async function launchFailure(configuration: object): Promise<string> {
  const client = new TestClient(ADAPTER);
  await client.request('initialize', INITIALIZE);
  const message = await client.failure('launch', configuration);
  await client.end();
  assert.ok(!message.includes('\n'), `one sentence, not ${message}`);
  return message;
}

describe('adapter: launching', () => {
  before(async function () {
    this.timeout(PREPARATION);
    guest = await prepared();
    scratch = mkdtempSync(path.join(os.tmpdir(), 'sockscope-launch-'));
  });
  after(() => rmSync(scratch, { recursive: true, force: true }));

  describe('launch attributes', function () {
    this.timeout(PREPARATION);

    it('refuse wrong types with what they must be', async () => {
      const cases: [configuration: object, message: string][] = [
        [{ kernel: 7 }, 'The launch attribute "kernel" must be a path or {"bzImage": …, "vmlinux": …}, not 7.'],
        [
          { kernel: { bzImage: 'x' } },
          'The launch attribute "kernel.vmlinux" must be a text that is not empty, not undefined.',
        ],
        [{ kernel: { image: 'x' } }, 'Unknown launch attribute "kernel.image"; known are bzImage, vmlinux.'],
        [{ initrd: [] }, 'The launch attribute "initrd" must be a text that is not empty, not [].'],
        [{ commandLine: 1 }, 'The launch attribute "commandLine" must be a text, not 1.'],
        [{ memory: '64' }, 'The launch attribute "memory" must be a whole number of MiB from 16 to 2048, not "64".'],
        [{ memory: 8 }, 'The launch attribute "memory" must be a whole number of MiB from 16 to 2048, not 8.'],
        [{ memory: 64.5 }, 'The launch attribute "memory" must be a whole number of MiB from 16 to 2048, not 64.5.'],
        [{ programs: 'x' }, 'The launch attribute "programs" must be a list of texts, not "x".'],
        [{ sourceMap: ['a'] }, 'The launch attribute "sourceMap" must be an object of paths, not ["a"].'],
        [{ sourceMap: { a: 1 } }, 'The launch attribute "sourceMap" must be an object of paths, not {"a":1}.'],
        [{ run: 'hello' }, 'The launch attribute "run" must be a list of texts, not "hello".'],
        [{ stopOnEntry: 'yes' }, 'The launch attribute "stopOnEntry" must be true or false, not "yes".'],
        [{ cpu: true }, 'The launch attribute "cpu" must be an object such as {"sysenter": false}, not true.'],
        [{ cpu: { sysenter: 1 } }, 'The launch attribute "cpu.sysenter" must be true or false, not 1.'],
        [{ cpu: { sse: true } }, 'Unknown launch attribute "cpu.sse"; known are sysenter.'],
      ];
      const client = new TestClient(ADAPTER);
      await client.request('initialize', INITIALIZE);
      for (const [configuration, message] of cases)
        assert.equal(await client.failure('launch', configuration), message);
      await client.end();
    });

    it('that are unknown are named, with those that are known', async () => {
      const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
        contributes: { debuggers: { configurationAttributes: { launch: { properties: object } } }[] };
      };
      const described = Object.keys(manifest.contributes.debuggers[0].configurationAttributes.launch.properties);
      const message = await launchFailure({ kernal: 'vmlinux' });
      assert.match(message, /^Unknown launch attribute "kernal"; known are \S.*\.$/);
      const known = message.replace(/.*known are |\.$/g, '').split(', ');
      assert.deepEqual(known.toSorted(), [...described, 'noDebug'].toSorted(), 'those that package.json describes');
    });

    it('commandLine and memory are what the kernel gets', async () => {
      const client = await atPrompt({ commandLine: 'console=ttyS0 sockscope_test=1', memory: 48 });
      assert.match(client.output, /Kernel command line: console=ttyS0 sockscope_test=1\r\n/);
      assert.match(client.output, /Memory: \d+K\/4[89]\d{3}K available/);
      await client.end();
    });

    it('cpu.sysenter: false takes the instruction away', async () => {
      const client = await atPrompt({ cpu: { sysenter: false } });
      await client.type('hello --entry=sysenter');
      await client.console('this processor offers no sysenter');
      await client.end();
    });

    it('kernel as bzImage and vmlinux boots the bzImage', async () => {
      const client = await atPrompt({
        kernel: { bzImage: guest.bzImage, vmlinux: guest.vmlinux },
        initrd: guest.initrd,
        run: ['echo booted'],
      });
      await client.console('booted\r\n');
      await client.end();
    });

    it('programs and sourceMap: a program’s symbols and sources from elsewhere', async () => {
      copyFileSync(path.join(guest.programs, 'replyhi'), path.join(scratch, 'replyhi'));
      const sourceMap = { guest: path.join(guest.sources, 'guest') };
      const client = await launched({ programs: [path.join(scratch, 'replyhi')], sourceMap, run: ['replyhi &'] });
      const { modules } = await client.request<DebugProtocol.ModulesResponse['body']>('modules', {});
      assert.deepEqual(
        modules.map(({ name }) => name),
        ['vmlinux', 'replyhi'],
      );
      await client.functionBreakpoints('replyhi:main');
      const stop = await started(client);
      const top = await client.top(stop.threadId ?? 0);
      assert.equal(top.source?.path, path.join(guest.sources, 'guest/programs/replyhi.c'));
      await client.end();
    });
  });

  describe('bad input', function () {
    this.timeout(PREPARATION);

    it('files that are not there', async () => {
      const none = path.join(scratch, 'none');
      assert.equal(
        await launchFailure({ kernel: none }),
        `The file ${none} (launch attribute "kernel") does not exist.`,
      );
      assert.equal(
        await launchFailure({ kernel: scratch }),
        `The file ${scratch} (launch attribute "kernel") is a folder.`,
      );
      assert.equal(
        await launchFailure({ initrd: none }),
        `The file ${none} (launch attribute "initrd") does not exist.`,
      );
      assert.equal(
        await launchFailure({ programs: [none] }),
        `The program ${none} (launch attribute "programs") does not exist.`,
      );
      assert.equal(
        await launchFailure({ kernel: { bzImage: none, vmlinux: guest.vmlinux } }),
        `The file ${none} (launch attribute "kernel.bzImage") does not exist.`,
      );
    });

    it('a 64-bit kernel, a file without debug information, a truncated one, no ELF at all', async () => {
      const source = path.join(scratch, 'empty.c');
      writeFileSync(source, 'void _start(void) {}\n');
      const compile = (name: string, ...flags: string[]): string => {
        const file = path.join(scratch, name);
        execFileSync('gcc', ['-nostdlib', '-static', '-fno-pic', '-no-pie', ...flags, '-o', file, source]);
        return file;
      };
      const wide = compile('wide', '-m64', '-g');
      assert.equal(
        await launchFailure({ kernel: wide }),
        `The file ${wide} (launch attribute "kernel") cannot be used: it is for 64-bit x86-64, not for 32-bit x86 (i386).`,
      );
      const bare = compile('bare', '-m32');
      assert.match(
        await launchFailure({ kernel: bare }),
        /bare has no debug information; build the kernel with CONFIG_DEBUG_INFO/,
      );

      const whole = readFileSync(guest.vmlinux);
      for (const length of [0, 3, 40, 60, 5000, whole.length >>> 1, whole.length - 1]) {
        const cut = path.join(scratch, 'cut');
        writeFileSync(cut, whole.subarray(0, length));
        const [before, reason] = (await launchFailure({ kernel: cut })).split(' cannot be used: ');
        assert.equal(before, `The file ${cut} (launch attribute "kernel")`, `${length} bytes`);
        assert.match(reason, /^(?!.*cut).*[^.]\.$/, `${length} bytes`);
      }
      const text = path.join(scratch, 'text');
      writeFileSync(text, 'This is no kernel at all, but it is long enough to have an ELF header.\n'.repeat(20));
      for (const [attribute, launch] of [
        ['kernel', { kernel: text }],
        ['programs', { programs: [text] }],
      ] as const) {
        assert.equal(
          await launchFailure(launch),
          `The file ${text} (launch attribute "${attribute}") cannot be used: it is not an ELF file.`,
        );
      }
    });

    it('a bzImage without its vmlinux, and a vmlinux as bzImage', async () => {
      assert.match(
        await launchFailure({ kernel: guest.bzImage }),
        /bzImage is a bzImage, which has no symbols; give "kernel": \{"bzImage": …, "vmlinux": …\} with the vmlinux/,
      );
      assert.equal(
        await launchFailure({ kernel: { bzImage: guest.vmlinux, vmlinux: guest.vmlinux } }),
        `${guest.vmlinux} is not a bzImage.`,
      );
    });

    it('a kernel without its initial RAM disk panics, and the session tells', async () => {
      const client = await launched({ kernel: guest.vmlinux, commandLine: 'console=ttyS0 panic=-1' });
      await client.request('configurationDone');
      await client.event('terminated', 40_000);
      assert.match(client.output, /Kernel panic - not syncing: No working init found/);
      await client.end();
    });

    it('a panic of the guest can be stopped at, and ends the session where the kernel reboots', async () => {
      const client = await launched({ commandLine: 'console=ttyS0 init=/nothing rdinit=/nothing panic=-1' });
      await client.functionBreakpoints('panic');
      const stop = await started(client);
      const top = await client.top(stop.threadId ?? 0);
      assert.equal(top.name, 'panic');
      assert.match(await client.value('fmt', top.id), /Requested init %s failed/);
      await client.request('continue', { threadId: stop.threadId });
      await client.event('terminated');
      await client.end();
    });

    it('a triple fault ends the session with what happened', async () => {
      const client = await launched({});
      await client.functionBreakpoints('start_kernel');
      const stop = await started(client);
      const frame = await client.top(stop.threadId ?? 0);
      // With the stack pointer nowhere, the first push faults, and so do #PF's and #DF's.
      const scopes = await client.scopes(frame.id);
      const [general] = await client.variables(scopes.Registers.variablesReference);
      const args = { variablesReference: general.variablesReference, name: 'esp', value: '0x10' };
      await client.request('setVariable', args);
      await client.functionBreakpoints();
      await client.request('continue', { threadId: stop.threadId });
      await client.event('terminated');
      const said = client
        .takeEvents<DebugProtocol.OutputEvent>('output')
        .filter(({ body }) => body.category === 'important');
      assert.match(said.map(({ body }) => body.output).join(''), /triple fault|shutdown/i);
      await client.end();
    });

    it('requests that nobody knows', async () => {
      const client = new TestClient(ADAPTER);
      assert.equal(await client.failure('makeCoffee', {}), 'SockScope does not know the request "makeCoffee".');
      client.problems.length = 0;
      await client.end();
    });
  });

  describe('clients that misbehave or vanish', function () {
    this.timeout(60_000);

    function message(text: string): string {
      return `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
    }
    const request = (seq: number, command: string, args: object): string =>
      message(JSON.stringify({ seq, type: 'request', command, arguments: args }));

    /** Starts an adapter, sends it these bytes, waits for a text in its answers, then does something to it; gives the time it takes to end. */
    async function timeToEnd(
      bytes: string,
      until: string,
      act: (stdin: NodeJS.WritableStream) => void,
    ): Promise<number> {
      const child = spawn(process.execPath, [ADAPTER], { stdio: ['pipe', 'pipe', 'ignore'] });
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      try {
        let said = '';
        const heard = new Promise<void>((resolve) =>
          child.stdout.on('data', (data: Buffer) => {
            said += data.toString();
            if (said.includes(until)) resolve();
          }),
        );
        child.stdin.write(bytes);
        await heard;
        const begin = performance.now();
        act(child.stdin);
        const late = new Promise<string>((resolve) => setTimeout(() => resolve('late'), 3 * GONE).unref());
        const outcome = await Promise.race([ended, late]);
        assert.notEqual(outcome, 'late', 'the adapter still runs');
        return performance.now() - begin;
      } finally {
        child.kill('SIGKILL');
      }
    }

    const initialize = request(1, 'initialize', INITIALIZE);
    const launch = initialize + request(2, 'launch', {});
    const running = launch + request(3, 'configurationDone', {});

    for (const [when, bytes, until] of [
      ['before anything was launched', initialize, '"command":"initialize"'],
      ['between launch and configurationDone', launch, '"event":"initialized"'],
      ['while the guest boots', running, 'Linux version'],
      ['while the guest idles', running, 'sockscope# '],
    ]) {
      it(`a client that closes the connection ${when} takes the adapter with it`, async () => {
        const time = await timeToEnd(bytes, until, (stdin) => stdin.end());
        assert.ok(time < GONE, `${time} ms`);
      });
    }

    it('messages that are none do not take the adapter down: it still answers', async () => {
      const broken = ['{{{{{', '[]', '7', 'null', '{}', '{"type":"request","seq":9}'].map(message).join('');
      const disconnect = request(2, 'disconnect', {});
      const time = await timeToEnd(broken + initialize, '"command":"initialize"', (stdin) => stdin.write(disconnect));
      assert.ok(time < GONE, `${time} ms`);
    });
  });
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { launched, PREPARATION, prepared, started } from './fixture';

/** What a debugger shows of a frame. */
interface Shown {
  readonly name: string;
  readonly line: number;
}

interface GdbStop {
  readonly frames: Shown[];
  readonly values: Record<string, string>;
}

const LINE = 'net/socket.c:3048';
const VALUES = ['call', 'a0', 'a1', 'len', 'a[0]', 'a[1]', 'err'];

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** The same kernel under QEMU, stopped by gdb in the same line. */
async function stopInGdb(vmlinux: string, initrd: string): Promise<GdbStop> {
  const port = await freePort();
  const cpu = 'pentium,family=6,+cmov,-mmx,-pse,-mce,-vme,-de';
  const qemu = spawn('qemu-system-i386', [
    ...['-M', 'isapc', '-cpu', cpu, '-m', '64', '-nic', 'none', '-no-reboot', '-display', 'none', '-monitor', 'none'],
    ...['-serial', 'stdio', '-S', '-gdb', `tcp:127.0.0.1:${port}`],
    ...['-kernel', vmlinux.replace(/vmlinux$/, 'bzImage'), '-initrd', initrd, '-append', 'console=ttyS0'],
  ]);
  let console = '';
  qemu.stdout.setEncoding('latin1').on('data', (text: string) => {
    const prompted = console.includes('sockscope# ');
    console += text;
    if (!prompted && console.includes('sockscope# ')) qemu.stdin.write('replyhi &\r');
  });
  try {
    const commands = [
      'set pagination off',
      'set confirm off',
      `target remote 127.0.0.1:${port}`,
      // Breakpoints written into memory would be overwritten while the kernel is unpacked.
      `hbreak ${LINE}`,
      'continue',
      'backtrace 8',
      ...VALUES.map((name) => `printf "value ${name} = " \noutput ${name}\necho \\n`),
      'kill',
    ].flatMap((command) => command.split('\n'));
    const gdb = spawn('gdb', ['-q', '-nx', '-batch', ...commands.flatMap((c) => ['-ex', c]), vmlinux]);
    let said = '';
    gdb.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    gdb.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const timer = setTimeout(() => gdb.kill('SIGKILL'), 60_000);
    await new Promise((resolve) => gdb.once('close', resolve));
    clearTimeout(timer);
    const frames = [...said.matchAll(/^#\d+ +(?:0x[0-9a-f]+ in )?(\w+) \([^]*?\) at \S+?:(\d+)$/gm)].map(
      ([, name, line]) => ({ name, line: Number(line) }),
    );
    const values = Object.fromEntries(
      [...said.matchAll(/^value (\S+) = (.*)$/gm)].map(([, name, value]) => [name, value]),
    );
    assert.ok(frames.length >= 5, `gdb said:\n${said}\nand the console:\n${console.slice(-500)}`);
    return { frames, values };
  } finally {
    qemu.kill('SIGKILL');
  }
}

describe('adapter: the statement of case SYS_LISTEN, compared with gdb and QEMU', function () {
  this.timeout(PREPARATION);

  it('has the frames and values that gdb shows, and the user’s frames beside', async () => {
    const guest = await prepared();
    const theirs = await stopInGdb(guest.vmlinux, guest.initrd);

    const client = await launched({ run: ['replyhi &'] });
    await client.functionBreakpoints(LINE);
    const stop = await started(client);
    const frames = await client.frames(stop.threadId ?? 0);
    const ours = frames.map(({ name, line }) => ({ name, line }));
    assert.deepEqual(ours.slice(0, theirs.frames.length), theirs.frames);
    let compared = 0;
    for (const [name, value] of Object.entries(theirs.values)) {
      const mine = await client.value(name, frames[0].id);
      if (value === '<optimized out>') assert.match(mine, /^<optimized out/, name);
      else {
        assert.equal(mine, value, name);
        compared++;
      }
    }
    assert.ok(compared >= 5, `${compared} values compared: ${JSON.stringify(theirs.values)}`);
    assert.deepEqual(
      frames.slice(-5).map(({ name }) => name),
      ['system_call', 'socketcall', 'listen', 'main', '_start'],
      'what gdb lacks',
    );
    await client.end();
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { ensureBusybox } from '../../scripts/lib/busybox.mjs';
import { CLI, launched, PREPARATION, started } from '../adapter/fixture';
import type { TestClient } from '../adapter/test-client';

describe('linux: debugging a program without symbols', function () {
  this.timeout(PREPARATION);
  let client: TestClient;
  before(async () => {
    const { program } = await ensureBusybox();
    client = await launched({
      programs: [program],
      run: ['mkdir /tmp/www', 'busybox httpd -f -p 127.0.0.1:8080 -h /tmp/www'],
    });
  });
  after(() => client.end());

  it('stops at its call: the way in, the arguments, and frames that are true as far as they go', async () => {
    const [caught, inner] = await client.functionBreakpoints('catch:bind', 'sys_bind');
    assert.ok(caught.verified && inner.verified);
    const stop = await started(client);
    const threadId = stop.threadId ?? 0;
    assert.equal(
      stop.text,
      'bind(3, {sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr("127.0.0.1")}, 16), entered by sysenter, system call 102 (socketcall, SYS_BIND)',
    );
    const frames = await client.frames(threadId);
    const divider = frames.findIndex(({ presentationHint }) => presentationHint === 'label');
    assert.match(frames[divider].name, /^sysenter — system call 102/);
    const user = frames.slice(divider + 1);
    assert.equal(user[0].name, '__kernel_vsyscall');
    // Every other frame is an address right behind a call in the program's code, and that is all that is said of it.
    assert.ok(user.length >= 5, user.map(({ name }) => name).join(' '));
    for (const frame of user.slice(1)) {
      assert.match(frame.name, /^0x08[01][0-9a-f]{5}$/);
      assert.equal(frame.presentationHint, 'subtle');
      assert.equal(frame.source, undefined);
      const { instructions } = await client.request<{ instructions: { address: string; instruction: string }[] }>(
        'disassemble',
        { memoryReference: frame.instructionPointerReference, instructionOffset: -1, instructionCount: 2 },
      );
      assert.match(instructions[0].instruction, /^calll? /, frame.name);
      assert.equal(Number(instructions[1].address), Number(frame.instructionPointerReference));
    }
  });

  it('has registers and memory of each of its frames, and no variables', async () => {
    const [{ id: threadId }] = (await client.request<{ threads: { id: number }[] }>('threads', {})).threads;
    const frames = await client.frames(threadId);
    const own = frames.filter(({ name }) => name.startsWith('0x08'));
    const stackPointers: number[] = [];
    for (const { id, name } of own) {
      const scopes = await client.scopes(id);
      assert.deepEqual(Object.keys(scopes), ['Registers'], name);
      assert.equal(Number(await client.value('$eip', id)), Number(name));
      stackPointers.push(Number(await client.value('$esp', id)));
    }
    assert.deepEqual(stackPointers, [...stackPointers].sort((a, b) => a - b), 'a caller is above its callee'); // prettier-ignore
  });

  it('says which call the stop belongs to, and stops in the kernel by its own name next', async () => {
    const [{ id: threadId }] = (await client.request<{ threads: { id: number }[] }>('threads', {})).threads;
    const call = await client.values((await client.scopes((await client.top(threadId)).id))['System call'].variablesReference); // prettier-ignore
    assert.equal(call.name, 'socketcall');
    assert.equal(call['way in'], 'sysenter');
    const stop = await client.run('continue', { threadId });
    assert.equal(stop.text, 'bind(fd=3, addr=127.0.0.1:8080, addrlen=16)');
    const socket = await client.values((await client.scopes((await client.top(stop.threadId ?? 0)).id)).Socket.variablesReference); // prettier-ignore
    assert.match(socket.task, /^busybox \(pid \d+\)$/);
    assert.equal(socket.fd, '3');
  });

  it('npm start -- trace --program FILE runs it in the guest', async () => {
    const { program } = await ensureBusybox();
    const args = [CLI, 'trace', '--program', program, '--', 'busybox nc 127.0.0.1 9'];
    const lines = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim().split('\n');
    assert.deepEqual(
      lines.map((line) => line.replace(/^.*?\[pid \d+ /, '')),
      [
        'busybox] socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3',
        'busybox] setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0',
        'busybox] connect(3, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 ECONNREFUSED (Connection refused)',
      ],
    );
  });
});

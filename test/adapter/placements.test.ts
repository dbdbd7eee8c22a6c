import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cpioArchive } from '../../guest/build/cpio.mjs';
import { chained } from './chain';
import { launched, prepared, PREPARATION, started } from './fixture';
import type { TestClient } from './test-client';

/** A program that the kernel loads wherever there is room: it asks for a socket and ends with its descriptor's number. */
const SOURCE = `
static int calls;

static int system_call(int number, int a, int b, int c)
{
	int result;
	calls++;
	__asm__ volatile("int $0x80" : "=a"(result) : "0"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

int make_socket(int family)
{
	int descriptor = system_call(359, family, 1, 0);
	return descriptor; /* the socket is there */
}

void _start(void)
{
	/* Nothing called this. */
	__asm__ volatile(".cfi_undefined eip");
	int descriptor = make_socket(2);
	system_call(1, descriptor, 0, 0);
}
`;
const LINE = SOURCE.split('\n').findIndex((line) => line.includes('the socket is there')) + 1;

describe('adapter: programs and libraries that every process places anew', function () {
  this.timeout(PREPARATION);
  chained(this);
  let scratch: string;
  let client: TestClient;
  let thread: number;
  let file: string;

  before(async () => {
    const guest = await prepared();
    scratch = mkdtempSync(path.join(os.tmpdir(), 'sockscope-pie-'));
    file = path.join(scratch, 'wanderer.c');
    writeFileSync(file, SOURCE);
    const program = path.join(scratch, 'wanderer');
    const flags = ['-m32', '-march=i686', '-g', '-O0', '-fPIE', '-ffreestanding', '-fno-stack-protector'];
    const link = ['-static-pie', '-nostdlib', '-Wl,--no-dynamic-linker', '-Wl,-z,noexecstack'];
    execFileSync('gcc', [...flags, ...link, '-fcf-protection=none', '-o', program, file]);
    // A second archive behind the first: the kernel unpacks them one after the other (Documentation/driver-api/early-userspace),
    // an uncompressed one only where four bytes align it.
    const more = cpioArchive([{ path: 'bin/wanderer', data: readFileSync(program), mode: 0o100755 }]);
    const initrd = path.join(scratch, 'initrd');
    const first = readFileSync(guest.initrd);
    writeFileSync(initrd, Buffer.concat([first, Buffer.alloc(-first.length & 3), more]));
    client = await launched({
      initrd,
      programs: [program, guest.programs],
      run: ['wanderer', 'wanderer', 'hello --entry=sysenter'],
    });
  });
  after(async () => {
    await client.end();
    rmSync(scratch, { recursive: true });
  });

  it('a breakpoint in a position-independent program waits for it, and says so', async () => {
    const [line] = await client.lineBreakpoints(file, LINE);
    assert.equal(line.verified, false);
    assert.equal(
      line.message,
      'wanderer gets its addresses when a program with it is started; the breakpoint waits for that.',
    );
    const [named] = await client.functionBreakpoints({ name: '__sys_socket', condition: '$comm == "wanderer"' });
    assert.equal(named.verified, true);
  });

  it('its frames above the kernel have lines, variables and globals', async () => {
    const stop = await started(client);
    thread = stop.threadId ?? 0;
    const frames = await client.frames(thread);
    assert.deepEqual(
      frames.slice(-3).map(({ name, line }) => [name, line]),
      [
        ['system_call', 8],
        ['make_socket', 14],
        ['_start', 22],
      ],
    );
    const socket = frames.find(({ name }) => name === 'make_socket')!;
    assert.equal(await client.value('family', socket.id), '2');
    assert.equal(await client.value('calls', socket.id), '1');
    assert.equal(await client.value('calls', frames[0].id), '1', 'a global, from the kernel’s frame');
  });

  it('the breakpoint stops each process that runs it, each at its own address', async () => {
    await client.functionBreakpoints();
    const places: number[] = [];
    for (let run = 0; run < 2; run++) {
      const stop = await client.run('continue', { threadId: thread });
      thread = stop.threadId ?? 0;
      const top = await client.top(thread);
      assert.deepEqual([stop.reason, top.name, top.line], ['breakpoint', 'make_socket', LINE]);
      assert.equal(await client.value('descriptor', top.id), '3');
      const place = Number(top.instructionPointerReference);
      const symbols = execFileSync('nm', [path.join(scratch, 'wanderer')], { encoding: 'utf8' });
      const linked = parseInt(/^([0-9a-f]+) T make_socket$/m.exec(symbols)![1], 16);
      assert.ok(place - linked > 0x10000000 && (place - linked) % 4096 < 64, `0x${place.toString(16)}`);
      places.push(place);
    }
    assert.notEqual(places[0], places[1], 'the kernel puts the program elsewhere each time');
  });

  it('a function of the vDSO can be stopped at, by name', async () => {
    await client.lineBreakpoints(file);
    const [breakpoint] = await client.functionBreakpoints({ name: '__kernel_vsyscall', condition: '$comm == "hello"' });
    assert.equal(breakpoint.verified, true, breakpoint.message);
    const stop = await client.run('continue', { threadId: thread });
    thread = stop.threadId ?? 0;
    assert.deepEqual(
      (await client.frames(thread)).map(({ name }) => name),
      ['__kernel_vsyscall', 'system_call', 'socketcall', 'socket', 'main', '_start'],
    );
  });

  it('and by line', async () => {
    const { line, source } = await client.top(thread);
    await client.functionBreakpoints();
    const [breakpoint] = await client.lineBreakpoints(source?.path ?? '', line + 2);
    assert.equal(breakpoint.verified, true, breakpoint.message);
    const stop = await client.run('continue', { threadId: thread });
    assert.deepEqual([stop.reason, (await client.top(thread)).line], ['breakpoint', breakpoint.line]);
  });
});

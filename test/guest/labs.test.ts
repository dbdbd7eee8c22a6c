import * as assert from 'node:assert/strict';
import * as path from 'node:path';
import { ensureGuest, type Guest } from '../../guest/build/guest.mjs';
import { programNames } from '../../guest/build/programs.mjs';
import { QemuGuest } from './qemu';

const PROJECT = path.resolve(__dirname, '../..');
const MINUTES = 60_000;

/** What each program that runs by itself prints, at least; addresses and ports differ from run to run. */
const SAYS: Record<string, RegExp[]> = {
  udp: [/received "a datagram" from 127\.0\.0\.1:\d+/, /received "and its answer"/],
  sendmsg: [/sent 27 bytes from 3 buffers/, /the second holds "from three buffers"/],
  sendmmsg: [/sent 4 datagrams in one call/, /received 4 datagrams in one call/, /"datagram number 4"/],
  select: [/0 ready: time is over/, /1 ready: second\n/, /2 ready: first second/, /1 writable/],
  shutdown: [/received it, then the end/, /still works: "still heard"/, /Broken pipe/, /both directions are closed/],
  names: [/getsockname of the client: 127\.0\.0\.1:\d+/, /without a connection: Transport endpoint is not connected/],
  options: [/SO_RCVBUF was \d+, set to 8192, is 16384/, /SO_LINGER is on for 7 s/, /Protocol not available/],
  sendfile: [/8000 bytes received intact/, /100 bytes from the file's own position received intact/],
  socketpair: [/received "FROM PARENT TO CHILD"/],
  accept4: [/nothing there yet: Resource temporarily unavailable/, /received "now there is data"/],
  raw: [/received ICMP type 8 after an IP header of 20 bytes/, /received ICMP type 0/],
  errors: [/bind to 192\.0\.2\.1: Cannot assign requested address/, /sendto without an address: Destination address/],
  states: [
    /states: half closed/,
    /0100007F:[0-9A-F]{4} 00000000:0000 0A/,
    /\/tmp\/states\.socket/,
    /a pair without names/,
  ],
  unix: [/the passed file says "written before the descriptor was passed"/],
};

/** Programs with tests of their own below. */
const OTHERS = ['bench', 'crash', 'hello', 'replyhi'];

describe('guest: lab programs under QEMU', function () {
  this.timeout(15 * MINUTES); // the first build of the kernel
  let guest: Guest;
  let machine: QemuGuest;

  before(async () => {
    guest = await ensureGuest();
    machine = await QemuGuest.boot(guest, { sysenter: true });
  });
  after(() => machine?.kill());

  it('has a test for every program', () => {
    assert.deepEqual(programNames(PROJECT), [...Object.keys(SAYS), ...OTHERS].sort());
  });

  for (const way of ['int80', 'sysenter', 'direct']) {
    for (const [name, patterns] of Object.entries(SAYS)) {
      it(`${name} --entry=${way}`, async () => {
        const said = await machine.command(`${name} --entry=${way}`);
        for (const pattern of patterns) assert.match(said, pattern);
        assert.equal(await machine.command('echo $?'), '0\n');
      });
    }

    it(`replyhi and hello --entry=${way}`, async () => {
      const said = await machine.command(`replyhi --entry=${way} &`);
      // Either of the two may come first: the shell's word of the job, or the job's own; the latter also after the prompt.
      assert.match(said, /^\[1\] \d+$/m);
      const listening = 'replyhi: listening on port 5001';
      if (!said.includes(listening)) await machine.enterUntil(listening);
      for (let round = 0; round < 2; round++) {
        const said = await machine.command(`hello --entry=${way}`);
        assert.match(said, /hello: sent "hello"\n/);
        assert.match(said, /replyhi: received "hello"\n/);
        assert.match(said, /replyhi: replying "hi"\n/);
        assert.match(said, /hello: received "hi"\n/);
        assert.equal(await machine.command('echo $?'), '0\n');
      }
      const last = await machine.command(`hello --message=quit --entry=${way}`);
      assert.match(last, /hello: received "bye"\n/);
      if (!last.includes('[1] replyhi: done')) await machine.enterUntil('[1] replyhi: done');
      assert.equal(await machine.command('jobs'), '');
    });
  }

  it('replyhi --once ends after one client and leaves the port free', async () => {
    for (let round = 0; round < 2; round++) {
      await machine.command('replyhi --once &');
      const said = await machine.command('hello');
      if (!said.includes('[1] replyhi: done')) await machine.enterUntil('[1] replyhi: done');
    }
  });

  it('hello without a server says so and exits with 1', async () => {
    const said = await machine.command('hello');
    assert.equal(said, 'hello: connect (is replyhi running?): Connection refused\nhello: exit 1\n');
  });

  it('a second server on the same port fails', async () => {
    await machine.command('replyhi &');
    assert.equal(await machine.command('replyhi'), 'replyhi: bind: Address already in use\nreplyhi: exit 1\n');
    const said = await machine.command('hello --message=quit');
    if (!said.includes('[1] replyhi: done')) await machine.enterUntil('[1] replyhi: done');
  });

  it('bench prints the same checksum as on this host', async () => {
    assert.equal(await machine.command('bench --iterations=3'), 'bench: 3 iterations, checksum 4f0e6300\n');
  });

  it('crash dies of SIGSEGV, which the kernel logs', async () => {
    assert.equal(await machine.command('crash'), 'crash: writing to address 0\ncrash: Segmentation fault\n');
    assert.equal(await machine.command('echo $?'), '139\n');
    const log = await machine.command('dmesg');
    assert.match(log, /crash\[\d+\]: segfault at 0 ip 0804[0-9a-f]{4} sp bf[0-9a-f]{6} error 6 in crash/);
  });

  it('bad options are refused with status 2', async () => {
    for (const option of [
      '--nope',
      '--iterations=x',
      '--iterations=99999999999',
      '--iterations',
      'word',
      '--entry=x',
    ]) {
      const said = await machine.command(`bench ${option}`);
      assert.match(said, /^bench: (bad option|--entry=x: the ways in are int80, sysenter and direct)/);
      assert.match(said, /\nbench: exit 2\n$/);
    }
  });

  it('--help lists the options', async () => {
    assert.match(await machine.command('hello --help'), /usage: hello[^]*--entry=WAY[^]*--port=N[^]*--message=TEXT/);
  });
});

describe('guest: a processor without sysenter', function () {
  this.timeout(15 * MINUTES);
  let machine: QemuGuest;

  before(async () => {
    machine = await QemuGuest.boot(await ensureGuest(), { sysenter: false, steadyClock: true });
  });
  after(() => machine?.kill());

  it('--entry=sysenter says so and exits with 3', async () => {
    const said = await machine.command('names --entry=sysenter');
    assert.equal(
      said,
      'names: --entry=sysenter: this processor offers no sysenter (CPUID reports SEP=0)\nnames: exit 3\n',
    );
  });

  it('the other two ways work', async () => {
    for (const way of ['int80', 'direct']) {
      await machine.command(`names --entry=${way}`);
      assert.equal(await machine.command('echo $?'), '0\n');
    }
  });

  it('the kernel logs no warning while booting and running the labs', async () => {
    for (const name of Object.keys(SAYS)) await machine.command(name);
    const log = await machine.command('dmesg');
    assert.match(log, /Linux version 6\.1\./);
    // Lines of level 4 (KERN_WARNING) and worse. The one let through is what a kernel without PAE says of such a processor.
    const serious = log.split('\n').filter((line) => /^<[0-4]>/.test(line) && !line.includes('not compiled for PAE'));
    assert.deepEqual(serious, []);
  });
});

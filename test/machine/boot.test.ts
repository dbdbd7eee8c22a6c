import assert from 'node:assert/strict';
import { ensureGuest, type Guest } from '../../guest/build/guest.mjs';
import { PROMPT, Session } from './session';

/** The lab programs, and a line that each prints only when its data arrived. */
const LABS: [name: string, proof: RegExp][] = [
  ['udp', /udp: received "and its answer" from 127\.0\.0\.1:\d+/],
  ['sendmsg', /sendmsg: received 27 bytes into 2 buffers/],
  ['sendmmsg', /sendmmsg: 17 bytes: "datagram number 4"/],
  ['select', /select: 2 ready: first second/],
  ['shutdown', /shutdown: the server received it, then the end/],
  ['names', /names: getpeername of the server: 127\.0\.0\.1:\d+/],
  ['options', /options: SO_RCVTIMEO is 2 s/],
  ['sendfile', /sendfile: 8000 bytes received intact/],
  ['socketpair', /socketpair: received "FROM PARENT TO CHILD"/],
  ['accept4', /accept4: received "now there is data"/],
  ['raw', /raw: received ICMP type 0/],
  ['unix', /unix: the passed file says "written before the descriptor was passed"/],
];

const TROUBLE = /BUG|Oops|WARNING|Call Trace|unhandled|panic|unknown main/i;

describe('machine: Linux', function () {
  this.timeout(300_000);
  let guest: Guest;
  before(async () => {
    guest = await ensureGuest();
  });

  it('boots to the prompt in less than 80 M instructions, and finds the devices', () => {
    const session = new Session(guest);
    const log = session.until(PROMPT);
    assert.ok(session.machine.count < 80_000_000, `${session.machine.count} instructions`);
    assert.match(log, /Linux version 6\.1/);
    assert.match(log, /tsc: Detected (99\.9|100\.0)\d+ MHz processor/);
    assert.match(log, /ttyS0 at I\/O 0x3f8 \(irq = 4, base_baud = 115200\) is a 16550A/);
    assert.match(log, /BIOS-e820: \[mem 0x0000000000100000-0x0000000003ffffff\] usable/);
    assert.match(log, /Freeing initrd memory/);
    assert.match(log, /Run \/init as init process/);
    assert.doesNotMatch(log, TROUBLE);
  });

  describe('at the prompt', () => {
    let session: Session;
    before(() => {
      session = new Session(guest);
      session.until(PROMPT);
    });

    it('replyhi in the background answers hello', () => {
      session.command('replyhi &');
      session.untilPrinted('replyhi: listening on port 5001');
      const printed = session.command('hello');
      assert.match(printed, /hello: sent "hello"/);
      assert.match(printed, /replyhi: received "hello"/);
      assert.match(printed, /hello: received "hi"/);
    });

    for (const entry of ['int80', 'sysenter', 'direct']) {
      for (const [name, proof] of LABS) {
        it(`${name} --entry=${entry}`, () => {
          assert.match(session.command(`${name} --entry=${entry}`), proof);
          assert.match(session.command('echo status $?'), /status 0/);
        });
      }
      it(`hello --entry=${entry}`, () => {
        assert.match(session.command(`hello --entry=${entry}`), /hello: received "hi"/);
      });
    }

    it('a fault in user mode ends the program, not the machine', () => {
      session.command('crash');
      assert.match(session.command('dmesg'), /crash\[\d+\]: segfault at 0 /);
    });

    it('the clock is that of the machine’s epoch', () => {
      assert.match(session.command('dmesg'), /audit: type=2000 audit\(1767225600\./);
    });

    it('exit ends the machine', () => {
      session.type('exit\n');
      const stop = session.untilStop();
      assert.ok(['halted', 'poweroff'].includes(stop.reason), JSON.stringify(stop));
      assert.match(session.text, /reboot: (System halted|Power down)/);
      assert.doesNotMatch(session.text, TROUBLE);
    });
  });

  it('reboot resets the machine', () => {
    const session = new Session(guest, { commandLine: 'console=ttyS0 quiet' });
    session.until(PROMPT);
    session.type('reboot\n');
    assert.equal(session.untilStop().reason, 'reset');
  });

  it('a panic says so on the console and stays', () => {
    const session = new Session(guest, { commandLine: 'console=ttyS0 quiet panic=0' });
    session.until(PROMPT);
    session.type('panic\n');
    session.until('Kernel panic - not syncing');
    session.until('---[ end Kernel panic');
  });

  it('boots the bzImage: the decompressor runs in the guest', () => {
    const session = new Session(guest, { image: 'bzImage' });
    const log = session.until(PROMPT);
    assert.match(log, /Linux version 6\.1/);
    assert.doesNotMatch(log, TROUBLE);
    assert.match(session.command('names'), /getpeername/);
  });

  it('boots the vmlinux with the setup header of its bzImage', () => {
    new Session(guest, { header: true }).until(PROMPT);
  });

  for (const memoryMiB of [24, 128, 1024]) {
    it(`boots in ${memoryMiB} MiB`, () => {
      const session = new Session(guest, { memoryMiB });
      const log = session.until(PROMPT);
      const end = (memoryMiB * 0x100000 - 1).toString(16).padStart(16, '0');
      assert.ok(log.includes(`[mem 0x0000000000100000-0x${end}] usable`), log);
      assert.match(session.command('sendfile'), /received intact/);
    });
  }

  it('runs without sysenter where the processor does not announce it', () => {
    const session = new Session(guest, { sysenter: false });
    session.until(PROMPT);
    assert.match(session.command('udp --entry=sysenter'), /sysenter/);
    assert.match(session.command('echo status $?'), /status 3/);
    assert.match(session.command('udp'), /and its answer/);
  });

  it('runs at the serial port’s true speed', () => {
    const session = new Session(guest, { serialSpeed: 'baud', commandLine: 'console=ttyS0,115200 quiet' });
    session.until(PROMPT);
    assert.match(session.command('udp'), /and its answer/);
  });
});

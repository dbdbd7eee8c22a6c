import * as assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { ensureGuest } from '../../guest/build/guest.mjs';
import { MemoryError } from '../../src/debugger/target';
import { RemoteTarget } from '../../src/remote/remote-target';
import { freePort } from '../debugger/stub';
import { StubSession } from '../debugger/stub';

const MINUTES = 60_000;

describe('remote: a target over QEMU’s stub', function () {
  this.timeout(5 * MINUTES);
  let session: StubSession;

  before(async () => {
    session = await StubSession.start(await ensureGuest(), { sysenter: true });
  });
  after(() => session?.end());

  it('shows the processor at its reset', () => {
    const registers = session.target.registers();
    assert.equal(registers.eip, 0xfff0);
    assert.equal(registers.cs, 0xf000);
    assert.equal(session.target.systemRegisters().idtrLimit, 0xffff);
  });

  it('reads the same memory by its virtual and its physical address', async () => {
    session.debugger.setFunctionBreakpoints([{ name: 'rest_init' }]);
    await session.continue();
    const { eip } = session.target.registers();
    const { cr3 } = session.target.systemRegisters();
    const physical = session.target.translate(eip, cr3);
    assert.ok(physical !== undefined);
    const code = session.target.readMemory(eip, 64);
    assert.deepEqual(session.target.readPhysical(physical, 64), code);
    const file = session.modules.kernel!.elf.read(eip, 64);
    // Until alternatives are applied, the text is what the file has.
    assert.deepEqual([...code.slice(0, 8)], [...file!.slice(0, 8)]);
  });

  it('reads up to a hole and names the first address that is not mapped', () => {
    assert.throws(() => session.target.readMemory(0xfff00000 - 16, 32), MemoryError);
    const stack = session.target.registers().esp;
    assert.equal(session.target.readAvailable(stack, 8).length, 8);
  });

  it('writes memory and registers', () => {
    const { esp, eax } = session.target.registers();
    const before = session.target.readMemory(esp - 64, 4);
    session.target.writeMemory(esp - 64, Uint8Array.of(1, 2, 3, 4));
    assert.deepEqual([...session.target.readMemory(esp - 64, 4)], [1, 2, 3, 4]);
    session.target.writeMemory(esp - 64, before);
    session.target.writeRegister('eax', 0xdeadbeef);
    assert.equal(session.target.registers().eax, 0xdeadbeef);
    session.target.writeRegister('eax', eax);
  });

  it('answers while the guest runs, which goes on', async () => {
    session.debugger.setFunctionBreakpoints([]);
    const stopped = session.target.resume();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.ok(session.target.running);
    assert.ok(session.target.registers().eip > 0);
    assert.ok(session.target.running);
    session.target.pause();
    assert.deepEqual(await stopped, { kind: 'pause' });
  });

  it('runs, pauses and reads a hundred times, and always gets the answer to its question', async () => {
    const { kernel } = session.modules;
    const { address } = kernel!.elf.symbolsNamed('linux_banner')[0];
    const expected = kernel!.elf.read(address, 64);
    for (let cycle = 0; cycle < 100; cycle++) {
      const stopped = session.target.resume();
      // Each way that a stop and a question can cross: at once, after the machine got going, while it is stopped for a reader.
      if (cycle % 3 > 0) await new Promise((resolve) => setTimeout(resolve, cycle % 5));
      if (cycle % 2 > 0) assert.deepEqual(session.target.readMemory(address, 64), expected);
      for (let presses = cycle % 4; presses >= 0; presses--) session.target.pause();
      assert.deepEqual(await stopped, { kind: 'pause' });
      assert.deepEqual(session.target.readMemory(address, 64), expected);
      assert.equal((await session.target.step()).kind, 'step');
      assert.deepEqual(session.target.readMemory(address, 64), expected);
    }
  });

  it('follows a program through sysenter and the vDSO', async () => {
    await session.boot();
    session.debugger.setFunctionBreakpoints([{ name: 'SYS_BIND' }]);
    session.machine.type('replyhi --entry=sysenter &');
    await session.continue();
    session.debugger.setFunctionBreakpoints([]);
    const names = session.stack().map((line) => line.replace(/ [^ ]*$/, ''));
    assert.deepEqual(names.slice(-8), [
      'entry_SYSENTER_32',
      '--- sysenter — system call 102',
      '__kernel_vsyscall',
      'system_call',
      'socketcall',
      'bind',
      'main',
      '_start',
    ]);
    for (let steps = 0; !session.top.isUser; steps++) {
      assert.ok(steps < 15, session.here);
      await session.step('out');
    }
    assert.match(session.here, /^system_call guest\/programs\/lib\/entry\.c:/);
  });

  it('says in one sentence that nobody listens, or that nobody answers', async () => {
    const port = await freePort();
    assert.throws(() => new RemoteTarget({ port }), /^ConnectionError: The connection to the stub failed: .*\.$/);
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port: deaf } = silent.address() as AddressInfo;
    assert.throws(() => new RemoteTarget({ port: deaf, timeout: 300 }), /gave no answer within 0\.3 seconds/);
    silent.close();
  });
});

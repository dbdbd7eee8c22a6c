import * as assert from 'node:assert/strict';
import { answerForms } from '../../src/remote/answers';
import { ConnectionError, StubConnection } from '../../src/remote/connection';
import { fromHex } from '../../src/remote/packet';
import { RemoteTarget } from '../../src/remote/remote-target';
import { byteAt, FakeStub, type Misbehaviour } from './fake-stub';

const ROUNDS = 40;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function bytesAt(address: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => byteAt(address + i));
}

/** Runs, pauses, steps and reads in an order that differs from stub to stub; everything read must be what is there. */
async function exercise(target: RemoteTarget, seed: number): Promise<void> {
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >>> 8) % below;
  };
  const read = (): void => {
    const address = random(0x100000);
    const length = 1 + random(6000);
    assert.deepEqual(target.readMemory(address, length), bytesAt(address, length));
    assert.equal(target.registers().ecx, 1);
  };
  for (let round = 0; round < ROUNDS; round++) {
    const what = round % 4;
    if (what === 0) {
      const { eip } = target.registers();
      assert.deepEqual(await target.step(), { kind: 'step' });
      assert.equal(target.registers().eip, eip + 1);
    } else {
      const stopped = target.resume();
      if (what === 2) {
        await sleep(random(3));
        read();
        assert.ok(target.running);
      }
      if (what === 3) {
        const id = target.addBreakpoint(0x7fffffff);
        await sleep(random(2));
        target.removeBreakpoint(id);
      }
      for (let n = random(3); n >= 0; n--) {
        await sleep(random(3));
        target.pause();
      }
      assert.deepEqual(await stopped, { kind: 'pause' });
    }
    read();
  }
}

describe('remote: stubs that misbehave', function () {
  this.timeout(60_000);
  const cleanup: (() => unknown)[] = [];

  afterEach(async () => {
    for (const end of cleanup.splice(0).reverse()) await end();
  });

  async function start(how: Misbehaviour): Promise<FakeStub> {
    const stub = await FakeStub.start(how);
    cleanup.push(() => stub.end());
    return stub;
  }

  async function startTarget(how: Misbehaviour, timeout?: number): Promise<{ stub: FakeStub; target: RemoteTarget }> {
    const stub = await start(how);
    const target = new RemoteTarget({ port: stub.port, timeout });
    cleanup.push(() => target.dispose());
    return { stub, target };
  }

  function connect(stub: FakeStub): StubConnection {
    const connection = new StubConnection('127.0.0.1', stub.port);
    cleanup.push(() => connection.close());
    return connection;
  }

  const STUBS: Record<string, Misbehaviour> = {
    'that does everything right': {},
    'without acknowledgements': { noAcks: true },
    'that sends its + behind the answer': { lateAcks: true },
    'that tells each stop twice': { doubleStops: true },
    'that tells each stop twice, without acknowledgements': { doubleStops: true, noAcks: true },
    'that stops by itself at any time': { stopsWithin: 3 },
    'that answers a ctrl-C though it stopped by itself': { stopsWithin: 3, answersEveryInterrupt: 0 },
    'that thinks about such a ctrl-C': { stopsWithin: 3, answersEveryInterrupt: 2 },
    'that sends OK where nobody asked': { stray: { packet: 'OK', share: 0.3 } },
    'that sends a stop reply where nothing ran': { stray: { packet: 'T05thread:01;', share: 0.3 } },
    'that sends output where nothing ran': { stray: { packet: 'O6869', share: 0.3 } },
    'that sends more memory than it is asked for': { stray: { packet: '00'.repeat(5000), share: 0.3, to: 'm' } },
    'that damages packets': { damaged: 0.2 },
    'that sends its answers in crumbs': { crumbles: true, stopsWithin: 3 },
    'that does all this at once': {
      doubleStops: true,
      stopsWithin: 3,
      answersEveryInterrupt: 1,
      stray: { packet: 'OK', share: 0.2 },
      damaged: 0.1,
      lateAcks: true,
    },
  };
  let seed = 1;
  for (const [name, how] of Object.entries(STUBS))
    it(`reads what is there from a stub ${name}`, async () => {
      const { stub, target } = await startTarget(how);
      await exercise(target, seed++);
      const account = await stub.account();
      assert.equal(account.whileRunning, '');
      assert.ok(account.runs >= (ROUNDS * 3) / 4, `${account.runs} runs`);
      if (how.stray) assert.ok(account.strays > 50, `${account.strays} stray packets`);
      if (how.doubleStops) assert.ok(account.superfluousStops > ROUNDS / 2);
    });

  it('sends one ctrl-C however often it is asked to pause', async () => {
    const { stub, target } = await startTarget({});
    const stopped = target.resume();
    await sleep(20);
    for (let n = 0; n < 50; n++) target.pause();
    assert.deepEqual(await stopped, { kind: 'pause' });
    for (let n = 0; n < 50; n++) target.pause();
    target.registers();
    const account = await stub.account();
    assert.deepEqual([account.interrupts, account.idleInterrupts], [1, 0]);
  });

  it('does not take the late answer to a ctrl-C for the end of the next run', async () => {
    const stub = await start({ crosses: true, answersEveryInterrupt: 3 });
    const connection = connect(stub);
    const stops: string[] = [];
    for (let n = 0; n < 30; n++) {
      const stopped = new Promise<string>((resolve) => (connection.onStop = resolve));
      connection.run('c');
      connection.break();
      stops.push(await stopped);
    }
    assert.deepEqual(stops, Array<string>(30).fill('T05thread:01;'));
    const { runs, idleInterrupts, whileRunning } = await stub.account();
    assert.deepEqual([runs, idleInterrupts, whileRunning], [30, 30, '']);
  });

  it('makes a step once, though it was interrupted before it', async () => {
    const { stub, target } = await startTarget({ slowSteps: 1000 });
    const { eip } = target.registers();
    const stepped = target.step();
    await sleep(1);
    // Reading interrupts the step for a moment, which then has to be made.
    assert.deepEqual(target.readMemory(0x5000, 16), bytesAt(0x5000, 16));
    assert.deepEqual(await stepped, { kind: 'step' });
    assert.equal(target.registers().eip, eip + 1);
    assert.equal((await stub.account()).steps, 1);

    const paused = target.step();
    await sleep(1);
    target.pause();
    assert.deepEqual(await paused, { kind: 'pause' });
    assert.equal(target.registers().eip, eip + 1);
  });

  it('gives a stub up that stops answering', async () => {
    const { target } = await startTarget({ deafTo: 'm' }, 1500);
    assert.throws(() => target.readMemory(0, 4), /^ConnectionError: The stub gave no answer within 1\.5 seconds\.$/);
    assert.throws(() => target.registers(), /gave no answer/);
    assert.throws(() => target.readMemory(0, 4), ConnectionError);
    const reason = await target.resume().catch((error: Error) => error);
    assert.ok(reason instanceof ConnectionError);
  });

  it('tells of packets that it dropped, and reads the output of monitor commands', async () => {
    const stub = await start({ stray: { packet: 'OK', share: 1 } });
    const connection = connect(stub);
    const strays: string[] = [];
    connection.onStray = (packet) => strays.push(packet);
    assert.deepEqual(fromHex(connection.transact('m100,20')), bytesAt(0x100, 0x20));
    await sleep(20);
    assert.deepEqual(strays, ['OK']);
    assert.equal(connect(await start({})).monitor('info'), 'hi!!');
  });

  it('knows the forms of answers', () => {
    const { fits, isStop, isOutput, isInterrupt } = answerForms();
    const CASES: [packet: string, answer: string, fits: boolean][] = [
      ['m0,4', '00112233', true],
      ['m0,4', '0011', true],
      ['m0,4', '0011223344', false],
      ['m0,4', '001', false],
      ['m0,4', 'E14', true],
      ['m0,4', 'OK', false],
      ['m0,4', 'T05thread:01;', false],
      ['g', '00xx', true],
      ['g', 'OK', false],
      ['?', 'S05', true],
      ['?', 'OK', false],
      ['Z0,c1000000,1', 'OK', true],
      ['Z0,c1000000,1', '', true],
      ['Z0,c1000000,1', '00', false],
      ['M0,1:00', 'E01', true],
      ['P8=00000000', 'T02', false],
      ['D', 'OK', true],
      ['qSupported:swbreak+', 'PacketSize=1000;multiprocess+', true],
      ['qSupported:swbreak+', 'OK', false],
      ['qXfer:features:read:target.xml:0,7e0', 'l<target/>', true],
      ['qXfer:features:read:target.xml:0,7e0', '00', false],
      ['qRcmd,696e666f', 'OK', true],
      ['qqemu.PhyMemMode', '0', true],
      ['qqemu.PhyMemMode', 'T05thread:01;', false],
    ];
    for (const [packet, answer, expected] of CASES)
      assert.equal(fits(packet, answer), expected, `${packet}: ${answer}`);
    assert.deepEqual(['T05', 'S02', 'W00', 'X09', 'N', 'OK', 'T', 'E01'].map(isStop), [
      ...Array<boolean>(5).fill(true),
      ...Array<boolean>(3).fill(false),
    ]);
    assert.deepEqual(['T02', 'S00', 'T05'].map(isInterrupt), [true, true, false]);
    assert.deepEqual(['O6869', 'OK', 'O'].map(isOutput), [true, false, false]);
  });
});

/** A stub of our own that misbehaves as it is told, in a thread of its own: its clients sleep while they wait for it. */
import type * as Net from 'node:net';
import { type MessagePort, Worker } from 'node:worker_threads';
import { packetCodec } from '../../src/remote/packet';

export interface Misbehaviour {
  /** Offers QStartNoAckMode. */
  readonly noAcks?: boolean;
  /** Its `+` comes behind its answer. */
  readonly lateAcks?: boolean;
  /** A packet that answers nothing goes before this part (0 to 1) of the answers to questions that begin so. */
  readonly stray?: { packet: string; share: number; to?: string };
  /** Every ctrl-C gets a stop reply, also where the target stands already; the stub thinks so many milliseconds about it. */
  readonly answersEveryInterrupt?: number;
  /** The target always stops by itself just before a ctrl-C comes in. */
  readonly crosses?: boolean;
  /** Each stop is told twice. */
  readonly doubleStops?: boolean;
  /** The target stops by itself after up to this many milliseconds. */
  readonly stopsWithin?: number;
  /** A step takes this many milliseconds; a ctrl-C meanwhile comes before it. */
  readonly slowSteps?: number;
  /** This part of the answers comes with a wrong checksum first. */
  readonly damaged?: number;
  /** A few bytes at a time. */
  readonly crumbles?: boolean;
  /** Questions that begin so are never answered. */
  readonly deafTo?: string;
}

/** What came in that must not come in, and what did. */
export interface Account {
  /** Characters other than ctrl-C while the target ran: QEMU would stop it for them. */
  whileRunning: string;
  interrupts: number;
  /** Ctrl-Cs that came in while the target stood. */
  idleInterrupts: number;
  runs: number;
  steps: number;
  /** Stop replies that nobody waits for. */
  superfluousStops: number;
  strays: number;
}

/** The byte at an address of the fake target: an answer to another question shows. */
export function byteAt(address: number): number {
  return Math.imul(address ^ (address >>> 9), 2654435761) >>> 24;
}

function stubMain(
  codec: ReturnType<typeof packetCodec>,
  byteOf: typeof byteAt,
  net: typeof Net,
  port: MessagePort,
  how: Misbehaviour,
): void {
  const account: Account = {
    whileRunning: '',
    interrupts: 0,
    idleInterrupts: 0,
    runs: 0,
    steps: 0,
    superfluousStops: 0,
    strays: 0,
  };
  let seed = 12345;
  const random = (): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
    return (seed >>> 8) / 0x800000;
  };
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  const word = (value: number): string => [0, 8, 16, 24].map((shift) => hex((value >>> shift) & 0xff, 2)).join('');

  const server = net.createServer((socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    let acks = true;
    let running: 'no' | 'continuing' | 'stepping' = 'no';
    let timer: NodeJS.Timeout | undefined;
    let eip = 0x1000;
    let unacknowledged: Uint8Array | undefined;
    const feed = codec.reader();

    const write = (bytes: Uint8Array): void => {
      if (how.crumbles) for (let at = 0; at < bytes.length; at += 50) socket.write(bytes.slice(at, at + 50));
      else socket.write(bytes);
    };
    const send = (data: string): void => {
      const bytes = codec.encode(data);
      unacknowledged = bytes;
      if (acks && random() < (how.damaged ?? 0)) {
        const wrong = bytes.slice();
        wrong[wrong.length - 1] ^= 1;
        write(wrong);
      } else write(bytes);
    };
    let question = '';
    const answer = (data: string): void => {
      if (how.stray && question.startsWith(how.stray.to ?? '') && random() < how.stray.share) {
        account.strays++;
        write(codec.encode(how.stray.packet));
      }
      send(data);
    };
    const stop = (reply: string): void => {
      clearTimeout(timer);
      running = 'no';
      send(reply);
      if (!how.doubleStops) return;
      account.superfluousStops++;
      write(codec.encode(reply));
    };

    const onPacket = (data: string): void => {
      question = data;
      if (how.deafTo && data.startsWith(how.deafTo)) return;
      const [, address, length] = /^m([0-9a-f]+),([0-9a-f]+)$/.exec(data) ?? [];
      if (address) {
        let text = '';
        for (let i = 0; i < parseInt(length, 16); i++) text += hex(byteOf(parseInt(address, 16) + i), 2);
        answer(text);
      } else if (data === 'g') answer(Array.from({ length: 16 }, (_, n) => word(n === 8 ? eip : n)).join(''));
      else if (data === '?') answer('T05thread:01;');
      else if (data.startsWith('qSupported')) answer(`PacketSize=400${how.noAcks ? ';QStartNoAckMode+' : ''}`);
      else if (data === 'QStartNoAckMode' && how.noAcks) {
        answer('OK');
        acks = false;
      } else if (/^[ZzMPG]/.test(data)) answer('OK');
      else if (data === 'qRcmd,' + word(0x6f666e69)) {
        write(codec.encode('O' + word(0x21216968)));
        answer('OK');
      } else if (data === 'c') {
        account.runs++;
        running = 'continuing';
        eip = (eip + 0x11) >>> 0;
        if (how.stopsWithin !== undefined) timer = setTimeout(() => stop('T05thread:01;'), random() * how.stopsWithin);
      } else if (data === 's') {
        running = 'stepping';
        timer = setTimeout(() => {
          account.steps++;
          eip = (eip + 1) >>> 0;
          stop('T05thread:01;');
        }, how.slowSteps ?? 0);
      } else answer('');
    };

    socket.on('data', (bytes) => {
      for (const byte of bytes) {
        if (byte === 3) {
          account.interrupts++;
          if (how.crosses && running !== 'no') stop('T05thread:01;');
          if (running !== 'no') stop('T02thread:01;');
          else {
            account.idleInterrupts++;
            if (how.answersEveryInterrupt !== undefined) {
              account.superfluousStops++;
              Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, how.answersEveryInterrupt);
              write(codec.encode('T02thread:01;'));
            }
          }
          continue;
        }
        if (running !== 'no' && byte !== 0x2b) account.whileRunning += String.fromCharCode(byte);
        for (const item of feed(Uint8Array.of(byte))) {
          if (item.kind === 'nack' && unacknowledged) write(unacknowledged);
          if (item.kind !== 'packet') continue;
          if (acks && !how.lateAcks) socket.write('+');
          onPacket(item.data);
          if (acks && how.lateAcks) setTimeout(() => socket.write('+'), random() * 3);
        }
      }
    });
  });
  server.listen(0, '127.0.0.1', () => port.postMessage({ port: (server.address() as Net.AddressInfo).port }));
  port.on('message', () => port.postMessage({ account }));
}

export class FakeStub {
  private constructor(
    private readonly worker: Worker,
    readonly port: number,
  ) {}

  static async start(how: Misbehaviour = {}): Promise<FakeStub> {
    const source = `
      const __name = (f) => f;
      const { parentPort, workerData } = require('node:worker_threads');
      (${stubMain.toString()})((${packetCodec.toString()})(), ${byteAt.toString()}, require('node:net'), parentPort, workerData);`;
    const worker = new Worker(source, { eval: true, workerData: how, execArgv: [] });
    const { port } = await FakeStub.next<{ port: number }>(worker);
    return new FakeStub(worker, port);
  }

  async account(): Promise<Account> {
    const reply = FakeStub.next<{ account: Account }>(this.worker);
    this.worker.postMessage('account');
    return (await reply).account;
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private static next<T>(worker: Worker): Promise<T> {
    return new Promise((resolve, reject) => {
      worker.once('message', (message: T) => {
        worker.off('error', reject);
        resolve(message);
      });
      worker.once('error', reject);
    });
  }
}

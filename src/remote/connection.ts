import { Worker } from 'node:worker_threads';
import { packetCodec } from './packet';
import { type Command, CONTROL, STATUS, type WorkerEvent, workerMain } from './worker';

/** The stub went away, or does not answer. */
export class ConnectionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConnectionError';
  }
}

const REPLY_BYTES = 1 << 20;

/**
 * A connection to a gdb stub whose replies are waited for synchronously (a worker reads the socket, this thread sleeps on a
 * shared array). Only stops of a running target are asynchronous.
 */
export class StubConnection {
  private readonly worker: Worker;
  private readonly control = new Int32Array(new SharedArrayBuffer(16));
  private readonly data = new Uint8Array(new SharedArrayBuffer(REPLY_BYTES));
  private lostMessage: string | undefined;

  onStop: (reply: string) => void = () => {};
  onConsole: (text: string) => void = () => {};
  onLost: (message: string) => void = () => {};

  /**
   * @param timeout milliseconds to wait for any reply
   * @throws ConnectionError
   */
  constructor(
    host: string,
    port: number,
    private readonly timeout = 20_000,
  ) {
    // A bundler that keeps function names wraps functions in __name(); the worker has no such helper of its own.
    const source = `
      const __name = (f) => f;
      const { parentPort, workerData } = require('node:worker_threads');
      (${workerMain.toString()})((${packetCodec.toString()})(), require('node:net'), parentPort, workerData);`;
    this.worker = new Worker(source, {
      eval: true,
      workerData: { control: this.control, data: this.data },
      execArgv: [],
    });
    this.worker.on('message', (event: WorkerEvent) => {
      if (event.type === 'stop') this.onStop(event.reply);
      else if (event.type === 'console') this.onConsole(event.text);
      else {
        this.lostMessage = event.message;
        this.onLost(event.message);
      }
    });
    this.worker.on('error', (error) => {
      this.lostMessage = `The connection's worker failed: ${error.message}.`;
      this.onLost(this.lostMessage);
    });
    try {
      this.ask({ type: 'connect', host, port });
    } catch (error) {
      this.abandon();
      throw error;
    }
    // Only a running target keeps the process alive, through whoever awaits it.
    this.worker.unref();
  }

  /** Sends a packet and waits for its reply. @throws ConnectionError */
  transact(packet: string): string {
    return this.ask({ type: 'transact', packet }).text;
  }

  /** A monitor command (qRcmd), its output as text; an error reply is returned as it came. */
  monitor(command: string): string {
    let hex = '';
    for (const character of command) hex += character.charCodeAt(0).toString(16).padStart(2, '0');
    return this.ask({ type: 'transact', packet: `qRcmd,${hex}`, collect: true }).text;
  }

  /** Lets the target run; `onStop` follows. */
  run(packet: string): void {
    this.post({ type: 'run', packet });
    this.worker.ref();
  }

  /** Stops a running target. @returns its stop reply, or undefined where it had stopped already (`onStop` tells of that stop) */
  interrupt(): string | undefined {
    const { status, text } = this.ask({ type: 'interrupt' });
    return status === STATUS.alreadyStopped ? undefined : text;
  }

  /** Asks a running target to stop; `onStop` follows. */
  break(): void {
    this.post({ type: 'break' });
  }

  /** Drops late answers, after one that cannot belong to its question. */
  resynchronise(): void {
    this.ask({ type: 'drain' });
  }

  /** QStartNoAckMode was agreed on. */
  stopAcknowledging(): void {
    this.post({ type: 'noAcks' });
  }

  close(): void {
    this.post({ type: 'close' });
    this.worker.unref();
  }

  /** Ends the connection without a word, as where the stub does not answer. */
  abandon(): void {
    void this.worker.terminate();
  }

  private post(command: Command): void {
    this.worker.postMessage(command);
  }

  private ask(command: Command): { status: number; text: string } {
    if (this.lostMessage) throw new ConnectionError(this.lostMessage);
    Atomics.store(this.control, CONTROL.ready, 0);
    this.post(command);
    if (Atomics.wait(this.control, CONTROL.ready, 0, this.timeout) === 'timed-out')
      throw new ConnectionError(`The stub gave no answer within ${this.timeout / 1000} seconds.`);
    const status = this.control[CONTROL.status];
    let text = '';
    const bytes = this.data.subarray(0, this.control[CONTROL.length]);
    for (let i = 0; i < bytes.length; i += 4096) text += String.fromCharCode(...bytes.subarray(i, i + 4096));
    if (status === STATUS.failed) throw new ConnectionError(text);
    return { status, text };
  }
}

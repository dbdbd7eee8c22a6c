import { Worker } from 'node:worker_threads';
import { answerForms } from './answers';
import { type Answer, answerInto, Mailbox, STATUS } from './mailbox';
import { packetCodec } from './packet';
import { type Command, type WorkerEvent, workerMain } from './worker';

/** The stub went away, or does not answer. */
export class ConnectionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ConnectionError';
  }
}

const REPLY_BYTES = 1 << 20;

/** A command that is answered, without the number of its question. */
type Question = Command extends infer C ? (C extends { question: number } ? Omit<C, 'question'> : never) : never;

/**
 * A connection to a gdb stub whose replies are waited for synchronously (a worker reads the socket, this thread sleeps).
 * Only stops of a running target are asynchronous. A stub that does not answer in time is given up for good.
 */
export class StubConnection {
  private readonly worker: Worker;
  private readonly mailbox = new Mailbox(REPLY_BYTES);
  private lostMessage: string | undefined;

  onStop: (reply: string) => void = () => {};
  onConsole: (text: string) => void = () => {};
  onLost: (message: string) => void = () => {};
  /** A packet came that answers nothing, and was dropped. */
  onStray: (packet: string) => void = () => {};

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
      const parts = {
        codec: (${packetCodec.toString()})(),
        forms: (${answerForms.toString()})(),
        answerInto: ${answerInto.toString()},
      };
      (${workerMain.toString()})(parts, require('node:net'), parentPort, workerData);`;
    this.worker = new Worker(source, { eval: true, workerData: this.mailbox.shared, execArgv: [] });
    this.worker.on('message', (event: WorkerEvent) => {
      if (event.type === 'stop') this.onStop(event.reply);
      else if (event.type === 'console') this.onConsole(event.text);
      else if (event.type === 'stray') this.onStray(event.packet);
      else this.lose(event.message);
    });
    this.worker.on('error', (error) => this.lose(`The connection's worker failed: ${error.message}.`));
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

  private lose(message: string): void {
    if (this.lostMessage) return;
    this.lostMessage = message;
    this.onLost(message);
  }

  private ask(question: Question): Answer {
    if (this.lostMessage) throw new ConnectionError(this.lostMessage);
    const number = this.mailbox.next();
    this.post({ ...question, question: number });
    const answer = this.mailbox.wait(number, this.timeout);
    if (!answer) {
      this.abandon();
      this.lose(`The stub gave no answer within ${this.timeout / 1000} seconds.`);
      throw new ConnectionError(this.lostMessage!);
    }
    if (answer.status === STATUS.failed) throw new ConnectionError(answer.text);
    return answer;
  }
}

import type * as Net from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import type { answerForms } from './answers';
import type { answerInto, SharedMailbox } from './mailbox';
import type { packetCodec } from './packet';

/** Commands with a `question` are answered through the mailbox. */
export type Command =
  | { type: 'connect'; question: number; host: string; port: number }
  /** One packet, one reply. With `collect`, O packets before the reply are its text (qRcmd). */
  | { type: 'transact'; question: number; packet: string; collect?: boolean }
  /** A packet that lets the target run; its stop reply is posted as an event. */
  | { type: 'run'; packet: string }
  /** Stop the running target and hand the stop reply to the waiting thread. */
  | { type: 'interrupt'; question: number }
  /** Ask the running target to stop; the stop reply is posted as an event. */
  | { type: 'break' }
  | { type: 'noAcks' }
  | { type: 'close' };

export type WorkerEvent =
  | { type: 'stop'; reply: string }
  | { type: 'console'; text: string }
  /** A packet that nobody asked for, now dropped. */
  | { type: 'stray'; packet: string }
  | { type: 'lost'; message: string };

/**
 * The worker that owns the socket: the debugger's thread sleeps on shared memory while this one waits for the reply.
 *
 * Either the target runs, or it stands and there is at most one question on the wire; commands wait in a queue meanwhile. A packet is
 * taken for an answer only where it can be one (`answers.ts`), and for a stop only while the target runs; everything else is dropped
 * and told as an event.
 *
 * Self-contained: its source text is what the worker runs.
 */
export function workerMain(
  parts: {
    codec: ReturnType<typeof packetCodec>;
    forms: ReturnType<typeof answerForms>;
    answerInto: typeof answerInto;
  },
  net: typeof Net,
  port: MessagePort,
  shared: SharedMailbox,
): void {
  const { forms } = parts;
  /** A ctrl-C that had no effect is repeated at the next request, after this many milliseconds. */
  const PATIENCE = 1000;
  /** Any stub answers this, be it by "not known". */
  const FENCE = 'qC';

  interface Question {
    /** Undefined where only the worker itself waits for the answer. */
    readonly number: number | undefined;
    readonly packet: string;
    readonly collect: boolean;
    text: string;
  }

  let socket: Net.Socket | undefined;
  let connecting: number | undefined;
  let asked: Question | undefined;
  let running = false;
  /** The question that waits for the stop of the running target. */
  let interrupting: number | undefined;
  /** Ctrl-Cs of this run, and when the last of them went out. */
  let interrupts = 0;
  let interruptedAt = 0;
  /** A ctrl-C crossed with a stop: the stub may still answer it by a stop reply of its own. */
  let crossed = false;
  let queue: Command[] = [];
  let acks = true;
  let lost = '';
  let lastSent: Uint8Array | undefined;
  const feed = parts.codec.reader();

  function answer(question: number | undefined, status: number, text: string): void {
    if (question !== undefined) parts.answerInto(shared, question, status, text);
  }

  function send(packet: string): void {
    lastSent = parts.codec.encode(packet);
    socket?.write(lastSent);
  }

  function ask(number: number | undefined, packet: string, collect = false): void {
    asked = { number, packet, collect, text: '' };
    send(packet);
  }

  function interrupt(): void {
    const now = performance.now();
    if (interrupts > 0 && now - interruptedAt < PATIENCE) return;
    interrupts++;
    interruptedAt = now;
    socket?.write(Uint8Array.of(3));
  }

  function lose(message: string): void {
    if (lost) return;
    lost = message;
    port.postMessage({ type: 'lost', message });
    for (const question of [connecting, asked?.number, interrupting]) answer(question, 1, message);
    const waiting = queue;
    queue = [];
    waiting.forEach(onCommand);
  }

  function textOf(hex: string): string {
    let text = '';
    for (let i = 0; i + 1 < hex.length; i += 2) text += String.fromCharCode(parseInt(hex.slice(i, i + 2), 16));
    return text;
  }

  function onPacket(data: string): void {
    if (running) {
      if (forms.isStop(data)) stopped(data);
      else if (forms.isOutput(data)) port.postMessage({ type: 'console', text: textOf(data.slice(1)) });
      else port.postMessage({ type: 'stray', packet: data });
      return;
    }
    if (asked?.collect && forms.isOutput(data)) asked.text += textOf(data.slice(1));
    else if (asked && forms.fits(asked.packet, data)) {
      const { number, collect, text } = asked;
      asked = undefined;
      // The stub has read everything before this question, so it has dealt with the ctrl-C too.
      crossed = false;
      answer(number, 0, collect && (data === 'OK' || data === '') ? text : data);
      proceed();
    } else if (crossed && forms.isStop(data)) crossed = false;
    else port.postMessage({ type: 'stray', packet: data });
  }

  function stopped(reply: string): void {
    running = false;
    crossed = interrupts > (forms.isInterrupt(reply) ? 1 : 0);
    interrupts = 0;
    if (interrupting === undefined) port.postMessage({ type: 'stop', reply });
    else answer(interrupting, 0, reply);
    interrupting = undefined;
    proceed();
  }

  function onData(bytes: Uint8Array): void {
    for (const item of feed(bytes)) {
      if (item.kind === 'packet') {
        if (acks) socket?.write('+');
        onPacket(item.data);
      } else if (item.kind === 'damaged') {
        if (acks) socket?.write('-');
        else lose('The stub sent a packet with a wrong checksum.');
      } else if (item.kind === 'nack' && acks && lastSent) socket?.write(lastSent);
    }
  }

  /** Does what waits, as far as it can be done now. */
  function proceed(): void {
    while (!asked && queue.length > 0) execute(queue.shift()!);
  }

  function execute(command: Command): void {
    switch (command.type) {
      case 'connect':
        connecting = command.question;
        socket = net.connect({ host: command.host, port: command.port, noDelay: true });
        socket.on('connect', () => {
          answer(connecting, 0, '');
          connecting = undefined;
        });
        socket.on('data', onData);
        socket.on('error', (error) => lose(`The connection to the stub failed: ${error.message}.`));
        socket.on('close', () => lose('The stub closed the connection.'));
        break;
      case 'transact':
        // To a stub whose target runs, any character is a wish to stop it.
        if (running) answer(command.question, 1, `The target runs and cannot be asked ${command.packet}.`);
        else ask(command.question, command.packet, command.collect);
        break;
      case 'run':
        if (crossed) {
          // A late stop reply must not be taken for the end of the new run.
          queue.unshift(command);
          ask(undefined, FENCE);
        } else {
          running = true;
          send(command.packet);
        }
        break;
      case 'interrupt':
        if (running) {
          interrupting = command.question;
          interrupt();
        } else answer(command.question, 2, '');
        break;
      case 'break':
        if (running) interrupt();
        break;
      case 'noAcks':
        acks = false;
        break;
    }
  }

  function onCommand(command: Command): void {
    if (command.type === 'close') {
      lost = 'The connection is closed.';
      socket?.destroy();
      port.close();
    } else if (!lost) {
      queue.push(command);
      proceed();
    } else if ('question' in command) answer(command.question, 1, lost);
    else if (command.type === 'run') port.postMessage({ type: 'lost', message: lost });
  }

  port.on('message', onCommand);
}

import type * as Net from 'node:net';
import type { MessagePort } from 'node:worker_threads';
import type { packetCodec } from './packet';

/** Words of the shared control array. */
export const CONTROL = { ready: 0, status: 1, length: 2 } as const;
export const STATUS = { ok: 0, failed: 1, alreadyStopped: 2 } as const;

export type Command =
  | { type: 'connect'; host: string; port: number }
  /** One packet, one reply. With `collect`, O packets before the reply are its text (qRcmd). */
  | { type: 'transact'; packet: string; collect?: boolean }
  /** A packet that lets the target run; its stop reply is posted as an event. */
  | { type: 'run'; packet: string }
  /** Stop the running target and hand the stop reply to the waiting thread. */
  | { type: 'interrupt' }
  /** Ask the running target to stop; the stop reply is posted as an event. */
  | { type: 'break' }
  /** Drop what still arrives for a moment: answers to questions given up. */
  | { type: 'drain' }
  | { type: 'noAcks' }
  | { type: 'close' };

export type WorkerEvent =
  { type: 'stop'; reply: string } | { type: 'console'; text: string } | { type: 'lost'; message: string };

/**
 * The worker that owns the socket: the debugger's thread blocks on a shared array while this one waits for the reply.
 * Self-contained: its source text is what the worker runs.
 */
export function workerMain(
  codec: ReturnType<typeof packetCodec>,
  net: typeof Net,
  port: MessagePort,
  shared: { control: Int32Array; data: Uint8Array },
): void {
  let socket: Net.Socket | undefined;
  let waiting: 'nothing' | 'connect' | 'reply' | 'text' | 'interrupt' = 'nothing';
  let running = false;
  let acks = true;
  let lost = '';
  let collected = '';
  let lastSent: Uint8Array | undefined;
  let lastPacket = '';
  const feed = codec.reader();

  function answer(status: number, text: string): void {
    waiting = 'nothing';
    const length = Math.min(text.length, shared.data.length);
    for (let i = 0; i < length; i++) shared.data[i] = text.charCodeAt(i);
    shared.control[1] = status;
    shared.control[2] = length;
    Atomics.store(shared.control, 0, 1);
    Atomics.notify(shared.control, 0);
  }

  function send(packet: string): void {
    lastPacket = packet;
    lastSent = codec.encode(packet);
    socket?.write(lastSent);
  }

  function lose(message: string): void {
    if (lost) return;
    lost = message;
    if (waiting !== 'nothing') answer(1, message);
    port.postMessage({ type: 'lost', message });
  }

  function onPacket(data: string): void {
    const isText = data.length > 1 && data[0] === 'O' && data !== 'OK';
    if (isText && (running || waiting === 'text')) {
      let text = '';
      for (let i = 1; i + 1 < data.length; i += 2) text += String.fromCharCode(parseInt(data.slice(i, i + 2), 16));
      if (waiting === 'text') collected += text;
      else port.postMessage({ type: 'console', text });
      return;
    }
    if (running) {
      running = false;
      if (waiting === 'interrupt') answer(0, data);
      else port.postMessage({ type: 'stop', reply: data });
      return;
    }
    // A ctrl-C that crosses with another stop is answered by a stop reply of its own, which belongs to no question.
    if (waiting !== 'nothing' && lastPacket !== '?' && /^[TSWX][0-9a-f]{2}/.test(data)) return;
    if (waiting === 'text') answer(0, data === 'OK' || data === '' ? collected : data);
    else if (waiting === 'reply') answer(0, data);
  }

  function onData(bytes: Uint8Array): void {
    for (const item of feed(bytes)) {
      if (item.kind === 'packet') {
        if (acks) socket?.write('+');
        onPacket(item.data);
      } else if (item.kind === 'damaged') {
        if (acks) socket?.write('-');
        else lose('The stub sent a packet with a wrong checksum.');
      } else if (item.kind === 'nack' && lastSent) socket?.write(lastSent);
    }
  }

  function onCommand(command: Command): void {
    if (lost && command.type !== 'close') {
      if (command.type === 'break' || command.type === 'noAcks') return;
      if (command.type === 'run') port.postMessage({ type: 'lost', message: lost });
      else answer(1, lost);
      return;
    }
    switch (command.type) {
      case 'connect':
        waiting = 'connect';
        socket = net.connect({ host: command.host, port: command.port, noDelay: true });
        socket.on('connect', () => answer(0, ''));
        socket.on('data', onData);
        socket.on('error', (error) => lose(`The connection to the stub failed: ${error.message}.`));
        socket.on('close', () => lose('The stub closed the connection.'));
        break;
      case 'transact':
        waiting = command.collect ? 'text' : 'reply';
        collected = '';
        send(command.packet);
        break;
      case 'run':
        running = true;
        send(command.packet);
        break;
      case 'interrupt':
        if (running) {
          waiting = 'interrupt';
          socket?.write(Uint8Array.of(3));
        } else answer(2, '');
        break;
      case 'break':
        if (running) socket?.write(Uint8Array.of(3));
        break;
      case 'drain':
        setTimeout(() => answer(0, ''), 100);
        break;
      case 'noAcks':
        acks = false;
        break;
      case 'close':
        lost = 'The connection is closed.';
        socket?.destroy();
        port.close();
        break;
    }
  }

  port.on('message', onCommand);
}

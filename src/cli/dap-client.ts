import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import type { DebugProtocol } from '@vscode/debugprotocol';

type EventListener = (event: DebugProtocol.Event) => void;
/** Sees every message as it goes over the wire, before anything else does. */
export type MessageTap = (message: DebugProtocol.ProtocolMessage, from: 'client' | 'adapter') => void;

/** A failed request; the message is the adapter's. */
export class RequestError extends Error {
  constructor(
    readonly command: string,
    message: string,
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

/** A small client of the debug adapter protocol over the standard streams of the adapter's process. */
export class DapClient {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly waiting = new Map<
    number,
    { resolve: (body: never) => void; reject: (error: Error) => void; command: string }
  >();
  private readonly listeners = new Set<EventListener>();
  private buffer = Buffer.alloc(0);
  private sequence = 1;
  private gone: Error | undefined;

  /** @param adapter path of the adapter's bundle */
  constructor(
    adapter: string,
    private readonly tap: MessageTap = () => {},
  ) {
    this.process = spawn(process.execPath, [adapter], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.process.stdout.on('data', (data: Buffer) => this.receive(data));
    this.process.stderr.on('data', (data: Buffer) => process.stderr.write(data));
    this.process.on('exit', (code) => this.fail(new Error(`The debug adapter ended (exit ${code}).`)));
    this.process.on('error', (error) =>
      this.fail(new Error(`The debug adapter could not be started: ${error.message}`)),
    );
    this.process.stdin.on('error', () => {});
  }

  /** The adapter's process id. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  /** Sends a request; resolves with the response's body. @throws RequestError */
  request<T = unknown>(command: string, args?: object): Promise<T> {
    if (this.gone) return Promise.reject(this.gone);
    const seq = this.sequence++;
    const request: DebugProtocol.Request = { seq, type: 'request', command, arguments: args };
    this.tap(request, 'client');
    const message = Buffer.from(JSON.stringify(request));
    this.process.stdin.write(`Content-Length: ${message.length}\r\n\r\n`);
    this.process.stdin.write(message);
    return new Promise((resolve, reject) => this.waiting.set(seq, { resolve, reject, command }));
  }

  /** Hears every event; returns a function that stops it. */
  onEvent(listener: EventListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The next event of one of these names. */
  next(...names: string[]): Promise<DebugProtocol.Event> {
    return new Promise((resolve) => {
      const stop = this.onEvent((event) => {
        if (!names.includes(event.event)) return;
        stop();
        resolve(event);
      });
    });
  }

  /** Says goodbye and waits for the process to end. */
  async close(): Promise<void> {
    if (this.gone) return;
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    await this.request('disconnect', {}).catch(() => {});
    this.process.stdin.end();
    await ended;
  }

  private receive(data: Buffer): void {
    this.buffer = Buffer.concat([this.buffer, data]);
    for (;;) {
      const end = this.buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: *(\d+)/i.exec(this.buffer.toString('latin1', 0, end))?.[1]);
      if (this.buffer.length < end + 4 + length) return;
      const text = this.buffer.toString('utf8', end + 4, end + 4 + length);
      this.buffer = this.buffer.subarray(end + 4 + length);
      this.dispatch(JSON.parse(text) as DebugProtocol.ProtocolMessage);
    }
  }

  private dispatch(message: DebugProtocol.ProtocolMessage): void {
    this.tap(message, 'adapter');
    if (message.type === 'event') {
      for (const listener of [...this.listeners]) listener(message as DebugProtocol.Event);
      return;
    }
    const response = message as DebugProtocol.Response;
    const pending = this.waiting.get(response.request_seq);
    if (!pending) return;
    this.waiting.delete(response.request_seq);
    if (response.success) pending.resolve(response.body as never);
    else pending.reject(new RequestError(pending.command, response.message ?? `${pending.command} failed.`));
  }

  private fail(error: Error): void {
    this.gone = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
    const terminated: DebugProtocol.Event = { seq: 0, type: 'event', event: 'terminated' };
    for (const listener of [...this.listeners]) listener(terminated);
  }
}

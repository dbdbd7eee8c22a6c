import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { DapClient, RequestError } from '../../src/cli/dap-client';
import { ProtocolSchema } from './protocol-schema';

const schema = new ProtocolSchema();
/** Milliseconds until an event that does not come is an error. */
const PATIENCE = 20_000;

/** Messages checked against the protocol's schema so far, by all clients. */
export function checkedMessages(): number {
  return schema.checked;
}

/** Scopes of a frame by their names. */
export type Scopes = Record<string, DebugProtocol.Scope>;

/**
 * A client that checks each message in both directions against the published protocol, keeps what it has seen, and offers the requests
 * that tests make again and again in short.
 */
export class TestClient extends DapClient {
  /** Everything that went over the wire, in order. */
  readonly messages: { from: 'client' | 'adapter'; message: DebugProtocol.ProtocolMessage }[] = [];
  /** What is wrong with messages: a test must end with none. */
  readonly problems: string[] = [];
  /** What the guest has written to its console. */
  output = '';
  private taken = 0;
  private readonly queue: DebugProtocol.Event[] = [];
  private wake: () => void = () => {};
  private lastAdapterSeq = 0;

  /** Clients whose adapters may still run. */
  private static readonly alive = new Set<TestClient>();

  /** Ends what failed tests have left running. */
  static async killAll(): Promise<void> {
    for (const client of TestClient.alive) await client.kill();
  }

  constructor(adapter: string) {
    const commands = new Map<number, string>();
    // The base class calls this from its constructor's process only, when everything here is set up.
    super(adapter, (message, from) => {
      if (from === 'client') commands.set(message.seq, (message as DebugProtocol.Request).command);
      this.check(message, from, commands);
    });
    TestClient.alive.add(this);
    this.onEvent((event) => {
      if (event.event === 'output') {
        const { category, output } = (event as DebugProtocol.OutputEvent).body;
        if (category === 'stdout') this.output += output;
      }
      this.queue.push(event);
      this.wake();
    });
  }

  private check(
    message: DebugProtocol.ProtocolMessage,
    from: 'client' | 'adapter',
    commands: ReadonlyMap<number, string>,
  ): void {
    this.messages.push({ from, message });
    const problem = schema.problemOf(message, (seq) => commands.get(seq));
    if (problem) this.problems.push(problem);
    if (from === 'client') return;
    if (message.seq !== this.lastAdapterSeq + 1) this.problems.push(`seq ${message.seq} after ${this.lastAdapterSeq}`);
    this.lastAdapterSeq = message.seq;
  }

  /** The next event of a name that no one has taken yet; events of other names stay. */
  async event<T extends DebugProtocol.Event>(name: T['event'], patience = PATIENCE): Promise<T> {
    const event = await this.wait(() => this.take(name) ?? this.take('terminated'), `the event "${name}"`, patience);
    if (event.event === name) return event as T;
    const unread = this.queue.map(({ event: of, body }) => `${of} ${JSON.stringify(body)}`).slice(-15);
    throw new Error(`The session ended before "${name}". Unread events:\n${unread.join('\n')}`);
  }

  private take(name: string): DebugProtocol.Event | undefined {
    const at = this.queue.findIndex((each) => each.event === name);
    return at < 0 ? undefined : this.queue.splice(at, 1)[0];
  }

  /** Body of the next stop; undefined where the session ends first. */
  async stopOrEnd(patience = PATIENCE): Promise<DebugProtocol.StoppedEvent['body'] | undefined> {
    const look = (): DebugProtocol.Event | undefined => this.take('stopped') ?? this.take('terminated');
    const event = await this.wait(look, 'a stop or the end', patience);
    return event.event === 'stopped' ? (event as DebugProtocol.StoppedEvent).body : undefined;
  }

  /** Body of the next stop. */
  async stopped(patience = PATIENCE): Promise<DebugProtocol.StoppedEvent['body']> {
    return (await this.event<DebugProtocol.StoppedEvent>('stopped', patience)).body;
  }

  /** Events of a name that no one has taken; takes them. */
  takeEvents<T extends DebugProtocol.Event>(name: string): T[] {
    const found = this.queue.filter((event) => event.event === name);
    for (const event of found) this.queue.splice(this.queue.indexOf(event), 1);
    return found as T[];
  }

  /** Waits until the guest's console says something; gives what came before it since the last wait. */
  async console(text: string, patience = PATIENCE): Promise<string> {
    return this.wait(
      () => {
        const at = this.output.indexOf(text, this.taken);
        if (at < 0) return undefined;
        const before = this.output.slice(this.taken, at);
        this.taken = at + text.length;
        return before;
      },
      `"${text}" on the console`,
      patience,
    );
  }

  private async wait<T>(look: () => T | undefined, what: string, patience: number): Promise<T> {
    const deadline = Date.now() + patience;
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(
          `${patience} ms passed without ${what}; the console says:\n${this.output.slice(this.taken).slice(-1000)}`,
        );
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Types at the guest's console. */
  async type(line: string): Promise<void> {
    await this.request('sockscope/consoleInput', { text: `${line}\r` });
  }

  /** Runs to the next stop by a request (`continue`, `next`, `stepIn`, …). */
  async run(command: string, args: object, patience = PATIENCE): Promise<DebugProtocol.StoppedEvent['body']> {
    await this.request(command, args);
    return this.stopped(patience);
  }

  /** The error a request fails with. */
  async failure(command: string, args: object): Promise<string> {
    try {
      await this.request(command, args);
    } catch (error) {
      if (error instanceof RequestError) return error.message;
      throw error;
    }
    return assert.fail(`${command} ${JSON.stringify(args)} did not fail.`);
  }

  async frames(threadId: number): Promise<DebugProtocol.StackFrame[]> {
    return (await this.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId })).stackFrames;
  }

  async top(threadId: number): Promise<DebugProtocol.StackFrame> {
    const args = { threadId, startFrame: 0, levels: 1 };
    return (await this.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', args)).stackFrames[0];
  }

  async scopes(frameId: number): Promise<Scopes> {
    const { scopes } = await this.request<DebugProtocol.ScopesResponse['body']>('scopes', { frameId });
    return Object.fromEntries(scopes.map((scope) => [scope.name, scope]));
  }

  async variables(variablesReference: number, more: object = {}): Promise<DebugProtocol.Variable[]> {
    const args = { variablesReference, ...more };
    return (await this.request<DebugProtocol.VariablesResponse['body']>('variables', args)).variables;
  }

  /** Names and values of what a reference holds. */
  async values(variablesReference: number, more: object = {}): Promise<Record<string, string>> {
    const variables = await this.variables(variablesReference, more);
    return Object.fromEntries(variables.map(({ name, value }) => [name, value]));
  }

  async evaluate(
    expression: string,
    frameId: number,
    more: object = {},
  ): Promise<DebugProtocol.EvaluateResponse['body']> {
    return this.request('evaluate', { expression, frameId, context: 'watch', ...more });
  }

  /** Value of an expression as text. */
  async value(expression: string, frameId: number, more: object = {}): Promise<string> {
    return (await this.evaluate(expression, frameId, more)).result;
  }

  async functionBreakpoints(
    ...breakpoints: (string | DebugProtocol.FunctionBreakpoint)[]
  ): Promise<DebugProtocol.Breakpoint[]> {
    const list = breakpoints.map((each) => (typeof each === 'string' ? { name: each } : each));
    const args = { breakpoints: list };
    return (await this.request<DebugProtocol.SetBreakpointsResponse['body']>('setFunctionBreakpoints', args))
      .breakpoints;
  }

  async lineBreakpoints(
    path: string,
    ...breakpoints: (number | DebugProtocol.SourceBreakpoint)[]
  ): Promise<DebugProtocol.Breakpoint[]> {
    const list = breakpoints.map((each) => (typeof each === 'number' ? { line: each } : each));
    const args = { source: { path }, breakpoints: list };
    return (await this.request<DebugProtocol.SetBreakpointsResponse['body']>('setBreakpoints', args)).breakpoints;
  }

  /** Ends the session; fails where a message of it was not as the protocol has it. */
  async end(): Promise<void> {
    await this.close();
    TestClient.alive.delete(this);
    assert.deepEqual(this.problems, [], 'messages that the protocol does not allow');
  }

  /** Ends the adapter whatever it does. */
  async kill(): Promise<void> {
    TestClient.alive.delete(this);
    if (this.pid === undefined) return;
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  }
}

import type { DebugProtocol } from '@vscode/debugprotocol';
import type { DispatchPathBody } from '../adapter/protocol';
import { SOURCE_SCHEME } from '../adapter/sources';
import { pathNames } from '../linux/dispatch-path-text';
import { DapClient } from './dap-client';

/** A call of the experiment's programs, seen at a breakpoint. */
export interface Stop {
  readonly stop: number;
  readonly task: { readonly pid: number; readonly name: string };
  readonly function: string;
  readonly file: string;
  readonly line: number;
  /** `SYS_BIND`, at a stop in a case of the socketcall switch. */
  readonly case?: string;
  readonly arguments: Record<string, string | number>;
  /** The whole dispatch of the call by the names of its hops, also what is ahead: `bind`, `vector 0x80`, …, `inet_csk_get_port`. */
  readonly way: readonly string[];
  /** From the user's `main` to the kernel's function. */
  readonly stack: readonly StackEntry[];
}

export interface StackEntry {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly space: 'kernel' | 'user';
}

/** Source around a stop, as `list` shows it. */
export interface Listing {
  readonly first: number;
  readonly lines: readonly string[];
}

export interface Experiment {
  readonly id: string;
  readonly title: string;
  /** Function-breakpoint names. */
  readonly breakpoints: readonly string[];
  /** What names a stop in the order of calls. */
  readonly nameOf: (stop: Stop) => string;
}

const SOCKETCALL_CASES = [
  'SYS_SOCKET', 'SYS_BIND', 'SYS_CONNECT', 'SYS_LISTEN', 'SYS_ACCEPT', 'SYS_GETSOCKNAME', 'SYS_GETPEERNAME', 'SYS_SOCKETPAIR',
  'SYS_SEND', 'SYS_SENDTO', 'SYS_RECV', 'SYS_RECVFROM', 'SYS_SHUTDOWN', 'SYS_SETSOCKOPT', 'SYS_GETSOCKOPT', 'SYS_SENDMSG',
  'SYS_SENDMMSG', 'SYS_RECVMSG', 'SYS_RECVMMSG', 'SYS_ACCEPT4',
]; // prettier-ignore

/** The study's two experiments. */
export const EXPERIMENTS: readonly Experiment[] = [
  {
    id: 'a',
    title: 'breakpoints on sys_socket, sys_bind and sys_listen',
    breakpoints: ['sys_socket', 'sys_bind', 'sys_listen'],
    nameOf: (stop) => stop.function,
  },
  {
    id: 'b',
    title: 'breakpoints on every case of the socketcall switch',
    breakpoints: SOCKETCALL_CASES,
    nameOf: (stop) => stop.case ?? stop.function,
  },
];

/** What an experiment tells while it runs. */
export interface Observer {
  stop(stop: Stop, listing: Listing | undefined): void;
  console(text: string): void;
  note(text: string): void;
}

/** The programs under study; init, too, makes socket calls, which are not part of the experiment. */
const PROGRAMS = ['replyhi', 'hello'];
/** First kernel address with the usual split; only to tell the kernel's frames from the user's. */
const KERNEL_START = 0xc0000000;
const LINES_AROUND = 4;

/**
 * Runs one experiment as a debug session over the real adapter.
 * @param adapter path of the adapter's bundle
 * @param launch more launch attributes
 * @returns for each program the order of its calls
 */
export async function runExperiment(
  experiment: Experiment,
  adapter: string,
  launch: object,
  observer: Observer,
): Promise<Record<string, string[]>> {
  const client = new DapClient(adapter);
  const order: Record<string, string[]> = Object.fromEntries(PROGRAMS.map((name) => [name, []]));
  try {
    client.onEvent((event) => {
      if (event.event !== 'output') return;
      const { category, output } = (event as DebugProtocol.OutputEvent).body;
      if (category === 'stdout') observer.console(output);
      else observer.note(output.trimEnd());
    });
    await client.request('initialize', {
      adapterID: 'sockscope',
      clientID: 'sockscope-cli',
      linesStartAt1: true,
      columnsStartAt1: true,
      pathFormat: 'path',
    });
    const initialized = client.next('initialized');
    await client.request('launch', {
      run: ['replyhi --once &', 'hello', 'exit'],
      __sourceScheme: SOURCE_SCHEME,
      ...launch,
    });
    await initialized;
    await setBreakpoints(client, experiment, observer);
    let next = client.next('stopped', 'terminated');
    await client.request('configurationDone');
    for (let number = 1; ; number++) {
      const event = await next;
      if (event.event === 'terminated') break;
      const { body } = event as DebugProtocol.StoppedEvent;
      if (body.reason === 'exception') throw new Error(body.text ?? 'The machine stopped.');
      const threadId = body.threadId ?? 0;
      const { stop, listing } = await describeStop(client, number, threadId);
      (order[stop.task.name] ??= []).push(experiment.nameOf(stop));
      observer.stop(stop, listing);
      next = client.next('stopped', 'terminated');
      await client.request('continue', { threadId });
    }
    return order;
  } finally {
    await client.close();
  }
}

async function setBreakpoints(client: DapClient, experiment: Experiment, observer: Observer): Promise<void> {
  const condition = PROGRAMS.map((name) => `$comm == "${name}"`).join(' || ');
  const { breakpoints } = await client.request<DebugProtocol.SetFunctionBreakpointsResponse['body']>(
    'setFunctionBreakpoints',
    {
      breakpoints: experiment.breakpoints.map((name) => ({ name, condition })),
    },
  );
  breakpoints.forEach((breakpoint, i) => {
    const name = experiment.breakpoints[i];
    if (!breakpoint.verified)
      throw new Error(`The breakpoint ${name} could not be set: ${breakpoint.message ?? 'no reason given'}`);
    observer.note(
      `breakpoint ${name} at ${pathOf(breakpoint.source)}:${breakpoint.line}${breakpoint.message ? ` (${breakpoint.message})` : ''}`,
    );
  });
}

function pathOf(source: DebugProtocol.Source | undefined): string {
  return (source?.path ?? source?.name ?? '').replace(new RegExp(`^${SOURCE_SCHEME}:/`), '');
}

async function describeStop(
  client: DapClient,
  number: number,
  threadId: number,
): Promise<{ stop: Stop; listing: Listing | undefined }> {
  const { threads } = await client.request<DebugProtocol.ThreadsResponse['body']>('threads');
  const { stackFrames } = await client.request<DebugProtocol.StackTraceResponse['body']>('stackTrace', { threadId });
  const [top] = stackFrames;
  const { socketCall } = await client.request<{
    socketCall: { call: string; case?: string; arguments: Stop['arguments'] } | null;
  }>('sockscope/socketCall', { frameId: top.id });
  const { path } = await client.request<DispatchPathBody>('sockscope/dispatchPath', { threadId });
  const title = threads.find((thread) => thread.id === threadId)?.name ?? '';
  const task = /^(.*) \(pid (\d+)/.exec(title);
  const stop: Stop = {
    stop: number,
    task: { pid: Number(task?.[2] ?? threadId), name: task?.[1] ?? title },
    function: top.name,
    file: pathOf(top.source),
    line: top.line,
    ...(socketCall?.case ? { case: socketCall.case } : {}),
    arguments: socketCall?.arguments ?? {},
    way: pathNames(path?.hops ?? []),
    stack: stackEntries(stackFrames),
  };
  return { stop, listing: await listAround(client, top) };
}

/** From `main` inwards; what calls main (the start-up code) is no part of the program's way into the kernel. */
function stackEntries(frames: readonly DebugProtocol.StackFrame[]): StackEntry[] {
  const entries = frames
    .filter((frame) => frame.presentationHint !== 'label')
    .map((frame) => ({
      function: frame.name,
      file: pathOf(frame.source),
      line: frame.line,
      space: Number(frame.instructionPointerReference) >= KERNEL_START ? ('kernel' as const) : ('user' as const),
    }));
  const main = entries.findLastIndex((entry) => entry.function === 'main' && entry.space === 'user');
  return (main < 0 ? entries : entries.slice(0, main + 1)).reverse();
}

async function listAround(client: DapClient, frame: DebugProtocol.StackFrame): Promise<Listing | undefined> {
  if (!frame.source) return undefined;
  const { content } = await client.request<DebugProtocol.SourceResponse['body']>('source', {
    source: frame.source,
    sourceReference: frame.source.sourceReference ?? 0,
  });
  const first = Math.max(1, frame.line - LINES_AROUND);
  return { first, lines: content.split('\n').slice(first - 1, frame.line + LINES_AROUND) };
}

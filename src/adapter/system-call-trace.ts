import { Event, OutputEvent } from '@vscode/debugadapter';
import type { Debugger } from '../debugger/debugger';
import { CallTrace, type LinuxPlatform, type TracedCall, type TraceScope } from '../linux';
import { INSTRUCTIONS_PER_SECOND } from '../machine/devices/time';
import type { OwnEvents } from './protocol';

/** A traced call with the guest's times in seconds since power-on. */
export interface TraceRow extends TracedCall {
  readonly enteredSeconds: number;
  readonly returnedSeconds?: number;
  /** For a person: `0.912345 91234500 [pid 18 replyhi] bind(…) = 0`. */
  readonly line: string;
}

/** Calls are told so long after they were made, at the latest; milliseconds. */
const DELAY = 100;

/**
 * The trace of a session's system calls, which can be switched on and off at any time. Calls are told in bunches: the text of many in a
 * row costs a fraction of that of each where it happens, when neither the code that makes it nor its data is in the host's caches.
 */
export class SystemCallTrace {
  /** Is told the calls, in the order of their returns. */
  listener: (calls: readonly TracedCall[]) => void = () => {};
  private trace: CallTrace | undefined;
  private tracing: TraceScope | undefined;
  private withPaths = false;
  private waiting: TracedCall[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly platform: LinuxPlatform,
    private readonly session: Debugger,
  ) {
    session.on('stopped', () => this.flush());
    session.on('ended', () => this.finish());
  }

  /** Which calls are traced; undefined while none are. */
  get scope(): TraceScope | undefined {
    return this.tracing;
  }

  /** Whether each call's dispatch path is found. */
  get paths(): boolean {
    return this.withPaths;
  }

  /** Traces these calls from now on, or none. Calls that were under way are told as unfinished where the trace becomes another. */
  set(scope: TraceScope | undefined, paths = this.withPaths): void {
    if (scope === this.tracing && paths === this.withPaths) return;
    this.finish();
    this.tracing = scope;
    this.withPaths = paths;
    const seen = (call: TracedCall): void => {
      if (this.waiting.push(call) === 1) this.timer = setTimeout(() => this.flush(), DELAY);
    };
    this.trace = scope && new CallTrace(this.platform, this.platform.callPlaces(), scope, seen, { paths });
    this.session.setObservers(this.trace ? [this.trace] : []);
  }

  /** Tells what has been seen until now: before something else is told that happened later. */
  flush(): void {
    clearTimeout(this.timer);
    const calls = this.waiting;
    this.waiting = [];
    if (calls.length > 0) this.listener(calls);
  }

  /** Also what has not returned. */
  private finish(): void {
    this.trace?.finish();
    this.flush();
  }
}

/** The event with a line of each call for the debug console. */
export function traceOutput(calls: readonly TracedCall[]): Event {
  return new OutputEvent(calls.map((call) => `${lineOf(call)}\n`).join(''), 'console');
}

/** The event with everything of each call. */
export function traceEvent(calls: readonly TracedCall[]): Event {
  const body: OwnEvents['sockscope/trace'] = { calls: calls.map(rowOf) };
  return new Event('sockscope/trace', body);
}

/** Time of the entry, instructions executed until then, task, and the call in strace's notation. */
function lineOf({ enteredAt, pid, comm, text }: TracedCall): string {
  return `${(enteredAt / INSTRUCTIONS_PER_SECOND).toFixed(6)} ${enteredAt} [pid ${pid} ${comm}] ${text}`;
}

function rowOf(call: TracedCall): TraceRow {
  const { pid, comm, entry, number, gate, result, error, enteredAt, returnedAt, text, path } = call;
  return {
    line: lineOf(call),
    pid,
    comm,
    call: call.call,
    entry,
    number,
    gate,
    case: call.case,
    arguments: call.arguments,
    result,
    error,
    enteredAt,
    returnedAt,
    text,
    path,
    enteredSeconds: enteredAt / INSTRUCTIONS_PER_SECOND,
    ...(returnedAt === undefined ? {} : { returnedSeconds: returnedAt / INSTRUCTIONS_PER_SECOND }),
  };
}

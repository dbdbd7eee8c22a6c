import { CallTrace, type TracedCall, type TraceScope } from '../linux';
import { INSTRUCTIONS_PER_SECOND } from '../machine/devices/time';
import type { GuestSession } from './guest-session';

/** Body of the event `sockscope/trace`: a call with the guest's times in seconds since power-on. */
export interface TraceEventBody extends TracedCall {
  readonly enteredSeconds: number;
  readonly returnedSeconds?: number;
}

/**
 * Begins to trace a session's system calls. Calls are told in bunches when the machine rests for a moment, because the text of many in a
 * row costs much less than that of each where it happens; but before whatever else is heard of the guest.
 * @param tell gets each call, with its line for a person: `0.912345 [pid 18 replyhi] bind(…) = 0`
 * @returns what sees them, which the debugger has as its observer
 */
export function traceSystemCalls(
  { platform, target, debugger: session }: GuestSession,
  scope: TraceScope,
  tell: (line: string, body: TraceEventBody) => void,
): CallTrace {
  let waiting: TracedCall[] = [];
  const flush = (): void => {
    const calls = waiting;
    waiting = [];
    for (const call of calls) {
      const body = bodyOf(call);
      tell(lineOf(body), body);
    }
  };
  const trace = new CallTrace(platform, platform.callPlaces(), scope, (call) => {
    if (waiting.push(call) === 1) setImmediate(flush);
  });
  session.setObservers([trace]);
  session.on('stopped', flush);
  target.onConsoleOutput(flush);
  session.on('ended', () => {
    trace.finish();
    flush();
  });
  return trace;
}

function bodyOf(call: TracedCall): TraceEventBody {
  const { pid, comm, entry, number, gate, result, error, enteredAt, returnedAt, text, path } = call;
  return {
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

/** Time of the entry, instructions executed until then, task, and the call in strace's notation. */
function lineOf({ enteredSeconds, enteredAt, pid, comm, text }: TraceEventBody): string {
  return `${enteredSeconds.toFixed(6)} ${enteredAt} [pid ${pid} ${comm}] ${text}`;
}

import { CallTrace, type TracedCall, type TraceScope } from '../linux';
import { INSTRUCTIONS_PER_SECOND } from '../machine/devices/time';
import type { GuestSession } from './guest-session';

/** Body of the event `sockscope/trace`: a call with the guest's times in seconds since power-on. */
export interface TraceEventBody extends TracedCall {
  readonly enteredSeconds: number;
  readonly returnedSeconds?: number;
}

/**
 * Begins to trace a session's system calls.
 * @param tell gets each call, with its line for a person: `0.912345 [pid 18 replyhi] bind(…) = 0`
 */
export function traceSystemCalls(
  { platform, debugger: session }: GuestSession,
  scope: TraceScope,
  tell: (line: string, body: TraceEventBody) => void,
): void {
  const trace = new CallTrace(platform, platform.callPlaces(), scope, (call) => {
    const enteredSeconds = call.enteredAt / INSTRUCTIONS_PER_SECOND;
    const { returnedAt } = call;
    const body: TraceEventBody = {
      ...call,
      enteredSeconds,
      ...(returnedAt === undefined ? {} : { returnedSeconds: returnedAt / INSTRUCTIONS_PER_SECOND }),
    };
    tell(lineOf(body), body);
  });
  session.setObservers([trace]);
  session.on('ended', () => trace.finish());
}

/** Time of the entry, instructions executed until then, task, and the call in strace's notation. */
function lineOf({ enteredSeconds, enteredAt, pid, comm, text }: TraceEventBody): string {
  return `${enteredSeconds.toFixed(6)} ${enteredAt} [pid ${pid} ${comm}] ${text}`;
}

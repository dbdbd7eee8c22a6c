/** What strace says of a result: its notation, and remarks on what the call has left beside its arguments. */

import { errnoName, errnoText, isFailure } from './errno';
import { EVENT_NAMES } from './strace-names-events';
import { FILE_NAMES } from './strace-names-files';
import { PROCESS_NAMES } from './strace-names-processes';
import { signalName } from './strace-names';
import { handler } from './strace-shapes-structures';
import { openFlags } from './strace-shapes-basic';
import { descriptorSet, EVENTS, pollResults } from './strace-shapes-events';
import { personality } from './strace-shapes-special';
import { hexOrZero, octal, type Reading } from './strace-shape';
import { hex } from './strace-text';

/** How an argument is read, by the index of its word. */
export type Reader = (word: number) => Reading;

/** Calls whose result is an address. */
const RETURNS_ADDRESS = new Set(['brk', 'mmap', 'mmap2', 'mremap', 'shmat']);

/** `3`, `-1 EADDRINUSE (Address already in use)`, `? ERESTARTSYS (…)`. @param call its name as programs have it */
export function straceResult(call: string, result: number): string {
  if (!isFailure(result)) return RETURNS_ADDRESS.has(call) ? hex(result) : String(result | 0);
  const name = errnoName(result);
  if (name === undefined) return `-1 (errno ${-result})`;
  // The kernel's own errors reach no program: the call is done again, or fails with EINTR.
  return `${-result >= 512 ? '?' : '-1'} ${name} (${errnoText(result)})`;
}

const F_GETFD = 1, F_GETFL = 3, F_GETSIG = 11, F_GETLEASE = 1025, F_GET_SEALS = 1034; // prettier-ignore

/** fcntl's commands whose result is a set of flags. */
function fileControl([, command]: readonly number[], result: number): string | undefined {
  if (command === F_GETFL) return `${hexOrZero(result >>> 0)} (flags ${openFlags(result)})`;
  if (command === F_GETLEASE) return `${hexOrZero(result >>> 0)} (${FILE_NAMES.lockType.one(result)})`;
  if (result === 0) return undefined;
  if (command === F_GETFD) return `${hexOrZero(result >>> 0)} (flags ${FILE_NAMES.descriptor.flags(result)})`;
  if (command === F_GET_SEALS) return `${hexOrZero(result >>> 0)} (seals ${FILE_NAMES.seal.flags(result)})`;
  return command === F_GETSIG ? `${result} (${signalName(result)})` : undefined;
}

/** What poll has found, and where `time` is given what is left of its timeout. */
function poll(read: Reader, result: number, time?: string): string {
  if (result === 0) return '0 (Timeout)';
  const [, count] = read(0).words;
  const left = time === undefined || read(2).value === 0 ? [] : [`left ${EVENTS[time](read(2))}`];
  return `${result} (${[pollResults(read(0), count >>> 0), ...left].join(', ')})`;
}

/** The sets that pselect6 has left. */
function select(read: Reader, result: number, time: string): string {
  if (result === 0) return '0 (Timeout)';
  const sets = ['in', 'out', 'except'].flatMap((label, i) => {
    const argument = read(i + 1);
    const text = argument.value === 0 ? '[]' : descriptorSet(argument, argument.words[0] | 0);
    return text === '[]' ? [] : [`${label} ${text}`];
  });
  const left = read(4).value === 0 ? [] : [`left ${EVENTS[time](read(4))}`];
  const parts = [...sets, ...left];
  return parts.length === 0 ? String(result) : `${result} (${parts.join(', ')})`;
}

function processControl([option]: readonly number[], result: number): string | undefined {
  const PR_GET_DUMPABLE = 3, PR_GET_SECUREBITS = 27; // prettier-ignore
  if (option === PR_GET_DUMPABLE) return `${result} (${PROCESS_NAMES.dumpable.one(result)})`;
  if (option !== PR_GET_SECUREBITS || result === 0) return undefined;
  return `${hexOrZero(result >>> 0)} (${PROCESS_NAMES.securebits.flags(result)})`;
}

type Outcome = (read: Reader, result: number) => string | undefined;

/** Results of calls that succeed and have a notation of their own. */
const OUTCOMES: Readonly<Record<string, Outcome>> = {
  fcntl: (read, result) => fileControl(read(0).words, result),
  fcntl64: (read, result) => fileControl(read(0).words, result),
  poll: (read, result) => poll(read, result),
  ppoll: (read, result) => poll(read, result, 'timespec'),
  ppoll_time64: (read, result) => poll(read, result, 'timespec64'),
  pselect6: (read, result) => select(read, result, 'timespec'),
  pselect6_time64: (read, result) => select(read, result, 'timespec64'),
  prctl: (read, result) => processControl(read(0).words, result),
  personality: (_, result) => `${hexOrZero(result >>> 0)} (${personality(result)})`,
  set_thread_area: (read, result) => {
    const { value, read: memory } = read(0);
    const bytes = memory(value >>> 0, 4);
    return `${result} (entry_number=${bytes[0] | (bytes[1] << 8) | (bytes[2] << 16) | (bytes[3] << 24)})`;
  },
  signal: (_, result) => {
    const text = handler(result >>> 0);
    return text.startsWith('SIG_') ? `${hexOrZero(result >>> 0)} (${text})` : text;
  },
  rt_sigtimedwait: (_, result) => (result === 0 ? undefined : `${result} (${signalName(result)})`),
  rt_sigtimedwait_time64: (_, result) => (result === 0 ? undefined : `${result} (${signalName(result)})`),
  sched_getscheduler: (_, result) => `${result} (${PROCESS_NAMES.scheduler.one(result)})`,
  adjtimex: (_, result) => `${result} (${EVENT_NAMES.clockState.one(result)})`,
  umask: (_, result) => octal(result),
  time: (_, result) => {
    const text = new Date(result * 1000).toISOString().slice(0, 19);
    return `${result} (${text}+0000)`;
  },
};

/** What strace writes behind the equals sign. @param call its name as programs have it */
export function straceOutcome(call: string, read: Reader, result: number): string {
  const special = isFailure(result) || !Object.hasOwn(OUTCOMES, call) ? undefined : OUTCOMES[call](read, result);
  return special ?? straceResult(call, result);
}

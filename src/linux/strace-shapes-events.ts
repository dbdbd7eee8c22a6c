/** Times, timers and what is waited for, as strace writes them (uapi/linux/time.h, time_types.h, timex.h, poll.h, eventpoll.h, select.h). */

import { EVENT_NAMES } from './strace-names-events';
import { signalName, signalSet } from './strace-names';
import { array, Fields, members, structure, type Reading, type Shape } from './strace-shape';
import { hex, pointer } from './strace-text';

/** tv_nsec of utimensat with a meaning of their own. */
const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;
/** Descriptors that a set of select has room for (__FD_SETSIZE). */
const MAX_DESCRIPTORS = 1024;

type Unit = 'tv_usec' | 'tv_nsec';

/** Seconds and a fraction: two words, or two double words in the calls whose time outlasts 2038. */
function timeOf(f: Fields, at: number, wide: boolean, unit: Unit): string {
  const [seconds, fraction] = wide ? [f.s64(at), f.u64(at + 8)] : [BigInt(f.s32(at)), BigInt(f.u32(at + 4))];
  return `{tv_sec=${seconds}, ${unit}=${fraction}}`;
}

function time(unit: Unit, wide: boolean): Shape {
  return structure(wide ? 16 : 8, (f) => timeOf(f, 0, wide, unit));
}

/** An interval timer: its period and what is left. */
function timer(unit: Unit, wide: boolean): Shape {
  const size = wide ? 16 : 8;
  return structure(2 * size, (f) =>
    members(`it_interval=${timeOf(f, 0, wide, unit)}`, `it_value=${timeOf(f, size, wide, unit)}`),
  );
}

/** `2026-11-22T21:33:00+0000`, with as many digits of the second as the unit has where it is not whole. */
function calendar(seconds: bigint, fraction: bigint, digits: number): string {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return '';
  const part = fraction === 0n ? '' : `.${String(fraction).padStart(digits, '0')}`;
  return ` /* ${date.toISOString().slice(0, 19)}${part}+0000 */`;
}

/** Access and modification time of a file. */
function fileTimes(unit: Unit, wide: boolean): Shape {
  const size = wide ? 16 : 8;
  return structure(2 * size, (f) => {
    const each = [0, size].map((at) => {
      const [seconds, fraction] = wide ? [f.s64(at), f.u64(at + 8)] : [BigInt(f.s32(at)), BigInt(f.u32(at + 4))];
      if (unit === 'tv_nsec' && fraction === BigInt(UTIME_NOW)) return 'UTIME_NOW';
      if (unit === 'tv_nsec' && fraction === BigInt(UTIME_OMIT)) return 'UTIME_OMIT';
      return timeOf(f, at, wide, unit) + calendar(seconds, fraction, unit === 'tv_nsec' ? 9 : 6);
    });
    return `[${each.join(', ')}]`;
  });
}

function pollDescriptor(f: Fields): string {
  const fd = f.s32(0);
  return fd < 0 ? `{fd=${fd}}` : `{fd=${fd}, events=${EVENT_NAMES.poll.flags(f.u16(4))}}`;
}

/** What poll found: `[{fd=3, revents=POLLIN}]`. */
export function pollResults(argument: Reading, count: number): string {
  const bytes = argument.read(argument.value >>> 0, 8 * Math.min(count, MAX_DESCRIPTORS));
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const f = new Fields(bytes.subarray(at, at + 8));
    if (f.u16(6)) found.push(`{fd=${f.s32(0)}, revents=${EVENT_NAMES.poll.flags(f.u16(6))}}`);
  }
  const { limit } = argument;
  return `[${found.slice(0, limit).join(', ')}${found.length > limit ? ', ...' : ''}]`;
}

function epollEvent(f: Fields): string {
  return `{events=${EVENT_NAMES.epollEvent.flags(f.u32(0))}, data={u32=${f.u32(4)}, u64=${f.u64(4)}}}`;
}

/** A set of descriptors, of as many as a word says: `[3 4]`. */
export function descriptorSet({ value, read }: Reading, count: number): string {
  const last = Math.min(Math.max(count, 0), MAX_DESCRIPTORS);
  const bytes = read(value >>> 0, ((last + 31) >>> 5) * 4);
  const found: number[] = [];
  for (let fd = 0; fd < last; fd++) if (bytes[fd >>> 3] & (1 << (fd & 7))) found.push(fd);
  return `[${found.join(' ')}]`;
}

/** The last argument of pselect6: a pair of a set of signals and its size. */
const maskWithSize: Shape = ({ value, read }) => {
  const pair = new Fields(read(value >>> 0, 8));
  const [address, size] = [pair.u32(0), pair.u32(4)];
  if (address === 0 || size === 0 || size > 8) return `{sigmask=${pointer(address)}, sigsetsize=${size}}`;
  const words = new Fields(read(address, size));
  const set = Array.from({ length: size >>> 2 }, (_, i) => words.u32(4 * i));
  return `{sigmask=${signalSet(set)}, sigsetsize=${size}}`;
};

/** struct sigevent (uapi/asm-generic/siginfo.h): how a timer tells of its end. */
function signalEvent(f: Fields): string {
  const [SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID] = [0, 2, 4];
  const [value, signal, notify] = [f.u32(0), f.s32(4), f.s32(8)];
  const named = [SIGEV_SIGNAL, SIGEV_THREAD, SIGEV_THREAD_ID].includes(notify);
  return members(
    value === 0 ? undefined : `sigev_value={sival_int=${value | 0}, sival_ptr=${hex(value)}}`,
    `sigev_signo=${named ? signalName(signal) : signal >>> 0}`,
    `sigev_notify=${EVENT_NAMES.sigevent.one(notify)}`,
    notify === SIGEV_THREAD_ID ? `sigev_notify_thread_id=${f.s32(12)}` : undefined,
    notify === SIGEV_THREAD
      ? `sigev_notify_function=${pointer(f.u32(12))}, sigev_notify_attributes=${pointer(f.u32(16))}`
      : undefined,
  );
}

export const EVENTS: Readonly<Record<string, Shape>> = {
  timespec: time('tv_nsec', false),
  timespec64: time('tv_nsec', true),
  timeval: time('tv_usec', false),
  interval: timer('tv_usec', false),
  timer: timer('tv_nsec', false),
  timer64: timer('tv_nsec', true),
  fileTimes: fileTimes('tv_nsec', false),
  fileTimes64: fileTimes('tv_nsec', true),
  fileTimevals: fileTimes('tv_usec', false),
  seconds: structure(4, (f) => `[${f.s32(0)}${calendar(BigInt(f.s32(0)), 0n, 0)}]`),
  utime: structure(8, (f) =>
    members(
      `actime=${f.s32(0)}${calendar(BigInt(f.s32(0)), 0n, 0)}`,
      `modtime=${f.s32(4)}${calendar(BigInt(f.s32(4)), 0n, 0)}`,
    ),
  ),
  pollDescriptors: (argument) => array(argument, argument.words[1] >>> 0, 8, pollDescriptor),
  epollEvent: structure(12, epollEvent),
  epollEvents: (argument) => array(argument, argument.result ?? 0, 12, epollEvent),
  descriptorSet: (argument) => descriptorSet(argument, argument.words[0] | 0),
  maskWithSize,
  signalEvent: structure(20, signalEvent),
};

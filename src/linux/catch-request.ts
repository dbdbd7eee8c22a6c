/** Names of system-call breakpoints: `catch:bind`, `catch:bind:EADDRINUSE`. They need no running kernel, so views use them too. */

import { errnoName, errnoNumber } from './errno';
import { LinuxError } from './kernel';

/** When a system-call breakpoint stops. */
export type CatchMoment =
  | { readonly kind: 'entry' | 'return' | 'fail' }
  /** On failure with this error only. */
  | { readonly kind: 'error'; readonly number: number };

/** What a system-call breakpoint asks for. */
export interface CatchRequest {
  /** Name of the call; `all` for every one, `sockets` for every one of the socket interface. */
  readonly call: string;
  readonly moment: CatchMoment;
}

/** `entry`, `return`, `fail` or an error's name; undefined for any other word. */
export function parseMoment(word: string): CatchMoment | undefined {
  if (word === 'entry' || word === 'return' || word === 'fail') return { kind: word };
  const number = errnoNumber(word);
  return number === undefined ? undefined : { kind: 'error', number };
}

/**
 * `catch:bind`, `catch:bind:return`, `catch:bind:fail`, `catch:bind:EADDRINUSE`, `catch:all:fail`.
 * @returns undefined for a name that is no such breakpoint's
 * @throws LinuxError where what follows `catch:` is wrong
 */
export function parseCatch(text: string): CatchRequest | undefined {
  if (!text.startsWith('catch:')) return undefined;
  const [, call, word, ...rest] = text.split(':');
  const moment = word === undefined ? { kind: 'entry' as const } : parseMoment(word);
  if (call === '' || rest.length > 0)
    throw new LinuxError('A system-call breakpoint is catch:CALL or catch:CALL:WHEN, such as catch:bind:return.');
  if (!moment) throw new LinuxError(`"${word}" is neither "entry", "return", "fail" nor an error such as EADDRINUSE.`);
  return { call, moment };
}

/** The breakpoint's name: the inverse of `parseCatch`. */
export function formatCatch({ call, moment }: CatchRequest): string {
  if (moment.kind === 'entry') return `catch:${call}`;
  return `catch:${call}:${moment.kind === 'error' ? (errnoName(moment.number) ?? moment.number) : moment.kind}`;
}

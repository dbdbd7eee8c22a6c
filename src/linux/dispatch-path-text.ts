/** A dispatch path as text: in one line, and as a list for a person. */

import type { DispatchPath } from './dispatch-path';
import type { Hop } from './dispatch-path-hops';

/** `bind → vector 0x80 → entry_INT80_32 → … → __sys_bind → inet_bind → inet_csk_get_port`. */
export function pathLine(hops: readonly Pick<Hop, 'kind' | 'title' | 'symbol'>[]): string {
  return pathNames(hops).join(' → ');
}

/** The hops by name: of functions that structures lead to, the function. */
export function pathNames(hops: readonly Pick<Hop, 'kind' | 'title' | 'symbol'>[]): string[] {
  return hops.map(
    ({ kind, title, symbol }) => (kind === 'operations' || kind === 'protocol' ? symbol : undefined) ?? title,
  );
}

/** Rows of a table: a mark for what has been done (✓), where the task is (→) and what cannot be told (?), hop, detail, where it is written. */
export function pathRows({ hops }: Pick<DispatchPath, 'hops'>): string[][] {
  const marks = { done: '✓', present: '→', ahead: ' ', unknown: '?' };
  return hops.map(({ state, title, detail, file, line }) => [
    marks[state],
    title,
    detail ?? '',
    file ? `${file.path}${line ? `:${line}` : ''}` : '',
  ]);
}

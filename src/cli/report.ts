import type { Listing, Stop } from './experiment';

/** Colours where the output is a terminal. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  accent(text: string): string;
}

export const PLAIN: Style = { bold: (text) => text, dim: (text) => text, accent: (text) => text };
export const COLOURED: Style = {
  bold: (text) => `\x1b[1m${text}\x1b[0m`,
  dim: (text) => `\x1b[2m${text}\x1b[0m`,
  accent: (text) => `\x1b[36m${text}\x1b[0m`,
};

/** A stop as a person reads it: task, place, source, call with its arguments, stack. */
export function formatStop(stop: Stop, listing: Listing | undefined, style: Style): string {
  const place = `${stop.file}:${stop.line}`;
  const what = stop.case ? `case ${stop.case} in ${stop.function}` : stop.function;
  const lines = ['', style.bold(`stop ${stop.stop}  ${stop.task.name} (pid ${stop.task.pid})  ${what}  ${place}`)];
  listing?.lines.forEach((text, i) => {
    const number = listing.first + i;
    const row = `${String(number).padStart(6)}  ${text.replaceAll('\t', '    ')}`;
    lines.push(number === stop.line ? style.accent(`→${row.slice(1)}`) : style.dim(row));
  });
  const list = Object.entries(stop.arguments).map(([name, value]) => `${name} = ${value}`);
  lines.push(`  arguments  ${list.join(', ') || '(none)'}`);
  if (stop.way.length > 0) lines.push(`  way        ${stop.way.join(' → ')}`);
  const width = Math.max(...stop.stack.map((entry) => entry.function.length));
  let space = '';
  for (const entry of stop.stack) {
    const label = entry.space === space ? '' : entry.space;
    space = entry.space;
    lines.push(
      `  ${label.padEnd(9)}  ${entry.function.padEnd(width)}  ${style.dim(entry.line > 0 ? `${entry.file}:${entry.line}` : entry.file)}`,
    );
  }
  return lines.join('\n');
}

/** The order of calls, a line a program. */
export function formatOrder(order: Record<string, readonly string[]>): string {
  const width = Math.max(...Object.keys(order).map((name) => name.length));
  return Object.entries(order)
    .map(([name, calls]) => `  ${name.padEnd(width)}  ${calls.join(' → ') || '(no stop)'}`)
    .join('\n');
}

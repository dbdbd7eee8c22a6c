/** Numbers that have names in the kernel's uapi headers, written as strace writes them. The names are macros and so in no debug information. */

import { hex } from './strace-text';

/** Names in the order in which flags are shown, with their values. */
export class NameTable {
  private parsed: readonly (readonly [name: string, value: number])[] | undefined;
  private byValue: Map<number, string> | undefined;

  /**
   * @param unknown what strace remarks of a number that is not in the table: `O_???`; empty for no remark
   * @param text `NAME=hexadecimal` apart by blanks
   */
  constructor(
    private readonly unknown: string,
    private readonly text: string,
  ) {}

  /** Name of one number; undefined where it has none. Where two have the same number, the first. */
  nameOf(value: number): string | undefined {
    if (!this.byValue) {
      this.byValue = new Map();
      for (const [name, each] of this.entries()) if (!this.byValue.has(each)) this.byValue.set(each, name);
    }
    return this.byValue.get(value >>> 0);
  }

  /** `SEEK_SET`, or the number with a remark. */
  one(value: number): string {
    return this.nameOf(value) ?? (value === 0 ? '0' : hex(value)) + this.remark();
  }

  /** `O_CREAT|O_EXCL|0x40000000`; `0` without any; only a number with a remark where none is known. */
  flags(value: number): string {
    const { parts, rest } = this.split(value);
    if (parts.length > 0) return [...parts, ...(rest ? [hex(rest)] : [])].join('|');
    return rest ? hex(rest) + this.remark() : (this.nameOf(0) ?? '0');
  }

  /** The flags by name, and the bits that have none. */
  split(value: number): { parts: string[]; rest: number } {
    const parts: string[] = [];
    let rest = value >>> 0;
    for (const [name, bits] of this.entries()) {
      if (bits === 0 || (rest & bits) >>> 0 !== bits) continue;
      parts.push(name);
      rest = (rest & ~bits) >>> 0;
    }
    return { parts, rest };
  }

  private remark(): string {
    return this.unknown === '' ? '' : ` /* ${this.unknown} */`;
  }

  private entries(): readonly (readonly [name: string, value: number])[] {
    return (this.parsed ??= this.text
      .trim()
      .split(/\s+/)
      .map((each) => {
        const [name, value] = each.split('=');
        return [name, parseInt(value, 16)] as const;
      }));
  }
}

/** A table of names. */
export function table(unknown: string, text: string): NameTable {
  return new NameTable(unknown, text);
}

const SIGNALS = [
  'HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'BUS', 'FPE', 'KILL', 'USR1', 'SEGV', 'USR2', 'PIPE', 'ALRM', 'TERM', 'STKFLT', 'CHLD',
  'CONT', 'STOP', 'TSTP', 'TTIN', 'TTOU', 'URG', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH', 'IO', 'PWR', 'SYS', 'RTMIN',
]; // prettier-ignore
/** Signals of the kernel (_NSIG). */
const LAST_SIGNAL = 64;
const SIGRTMIN = 32;

/** `CHLD`, `RT_1`; undefined for what is no signal. */
function shortSignal(signal: number): string | undefined {
  if (signal > SIGRTMIN && signal <= LAST_SIGNAL) return `RT_${signal - SIGRTMIN}`;
  return SIGNALS[signal - 1];
}

/** `SIGCHLD`, `SIGRT_1`; the number of what is no signal. */
export function signalName(signal: number): string {
  const short = shortSignal(signal);
  return short === undefined ? String(signal | 0) : `SIG${short}`;
}

/** `[INT TERM]`; `~[KILL]` where most are in the set. @param words the set's words of 32 signals each */
export function signalSet(words: readonly number[]): string {
  const members = (set: readonly number[]): string[] =>
    set.flatMap((word, i) =>
      Array.from({ length: 32 }, (_, bit) => 32 * i + bit + 1)
        .filter((_, bit) => (word >>> bit) & 1)
        .flatMap((signal) => shortSignal(signal) ?? []),
    );
  const bits = words.reduce((sum, word) => sum + bitCount(word), 0);
  if (words.length > 0 && bits >= Math.floor((words.length * 32 * 2) / 3)) {
    return `~[${members(words.map((word) => ~word)).join(' ')}]`;
  }
  return `[${members(words).join(' ')}]`;
}

function bitCount(word: number): number {
  let count = 0;
  for (let rest = word >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}

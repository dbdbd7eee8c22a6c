/** Shapes of arguments that many calls have: numbers, paths, data, vectors. */

import { wordIn } from './argument-values';
import { isFailure } from './errno';
import { array, Fields, hexOrZero, identity, octal, structure, wordAt, type Reading, type Shape } from './strace-shape';
import { FILE_NAMES } from './strace-names-files';
import { signalName, signalSet } from './strace-names';
import { hex, pointer, quote, quoteHex, quoteUpTo } from './strace-text';

/** PATH_MAX: longer ones the kernel does not take. */
const PATH_MAX = 4096;
const AT_FDCWD = -100;
const S_IFMT = 0o170000;
/** The bits of a mode that have names, in the order in which they are shown. */
const MODE_BITS: readonly (readonly [bit: number, name: string])[] = [
  [0o4000, 'S_ISUID'],
  [0o2000, 'S_ISGID'],
  [0o1000, 'S_ISVTX'],
];

/** `S_IFREG|0644`. */
export function fileMode(mode: number): string {
  const type = mode & S_IFMT;
  const bits = MODE_BITS.filter(([bit]) => mode & bit);
  return [
    ...(type === 0 ? [] : [FILE_NAMES.fileType.nameOf(type) ?? octal(type)]),
    ...bits.map(([, name]) => name),
    octal(mode & 0o777),
  ].join('|');
}

/** `O_RDWR|O_CREAT`. */
export function openFlags(flags: number): string {
  const access = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'][flags & 3];
  const rest = (flags & ~3) >>> 0;
  const { parts, rest: unknown } = FILE_NAMES.open.split(rest);
  return [access, ...parts, ...(unknown ? [hex(unknown)] : [])].join('|');
}

/** `makedev(0x88, 0x1)` of a device number as user space has it (glibc's gnu_dev_major). */
export function device(number: bigint): string {
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `makedev(${hexOrZero(major)}, ${hexOrZero(minor)})`;
}

/** The text up to its zero, as much of it as is shown; undefined where not all of it is in memory. */
function stringAt(argument: Reading, address: number, most: number, shown: number): string | undefined {
  const bytes = argument.readAvailable(address >>> 0, most);
  const end = bytes.indexOf(0);
  // Neither an end nor all that may be: the rest is not mapped.
  if (end < 0 && bytes.length < most) return undefined;
  return quoteUpTo(bytes.subarray(0, Math.min(end < 0 ? most : end, shown)), end < 0 ? most : end);
}

/** Vector of pointers to strings up to its NULL (execve): `["cat", "file"]`. */
function strings(argument: Reading): string {
  const parts: string[] = [];
  for (let at = argument.value; ; at += 4) {
    const address = wordAt(argument, at);
    if (address === 0) break;
    if (parts.length === argument.limit) {
      parts.push('...');
      break;
    }
    parts.push(stringAt(argument, address, PATH_MAX, argument.limit) ?? pointer(address));
  }
  return `[${parts.join(', ')}]`;
}

/** An environment, of which only the number of variables is shown. */
function environment(argument: Reading): string {
  let count = 0;
  while (wordAt(argument, argument.value + 4 * count) !== 0) count++;
  return `${hex(argument.value)} /* ${count} var${count === 1 ? '' : 's'} */`;
}

/** Data whose size is another word, or, where the call fills it, what it returned. */
function data(size: number): Shape {
  return (argument) => {
    const { value, result, limit } = argument;
    const room = argument.words[size] >>> 0;
    const length = result === undefined ? room : Math.min(result, room);
    return quoteUpTo(argument.read(value >>> 0, Math.min(length, limit)), length);
  };
}

/** Buffers of readv and writev: `[{iov_base="…", iov_len=5}]`. */
function vector(count: number): Shape {
  return (argument) => {
    let left = argument.result ?? Infinity;
    return array(argument, argument.words[count] >>> 0, 8, (fields) => {
      const [base, length] = [fields.u32(0), fields.u32(4)];
      const filled = Math.min(length, left);
      left -= filled;
      if (argument.result !== undefined && isFailure(argument.result))
        return `{iov_base=${pointer(base)}, iov_len=${length}}`;
      const text = quoteUpTo(argument.read(base, Math.min(filled, argument.limit)), filled);
      return `{iov_base=${text}, iov_len=${length}}`;
    });
  };
}

/** A set of signals of as many bytes as a word says. */
function signals(size: number): Shape {
  return (argument) => {
    const length = argument.words[size] >>> 0;
    return length === 0 || length > 8 || length % 4 !== 0 ? undefined : signalWords(argument, length >>> 2);
  };
}

function signalWords(argument: Reading, count: number): string {
  const bytes = argument.read(argument.value >>> 0, 4 * count);
  return signalSet(Array.from({ length: count }, (_, i) => wordIn(bytes, 4 * i)));
}

/** Numbers: shapes that need no memory. */
export const SCALARS: Readonly<Record<string, Shape>> = {
  d: ({ value }) => String(value | 0),
  u: ({ value }) => String(value >>> 0),
  x: ({ value }) => hexOrZero(value >>> 0),
  address: ({ value }) => pointer(value >>> 0),
  id: ({ value }) => identity(value),
  id16: ({ value }) => ((value & 0xffff) === 0xffff ? '-1' : String(value & 0xffff)),
  octal: ({ value }) => octal(value & 0xffff),
  mode: ({ value }) => fileMode(value & 0xffff),
  fd: ({ value }) => String(value | 0),
  dirfd: ({ value }) => ((value | 0) === AT_FDCWD ? 'AT_FDCWD' : String(value | 0)),
  openFlags: ({ value }) => openFlags(value),
  signal: ({ value }) => signalName(value | 0),
  device: ({ value }) => device(BigInt(value >>> 0)),
  pages: ({ value }) => hexOrZero(BigInt(value >>> 0) << 12n),
  oldSignals: ({ value }) => signalSet([value]),
};

/** Numbers of 64 bits, which take two words. */
export const WIDE: Readonly<Record<string, (low: number, high: number) => string>> = {
  d64: (low, high) => BigInt.asIntN(64, joined(low, high)).toString(),
  u64: (low, high) => joined(low, high).toString(),
  // _llseek has the upper half first.
  d64Swapped: (high, low) => BigInt.asIntN(64, joined(low, high)).toString(),
};

function joined(low: number, high: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

const whole =
  (show: (fields: Fields) => string, size: number): Shape =>
  (argument) =>
    `[${show(new Fields(argument.read(argument.value >>> 0, size)))}]`;

/** Shapes of what a pointer leads to. */
export const POINTERS: Readonly<Record<string, Shape>> = {
  path: (argument) => stringAt(argument, argument.value, PATH_MAX, PATH_MAX),
  string: (argument) => stringAt(argument, argument.value, PATH_MAX, argument.limit),
  name16: (argument) => {
    const bytes = argument.readAvailable(argument.value >>> 0, 16);
    const end = bytes.indexOf(0);
    return quote(bytes.subarray(0, end < 0 ? bytes.length : end));
  },
  /** A path that the kernel wrote: as long as the result, with its zero. */
  writtenPath: (argument) => quote(argument.read(argument.value >>> 0, Math.max(0, (argument.result ?? 1) - 1))),
  /** A path without a zero, as long as the result. */
  link: (argument) => quote(argument.read(argument.value >>> 0, argument.result ?? 0)),
  randomBytes: ({ value, result, limit, read }) => {
    const shown = Math.min(result ?? 0, limit);
    return quoteHex(read(value >>> 0, shown)) + ((result ?? 0) > shown ? '...' : '');
  },
  strings,
  environment,
  int: whole((fields) => String(fields.s32(0)), 4),
  uint: whole((fields) => String(fields.u32(0)), 4),
  long: whole((fields) => fields.s64(0).toString(), 8),
  addressAt: whole((fields) => pointer(fields.u32(0)), 4),
  userId: whole((fields) => identity(fields.u32(0)), 4),
  userId16: whole((fields) => String(fields.u16(0)), 2),
  signalAt: whole((fields) => signalName(fields.s32(0)), 4),
  descriptors: (argument) => {
    const fields = new Fields(argument.read(argument.value >>> 0, 8));
    return `[${fields.s32(0)}, ${fields.s32(4)}]`;
  },
  signals8: (argument) => signalWords(argument, 2),
  signals4: (argument) => signalWords(argument, 1),
  timezone: structure(8, (f) => `{tz_minuteswest=${f.s32(0)}, tz_dsttime=${f.s32(4)}}`),
};

/** Shapes that depend on another of the call's words, by its index. */
export const SIZED: Readonly<Record<string, (word: number) => Shape>> = {
  data,
  vector,
  signals,
  ids: (count) => (argument) =>
    array(argument, argument.result ?? argument.words[count] >>> 0, 4, (fields) => identity(fields.u32(0))),
  ids16: (count) => (argument) =>
    array(argument, argument.result ?? argument.words[count] >>> 0, 2, (fields) => String(fields.u16(0))),
  /** Processors, one bit each. */
  processors: (size) => (argument) => {
    const length = Math.min(argument.result ?? argument.words[size] >>> 0, 1024);
    const bytes = argument.read(argument.value >>> 0, length);
    const found: number[] = [];
    bytes.forEach((byte, i) => {
      for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) found.push(8 * i + bit);
    });
    return `[${found.join(' ')}]`;
  },
  /** Residency of pages (mincore). */
  residency: (length) => (argument) => {
    const pages = ((argument.words[length] >>> 0) + 4095) >>> 12;
    const shown = Math.min(pages, argument.limit);
    const bytes = argument.read(argument.value >>> 0, shown);
    return `[${Array.from(bytes, (byte) => byte & 1).join(', ')}${pages > shown ? ', ...' : ''}]`;
  },
};

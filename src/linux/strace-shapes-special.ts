/** Shapes of arguments that one call alone has, in strace's notation. */

import { EVENT_NAMES } from './strace-names-events';
import { FILE_NAMES } from './strace-names-files';
import { PROCESS_NAMES } from './strace-names-processes';
import { signalName } from './strace-names';
import { handler } from './strace-shapes-structures';
import { Fields, hexOrZero, structure, type Reading, type Shape } from './strace-shape';
import { hex, quote } from './strace-text';

/** clone has the signal that the end sends in the lowest byte of its flags (CSIGNAL). */
const cloneFlags: Shape = ({ value }) => {
  const signal = value & 0xff;
  const flags = (value & ~0xff) >>> 0;
  if (flags === 0) return signalName(signal);
  return PROCESS_NAMES.clone.flags(flags) + (signal ? `|${signalName(signal)}` : '');
};

/** The kind of mapping in four bits (MAP_TYPE), flags, and the size of huge pages as a power of two. */
const mapFlags: Shape = ({ value }) => {
  const HUGE_SHIFT = 26;
  const huge = value >>> HUGE_SHIFT;
  const { parts, rest } = EVENT_NAMES.mapping.split((value & ~0xf & ((1 << HUGE_SHIFT) - 1)) >>> 0);
  return [
    EVENT_NAMES.mapping.one(value & 0xf),
    ...parts,
    ...(rest ? [hex(rest)] : []),
    ...(huge ? [`${huge}<<MAP_HUGE_SHIFT`] : []),
  ].join('|');
};

/** statx has in its flags how far the values have to be the newest. */
const statxFlags: Shape = ({ value }) => {
  const SYNC = 0x6000;
  const flags = (value & ~SYNC) >>> 0;
  const { parts, rest } = FILE_NAMES.at.split(flags);
  return [FILE_NAMES.statxSync.one(value & SYNC), ...parts, ...(rest ? [hex(rest)] : [])].join('|');
};

/** The oldest programs pass a magic number with the flags of mount. */
const mountFlags: Shape = ({ value }) => {
  const [MAGIC, MASK] = [0xc0ed0000, 0xffff0000];
  if ((value & MASK) >>> 0 !== MAGIC) return FILE_NAMES.mount.flags(value);
  const flags = value & ~MASK;
  return `MS_MGC_VAL${flags ? `|${FILE_NAMES.mount.flags(flags)}` : ''}`;
};

/** `PER_LINUX|ADDR_NO_RANDOMIZE`; all ones only asks. */
export function personality(value: number): string {
  if (value >>> 0 === 0xffffffff) return '0xffffffff';
  const { parts, rest } = PROCESS_NAMES.personalityFlag.split((value & ~0xff) >>> 0);
  return [PROCESS_NAMES.personality.one(value & 0xff), ...parts, ...(rest ? [hex(rest)] : [])].join('|');
}

/** FUTEX_WAKE_OP's packed operation: what is done with the second futex, and the comparison that decides. */
const futexOperation: Shape = ({ value }) => {
  const operations = ['FUTEX_OP_SET', 'FUTEX_OP_ADD', 'FUTEX_OP_OR', 'FUTEX_OP_ANDN', 'FUTEX_OP_XOR'];
  const comparisons = ['EQ', 'NE', 'LT', 'LE', 'GT', 'GE'];
  const [operation, comparison] = [(value >>> 28) & 7, (value >>> 24) & 15];
  const shift = (value >>> 28) & 8 ? 'FUTEX_OP_OPARG_SHIFT<<28|' : '';
  const first = `${operations[operation] ?? hexOrZero(operation)}<<28${operations[operation] ? '' : ' /* FUTEX_OP_??? */'}`;
  const second = comparisons[comparison]
    ? `FUTEX_OP_CMP_${comparisons[comparison]}<<24`
    : `${hexOrZero(comparison)}<<24 /* FUTEX_OP_CMP_??? */`;
  return `${shift}${first}|${hexOrZero((value >>> 12) & 0xfff)}<<12|${second}|${hexOrZero(value & 0xfff)}`;
};

export const SPECIAL_SCALARS: Readonly<Record<string, Shape>> = {
  cloneFlags,
  mapFlags,
  statxFlags,
  mountFlags,
  personality: ({ value }) => personality(value),
  handler: ({ value }) => handler(value >>> 0),
  futexOperation,
  futexBits: ({ value }) => (value >>> 0 === 0xffffffff ? 'FUTEX_BITSET_MATCH_ANY' : hexOrZero(value >>> 0)),
  deathSignal: ({ value }) => (value >>> 0 > 128 ? String(value >>> 0) : signalName(value)),
  capabilityNumber: ({ value }) => {
    const { capabilities, capabilitiesHigh } = PROCESS_NAMES;
    const name = value < 32 ? capabilities.nameOf(1 << value) : capabilitiesHigh.nameOf(1 << (value - 32));
    return (value >>> 0 < 64 ? name?.replace('1<<', '') : undefined) ?? `${hexOrZero(value >>> 0)} /* CAP_??? */`;
  },
};

/** How many entries getdents has left: each says how long it is. @param lengthAt offset of d_reclen */
function entries(lengthAt: number): Shape {
  return (argument: Reading) => {
    const bytes = argument.read(argument.value >>> 0, argument.result ?? 0);
    let count = 0;
    for (let at = 0; at + lengthAt + 2 <= bytes.length; count++) {
      const length = bytes[at + lengthAt] | (bytes[at + lengthAt + 1] << 8);
      if (length === 0) break;
      at += length;
    }
    return `${hex(argument.value)} /* ${count} entr${count === 1 ? 'y' : 'ies'} */`;
  };
}

export const SPECIAL_POINTERS: Readonly<Record<string, Shape>> = {
  entries: entries(8),
  entries64: entries(16),
  tscAt: structure(4, (f: Fields) => `[${PROCESS_NAMES.tsc.one(f.u32(0))}]`),
  /** The kernel takes 15 bytes of a name (TASK_COMM_LEN with its zero). */
  name15: ({ value, readAvailable }) => {
    const bytes = readAvailable(value >>> 0, 16);
    const end = bytes.indexOf(0);
    const size = end < 0 ? bytes.length : end;
    return quote(bytes.subarray(0, Math.min(size, 15))) + (size > 15 ? '...' : '');
  },
};

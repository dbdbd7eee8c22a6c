/**
 * The mappings of an address space: `struct vm_area_struct`, linked by vm_next from mm_struct.mmap (through 6.0) or in the maple tree
 * mm_struct.mm_mt (from 6.1; include/linux/maple_tree.h: encoded node pointers, maple_range_64 and maple_arange_64).
 */

import { filePath } from './files';
import { LinuxError, type Kernel } from './kernel';
import { numberOf, numbersOf } from './fields';

export interface Mapping {
  readonly start: number;
  readonly end: number;
  /** `r-xp`. */
  readonly permissions: string;
  /** Bytes into the file. */
  readonly offset: number;
  readonly major: number;
  readonly minor: number;
  readonly inode: number;
  /** The file, or `[heap]`, `[stack]`, `[vdso]`; empty for other anonymous memory. */
  readonly name: string;
}

/** VM_READ, VM_WRITE, VM_EXEC, VM_MAYSHARE (include/linux/mm.h). */
const FLAGS: readonly [bit: number, set: string, clear: string][] = [[1, 'r', '-'], [2, 'w', '-'], [4, 'x', '-'], [0x80, 's', 'p']]; // prettier-ignore
const PAGE_SHIFT = 12;
/** MINORBITS (include/linux/kdev_t.h). */
const MINOR_BITS = 20;
const MAX_MAPPINGS = 65536;

/** Mappings of an mm_struct in order of addresses. @throws LinuxError, MemoryError */
export function readMappings(kernel: Kernel, mm: number): Mapping[] {
  return areas(kernel, mm).map((area) => describe(kernel, mm, area));
}

function areas(kernel: Kernel, mm: number): number[] {
  if (kernel.offsetIfAny('mm_struct', 'mm_mt') !== undefined)
    return new MapleTree(kernel).entries(kernel.word('mm_struct', 'mm_mt.ma_root', mm));
  const found: number[] = [];
  for (
    let area = kernel.word('mm_struct', 'mmap', mm);
    area !== 0 && found.length < MAX_MAPPINGS;
    area = kernel.word('vm_area_struct', 'vm_next', area)
  )
    found.push(area);
  return found;
}

/** Node types by their number in an encoded pointer (enum maple_type). */
const LEAF_64 = 1;
const RANGE_64 = 2;
const ARANGE_64 = 3;
const NODE_MASK = 0xffffff00;
const ULONG_MAX = 0xffffffff;

class MapleTree {
  constructor(private readonly kernel: Kernel) {}

  /** The entries below a root, in order. */
  entries(root: number): number[] {
    const found: number[] = [];
    if (isNode(root)) this.visit(root, ULONG_MAX, found, 0);
    else if (root !== 0) found.push(root);
    return found;
  }

  private visit(encoded: number, max: number, found: number[], depth: number): void {
    const type = (encoded >>> 3) & 0xf;
    if (depth > 16 || (type !== LEAF_64 && type !== RANGE_64 && type !== ARANGE_64))
      throw new LinuxError(`The maple tree has a node of type ${type}, which is not known.`);
    const tag = type === ARANGE_64 ? 'maple_arange_64' : 'maple_range_64';
    const node = this.kernel.value(tag, (encoded & NODE_MASK) >>> 0);
    const pivots = numbersOf(node, 'pivot');
    const slots = numbersOf(node, 'slot');
    for (let i = 0; i < slots.length && found.length < MAX_MAPPINGS; i++) {
      // A pivot of 0 behind the first means that this slot reaches to the node's end.
      const last = i >= pivots.length || (pivots[i] === 0 && i > 0) || pivots[i] >= max;
      const slot = slots[i];
      if (slot !== 0) {
        if (type === LEAF_64) found.push(slot);
        else this.visit(slot, last ? max : pivots[i], found, depth + 1);
      }
      if (last) return;
    }
  }
}

/** xa_is_node (include/linux/xarray.h): an internal entry that is no small number. */
function isNode(entry: number): boolean {
  return (entry & 3) === 2 && entry > 4096;
}

function describe(kernel: Kernel, mm: number, area: number): Mapping {
  const word = (member: string): number => kernel.word('vm_area_struct', member, area);
  const [start, end, file] = [word('vm_start'), word('vm_end'), word('vm_file')];
  const flags = word('vm_flags');
  const permissions = FLAGS.map(([bit, set, clear]) => (flags & bit ? set : clear)).join('');
  if (file === 0) {
    const name = specialName(kernel, area) ?? anonymousName(kernel, mm, start, end);
    return { start, end, permissions, offset: 0, major: 0, minor: 0, inode: 0, name };
  }
  const inode = kernel.word('file', 'f_inode', file);
  const device = kernel.word('super_block', 's_dev', kernel.word('inode', 'i_sb', inode));
  return {
    start,
    end,
    permissions,
    offset: (word('vm_pgoff') << PAGE_SHIFT) >>> 0,
    major: device >>> MINOR_BITS,
    minor: device & (2 ** MINOR_BITS - 1),
    inode: numberOf(kernel.value('inode', inode), 'i_ino'),
    name: filePath(kernel, file),
  };
}

/** `[vdso]`, `[vvar]`: struct vm_special_mapping (include/linux/mm_types.h, from 3.16). */
function specialName(kernel: Kernel, area: number): string | undefined {
  const operations = kernel.word('vm_area_struct', 'vm_ops', area);
  if (operations === 0 || operations !== kernel.symbol('special_mapping_vmops')) return undefined;
  const mapping = kernel.word('vm_area_struct', 'vm_private_data', area);
  return kernel.text(kernel.word('vm_special_mapping', 'name', mapping), 64);
}

/** As show_map_vma (fs/proc/task_mmu.c) names memory without a file. */
function anonymousName(kernel: Kernel, mm: number, start: number, end: number): string {
  const at = (member: string): number => kernel.word('mm_struct', member, mm);
  if (start <= at('brk') && end >= at('start_brk')) return '[heap]';
  return start <= at('start_stack') && end >= at('start_stack') ? '[stack]' : '';
}

/** A line as /proc/PID/maps has it. */
export function formatMapping(mapping: Mapping): string {
  const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
  const range = `${hex(mapping.start, 8)}-${hex(mapping.end, 8)}`;
  const device = `${hex(mapping.major, 2)}:${hex(mapping.minor, 2)}`;
  const line = `${range} ${mapping.permissions} ${hex(mapping.offset, 8)} ${device} ${mapping.inode} `;
  return mapping.name === '' ? line : `${line.padEnd(49)}${mapping.name}`;
}

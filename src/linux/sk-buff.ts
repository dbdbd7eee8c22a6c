/**
 * Buffers of the network stack: `struct sk_buff` and `struct skb_shared_info` (include/linux/skbuff.h). Fragments are `struct
 * skb_frag_struct` (through 5.3), `struct bio_vec` (from 5.4) or `struct skb_frag` (from 6.8); their pages are found through `mem_map` of
 * the flat memory model.
 */

import { childrenOf } from '../debugger/values';
import { fieldIfAny, fieldOf } from './fields';
import { LinuxError, type Kernel } from './kernel';

const PAGE_SIZE = 4096;
/** Fragment lists are followed so deep. */
const MAX_CHAIN = 64;
/** More buffers than a damaged queue could make us follow. */
const MAX_BUFFERS = 65536;

/** Members of a fragment: its page, offset and size. */
const FRAGMENTS = [
  { page: 'netmem', offset: 'offset', size: 'len' },
  { page: 'page.p', offset: 'page_offset', size: 'size' },
  { page: 'bv_page', offset: 'bv_offset', size: 'bv_len' },
];

/** The bytes of a buffer: its linear part, its page fragments, the buffers chained to it. @throws LinuxError, MemoryError */
export function bufferBytes(kernel: Kernel, skb: number): Uint8Array {
  const parts: Uint8Array[] = [];
  collect(kernel, skb, parts, 0);
  return concatenate(parts);
}

/** The same as parts, each added as soon as it is read. @throws LinuxError, MemoryError */
export function collect(kernel: Kernel, skb: number, parts: Uint8Array[], depth = 0): void {
  const total = kernel.word('sk_buff', 'len', skb);
  const paged = kernel.word('sk_buff', 'data_len', skb);
  const linear = total - paged;
  if (linear > 0) parts.push(kernel.target.readMemory(kernel.word('sk_buff', 'data', skb), linear).slice());
  if (paged === 0) return;
  const shared = kernel.word('sk_buff', 'end', skb);
  const fragments = kernel.u8(shared + kernel.offset('skb_shared_info', 'nr_frags'));
  for (let n = 0; n < fragments; n++) parts.push(fragment(kernel, shared, n));
  let next = kernel.word('skb_shared_info', 'frag_list', shared);
  for (let n = 0; next !== 0 && n < MAX_CHAIN && depth < MAX_CHAIN; n++) {
    collect(kernel, next, parts, depth + 1);
    next = kernel.word('sk_buff', 'next', next);
  }
}

/** A number in a structure: bytes from its beginning, and its size. */
interface Place {
  readonly offset: number;
  readonly size: number;
}

/** Where a buffer's fragments are, in bytes from its skb_shared_info; and in a fragment. */
interface FragmentLayout {
  readonly first: number;
  readonly step: number;
  readonly page: Place;
  readonly offset: Place;
  readonly size: Place;
}

/** Worked out once for each kernel: the capture asks for every packet. */
const layouts = new WeakMap<Kernel, FragmentLayout | undefined>();

function layoutOf(kernel: Kernel, shared: number): FragmentLayout | undefined {
  if (layouts.has(kernel)) return layouts.get(kernel);
  const layout = findLayout(kernel, shared);
  layouts.set(kernel, layout);
  return layout;
}

function findLayout(kernel: Kernel, shared: number): FragmentLayout | undefined {
  const [value] = childrenOf(fieldOf(kernel.value('skb_shared_info', shared), 'frags'), 0, 1);
  const members = FRAGMENTS.find(({ page }) => fieldIfAny(value, page) !== undefined);
  const { address } = value;
  if (!members || address === undefined) return undefined;
  const place = (name: string): Place => {
    const member = fieldOf(value, name);
    return { offset: (member.address ?? address) - address, size: member.size };
  };
  const [page, offset, size] = [members.page, members.offset, members.size].map(place);
  return { first: address - shared, step: value.size, page, offset, size };
}

function fragment(kernel: Kernel, shared: number, index: number): Uint8Array {
  const layout = layoutOf(kernel, shared);
  const map = kernel.symbol('mem_map');
  if (!layout || map === undefined)
    throw new LinuxError(
      'The pages of this kernel’s buffers cannot be found: it has no mem_map, or another kind of fragment.',
    );
  const at = shared + layout.first + index * layout.step;
  const number = ({ offset, size }: Place): number =>
    size === 2 ? kernel.u16((at + offset) >>> 0) : kernel.u32((at + offset) >>> 0);
  const frame = (number(layout.page) - kernel.u32(map)) / kernel.sizeOf('page');
  // A fragment may span several pages that lie together.
  return kernel.target.readPhysical(frame * PAGE_SIZE + number(layout.offset), number(layout.size)).slice();
}

export function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

/** Buffers of a `struct sk_buff_head`, a ring that begins with `next`. */
export function buffersOfList(kernel: Kernel, head: number): number[] {
  const found: number[] = [];
  for (let at = kernel.u32(head); at !== head && at !== 0 && found.length < MAX_BUFFERS; at = kernel.u32(at))
    found.push(at);
  return found;
}

/** Buffers of a chain that ends with 0, linked by `next`. */
export function buffersOfChain(kernel: Kernel, first: number): number[] {
  const found: number[] = [];
  for (let at = first; at !== 0 && found.length < MAX_BUFFERS; at = kernel.u32(at)) found.push(at);
  return found;
}

/** Buffers of a `struct rb_root` (include/linux/rbtree_types.h) in their order; a buffer's node is its `rbnode`. */
export function buffersOfTree(kernel: Kernel, root: number): number[] {
  const link = kernel.offset('sk_buff', 'rbnode');
  const found: number[] = [];
  const waiting: number[] = [];
  let node = kernel.word('rb_root', 'rb_node', root);
  while ((node !== 0 || waiting.length > 0) && found.length < MAX_BUFFERS && waiting.length < MAX_CHAIN) {
    if (node !== 0) {
      waiting.push(node);
      node = kernel.word('rb_node', 'rb_left', node);
      continue;
    }
    node = waiting.pop() ?? 0;
    found.push((node - link) >>> 0);
    node = kernel.word('rb_node', 'rb_right', node);
  }
  return found;
}

/**
 * Packets that cross the loopback interface, taken at the kernel's own transmit function `loopback_xmit` (drivers/net/loopback.c): `struct
 * sk_buff` and `struct skb_shared_info` (include/linux/skbuff.h), fragments as `struct bio_vec` (from 5.4) or `struct skb_frag_struct`, and
 * `mem_map` of the flat memory model (32-bit kernels without highmem).
 */

import { MemoryError } from '../debugger/target';
import { LinuxError } from './kernel';
import type { LinuxPlatform } from './platform';

/** A packet as it was handed to the interface, link-layer header included. */
export interface Packet {
  /** Instruction count at which it was sent. */
  readonly count: number;
  readonly pid: number;
  readonly comm: string;
  readonly bytes: Uint8Array;
  /** Length of the packet; more than `bytes.length` where a part of it could not be read. */
  readonly length: number;
}

/** Kept at most; older packets are dropped first. */
const MAX_PACKETS = 10_000;
const PAGE_SIZE = 4096;
/** Fragment lists are followed so deep. */
const MAX_CHAIN = 64;

/** Listens at the transmit function; never stops the guest. */
export class PacketCapture {
  private readonly kept: Packet[] = [];
  private breakpoint: number | undefined;
  /** Packets dropped because there were too many. */
  dropped = 0;

  constructor(private readonly platform: LinuxPlatform) {}

  /** All kept packets, oldest first. */
  get packets(): readonly Packet[] {
    return this.kept;
  }

  /** @throws LinuxError where this kernel has no loopback interface */
  start(): void {
    if (this.breakpoint !== undefined) return;
    const { kernel, target } = this.platform;
    const address = kernel.symbol('loopback_xmit');
    if (address === undefined) throw new LinuxError('This kernel has no loopback interface (no loopback_xmit).');
    this.breakpoint = target.addBreakpoint(address, () => {
      this.take();
      return false;
    });
  }

  stop(): void {
    if (this.breakpoint === undefined) return;
    this.platform.target.removeBreakpoint(this.breakpoint);
    this.breakpoint = undefined;
  }

  private take(): void {
    const { target, platform } = this;
    // First argument of a kernel function: i386 kernels are built with -mregparm=3, whatever the configuration.
    const skb = target.registers().eax;
    const task = platform.currentTask();
    const parts: Uint8Array[] = [];
    let length = 0;
    try {
      length = platform.kernel.word('sk_buff', 'len', skb);
      this.collect(skb, parts, 0);
    } catch (error) {
      // A broken buffer is the guest's own affair; what could be read is kept.
      if (!(error instanceof MemoryError)) throw error;
    }
    const bytes = concatenate(parts);
    this.kept.push({ count: target.instructionCount(), pid: task?.pid ?? 0, comm: task?.comm ?? '', bytes, length });
    if (this.kept.length > MAX_PACKETS) {
      this.kept.shift();
      this.dropped++;
    }
  }

  private get target() {
    return this.platform.target;
  }

  /** The bytes of a buffer: its linear part, its page fragments, the buffers chained to it. */
  private collect(skb: number, parts: Uint8Array[], depth: number): void {
    const { kernel } = this.platform;
    const total = kernel.word('sk_buff', 'len', skb);
    const paged = kernel.word('sk_buff', 'data_len', skb);
    const linear = total - paged;
    if (linear > 0) parts.push(this.target.readMemory(kernel.word('sk_buff', 'data', skb), linear).slice());
    if (paged === 0) return;
    const shared = kernel.word('sk_buff', 'end', skb);
    const fragments = kernel.u8(shared + kernel.offset('skb_shared_info', 'nr_frags'));
    const first = shared + kernel.offset('skb_shared_info', 'frags');
    for (let i = 0; i < fragments; i++) this.fragment(first, i, parts);
    let next = kernel.word('skb_shared_info', 'frag_list', shared);
    for (let n = 0; next !== 0 && n < MAX_CHAIN && depth < MAX_CHAIN; n++) {
      this.collect(next, parts, depth + 1);
      next = kernel.word('sk_buff', 'next', next);
    }
  }

  private fragment(first: number, index: number, parts: Uint8Array[]): void {
    const { kernel } = this.platform;
    const modern = kernel.struct('bio_vec') !== undefined;
    const tag = modern ? 'bio_vec' : 'skb_frag_struct';
    const at = first + index * kernel.sizeOf(tag);
    const page = kernel.word(tag, modern ? 'bv_page' : 'page.p', at);
    const offset = kernel.word(tag, modern ? 'bv_offset' : 'page_offset', at);
    const size = kernel.word(tag, modern ? 'bv_len' : 'size', at);
    const map = kernel.symbol('mem_map');
    if (map === undefined) throw new LinuxError('This kernel has no mem_map, so page fragments cannot be found.');
    const frame = (page - kernel.u32(map)) / kernel.sizeOf('page');
    // A fragment may span several pages that lie together.
    parts.push(this.target.readPhysical(frame * PAGE_SIZE + offset, size).slice());
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}

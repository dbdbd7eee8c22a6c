/**
 * The kernel's log as it is in memory: `struct printk_ringbuffer` (kernel/printk/printk_ringbuffer.h, from 5.10) that `prb` points to. A
 * descriptor ring gives each record's state and where its text is in the data ring; `struct printk_info` beside it says when and how
 * urgent. Read while the guest stands, so also after a panic, and between a record's reservation and its commitment.
 */

import { LinuxError, type Kernel } from './kernel';
import { numberOf } from './fields';

/** Descriptor states, the two upper bits of state_var (enum desc_state); 0 is reserved, 3 reusable. */
const COMMITTED = 1;
const FINALIZED = 2;
/** DESC_FLAGS_SHIFT for 32-bit long. */
const STATE_SHIFT = 30;
const ID_MASK = 0x3fffffff;

/** A record of the log. */
export interface LogRecord {
  readonly sequence: number;
  /** Nanoseconds since boot. */
  readonly time: bigint;
  /** 0 (emergency) to 7 (debug). */
  readonly level: number;
  /** May have several lines. */
  readonly text: string;
}

/**
 * All records, oldest first.
 * @throws LinuxError for kernels without that ring buffer, MemoryError before paging is on
 */
export function readLog(kernel: Kernel): LogRecord[] {
  const pointer = kernel.symbol('prb');
  if (pointer === undefined || !kernel.struct('printk_ringbuffer'))
    throw new LinuxError('This kernel has no printk_ringbuffer (it came with Linux 5.10), so its log cannot be read.');
  const buffer = kernel.u32(pointer);
  const at = (path: string): number => kernel.word('printk_ringbuffer', path, buffer);
  const ring = { bits: at('desc_ring.count_bits'), descriptors: at('desc_ring.descs'), infos: at('desc_ring.infos') };
  const data = { bits: at('text_data_ring.size_bits'), address: at('text_data_ring.data') };
  const [tail, head] = [at('desc_ring.tail_id') & ID_MASK, at('desc_ring.head_id') & ID_MASK];
  const count = Math.min(((head - tail) & ID_MASK) + 1, 2 ** ring.bits);
  const records: LogRecord[] = [];
  for (let i = 0; i < count; i++) {
    const id = (tail + i) & ID_MASK;
    const index = id % 2 ** ring.bits;
    const record = readRecord(kernel, id, index, ring, data);
    if (record) records.push(record);
  }
  return records;
}

function readRecord(
  kernel: Kernel,
  id: number,
  index: number,
  ring: { descriptors: number; infos: number },
  data: { bits: number; address: number },
): LogRecord | undefined {
  const descriptor = (ring.descriptors + index * kernel.sizeOf('prb_desc')) >>> 0;
  const state = kernel.word('prb_desc', 'state_var', descriptor);
  const kind = state >>> STATE_SHIFT;
  if ((state & ID_MASK) !== id || (kind !== COMMITTED && kind !== FINALIZED)) return undefined;
  const info = kernel.value('printk_info', (ring.infos + index * kernel.sizeOf('printk_info')) >>> 0);
  const begin = kernel.word('prb_desc', 'text_blk_lpos.begin', descriptor);
  const next = kernel.word('prb_desc', 'text_blk_lpos.next', descriptor);
  const view = new DataView(kernel.target.readMemory(info.address ?? 0, 16).slice().buffer);
  return {
    sequence: Number(view.getBigUint64(kernel.offset('printk_info', 'seq'), true)),
    time: view.getBigUint64(kernel.offset('printk_info', 'ts_nsec'), true),
    level: numberOf(info, 'level'),
    text: textAt(kernel, begin, next, numberOf(info, 'text_len'), data),
  };
}

/** A data block is its descriptor's id and the text; one that would wrap is wholly at the start of the ring (get_data). */
function textAt(
  kernel: Kernel,
  begin: number,
  next: number,
  length: number,
  data: { bits: number; address: number },
): string {
  // Odd positions say that there is no data (LPOS_DATALESS).
  if (begin & 1 && next & 1) return '';
  const size = 2 ** data.bits;
  const wraps = begin >>> data.bits !== ((next - 1) >>> 0) >>> data.bits;
  const start = wraps ? 0 : begin % size;
  const end = next % size === 0 ? size : next % size;
  const available = Math.max(0, end - start - 4);
  const bytes = kernel.target.readMemory((data.address + start + 4) >>> 0, Math.min(length, available));
  return new TextDecoder().decode(bytes);
}

/** `[    0.123456] text`, one line for each line of the record, as dmesg(1) prints it. */
export function formatRecord({ time, text }: LogRecord): string {
  const micros = time / 1000n;
  const stamp = `[${String(micros / 1000000n).padStart(5)}.${String(micros % 1000000n).padStart(6, '0')}]`;
  return text
    .split('\n')
    .map((line) => `${stamp} ${line}`)
    .join('\n');
}

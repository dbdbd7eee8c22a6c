import { DW_AT } from './constants';
import { SymbolError, hex } from './errors';
import { type DebugInfo, type Unit } from './info';
import { Reader } from './reader';
import { isDiscarded, rangesOf } from './rnglists';

/**
 * Which unit an address belongs to. Built from .debug_aranges (DWARF 6.1.2); units that have no table there (clang
 * writes none) contribute the ranges of their own entry.
 */
export class AddressIndex {
  private readonly starts: Float64Array;
  private readonly ends: Float64Array;
  private readonly units: Int32Array;

  constructor(info: DebugInfo) {
    const found: { start: number; end: number; unit: number }[] = [];
    const listed = readAranges(info, found);
    for (const unit of info.units) {
      if (!unit.isCompilation || listed.has(unit.index)) continue;
      try {
        for (const range of unitRanges(unit)) found.push({ ...range, unit: unit.index });
      } catch (error) {
        info.warn(error);
      }
    }
    found.sort((a, b) => a.start - b.start || a.end - b.end);
    this.starts = Float64Array.from(found, (f) => f.start);
    this.ends = Float64Array.from(found, (f) => f.end);
    this.units = Int32Array.from(found, (f) => f.unit);
  }

  /** Number of the unit whose code covers an address, or -1. */
  find(address: number): number {
    const { ends, units } = this;
    const low = this.countUpTo(address);
    // Ranges of different units overlap only in damaged or hand-made files; a few steps back find those too.
    for (let i = low - 1; i >= 0 && i >= low - 8; i--) if (address < ends[i]) return units[i];
    return -1;
  }

  /** The lowest start of a unit's range above an address. */
  nextStart(address: number): number | undefined {
    return this.starts[this.countUpTo(address)];
  }

  /** Number of ranges that start at or below an address. */
  private countUpTo(address: number): number {
    let low = 0;
    let high = this.starts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.starts[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function unitRanges(unit: Unit): { start: number; end: number }[] {
  const { root } = unit;
  return root.has(DW_AT.ranges) || root.has(DW_AT.high_pc) ? rangesOf(root) : [];
}

/** Adds the ranges of .debug_aranges and returns the units that it lists. */
function readAranges(info: DebugInfo, found: { start: number; end: number; unit: number }[]): Set<number> {
  const listed = new Set<number>();
  const unitAt = new Map(info.units.filter((u) => u.idBase === 0).map((u) => [u.offset, u.index]));
  const section = new Reader(info.sections.get('debug_aranges'), '.debug_aranges');
  while (!section.atEnd) {
    const start = section.position;
    try {
      const { end, offsetSize } = section.initialLength();
      try {
        const reader = section.at(section.position, end);
        const version = reader.u16();
        const unit = unitAt.get(reader.unsigned(offsetSize));
        const addressSize = reader.u8();
        const segmentSize = reader.u8();
        if (version !== 2 || addressSize !== 4 || segmentSize !== 0 || unit === undefined) {
          throw new SymbolError('unsupported', `.debug_aranges has an unusable table at offset ${hex(start)}`);
        }
        reader.align(8, start);
        while (reader.remaining >= 8) {
          const address = reader.u32();
          const length = reader.u32();
          // A pair of zeros ends the table, but ld also leaves such pairs for discarded sections in its middle.
          if (length === 0) continue;
          listed.add(unit);
          if (!isDiscarded(address)) found.push({ start: address, end: address + length, unit });
        }
      } catch (error) {
        info.warn(error);
      }
      section.position = end;
    } catch (error) {
      info.warn(error);
      break;
    }
  }
  return listed;
}

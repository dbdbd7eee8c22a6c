import { type AddressRange } from './api';
import { DW_AT, DW_FORM, DW_RLE } from './constants';
import { type Die, indexedAddress } from './die';
import { SymbolError, hex } from './errors';
import { type Unit } from './info';
import { Reader } from './reader';

/**
 * Linkers resolve references to discarded code to 0, 1, or (lld) to all ones or one less. Such ranges describe nothing.
 *
 * @param start first address of a range
 */
export function isDiscarded(start: number): boolean {
  return start <= 1 || start >= 0xfffffffe;
}

/**
 * The addresses of an entry (DWARF 2.17): DW_AT_low_pc with DW_AT_high_pc, DW_AT_ranges, or a lone DW_AT_low_pc.
 * Empty and discarded ranges are left out. The range with DW_AT_entry_pc or DW_AT_low_pc isn't moved to the front.
 *
 * @throws SymbolError
 */
export function rangesOf(die: Die): AddressRange[] {
  if (die.has(DW_AT.ranges)) return readRanges(die);
  const low = die.address(DW_AT.low_pc);
  if (low === undefined || isDiscarded(low)) return [];
  // DWARF 4 and later give the length; earlier versions (and a form of class address) the end.
  const end = die.address(DW_AT.high_pc) ?? low + (die.number(DW_AT.high_pc) ?? 1);
  return end > low ? [{ start: low, end }] : [];
}

function readRanges(die: Die): AddressRange[] {
  const { unit } = die;
  const value = die.number(DW_AT.ranges);
  if (value === undefined) return [];
  if (unit.version < 5) return readRangesV4(unit, value + gnuRangesBase(die));
  let offset = value;
  if (die.form(DW_AT.ranges) === DW_FORM.rnglistx) {
    const base = unit.rangeListsBase;
    offset = base + unit.sections.entry('debug_rnglists', base, value, unit.offsetSize);
  }
  return readRangeList(unit, offset);
}

/** DW_AT_GNU_ranges_base of split DWARF 4 does not apply to the unit's own entry. */
function gnuRangesBase(die: Die): number {
  return die.offset === die.unit.firstDie ? 0 : (die.unit.root.number(DW_AT.GNU_ranges_base) ?? 0);
}

/** .debug_ranges (DWARF 4, 2.17.3). */
function readRangesV4(unit: Unit, offset: number): AddressRange[] {
  const reader = new Reader(unit.sections.get('debug_ranges'), '.debug_ranges', offset);
  const ranges: AddressRange[] = [];
  let base = unit.baseAddress;
  for (;;) {
    const start = reader.u32();
    const end = reader.u32();
    if (start === 0 && end === 0) return ranges;
    if (start === 0xffffffff) base = end;
    else push(ranges, base + start, base + end, start);
  }
}

/** .debug_rnglists (DWARF 2.17.3, 7.25). */
function readRangeList(unit: Unit, offset: number): AddressRange[] {
  const reader = new Reader(unit.sections.get('debug_rnglists'), '.debug_rnglists', offset);
  const ranges: AddressRange[] = [];
  let base = unit.baseAddress;
  for (;;) {
    const at = reader.position;
    const kind = reader.u8();
    switch (kind) {
      case DW_RLE.end_of_list:
        return ranges;
      case DW_RLE.base_addressx:
        base = indexedAddress(unit, reader.uleb());
        break;
      case DW_RLE.startx_endx: {
        const start = indexedAddress(unit, reader.uleb());
        push(ranges, start, indexedAddress(unit, reader.uleb()), start);
        break;
      }
      case DW_RLE.startx_length: {
        const start = indexedAddress(unit, reader.uleb());
        push(ranges, start, start + reader.uleb(), start);
        break;
      }
      case DW_RLE.offset_pair: {
        const start = base + reader.uleb();
        push(ranges, start, base + reader.uleb(), base === 0 ? start : base);
        break;
      }
      case DW_RLE.base_address:
        base = reader.u32();
        break;
      case DW_RLE.start_end: {
        const start = reader.u32();
        push(ranges, start, reader.u32(), start);
        break;
      }
      case DW_RLE.start_length: {
        const start = reader.u32();
        push(ranges, start, start + reader.uleb(), start);
        break;
      }
      default:
        throw new SymbolError('malformed', `.debug_rnglists has entry kind ${kind} at offset ${hex(at)}`);
    }
  }
}

function push(ranges: AddressRange[], start: number, end: number, relocated: number): void {
  start = start % 0x1_0000_0000;
  if (end > 0x1_0000_0000) end = end % 0x1_0000_0000;
  if (end > start && !(isDiscarded(start) || isDiscarded(relocated))) ranges.push({ start, end });
}

export function covers(ranges: readonly AddressRange[], address: number): boolean {
  for (const range of ranges) if (address >= range.start && address < range.end) return true;
  return false;
}

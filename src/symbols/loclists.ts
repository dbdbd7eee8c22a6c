import { type LocationListEntry } from './api';
import { DW_LLE } from './constants';
import { indexedAddress } from './die';
import { SymbolError, hex } from './errors';
import { DwarfExpression } from './operations';
import { type Unit } from './info';
import { Reader } from './reader';

/** A list longer than this is not a compiler's. */
const MAX_ENTRIES = 0x10000;

/**
 * Reads a location list (DWARF 2.6.2): of .debug_loclists, or of .debug_loc up to DWARF 4. Empty entries are left out.
 *
 * @param indexed the value is an index (DW_FORM_loclistx)
 * @throws SymbolError
 */
export function readLocationList(unit: Unit, value: number, indexed: boolean): LocationListEntry[] {
  if (unit.version < 5) return readV4(unit, value);
  let offset = value;
  if (indexed) {
    const base = unit.locationListsBase;
    offset = base + unit.sections.entry('debug_loclists', base, value, unit.offsetSize);
  }
  return readV5(unit, offset);
}

function readV4(unit: Unit, offset: number): LocationListEntry[] {
  const reader = new Reader(unit.sections.get('debug_loc'), '.debug_loc', offset);
  const entries: LocationListEntry[] = [];
  let base = unit.baseAddress;
  for (;;) {
    const start = reader.u32();
    const end = reader.u32();
    if (start === 0 && end === 0) return entries;
    if (start === 0xffffffff) {
      base = end;
      continue;
    }
    const bytes = reader.take(reader.u16());
    push(entries, unit, (base + start) >>> 0, (base + end) >>> 0, bytes);
  }
}

/** .debug_loclists (DWARF 7.7.3). */
function readV5(unit: Unit, offset: number): LocationListEntry[] {
  const reader = new Reader(unit.sections.get('debug_loclists'), '.debug_loclists', offset);
  const entries: LocationListEntry[] = [];
  let base = unit.baseAddress;
  for (;;) {
    const at = reader.position;
    const kind = reader.u8();
    let start: number;
    let end: number;
    switch (kind) {
      case DW_LLE.end_of_list:
        return entries;
      case DW_LLE.base_addressx:
        base = indexedAddress(unit, reader.uleb());
        continue;
      case DW_LLE.base_address:
        base = reader.u32();
        continue;
      case DW_LLE.GNU_view_pair:
        // Which of several statements at one address is meant: a finer grain than a stopped machine can show.
        reader.skipLeb();
        reader.skipLeb();
        continue;
      case DW_LLE.startx_endx:
        start = indexedAddress(unit, reader.uleb());
        end = indexedAddress(unit, reader.uleb());
        break;
      case DW_LLE.startx_length:
        start = indexedAddress(unit, reader.uleb());
        end = start + reader.uleb();
        break;
      case DW_LLE.offset_pair:
        start = base + reader.uleb();
        end = base + reader.uleb();
        break;
      case DW_LLE.default_location: {
        const expression = new DwarfExpression(reader.take(reader.uleb()), unit);
        entries.push({ range: undefined, expression });
        continue;
      }
      case DW_LLE.start_end:
        start = reader.u32();
        end = reader.u32();
        break;
      case DW_LLE.start_length:
        start = reader.u32();
        end = start + reader.uleb();
        break;
      default:
        throw new SymbolError('malformed', `.debug_loclists has entry kind ${kind} at offset ${hex(at)}`);
    }
    push(entries, unit, start, end, reader.take(reader.uleb()));
  }
}

function push(entries: LocationListEntry[], unit: Unit, start: number, end: number, bytes: Uint8Array): void {
  if (entries.length >= MAX_ENTRIES) {
    throw new SymbolError('limit', `a location list of ${unit.name} has more than ${MAX_ENTRIES} entries`);
  }
  if (end > start) entries.push({ range: { start, end }, expression: new DwarfExpression(bytes, unit) });
}

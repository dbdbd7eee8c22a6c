import { DW_FORM, nameOf } from './constants';
import { SymbolError, hex } from './errors';
import { type Reader } from './reader';

/** The widths that forms depend on; fixed for a unit (DWARF 7.5.5). */
export interface Format {
  readonly version: number;
  readonly addressSize: number;
  readonly offsetSize: 4 | 8;
}

/** Size in bytes of a form's value in the unit, or -1 if it varies from value to value. */
export function fixedSize(form: number, format: Format): number {
  switch (form) {
    case DW_FORM.flag_present:
    case DW_FORM.implicit_const:
      return 0;
    case DW_FORM.data1:
    case DW_FORM.ref1:
    case DW_FORM.flag:
    case DW_FORM.strx1:
    case DW_FORM.addrx1:
      return 1;
    case DW_FORM.data2:
    case DW_FORM.ref2:
    case DW_FORM.strx2:
    case DW_FORM.addrx2:
      return 2;
    case DW_FORM.strx3:
    case DW_FORM.addrx3:
      return 3;
    case DW_FORM.data4:
    case DW_FORM.ref4:
    case DW_FORM.strx4:
    case DW_FORM.addrx4:
    case DW_FORM.ref_sup4:
      return 4;
    case DW_FORM.data8:
    case DW_FORM.ref8:
    case DW_FORM.ref_sig8:
    case DW_FORM.ref_sup8:
      return 8;
    case DW_FORM.data16:
      return 16;
    case DW_FORM.addr:
      return format.addressSize;
    case DW_FORM.ref_addr:
      // DWARF 2 gave it the size of an address.
      return format.version <= 2 ? format.addressSize : format.offsetSize;
    case DW_FORM.strp:
    case DW_FORM.line_strp:
    case DW_FORM.strp_sup:
    case DW_FORM.sec_offset:
    case DW_FORM.GNU_ref_alt:
    case DW_FORM.GNU_strp_alt:
      return format.offsetSize;
    default:
      return -1;
  }
}

/** Moves over one value. @throws SymbolError for a form that neither the standard nor GNU defines */
export function skipForm(reader: Reader, form: number, format: Format): void {
  for (let depth = 0; ; depth++) {
    const size = fixedSize(form, format);
    if (size >= 0) {
      reader.skip(size);
      return;
    }
    switch (form) {
      case DW_FORM.sdata:
      case DW_FORM.udata:
      case DW_FORM.ref_udata:
      case DW_FORM.strx:
      case DW_FORM.addrx:
      case DW_FORM.loclistx:
      case DW_FORM.rnglistx:
      case DW_FORM.GNU_addr_index:
      case DW_FORM.GNU_str_index:
        reader.skipLeb();
        return;
      case DW_FORM.string:
        reader.skipString();
        return;
      case DW_FORM.block1:
        reader.skip(reader.u8());
        return;
      case DW_FORM.block2:
        reader.skip(reader.u16());
        return;
      case DW_FORM.block4:
        reader.skip(reader.u32());
        return;
      case DW_FORM.block:
      case DW_FORM.exprloc:
        reader.skip(reader.uleb());
        return;
      case DW_FORM.indirect:
        form = reader.uleb();
        if (depth > 3 || form === DW_FORM.implicit_const) {
          throw new SymbolError('malformed', `${reader.what} has a bad DW_FORM_indirect at ${hex(reader.position)}`);
        }
        continue;
      default:
        throw unknownForm(reader, form);
    }
  }
}

export function unknownForm(reader: Reader, form: number): SymbolError {
  const name = nameOf(DW_FORM, form, 'DW_FORM');
  return new SymbolError(
    'unsupported',
    `${reader.what} uses ${name} at ${hex(reader.position)}, which is not supported`,
  );
}

/** The bytes of a block form (DWARF 7.5.5: block, exprloc) or data16. Undefined for other forms. */
export function readBlock(reader: Reader, form: number): Uint8Array | undefined {
  switch (form) {
    case DW_FORM.block1:
      return reader.take(reader.u8());
    case DW_FORM.block2:
      return reader.take(reader.u16());
    case DW_FORM.block4:
      return reader.take(reader.u32());
    case DW_FORM.block:
    case DW_FORM.exprloc:
      return reader.take(reader.uleb());
    case DW_FORM.data16:
      return reader.take(16);
    default:
      return undefined;
  }
}

/** A value of class constant as a number without a known sign: `dataN` come out unsigned. Undefined for other forms. */
export function readConstant(reader: Reader, form: number): bigint | undefined {
  switch (form) {
    case DW_FORM.data1:
      return BigInt(reader.u8());
    case DW_FORM.data2:
      return BigInt(reader.u16());
    case DW_FORM.data4:
      return BigInt(reader.u32());
    case DW_FORM.data8:
      return reader.u64();
    case DW_FORM.udata:
      return reader.ulebBig();
    case DW_FORM.sdata:
      return reader.slebBig();
    default:
      return undefined;
  }
}

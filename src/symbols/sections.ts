import { type ElfFile } from './api';
import { SymbolError } from './errors';
import { stringAt } from './reader';

/** The DWARF sections by their standard names, without the dot. */
export type SectionName =
  | 'debug_abbrev'
  | 'debug_addr'
  | 'debug_aranges'
  | 'debug_frame'
  | 'debug_info'
  | 'debug_line'
  | 'debug_line_str'
  | 'debug_loc'
  | 'debug_loclists'
  | 'debug_ranges'
  | 'debug_rnglists'
  | 'debug_str'
  | 'debug_str_offsets'
  | 'debug_types'
  | 'eh_frame';

const EMPTY = new Uint8Array(0);

/** Access to a file's DWARF sections; each is decompressed when first used. Missing ones are empty. */
export class Sections {
  private readonly loaded = new Map<SectionName, Uint8Array>();

  constructor(readonly elf: ElfFile) {}

  get(name: SectionName): Uint8Array {
    let bytes = this.loaded.get(name);
    if (!bytes) {
      const section = this.elf.section(`.${name}`) ?? this.elf.section(`.z${name}`);
      bytes = section ? section.data : EMPTY;
      this.loaded.set(name, bytes);
    }
    return bytes;
  }

  has(name: SectionName): boolean {
    return (this.elf.section(`.${name}`) ?? this.elf.section(`.z${name}`)) !== undefined;
  }

  string(name: 'debug_str' | 'debug_line_str', offset: number): string {
    return stringAt(this.get(name), offset, `.${name}`);
  }

  /** Entry `index` of a table of offsets or addresses. @throws SymbolError */
  entry(name: SectionName, base: number, index: number, size: 4 | 8): number {
    const bytes = this.get(name);
    const position = base + index * size;
    if (!(position >= 0) || position + size > bytes.length) {
      throw new SymbolError('malformed', `.${name} has no entry ${index}`);
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset + position, size);
    return view.getUint32(0, true) + (size === 8 ? view.getUint32(4, true) * 0x1_0000_0000 : 0);
  }
}

import {
  type ElfFile,
  type ElfHeader,
  type ElfOptions,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
  type Inflate,
} from './api';
import { SymbolError } from './errors';
import { Reader, stringAt } from './reader';

const SHT_SYMTAB = 2;
const SHT_NOTE = 7;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const SHF_ALLOC = 2;
const SHF_COMPRESSED = 0x800;
const SHN_UNDEF = 0;
const SHN_XINDEX = 0xffff;
const SHT_SYMTAB_SHNDX = 18;
const ELFCOMPRESS_ZLIB = 1;
const PT_LOAD = 1;
const PT_NOTE = 4;
const EM_386 = 3;
const NT_GNU_BUILD_ID = 3;
/** A compressed section may claim any size; nothing real is larger. */
const MAX_INFLATED = 0x4000_0000;

const MACHINES: Readonly<Record<number, string>> = {
  2: 'SPARC',
  3: 'i386',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC64',
  22: 's390',
  40: 'ARM',
  42: 'SuperH',
  50: 'IA-64',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
  247: 'BPF',
  258: 'LoongArch',
};
const SYMBOL_KINDS = ['none', 'object', 'function', 'section', 'file', 'common', 'tls'] as const;
const BINDINGS = ['local', 'global', 'weak'] as const;

/**
 * Opens an ELF file for 32-bit x86. Only headers are read; everything else waits until it is asked for.
 *
 * @param name how messages call the file
 * @throws SymbolError `not-elf`, `truncated`, `architecture`, `byte-order`, `malformed`
 */
export function openElf(bytes: Uint8Array, name: string, options: ElfOptions = {}): ElfFile {
  // A subclass (Node's Buffer) has methods of its own that are slower and behave differently.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return new Elf32(plain, name, options.inflate);
}

/** ELF for 32-bit x86 (System V ABI, chapter 4, and its i386 supplement). */
class Elf32 implements ElfFile {
  readonly header: ElfHeader;
  readonly sections: readonly ElfSection[];
  readonly segments: readonly ElfSegment[];
  private symbolTable: readonly ElfSymbol[] | undefined;
  private symbolNames: Map<string, ElfSymbol[]> | undefined;
  private reach: Uint32Array | undefined;
  private buildIdText: string | undefined | null = null;

  constructor(
    readonly bytes: Uint8Array,
    readonly name: string,
    inflate: Inflate | undefined,
  ) {
    checkIdentification(bytes, name);
    const reader = new Reader(bytes, name, 16);
    const type = reader.u16();
    const machine = reader.u16();
    if (machine !== EM_386) throw wrongMachine(name, machine);
    reader.skip(4);
    const entry = reader.u32();
    const programHeaders = reader.u32();
    const sectionHeaders = reader.u32();
    const flags = reader.u32();
    reader.skip(2);
    const programHeaderSize = reader.u16();
    let programHeaderCount = reader.u16();
    const sectionHeaderSize = reader.u16();
    let sectionCount = reader.u16();
    let namesIndex = reader.u16();
    this.header = { type, machine, flags, entry };

    if (sectionHeaders !== 0) {
      checkTable(bytes, name, 'section headers', sectionHeaders, Math.max(sectionCount, 1), sectionHeaderSize, 40);
      // Counts that do not fit in 16 bits stand in section 0 (gABI, "Extended numbering").
      const first = reader.at(sectionHeaders);
      first.skip(20);
      const extendedCount = first.u32();
      const extendedNames = first.u32();
      const extendedPrograms = first.u32();
      if (sectionCount === 0) sectionCount = extendedCount;
      if (namesIndex === SHN_XINDEX) namesIndex = extendedNames;
      if (programHeaderCount === 0xffff) programHeaderCount = extendedPrograms;
    } else {
      sectionCount = 0;
    }
    checkTable(bytes, name, 'section headers', sectionHeaders, sectionCount, sectionHeaderSize, 40);
    checkTable(bytes, name, 'program headers', programHeaders, programHeaderCount, programHeaderSize, 32);
    this.sections = readSections(this, sectionHeaders, sectionCount, sectionHeaderSize, namesIndex, inflate);
    this.segments = readSegments(this, programHeaders, programHeaderCount, programHeaderSize);
  }

  get entry(): number {
    return this.header.entry;
  }

  section(name: string): ElfSection | undefined {
    return this.sections.find((section) => section.name === name);
  }

  sectionAt(address: number): ElfSection | undefined {
    return this.sections.find(
      (s) => (s.flags & SHF_ALLOC) !== 0 && address >= s.address && address < s.address + s.size,
    );
  }

  get symbols(): readonly ElfSymbol[] {
    this.symbolTable ??= readSymbols(this);
    return this.symbolTable;
  }

  symbolsNamed(name: string): readonly ElfSymbol[] {
    if (!this.symbolNames) {
      this.symbolNames = new Map();
      for (const symbol of this.symbols) {
        const list = this.symbolNames.get(symbol.name);
        if (list) list.push(symbol);
        else this.symbolNames.set(symbol.name, [symbol]);
      }
    }
    return this.symbolNames.get(name) ?? [];
  }

  symbolAt(address: number): { symbol: ElfSymbol; offset: number } | undefined {
    const symbols = this.symbols;
    this.reach ??= reachOf(symbols);
    let best: ElfSymbol | undefined;
    let label: ElfSymbol | undefined;
    // Going back ends where no earlier symbol reaches the address any more.
    for (let i = upperBound(symbols, address) - 1; i >= 0; i--) {
      const symbol = symbols[i];
      if (symbol.kind !== 'section' && symbol.kind !== 'file' && symbol.kind !== 'tls') {
        if (address < symbol.address + symbol.size) {
          if (!best || rank(symbol) > rank(best)) best = symbol;
        } else if (!label || (symbol.address === label.address && rank(symbol) > rank(label))) {
          label = symbol;
        }
      }
      if (this.reach[i] <= address && label && label.address !== symbol.address) break;
    }
    // Labels of assembly code have no size: they reach to the next symbol of their section.
    if (!best && label?.size === 0 && this.sameSection(label, address)) best = label;
    return best && { symbol: best, offset: address - best.address };
  }

  private sameSection(symbol: ElfSymbol, address: number): boolean {
    if (symbol.address === address) return true;
    const section = this.sections[symbol.sectionIndex];
    return section !== undefined && address >= section.address && address < section.address + section.size;
  }

  get buildId(): string | undefined {
    if (this.buildIdText === null) this.buildIdText = readBuildId(this);
    return this.buildIdText;
  }

  read(address: number, size: number): Uint8Array | undefined {
    for (const segment of this.segments) {
      const start = address - segment.virtualAddress;
      if (segment.type !== PT_LOAD || start < 0 || start + size > segment.memorySize) continue;
      const stored = segment.data.subarray(Math.min(start, segment.fileSize), Math.min(start + size, segment.fileSize));
      if (stored.length === size) return stored;
      const bytes = new Uint8Array(size);
      bytes.set(stored);
      return bytes;
    }
    if (this.segments.length === 0) {
      const section = this.sectionAt(address);
      if (section && address + size <= section.address + section.size) {
        return section.type === SHT_NOBITS
          ? new Uint8Array(size)
          : section.data.subarray(address - section.address, address - section.address + size);
      }
    }
    return undefined;
  }
}

function checkIdentification(bytes: Uint8Array, name: string): void {
  if (bytes.length < 4 || bytes[0] !== 0x7f || bytes[1] !== 0x45 || bytes[2] !== 0x4c || bytes[3] !== 0x46) {
    throw new SymbolError('not-elf', `${name} is not an ELF file`);
  }
  if (bytes.length < 20) throw new SymbolError('truncated', `${name} is truncated: it ends inside the ELF header`);
  if (bytes[5] === 2) throw new SymbolError('byte-order', `${name} is big-endian; 32-bit x86 is little-endian`);
  if (bytes[5] !== 1) throw new SymbolError('malformed', `${name} has an unknown byte order (${bytes[5]})`);
  if (bytes[4] !== 1) throw wrongMachine(name, bytes[18] | (bytes[19] << 8), bytes[4] === 2 ? '64-bit ' : '');
  if (bytes.length < 52) throw new SymbolError('truncated', `${name} is truncated: it ends inside the ELF header`);
}

function wrongMachine(name: string, machine: number, bits = ''): SymbolError {
  const architecture = MACHINES[machine] ?? `machine ${machine}`;
  return new SymbolError('architecture', `${name} is for ${bits}${architecture}, not for 32-bit x86 (i386)`);
}

function checkTable(
  bytes: Uint8Array,
  name: string,
  what: string,
  offset: number,
  count: number,
  size: number,
  minimum: number,
): void {
  if (count === 0) return;
  if (size < minimum) throw new SymbolError('malformed', `${name} has ${what} of ${size} bytes instead of ${minimum}`);
  if (offset + count * size > bytes.length) {
    throw new SymbolError('truncated', `${name} is truncated: its ${what} lie beyond its end`);
  }
}

function readSections(
  elf: Elf32,
  offset: number,
  count: number,
  entrySize: number,
  namesIndex: number,
  inflate: Inflate | undefined,
): ElfSection[] {
  if (count === 0) return [];
  const { bytes, name } = elf;
  const headers: { nameOffset: number; values: number[] }[] = [];
  for (let i = 0; i < count; i++) {
    const reader = new Reader(bytes, name, offset + i * entrySize);
    const nameOffset = reader.u32();
    headers.push({ nameOffset, values: Array.from({ length: 9 }, () => reader.u32()) });
  }
  const names = headers[namesIndex]?.values;
  const table = names ? bytes.subarray(names[3], Math.min(bytes.length, names[3] + names[4])) : new Uint8Array(0);
  return headers.map(({ nameOffset, values }, index) => {
    const text = nameOffset < table.length ? stringAt(table, nameOffset, `${name}: section names`) : '';
    return new Section(elf, index, text, values, inflate);
  });
}

class Section implements ElfSection {
  readonly type: number;
  readonly flags: number;
  readonly address: number;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: number;
  readonly entrySize: number;
  private contents: Uint8Array | undefined;

  constructor(
    private readonly elf: ElfFile,
    readonly index: number,
    readonly name: string,
    values: readonly number[],
    private readonly inflate: Inflate | undefined,
  ) {
    [this.type, this.flags, this.address, this.offset, this.size, this.link, this.info, this.alignment] = values;
    this.entrySize = values[8];
  }

  get data(): Uint8Array {
    this.contents ??= this.read();
    return this.contents;
  }

  private read(): Uint8Array {
    if (this.type === SHT_NOBITS || this.type === 0) return new Uint8Array(0);
    const { bytes, name } = this.elf;
    if (this.offset + this.size > bytes.length) {
      throw new SymbolError('truncated', `${name} is truncated: section ${this.name} lies beyond its end`);
    }
    const raw = bytes.subarray(this.offset, this.offset + this.size);
    if (this.flags & SHF_COMPRESSED) {
      const reader = new Reader(raw, `${name}: ${this.name}`);
      const method = reader.u32();
      const size = reader.u32();
      reader.skip(4);
      if (method !== ELFCOMPRESS_ZLIB) {
        const text = method === 2 ? 'zstd' : `method ${method}`;
        throw new SymbolError(
          'unsupported',
          `${name}: ${this.name} is compressed with ${text}; only zlib is supported`,
        );
      }
      return this.expand(raw.subarray(12), size);
    }
    if (this.name.startsWith('.zdebug_') && raw.length >= 12 && String.fromCharCode(...raw.subarray(0, 4)) === 'ZLIB') {
      // The older GNU form: "ZLIB", the size as 8 big-endian bytes, the stream.
      const view = new DataView(raw.buffer, raw.byteOffset);
      return this.expand(raw.subarray(12), view.getUint32(4) * 0x1_0000_0000 + view.getUint32(8));
    }
    return raw;
  }

  private expand(compressed: Uint8Array, size: number): Uint8Array {
    const where = `${this.elf.name}: ${this.name}`;
    if (!this.inflate)
      throw new SymbolError('unsupported', `${where} is compressed, and no inflate function was given`);
    // Deflate expands at most 1032 times, so a larger claim is a lie that would only cost memory.
    if (size > MAX_INFLATED || size > compressed.length * 1040 + 64) {
      throw new SymbolError('malformed', `${where} claims an impossible uncompressed size`);
    }
    let result: Uint8Array;
    try {
      const inflated = this.inflate(compressed, size);
      result = new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.byteLength);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new SymbolError('malformed', `${where} cannot be decompressed: ${reason}`);
    }
    if (result.length !== size) {
      throw new SymbolError('malformed', `${where} decompresses to ${result.length} bytes instead of ${size}`);
    }
    return result;
  }
}

function readSegments(elf: Elf32, offset: number, count: number, entrySize: number): ElfSegment[] {
  const { bytes, name } = elf;
  return Array.from({ length: count }, (_, i): ElfSegment => {
    const reader = new Reader(bytes, name, offset + i * entrySize);
    const type = reader.u32();
    const start = reader.u32();
    const virtualAddress = reader.u32();
    const physicalAddress = reader.u32();
    const fileSize = reader.u32();
    const memorySize = reader.u32();
    const flags = reader.u32();
    const alignment = reader.u32();
    return {
      type,
      flags,
      offset: start,
      virtualAddress,
      physicalAddress,
      fileSize,
      memorySize,
      alignment,
      get data(): Uint8Array {
        if (start + fileSize > bytes.length) {
          throw new SymbolError('truncated', `${name} is truncated: segment ${i} lies beyond its end`);
        }
        return bytes.subarray(start, start + fileSize);
      },
    };
  });
}

function readSymbols(elf: Elf32): readonly ElfSymbol[] {
  const table = elf.sections.find((s) => s.type === SHT_SYMTAB) ?? elf.sections.find((s) => s.type === SHT_DYNSYM);
  if (!table) return [];
  const strings = elf.sections[table.link];
  if (!strings) throw new SymbolError('malformed', `${elf.name}: ${table.name} has no string table`);
  const extended = elf.sections.find((s) => s.type === SHT_SYMTAB_SHNDX && s.link === table.index)?.data;
  const text = strings.data;
  const reader = new Reader(table.data, `${elf.name}: ${table.name}`);
  const symbols: ElfSymbol[] = [];
  for (let i = 0; reader.remaining >= 16; i++) {
    const nameOffset = reader.u32();
    const address = reader.u32();
    const size = reader.u32();
    const info = reader.u8();
    reader.skip(1);
    let sectionIndex = reader.u16();
    if (sectionIndex === SHN_XINDEX && extended && i * 4 + 4 <= extended.length) {
      sectionIndex = new DataView(extended.buffer, extended.byteOffset).getUint32(i * 4, true);
    }
    if (nameOffset === 0 || sectionIndex === SHN_UNDEF) continue;
    const name = stringAt(text, nameOffset, `${elf.name}: ${strings.name}`);
    const type = info & 15;
    const kind = type === 10 ? 'ifunc' : (SYMBOL_KINDS[type] ?? 'other');
    symbols.push({ name, address, size, kind, binding: BINDINGS[info >> 4] ?? 'other', sectionIndex });
  }
  return symbols.sort((a, b) => a.address - b.address);
}

/** For each symbol the highest end of it and all before it, so that a backward search knows where to stop. */
function reachOf(symbols: readonly ElfSymbol[]): Uint32Array {
  const reach = new Uint32Array(symbols.length);
  let highest = 0;
  symbols.forEach((symbol, i) => {
    highest = Math.max(highest, Math.min(symbol.address + symbol.size, 0xffffffff));
    reach[i] = highest;
  });
  return reach;
}

/** Preference among symbols at one address: functions before objects before labels, global before local. */
function rank(symbol: ElfSymbol): number {
  const kind = symbol.kind === 'function' || symbol.kind === 'ifunc' ? 4 : symbol.kind === 'object' ? 2 : 0;
  return kind * 4 + (symbol.binding === 'global' ? 2 : symbol.binding === 'weak' ? 1 : 0);
}

/** Number of symbols whose address is not above `address`. */
function upperBound(symbols: readonly ElfSymbol[], address: number): number {
  let low = 0;
  let high = symbols.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (symbols[middle].address <= address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function readBuildId(elf: Elf32): string | undefined {
  const notes = [...elf.sections.filter((s) => s.type === SHT_NOTE), ...elf.segments.filter((s) => s.type === PT_NOTE)];
  for (const note of notes) {
    let data: Uint8Array;
    try {
      data = note.data;
    } catch {
      continue; // A build id is not worth an error: whoever needs that section will get it.
    }
    const reader = new Reader(data, `${elf.name}: notes`);
    while (reader.remaining >= 12) {
      const nameSize = reader.u32();
      const descriptorSize = reader.u32();
      const type = reader.u32();
      const paddedName = (nameSize + 3) & ~3;
      if (paddedName < 0 || paddedName + descriptorSize > reader.remaining) break;
      const owner = reader.take(paddedName);
      const descriptor = reader.take(descriptorSize);
      if (type === NT_GNU_BUILD_ID && String.fromCharCode(...owner.subarray(0, 4)) === 'GNU\0') {
        return Array.from(descriptor, (b) => b.toString(16).padStart(2, '0')).join('');
      }
      const padding = -descriptorSize & 3;
      if (padding > reader.remaining) break;
      reader.skip(padding);
    }
  }
  return undefined;
}

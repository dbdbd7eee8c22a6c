import { type ElfFile } from './api';
import { AddressIndex } from './aranges';
import { Frames } from './frames';
import { Functions } from './functions';
import { DebugInfo, type Unit } from './info';
import { Lines } from './lines';
import { NameIndex } from './nameIndex';
import { Sections } from './sections';
import { Types } from './types';
import { Variables } from './variables';

const SHF_ALLOC = 2;

/** The parts of one file's debug information, each made when it is first needed. */
export class Dwarf {
  readonly sections: Sections;
  readonly info: DebugInfo;
  readonly lines: Lines;
  readonly types: Types;
  readonly functions: Functions;
  readonly variables: Variables;
  readonly names: NameIndex;
  readonly frames: Frames;
  private addressIndex: AddressIndex | undefined;
  private readonly loaded: readonly { start: number; end: number }[];

  constructor(readonly elf: ElfFile) {
    this.sections = new Sections(elf);
    this.info = new DebugInfo(this.sections);
    this.loaded = elf.sections
      .filter((s) => (s.flags & SHF_ALLOC) !== 0 && s.size > 0)
      .map((s) => ({ start: s.address, end: s.address + s.size }));
    this.lines = new Lines(
      this.info,
      () => this.addresses,
      (start, end) => this.isLoaded(start, end),
    );
    this.frames = new Frames(elf, this.sections);
    this.types = new Types(this);
    this.functions = new Functions(this);
    this.variables = new Variables(this);
    this.names = new NameIndex(this.info);
  }

  get addresses(): AddressIndex {
    this.addressIndex ??= new AddressIndex(this.info);
    return this.addressIndex;
  }

  unitAt(address: number): Unit | undefined {
    return this.info.units[this.addresses.find(address)];
  }

  /** Whether code is in the file: what a linker discarded keeps its debug information at impossible addresses. */
  isLoaded(start: number, end: number): boolean {
    // Without a section table (sstrip) nothing can be said.
    if (this.loaded.length === 0) return true;
    return this.loaded.some((range) => start >= range.start && end <= range.end);
  }
}

import type { AddressRange, ElfFile, SymbolFileApi } from '../symbols/api';

/** A file with code and symbols that is in force in the kernel or in one program's address space. */
export interface Module {
  readonly id: number;
  /** Short name: "vmlinux", "replyhi". */
  readonly name: string;
  readonly kind: 'kernel' | 'program';
  /** Where the host read it from. */
  readonly path: string;
  readonly elf: ElfFile;
  readonly symbols: SymbolFileApi;
  /** Address in memory minus address as linked; 0 unless given. For the vDSO, position-independent programs, and the kernel before paging. */
  readonly loadBias?: number;
}

/** An address in memory as the module's symbols have it. */
export function linkedAddress(module: Module, address: number): number {
  return (address - (module.loadBias ?? 0)) >>> 0;
}

/** An address of the module's symbols as it is in memory. */
export function placedAddress(module: Module, linked: number): number {
  return (linked + (module.loadBias ?? 0)) >>> 0;
}

/** Type and flag of program headers (System V ABI, chapter 5). */
export const PT_LOAD = 1;
export const PF_X = 1;
const SHF_ALLOC = 2;
const SHF_EXECINSTR = 4;

/** True where a loadable segment of the module covers the address. */
export function moduleCovers(module: Module, address: number): boolean {
  return within(rangesOf(module.elf).loaded, linkedAddress(module, address));
}

/** True where the module has executable code at the address. */
export function moduleHasCode(module: Module, address: number): boolean {
  return within(rangesOf(module.elf).code, linkedAddress(module, address));
}

interface Ranges {
  readonly loaded: readonly AddressRange[];
  readonly code: readonly AddressRange[];
}

const knownRanges = new WeakMap<ElfFile, Ranges>();

/** Sections tell best what is code: a kernel's .init.text lies in a segment that is not marked executable. Without sections, segments do. */
function rangesOf(elf: ElfFile): Ranges {
  let ranges = knownRanges.get(elf);
  if (!ranges) {
    const segments = elf.segments.filter((segment) => segment.type === PT_LOAD);
    const sections = elf.sections.filter((section) => (section.flags & SHF_ALLOC) !== 0);
    ranges = {
      loaded: segments.map((s) => ({ start: s.virtualAddress, end: s.virtualAddress + s.memorySize })),
      code:
        sections.length > 0
          ? sections
              .filter((s) => (s.flags & SHF_EXECINSTR) !== 0)
              .map((s) => ({ start: s.address, end: s.address + s.size }))
          : segments
              .filter((s) => (s.flags & PF_X) !== 0)
              .map((s) => ({ start: s.virtualAddress, end: s.virtualAddress + s.memorySize })),
    };
    knownRanges.set(elf, ranges);
  }
  return ranges;
}

function within(ranges: readonly AddressRange[], address: number): boolean {
  return ranges.some((range) => address >= range.start && address < range.end);
}

/** The modules of a session, in the order in which they were added. Tells listeners of additions and removals. */
export class ModuleList implements Iterable<Module> {
  private readonly modules: Module[] = [];
  private readonly listeners = new Set<(change: 'new' | 'removed', module: Module) => void>();
  private nextId = 1;

  /** Adds a file; a module of the same kind and path is replaced. */
  add(file: Omit<Module, 'id'>): Module {
    const previous = this.modules.find((module) => module.kind === file.kind && module.path === file.path);
    if (previous) this.remove(previous);
    const { name, kind, path, elf, symbols, loadBias } = file;
    const module: Module = { id: this.nextId++, name, kind, path, elf, symbols, loadBias };
    this.modules.push(module);
    this.tell('new', module);
    return module;
  }

  remove(module: Module): void {
    const index = this.modules.indexOf(module);
    if (index < 0) return;
    this.modules.splice(index, 1);
    this.tell('removed', module);
  }

  [Symbol.iterator](): Iterator<Module> {
    return this.modules[Symbol.iterator]();
  }

  get(id: number): Module | undefined {
    return this.modules.find((module) => module.id === id);
  }

  /** The kernel, if its symbols are loaded. */
  get kernel(): Module | undefined {
    return this.modules.find((module) => module.kind === 'kernel');
  }

  get programs(): readonly Module[] {
    return this.modules.filter((module) => module.kind === 'program');
  }

  /** @returns a function that takes the listener away again */
  onChange(listener: (change: 'new' | 'removed', module: Module) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private tell(change: 'new' | 'removed', module: Module): void {
    for (const listener of [...this.listeners]) listener(change, module);
  }
}

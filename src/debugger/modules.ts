import type { ElfFile, SymbolFileApi } from '../symbols/api';

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

const PT_LOAD = 1;
const PF_X = 1;

/** True where a loadable segment of the module covers the address. */
export function moduleCovers(module: Module, address: number): boolean {
  return inSegment(module, address, 0);
}

/** True where an executable segment of the module covers the address. */
export function moduleHasCode(module: Module, address: number): boolean {
  return inSegment(module, address, PF_X);
}

function inSegment(module: Module, address: number, flags: number): boolean {
  const linked = linkedAddress(module, address);
  return module.elf.segments.some(
    (segment) =>
      segment.type === PT_LOAD &&
      (segment.flags & flags) === flags &&
      linked >= segment.virtualAddress &&
      linked < segment.virtualAddress + segment.memorySize,
  );
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

/**
 * Where position-independent programs and the vDSO are in memory: each process chooses when it starts a program (load_elf_binary in
 * fs/binfmt_elf.c, which ends in start_thread of arch/x86/kernel/process_32.c). Read from `struct mm_struct` (include/linux/mm_types.h):
 * start_code, exe_file and context.vdso.
 */

import { PF_X, PT_LOAD, type Module, type ModuleList } from '../debugger/modules';
import type { ModulePlacements } from '../debugger/platform';
import type { Target } from '../debugger/target';
import type { Kernel } from './kernel';
import type { Tasks } from './tasks';
import type { Vdso } from './vdso';

const ET_DYN = 3;

export class Placements implements ModulePlacements {
  private readonly copies = new Map<Module, Map<number, Module>>();
  private watching: { breakpoint: number; told: string } | undefined;

  /** @param attempt runs what reads kernel structures; undefined where the kernel is not far enough */
  constructor(
    private readonly target: Target,
    private readonly modules: ModuleList,
    private readonly kernel: Kernel,
    private readonly tasks: Tasks,
    private readonly vdso: Vdso,
    private readonly attempt: <T>(read: () => T) => T | undefined,
  ) {}

  inMemory(): readonly Module[] {
    const placed = new Set<Module>();
    for (const mm of this.spaces()) {
      const modules = this.attempt(() => this.modulesIn(mm)) ?? [];
      for (const module of modules) if (module.loadBias !== undefined) placed.add(module);
    }
    return [...[...this.modules].filter((module) => !choosesItsPlace(module)), ...placed];
  }

  waiting(): readonly Module[] {
    const placed = this.inMemory();
    const vdso = this.attempt(() => this.vdso.at(0));
    return [...[...this.modules].filter(choosesItsPlace), ...(vdso ? [vdso] : [])].filter(
      (module) => !placed.some(({ elf }) => elf === module.elf),
    );
  }

  watch(changed: (() => void) | undefined): void {
    if (this.watching) this.target.removeBreakpoint(this.watching.breakpoint);
    this.watching = undefined;
    const start = this.kernel.symbol('start_thread');
    if (!changed || start === undefined) return;
    const breakpoint = this.target.addBreakpoint(start, () => {
      const now = this.summary();
      if (this.watching && this.watching.told !== now) {
        this.watching.told = now;
        changed();
      }
      return false;
    });
    this.watching = { breakpoint, told: this.summary() };
  }

  /** The program and the vDSO of an address space, as it has them. @throws LinuxError, MemoryError */
  modulesIn(mm: number): Module[] {
    const program = this.tasks.programModule(this.modules, mm);
    const base = this.vdso.baseFor(mm);
    const vdso = base === 0 ? undefined : this.vdso.at(base);
    return [...(program ? [this.ofProgram(program, mm)] : []), ...(vdso ? [vdso] : [])];
  }

  /** A program of the session as an address space has it: itself, or a copy with its load bias. */
  private ofProgram(module: Module, mm: number): Module {
    if (!choosesItsPlace(module)) return module;
    const code = module.elf.segments.filter(({ type, flags }) => type === PT_LOAD && (flags & PF_X) !== 0);
    const lowest = Math.min(...code.map(({ virtualAddress }) => virtualAddress));
    const loadBias = (this.kernel.word('mm_struct', 'start_code', mm) - lowest) >>> 0;
    let copies = this.copies.get(module);
    if (!copies) this.copies.set(module, (copies = new Map<number, Module>()));
    const known = copies.get(loadBias);
    if (known) return known;
    const copy = { ...module, loadBias };
    copies.set(loadBias, copy);
    return copy;
  }

  /** The address spaces of all tasks. */
  private spaces(): Set<number> {
    const all = this.attempt(() => this.tasks.list().map(({ mm }) => mm)) ?? [];
    return new Set(all.filter((mm) => mm !== 0));
  }

  private summary(): string {
    return this.inMemory()
      .map(({ path, loadBias }) => `${path} ${loadBias}`)
      .join('\n');
  }
}

/** True for a program that is loaded wherever there is room (ET_DYN: position-independent). */
function choosesItsPlace({ kind, elf }: Module): boolean {
  return kind === 'program' && elf.header.type === ET_DYN;
}

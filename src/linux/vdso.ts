/**
 * The virtual dynamic shared object (arch/x86/entry/vdso): a small ELF file inside the kernel (`vdso_image_32`) that is mapped into
 * every process at `mm->context.vdso`; its `__kernel_vsyscall` enters the kernel by sysenter.
 */

import { openElf, SymbolFile, type ElfFile } from '../symbols';
import type { Module } from '../debugger/modules';
import type { Kernel } from './kernel';

/** The vDSO with its debug information, as the kernel's build leaves it beside the stripped image (`vdso32.so.dbg`). */
export interface VdsoDebugFile {
  readonly path: string;
  readonly elf: ElfFile;
  readonly symbols: SymbolFile;
}

/** Gives the vDSO as a module at any of the places where it is mapped. */
export class Vdso {
  private image: Omit<Module, 'id'> | undefined | null;
  private imageSize = 0;
  private readonly placed = new Map<number, Module>();

  /** @param debugFile used where it fits the kernel's image, which itself has no debug information */
  constructor(
    private readonly kernel: Kernel,
    private readonly debugFile: VdsoDebugFile | undefined,
  ) {}

  /** Address at which a process has it; 0 where it has none. */
  baseFor(mm: number): number {
    const offset = this.kernel.offsetIfAny('mm_struct', 'context.vdso');
    return mm === 0 || offset === undefined ? 0 : this.kernel.u32(mm + offset);
  }

  /** The module at that base, or undefined where the kernel has no vDSO for 32-bit programs. */
  at(base: number): Module | undefined {
    const file = this.load();
    if (!file) return undefined;
    let module = this.placed.get(base);
    if (!module) {
      module = { ...file, id: -1 - this.placed.size, loadBias: base };
      this.placed.set(base, module);
    }
    return module;
  }

  /** Size in bytes of the mapped image. */
  get size(): number {
    this.load();
    return this.imageSize;
  }

  private load(): Omit<Module, 'id'> | undefined {
    if (this.image !== undefined) return this.image ?? undefined;
    this.image = null;
    const { kernel } = this;
    const symbol = kernel.symbol('vdso_image_32');
    const descriptor = symbol === undefined ? undefined : kernel.module.elf.read(symbol, kernel.sizeOf('vdso_image'));
    if (!descriptor) return undefined;
    const view = new DataView(descriptor.buffer, descriptor.byteOffset, descriptor.length);
    const data = view.getUint32(kernel.offset('vdso_image', 'data'), true);
    const size = view.getUint32(kernel.offset('vdso_image', 'size'), true);
    const bytes = kernel.module.elf.read(data, size);
    if (!bytes) return undefined;
    this.imageSize = bytes.length;
    const elf = openElf(bytes, '[vdso]');
    const file = this.debugFile;
    this.image =
      file && elf.buildId !== undefined && elf.buildId === file.elf.buildId
        ? { name: '[vdso]', kind: 'program', ...file }
        : { name: '[vdso]', kind: 'program', path: '[vdso]', elf, symbols: SymbolFile.load(elf) };
    return this.image;
  }
}

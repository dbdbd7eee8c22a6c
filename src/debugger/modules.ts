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
}

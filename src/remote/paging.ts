/** A walk of i386 page tables (Intel SDM vol. 3, 4.3 and 4.4) through physical memory, without touching accessed bits. */

export interface PagingState {
  /** Physical address of the page directory, or of the page-directory-pointer table under PAE. */
  readonly cr3: number;
  readonly pae: boolean;
  /** CR4.PSE: 4 MiB pages without PAE. */
  readonly largePages: boolean;
}

/** @returns the physical address, or undefined where nothing is mapped */
export function walk(
  address: number,
  state: PagingState,
  readPhysical: (address: number, length: number) => Uint8Array,
): number | undefined {
  const entry = (at: number, size: 4 | 8): number => {
    const bytes = readPhysical(at, size);
    const view = new DataView(bytes.buffer, bytes.byteOffset, size);
    // Physical addresses beyond 4 GiB cannot be reached through a 32-bit Target.
    if (size === 8 && (view.getUint32(4, true) & 0xfffff) !== 0) return 0;
    return view.getUint32(0, true);
  };
  const PRESENT = 1;
  const LARGE = 0x80;
  if (state.pae) {
    const pointer = entry(((state.cr3 & ~0x1f) >>> 0) + (address >>> 30) * 8, 8);
    if (!(pointer & PRESENT)) return undefined;
    const directory = entry(((pointer & ~0xfff) >>> 0) + ((address >>> 21) & 0x1ff) * 8, 8);
    if (!(directory & PRESENT)) return undefined;
    if (directory & LARGE) return ((directory & ~0x1fffff) >>> 0) + (address & 0x1fffff);
    const table = entry(((directory & ~0xfff) >>> 0) + ((address >>> 12) & 0x1ff) * 8, 8);
    return table & PRESENT ? ((table & ~0xfff) >>> 0) + (address & 0xfff) : undefined;
  }
  const directory = entry(((state.cr3 & ~0xfff) >>> 0) + (address >>> 22) * 4, 4);
  if (!(directory & PRESENT)) return undefined;
  if (directory & LARGE && state.largePages) return ((directory & 0xffc00000) >>> 0) + (address & 0x3fffff);
  const table = entry(((directory & ~0xfff) >>> 0) + ((address >>> 12) & 0x3ff) * 4, 4);
  return table & PRESENT ? ((table & ~0xfff) >>> 0) + (address & 0xfff) : undefined;
}

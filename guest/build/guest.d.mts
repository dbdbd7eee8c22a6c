import type { KernelKind } from './kernel.mjs';

/** Absolute paths of the built guest; see guest.mjs. */
export interface Guest {
  dir: string;
  vmlinux: string;
  bzImage: string;
  initrd: string;
  sources: string;
  programs: string;
}

export function ensureGuest(): Promise<Guest>;
export function ensureOtherKernel(kind: KernelKind): Promise<{ folder: string; sources: string }>;

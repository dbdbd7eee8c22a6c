/** A kernel to build: Debian's source package, the target of `make`, and the lines that it prints (for the percentage only). */
export interface KernelKind {
  package: string;
  target: 'bzImage' | 'vmlinux';
  lines: number;
}
export const NEWER_KERNEL: KernelKind;
export function ensureKernel(project: string, cache?: string, kind?: KernelKind): Promise<string>;
export function checkConfig(fragment: string, config: string): void;

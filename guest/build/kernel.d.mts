/**
 * A kernel to build: Debian's source package, the target of `make`, the lines that it prints (for the percentage only), and a fragment that is
 * merged over our configuration (path in the checkout).
 */
export interface KernelKind {
  package: string;
  target: 'bzImage' | 'vmlinux';
  lines: number;
  fragment?: string;
}
export const NEWER_KERNEL: KernelKind;
export function ensureKernel(project: string, cache?: string, kind?: KernelKind): Promise<string>;
export function checkConfig(fragment: string, config: string): void;

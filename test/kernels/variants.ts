/** Linux 6.1 with other options than the built-in kernel: what each fragment sets is said at its top. */

import { ensureOtherKernel } from '../../guest/build/guest.mjs';
import type { KernelKind } from '../../guest/build/kernel.mjs';
import { exercise } from './exercise';
import { exerciseReduced } from './reduced';

const variant = (name: string, lines: number): KernelKind => ({
  package: 'linux-source-6.1',
  target: 'vmlinux',
  lines,
  fragment: `test/kernels/${name}.config`,
});

exercise(
  'SMP, PREEMPT, HIGHMEM, RETPOLINE, IPv6, for size, DWARF 4',
  () => ensureOtherKernel(variant('mitigated', 1238)),
  { moments: true, ipv6: true },
);
exercise(
  'modules, no frame pointers, VMSPLIT_2G, compressed debug information',
  () => ensureOtherKernel(variant('modular', 1169)),
  { moments: true },
);
exercise(
  'X86_PAE, page-table isolation, SMP, huge pages, page tables in high memory',
  () => ensureOtherKernel(variant('pae', 1215)),
  { moments: true },
);
exerciseReduced('reduced debug information', () => ensureOtherKernel(variant('reduced', 1150)));

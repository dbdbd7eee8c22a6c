/** The kernel's command line. */

import { RELOCATABLE_KERNEL } from '../machine/boot/setup-header';
import type { GuestFiles } from './guest-files';

/** Kernel parameters unless the configuration gives its own. */
export const DEFAULT_COMMAND_LINE = 'console=ttyS0';

/**
 * The command line to boot with. A relocatable bzImage with CONFIG_RANDOMIZE_BASE unpacks the kernel to a random address, away from those
 * of its vmlinux, unless it finds `nokaslr` (arch/x86/boot/compressed/kaslr.c); a vmlinux that is entered directly stays where it is.
 * @param log is told what was added
 */
export function commandLineFor(
  boot: GuestFiles['boot'],
  wanted: string | undefined,
  log: (line: string) => void,
): string {
  const line = wanted ?? DEFAULT_COMMAND_LINE;
  const moves = boot.kind === 'bzImage' && boot.bytes[RELOCATABLE_KERNEL] !== 0;
  if (!moves || /(?:^|\s)nokaslr(?:\s|$)/.test(line)) return line;
  log(
    'The bzImage is relocatable and could place the kernel at a random address, away from those of its vmlinux: "nokaslr" was added to the kernel\'s command line.',
  );
  return `${line} nokaslr`;
}

/**
 * Page-table isolation (arch/x86/mm/pti.c, CONFIG_PAGE_TABLE_ISOLATION, on 32-bit processors with CONFIG_X86_PAE only): a program runs on page
 * tables that hold all of its own memory and hardly any of the kernel's, and so do the first and last instructions of every system call,
 * interrupt and exception.
 */

import type { Kernel } from './kernel';

/** PTI_USER_PGTABLE_MASK (arch/x86/include/asm/processor-flags.h): the program's tables lie in the page after the kernel's. */
const USER_TABLES = 0x1000;
/** A page of the direct mapping where no code is: never in a program's tables, always in the kernel's. */
const DIRECT_MAPPED = 0x1000;

/**
 * For `Target.wholeSpace`: the tables with the kernel's memory, too, of the address space that CR3 tells of; undefined for a kernel without isolation.
 * Whether it is switched on (`pti=`, the processor's bugs) shows in the tables themselves.
 */
export function wholeSpaces(kernel: Kernel): ((cr3: number) => number) | undefined {
  if (kernel.symbol('pti_init') === undefined) return undefined;
  const { target } = kernel;
  const probe = (kernel.pageOffset + DIRECT_MAPPED) >>> 0;
  return (cr3) => {
    if (!(cr3 & USER_TABLES) || target.translate(probe, cr3) !== undefined) return cr3;
    const whole = (cr3 & ~USER_TABLES) >>> 0;
    return target.translate(probe, whole) === undefined ? cr3 : whole;
  };
}

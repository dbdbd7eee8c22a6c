/** Bits of the status and control words (Intel SDM volume 1, 8.1.3 and 8.1.5). */

/** Exceptions; the same bits are flags in the status word and masks in the control word. */
export const IE = 0x01;
export const DE = 0x02;
export const ZE = 0x04;
export const OE = 0x08;
export const UE = 0x10;
export const PE = 0x20;
export const EXCEPTIONS = 0x3f;

export const SF = 0x40;
export const ES = 0x80;
export const C0 = 0x100;
export const C1 = 0x200;
export const C2 = 0x400;
export const TOP_SHIFT = 11;
export const TOP = 0x3800;
export const C3 = 0x4000;
export const BUSY = 0x8000;
export const CONDITIONS = C0 | C1 | C2 | C3;

/** Precision control: 24 or 53 bits; every other value, the reserved one included, gives 64. */
export const PC = 0x300;
export const PC_SINGLE = 0x000;
export const PC_DOUBLE = 0x200;
export const PC_EXTENDED = 0x300;

/** Rounding control. */
export const RC = 0xc00;
export const RC_NEAREST = 0x000;
export const RC_DOWN = 0x400;
export const RC_UP = 0x800;
export const RC_ZERO = 0xc00;

/** Control word after FNINIT. */
export const CONTROL_INIT = 0x37f;
/** Bits of the control word that can be written (exception masks, PC, RC and infinity control); bit 6 reads as 1. */
export const CONTROL_WRITABLE = 0x1f3f;
export const CONTROL_FIXED = 0x40;

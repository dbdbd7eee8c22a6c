/**
 * How instructions end: exceptions recorded, masked responses delivered or unmasked ones left pending (Intel SDM
 * volume 1, 8.4 to 8.6), and the pointers to the last instruction.
 */
import type { X87Host } from './host';
import type { X87State } from './state';
import { C1, DE, EXCEPTIONS, IE, SF, ZE } from './word';

/** Exceptions that, unmasked, leave the operands as they were. */
export const BEFORE_RESULT = IE | DE | ZE;

/** #UD and #MF. */
export const INVALID_OPCODE = 6;
const FLOATING_POINT_ERROR = 16;

export const STACK_UNDERFLOW = IE | SF;
export const STACK_OVERFLOW = IE | SF | C1;

export class X87Response {
  constructor(
    protected readonly state: X87State,
    protected readonly host: X87Host,
  ) {}

  /**
   * Reports a pending unmasked exception, as every waiting instruction and FWAIT do first: by #MF if CR0.NE is set,
   * else by FERR#.
   */
  wait(): void {
    if (!this.state.pending) return;
    if (this.host.numericError) this.host.raise(FLOATING_POINT_ERROR);
    this.host.assertFerr();
  }

  /** Notes the current instruction as the last one that is not a control instruction. */
  protected noteInstruction(opcode: number, modrm: number): void {
    this.state.setInstruction(this.host.cs, this.host.eip, ((opcode & 7) << 8) | modrm);
  }

  /** Notes its memory operand, too. */
  protected noteOperand(opcode: number, modrm: number, segment: number, offset: number): void {
    this.noteInstruction(opcode, modrm);
    this.state.setData(this.host.selector(segment), offset);
  }

  /** Whether the result may be delivered, given the exceptions that keep it back when they are unmasked. */
  protected delivers(flags: number, fatal: number): boolean {
    return (flags & ~this.state.control & fatal) === 0;
  }

  /** Records exceptions and C1; returns whether the result is to be delivered. */
  protected conclude(flags: number, fatal: number = BEFORE_RESULT): boolean {
    if ((flags & ~C1) === 0) {
      this.state.setConditions(C1, flags);
      return true;
    }
    const delivered = this.delivers(flags, fatal);
    // An unmasked denormal operand ends the instruction before anything else could be found.
    const raised = delivered || (flags & DE & ~this.state.control) === 0 ? flags : DE;
    this.state.status = (this.state.status & ~C1) | (raised & (EXCEPTIONS | SF | C1));
    return delivered;
  }
}

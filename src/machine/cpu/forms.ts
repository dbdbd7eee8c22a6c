/**
 * Instruction forms: what an engine has to be able to execute. A form is a meaning with everything static in it: operand size, whether the r/m
 * operand is in memory, the address size where it matters, REP. How bytes become a form and its operands is the decoder's business, so encodings
 * that mean the same share a form (05 id and 81 /0 id are one ADD r/m32, imm32).
 */

import { type Semantics } from './ops';

export interface Form {
  /** Index in FORMS. */
  readonly id: number;
  /** Intel's mnemonic, lower case; for messages and statistics. */
  readonly mnemonic: string;
  readonly size: 8 | 16 | 32;
  /** Only where `usesAddressSize`; else 32. */
  readonly addressSize: 16 | 32;
  readonly usesAddressSize: boolean;
  /** The r/m operand is in memory. */
  readonly isMemory: boolean;
  readonly repeat: 'none' | 'rep' | 'repne';
  /** Too rare to be worth emitting: engines may leave it to the evaluator. */
  readonly rare: boolean;
  /** May go on elsewhere than at the next instruction, or change the mode. */
  readonly endsBlock: boolean;
  readonly semantics: Semantics;
}

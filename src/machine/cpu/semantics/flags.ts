/** CLC STC CMC CLD STD CLI STI LAHF SAHF SALC. */

import { AF, CF, DF, PF, SF, ZF } from '../flags';
import { Register } from '../layout';
import { type Semantics } from '../ops';

/** AH's number among the 8-bit registers. */
const AH = 4 as Register;

export const clc: Semantics = (o) => o.setFlags(CF, o.constant(0));
export const stc: Semantics = (o) => o.setFlags(CF, o.constant(CF));
export const cmc: Semantics = (o) => o.setFlags(CF, o.xor(o.carry(), o.constant(1)));
export const cld: Semantics = (o) => o.setFlags(DF, o.constant(0));
export const std: Semantics = (o) => o.setFlags(DF, o.constant(DF));
export const cli: Semantics = (o) => o.control('cli');
export const sti: Semantics = (o) => o.control('sti');
export const lahf: Semantics = (o) => o.writeGpr(AH, o.eflags(), 8);
export const sahf: Semantics = (o) => o.setFlags(SF | ZF | AF | PF | CF, o.readGpr(AH, 8));
/** AL = CF ? 0xff : 0. */
export const salc: Semantics = (o) => o.writeGpr(Register.EAX, o.neg(o.carry()), 8);

/** The constants of FLD1, FLDL2T, FLDL2E, FLDPI, FLDLG2, FLDLN2 and FLDZ (Intel SDM volume 1, 8.3.4). */
import { BIAS, type Extended, setZero } from './format';
import { roundExtended } from './round';
import { PC_EXTENDED } from './word';

/** Exponent and the first 96 bits of each, in the order of the opcodes D9 E8 to D9 ED. */
const CONSTANTS: readonly (readonly [exponent: number, hi: number, lo: number, extra: number])[] = [
  [BIAS, 0x80000000, 0, 0],
  [BIAS + 1, 0xd49a784b, 0xcd1b8afe, 0x492bf6ff], // log2 10
  [BIAS, 0xb8aa3b29, 0x5c17f0bb, 0xbe87fed0], // log2 e
  [BIAS + 1, 0xc90fdaa2, 0x2168c234, 0xc4c6628b], // π
  [BIAS - 2, 0x9a209a84, 0xfbcff798, 0x8f8959ac], // log10 2
  [BIAS - 1, 0xb17217f7, 0xd1cf79ab, 0xc9e3b398], // ln 2
];

/** Loads constant 0 to 6, rounded to 64 bits as the rounding control says; no exception is raised. */
export function loadConstant(out: Extended, index: number, control: number): void {
  if (index === CONSTANTS.length) {
    setZero(out, 0);
    return;
  }
  const [exponent, hi, lo, extra] = CONSTANTS[index];
  roundExtended(out, 0, exponent, hi | 0, lo | 0, extra | 0, control | PC_EXTENDED);
}

/** How long an instruction of 32-bit code is (Intel SDM volume 2, chapter 2 and the opcode maps of appendix A). */

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);
const MAX_INSTRUCTION = 15;

/** An immediate: bytes of its own, or as many as an operand (`z`) or an address (`a`) has. */
type Immediate = 0 | 1 | 2 | 3 | 'z' | 'a' | 'far';

const of = (...ranges: readonly (number | readonly [number, number])[]): Set<number> =>
  new Set(
    ranges.flatMap((range) =>
      typeof range === 'number' ? [range] : Array.from({ length: range[1] - range[0] + 1 }, (_, i) => range[0] + i),
    ),
  );

/** One-byte opcodes with a ModRM byte, besides the eight rows of arithmetic. */
const MODRM = of([0x62, 0x63], 0x69, 0x6b, [0x80, 0x8f], [0xc0, 0xc1], [0xc4, 0xc7], [0xd0, 0xd3], [0xd8, 0xdf], 0xf6, 0xf7, 0xfe, 0xff); // prettier-ignore
const BYTE = of(0x6a, 0x6b, [0x70, 0x7f], 0x80, 0x82, 0x83, 0xa8, [0xb0, 0xb7], 0xc0, 0xc1, 0xc6, 0xcd, 0xd4, 0xd5, [0xe0, 0xe7], 0xeb); // prettier-ignore
const OPERAND = of(0x68, 0x69, 0x81, 0xa9, [0xb8, 0xbf], 0xc7, 0xe8, 0xe9);
const OFFSET = of([0xa0, 0xa3]);
const FAR = of(0x9a, 0xea);
const WORD = of(0xc2, 0xca);
/** ENTER: a word and a byte. */
const ENTER = 0xc8;
/** Two-byte opcodes (0F xx) without a ModRM byte. */
const PLAIN_0F = of([0x04, 0x0c], 0x0e, [0x30, 0x37], 0x77, [0x80, 0x8f], [0xa0, 0xa2], [0xa8, 0xaa], [0xc8, 0xcf]);
/** MOV to and from control and debug registers: the mode bits mean nothing. */
const REGISTERS_0F = of([0x20, 0x23]);
const BYTE_0F = of(0x0f, [0x70, 0x73], 0xa4, 0xac, 0xba, 0xc2, [0xc4, 0xc6]);

/**
 * @param bytes what can be read where the instruction begins, up to 15 bytes
 * @returns undefined where they end before the instruction does
 */
export function instructionLength(bytes: Uint8Array): number | undefined {
  let at = 0;
  let operand = 4;
  let address = 4;
  for (; at < MAX_INSTRUCTION && PREFIXES.has(bytes[at]); at++) {
    if (bytes[at] === 0x66) operand = 2;
    if (bytes[at] === 0x67) address = 2;
  }
  const opcode = bytes[at++];
  if (opcode === undefined) return undefined;
  let hasModrm: boolean;
  let immediate: Immediate;
  let registersOnly = false;
  if (opcode === 0x0f) {
    const second = bytes[at++];
    // Three bytes: 0F 38 xx, and 0F 3A xx with a byte behind.
    if (second === 0x38 || second === 0x3a) at++;
    hasModrm = !PLAIN_0F.has(second);
    registersOnly = REGISTERS_0F.has(second);
    immediate = second >= 0x80 && second <= 0x8f ? 'z' : second === 0x3a || BYTE_0F.has(second) ? 1 : 0;
  } else {
    const isArithmetic = opcode < 0x40;
    hasModrm = isArithmetic ? (opcode & 7) < 4 : MODRM.has(opcode);
    immediate = isArithmetic ? arithmeticImmediate(opcode) : immediateOf(opcode, bytes[at]);
  }
  if (hasModrm) {
    const rest = registersOnly ? 1 : modrmLength(bytes.subarray(at), address);
    if (rest === undefined) return undefined;
    at += rest;
  }
  at += immediate === 'z' ? operand : immediate === 'a' ? address : immediate === 'far' ? operand + 2 : immediate;
  return at <= bytes.length ? at : undefined;
}

/** ADD AL, imm8 and its like. */
function arithmeticImmediate(opcode: number): Immediate {
  return (opcode & 7) === 4 ? 1 : (opcode & 7) === 5 ? 'z' : 0;
}

function immediateOf(opcode: number, modrm: number): Immediate {
  // Of group 3, only TEST has an immediate.
  if (opcode === 0xf6 || opcode === 0xf7) return ((modrm >> 3) & 7) > 1 ? 0 : opcode === 0xf6 ? 1 : 'z';
  if (BYTE.has(opcode)) return 1;
  if (OPERAND.has(opcode)) return 'z';
  if (OFFSET.has(opcode)) return 'a';
  if (FAR.has(opcode)) return 'far';
  if (WORD.has(opcode)) return 2;
  return opcode === ENTER ? 3 : 0;
}

/** ModRM byte, SIB byte and displacement (SDM volume 2, tables 2-1 to 2-3). */
function modrmLength(bytes: Uint8Array, addressSize: number): number | undefined {
  if (bytes.length === 0) return undefined;
  const mode = bytes[0] >> 6;
  const rm = bytes[0] & 7;
  if (mode === 3) return 1;
  if (addressSize === 2) return 1 + (mode === 0 ? (rm === 6 ? 2 : 0) : mode);
  const displacement = mode === 1 ? 1 : mode === 2 ? 4 : 0;
  if (rm !== 4) return 1 + (mode === 0 && rm === 5 ? 4 : displacement);
  if (bytes.length === 1) return undefined;
  return 2 + (mode === 0 && (bytes[1] & 7) === 5 ? 4 : displacement);
}

import { Decoder, DecoderOptions, Formatter, FormatterSyntax, Instruction } from 'iced-x86';

/** One instruction as text. */
export interface DisassembledInstruction {
  readonly address: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  /** AT&T syntax, as the kernel writes assembly. */
  readonly text: string;
  readonly valid: boolean;
  /** Target of a near branch or call. */
  readonly target: number | undefined;
}

/** Disassembles 32-bit code in the syntax the kernel uses. */
export class Disassembler {
  /** All instructions in `bytes`, the first at `address`. */
  disassemble(bytes: Uint8Array, address: number, count = Number.MAX_SAFE_INTEGER): DisassembledInstruction[] {
    const decoder = new Decoder(32, bytes, DecoderOptions.None);
    const formatter = new Formatter(FormatterSyntax.Gas);
    const instruction = new Instruction();
    const result: DisassembledInstruction[] = [];
    formatter.spaceAfterOperandSeparator = true;
    formatter.uppercaseHex = false;
    formatter.firstOperandCharIndex = 8;
    decoder.ip = BigInt(address >>> 0);
    try {
      while (decoder.canDecode && result.length < count) {
        const at = decoder.position;
        decoder.decodeOut(instruction);
        const valid = !instruction.isInvalid;
        const length = valid ? instruction.length : 1;
        if (!valid) {
          // A byte that begins no instruction is shown as data, and decoding goes on behind it.
          decoder.position = at + 1;
          decoder.ip = BigInt((address + at + 1) >>> 0);
        }
        const raw = bytes.subarray(at, at + length);
        const isBranch =
          valid && (instruction.isJccShortOrNear || instruction.isJmpShortOrNear || instruction.isCallNear);
        result.push({
          address: (address + at) >>> 0,
          length,
          bytes: raw,
          text: valid ? formatter.format(instruction) : `.byte   0x${raw[0].toString(16).padStart(2, '0')}`,
          valid,
          target: isBranch ? Number(BigInt.asUintN(32, instruction.nearBranchTarget)) : undefined,
        });
      }
      return result;
    } finally {
      instruction.free();
      formatter.free();
      decoder.free();
    }
  }
}

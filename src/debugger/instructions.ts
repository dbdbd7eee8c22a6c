/** As much of i386 instruction decoding as stepping and unwinding need (Intel SDM vol. 2, chapter 2 and appendix A). */

export type InstructionKind =
  | 'call'
  | 'return'
  | 'jump'
  /** Back from an interrupt or a system call: iret, sysexit, sysret. */
  | 'interruptReturn'
  /** int, int3, into, sysenter, syscall. */
  | 'trap'
  /** A string instruction with a REP prefix. */
  | 'repeated'
  | 'other';

export interface Instruction {
  readonly kind: InstructionKind;
  /** Length in bytes where the kind tells it: relative calls and jumps, traps, returns and repeated string instructions. */
  readonly length: number | undefined;
  /** Where a direct call or jump goes. */
  readonly target: number | undefined;
}

const MAX_INSTRUCTION = 15;

/** @param bytes what can be read at `address`, up to 15 bytes */
export function classify(bytes: Uint8Array, address: number): Instruction {
  let at = 0;
  let repeat = false;
  let shortOperand = false;
  const prefixes = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3];
  while (at < Math.min(bytes.length, MAX_INSTRUCTION) && prefixes.includes(bytes[at])) {
    if (bytes[at] === 0xf2 || bytes[at] === 0xf3) repeat = true;
    if (bytes[at] === 0x66) shortOperand = true;
    at++;
  }
  const opcode = bytes[at];
  const of = (kind: InstructionKind, length?: number, target?: number): Instruction => ({
    kind,
    length: length === undefined ? undefined : at + length,
    target: target === undefined ? undefined : target >>> 0,
  });
  const relative = (opcodeBytes: number, size: 1 | 2 | 4): number => {
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[at + opcodeBytes + i] ?? 0);
    const signed = (value << (32 - 8 * size)) >> (32 - 8 * size);
    return address + at + opcodeBytes + size + signed;
  };
  const near = shortOperand ? 2 : 4;
  switch (opcode) {
    case 0xe8:
      return of('call', 1 + near, relative(1, near));
    case 0x9a:
      return of('call', 3 + near);
    case 0xff: {
      const operation = (bytes[at + 1] >> 3) & 7;
      if (operation === 2 || operation === 3) return of('call');
      return of(operation === 4 || operation === 5 ? 'jump' : 'other');
    }
    case 0xc3:
    case 0xcb:
      return of('return', 1);
    case 0xc2:
    case 0xca:
      return of('return', 3);
    case 0xcf:
      return of('interruptReturn', 1);
    case 0xcc:
    case 0xce:
      return of('trap', 1);
    case 0xcd:
      return of('trap', 2);
    case 0xe9:
      return of('jump', 1 + near, relative(1, near));
    case 0xea:
      return of('jump', 3 + near);
    case 0xeb:
      return of('jump', 2, relative(1, 1));
    case 0xe0:
    case 0xe1:
    case 0xe2:
    case 0xe3:
      return of('jump', 2, relative(1, 1));
    case 0x0f: {
      const second = bytes[at + 1];
      if (second === 0x34 || second === 0x05) return of('trap', 2);
      if (second === 0x35 || second === 0x07) return of('interruptReturn', 2);
      if (second >= 0x80 && second <= 0x8f) return of('jump', 2 + near, relative(2, near));
      return of('other');
    }
  }
  if (opcode >= 0x70 && opcode <= 0x7f) return of('jump', 2, relative(1, 1));
  const isString = (opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf);
  if (repeat && (isString || (opcode >= 0x6c && opcode <= 0x6f))) return of('repeated', 1);
  return of('other');
}

/**
 * Whether a call instruction ends right before an address, so that the address may be one to return to.
 * @param before the (up to 7) bytes before the address
 * @returns the target of a direct call, `indirect`, or undefined
 */
export function callBefore(before: Uint8Array, address: number): number | 'indirect' | undefined {
  const n = before.length;
  if (n >= 5 && before[n - 5] === 0xe8) {
    const view = new DataView(before.buffer, before.byteOffset + n - 4, 4);
    return (address + view.getInt32(0, true)) >>> 0;
  }
  // FF /2: length 2 to 7 by its ModRM and SIB bytes.
  for (let length = 2; length <= Math.min(7, n); length++) {
    if (before[n - length] !== 0xff) continue;
    const modrm = before[n - length + 1];
    if (((modrm >> 3) & 7) !== 2) continue;
    const mode = modrm >> 6;
    const rm = modrm & 7;
    let size = 2;
    if (mode !== 3 && rm === 4) {
      size++;
      if (mode === 0 && (before[n - length + 2] & 7) === 5) size += 4;
    } else if (mode === 0 && rm === 5) size += 4;
    if (mode === 1) size += 1;
    if (mode === 2) size += 4;
    if (size === length) return 'indirect';
  }
  return undefined;
}

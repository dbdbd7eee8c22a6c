/**
 * Random snippets of user-mode code over all families of integer instructions, each with registers, flags and memory to start from and the flags that
 * the Intel manual leaves undefined after it. The same seed gives the same cases.
 */

import { AF, ARITHMETIC, CF, DF, OF, PF, SF, ZF } from '../../../src/machine/cpu/flags';

export const CODE = 0x20000000;
export const DATA = 0x30000000;
export const STACK = 0x30010000;
/** Where in their pages the compared parts of data and stack are. */
export const WINDOW = 0x800;
export const DATA_SIZE = 128;
export const STACK_SIZE = 192;
export const CODE_SIZE = 64;

export interface Case {
  family: string;
  code: number[];
  gpr: number[];
  eflags: number;
  data: Uint8Array;
  stack: Uint8Array;
  /** Flags not to be compared. */
  undefinedFlags: number;
}

const [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI] = [0, 1, 2, 3, 4, 5, 6, 7] as const;

const CORNERS = [
  0, 1, 2, 3, 7, 8, 9, 0xf, 0x10, 0x1f, 0x20, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff, 0x8000, 0x8001, 0xffff, 0x10000,
];
CORNERS.push(
  0x7fffffff,
  0x80000000,
  0x80000001,
  0xfffffffe,
  0xffffffff,
  0xffff8000,
  0xffffff80,
  0x55555555,
  0xaaaaaaaa,
);

/** xorshift32 */
class Random {
  constructor(private state: number) {}
  next(): number {
    let x = this.state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x;
    return x >>> 0;
  }
  below(n: number): number {
    return this.next() % n;
  }
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }
  /** A value likely to be at some edge. */
  value(): number {
    const kind = this.below(8);
    if (kind < 4) return this.pick(CORNERS);
    if (kind === 4) return this.below(256);
    return this.next();
  }
}

const bytes32 = (v: number): number[] => [v & 255, (v >>> 8) & 255, (v >>> 16) & 255, (v >>> 24) & 255];
const bytes16 = (v: number): number[] => [v & 255, (v >>> 8) & 255];

/** Builds one case. */
class Builder {
  readonly gpr: number[];
  readonly data = new Uint8Array(DATA_SIZE);
  readonly stack = new Uint8Array(STACK_SIZE);
  undefinedFlags = 0;
  eflags: number;

  constructor(readonly random: Random) {
    const r = random;
    this.gpr = Array.from({ length: 8 }, () => r.value());
    this.gpr[ESP] = STACK + WINDOW + 96 + 4 * r.below(8);
    this.eflags = 0x202 | (r.next() & ARITHMETIC) | (r.chance(25) ? DF : 0);
    for (let i = 0; i < DATA_SIZE; i += 4) this.data.set(bytes32(r.value()), i);
    for (let i = 0; i < STACK_SIZE; i += 4) this.stack.set(bytes32(r.value()), i);
  }

  /** Prefixes that change nothing here. */
  idle(): number[] {
    return this.random.chance(10) ? [this.random.pick([0x26, 0x36, 0x3e, 0xf2, 0xf3])] : [];
  }

  /** A target for memory operands, in the data window with room around it. */
  target(): number {
    return DATA + WINDOW + 32 + this.random.below(DATA_SIZE - 64);
  }

  /**
   * ModRM and what follows, with `reg` in its middle; rm a register, or memory whose address lies in the data window.
   * @param keep Leave all registers as they are: only displacements lead to the target.
   */
  modrm(reg: number, memory: boolean, keep = false, target = this.target()): number[] {
    const r = this.random;
    const middle = reg << 3;
    if (!memory) return [0xc0 | middle | r.below(8)];
    const base = r.below(8);
    const displaced = (from: number): number[] => bytes32((target - from) | 0);
    switch (r.below(keep ? 4 : 7)) {
      case 0:
        return [middle | 5, ...bytes32(target)];
      case 1: {
        if (base === ESP) return [0x80 | middle | 4, 0x24, ...displaced(this.gpr[ESP]!)];
        return [0x80 | middle | base, ...displaced(this.gpr[base]!)];
      }
      case 2: {
        const index = r.below(8);
        const scale = r.below(4);
        const indexed = index === ESP ? 0 : this.gpr[index]! << scale;
        return [0x80 | middle | 4, (scale << 6) | (index << 3) | base, ...displaced(this.gpr[base]! + indexed)];
      }
      case 3: {
        const index = r.below(8);
        const scale = r.below(4);
        const indexed = index === ESP ? 0 : this.gpr[index]! << scale;
        return [middle | 4, (scale << 6) | (index << 3) | 5, ...displaced(indexed)];
      }
      case 4: {
        if (base === ESP || base === EBP) return [middle | 5, ...bytes32(target)];
        this.gpr[base] = target;
        return [middle | base];
      }
      case 5: {
        if (base === ESP) return [middle | 5, ...bytes32(target)];
        const displacement = r.below(256);
        this.gpr[base] = (target - ((displacement << 24) >> 24)) >>> 0;
        return [0x40 | middle | base, displacement];
      }
      default: {
        const index = r.pick([EAX, ECX, EDX, EBX]);
        const from = r.pick([EBP, ESI, EDI]);
        const scale = r.below(4);
        const displacement = r.below(256);
        this.gpr[from] = (target - (this.gpr[index]! << scale) - ((displacement << 24) >> 24)) >>> 0;
        return [0x40 | middle | 4, (scale << 6) | (index << 3) | from, displacement];
      }
    }
  }

  immediate(size: number): number[] {
    const v = this.random.value();
    return size === 8 ? [v & 255] : size === 16 ? bytes16(v) : bytes32(v);
  }

  done(family: string, code: number[]): Case {
    const { gpr, eflags, data, stack, undefinedFlags } = this;
    return { family, code, gpr: gpr.map((v) => v >>> 0), eflags, data, stack, undefinedFlags };
  }
}

type Family = (b: Builder, r: Random) => number[];

/** Operand size: 8, 16 or 32, with the prefix and the opcode's low bit. */
function sized(r: Random, sizes = [8, 16, 32, 32]): { size: number; prefix: number[]; wide: number } {
  const size = r.pick(sizes);
  return { size, prefix: size === 16 ? [0x66] : [], wide: size === 8 ? 0 : 1 };
}

const LOGIC = new Set([1, 4, 6]);

const FAMILIES: Record<string, Family> = {
  'ADD OR ADC SBB AND SUB XOR CMP': (b, r) => {
    const { size, prefix, wide } = sized(r);
    const operation = r.below(8);
    if (LOGIC.has(operation)) b.undefinedFlags = AF;
    const memory = r.chance(50);
    const start = [...b.idle(), ...prefix];
    switch (r.below(5)) {
      case 0: {
        const lock = memory && operation !== 7 && r.chance(10) ? [0xf0] : [];
        return [...start, ...lock, (operation << 3) | wide, ...b.modrm(r.below(8), memory)];
      }
      case 1:
        return [...start, (operation << 3) | 2 | wide, ...b.modrm(r.below(8), memory)];
      case 2:
        return [...start, (operation << 3) | 4 | wide, ...b.immediate(size)];
      case 3:
        return [...start, 0x80 | wide, ...b.modrm(operation, memory), ...b.immediate(size)];
      default: {
        if (size === 8) return [...start, 0x82, ...b.modrm(operation, memory), ...b.immediate(8)];
        return [...start, 0x83, ...b.modrm(operation, memory), ...b.immediate(8)];
      }
    }
  },
  TEST: (b, r) => {
    const { size, prefix, wide } = sized(r);
    b.undefinedFlags = AF;
    const kind = r.below(3);
    if (kind === 0) return [...prefix, 0x84 | wide, ...b.modrm(r.below(8), r.chance(50))];
    if (kind === 1) return [...prefix, 0xa8 | wide, ...b.immediate(size)];
    return [...prefix, 0xf6 | wide, ...b.modrm(r.below(2), r.chance(50)), ...b.immediate(size)];
  },
  'INC DEC NEG NOT': (b, r) => {
    const { prefix, wide } = sized(r);
    const kind = r.below(3);
    if (kind === 0) return [...sized(r, [16, 32]).prefix, 0x40 | r.below(16)];
    const memory = r.chance(50);
    const lock = memory && r.chance(10) ? [0xf0] : [];
    if (kind === 1) return [...prefix, ...lock, 0xfe | wide, ...b.modrm(r.below(2), memory)];
    return [...prefix, ...lock, 0xf6 | wide, ...b.modrm(2 + r.below(2), memory)];
  },
  'MUL IMUL': (b, r) => {
    const { prefix, wide } = sized(r);
    b.undefinedFlags = SF | ZF | AF | PF;
    const { size, prefix: word } = sized(r, [16, 32]);
    switch (r.below(4)) {
      case 0:
        return [...prefix, 0xf6 | wide, ...b.modrm(4 + r.below(2), r.chance(50))];
      case 1:
        return [...word, 0x0f, 0xaf, ...b.modrm(r.below(8), r.chance(50))];
      case 2:
        return [...word, 0x69, ...b.modrm(r.below(8), r.chance(50)), ...b.immediate(size)];
      default:
        return [...word, 0x6b, ...b.modrm(r.below(8), r.chance(50)), ...b.immediate(8)];
    }
  },
  'DIV IDIV': (b, r) => {
    const { prefix, wide } = sized(r);
    b.undefinedFlags = ARITHMETIC;
    // Half of the time a small high part, so that the quotient fits.
    if (r.chance(50)) b.gpr[EDX] = r.pick([0, 1, 0xffffffff, r.below(256)]);
    if (r.chance(30)) b.gpr[EAX] = b.gpr[EAX]! & 0xfff;
    return [...prefix, 0xf6 | wide, ...b.modrm(6 + r.below(2), r.chance(50), true)];
  },
  'ROL ROR RCL RCR SHL SHR SAR': (b, r) => {
    const { size, prefix, wide } = sized(r);
    const operation = r.below(8);
    const kind = r.below(3);
    const count = kind === 0 ? 1 : r.chance(60) ? r.below(34) : r.below(256);
    b.gpr[ECX] = ((b.gpr[ECX]! & 0xffffff00) | (kind === 2 ? count : b.gpr[ECX]! & 255)) >>> 0;
    const masked = count & 31;
    if (masked !== 0) {
      if (operation >= 4) b.undefinedFlags |= AF;
      if (masked !== 1) b.undefinedFlags |= OF;
      // SHL and SHR by more than the size, SAR not.
      if (operation >= 4 && operation !== 7 && masked >= size) b.undefinedFlags |= CF;
    }
    const opcode = [0xd0, 0xc0, 0xd2][kind]! | wide;
    const tail = b.modrm(operation, r.chance(50), true);
    return [...prefix, opcode, ...tail, ...(kind === 1 ? [count] : [])];
  },
  'SHLD SHRD': (b, r) => {
    const { size, prefix } = sized(r, [16, 32]);
    // Counts above the size give undefined results.
    const count = (r.below(8) << 5) | r.below(size === 16 ? 17 : 32);
    const masked = count & 31;
    const byRegister = r.chance(50);
    if (byRegister) b.gpr[ECX] = ((b.gpr[ECX]! & 0xffffff00) | count) >>> 0;
    if (masked !== 0) b.undefinedFlags = masked === 1 ? AF : AF | OF;
    const opcode = r.pick([0xa4, 0xac]) | (byRegister ? 1 : 0);
    return [...prefix, 0x0f, opcode, ...b.modrm(r.below(8), r.chance(50), true), ...(byRegister ? [] : [count])];
  },
  'BT BTS BTR BTC': (b, r) => {
    const { prefix } = sized(r, [16, 32]);
    b.undefinedFlags = OF | SF | AF | PF;
    const operation = r.below(4);
    const memory = r.chance(60);
    const lock = memory && operation !== 0 && r.chance(10) ? [0xf0] : [];
    if (r.chance(40)) return [...prefix, ...lock, 0x0f, 0xba, ...b.modrm(4 + operation, memory), r.below(256)];
    const index = r.pick([EAX, ECX, EDX, EBX, EBP, ESI, EDI]);
    if (memory) {
      // Within the window: up to 200 bits each way.
      b.gpr[index] = (r.below(400) - 200) >>> 0;
      if (prefix.length > 0 && r.chance(50)) b.gpr[index] = (b.gpr[index]! & 0xffff) | (r.next() & 0xffff0000);
    }
    return [...prefix, ...lock, 0x0f, 0xa3 + 8 * operation, ...b.modrm(index, memory, true, DATA + WINDOW + 60)];
  },
  'BSF BSR BSWAP': (b, r) => {
    if (r.chance(20)) return [0x0f, 0xc8 | r.below(8)];
    b.undefinedFlags = CF | OF | SF | AF | PF;
    return [...sized(r, [16, 32]).prefix, 0x0f, 0xbc + r.below(2), ...b.modrm(r.below(8), r.chance(50))];
  },
  'MOV MOVZX MOVSX XCHG LEA': (b, r) => {
    const { size, prefix, wide } = sized(r);
    const { size: wordSize, prefix: word } = sized(r, [16, 32]);
    const memory = r.chance(60);
    switch (r.below(10)) {
      case 0:
        return [...b.idle(), ...prefix, 0x88 | wide, ...b.modrm(r.below(8), memory)];
      case 1:
        return [...prefix, 0x8a | wide, ...b.modrm(r.below(8), memory)];
      case 2:
        return [...prefix, 0xa0 | wide | (r.below(2) << 1), ...bytes32(b.target())];
      case 3:
        return [...prefix, 0xc6 | wide, ...b.modrm(0, memory), ...b.immediate(size)];
      case 4:
        return [0xb0 | r.below(8), ...b.immediate(8)];
      case 5:
        return [...word, 0xb8 | r.below(8), ...b.immediate(wordSize)];
      case 6:
        return [...prefix, 0x86 | wide, ...b.modrm(r.below(8), memory)];
      case 7:
        return [...word, 0x90 | r.below(8)];
      case 8:
        return [...word, 0x0f, r.pick([0xb6, 0xb7, 0xbe, 0xbf]), ...b.modrm(r.below(8), memory)];
      default:
        return [...word, 0x8d, ...b.modrm(r.below(8), true)];
    }
  },
  'LEA with 16-bit addresses': (b, r) => {
    const mod = r.below(3);
    const rm = r.below(8);
    const displacement = mod === 1 ? [r.below(256)] : mod === 2 || rm === 6 ? b.immediate(16) : [];
    return [...r.pick([[], [0x66]]), 0x67, 0x8d, (mod << 6) | (r.below(8) << 3) | rm, ...displacement];
  },
  'CMOVcc SETcc': (b, r) => {
    if (r.chance(50))
      return [...sized(r, [16, 32]).prefix, 0x0f, 0x40 | r.below(16), ...b.modrm(r.below(8), r.chance(50))];
    return [0x0f, 0x90 | r.below(16), ...b.modrm(r.below(8), r.chance(50))];
  },
  'XADD CMPXCHG CMPXCHG8B': (b, r) => {
    const { size, prefix, wide } = sized(r);
    const memory = r.chance(60);
    const lock = memory && r.chance(30) ? [0xf0] : [];
    if (r.chance(20)) {
      const target = b.target();
      if (r.chance(50)) {
        b.gpr[EAX] = r.next();
        b.gpr[EDX] = r.next();
        const place = target - DATA - WINDOW;
        b.data.set([...bytes32(b.gpr[EAX]!), ...bytes32(b.gpr[EDX]!)], place);
      }
      return [...lock, 0x0f, 0xc7, ...b.modrm(1, true, true, target)];
    }
    if (r.chance(40)) return [...prefix, ...lock, 0x0f, 0xc0 | wide, ...b.modrm(r.below(8), memory)];
    const target = b.target();
    const tail = b.modrm(r.below(8), memory, true, target);
    if (r.chance(50)) {
      // Make the comparison succeed.
      const at = target - DATA - WINDOW;
      if (memory) b.data.set(bytes32(b.gpr[EAX]!).slice(0, size >> 3), at);
      else if (size === 32) b.gpr[tail[0]! & 7] = b.gpr[EAX]!;
    }
    return [...prefix, ...lock, 0x0f, 0xb0 | wide, ...tail];
  },
  'MOVS CMPS STOS LODS SCAS': (b, r) => {
    const { size, prefix, wide } = sized(r);
    const repeat = r.pick([[], [0xf3], [0xf3], [0xf2]]);
    const opcode = r.pick([0xa4, 0xa6, 0xaa, 0xac, 0xae]) | wide;
    b.gpr[ESI] = DATA + WINDOW + 64 + r.below(8);
    b.gpr[EDI] = DATA + WINDOW + 64 + r.below(8);
    if (repeat.length > 0) b.gpr[ECX] = r.below(1 + 56 / (size >> 3));
    if (r.chance(50)) {
      // Long runs of equal elements for CMPS and SCAS.
      b.data.fill(r.below(256));
      b.gpr[EAX] = b.data[0]! * 0x01010101;
      b.data[r.below(DATA_SIZE)] = r.below(256);
    }
    return [...repeat, ...prefix, opcode];
  },
  'flags, then what depends on them': (b, r) => {
    // The first instruction leaves its flags to be computed, the others read them or keep a part of them.
    let shifted = false;
    const setter = (): number[] => {
      const { size, prefix, wide } = sized(r);
      switch (r.below(6)) {
        case 0:
        case 1:
          return [...prefix, (r.below(8) << 3) | wide, ...b.modrm(r.below(8), false)];
        case 2:
          return [...prefix, 0xfe | wide, ...b.modrm(r.below(2), false)];
        case 3:
          return [...prefix, 0xf6 | wide, ...b.modrm(3, false)];
        case 4:
          shifted = true;
          return [...prefix, 0xd0 | wide, ...b.modrm(r.below(8), false)];
        default:
          return [...prefix, 0xa8 | wide, ...b.immediate(size)];
      }
    };
    const reader = (): number[] => {
      const code = r.below(16);
      switch (r.below(7)) {
        case 0:
        case 1:
          return [0x0f, 0x90 | code, ...b.modrm(0, false)];
        case 2:
          return [...sized(r, [16, 32]).prefix, 0x0f, 0x40 | code, ...b.modrm(r.below(8), false)];
        case 3:
          return [0x70 | code, 2, ...sized(r, [8]).prefix, 0xb0 | r.below(8), r.below(256)];
        case 4:
          return [r.pick([0x11, 0x19, 0x10, 0x18]), ...b.modrm(r.below(8), false)];
        case 5:
          return [0xfe | r.below(2), ...b.modrm(r.below(2), false)];
        default:
          return [r.pick(shifted ? [0xd6, 0xf5, 0x9e] : [0xd6, 0xf5, 0x9e, 0x9f])];
      }
    };
    const code = [...setter(), ...reader(), ...reader(), ...setter(), ...reader()];
    // Shifts leave AF undefined, and LAHF would show it. After AND, OR and XOR all processors have 0.
    if (shifted) b.undefinedFlags = AF;
    return code;
  },
  'segment registers, read': (b, r) => {
    const segment = r.below(4);
    if (r.chance(30)) return [0x66, 0x06 | (segment << 3)];
    return [...sized(r, [16, 32]).prefix, 0x8c, ...b.modrm(segment, r.chance(50))];
  },
  XLAT: (b, r) => {
    b.gpr[EAX] = ((b.gpr[EAX]! & 0xffffff00) | r.below(DATA_SIZE)) >>> 0;
    b.gpr[EBX] = DATA + WINDOW;
    return [0xd7];
  },
  'CBW CWDE CWD CDQ': (_, r) => [...sized(r, [16, 32]).prefix, r.pick([0x98, 0x99])],
  'CLC STC CMC CLD STD LAHF SAHF SALC': (_, r) => [r.pick([0xf5, 0xf8, 0xf9, 0xfc, 0xfd, 0x9e, 0x9f, 0xd6])],
  'DAA DAS': (b, r) => {
    b.undefinedFlags = OF;
    b.gpr[EAX] = r.next();
    return [r.pick([0x27, 0x2f])];
  },
  'AAA AAS': (b, r) => {
    b.undefinedFlags = OF | SF | ZF | PF;
    b.gpr[EAX] = r.next();
    return [r.pick([0x37, 0x3f])];
  },
  'AAM AAD': (b, r) => {
    b.undefinedFlags = CF | OF | AF;
    b.gpr[EAX] = r.next();
    const base = r.chance(60) ? 10 : r.below(256);
    // AAM by 0 is a divide error, which leaves the flags alone.
    return [r.pick([0xd4, 0xd5]), base];
  },
  'PUSH POP': (b, r) => {
    const { size, prefix } = sized(r, [16, 32, 32]);
    switch (r.below(6)) {
      case 0:
        return [...prefix, 0x50 | r.below(8)];
      case 1:
        return [...prefix, 0x58 | r.below(8)];
      case 2:
        return [...prefix, 0x68, ...b.immediate(size)];
      case 3:
        return [...prefix, 0x6a, ...b.immediate(8)];
      case 4:
        return [...prefix, 0xff, ...b.modrm(6, r.chance(70), true)];
      default:
        return [...prefix, 0x8f, ...b.modrm(0, r.chance(70), true)];
    }
  },
  'PUSHA POPA': (_, r) => [...sized(r, [16, 32]).prefix, r.pick([0x60, 0x61])],
  'PUSHF POPF': (b, r) => {
    const { prefix } = sized(r, [16, 32]);
    if (r.chance(50)) return [...prefix, 0x9c];
    const at = b.gpr[ESP]! - STACK - WINDOW;
    b.stack.set(bytes32(0x202 | (r.next() & (ARITHMETIC | DF | 0x00200000))), at);
    return [...prefix, 0x9d];
  },
  'ENTER LEAVE': (b, r) => {
    const { size, prefix } = sized(r, [16, 32, 32]);
    b.gpr[EBP] = STACK + WINDOW + 120 + 4 * r.below(8);
    if (size === 16) b.gpr[ESP] = STACK + WINDOW + 120;
    if (r.chance(40)) return [...prefix, 0xc9];
    const level = r.pick([0, 0, 1, 2, 3, r.below(20)]);
    if (level > 12) b.gpr[ESP] = STACK + WINDOW + 160;
    return [...prefix, 0xc8, ...bytes16(r.below(64)), level | (r.below(8) << 5)];
  },
  'Jcc LOOP JCXZ JMP': (b, r) => {
    // The branch jumps over a MOV that shows whether it was taken.
    const skipped = [0xb8 | EDX, ...b.immediate(32)];
    const short = r.pick([0x70 | r.below(16), 0x70 | r.below(16), 0xe0, 0xe1, 0xe2, 0xe3, 0xeb]);
    if (short >= 0xe0 && short <= 0xe3 && r.chance(60)) b.gpr[ECX] = r.pick([0, 1, 2, 0x10000, 0x10001]);
    const kind = r.below(4);
    if (kind === 0) return [0x0f, 0x80 | r.below(16), 5, 0, 0, 0, ...skipped];
    if (kind === 1 && short < 0xe4 && short >= 0xe0) return [0x67, short, 5, ...skipped];
    if (kind === 2) return [0xe9, 5, 0, 0, 0, ...skipped];
    return [short, 5, ...skipped];
  },
  'backward LOOP': (b, r) => {
    b.gpr[ECX] = 1 + r.below(20);
    b.gpr[EAX] = r.value();
    // inc eax; loopcc to it
    return [0x40, r.pick([0xe0, 0xe1, 0xe2]), 0xfd];
  },
  'CALL RET JMP': (b, r) => {
    const skipped = [0xb8 | EDX, ...b.immediate(32)];
    switch (r.below(5)) {
      case 0:
        return [0xe8, 5, 0, 0, 0, ...skipped];
      case 1: {
        // Through a register or memory: to the end of the snippet.
        const memory = r.chance(50);
        const target = b.target();
        const extension = r.pick([2, 4]);
        const tail = b.modrm(extension, memory, true, target);
        const end = CODE + 1 + tail.length + skipped.length;
        if (memory) b.data.set(bytes32(end), target - DATA - WINDOW);
        else {
          const register = r.pick([EAX, ECX, EDX, EBX, ESI, EDI]);
          tail[0] = 0xc0 | (extension << 3) | register;
          b.gpr[register] = end;
        }
        return [0xff, ...tail, ...skipped];
      }
      case 2: {
        const at = b.gpr[ESP]! - STACK - WINDOW;
        b.stack.set(bytes32(CODE + 1 + skipped.length), at);
        return [0xc3, ...skipped];
      }
      case 3: {
        const at = b.gpr[ESP]! - STACK - WINDOW;
        b.stack.set(bytes32(CODE + 3 + skipped.length), at);
        return [0xc2, ...bytes16(r.below(0x10000)), ...skipped];
      }
      default:
        // call +0; pop eax
        return [0xe8, 0, 0, 0, 0, 0x58];
    }
  },
  'NOP and hints': (b, r) => {
    const kind = r.below(4);
    if (kind === 0) return [0xf3, 0x90];
    if (kind === 1) return [0xf3, 0x0f, 0x1e, 0xfb];
    if (kind === 2) return [0x90];
    return [...r.pick([[], [0x66], [0x2e], [0x66, 0x2e]]), 0x0f, 0x1f, ...b.modrm(0, true)];
  },
  'BOUND ARPL': (b, r) => {
    const { size, prefix } = sized(r, [16, 32]);
    if (r.chance(50)) return [0x63, ...b.modrm(r.below(8), r.chance(50))];
    const target = b.target();
    if (r.chance(60)) {
      const limits = size === 16 ? [...bytes16(-1000), ...bytes16(1000)] : [...bytes32(-100000), ...bytes32(100000)];
      b.data.set(limits, target - DATA - WINDOW);
    }
    return [...prefix, 0x62, ...b.modrm(r.below(8), true, true, target)];
  },
  // Not ICEBP: hypervisors are known to report it with EIP before the instruction, where bare hardware reports it after.
  'software interrupts': (b, r) => {
    if (r.chance(50)) b.eflags ^= OF;
    return r.pick([[0xcc], [0xce], [0xcd, 3], [0xcd, 4], [0xcd, 0x30], [0xcd, 13]]);
  },
  'instructions that user code may not use': (_, r) =>
    r.pick([
      [0xf4],
      [0xfa],
      [0xfb],
      [0x0f, 0x06],
      [0x0f, 0x08],
      [0x0f, 0x09],
      [0x0f, 0x20, 0xc0 | (r.below(4) & 2)],
      [0x0f, 0x22, 0xc0 | (r.pick([0, 2, 3, 4]) << 3)],
      [0x0f, 0x21, 0xc0],
      [0x0f, 0x23, 0xf8],
      [0x0f, 0x30],
      [0x0f, 0x32],
      [0x0f, 0x00, 0xd0],
      [0x0f, 0x00, 0xd8],
      [0x0f, 0x01, 0xf0],
      [0x0f, 0x01, 0x15, ...bytes32(DATA + WINDOW)],
      [0x0f, 0x01, 0x1d, ...bytes32(DATA + WINDOW)],
      [0x0f, 0x01, 0x3d, ...bytes32(DATA + WINDOW)],
      [0xe4, r.below(256)],
      [0xe7, r.below(256)],
      [0xec],
      [0xef],
      [0x6c],
      [0x6f],
    ]),
  'undefined opcodes and operands': (b, r) =>
    r.pick([
      [0x0f, 0x0b],
      [0x0f, 0xb9, ...b.modrm(0, true)],
      [0x0f, 0xff, ...b.modrm(0, false)],
      [0xfe, ...b.modrm(2 + r.below(6), r.chance(50))],
      [0xff, ...b.modrm(7, r.chance(50))],
      [0xff, 0xd8 | (r.below(2) << 4) | r.below(8)],
      [0x8e, 0xc8],
      [0x8c, 0xf0 | r.below(16)],
      [0x8d, 0xc0 | r.below(64)],
      [0x0f, 0xba, ...b.modrm(r.below(4), r.chance(50)), 0],
      [0x0f, 0x20, 0xc8],
      [0x0f, 0x04],
      [0x0f, 0x0a],
      [0x0f, 0x24, 0xc0],
      [0x0f, 0x00, ...b.modrm(6 + r.below(2), r.chance(50))],
      [0x0f, 0x01, ...b.modrm(5, false)].slice(0, 2).concat(0xe8 + 5),
    ]),
  'LOCK where it is not allowed': (b, r) =>
    r.pick([
      [0xf0, 0x01, ...b.modrm(r.below(8), false)],
      [0xf0, 0x03, ...b.modrm(r.below(8), true)],
      [0xf0, 0x39, ...b.modrm(r.below(8), true)],
      [0xf0, 0x85, ...b.modrm(r.below(8), true)],
      [0xf0, 0x8b, ...b.modrm(r.below(8), true)],
      [0xf0, 0x89, ...b.modrm(r.below(8), true)],
      [0xf0, 0xd1, ...b.modrm(4, true)],
      [0xf0, 0x0f, 0xa3, ...b.modrm(0, true, true)],
      [0xf0, 0x0f, 0xba, ...b.modrm(4, true), 1],
      [0xf0, 0x90],
      [0xf0, 0x40],
      [0xf0, 0x50],
      [0xf0, 0xa4],
      [0xf0, 0xff, ...b.modrm(6, true)],
      [0xf0, 0x0f, 0xb6, ...b.modrm(0, true)],
      [0xf0, 0x0f, 0x31],
    ]),
  'lengths about 15': (b, r) => {
    const prefixes = Array.from({ length: 5 + r.below(11) }, () => r.pick([0x26, 0x36, 0x3e, 0x66]));
    return [...prefixes, 0x81, ...b.modrm(0, r.chance(30)), ...b.immediate(prefixes.includes(0x66) ? 16 : 32)];
  },
  'operands that are not there': (_, r) => {
    // 0x10 is never mapped.
    const address = bytes32(0x10);
    return r.pick([
      [0x01, 0x05, ...address],
      [0x03, 0x05, ...address],
      [0x87, 0x05, ...address],
      [0x0f, 0xb1, 0x0d, ...address],
      [0x8f, 0x05, ...address],
      [0xff, 0x35, ...address],
      [0xff, 0x15, ...address],
      [0x0f, 0xc7, 0x0d, ...address],
      [0xf7, 0x35, ...address],
      [0xd3, 0x25, ...address],
      [0x0f, 0x45, 0x05, ...address],
    ]);
  },
};

export const FAMILY_NAMES = Object.keys(FAMILIES);

/** `count` cases, the families in turn. */
export function* makeCases(seed: number, count: number): Generator<Case> {
  const random = new Random(seed);
  for (let i = 0; i < count; i++) {
    const family = FAMILY_NAMES[i % FAMILY_NAMES.length]!;
    const builder = new Builder(random);
    const code = FAMILIES[family]!(builder, random);
    yield builder.done(family, code);
  }
}

/** Reproducible operands for the FPU: ordinary values, and every special one often. */
import type { Value } from './record';

/** A small generator of 32-bit numbers (xorshift), the same on every run. */
export class Random {
  constructor(private state: number) {}

  next(): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return this.state >>> 0;
  }

  below(limit: number): number {
    return (this.next() >>> 4) % limit;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  significand(): bigint {
    return (BigInt(this.next()) << 32n) | BigInt(this.next());
  }
}

const TOP = 1n << 63n;
/** Significands at the edges of the three precisions; those below 2^63 make unnormals, denormals and pseudo-NaNs. */
const SIGNIFICANDS: readonly bigint[] = [
  0n,
  1n,
  0x4000000000000000n,
  0x7fffffffffffffffn,
  TOP,
  TOP | 1n,
  0x8000000000000400n,
  0x8000008000000000n,
  0xa000000000000000n,
  3n << 62n,
  0xc000000000000001n,
  0xffffff7fffffffffn,
  0xffffff8000000000n,
  0xfffffffffffffbffn,
  0xfffffffffffffc00n,
  0xfffffffffffff800n,
  0xffffffffffffffffn,
];
/** Biased exponents at the edges of the formats. */
const EXPONENTS: readonly number[] = [
  0, 0, 1, 2, 0x40, 0x3bcd, 0x3c00, 0x3c01, 0x3f6a, 0x3f80, 0x3f81, 0x3fbe, 0x3fbf, 0x3ffd, 0x3ffe, 0x3fff, 0x4000,
  0x400d, 0x400e, 0x401d, 0x401e, 0x403c, 0x403d, 0x403e, 0x403f, 0x407e, 0x407f, 0x43fe, 0x43ff, 0x7fc0, 0x7ffe,
  0x7fff, 0x7fff, 0x7fff,
];

/** Any of the 2^80 patterns, the interesting ones often. */
export function anyValue(random: Random): Value {
  const special = random.below(3) === 0;
  let significand = special ? random.pick(SIGNIFICANDS) : random.significand();
  if (!special && random.below(16) !== 0) significand |= TOP;
  const choice = random.below(6);
  let exponent = random.next() & 0x7fff;
  if (choice < 2) exponent = random.pick(EXPONENTS);
  else if (choice < 5) exponent = 0x3fff - 70 + random.below(140);
  return [exponent | (random.next() & 0x8000), significand];
}

/** A finite number with the exponent in a range. */
export function finiteValue(random: Random, lowest: number, highest: number): Value {
  const significand = random.below(4) === 0 ? random.pick(SIGNIFICANDS) : random.significand();
  return [(0x3fff + lowest + random.below(highest - lowest + 1)) | (random.next() & 0x8000), significand | TOP];
}

const SINGLES: readonly number[] = [
  0, 1, 0x7fffff, 0x800000, 0x3f800000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fbfffff, 0x7fc00000, 0x7fffffff,
];
const DOUBLES: readonly number[] = [
  0, 1, 0xfffff, 0x100000, 0x3ff00000, 0x7fefffff, 0x7ff00000, 0x7ff00001, 0x7ff7ffff, 0x7ff80000, 0x7fffffff,
];

/** A memory operand: random bytes, or something special in one of the formats. */
export function anyOperand(random: Random): Uint8Array {
  const bytes = Buffer.alloc(112);
  for (let i = 0; i < 112; i += 4) bytes.writeUInt32LE(random.next(), i);
  switch (random.below(6)) {
    case 0:
      bytes.writeUInt32LE((random.pick(SINGLES) | (random.next() & 0x80000000)) >>> 0, 0);
      break;
    case 1:
      if (random.below(2) === 0) bytes.writeUInt32LE(0, 0);
      bytes.writeUInt32LE((random.pick(DOUBLES) | (random.next() & 0x80000000)) >>> 0, 4);
      break;
    case 2: {
      const [se, significand] = anyValue(random);
      bytes.writeBigUInt64LE(significand, 0);
      bytes.writeUInt16LE(se, 8);
      break;
    }
    case 3:
      // Packed decimal.
      for (let i = 0; i < 9; i++) bytes[i] = random.below(10) * 16 + random.below(10);
      bytes[9] &= 0x80;
      break;
  }
  return bytes;
}

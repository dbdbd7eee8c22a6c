import type { Type } from '../../symbols/api';
import { sizeOf, stripTypedefs } from '../../symbols';
import { ValueError } from './access';
import type { Value } from './value';

/** True for types whose values are integers in C: integers, characters, booleans, enumerations. */
export function isInteger(type: Type): boolean {
  const bare = stripTypedefs(type);
  if (bare.kind === 'enum') return true;
  return bare.kind === 'base' && !isFloat(bare);
}

/** True for float, double and long double. */
export function isFloat(type: Type): boolean {
  const bare = stripTypedefs(type);
  return bare.kind === 'base' && bare.encoding === 'float';
}

/** True for pointers, and for what C turns into one: arrays and functions. */
export function isPointerLike(type: Type): boolean {
  const kind = stripTypedefs(type).kind;
  return kind === 'pointer' || kind === 'array' || kind === 'subroutine';
}

/** True where the type's integers have a sign. */
export function isSigned(type: Type): boolean {
  const bare = stripTypedefs(type);
  if (bare.kind === 'enum') return bare.isSigned;
  return bare.kind === 'base' && (bare.encoding === 'signed' || bare.encoding === 'signed_char');
}

/** Little-endian bytes as an unsigned integer. */
export function unsignedOf(bytes: Uint8Array): bigint {
  let result = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) result = (result << 8n) | BigInt(bytes[i]);
  return result;
}

/** An integer as `size` little-endian bytes, higher bits cut off. */
export function bytesOf(value: bigint, size: number): Uint8Array {
  const result = new Uint8Array(size);
  let rest = BigInt.asUintN(size * 8, value);
  for (let i = 0; i < size; i++, rest >>= 8n) result[i] = Number(rest & 0xffn);
  return result;
}

/**
 * A scalar as an integer: integers with their sign, pointers unsigned, arrays and functions as their address, floats truncated.
 * @throws ValueError for structures, and what reading may throw
 */
export function integerOf(value: Value): bigint {
  const bare = value.bareType;
  switch (bare.kind) {
    case 'array':
    case 'subroutine': {
      const { address } = value;
      if (address === undefined) throw new ValueError('It is not in memory, so it has no address.');
      return BigInt(address);
    }
    case 'pointer':
      return unsignedOf(value.bytes());
    case 'enum':
    case 'base': {
      if (bare.kind === 'base' && isFloat(bare)) return BigInt(Math.trunc(floatOf(value)));
      const raw = unsignedOf(value.bytes());
      const bits = value.bitField?.bitSize ?? (bare.kind === 'base' ? bare.bitSize : undefined) ?? value.size * 8;
      return isSigned(bare) ? BigInt.asIntN(bits, raw) : BigInt.asUintN(bits, raw);
    }
    default:
      throw new ValueError('It is not a number.');
  }
}

/** A scalar as a floating-point number (long double with a double's precision). */
export function floatOf(value: Value): number {
  if (!isFloat(value.type)) return Number(integerOf(value));
  return floatFromBytes(value.bytes());
}

/** IEEE single (4 bytes), double (8) or x87 extended (10, 12 or 16) as a number. */
export function floatFromBytes(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length === 4) return view.getFloat32(0, true);
  if (bytes.length === 8) return view.getFloat64(0, true);
  if (bytes.length < 10) throw new ValueError(`A floating-point number of ${bytes.length} bytes is not known.`);
  const exponent = view.getUint16(8, true) & 0x7fff;
  const sign = view.getUint16(8, true) & 0x8000 ? -1 : 1;
  const high = view.getUint32(4, true);
  const low = view.getUint32(0, true);
  if (exponent === 0x7fff) return (high << 1) >>> 0 === 0 && low === 0 ? sign * Infinity : NaN;
  const significand = high * 2 ** -31 + low * 2 ** -63;
  // Two factors, because 2 ** (exponent − bias) alone leaves the range of a double before the product does.
  const power = exponent - 16383;
  const half = Math.trunc(power / 2);
  return sign * significand * 2 ** half * 2 ** (power - half);
}

/** A number as IEEE single, double or x87 extended bytes. */
export function floatToBytes(number: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  if (size === 4) view.setFloat32(0, number, true);
  else if (size === 8) view.setFloat64(0, number, true);
  else {
    const sign = number < 0 || Object.is(number, -0) ? 0x8000 : 0;
    const magnitude = Math.abs(number);
    if (Number.isNaN(number) || magnitude === Infinity) {
      view.setUint16(8, sign | 0x7fff, true);
      view.setUint32(4, Number.isNaN(number) ? 0xc0000000 : 0x80000000, true);
    } else if (magnitude !== 0) {
      let exponent = Math.max(-1074, Math.floor(Math.log2(magnitude)));
      let fraction = magnitude / 2 ** exponent;
      while (fraction >= 2) {
        fraction /= 2;
        exponent++;
      }
      while (fraction < 1) {
        fraction *= 2;
        exponent--;
      }
      const high = Math.floor(fraction * 2 ** 31);
      view.setUint16(8, sign | (exponent + 16383), true);
      view.setUint32(4, high, true);
      view.setUint32(0, (fraction * 2 ** 31 - high) * 2 ** 32, true);
    } else view.setUint16(8, sign, true);
  }
  return bytes;
}

/** Whether a scalar counts as true in C. @throws ValueError for structures */
export function isTrue(value: Value): boolean {
  return isFloat(value.type) ? floatOf(value) !== 0 : integerOf(value) !== 0n;
}

/** Size of what a pointer or array steps over; 1 for void and functions, as GNU C has it. */
export function stride(type: Type): number {
  const bare = stripTypedefs(type);
  if (bare.kind === 'pointer') return Math.max(1, sizeOf(bare.target) ?? 1);
  return 1;
}

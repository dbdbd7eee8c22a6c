/** A double-extended number (Intel SDM vol. 1, 4.2.2) as text with as many digits as a double carries. */
export function float80Text(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 10);
  const significand = view.getBigUint64(0, true);
  const signAndExponent = view.getUint16(8, true);
  const negative = (signAndExponent & 0x8000) !== 0;
  const exponent = signAndExponent & 0x7fff;
  const sign = negative ? '-' : '';
  if (exponent === 0x7fff) {
    if (significand === 0x8000000000000000n) return `${sign}Infinity`;
    return 'NaN';
  }
  if (significand === 0n) return `${sign}0`;
  if (exponent !== 0 && significand >> 63n === 0n) return 'unsupported';
  const power = (exponent === 0 ? 1 : exponent) - 16383 - 63;
  const value = Number(significand) * 2 ** Math.max(power, -1000) * 2 ** Math.min(0, Math.max(power + 1000, -1100));
  if (value !== 0 && Number.isFinite(value)) return `${sign}${value}`;
  return `${sign}0x${significand.toString(16)}p${power}`;
}

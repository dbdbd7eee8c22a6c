/** Texts and numbers in strace's notation. */

const ESCAPES: Readonly<Record<number, string>> = {
  9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r', 34: '\\"', 92: '\\\\',
}; // prettier-ignore

/** Bytes as a C string: `"hello\n"`; what is not printable as the shortest octal escape that the next byte does not lengthen. */
export function quote(bytes: Uint8Array): string {
  let text = '';
  bytes.forEach((byte, i) => {
    if (Object.hasOwn(ESCAPES, byte)) text += ESCAPES[byte];
    else if (byte >= 32 && byte < 127) text += String.fromCharCode(byte);
    else {
      const next = bytes[i + 1];
      const digitFollows = next >= 48 && next <= 57;
      text += `\\${byte.toString(8).padStart(digitFollows ? 3 : 1, '0')}`;
    }
  });
  return `"${text}"`;
}

/** The first `limit` of `size` bytes; `"…"...` where there are more. */
export function quoteUpTo(bytes: Uint8Array, size: number): string {
  return quote(bytes) + (size > bytes.length ? '...' : '');
}

/** Bytes as a C string, each in hexadecimal: what is random says nothing as text. */
export function quoteHex(bytes: Uint8Array): string {
  return `"${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}"`;
}

export function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/** A pointer: `NULL` or hexadecimal. */
export function pointer(value: number): string {
  return value === 0 ? 'NULL' : hex(value);
}

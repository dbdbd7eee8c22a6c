/** Bytes as text, sixteen a line, as hexdump(1) -C shows them. Pure text, so that it is tested without VS Code. */

const ROW = 16;

/**
 * A dump.
 * @param address of the first byte
 * @param length bytes that were asked for; those beyond the bytes given are shown as not readable
 */
export function hexDump(address: number, bytes: Uint8Array, length = bytes.length): string {
  const lines: string[] = [];
  for (let start = 0; start < length; start += ROW) {
    const row = Array.from({ length: Math.min(ROW, length - start) }, (_, i) => bytes[start + i] as number | undefined);
    lines.push(`${hex8(address + start)}  ${cells(row)}  |${row.map(character).join('')}|`);
  }
  return lines.join('\n');
}

function cells(row: readonly (number | undefined)[]): string {
  const all = Array.from({ length: ROW }, (_, i) => (i < row.length ? cell(row[i]) : '  '));
  return `${all.slice(0, ROW / 2).join(' ')}  ${all.slice(ROW / 2).join(' ')}`;
}

function cell(byte: number | undefined): string {
  return byte === undefined ? '??' : byte.toString(16).padStart(2, '0');
}

function character(byte: number | undefined): string {
  return byte !== undefined && byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.';
}

/** Eight hexadecimal digits; addresses go around at 4 GiB. */
export function hex8(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

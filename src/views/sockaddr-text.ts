/** A decoded socket address as a text with a line for each member. Pure text, so that it is tested without VS Code. */

import type { SockaddrBody } from '../adapter/protocol';

/** More bytes of a member than these go on in the next line. */
const BYTES_A_LINE = 8;

/** @param name the expression that led to the address */
export function sockaddrText(name: string, { address, length, structure, text, fields }: SockaddrBody): string {
  const nameWidth = Math.max(0, ...fields.map((field) => field.name.length));
  const lines = fields.flatMap(({ name: member, offset, value, data }) => {
    const bytes = Array.from(
      Uint8Array.from(atob(data), (character) => character.charCodeAt(0)),
      (byte) => byte.toString(16).padStart(2, '0'),
    );
    const rows: string[] = [];
    for (let start = 0; start < bytes.length; start += BYTES_A_LINE) {
      const cells = bytes.slice(start, start + BYTES_A_LINE).join(' ');
      const meaning = start === 0 ? `${member.padEnd(nameWidth)}  ${value}` : '';
      rows.push(`  ${String(offset + start).padStart(3)}  ${cells.padEnd(3 * BYTES_A_LINE - 1)}  ${meaning}`.trimEnd());
    }
    return rows;
  });
  return [`${name} = ${text}`, '', `${structure}, ${length} bytes at ${address}`, '', ...lines, ''].join('\n');
}

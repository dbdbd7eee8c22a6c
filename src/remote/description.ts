/** Register layout of a stub: from its target description (gdb manual, appendix G), or the i386 layout that gdb assumes. */

export interface RemoteRegister {
  readonly name: string;
  readonly number: number;
  readonly bits: number;
  /** Offset in bytes within the `g` packet. */
  readonly offset: number;
}

/** gdb's i386 registers where a stub has no description (gdb/i386-tdep.h; the x87 registers have 80 bits). */
const I386: readonly [string, number][] = [
  ...['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi', 'eip', 'eflags', 'cs', 'ss', 'ds', 'es', 'fs', 'gs'].map(
    (name): [string, number] => [name, 32],
  ),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((n): [string, number] => [`st${n}`, 80]),
  ...['fctrl', 'fstat', 'ftag', 'fiseg', 'fioff', 'foseg', 'fooff', 'fop'].map((name): [string, number] => [name, 32]),
];

export function defaultRegisters(): Map<string, RemoteRegister> {
  return layOut(I386.map(([name, bits], number) => ({ name, bits, number })));
}

/**
 * @param read gives a file of the description (`target.xml`, and what it includes)
 * @returns the registers by name; empty if the description has none
 */
export function readDescription(read: (annex: string) => string): Map<string, RemoteRegister> {
  const registers: { name: string; bits: number; number: number }[] = [];
  let next = 0;
  const visit = (annex: string, depth: number): void => {
    const text = read(annex).replace(/<!--[\s\S]*?-->/g, '');
    for (const match of text.matchAll(/<(reg|xi:include)\b([^>]*)>/g)) {
      const attribute = (name: string): string | undefined =>
        new RegExp(`\\b${name}\\s*=\\s*"([^"]*)"`).exec(match[2])?.[1];
      if (match[1] === 'xi:include') {
        const href = attribute('href');
        if (href && depth < 8) visit(href, depth + 1);
        continue;
      }
      const name = attribute('name');
      const bits = Number(attribute('bitsize'));
      if (!name || !(bits > 0)) continue;
      const given = attribute('regnum');
      const number = given === undefined ? next : Number(given);
      next = number + 1;
      registers.push({ name, bits, number });
    }
  };
  visit('target.xml', 0);
  return layOut(registers);
}

function layOut(registers: { name: string; bits: number; number: number }[]): Map<string, RemoteRegister> {
  const map = new Map<string, RemoteRegister>();
  let offset = 0;
  for (const register of [...registers].sort((a, b) => a.number - b.number)) {
    map.set(register.name, { ...register, offset });
    offset += register.bits / 8;
  }
  return map;
}

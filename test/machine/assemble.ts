import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where assembled programs are linked to and entered, as kernels are: above 1 MiB. */
export const ORIGIN = 0x100000;

export interface Program {
  /** An ELF executable, to be given to Machine.loadVmlinux. */
  elf: Uint8Array;
  /** Addresses of its labels. */
  symbols: Map<string, number>;
}

/** Assemble 32-bit GNU assembler text (AT&T syntax) with gcc and link it at ORIGIN; execution begins at its first instruction. */
export function assemble(source: string): Program {
  const folder = mkdtempSync(join(tmpdir(), 'sockscope-assemble-'));
  try {
    const [input, output] = [join(folder, 'program.s'), join(folder, 'program.elf')];
    writeFileSync(input, `.globl _start\n_start:\n${source}\n.section .note.GNU-stack,"",@progbits\n`);
    const link = [
      '-m32',
      '-nostdlib',
      '-static',
      '-no-pie',
      '-Wl,--build-id=none',
      '-Wl,-N',
      `-Wl,-Ttext=0x${ORIGIN.toString(16)}`,
    ];
    execFileSync('gcc', [...link, '-o', output, input], { stdio: ['ignore', 'ignore', 'pipe'] });
    const symbols = new Map<string, number>();
    for (const line of execFileSync('nm', [output], { encoding: 'utf8' }).split('\n')) {
      const [address, , name] = line.split(' ');
      if (name) {
        symbols.set(name, parseInt(address, 16));
      }
    }
    return { elf: readFileSync(output), symbols };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the tests of src/symbols share: the project's kernel, small compiled programs, and the tools compared with. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { unzlibSync } from 'fflate';
import { type ElfFile, SymbolFile, openElf } from '../../src/symbols';

/** Output of a tool; a missing tool fails the test. */
export function run(command: string, args: readonly string[], input?: string): string {
  return execFileSync(command, [...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    input,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', DEBUGINFOD_URLS: '' },
  });
}

/** Runs gdb commands on a file and returns what each printed, errors included. */
export function gdb(file: string, commands: readonly string[]): string[] {
  const mark = '=====8<=====';
  // An error in one command would end a plain script, so Python runs them.
  const script = scratchFile('gdb', 'py');
  writeFileSync(
    script,
    `import gdb
for command in ${JSON.stringify(['set width 0', 'set height 0', ...commands])}:
  gdb.write("${mark}\\n")
  try:
    gdb.write(gdb.execute(command, False, True))
  except gdb.error as error:
    gdb.write(str(error) + "\\n")
`,
  );
  return run('gdb', ['-nx', '-q', '-batch', '-x', script, file]).split(`${mark}\n`).slice(3);
}

export interface Subject {
  readonly path: string;
  readonly elf: ElfFile;
  readonly symbols: SymbolFile;
}

export function open(file: string): Subject {
  const elf = openElf(readFileSync(file), path.basename(file), {
    inflate: (bytes, size) => unzlibSync(bytes, { out: new Uint8Array(size) }),
  });
  return { path: file, elf, symbols: SymbolFile.load(elf, { now: () => performance.now() }) };
}

let kernelSubject: Promise<Subject> | undefined;

/** The project's own vmlinux, built if need be. */
export function kernel(): Promise<Subject> {
  kernelSubject ??= import('../../scripts/guest.mjs').then(async ({ ensureGuest }) =>
    open((await ensureGuest()).vmlinux),
  );
  return kernelSubject;
}

let scratch: string | undefined;
let scratchCount = 0;
const compiled = new Map<string, string>();

/** A new file name in a folder that goes away with the process. */
function scratchFile(name: string, extension: string): string {
  if (!scratch) {
    const directory = mkdtempSync(path.join(tmpdir(), 'sockscope-symbols-'));
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
    scratch = directory;
  }
  return path.join(scratch, `${name}${scratchCount++}.${extension}`);
}

/** Compiles C text (or assembles with language `assembler`) as a 32-bit program and returns the file's path. */
export function compile(source: string, flags: readonly string[], language: 'c' | 'assembler' = 'c'): string {
  const key = JSON.stringify([source, flags, language]);
  const known = compiled.get(key);
  if (known) return known;
  const text = scratchFile('program', language === 'c' ? 'c' : 'S');
  const file = `${text}.elf`;
  writeFileSync(text, source);
  run('gcc', ['-m32', ...flags, '-o', file, text]);
  compiled.set(key, file);
  return file;
}

/** A C program that has a bit of everything. */
export function fixture(name: string): string {
  return readFileSync(path.join(__dirname, 'fixtures', name), 'utf8');
}

/** `count` elements, evenly spread and always the same. */
export function sample<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor((i * items.length) / count)]);
}

/** A small deterministic generator (xorshift32) for fuzzing. */
export function random(seed: number): (limit: number) => number {
  let state = seed | 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

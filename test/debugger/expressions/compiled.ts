/** Small programs that are compiled for a test, what names mean in them, and what gdb says of them. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ExpressionEnvironment } from '../../../src/debugger/expressions';
import { MemoryError } from '../../../src/debugger/target';
import { Value, type ValueAccess } from '../../../src/debugger/values';
import { openElf, SymbolFile } from '../../../src/symbols';

/** A source of this folder, compiled when it is first needed. */
export function compiled(source: string, ...more: string[]): { file(): string; remove(): void } {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sockscope-expressions-'));
  const flags = '-m32 -g -gdwarf-5 -O0 -fno-pic -no-pie -nostdlib -ffreestanding -Wl,-e,uses'.split(' ');
  let program: string | undefined;
  return {
    file() {
      if (program === undefined) {
        program = path.join(folder, path.basename(source, '.c'));
        execFileSync('gcc', [...flags, ...more, path.join(__dirname, source), '-o', program]);
      }
      return program;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** What names mean in a file that is not running: its globals with their initial values. */
export function environmentOfFile(file: string, more: Partial<ExpressionEnvironment> = {}): ExpressionEnvironment {
  const elf = openElf(readFileSync(file), file);
  const symbols = SymbolFile.load(elf);
  const [unit] = symbols.units();
  const access: ValueAccess = {
    readMemory(address, length) {
      const bytes = elf.read(address, length);
      if (!bytes) throw new MemoryError(address);
      return bytes;
    },
    writeMemory: () => assert.fail('nothing may be written'),
    readRegister: () => undefined,
    writeRegister: () => assert.fail('nothing may be written'),
    describeAddress: () => undefined,
  };
  return {
    access,
    allowAssignment: false,
    variable(name) {
      const variable = symbols.findVariable(name, unit);
      const [address] = elf.symbolsNamed(name).map((symbol) => symbol.address);
      return variable && new Value(variable.type, { kind: 'memory', address }, access, name, name);
    },
    scopedVariable: () => undefined,
    functionNamed(name) {
      const [fn] = symbols.findFunctions(name).concrete;
      return fn && { fn, address: fn.lowPc };
    },
    symbolAddress: () => undefined,
    type: (name) => symbols.findType(name, unit),
    enumerator: (name) => symbols.findEnumerator(name, unit),
    convenience: () => undefined,
    ...more,
  };
}

/** Runs gdb's commands on a file; the output of each. */
export function gdb(file: string, commands: string[]): string[] {
  const args = commands.flatMap((command) => ['-ex', command, '-ex', 'echo \\n@@\\n']);
  const output = execFileSync('gdb', ['-nx', '-batch', '-ex', 'set confirm off', ...args, file], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const parts = output.split('\n@@\n').slice(0, commands.length);
  assert.equal(parts.length, commands.length, 'gdb answered every command');
  return parts.map((part) => part.trim());
}

import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keptStackPointer, pushedByAssembly, type Code } from '../../src/debugger/stack-by-assembly';

/** A function's code by labels: `1:` is where the program counter is. */
function codeAt(source: string): Code {
  const folder = mkdtempSync(path.join(tmpdir(), 'asm-'));
  try {
    const [object, binary] = ['a.o', 'a.bin'].map((name) => path.join(folder, name));
    // The label's offset follows the code as a word.
    const text = `${source.replace(/;/g, '\n')}\n.p2align 4, 0x90\n.long 1b\n`;
    writeFileSync(path.join(folder, 'a.s'), text);
    execFileSync('as', ['--32', '-o', object, path.join(folder, 'a.s')]);
    execFileSync('ld', ['-m', 'elf_i386', '--oformat', 'binary', '-Ttext', '0', '-e', '0', '-o', binary, object]);
    const bytes = execFileSync('cat', [binary]);
    const address = bytes.readUInt32LE(bytes.length - 4);
    return { address, start: 0, read: (at, length) => bytes.subarray(at, at + length) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('debugger: what assembly does to the stack pointer', () => {
  const EBX = 3;
  const ESI = 6;
  const SWITCHES: [what: string, source: string, afterCall: boolean, register: number | undefined][] = [
    ['before the exchange', 'nop; 1: xchg %ebx,%esp; call *%edi; mov %ebx,%esp', false, undefined],
    ['before an indirect call', 'xchg %ebx,%esp; 1: call *%edi; mov %ebx,%esp', false, EBX],
    ['before a call with displacement', 'xchg %ebx,%esp; 1: call *8(%edi); mov %ebx,%esp', false, EBX],
    ['before a direct call', 'xchg %esi,%esp; 1: call 2f; mov %esi,%esp; 2: ret', false, ESI],
    ['in the function called', 'xchg %ebx,%esp; call *%edi; 1: mov %ebx,%esp', true, EBX],
    ['behind the call', 'xchg %ebx,%esp; call *%edi; 1: mov %ebx,%esp', false, EBX],
    ['after the stack is back', 'xchg %ebx,%esp; call *%edi; mov %ebx,%esp; 1: ret', false, undefined],
    ['at another call', '1: call *%edi; mov %ebx,%eax', false, undefined],
  ];
  for (const [what, source, afterCall, register] of SWITCHES)
    it(`a call on another stack: ${what}`, () => {
      assert.equal(keptStackPointer(codeAt(source), afterCall), register);
    });

  const PUSHES: [what: string, source: string, bytes: number][] = [
    ['before pushf', 'nop; 1: pushf; pop %eax', 0],
    ['between pushf and pop', 'nop; pushf; 1: pop %eax', 4],
    ['behind them', 'pushf; pop %eax; 1: ret', 0],
    ['before popf', 'push %eax; 1: popf; ret', 4],
    ['behind it', 'push %eax; popf; 1: ret', 0],
    ['behind an instruction that ends like pushf', 'mov -0x64(%ebx),%eax; 1: pop %ebx', 0],
    ['behind it and pushf', 'mov -0x64(%ebx),%eax; pushf; 1: pop %ebx', 4],
  ];
  for (const [what, source, bytes] of PUSHES)
    it(`flags on the stack: ${what}`, () => assert.equal(pushedByAssembly(codeAt(source)), bytes));
});

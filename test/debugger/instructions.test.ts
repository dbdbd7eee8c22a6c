import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { callBefore, classify } from '../../src/debugger/instructions';

/** Instructions as objdump lists them: address, bytes and text. */
function assembled(source: string): { address: number; bytes: Uint8Array; text: string }[] {
  const folder = mkdtempSync(path.join(tmpdir(), 'asm-'));
  try {
    writeFileSync(path.join(folder, 'a.s'), `${source}\n`);
    execFileSync('as', ['--32', '-o', path.join(folder, 'a.o'), path.join(folder, 'a.s')]);
    const listing = execFileSync('objdump', ['-d', '-w', path.join(folder, 'a.o')], { encoding: 'utf8' });
    return [...listing.matchAll(/^\s*([0-9a-f]+):\t((?:[0-9a-f]{2} )+)\s*\t?(.*)$/gm)].map((match) => ({
      address: parseInt(match[1], 16),
      bytes: Uint8Array.from(match[2].trim().split(' '), (byte) => parseInt(byte, 16)),
      text: match[3].trim(),
    }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('debugger: instructions', () => {
  const CASES: [kind: string, source: string][] = [
    ['call', 'call 1f; 1: nop; call *%eax; call *4(%ebx,%ecx,2); call *0x12345678; call *%gs:0x10; lcall $7,$0'],
    ['return', 'ret; ret $8; lret; lret $4'],
    ['interruptReturn', 'iret; sysexit'],
    ['trap', 'int $0x80; int3; into; sysenter'],
    ['jump', '1: jmp 1b; jne 1b; jmp *%eax; loop 1b; jecxz 1b; .skip 300,0x90; 2: jmp 1b; je 1b; ljmp $8,$0'],
    ['repeated', 'rep movsb; rep stosl; repne scasb; repe cmpsw; rep insb; rep outsl'],
    ['other', 'movsb; push %eax; mov %gs:0x14,%eax; inc %eax; incl (%eax); lock incl (%eax); fld1'],
  ];
  for (const [kind, source] of CASES)
    it(`tells ${kind} by what the assembler makes`, () => {
      const instructions = assembled(source.replace(/;/g, '\n'));
      assert.ok(instructions.length > 1);
      for (const { address, bytes, text } of instructions) {
        if (text.startsWith('nop') && kind !== 'other') continue;
        const instruction = classify(bytes, address);
        assert.equal(instruction.kind, kind, text);
        if (instruction.length !== undefined) assert.equal(instruction.length, bytes.length, text);
        const target = /^(?:call|j\w+|loop)\s+([0-9a-f]+) /.exec(text)?.[1];
        if (target) assert.equal(instruction.target, parseInt(target, 16), text);
      }
    });

  it('finds the call before a return address, whatever its length', () => {
    const calls = assembled(CASES[0][1].replace(/;/g, '\n')).filter(({ text }) => /^call/.test(text));
    for (const { address, bytes, text } of calls) {
      if (/%gs/.test(text)) continue;
      const before = new Uint8Array(7);
      before.set(bytes, 7 - bytes.length);
      const found = callBefore(before, address + bytes.length);
      assert.ok(/\*/.test(text) ? found === 'indirect' : typeof found === 'number', text);
    }
    assert.equal(callBefore(Uint8Array.of(0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90), 100), undefined);
  });
});

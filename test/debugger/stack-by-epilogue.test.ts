import assert from 'node:assert/strict';
import fs from 'node:fs';
import { ensureBusybox } from '../../scripts/lib/busybox.mjs';
import { functionsReached, returnByEpilogue } from '../../src/debugger/stack-by-epilogue';
import { openElf, SymbolFile, type ElfFile } from '../../src/symbols';
import { PREPARATION } from '../adapter/fixture';

const ESP = 4;
/** Somewhere that no code is. */
const STACK = 0x1000000;

/** Addresses behind direct calls of functions that call-frame information knows the beginnings of. */
function callSites(elf: ElfFile, symbols: SymbolFile): number[] {
  const text = elf.sections.find(({ name }) => name === '.text');
  const bytes = text && elf.read(text.address, text.size);
  assert.ok(text && bytes);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const sites: number[] = [];
  for (let at = 0; at + 5 < bytes.length; at++) {
    if (bytes[at] !== 0xe8) continue;
    const behind = text.address + at + 5;
    const target = behind + view.getInt32(at + 1, true);
    if (target < text.address || target >= text.address + text.size) continue;
    const { cfa } = symbols.unwindRow(target) ?? {};
    // At a function's first instruction there is the return address only.
    if (cfa?.kind === 'register' && cfa.register === ESP && cfa.offset === 4) sites.push(behind);
  }
  return sites;
}

describe('debugger: the return address by the instructions up to it', function () {
  this.timeout(PREPARATION);

  it('is where call-frame information says, of code that has it', async () => {
    const { program } = await ensureBusybox();
    const elf = openElf(fs.readFileSync(program), 'busybox');
    const symbols = SymbolFile.load(elf);
    const read = (address: number, length: number): Uint8Array => {
      for (let size = length; size > 0; size--) {
        const bytes = elf.read(address, size);
        if (bytes) return bytes;
      }
      return new Uint8Array();
    };
    let same = 0, other = 0, none = 0; // prettier-ignore
    for (const pc of callSites(elf, symbols)) {
      const { cfa } = symbols.unwindRow(pc) ?? {};
      if (cfa?.kind !== 'register' || cfa.register !== ESP) continue;
      // Any word will do here: on a real stack, it has to be an address that a call has left.
      const found = returnByEpilogue({ pc, esp: STACK, ebp: undefined }, read, () => true);
      if (!found) none++;
      else if (found.at === STACK + cfa.offset - 4) same++;
      else other++;
    }
    console.log(
      `      ${same + other + none} call sites: ${same} alike, ${other} not, ${none} without a way to a return`,
    );
    // What differs or has no way follows calls that do not return.
    assert.ok(same > 4000 && other < same / 20 && none < same / 10, `${same} alike, ${other} not, ${none} without`);
  });

  it('takes the registers that are popped on the way, and arguments that the return takes away', () => {
    // add $12,%esp; pop %ebx; pop %esi; pop %ecx; pop %edi; pop %ebp; ret $8
    const code = Uint8Array.of(0x83, 0xc4, 12, 0x5b, 0x5e, 0x59, 0x5f, 0x5d, 0xc2, 8, 0);
    const found = returnByEpilogue({ pc: 0, esp: 0x100, ebp: undefined }, (at, n) => code.subarray(at, at + n), () => true); // prettier-ignore
    assert.deepEqual(found, {
      at: 0x120,
      stackPointer: 0x12c,
      saved: new Map([['ebx', 0x10c], ['esi', 0x110], ['edi', 0x118], ['ebp', 0x11c]]),
    }); // prettier-ignore
  });

  it('goes by the frame pointer where the function does, and round what is not plausible', () => {
    // je 1f; ret; 1: leave; ret
    const code = Uint8Array.of(0x74, 1, 0xc3, 0xc9, 0xc3);
    const found = returnByEpilogue(
      { pc: 0, esp: 0x100, ebp: 0x140 },
      (at, n) => code.subarray(at, at + n),
      (at) => at !== 0x100,
    );
    assert.deepEqual(found, { at: 0x144, stackPointer: 0x148, saved: new Map([['ebp', 0x140]]) });
  });

  it('follows functions that end by jumping to another', () => {
    // mov $1,%ecx; jmp 0x20
    const code = new Uint8Array(0x40).fill(0x90);
    code.set([0xb9, 1, 0, 0, 0, 0xe9, 0x16, 0, 0, 0]);
    code[0x20] = 0xc3;
    assert.deepEqual(functionsReached(0, (at, n) => code.subarray(at, at + n)), [0, 0x20]); // prettier-ignore
  });
});

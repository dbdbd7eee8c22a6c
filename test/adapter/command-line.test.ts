import assert from 'node:assert/strict';
import fs from 'node:fs';
import { commandLineFor } from '../../src/adapter/command-line';
import { PREPARATION, prepared } from './fixture';

describe('adapter: the kernel’s command line', () => {
  /** A bzImage's first sectors, of which only relocatable_kernel (0x234, Documentation/arch/x86/boot.rst) matters here. */
  function bzImage(relocatable: number): { kind: 'bzImage'; bytes: Uint8Array } {
    const bytes = new Uint8Array(1024);
    bytes[0x234] = relocatable;
    return { kind: 'bzImage', bytes };
  }

  const cases: [what: string, relocatable: number, wanted: string | undefined, line: string, told: number][] = [
    ['a bzImage that moves stays where its vmlinux is', 1, undefined, 'console=ttyS0 nokaslr', 1],
    ['one’s own line is kept', 1, 'console=ttyS0 quiet', 'console=ttyS0 quiet nokaslr', 1],
    ['nothing is added twice', 1, 'nokaslr console=ttyS0', 'nokaslr console=ttyS0', 0],
    ['a bzImage that stays gets what it was given', 0, 'console=ttyS0', 'console=ttyS0', 0],
  ];
  for (const [what, relocatable, wanted, line, count] of cases) {
    it(what, () => {
      const told: string[] = [];
      assert.equal(
        commandLineFor(bzImage(relocatable), wanted, (each) => told.push(each)),
        line,
      );
      assert.equal(told.length, count);
    });
  }

  it('a vmlinux, and the built-in bzImage, get what they are given', async function () {
    this.timeout(PREPARATION);
    const built = fs.readFileSync((await prepared()).bzImage);
    for (const boot of [
      { kind: 'vmlinux', bytes: bzImage(1).bytes } as const,
      { kind: 'bzImage', bytes: built } as const,
    ])
      assert.equal(commandLineFor(boot, undefined, assert.fail), 'console=ttyS0');
  });
});

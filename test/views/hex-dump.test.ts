import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { hexDump } from '../../src/views/hex-dump';

describe('views: dump of memory', () => {
  it('has the columns of od(1), for lengths from 0 to 48', () => {
    for (let length = 0; length <= 48; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 37 + length) & 0xff);
      const printed = execFileSync('od', ['-v', '-A', 'x', '-t', 'x1z'], { input: bytes, encoding: 'utf8' });
      const rows = printed.split('\n').flatMap((line) => {
        const match = /^([0-9a-f]+)((?: [0-9a-f]{2})+) *>(.*)<$/.exec(line);
        return match ? [[Number(`0x${match[1]}`), match[2].trim(), match[3]]] : [];
      });
      const own = hexDump(0, bytes)
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const [, address, cells, text] = /^([0-9a-f]{8})  (.{48})  \|(.*)\|$/.exec(line) ?? [];
          return [Number(`0x${address}`), cells.trim().replace('  ', ' '), text];
        });
      assert.deepEqual(own, rows, `${length} bytes`);
    }
  });

  it('marks what cannot be read, and goes around at the end of the address space', () => {
    assert.equal(
      hexDump(0xfffffff8, Uint8Array.of(0x41, 0x42), 18),
      [
        'fffffff8  41 42 ?? ?? ?? ?? ?? ??  ?? ?? ?? ?? ?? ?? ?? ??  |AB..............|',
        '00000008  ?? ??                                             |..|',
      ].join('\n'),
    );
  });
});

import assert from 'node:assert/strict';
import { Disassembler } from '../../src/adapter/disassembler';
import { hex32 } from '../../src/adapter/registers';

describe('adapter: disassembler', () => {
  const disassembler = new Disassembler();

  it('writes AT&T syntax, with lengths, bytes and branch targets', () => {
    const code = Uint8Array.of(
      0x55,
      0x89,
      0xe5,
      0xe8,
      0xfb,
      0xff,
      0xff,
      0xff,
      0xcd,
      0x80,
      0x0f,
      0x84,
      0,
      1,
      0,
      0,
      0xc3,
    );
    const rows = disassembler.disassemble(code, 0xc1000000);
    assert.deepEqual(
      rows.map(({ address, length, text, target }) => [
        hex32(address),
        length,
        text.replace(/ +/, ' '),
        target && hex32(target),
      ]),
      [
        ['0xc1000000', 1, 'push %ebp', undefined],
        ['0xc1000001', 2, 'mov %esp, %ebp', undefined],
        ['0xc1000003', 5, 'call 0xc1000003', '0xc1000003'],
        ['0xc1000008', 2, 'int $0x80', undefined],
        ['0xc100000a', 6, 'je 0xc1000110', '0xc1000110'],
        ['0xc1000010', 1, 'ret', undefined],
      ],
    );
    assert.deepEqual([...rows[1].bytes], [0x89, 0xe5]);
  });

  it('shows a byte that begins no instruction as data, and goes on behind it', () => {
    const rows = disassembler.disassemble(Uint8Array.of(0x0f, 0xff, 0x90), 0x1000);
    assert.equal(rows[0].valid, false);
    assert.equal(rows[0].text, '.byte   0x0f');
    assert.equal(rows[0].length, 1);
    assert.equal(rows.at(-1)?.text, 'nop');
  });

  it('gives no more than asked for', () => {
    assert.equal(disassembler.disassemble(new Uint8Array(10).fill(0x90), 0, 3).length, 3);
    assert.deepEqual(disassembler.disassemble(new Uint8Array(0), 0), []);
  });
});

import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { Decoder, DecoderOptions, Instruction } from 'iced-x86';
import { instructionLength } from '../../src/debugger/instruction-length';
import { PREPARATION, prepared } from '../adapter/fixture';

describe('debugger: length of instructions', function () {
  this.timeout(PREPARATION);

  it('agrees with objdump at each instruction of the kernel', async () => {
    const { dir } = await prepared();
    const listing = execFileSync('objdump', ['-d', '-w', '--no-addresses', '-j', '.text', path.join(dir, 'vmlinux')], {
      encoding: 'utf8',
      maxBuffer: 1 << 29,
    });
    let compared = 0;
    const seen = new Set<string>();
    for (const [, hex, text] of listing.matchAll(/^\s*((?:[0-9a-f]{2} )+)\s*\t(.*)$/gm)) {
      if (seen.has(hex) || text.includes('(bad)')) continue;
      seen.add(hex);
      const bytes = Uint8Array.from(hex.trim().split(' '), (byte) => parseInt(byte, 16));
      assert.equal(instructionLength(bytes), bytes.length, `${hex}: ${text}`);
      assert.equal(instructionLength(bytes.subarray(0, -1)), undefined, `${hex} cut short`);
      compared++;
    }
    assert.ok(compared > 50_000, `${compared}`);
    console.log(`      ${compared} different instructions compared`);
  });

  it('agrees with iced-x86 at every opcode, with and without prefixes', () => {
    const random = sequence();
    const instruction = new Instruction();
    let compared = 0;
    for (const prefix of [[], [0x66], [0x67], [0x66, 0x67], [0xf3], [0x65]]) {
      for (const map of [[], [0x0f]]) {
        for (let opcode = 0; opcode < 256; opcode++) {
          for (let modrm = 0; modrm < 256; modrm++) {
            const bytes = Uint8Array.from({ length: 15 }, random);
            bytes.set([...prefix, ...map, opcode, modrm]);
            const decoder = new Decoder(32, bytes, DecoderOptions.None);
            decoder.decodeOut(instruction);
            // VEX and EVEX have lengths of their own; processors with 32 bits have none.
            const isVex = map.length === 0 && [0x62, 0xc4, 0xc5, 0x8f].includes(opcode) && modrm >= 0xc0;
            if (!instruction.isInvalid && !isVex && !isOfAmd(map, opcode, modrm)) {
              assert.equal(instructionLength(bytes), instruction.length, Buffer.from(bytes).toString('hex'));
              compared++;
            }
            decoder.free();
          }
        }
      }
    }
    instruction.free();
    assert.ok(compared > 500_000, `${compared}`);
    console.log(`      ${compared} instructions compared`);
  });
});

/** AMD's extensions: XOP in the place of POP with another register than 0, and EXTRQ. */
function isOfAmd(map: readonly number[], opcode: number, modrm: number): boolean {
  return map.length === 0 ? opcode === 0x8f && (modrm & 0x38) !== 0 : opcode === 0x78;
}

/** Bytes that look random and are the same in every run. */
function sequence(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) & 0xff;
  };
}

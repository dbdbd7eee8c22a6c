import assert from 'node:assert/strict';
import { bitNames, hex32 } from '../../src/adapter/registers';

describe('adapter: registers as text', () => {
  it('names the bits that are set', () => {
    const bits = [[0, 'CF'], [6, 'ZF'], [9, 'IF']] as const; // prettier-ignore
    assert.equal(bitNames(0x241, bits), 'CF ZF IF');
    assert.equal(bitNames(0x100, bits), 'none');
    assert.equal(hex32(-1), '0xffffffff');
    assert.equal(hex32(5), '0x00000005');
  });
});

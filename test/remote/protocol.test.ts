import * as assert from 'node:assert/strict';
import { readDescription } from '../../src/remote/description';
import { float80Text } from '../../src/remote/float80';
import { fromHex, packetCodec, toHex } from '../../src/remote/packet';
import { walk } from '../../src/remote/paging';
import { parseStopReply } from '../../src/remote/stop-reply';

const codec = packetCodec();
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

describe('remote: the serial protocol', () => {
  it('frames a packet with its checksum', () => {
    assert.equal(textOf(codec.encode('m0,4')), '$m0,4#fd');
    assert.equal(textOf(codec.encode('OK')), '$OK#9a');
  });

  it('escapes the four special characters', () => {
    assert.equal(textOf(codec.encode('#$}*')).slice(1, 9), '}\x03}\x04}]}\n');
  });

  it('reads packets in whatever pieces they come, with acknowledgements between', () => {
    const feed = codec.reader();
    const items = [...bytesOf('+$OK#9a$m0,4#fd-')].flatMap((byte) => feed(Uint8Array.of(byte)));
    assert.deepEqual(items, [
      { kind: 'ack' },
      { kind: 'packet', data: 'OK' },
      { kind: 'packet', data: 'm0,4' },
      { kind: 'nack' },
    ]);
  });

  it('undoes run lengths and escapes (the manual’s example: "0* " is "0000")', () => {
    const sum = [...bytesOf('0* ')].reduce((a, b) => a + b, 0) & 0xff;
    assert.deepEqual(codec.reader()(bytesOf(`$0* #${sum.toString(16)}`)), [{ kind: 'packet', data: '0000' }]);
    const packet = codec.encode('a}b#c*d$');
    assert.deepEqual(codec.reader()(packet), [{ kind: 'packet', data: 'a}b#c*d$' }]);
  });

  it('notices a wrong checksum, and tells notifications from packets', () => {
    assert.deepEqual(codec.reader()(bytesOf('$OK#00')), [{ kind: 'damaged' }]);
    assert.deepEqual(codec.reader()(bytesOf('%OK#9a')), [{ kind: 'notification', data: 'OK' }]);
  });

  it('turns bytes into hexadecimal and back, and refuses what is none', () => {
    assert.equal(toHex(fromHex('00ff10')), '00ff10');
    assert.throws(() => fromHex('0'), /hexadecimal bytes were expected/);
    assert.throws(() => fromHex('E0x1'), /hexadecimal bytes were expected/);
  });

  it('reads stop replies', () => {
    assert.deepEqual(parseStopReply('S05'), { kind: 'signal', signal: 5 });
    assert.deepEqual(parseStopReply('T02thread:01;'), { kind: 'signal', signal: 2 });
    assert.deepEqual(parseStopReply('T05thread:01;watch:c1234567;'), {
      kind: 'watchpoint',
      address: 0xc1234567,
      access: 'write',
    });
    assert.equal(parseStopReply('W00').kind, 'exited');
    assert.equal(parseStopReply('nonsense').kind, 'gone');
  });

  it('lays out registers by a target description with includes', () => {
    const files: Record<string, string> = {
      'target.xml': '<target><xi:include href="core.xml"/><!-- <reg name="no" bitsize="32"/> --></target>',
      'core.xml':
        '<feature><reg name="eax" bitsize="32"/><reg name="st0" bitsize="80" regnum="3"/><reg bitsize="32" name="cr3"/></feature>',
    };
    const registers = readDescription((annex) => files[annex]);
    assert.deepEqual(
      [...registers.values()].map(({ name, number, offset }) => [name, number, offset]),
      [
        ['eax', 0, 0],
        ['st0', 3, 4],
        ['cr3', 4, 14],
      ],
    );
  });

  it('shows x87 registers', () => {
    assert.equal(float80Text(fromHex('0000000000000080ff3f')), '1');
    assert.equal(float80Text(fromHex('000000000000008000c0')), '-2');
    assert.equal(float80Text(fromHex('00000000000000000000')), '0');
    assert.equal(float80Text(fromHex('0000000000000080ff7f')), 'Infinity');
    assert.equal(float80Text(fromHex('00000000000000c0ff7f')), 'NaN');
    assert.equal(float80Text(fromHex('35c26821a2da0fc90040')), String(Math.PI));
  });

  it('walks page tables with 4 KiB and 4 MiB pages', () => {
    const memory = new Map([
      // Directory at 0x1000: entry 0 is a table at 0x2000, entry 0x300 a large page at 0x00400000.
      [0x1000, 0x2001],
      [0x1000 + 0x300 * 4, 0x00400081],
      [0x2000 + 5 * 4, 0x00007001],
    ]);
    const read = (address: number): Uint8Array => {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, memory.get(address) ?? 0, true);
      return bytes;
    };
    const state = { cr3: 0x1000, pae: false, largePages: true };
    assert.equal(walk(0x5123, state, read), 0x7123);
    assert.equal(walk(0xc0012345, state, read), 0x412345);
    assert.equal(walk(0x6000, state, read), undefined);
    assert.equal(walk(0x800000, state, read), undefined);
  });

  it('walks page tables of the physical address extension, with 4 KiB and 2 MiB pages', () => {
    const memory = new Map([
      // A table of pointers that does not begin a page: entry 3 is a directory at 0x2000, with a table at 0x3000 and a large page.
      [0x1020 + 3 * 8, 0x2001n],
      [0x2000 + 1 * 8, 0x3001n],
      [0x2000 + 511 * 8, 0x0060_0081n],
      [0x3000 + 5 * 8, 0x7001n],
      [0x3000 + 6 * 8, 0x1_0000_7001n],
    ]);
    const read = (address: number): Uint8Array => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, memory.get(address) ?? 0n, true);
      return bytes;
    };
    const state = { cr3: 0x1020, pae: true, largePages: false };
    assert.equal(walk(0xc0205123, state, read), 0x7123);
    assert.equal(walk(0xffff2345, state, read), 0x7f2345);
    assert.equal(walk(0xc0206123, state, read), undefined, 'beyond 4 GiB');
    assert.equal(walk(0xc0000123, state, read), undefined);
    assert.equal(walk(0x123, state, read), undefined);
  });
});

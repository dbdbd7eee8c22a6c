import assert from 'node:assert/strict';
import { Board } from '../../../src/machine/devices/board';
import { EventQueue } from '../../../src/machine/devices/events';

/** The main board on a clock that stands still. */
function make(): { board: Board; ended: string[]; sent: number[]; lines: string[]; interrupt: () => boolean } {
  const ended: string[] = [];
  const sent: number[] = [];
  const lines: string[] = [];
  let interrupt = false;
  const board = new Board(new EventQueue(), {
    memoryMiB: 64,
    epoch: 0,
    serialSpeed: 'fast',
    now: () => 0,
    onInterrupt: (high) => (interrupt = high),
    onSerialOutput: (byte) => sent.push(byte),
    onReset: (cause) => ended.push(`reset by ${cause}`),
    onPowerOff: (cause) => ended.push(`off by ${cause}`),
    log: (line) => lines.push(line),
  });
  return { board, ended, sent, lines, interrupt: () => interrupt };
}

describe('machine/devices: reset and power-off', () => {
  it('port 0x92 resets when bit 0 rises; A20 stays open', () => {
    const { board, ended } = make();
    assert.equal(board.bus.read(0x92, 8), 0x02);
    board.bus.write(0x92, 0x00, 8);
    assert.equal(board.bus.read(0x92, 8), 0x02);
    board.bus.write(0x92, 0x01, 8);
    board.bus.write(0x92, 0x03, 8);
    assert.deepEqual(ended, ['reset by port 0x92']);
    board.bus.write(0x92, 0x00, 8);
    board.bus.write(0x92, 0x01, 8);
    assert.equal(ended.length, 2);
  });

  it('port 0xcf9 resets when bit 2 rises', () => {
    const { board, ended } = make();
    board.bus.write(0xcf9, 0x02, 8);
    assert.equal(board.bus.read(0xcf9, 8), 0x02);
    assert.deepEqual(ended, []);
    board.bus.write(0xcf9, 0x06, 8);
    assert.deepEqual(ended, ['reset by port 0xcf9']);
  });

  it('a word with bit 13 at 0x604 or 0xb004 switches off; others and bytes do not', () => {
    const { board, ended } = make();
    board.bus.write(0x604, 0x0001, 16);
    board.bus.write(0x604, 0x20, 8);
    board.bus.write(0x605, 0x20, 8);
    assert.deepEqual(ended, []);
    board.bus.write(0x604, 0x2000, 16);
    board.bus.write(0xb004, 0x2000, 16);
    assert.deepEqual(ended, ['off by port 0x604', 'off by port 0xb004']);
  });

  it('the keyboard controller resets', () => {
    const { board, ended } = make();
    board.bus.write(0x64, 0xfe, 8);
    assert.deepEqual(ended, ['reset by the keyboard controller']);
  });
});

describe('machine/devices: what is not there', () => {
  it('no PCI: Linux’s two probes fail, and neither resets the machine', () => {
    const { board, ended } = make();
    // arch/x86/pci/direct.c, pci_check_type1.
    board.bus.write(0xcfb, 0x01, 8);
    board.bus.write(0xcf8, 0x80000000, 32);
    assert.notEqual(board.bus.read(0xcf8, 32), 0x80000000);
    board.bus.write(0xcf8, 0xffffffff, 32);
    assert.equal(board.bus.read(0xcfc, 32), 0xffffffff);
    // pci_check_type2.
    board.bus.write(0xcfb, 0x00, 8);
    board.bus.write(0xcf8, 0x00, 8);
    board.bus.write(0xcfa, 0x00, 8);
    assert.notEqual(board.bus.read(0xcf8, 8), 0x00);
    assert.deepEqual(ended, []);
  });

  it('no second serial port, parallel port, disk or VGA', () => {
    const { board } = make();
    for (const port of [0x2f8, 0x3e8, 0x2e8, 0x378, 0x1f0, 0x1f7, 0x3d4, 0x3c0]) {
      assert.equal(board.bus.read(port, 8), 0xff);
    }
  });

  it('DMA: addresses and counts are kept, low byte first; masks and pages too', () => {
    const { board } = make();
    const { bus } = board;
    for (const [base, step, clear, mask] of [
      [0x00, 1, 0x0c, 0x0f],
      [0xc0, 2, 0xd8, 0xde],
    ]) {
      bus.write(clear, 0, 8);
      for (let register = 0; register < 8; register++) {
        bus.write(base + register * step, 0x10 + register, 8);
        bus.write(base + register * step, 0xa0 + register, 8);
      }
      for (let register = 0; register < 8; register++) {
        assert.equal(bus.read(base + register * step, 8), 0x10 + register);
        assert.equal(bus.read(base + register * step, 8), 0xa0 + register);
      }
      // The flip-flop is cleared in the middle of a word.
      bus.read(base, 8);
      bus.write(clear, 0, 8);
      assert.equal(bus.read(base, 8), 0x10);
      bus.write(clear, 0, 8);
      bus.write(mask, 0x05, 8);
      assert.equal(bus.read(mask, 8), 0xf5);
    }
    bus.write(0x0a, 0x06, 8);
    assert.equal(bus.read(0x0f, 8), 0xf5);
    bus.write(0x0a, 0x02, 8);
    assert.equal(bus.read(0x0f, 8), 0xf1);
    bus.write(0x0e, 0, 8);
    assert.equal(bus.read(0x0f, 8), 0xf0);
    bus.write(0x0d, 0, 8);
    assert.equal(bus.read(0x0f, 8), 0xff);
    bus.write(0x09, 0x06, 8);
    assert.equal(bus.read(0x08, 8), 0x40);
    for (let port = 0x80; port < 0x90; port++) {
      bus.write(port, port ^ 0xff, 8);
    }
    for (let port = 0x80; port < 0x90; port++) {
      assert.equal(bus.read(port, 8), port ^ 0xff);
    }
  });
});

describe('machine/devices: the board', () => {
  it('connects each device to its interrupt line', () => {
    const { board, interrupt } = make();
    const { bus } = board;
    for (const [port, value] of [
      [0x20, 0x11],
      [0x21, 0x30],
      [0x21, 0x04],
      [0x21, 0x01],
      [0xa0, 0x11],
      [0xa1, 0x38],
      [0xa1, 0x02],
      [0xa1, 0x01],
      [0x21, 0x00],
      [0xa1, 0x00],
    ]) {
      bus.write(port, value, 8);
    }
    assert.equal(interrupt(), false);
    const served = (): number => {
      assert.equal(interrupt(), true);
      const vector = board.pic.acknowledge();
      bus.write(0xa0, 0x20, 8);
      bus.write(0x20, 0x20, 8);
      return vector - 0x30;
    };
    // The PIT: a control word that raises OUT.
    bus.write(0x43, 0x34, 8);
    assert.equal(served(), 0);
    // The keyboard controller: an answer with interrupts enabled.
    bus.write(0x64, 0x60, 8);
    bus.write(0x60, 0x01, 8);
    bus.write(0x64, 0xaa, 8);
    assert.equal(served(), 1);
    // COM1: the empty transmitter.
    bus.write(0x3fc, 0x08, 8);
    bus.write(0x3f9, 0x02, 8);
    assert.equal(served(), 4);
  });

  it('keeps the whole state as plain data', () => {
    const { board } = make();
    board.bus.write(0x3ff, 0x42, 8);
    board.bus.write(0x80, 0x17, 8);
    board.bus.write(0x70, 0x40, 8);
    board.bus.write(0x71, 0x99, 8);
    board.bus.write(0xcf9, 0x02, 8);
    const state = board.getState();
    const copy = JSON.parse(JSON.stringify(state)) as typeof state;
    assert.deepEqual(copy, state);
    const other = make().board;
    other.setState(copy);
    assert.deepEqual(other.getState(), state);
    assert.equal(other.bus.read(0x3ff, 8), 0x42);
    assert.equal(other.bus.read(0x71, 8), 0x99);
  });
});

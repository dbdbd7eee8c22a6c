import assert from 'node:assert/strict';
import { Bus, type PortDevice } from '../../../src/machine/devices/bus';

/** Remembers what it is asked, and reads as its port's low byte. */
class Recorder implements PortDevice {
  readonly writes: [number, number][] = [];
  readPort(port: number): number {
    return port & 0xff;
  }
  writePort(port: number, value: number): void {
    this.writes.push([port, value]);
  }
}

describe('machine/devices: port bus', () => {
  it('reads all ones from ports without a device and logs each of them once', () => {
    const lines: string[] = [];
    const bus = new Bus((line) => lines.push(line));
    assert.equal(bus.read(0x2f8, 8), 0xff);
    assert.equal(bus.read(0x2f8, 8), 0xff);
    assert.equal(bus.read(0x300, 16), 0xffff);
    assert.equal(bus.read(0x310, 32), 0xffffffff);
    bus.write(0x2f8, 0x12, 8);
    bus.write(0x2f8, 0x13, 8);
    assert.equal(lines.filter((line) => /0x2f8\b/.test(line)).length, 2);
    assert.match(lines[0], /Read of unknown port 0x2f8 gives all ones/);
    assert.match(lines.at(-1) ?? '', /Write of 0x12 to unknown port 0x2f8 is ignored/);
    // Two bytes of 0x300, four of 0x310, one read and one write of 0x2f8.
    assert.equal(lines.length, 8);
  });

  it('breaks wide accesses into bytes, lowest port first', () => {
    const bus = new Bus();
    const device = new Recorder();
    bus.attach(device, 0x10, 4);
    assert.equal(bus.read(0x10, 32), 0x13121110);
    assert.equal(bus.read(0x11, 16), 0x1211);
    bus.write(0x10, 0xdeadbeef | 0, 32);
    assert.deepEqual(device.writes, [
      [0x10, 0xef],
      [0x11, 0xbe],
      [0x12, 0xad],
      [0x13, 0xde],
    ]);
  });

  it('mixes device and empty ports in one access', () => {
    const bus = new Bus();
    bus.attach(new Recorder(), 0x10, 1);
    assert.equal(bus.read(0x10, 16), 0xff10);
    assert.equal(bus.read(0x0f, 16), 0x10ff);
  });

  it('gives wide accesses whole to a device that claims them', () => {
    const bus = new Bus();
    const wide: [number, number, number][] = [];
    const device: PortDevice = {
      readPort: () => 0x11,
      writePort: () => assert.fail('not byte by byte'),
      readWide: (_port, size) => (size === 32 ? -1 : undefined),
      writeWide: (port, value, size) => wide.push([port, value, size]) > 0,
    };
    bus.attach(device, 0x40, 4);
    assert.equal(bus.read(0x40, 32), 0xffffffff);
    assert.equal(bus.read(0x40, 16), 0x1111);
    bus.write(0x40, 0x12345678, 16);
    assert.deepEqual(wide, [[0x40, 0x5678, 16]]);
  });

  it('wraps around at the end of the port space', () => {
    const bus = new Bus();
    bus.attach(new Recorder(), 0, 1);
    assert.equal(bus.read(0xffff, 16), 0x00ff);
  });

  it('refuses two devices at one port', () => {
    const bus = new Bus();
    bus.attach(new Recorder(), 0x60, 1);
    assert.throws(() => bus.attach(new Recorder(), 0x5f, 2), /Port 0x60 is claimed twice/);
  });
});

import assert from 'node:assert/strict';
import { KeyboardController } from '../../../src/machine/devices/keyboard';

class Rig {
  irq = false;
  resets = 0;
  readonly lines: string[] = [];
  readonly controller = new KeyboardController(
    (high) => (this.irq = high),
    () => this.resets++,
    (line) => this.lines.push(line),
  );

  command(value: number, ...data: number[]): void {
    this.controller.writePort(0x64, value);
    for (const byte of data) {
      this.controller.writePort(0x60, byte);
    }
  }

  get status(): number {
    return this.controller.readPort(0x64);
  }

  /** The byte in the output buffer; there must be one. */
  answer(): number {
    assert.equal(this.status & 1, 1, 'output buffer full');
    return this.controller.readPort(0x60);
  }
}

describe('machine/devices: 8042 keyboard controller', () => {
  it('is empty and not locked at first, and never busy', () => {
    const rig = new Rig();
    assert.equal(rig.status, 0x10);
  });

  it('passes its self test, which sets the system flag', () => {
    const rig = new Rig();
    rig.command(0xaa);
    assert.equal(rig.answer(), 0x55);
    assert.equal(rig.status & 0x05, 0x04);
    rig.command(0x20);
    assert.equal(rig.answer() & 0x04, 0x04);
  });

  it('shows in its status whether a command or data was written last', () => {
    const rig = new Rig();
    rig.command(0xae);
    assert.equal(rig.status & 0x08, 0x08);
    rig.command(0x60, 0x00);
    assert.equal(rig.status & 0x08, 0x00);
  });

  it('keeps its 32 bytes of memory', () => {
    const rig = new Rig();
    for (let index = 0; index < 32; index++) {
      rig.command(0x60 + index, index * 7);
    }
    for (let index = 0; index < 32; index++) {
      rig.command(0x20 + index);
      assert.equal(rig.answer(), index * 7);
    }
  });

  it('takes the system flag from the command byte', () => {
    const rig = new Rig();
    rig.command(0x60, 0x04);
    assert.equal(rig.status & 0x04, 0x04);
    rig.command(0x60, 0x00);
    assert.equal(rig.status & 0x04, 0x00);
  });

  it('switches the keyboard on and off in the command byte', () => {
    const rig = new Rig();
    rig.command(0xae);
    rig.command(0x20);
    assert.equal(rig.answer() & 0x10, 0x00);
    rig.command(0xad);
    rig.command(0x20);
    assert.equal(rig.answer() & 0x10, 0x10);
  });

  it('answers tests and questions', () => {
    const rig = new Rig();
    for (const [command, answer] of [
      [0xab, 0x00],
      [0xa4, 0xf1],
      [0xa9, 0x01],
      [0xc0, 0xa0],
      [0xe0, 0x00],
      [0xa1, 0x00],
      [0xd0, 0xcf],
    ]) {
      rig.command(command);
      assert.equal(rig.answer(), answer, `command ${command.toString(16)}`);
    }
  });

  it('interrupts for each answer where the command byte asks for it, until it is read', () => {
    const rig = new Rig();
    rig.command(0xaa);
    assert.equal(rig.irq, false);
    rig.answer();
    rig.command(0x60, 0x01);
    rig.command(0xd2, 0x1c);
    assert.equal(rig.irq, true);
    assert.equal(rig.answer(), 0x1c);
    assert.equal(rig.irq, false);
  });

  it('reports a time-out for what is sent to the keyboard or the mouse: neither is there', () => {
    const rig = new Rig();
    rig.controller.writePort(0x60, 0xff);
    assert.equal(rig.status & 0x41, 0x41);
    assert.equal(rig.answer(), 0xfe);
    assert.equal(rig.status & 0x41, 0x00);
    rig.command(0xd4, 0xff);
    assert.equal(rig.status & 0x40, 0x40);
  });

  it('resets the machine by pulsing line 0, by 0xfe and every other even pulse command, and by the output port', () => {
    const rig = new Rig();
    rig.command(0xfe);
    assert.equal(rig.resets, 1);
    rig.command(0xff);
    rig.command(0xf1);
    assert.equal(rig.resets, 1);
    rig.command(0xf0);
    assert.equal(rig.resets, 2);
    rig.command(0xd1, 0xce);
    assert.equal(rig.resets, 3);
    rig.command(0xd1, 0xcf);
    assert.equal(rig.resets, 3);
  });

  it('remembers the A20 bit and says that it stays open', () => {
    const rig = new Rig();
    rig.command(0xdd);
    rig.command(0xd0);
    assert.equal(rig.answer() & 2, 0);
    assert.match(rig.lines[0], /A20 line; it stays open/);
    rig.command(0xdf);
    rig.command(0xd0);
    assert.equal(rig.answer() & 2, 2);
  });

  it('logs commands it does not know', () => {
    const rig = new Rig();
    rig.command(0xb7);
    assert.match(rig.lines[0], /unknown command 0xb7/);
    assert.equal(rig.status & 1, 0);
  });

  it('a new command forgets that an earlier one awaited data', () => {
    const rig = new Rig();
    rig.command(0x60);
    rig.command(0xaa);
    rig.answer();
    rig.controller.writePort(0x60, 0x01);
    rig.answer();
    rig.command(0x20);
    assert.equal(rig.answer() & 0x01, 0x00);
  });

  it('goes on from its state', () => {
    const first = new Rig();
    first.command(0x65, 0x77);
    first.command(0xaa);
    first.command(0xd1);
    const second = new Rig();
    second.controller.setState(
      JSON.parse(JSON.stringify(first.controller.getState())) as ReturnType<KeyboardController['getState']>,
    );
    assert.equal(second.answer(), 0x55);
    second.controller.writePort(0x60, 0xce);
    assert.equal(second.resets, 1);
    second.command(0x25);
    assert.equal(second.answer(), 0x77);
  });
});

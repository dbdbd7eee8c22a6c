import assert from 'node:assert/strict';
import { EventQueue } from '../../../src/machine/devices/events';
import { INSTRUCTIONS_PER_SECOND } from '../../../src/machine/devices/time';
import { Uart16550 } from '../../../src/machine/devices/uart16550';

const BASE = 0x3f8;
const [RBR, THR, DLL] = [0, 0, 0];
const [IER, DLM] = [1, 1];
const [IIR, FCR] = [2, 2];
const LCR = 3;
const MCR = 4;
const LSR = 5;
const MSR = 6;
const SCR = 7;

const EIGHT_BITS = 0x03;
const DTR_RTS_OUT2 = 0x0b;
const LOOP = 0x10;

/** A port on a clock that the test turns, as the firmware of a PC leaves it: 8N1, interrupts connected. */
class Rig {
  readonly events = new EventQueue();
  count = 0;
  irq = false;
  rises = 0;
  sent: number[] = [];
  readonly uart: Uart16550;

  constructor(speed: 'baud' | 'fast' = 'baud') {
    this.uart = new Uart16550(
      'com1',
      BASE,
      this.events,
      () => this.count,
      speed,
      (high) => {
        this.rises += high && !this.irq ? 1 : 0;
        this.irq = high;
      },
      (byte) => this.sent.push(byte),
    );
    this.out(LCR, EIGHT_BITS);
    this.out(MCR, DTR_RTS_OUT2);
  }

  out(register: number, value: number): void {
    this.uart.writePort(BASE + register, value);
  }

  in(register: number): number {
    return this.uart.readPort(BASE + register);
  }

  /** Pass so many instructions, firing events at their counts. */
  pass(instructions: number): void {
    const until = this.count + instructions;
    while (this.events.next() <= until) {
      this.count = this.events.next();
      this.events.fire(this.count);
    }
    this.count = until;
  }

  /** Pass the time of whole characters at 115,200 baud 8N1, and a little. */
  passCharacters(characters: number): void {
    this.pass(characters * CHARACTER + 1);
  }

  fifo(trigger = 0x00): void {
    this.out(FCR, 0x07 | trigger);
  }
}

/** Ten bits at 115,200 baud. */
const CHARACTER = Math.ceil((10 * INSTRUCTIONS_PER_SECOND) / 115_200);

const text = (bytes: number[]): string => String.fromCharCode(...bytes);
const bytes = (string: string): number[] => [...string].map((character) => character.charCodeAt(0));

describe('machine/devices: 16550A registers', () => {
  it('starts as after a master reset', () => {
    const uart = new Uart16550(
      'x',
      BASE,
      new EventQueue(),
      () => 0,
      'fast',
      () => {},
      () => {},
    );
    const read = (register: number): number => uart.readPort(BASE + register);
    assert.equal(read(IER), 0x00);
    assert.equal(read(IIR), 0x01);
    assert.equal(read(LCR), 0x00);
    assert.equal(read(MCR), 0x00);
    assert.equal(read(LSR), 0x60);
    assert.equal(read(MSR), 0xb0);
  });

  it('keeps the scratch register, the divisor behind DLAB, and no bits that do not exist', () => {
    const rig = new Rig();
    rig.out(SCR, 0x5a);
    assert.equal(rig.in(SCR), 0x5a);
    rig.out(LCR, 0x83);
    rig.out(DLL, 0x0c);
    rig.out(DLM, 0x01);
    assert.deepEqual([rig.in(DLL), rig.in(DLM)], [0x0c, 0x01]);
    rig.out(LCR, EIGHT_BITS);
    assert.equal(rig.in(IER), 0x00);
    rig.out(IER, 0xff);
    assert.equal(rig.in(IER), 0x0f);
    rig.out(MCR, 0xff);
    assert.equal(rig.in(MCR), 0x1f);
  });

  it('ignores writes to line status and modem status', () => {
    const rig = new Rig();
    rig.out(LSR, 0xff);
    rig.out(MSR, 0xff);
    assert.equal(rig.in(LSR), 0x60);
    assert.equal(rig.in(MSR), 0xb0);
  });

  it('looks like a 16550A to the steps of Linux’s autoconfig (drivers/tty/serial/8250/8250_port.c)', () => {
    const rig = new Rig('fast');
    // Is anything there at all?
    rig.out(IER, 0);
    assert.equal(rig.in(IER) & 0x0f, 0);
    rig.out(IER, 0x0f);
    assert.equal(rig.in(IER) & 0x0f, 0x0f);
    rig.out(IER, 0);
    // Loopback: RTS and OUT2 come back as CTS and DCD.
    rig.out(MCR, LOOP | 0x0a);
    assert.equal(rig.in(MSR) & 0xf0, 0x90);
    rig.out(MCR, 0);
    // An enhanced features register would read 0 here; a 16550A gives its IIR.
    rig.out(LCR, 0xbf);
    rig.out(FCR, 0);
    rig.out(LCR, 0);
    rig.out(FCR, 0x01);
    assert.equal(rig.in(IIR) >> 6, 3);
    rig.out(LCR, 0x80);
    assert.notEqual(rig.in(IIR), 0);
    rig.out(LCR, 0xbf);
    assert.notEqual(rig.in(IIR), 0);
    // Not a 16750: no 64-byte FIFO.
    rig.out(LCR, 0);
    rig.out(FCR, 0x21);
    assert.equal(rig.in(IIR) >> 5, 6);
    // Not an XScale port: no UUE bit.
    rig.out(IER, 0x40);
    assert.equal(rig.in(IER) & 0x40, 0);
  });

  it('has a FIFO of 16 to Linux’s size_fifo', () => {
    const rig = new Rig('fast');
    rig.out(FCR, 0x07);
    rig.out(MCR, LOOP);
    rig.out(LCR, 0x80);
    rig.out(DLL, 1);
    rig.out(DLM, 0);
    rig.out(LCR, EIGHT_BITS);
    for (let n = 0; n < 256; n++) {
      rig.out(THR, n);
      rig.pass(10);
    }
    rig.pass(2_000_000);
    let count = 0;
    for (; rig.in(LSR) & 0x01 && count < 256; count++) {
      rig.in(RBR);
    }
    assert.equal(count, 16);
  });
});

describe('machine/devices: 16550A transmitter', () => {
  it('sends at the programmed rate: a character of ten bits at 115,200 baud takes 8681 instructions', () => {
    const rig = new Rig();
    rig.out(THR, 0x41);
    // The character goes to the shift register at once: the holding register is empty, the transmitter is not.
    assert.equal(rig.in(LSR) & 0x60, 0x20);
    rig.pass(8680);
    assert.deepEqual(rig.sent, []);
    rig.pass(1);
    assert.deepEqual(rig.sent, [0x41]);
    assert.equal(rig.in(LSR) & 0x60, 0x60);
  });

  it('counts start, data, parity and stop bits, and the divisor', () => {
    for (const [lcr, divisor, bits] of [
      [0x03, 12, 10],
      [0x1b, 12, 11],
      [0x07, 96, 11],
      [0x00, 1, 7],
      [0x04, 1, 7.5],
      [0x0f, 0x180, 12],
    ]) {
      const rig = new Rig();
      rig.out(LCR, lcr | 0x80);
      rig.out(DLL, divisor & 0xff);
      rig.out(DLM, divisor >> 8);
      rig.out(LCR, lcr);
      rig.out(THR, 0x15);
      const time = Math.ceil((bits * divisor * INSTRUCTIONS_PER_SECOND) / 115_200);
      rig.pass(time - 1);
      assert.deepEqual(rig.sent, []);
      rig.pass(1);
      assert.deepEqual(rig.sent, [0x15]);
    }
  });

  it('takes a microsecond a character in fast speed, whatever the divisor', () => {
    const rig = new Rig('fast');
    rig.out(THR, 0x41);
    rig.pass(99);
    assert.deepEqual(rig.sent, []);
    rig.pass(1);
    assert.deepEqual(rig.sent, [0x41]);
  });

  it('sends only as many bits as a character has', () => {
    const rig = new Rig();
    rig.out(LCR, 0x02);
    rig.out(THR, 0xff);
    rig.passCharacters(1);
    rig.out(LCR, 0x00);
    rig.out(THR, 0xff);
    rig.passCharacters(1);
    assert.deepEqual(rig.sent, [0x7f, 0x1f]);
  });

  it('overwrites an unsent character without a FIFO', () => {
    const rig = new Rig();
    rig.out(THR, 0x41);
    rig.out(THR, 0x42);
    assert.equal(rig.in(LSR) & 0x60, 0x00);
    rig.out(THR, 0x43);
    rig.passCharacters(3);
    assert.equal(text(rig.sent), 'AC');
  });

  it('queues 16 characters in its FIFO beside the one being sent, and drops more', () => {
    const rig = new Rig();
    rig.fifo();
    for (const byte of bytes('0123456789abcdefghij')) {
      rig.out(THR, byte);
    }
    assert.equal(rig.in(LSR) & 0x60, 0x00);
    rig.passCharacters(16);
    assert.equal(rig.in(LSR) & 0x60, 0x20);
    rig.passCharacters(10);
    assert.equal(text(rig.sent), '0123456789abcdefg');
    assert.equal(rig.in(LSR) & 0x60, 0x60);
  });

  it('clears the transmitter’s FIFO by FCR bit 2, not the character on its way', () => {
    const rig = new Rig();
    rig.fifo();
    for (const byte of bytes('abc')) {
      rig.out(THR, byte);
    }
    rig.out(FCR, 0x05);
    rig.passCharacters(5);
    assert.equal(text(rig.sent), 'a');
  });

  it('sends nothing while the line is held in a break', () => {
    const rig = new Rig();
    rig.out(LCR, 0x43);
    rig.out(THR, 0x41);
    rig.passCharacters(2);
    assert.deepEqual(rig.sent, []);
  });
});

describe('machine/devices: 16550A receiver', () => {
  it('receives one character at a time, at the line’s rate', () => {
    const rig = new Rig();
    rig.uart.send(bytes('ab'));
    assert.equal(rig.in(LSR) & 0x01, 0);
    rig.passCharacters(1);
    assert.equal(rig.in(LSR) & 0x01, 1);
    assert.equal(rig.in(RBR), 0x61);
    assert.equal(rig.in(LSR) & 0x01, 0);
    rig.passCharacters(1);
    assert.equal(rig.in(RBR), 0x62);
  });

  it('makes the far end wait while the receiver is full', () => {
    for (const fifo of [false, true]) {
      const rig = new Rig();
      if (fifo) {
        rig.fifo();
      }
      const sent = 'all of this arrives, in order and complete';
      rig.uart.send(bytes(sent));
      const received: number[] = [];
      for (let round = 0; round < 200 && received.length < sent.length; round++) {
        rig.passCharacters(20);
        while (rig.in(LSR) & 0x01) {
          received.push(rig.in(RBR));
        }
      }
      assert.equal(text(received), sent);
      assert.equal(rig.in(LSR) & 0x02, 0);
    }
  });

  it('gives the last character again where there is no new one', () => {
    const rig = new Rig();
    rig.uart.send(bytes('x'));
    rig.passCharacters(1);
    assert.deepEqual([rig.in(RBR), rig.in(RBR)], [0x78, 0x78]);
  });

  it('reports an overrun in loopback, where nobody waits', () => {
    const rig = new Rig();
    rig.out(MCR, LOOP);
    rig.out(THR, 0x41);
    rig.passCharacters(1);
    rig.out(THR, 0x42);
    rig.passCharacters(1);
    assert.equal(rig.in(LSR) & 0x03, 0x03);
    assert.equal(rig.in(LSR) & 0x02, 0x00);
    // Without a FIFO the new character has replaced the old one.
    assert.equal(rig.in(RBR), 0x42);
  });

  it('keeps the FIFO’s characters at an overrun', () => {
    const rig = new Rig();
    rig.fifo();
    rig.out(MCR, LOOP);
    for (const byte of bytes('0123456789abcdef')) {
      rig.out(THR, byte);
    }
    rig.passCharacters(16);
    rig.out(THR, 0x21);
    rig.passCharacters(1);
    assert.equal(rig.in(LSR) & 0x02, 0x02);
    const received: number[] = [];
    while (rig.in(LSR) & 0x01) {
      received.push(rig.in(RBR));
    }
    assert.equal(text(received), '0123456789abcdef');
  });

  it('shows a break with the character it belongs to', () => {
    const rig = new Rig();
    rig.fifo();
    rig.uart.send(bytes('a'));
    rig.uart.sendBreak();
    rig.passCharacters(2);
    assert.equal(rig.in(LSR) & 0x9f, 0x81);
    assert.equal(rig.in(RBR), 0x61);
    assert.equal(rig.in(LSR) & 0x9f, 0x99);
    assert.equal(rig.in(LSR) & 0x9f, 0x01);
    assert.equal(rig.in(RBR), 0x00);
  });

  it('receives its own break in loopback', () => {
    const rig = new Rig();
    rig.out(MCR, LOOP);
    rig.out(LCR, 0x43);
    assert.equal(rig.in(LSR) & 0x11, 0x11);
    assert.equal(rig.in(RBR), 0);
  });

  it('empties the receiver by FCR bit 1, and when the FIFO is switched on or off', () => {
    for (const fcr of [0x03, 0x00]) {
      const rig = new Rig();
      rig.fifo();
      rig.uart.send(bytes('abc'));
      rig.passCharacters(3);
      rig.out(FCR, fcr);
      assert.equal(rig.in(LSR) & 0x01, 0);
    }
  });
});

describe('machine/devices: 16550A interrupts', () => {
  it('received data: raised by a character, cleared by reading it', () => {
    const rig = new Rig();
    rig.out(IER, 0x01);
    rig.uart.send(bytes('ab'));
    rig.passCharacters(1);
    assert.equal(rig.irq, true);
    assert.equal(rig.in(IIR), 0x04);
    rig.in(RBR);
    assert.equal(rig.irq, false);
    assert.equal(rig.in(IIR), 0x01);
    rig.passCharacters(1);
    assert.equal(rig.irq, true);
  });

  it('FIFO trigger levels 1, 4, 8, 14', () => {
    [1, 4, 8, 14].forEach((level, index) => {
      const rig = new Rig();
      rig.fifo(index << 6);
      rig.out(IER, 0x01);
      rig.uart.send(bytes('0123456789abcdef'));
      for (let received = 1; received <= level; received++) {
        rig.pass(CHARACTER);
        assert.equal(rig.irq, received === level, `level ${level} at ${received}`);
      }
      assert.equal(rig.in(IIR), 0xc4);
    });
  });

  it('character time-out: four character times without anything, FIFO not empty', () => {
    const rig = new Rig();
    rig.fifo(0x80);
    rig.out(IER, 0x01);
    rig.uart.send(bytes('abc'));
    rig.passCharacters(3);
    rig.pass(4 * CHARACTER - 2);
    assert.equal(rig.irq, false);
    rig.pass(2);
    assert.equal(rig.in(IIR), 0xcc);
    // Reading a character clears it and starts the time anew.
    rig.in(RBR);
    assert.equal(rig.irq, false);
    rig.pass(4 * CHARACTER);
    assert.equal(rig.in(IIR), 0xcc);
    rig.in(RBR);
    rig.in(RBR);
    rig.pass(10 * CHARACTER);
    assert.equal(rig.irq, false);
  });

  it('holding register empty: at once when enabled, again after each character, cleared by reading IIR or writing', () => {
    const rig = new Rig();
    rig.out(IER, 0x02);
    assert.equal(rig.irq, true);
    assert.equal(rig.in(IIR), 0x02);
    assert.equal(rig.in(IIR), 0x01);
    assert.equal(rig.irq, false);
    // Enabled anew: again (Linux's THRE test depends on it).
    rig.out(IER, 0x00);
    rig.out(IER, 0x02);
    assert.equal(rig.irq, true);
    rig.out(THR, 0x41);
    // The character went on to the shift register: empty again.
    assert.equal(rig.irq, true);
    rig.in(IIR);
    rig.out(THR, 0x42);
    assert.equal(rig.irq, false);
    rig.passCharacters(1);
    assert.equal(rig.irq, true);
  });

  it('FIFO empty: one interrupt for the whole FIFO', () => {
    const rig = new Rig();
    rig.fifo();
    rig.out(IER, 0x02);
    rig.in(IIR);
    const before = rig.rises;
    for (const byte of bytes('0123456789abcdef!')) {
      rig.out(THR, byte);
    }
    rig.in(IIR);
    const started = rig.rises;
    rig.passCharacters(20);
    assert.equal(rig.rises, started + 1);
    assert.ok(started <= before + 1);
    assert.equal(rig.sent.length, 17);
  });

  it('line status: overrun and break, cleared by reading LSR', () => {
    const rig = new Rig();
    rig.out(IER, 0x04);
    rig.uart.sendBreak();
    rig.passCharacters(1);
    assert.equal(rig.irq, true);
    assert.equal(rig.in(IIR), 0x06);
    rig.in(LSR);
    assert.equal(rig.irq, false);
  });

  it('line status: a break further down the FIFO interrupts when it comes to the top', () => {
    const rig = new Rig();
    rig.fifo();
    rig.out(IER, 0x04);
    rig.uart.send(bytes('a'));
    rig.uart.sendBreak();
    rig.passCharacters(2);
    assert.equal(rig.irq, false);
    rig.in(RBR);
    assert.equal(rig.irq, true);
  });

  it('modem status: each change, cleared by reading MSR', () => {
    const rig = new Rig();
    rig.out(IER, 0x08);
    // Into loopback: CTS, DSR and DCD follow RTS, DTR and OUT2, all 1 here; RI follows OUT1.
    rig.out(MCR, LOOP | 0x0b);
    assert.equal(rig.in(MSR), 0xb0);
    rig.out(MCR, LOOP | 0x0e);
    // DTR fell (DSR changed), OUT1 rose (RI has no delta for that).
    assert.equal(rig.in(IIR), 0x00);
    assert.equal(rig.in(MSR), 0xd2);
    assert.equal(rig.in(IIR), 0x01);
    rig.out(MCR, LOOP | 0x0a);
    assert.equal(rig.in(MSR), 0x94);
    rig.out(MCR, LOOP);
    assert.equal(rig.in(MSR), 0x09);
  });

  it('priority: line status, received data, transmitter, modem', () => {
    const rig = new Rig();
    rig.out(MCR, LOOP | 0x0f);
    rig.in(MSR);
    rig.out(MCR, LOOP);
    rig.out(IER, 0x0f);
    rig.out(LCR, 0x43);
    const causes: number[] = [];
    causes.push(rig.in(IIR));
    rig.in(LSR);
    causes.push(rig.in(IIR));
    rig.in(RBR);
    causes.push(rig.in(IIR));
    causes.push(rig.in(IIR));
    rig.in(MSR);
    causes.push(rig.in(IIR));
    assert.deepEqual(causes, [0x06, 0x04, 0x02, 0x00, 0x01]);
  });

  it('reaches the bus only through OUT2, and not in loopback', () => {
    const rig = new Rig();
    rig.out(IER, 0x02);
    assert.equal(rig.irq, true);
    rig.out(MCR, 0x03);
    assert.equal(rig.irq, false);
    rig.out(MCR, DTR_RTS_OUT2 | LOOP);
    assert.equal(rig.irq, false);
    rig.out(MCR, DTR_RTS_OUT2);
    assert.equal(rig.irq, true);
  });

  it('is silent with IER 0', () => {
    const rig = new Rig();
    rig.uart.send(bytes('abc'));
    rig.out(THR, 1);
    rig.passCharacters(20);
    assert.equal(rig.irq, false);
    assert.equal(rig.in(IIR), 0x01);
  });
});

describe('machine/devices: 16550A state', () => {
  it('goes on from its state in the middle of sending and receiving', () => {
    const [first, second] = [new Rig(), new Rig()];
    first.fifo(0x40);
    first.out(IER, 0x0f);
    first.uart.send(bytes('typed ahead'));
    for (const byte of bytes('on its way')) {
      first.out(THR, byte);
    }
    first.pass(3 * CHARACTER + 1234);
    second.count = first.count;
    second.uart.setState(JSON.parse(JSON.stringify(first.uart.getState())) as ReturnType<Uart16550['getState']>);
    second.events.setState(first.events.getState());
    second.irq = first.irq;
    first.sent = [];
    for (const rig of [first, second]) {
      rig.pass(50 * CHARACTER);
    }
    assert.equal(text(second.sent), text(first.sent));
    assert.deepEqual(second.uart.getState(), first.uart.getState());
    assert.deepEqual(second.events.getState(), first.events.getState());
    assert.equal(second.irq, first.irq);
  });
});

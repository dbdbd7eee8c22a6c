import assert from 'node:assert/strict';
import { PicPair } from '../../../src/machine/devices/pic8259';

const MASTER = 0x20;
const SLAVE = 0xa0;

/** The initialisation that Linux does (arch/x86/kernel/i8259.c, init_8259A): vectors 0x30 and 0x38, cascade on 2. */
function linuxPics({ autoEoi = false, icw1 = 0x11, icw4 = 0x01 } = {}): PicPair {
  const pics = new PicPair();
  const out = (port: number, value: number): void => pics.writePort(port, value);
  out(MASTER + 1, 0xff);
  out(MASTER, icw1);
  out(MASTER + 1, 0x30);
  out(MASTER + 1, 0x04);
  out(MASTER + 1, icw4 | (autoEoi ? 2 : 0));
  out(SLAVE, icw1);
  out(SLAVE + 1, 0x38);
  out(SLAVE + 1, 0x02);
  out(SLAVE + 1, icw4);
  out(MASTER + 1, 0x00);
  out(SLAVE + 1, 0x00);
  return pics;
}

const pulse = (pics: PicPair, irq: number): void => {
  pics.setLine(irq, false);
  pics.setLine(irq, true);
};
const eoi = (pics: PicPair, port = MASTER): void => pics.writePort(port, 0x20);
const isr = (pics: PicPair, port = MASTER): number => {
  pics.writePort(port, 0x0b);
  return pics.readPort(port);
};
const irr = (pics: PicPair, port = MASTER): number => {
  pics.writePort(port, 0x0a);
  return pics.readPort(port);
};

describe('machine/devices: 8259A pair', () => {
  it('is silent until it is initialised', () => {
    const pics = new PicPair();
    pics.setLine(0, true);
    assert.equal(pics.requesting, false);
  });

  it('is silent in the middle of its initialisation', () => {
    const pics = linuxPics();
    pics.writePort(MASTER, 0x11);
    pics.writePort(MASTER + 1, 0x30);
    pulse(pics, 1);
    assert.equal(pics.requesting, false);
    pics.writePort(MASTER + 1, 0x04);
    assert.equal(pics.requesting, false);
    pics.writePort(MASTER + 1, 0x01);
    assert.equal(pics.requesting, true);
  });

  it('gives each line its vector', () => {
    for (let irq = 0; irq < 16; irq++) {
      if (irq === 2) {
        continue;
      }
      const pics = linuxPics();
      pics.setLine(irq, true);
      assert.equal(pics.requesting, true);
      assert.equal(pics.acknowledge(), 0x30 + irq);
      assert.equal(pics.requesting, false);
    }
  });

  it('ignores the low three bits of ICW2', () => {
    const pics = new PicPair();
    pics.writePort(MASTER, 0x11);
    for (const value of [0x77, 0x04, 0x01]) {
      pics.writePort(MASTER + 1, value);
    }
    pics.setLine(3, true);
    assert.equal(pics.acknowledge(), 0x73);
  });

  it('serves the highest priority first: 0, 1, 8…15, 3…7', () => {
    const pics = linuxPics();
    const lines = [7, 6, 5, 4, 3, 15, 14, 13, 12, 11, 10, 9, 8, 1, 0];
    lines.forEach((irq) => pics.setLine(irq, true));
    const order: number[] = [];
    while (pics.requesting) {
      const irq = pics.acknowledge() - 0x30;
      order.push(irq);
      if (irq >= 8) {
        eoi(pics, SLAVE);
      }
      eoi(pics);
    }
    assert.deepEqual(order, [0, 1, 8, 9, 10, 11, 12, 13, 14, 15, 3, 4, 5, 6, 7]);
  });

  it('nests: a higher priority interrupts a lower one in service, not the reverse', () => {
    const pics = linuxPics();
    pulse(pics, 4);
    pics.acknowledge();
    pulse(pics, 5);
    assert.equal(pics.requesting, false);
    pulse(pics, 1);
    assert.equal(pics.acknowledge(), 0x31);
    assert.equal(isr(pics), 0x12);
    eoi(pics);
    assert.equal(isr(pics), 0x10);
    eoi(pics);
    assert.equal(pics.acknowledge(), 0x35);
  });

  it('does not ask for masked lines but remembers their edges', () => {
    const pics = linuxPics();
    pics.writePort(MASTER + 1, 0x10);
    assert.equal(pics.readPort(MASTER + 1), 0x10);
    pulse(pics, 4);
    assert.equal(pics.requesting, false);
    assert.equal(irr(pics), 0x10);
    pics.writePort(MASTER + 1, 0x00);
    assert.equal(pics.acknowledge(), 0x34);
  });

  it('takes an edge once, however long the line stays high', () => {
    const pics = linuxPics();
    pics.setLine(4, true);
    pics.acknowledge();
    eoi(pics);
    pics.setLine(4, true);
    assert.equal(pics.requesting, false);
    pulse(pics, 4);
    assert.equal(pics.requesting, true);
  });

  it('forgets an edge that falls before it is acknowledged, and answers it as spurious IRQ 7 with nothing in service', () => {
    const pics = linuxPics();
    pics.setLine(4, true);
    pics.setLine(4, false);
    assert.equal(pics.requesting, false);
    assert.equal(pics.acknowledge(), 0x37);
    assert.equal(isr(pics), 0x00);
  });

  it('answers a slave line that fell as spurious IRQ 15, with the cascade in service at the master', () => {
    const pics = linuxPics();
    // Hold the master's request by hiding the slave's fall behind a mask of the slave: its output drops at the acknowledge itself.
    pics.setLine(12, true);
    pics.writePort(MASTER + 1, 0x00);
    const slave = (pics as unknown as { slave: { setLine(line: number, high: boolean): void } }).slave;
    slave.setLine(4, false);
    assert.equal(pics.acknowledge(), 0x3f);
    assert.equal(isr(pics), 0x04);
    assert.equal(isr(pics, SLAVE), 0x00);
  });

  it('repeats a level-triggered line until it falls (edge/level register)', () => {
    const pics = linuxPics();
    pics.writePort(0x4d0, 0x20);
    pics.writePort(0x4d1, 0x02);
    assert.equal(pics.readPort(0x4d0), 0x20);
    assert.equal(pics.readPort(0x4d1), 0x02);
    for (const [irq, port] of [
      [5, MASTER],
      [9, SLAVE],
    ]) {
      pics.setLine(irq, true);
      for (let round = 0; round < 3; round++) {
        assert.equal(pics.acknowledge(), 0x30 + irq);
        if (port === SLAVE) {
          eoi(pics, SLAVE);
        }
        eoi(pics);
        assert.equal(pics.requesting, true);
      }
      pics.setLine(irq, false);
      assert.equal(pics.requesting, false);
    }
  });

  it('keeps IRQ 0, 1, 2, 8 and 13 edge-triggered whatever the edge/level register is told', () => {
    const pics = linuxPics();
    pics.writePort(0x4d0, 0xff);
    pics.writePort(0x4d1, 0xff);
    assert.equal(pics.readPort(0x4d0), 0xf8);
    assert.equal(pics.readPort(0x4d1), 0xde);
  });

  it('makes every line level-triggered by ICW1.LTIM', () => {
    const pics = linuxPics({ icw1: 0x19 });
    pics.setLine(1, true);
    assert.equal(pics.acknowledge(), 0x31);
    eoi(pics);
    assert.equal(pics.acknowledge(), 0x31);
  });

  it('starts anew with ICW1: mask, service and edges are cleared, IRR is read', () => {
    const pics = linuxPics();
    pics.setLine(3, true);
    pics.acknowledge();
    pics.setLine(4, true);
    pics.writePort(MASTER + 1, 0xff);
    pics.writePort(MASTER, 0x0b);
    pics.writePort(MASTER, 0x11);
    pics.writePort(MASTER + 1, 0x30);
    pics.writePort(MASTER + 1, 0x04);
    pics.writePort(MASTER + 1, 0x01);
    assert.equal(pics.readPort(MASTER + 1), 0x00);
    assert.equal(pics.readPort(MASTER), 0x00);
    assert.equal(isr(pics), 0x00);
    // Lines 3 and 4 are still high, but must rise again.
    assert.equal(pics.requesting, false);
    pulse(pics, 4);
    assert.equal(pics.acknowledge(), 0x34);
  });

  it('works alone (ICW1.SNGL), without ICW3', () => {
    const pics = new PicPair();
    for (const [port, value] of [
      [MASTER, 0x13],
      [MASTER + 1, 0x20],
      [MASTER + 1, 0x01],
    ]) {
      pics.writePort(port, value);
    }
    pics.setLine(3, true);
    assert.equal(pics.acknowledge(), 0x23);
  });

  it('needs no ICW4 where ICW1.IC4 is 0', () => {
    const pics = new PicPair();
    pics.writePort(MASTER, 0x12);
    pics.writePort(MASTER + 1, 0x40);
    pics.setLine(6, true);
    assert.equal(pics.acknowledge(), 0x46);
  });

  describe('end of interrupt', () => {
    it('specific: ends the line it names', () => {
      const pics = linuxPics();
      pulse(pics, 4);
      pics.acknowledge();
      pulse(pics, 1);
      pics.acknowledge();
      pics.writePort(MASTER, 0x64);
      assert.equal(isr(pics), 0x02);
      pics.writePort(MASTER, 0x61);
      assert.equal(isr(pics), 0x00);
    });

    it('automatic: nothing stays in service', () => {
      const pics = linuxPics({ autoEoi: true });
      pulse(pics, 5);
      assert.equal(pics.acknowledge(), 0x35);
      assert.equal(isr(pics), 0x00);
      pulse(pics, 6);
      assert.equal(pics.acknowledge(), 0x36);
    });

    it('a second slave interrupt waits for the slave’s end only, then is a new edge for the master', () => {
      const pics = linuxPics();
      pulse(pics, 9);
      pulse(pics, 10);
      assert.equal(pics.acknowledge(), 0x39);
      eoi(pics, SLAVE);
      assert.equal(pics.requesting, false);
      eoi(pics);
      assert.equal(pics.acknowledge(), 0x3a);
    });

    it('OCW2 without EOI (no operation) changes nothing', () => {
      const pics = linuxPics();
      pulse(pics, 3);
      pics.acknowledge();
      pics.writePort(MASTER, 0x40);
      assert.equal(isr(pics), 0x08);
    });
  });

  describe('rotation', () => {
    it('set priority: line 3 lowest makes 4 the highest', () => {
      const pics = linuxPics();
      pics.writePort(MASTER, 0xc3);
      for (const irq of [0, 3, 4, 7]) {
        pulse(pics, irq);
      }
      const order: number[] = [];
      while (pics.requesting) {
        order.push(pics.acknowledge() - 0x30);
        eoi(pics);
      }
      assert.deepEqual(order, [4, 7, 0, 3]);
    });

    it('rotate on non-specific EOI: what was served becomes the lowest', () => {
      const pics = linuxPics();
      for (const irq of [0, 1]) {
        pulse(pics, irq);
      }
      assert.equal(pics.acknowledge(), 0x30);
      pulse(pics, 0);
      pics.writePort(MASTER, 0xa0);
      assert.equal(pics.acknowledge(), 0x31);
      pics.writePort(MASTER, 0xa0);
      assert.equal(pics.acknowledge(), 0x30);
    });

    it('rotate on specific EOI', () => {
      const pics = linuxPics();
      pulse(pics, 5);
      pics.acknowledge();
      pics.writePort(MASTER, 0xe5);
      assert.equal(isr(pics), 0x00);
      pulse(pics, 6);
      pulse(pics, 0);
      assert.equal(pics.acknowledge(), 0x36);
    });

    it('rotate in automatic EOI mode, set and cleared', () => {
      const pics = linuxPics({ autoEoi: true });
      pics.writePort(MASTER, 0x80);
      pulse(pics, 0);
      pics.acknowledge();
      pulse(pics, 0);
      pulse(pics, 7);
      assert.equal(pics.acknowledge(), 0x37);
      assert.equal(pics.acknowledge(), 0x30);
      pics.writePort(MASTER, 0x00);
      pulse(pics, 1);
      pics.acknowledge();
      pulse(pics, 1);
      pulse(pics, 2);
      assert.equal(pics.acknowledge(), 0x31);
    });
  });

  describe('special modes', () => {
    it('special mask mode lets lower lines through while one is in service and masked', () => {
      const pics = linuxPics();
      pulse(pics, 1);
      pics.acknowledge();
      pics.writePort(MASTER + 1, 0x02);
      pics.writePort(MASTER, 0x68);
      pulse(pics, 4);
      assert.equal(pics.acknowledge(), 0x34);
      // A non-specific EOI does not end the masked line.
      eoi(pics);
      assert.equal(isr(pics), 0x02);
      pics.writePort(MASTER, 0x48);
      pulse(pics, 4);
      assert.equal(pics.requesting, false);
    });

    it('special fully nested mode lets a slave’s higher line through while another of its own is in service', () => {
      for (const icw4 of [0x01, 0x11]) {
        const pics = linuxPics({ icw4 });
        pulse(pics, 12);
        pics.acknowledge();
        pulse(pics, 8);
        assert.equal(pics.requesting, icw4 === 0x11);
      }
    });

    it('poll: a read acknowledges, and gives the line with bit 7', () => {
      const pics = linuxPics();
      pulse(pics, 5);
      pics.writePort(MASTER, 0x0c);
      assert.equal(pics.readPort(MASTER), 0x85);
      assert.equal(isr(pics), 0x20);
      pics.writePort(MASTER, 0x0c);
      assert.equal(pics.readPort(MASTER) & 0x80, 0x00);
    });
  });

  it('tells the level of INTR after each change', () => {
    const pics = linuxPics();
    const levels: boolean[] = [];
    pics.onOutput = (high) => levels.push(high);
    pics.setLine(4, true);
    pics.acknowledge();
    assert.deepEqual([levels[0], levels.at(-1)], [true, false]);
  });

  it('goes on from its state', () => {
    const first = linuxPics();
    pulse(first, 9);
    first.acknowledge();
    pulse(first, 1);
    pulse(first, 14);
    const second = new PicPair();
    second.setState(JSON.parse(JSON.stringify(first.getState())) as ReturnType<PicPair['getState']>);
    assert.deepEqual(second.getState(), first.getState());
    assert.equal(second.acknowledge(), 0x31);
    assert.equal(isr(second, SLAVE), 0x02);
  });
});

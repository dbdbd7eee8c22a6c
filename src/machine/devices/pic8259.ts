import type { PortDevice } from './bus';

/** Which initialisation word the chip expects next. */
const enum Initialisation {
  Done = 0,
  Icw2 = 2,
  Icw3 = 3,
  Icw4 = 4,
}

export interface Pic8259State {
  lines: number;
  irr: number;
  isr: number;
  imr: number;
  level: number;
  icw1: number;
  icw3: number;
  base: number;
  autoEoi: boolean;
  specialFullyNested: boolean;
  rotateInAutoEoi: boolean;
  specialMask: boolean;
  readIsr: boolean;
  poll: boolean;
  lowest: number;
  expects: number;
  initialised: boolean;
}

/**
 * One 8259A interrupt controller. Names and behaviour are those of Intel's data sheet (order 231468): initialisation words ICW1..4,
 * operation words OCW1..3. In 8086 mode only (the MCS-80 mode that ICW4.µPM = 0 selects puts a CALL on the bus, which no PC's
 * processor takes; the vector is given all the same). Buffered mode changes pins only.
 */
class Pic8259 {
  /** Levels of the input pins. */
  private lines = 0;
  private irr = 0;
  private isr = 0;
  private imr = 0;
  /** Inputs that are level-triggered, by the edge/level control register. */
  private level = 0;
  private icw1 = 0;
  private icw3 = 0;
  private base = 0;
  private autoEoi = false;
  private specialFullyNested = false;
  private rotateInAutoEoi = false;
  private specialMask = false;
  private readIsr = false;
  private poll = false;
  /** The input with the lowest priority; the one after it has the highest. */
  private lowest = 7;
  private expects: number = Initialisation.Done;
  private initialised = false;

  /** @param elcrMask inputs whose trigger mode the edge/level register can change */
  constructor(
    private readonly master: boolean,
    private readonly elcrMask: number,
  ) {}

  /** Set the level of input pin `line`, 0..7. */
  setLine(line: number, high: boolean): void {
    const bit = 1 << line;
    if (high) {
      if (!(this.lines & bit) || this.isLevel(bit)) {
        this.irr |= bit;
      }
      this.lines |= bit;
    } else {
      // A request must stay up until it is acknowledged; one that falls before leads to the spurious interrupt 7.
      this.lines &= ~bit;
      this.irr &= ~bit;
    }
  }

  /** The interrupt output. */
  output(): boolean {
    return this.candidate() >= 0;
  }

  /** The INTA sequence: the input that is served, or −1 where its request has gone (the chip then gives the vector of input 7). */
  acknowledge(): number {
    const line = this.candidate();
    if (line < 0) {
      return -1;
    }
    this.begin(line);
    return line;
  }

  /** The vector for an input. */
  vector(line: number): number {
    return this.base | line;
  }

  /** Master: whether a slave sits on the input. */
  hasSlave(line: number): boolean {
    // ICW1.SNGL says that there is no cascade at all.
    return !(this.icw1 & 0x02) && (this.icw3 & (1 << line)) !== 0;
  }

  /** A slave answers on the cascade lines only where they carry the number that its ICW3 gave it. */
  answersTo(line: number): boolean {
    return !(this.icw1 & 0x02) && (this.icw3 & 7) === line;
  }

  read(a0: number): number {
    if (this.poll) {
      // OCW3.P: this read is the acknowledge (data sheet, "Poll Command").
      this.poll = false;
      const line = this.acknowledge();
      return line < 0 ? 0x00 : 0x80 | line;
    }
    if (a0) {
      return this.imr;
    }
    return this.readIsr ? this.isr : this.irr;
  }

  write(a0: number, value: number): void {
    if (a0) {
      this.writeData(value);
    } else if (value & 0x10) {
      this.startInitialisation(value);
    } else if (value & 0x08) {
      this.writeOcw3(value);
    } else {
      this.writeOcw2(value);
    }
  }

  readElcr(): number {
    return this.level;
  }

  writeElcr(value: number): void {
    this.level = value & this.elcrMask;
    this.requestLevels();
  }

  getState(): Pic8259State {
    return {
      lines: this.lines,
      irr: this.irr,
      isr: this.isr,
      imr: this.imr,
      level: this.level,
      icw1: this.icw1,
      icw3: this.icw3,
      base: this.base,
      autoEoi: this.autoEoi,
      specialFullyNested: this.specialFullyNested,
      rotateInAutoEoi: this.rotateInAutoEoi,
      specialMask: this.specialMask,
      readIsr: this.readIsr,
      poll: this.poll,
      lowest: this.lowest,
      expects: this.expects,
      initialised: this.initialised,
    };
  }

  setState(state: Pic8259State): void {
    Object.assign(this, state);
  }

  /** ICW1.LTIM makes every input level-triggered; else the edge/level register decides. */
  private isLevel(bit: number): boolean {
    return (this.icw1 & 0x08) !== 0 || (this.level & bit) !== 0;
  }

  /** Level-triggered inputs that are high ask again (and again) until they fall. */
  private requestLevels(): void {
    this.irr |= this.icw1 & 0x08 ? this.lines : this.lines & this.level;
  }

  /** Distance of an input from the highest priority, 0..7. */
  private rank(line: number): number {
    return (line - this.lowest - 1) & 7;
  }

  /** The input to be served next, or −1. */
  private candidate(): number {
    if (!this.initialised || this.expects !== Initialisation.Done) {
      return -1;
    }
    const requests = this.irr & ~this.imr;
    if (requests === 0) {
      return -1;
    }
    for (let rank = 0; rank < 8; rank++) {
      const line = (this.lowest + 1 + rank) & 7;
      const bit = 1 << line;
      if (this.isr & bit) {
        if (this.specialMask) {
          // Special mask mode: only the input in service itself is held back.
          continue;
        }
        // Special fully nested mode: a slave's further requests pass while one of its own is in service.
        const nested = this.specialFullyNested && this.master && this.hasSlave(line) && (requests & bit) !== 0;
        return nested ? line : -1;
      }
      if (requests & bit) {
        return line;
      }
    }
    return -1;
  }

  private begin(line: number): void {
    const bit = 1 << line;
    if (!this.isLevel(bit)) {
      this.irr &= ~bit;
    }
    if (this.autoEoi) {
      if (this.rotateInAutoEoi) {
        this.lowest = line;
      }
    } else {
      this.isr |= bit;
    }
  }

  /** Data sheet, "Initialization Command Words": what ICW1 clears by itself. */
  private startInitialisation(value: number): void {
    this.icw1 = value;
    this.expects = Initialisation.Icw2;
    this.initialised = false;
    this.imr = 0;
    this.isr = 0;
    // The edge sense circuit is reset: an input must rise again to ask.
    this.irr = 0;
    this.requestLevels();
    this.lowest = 7;
    this.specialMask = false;
    this.readIsr = false;
    this.poll = false;
    this.rotateInAutoEoi = false;
    if (!(value & 0x01)) {
      this.autoEoi = false;
      this.specialFullyNested = false;
    }
  }

  private writeData(value: number): void {
    switch (this.expects) {
      case Initialisation.Icw2:
        this.base = value & 0xf8;
        this.expects = this.icw1 & 0x02 ? this.afterIcw3() : Initialisation.Icw3;
        break;
      case Initialisation.Icw3:
        this.icw3 = value;
        this.expects = this.afterIcw3();
        break;
      case Initialisation.Icw4:
        this.autoEoi = (value & 0x02) !== 0;
        this.specialFullyNested = (value & 0x10) !== 0;
        this.expects = Initialisation.Done;
        break;
      default:
        this.imr = value;
        return;
    }
    this.initialised = this.expects === Initialisation.Done;
  }

  private afterIcw3(): number {
    return this.icw1 & 0x01 ? Initialisation.Icw4 : Initialisation.Done;
  }

  /** OCW2: R, SL, EOI in bits 7..5, the level in bits 2..0. */
  private writeOcw2(value: number): void {
    const line = value & 7;
    switch (value >> 5) {
      case 0: // clear rotate in automatic EOI mode
        this.rotateInAutoEoi = false;
        break;
      case 1: // non-specific EOI
        this.endHighest();
        break;
      case 2: // no operation
        break;
      case 3: // specific EOI
        this.isr &= ~(1 << line);
        break;
      case 4: // set rotate in automatic EOI mode
        this.rotateInAutoEoi = true;
        break;
      case 5: {
        // rotate on non-specific EOI
        const ended = this.endHighest();
        if (ended >= 0) {
          this.lowest = ended;
        }
        break;
      }
      case 6: // set priority
        this.lowest = line;
        break;
      case 7: // rotate on specific EOI
        this.isr &= ~(1 << line);
        this.lowest = line;
        break;
    }
  }

  /** Clear the in-service bit of highest priority; in special mask mode a masked one is passed over. */
  private endHighest(): number {
    let best = -1;
    for (let line = 0; line < 8; line++) {
      const bit = 1 << line;
      if (this.isr & bit && !(this.specialMask && this.imr & bit) && (best < 0 || this.rank(line) < this.rank(best))) {
        best = line;
      }
    }
    if (best >= 0) {
      this.isr &= ~(1 << best);
    }
    return best;
  }

  /** OCW3: ESMM and SMM in bits 6 and 5, P in bit 2, RR and RIS in bits 1 and 0. */
  private writeOcw3(value: number): void {
    if (value & 0x40) {
      this.specialMask = (value & 0x20) !== 0;
    }
    if (value & 0x04) {
      this.poll = true;
    } else if (value & 0x02) {
      this.readIsr = (value & 0x01) !== 0;
    }
  }
}

/** The input of the master on which a PC has its slave. */
const CASCADE = 2;

/**
 * The PC's pair of 8259A: master at 0x20, slave at 0xa0 on the master's input 2, and the edge/level control registers of
 * EISA and PCI machines at 0x4d0 and 0x4d1 (IRQ 0, 1, 2, 8 and 13 are always edge-triggered).
 */
export class PicPair implements PortDevice {
  private readonly master = new Pic8259(true, 0xf8);
  private readonly slave = new Pic8259(false, 0xde);

  /** Told the level of the interrupt output (the processor's INTR pin) after anything that may have changed it. */
  onOutput: (high: boolean) => void = () => {};

  static readonly PORTS: readonly (readonly [number, number])[] = [
    [0x20, 2],
    [0xa0, 2],
    [0x4d0, 2],
  ];

  /** Set the level of interrupt line `irq`, 0..15 (2 is the cascade and has no pin). */
  setLine(irq: number, high: boolean): void {
    if (irq < 8) {
      this.master.setLine(irq, high);
    } else {
      this.slave.setLine(irq - 8, high);
    }
    this.update();
  }

  /** Whether the processor's INTR pin is high. */
  get requesting(): boolean {
    return this.master.output();
  }

  /**
   * The processor's interrupt-acknowledge cycles: gives the vector and puts the request in service. A request that has fallen since
   * is answered with the vector of input 7 (IRQ 7 or 15) and nothing in service: a spurious interrupt.
   */
  acknowledge(): number {
    const line = this.master.acknowledge();
    let vector: number;
    if (line < 0) {
      vector = this.master.vector(7);
    } else if (this.master.hasSlave(line) && this.slave.answersTo(line)) {
      const slaveLine = this.slave.acknowledge();
      // The slave's output falls for a moment, so that what else it has to ask is a new edge for the master.
      this.master.setLine(CASCADE, false);
      vector = this.slave.vector(slaveLine < 0 ? 7 : slaveLine);
    } else {
      vector = this.master.vector(line);
    }
    this.update();
    return vector;
  }

  readPort(port: number): number {
    switch (port) {
      case 0x4d0:
        return this.master.readElcr();
      case 0x4d1:
        return this.slave.readElcr();
    }
    const value = (port < 0x80 ? this.master : this.slave).read(port & 1);
    // A read may have been a poll.
    this.update();
    return value;
  }

  writePort(port: number, value: number): void {
    if (port === 0x4d0) {
      this.master.writeElcr(value);
    } else if (port === 0x4d1) {
      this.slave.writeElcr(value);
    } else {
      (port < 0x80 ? this.master : this.slave).write(port & 1, value);
    }
    this.update();
  }

  getState(): { master: Pic8259State; slave: Pic8259State } {
    return { master: this.master.getState(), slave: this.slave.getState() };
  }

  setState(state: { master: Pic8259State; slave: Pic8259State }): void {
    this.master.setState(state.master);
    this.slave.setState(state.slave);
    this.onOutput(this.requesting);
  }

  /** The slave's output drives the master's input 2. */
  private update(): void {
    this.master.setLine(CASCADE, this.slave.output());
    this.onOutput(this.master.output());
  }
}

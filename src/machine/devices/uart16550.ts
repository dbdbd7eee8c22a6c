import type { PortDevice } from './bus';
import type { EventQueue } from './events';
import { INSTRUCTIONS_PER_SECOND } from './time';

/** Crystal of a PC's serial port divided by 16: the baud rate at divisor 1. */
const BASE_BAUD = 115_200;
const FIFO_SIZE = 16;
/** Instructions that a byte takes on the line in 'fast' speed: a microsecond. */
const FAST_CHARACTER = 100;

/** Interrupt enable register. */
const enum Ier {
  ReceivedData = 0x01,
  TransmitterEmpty = 0x02,
  LineStatus = 0x04,
  ModemStatus = 0x08,
}

/** Interrupt identification register, by falling priority. */
const enum Iir {
  LineStatus = 0x06,
  ReceivedData = 0x04,
  CharacterTimeout = 0x0c,
  TransmitterEmpty = 0x02,
  ModemStatus = 0x00,
  None = 0x01,
}

/** Line status register. */
const enum Lsr {
  DataReady = 0x01,
  Overrun = 0x02,
  Parity = 0x04,
  Framing = 0x08,
  Break = 0x10,
  TransmitterHoldingEmpty = 0x20,
  TransmitterEmpty = 0x40,
  FifoError = 0x80,
}

const LSR_CHARACTER_ERRORS = Lsr.Parity | Lsr.Framing | Lsr.Break;

/** Modem control register. */
const enum Mcr {
  Dtr = 0x01,
  Rts = 0x02,
  Out1 = 0x04,
  Out2 = 0x08,
  Loop = 0x10,
}

/** Modem status register: lines in the upper half, their changes in the lower. */
const enum Msr {
  DeltaCts = 0x01,
  DeltaDsr = 0x02,
  TrailingRi = 0x04,
  DeltaDcd = 0x08,
  Cts = 0x10,
  Dsr = 0x20,
  Ri = 0x40,
  Dcd = 0x80,
}

/** Line control register. */
const enum Lcr {
  WordLength = 0x03,
  StopBits = 0x04,
  Parity = 0x08,
  SetBreak = 0x40,
  DivisorLatch = 0x80,
}

/** FIFO trigger levels by FCR bits 7..6. */
const TRIGGER = [1, 4, 8, 14];

export interface Uart16550State {
  ier: number;
  lcr: number;
  mcr: number;
  /** FCR bits that stay: 0 (enable), 3 (DMA mode), 6 and 7 (trigger). */
  fcr: number;
  scratch: number;
  divisor: number;
  /** Overrun, kept until the line status is read. */
  overrun: boolean;
  lineStatusPending: boolean;
  modemLines: number;
  modemDeltas: number;
  /** Characters received, each with its error bits at 8 and up. */
  received: number[];
  transmit: number[];
  /** The character in the transmitter's shift register, or −1. */
  shifting: number;
  emptyPending: boolean;
  timeout: boolean;
  /** What the far end has sent and the line has not brought yet. */
  line: number[];
  lastReceived: number;
}

/**
 * A 16550A serial port (National Semiconductor data sheet, PC16550D). The far end is a terminal that asserts DSR, CTS and DCD and
 * waits while the receiver is full, so that typed-ahead characters are not lost.
 */
export class Uart16550 implements PortDevice {
  private ier = 0;
  private lcr = 0;
  private mcr = 0;
  private fcr = 0;
  private scratch = 0;
  private divisor = 1;
  private overrun = false;
  private lineStatusPending = false;
  private modemLines: number = Msr.Cts | Msr.Dsr | Msr.Dcd;
  private modemDeltas = 0;
  private received: number[] = [];
  private transmit: number[] = [];
  private shifting = -1;
  private emptyPending = false;
  private timeout = false;
  private line: number[] = [];
  /** What an empty receiver buffer reads as: the last character again. */
  private lastReceived = 0;

  private readonly transmitSlot: number;
  private readonly receiveSlot: number;
  private readonly timeoutSlot: number;

  /**
   * @param name for the event slots, such as 'com1'
   * @param speed 'baud': a character takes as long as its bits do; 'fast': a microsecond
   * @param setIrq the line to the interrupt controller
   * @param output hears each character when it has left the transmitter
   */
  constructor(
    name: string,
    private readonly base: number,
    private readonly events: EventQueue,
    private readonly now: () => number,
    private readonly speed: 'baud' | 'fast',
    private readonly setIrq: (high: boolean) => void,
    private readonly output: (byte: number) => void,
  ) {
    this.transmitSlot = events.reserve(`${name}-transmit`, (count) => this.transmitted(count));
    this.receiveSlot = events.reserve(`${name}-receive`, (count) => this.arrive(count));
    this.timeoutSlot = events.reserve(`${name}-timeout`, () => {
      this.timeout = this.received.length > 0;
      this.updateInterrupt();
    });
  }

  /** The far end sends; the characters arrive one after the other at the line's speed. */
  send(bytes: Iterable<number>): void {
    for (const byte of bytes) {
      this.line.push(byte & 0xff);
    }
    this.awaitArrival(this.now());
  }

  /** The far end sends a break: a character of zeros with the break bit. */
  sendBreak(): void {
    this.line.push((Lsr.Break | Lsr.Framing) << 8);
    this.awaitArrival(this.now());
  }

  readPort(port: number): number {
    const latch = (this.lcr & Lcr.DivisorLatch) !== 0;
    switch (port - this.base) {
      case 0:
        return latch ? this.divisor & 0xff : this.readData();
      case 1:
        return latch ? this.divisor >> 8 : this.ier;
      case 2:
        return this.readIdentification();
      case 3:
        return this.lcr;
      case 4:
        return this.mcr;
      case 5:
        return this.readLineStatus();
      case 6: {
        const value = this.modemLines | this.modemDeltas;
        this.modemDeltas = 0;
        this.updateInterrupt();
        return value;
      }
      default:
        return this.scratch;
    }
  }

  writePort(port: number, value: number): void {
    const latch = (this.lcr & Lcr.DivisorLatch) !== 0;
    switch (port - this.base) {
      case 0:
        if (latch) {
          this.divisor = (this.divisor & 0xff00) | value;
        } else {
          this.writeData(value);
        }
        break;
      case 1:
        if (latch) {
          this.divisor = (this.divisor & 0xff) | (value << 8);
        } else {
          this.writeInterruptEnable(value);
        }
        break;
      case 2:
        this.writeFifoControl(value);
        break;
      case 3:
        this.writeLineControl(value);
        break;
      case 4:
        this.mcr = value & 0x1f;
        this.updateModemLines();
        break;
      case 5: // line status and modem status are read only
      case 6:
        break;
      default:
        this.scratch = value;
    }
  }

  getState(): Uart16550State {
    return {
      ier: this.ier,
      lcr: this.lcr,
      mcr: this.mcr,
      fcr: this.fcr,
      scratch: this.scratch,
      divisor: this.divisor,
      overrun: this.overrun,
      lineStatusPending: this.lineStatusPending,
      modemLines: this.modemLines,
      modemDeltas: this.modemDeltas,
      received: [...this.received],
      transmit: [...this.transmit],
      shifting: this.shifting,
      emptyPending: this.emptyPending,
      timeout: this.timeout,
      line: [...this.line],
      lastReceived: this.lastReceived,
    };
  }

  setState(state: Uart16550State): void {
    Object.assign(this, state, {
      received: [...state.received],
      transmit: [...state.transmit],
      line: [...state.line],
    });
  }

  private get fifoEnabled(): boolean {
    return (this.fcr & 1) !== 0;
  }

  private get loopback(): boolean {
    return (this.mcr & Mcr.Loop) !== 0;
  }

  private get capacity(): number {
    return this.fifoEnabled ? FIFO_SIZE : 1;
  }

  /** Instructions that one character takes on the line: start bit, data, parity and stop bits at the programmed rate. */
  private get characterTime(): number {
    if (this.speed === 'fast') {
      return FAST_CHARACTER;
    }
    const data = 5 + (this.lcr & Lcr.WordLength);
    const stop = this.lcr & Lcr.StopBits ? (data === 5 ? 1.5 : 2) : 1;
    const bits = 1 + data + (this.lcr & Lcr.Parity ? 1 : 0) + stop;
    const divisor = this.divisor === 0 ? 0x10000 : this.divisor;
    return Math.ceil((bits * divisor * INSTRUCTIONS_PER_SECOND) / BASE_BAUD);
  }

  // ---- transmitter

  private writeData(value: number): void {
    this.emptyPending = false;
    if (this.transmit.length < this.capacity) {
      this.transmit.push(value);
    } else if (!this.fifoEnabled) {
      // The holding register is simply overwritten; a full FIFO drops the new character.
      this.transmit[0] = value;
    }
    if (this.shifting < 0) {
      this.shiftNext(this.now());
    }
    this.updateInterrupt();
  }

  /** Move a character from the holding register or FIFO to the shift register. */
  private shiftNext(now: number): void {
    const next = this.transmit.shift();
    if (next === undefined) {
      this.shifting = -1;
      return;
    }
    this.shifting = next & (0xff >> (3 - (this.lcr & Lcr.WordLength)));
    this.events.schedule(this.transmitSlot, now + this.characterTime);
    if (this.transmit.length === 0) {
      this.emptyPending = true;
    }
  }

  private transmitted(now: number): void {
    const character = this.shifting;
    this.shiftNext(now);
    if (this.loopback) {
      this.receive(character, now);
    } else if (!(this.lcr & Lcr.SetBreak)) {
      this.output(character);
    }
    this.updateInterrupt();
  }

  // ---- receiver

  private awaitArrival(now: number): void {
    if (this.line.length > 0 && this.events.deadline(this.receiveSlot) === Infinity && this.roomForArrival) {
      this.events.schedule(this.receiveSlot, now + this.characterTime);
    }
  }

  private get roomForArrival(): boolean {
    return !this.loopback && this.received.length < this.capacity;
  }

  private arrive(now: number): void {
    if (!this.roomForArrival) {
      return;
    }
    const character = this.line.shift();
    if (character !== undefined) {
      const mask = 0xff >> (3 - (this.lcr & Lcr.WordLength));
      this.receive((character & mask) | (character & 0xff00), now);
      this.awaitArrival(now);
      this.updateInterrupt();
    }
  }

  /** A character with its error bits comes out of the receiver's shift register. */
  private receive(character: number, now: number): void {
    if (this.received.length >= this.capacity) {
      this.overrun = true;
      this.lineStatusPending = true;
      if (!this.fifoEnabled) {
        // Without a FIFO the new character replaces the one that was not read.
        this.received[0] = character;
      }
      return;
    }
    this.received.push(character);
    if (this.received.length === 1 && character >> 8) {
      this.lineStatusPending = true;
    }
    this.restartTimeout(now);
  }

  /** "No characters have been received or removed during the last 4 character times, and there is at least one in it." */
  private restartTimeout(now: number): void {
    this.timeout = false;
    const waits = this.fifoEnabled && this.received.length > 0;
    this.events.schedule(this.timeoutSlot, waits ? now + 4 * this.characterTime : Infinity);
  }

  private readData(): number {
    const character = this.received.shift();
    const now = this.now();
    if (character !== undefined) {
      this.lastReceived = character & 0xff;
      if ((this.received[0] ?? 0) >> 8) {
        this.lineStatusPending = true;
      }
      this.restartTimeout(now);
      this.awaitArrival(now);
      this.updateInterrupt();
    }
    return this.lastReceived;
  }

  // ---- registers

  private readLineStatus(): number {
    const errors = (this.received[0] ?? 0) >> 8;
    let value = errors & LSR_CHARACTER_ERRORS;
    if (this.received.length > 0) {
      value |= Lsr.DataReady;
      // Reading clears the error bits of the character at the top.
      this.received[0] &= 0xff;
    }
    if (this.overrun) {
      value |= Lsr.Overrun;
    }
    if (this.transmit.length === 0) {
      value |= Lsr.TransmitterHoldingEmpty;
      if (this.shifting < 0) {
        value |= Lsr.TransmitterEmpty;
      }
    }
    if (this.fifoEnabled && (errors || this.received.some((character) => character >> 8))) {
      value |= Lsr.FifoError;
    }
    this.overrun = false;
    if (this.lineStatusPending) {
      this.lineStatusPending = false;
      this.updateInterrupt();
    }
    return value;
  }

  private readIdentification(): number {
    const cause = this.cause();
    if (cause === Iir.TransmitterEmpty) {
      this.emptyPending = false;
      this.updateInterrupt();
    }
    return cause | (this.fifoEnabled ? 0xc0 : 0);
  }

  private writeInterruptEnable(value: number): void {
    const enabledEmpty = value & ~this.ier & Ier.TransmitterEmpty;
    this.ier = value & 0x0f;
    if (enabledEmpty && this.transmit.length === 0) {
      // Enabling the interrupt while the holding register is empty raises it at once.
      this.emptyPending = true;
    }
    this.updateInterrupt();
  }

  private writeFifoControl(value: number): void {
    const enabled = value & 1;
    if (enabled !== (this.fcr & 1) || value & 2) {
      // "When changing from FIFO mode to 16450 mode and vice versa, data is automatically cleared from the FIFOs."
      this.received = [];
      this.timeout = false;
      this.lineStatusPending = false;
      this.events.cancel(this.timeoutSlot);
    }
    if (enabled !== (this.fcr & 1) || value & 4) {
      if (this.transmit.length > 0) {
        this.emptyPending = true;
      }
      this.transmit = [];
    }
    // The other bits can only be programmed while bit 0 is 1.
    this.fcr = enabled ? value & 0xc9 : 0;
    this.awaitArrival(this.now());
    this.updateInterrupt();
  }

  private writeLineControl(value: number): void {
    const starts = value & ~this.lcr & Lcr.SetBreak;
    this.lcr = value;
    if (starts && this.loopback) {
      this.receive((Lsr.Break | Lsr.Framing) << 8, this.now());
      this.updateInterrupt();
    }
  }

  /** In loopback the modem control outputs feed the modem status inputs; else the terminal's lines do. */
  private updateModemLines(): void {
    const before = this.modemLines;
    let lines: number = Msr.Cts | Msr.Dsr | Msr.Dcd;
    if (this.loopback) {
      lines =
        (this.mcr & Mcr.Rts ? Msr.Cts : 0) |
        (this.mcr & Mcr.Dtr ? Msr.Dsr : 0) |
        (this.mcr & Mcr.Out1 ? Msr.Ri : 0) |
        (this.mcr & Mcr.Out2 ? Msr.Dcd : 0);
    }
    const changed = before ^ lines;
    this.modemDeltas |=
      (changed & Msr.Cts ? Msr.DeltaCts : 0) |
      (changed & Msr.Dsr ? Msr.DeltaDsr : 0) |
      (before & ~lines & Msr.Ri ? Msr.TrailingRi : 0) |
      (changed & Msr.Dcd ? Msr.DeltaDcd : 0);
    this.modemLines = lines;
    this.awaitArrival(this.now());
    this.updateInterrupt();
  }

  /** The pending interrupt of highest priority among the enabled ones (data sheet, table IV). */
  private cause(): Iir {
    if (this.ier & Ier.LineStatus && this.lineStatusPending) {
      return Iir.LineStatus;
    }
    if (this.ier & Ier.ReceivedData && this.received.length > 0) {
      if (!this.fifoEnabled || this.received.length >= TRIGGER[this.fcr >> 6]) {
        return Iir.ReceivedData;
      }
      if (this.timeout) {
        return Iir.CharacterTimeout;
      }
    }
    if (this.ier & Ier.TransmitterEmpty && this.emptyPending) {
      return Iir.TransmitterEmpty;
    }
    if (this.ier & Ier.ModemStatus && this.modemDeltas) {
      return Iir.ModemStatus;
    }
    return Iir.None;
  }

  /** On a PC, OUT2 connects the interrupt to the bus; in loopback its pin is inactive. */
  private updateInterrupt(): void {
    const connected = (this.mcr & (Mcr.Out2 | Mcr.Loop)) === Mcr.Out2;
    this.setIrq(connected && this.cause() !== Iir.None);
  }
}

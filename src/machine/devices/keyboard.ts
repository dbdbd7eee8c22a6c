import type { PortDevice } from './bus';

/** Status register. */
const OUTPUT_FULL = 0x01;
const SYSTEM_FLAG = 0x04;
const LAST_WAS_COMMAND = 0x08;
const NOT_LOCKED = 0x10;
const TIMEOUT = 0x40;

/** Command byte (RAM byte 0). */
const COMMAND_INTERRUPT = 0x01;
const COMMAND_SYSTEM = 0x04;
const COMMAND_KEYBOARD_OFF = 0x10;

/** Output port. */
const OUTPUT_NOT_RESET = 0x01;
const OUTPUT_A20 = 0x02;

/** Answer of the controller where the device did not: resend. */
const NO_DEVICE = 0xfe;

export interface KeyboardState {
  status: number;
  output: number;
  outputPort: number;
  ram: number[];
  /** The command that the next byte at 0x60 belongs to, or −1. */
  awaiting: number;
}

/**
 * The 8042 keyboard controller at 0x60 and 0x64 (IBM PC/AT Technical Reference, "Keyboard controller"), with no keyboard on it: what is
 * sent to the keyboard is answered by a time-out. Its output port resets the machine (bit 0) and masters the A20 line (bit 1); this
 * machine's A20 is always open, so that bit is only remembered.
 */
export class KeyboardController implements PortDevice {
  static readonly PORTS: readonly (readonly [number, number])[] = [
    [0x60, 1],
    [0x64, 1],
  ];

  private status = NOT_LOCKED;
  private output = 0;
  private outputPort = OUTPUT_NOT_RESET | OUTPUT_A20 | 0xcc;
  private ram = [COMMAND_KEYBOARD_OFF, ...new Array<number>(31).fill(0)];
  private awaiting = -1;

  /**
   * @param setIrq1 the line to the interrupt controller
   * @param reset called when the guest pulls the processor's reset line
   */
  constructor(
    private readonly setIrq1: (high: boolean) => void,
    private readonly reset: () => void,
    private readonly log: (line: string) => void = () => {},
  ) {}

  readPort(port: number): number {
    if (port === 0x64) {
      return this.status;
    }
    this.status &= ~(OUTPUT_FULL | TIMEOUT);
    this.setIrq1(false);
    return this.output;
  }

  writePort(port: number, value: number): void {
    if (port === 0x64) {
      this.status |= LAST_WAS_COMMAND;
      this.command(value);
    } else {
      this.status &= ~LAST_WAS_COMMAND;
      this.data(value);
    }
  }

  getState(): KeyboardState {
    return {
      status: this.status,
      output: this.output,
      outputPort: this.outputPort,
      ram: [...this.ram],
      awaiting: this.awaiting,
    };
  }

  setState(state: KeyboardState): void {
    Object.assign(this, state, { ram: [...state.ram] });
  }

  /** Put a byte into the output buffer. */
  private answer(value: number, status = 0): void {
    this.output = value;
    this.status |= OUTPUT_FULL | status;
    if (this.ram[0] & COMMAND_INTERRUPT) {
      this.setIrq1(true);
    }
  }

  private command(value: number): void {
    this.awaiting = -1;
    if (value >= 0x20 && value < 0x40) {
      this.answer(this.ram[value & 0x1f]);
    } else if (value >= 0x60 && value < 0x80) {
      this.awaiting = value;
    } else if (value >= 0xf0) {
      // Pulse the output port's low bits that are 0 in the command for 6 µs.
      if (!(value & 1)) {
        this.reset();
      }
    } else {
      this.otherCommand(value);
    }
  }

  private otherCommand(value: number): void {
    switch (value) {
      case 0xa1: // controller version
        this.answer(0);
        break;
      case 0xa4: // password installed? F1 = no
        this.answer(0xf1);
        break;
      case 0xa7: // auxiliary device off and on: there is no such port, the commands do nothing
      case 0xa8:
        break;
      case 0xa9: // auxiliary interface test: clock line stuck low, since nothing is there
        this.answer(0x01);
        break;
      case 0xaa: // self test
        this.ram[0] |= COMMAND_SYSTEM;
        this.status |= SYSTEM_FLAG;
        this.answer(0x55);
        break;
      case 0xab: // keyboard interface test: no error
        this.answer(0x00);
        break;
      case 0xad:
        this.ram[0] |= COMMAND_KEYBOARD_OFF;
        break;
      case 0xae:
        this.ram[0] &= ~COMMAND_KEYBOARD_OFF;
        break;
      case 0xc0: // input port: keyboard not locked, colour display, no manufacturing jumper
        this.answer(0xa0);
        break;
      case 0xc1: // poll the input port's halves into the status; nothing there changes
      case 0xc2:
        break;
      case 0xd0:
        this.answer(this.outputPort | (this.status & OUTPUT_FULL ? 0x10 : 0));
        break;
      case 0xd1: // these take a byte at 0x60
      case 0xd2:
      case 0xd3:
      case 0xd4:
        this.awaiting = value;
        break;
      case 0xdd:
        this.setOutputPort(this.outputPort & ~OUTPUT_A20);
        break;
      case 0xdf:
        this.setOutputPort(this.outputPort | OUTPUT_A20);
        break;
      case 0xe0: // test inputs: clock and data low
        this.answer(0x00);
        break;
      default:
        this.log(`Keyboard controller: unknown command 0x${value.toString(16)} is ignored.`);
    }
  }

  private data(value: number): void {
    const command = this.awaiting;
    this.awaiting = -1;
    if (command >= 0x60 && command < 0x80) {
      this.ram[command & 0x1f] = value;
      if (command === 0x60) {
        this.status = (this.status & ~SYSTEM_FLAG) | (value & COMMAND_SYSTEM ? SYSTEM_FLAG : 0);
      }
      return;
    }
    switch (command) {
      case 0xd1:
        this.setOutputPort(value);
        break;
      case 0xd2: // as if the keyboard had sent it
        this.answer(value);
        break;
      case 0xd3: // as if the auxiliary device had sent it: without that port, also the keyboard's buffer
        this.answer(value);
        break;
      default: // for the keyboard, which is not there (0xd4: for the auxiliary device, which is not there either)
        this.ram[0] &= ~COMMAND_KEYBOARD_OFF;
        this.answer(NO_DEVICE, TIMEOUT);
    }
  }

  private setOutputPort(value: number): void {
    if (!(value & OUTPUT_A20) && this.outputPort & OUTPUT_A20) {
      this.log('Keyboard controller: the guest closes the A20 line; it stays open.');
    }
    this.outputPort = value;
    if (!(value & OUTPUT_NOT_RESET)) {
      this.reset();
    }
  }
}

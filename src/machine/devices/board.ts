import { Bus } from './bus';
import { Cmos } from './cmos';
import { Dma } from './dma8237';
import { EventQueue } from './events';
import { KeyboardController } from './keyboard';
import { PicPair } from './pic8259';
import { Pit } from './pit8254';
import { PowerControl } from './power';
import { Uart16550 } from './uart16550';

const COM1 = 0x3f8;
const COM1_IRQ = 4;
const KEYBOARD_IRQ = 1;
const CMOS_IRQ = 8;

export interface BoardOptions {
  memoryMiB: number;
  /** Seconds since 1970 at instruction 0. */
  epoch: number;
  serialSpeed: 'baud' | 'fast';
  /** The instruction count. */
  now: () => number;
  /** Level of the processor's INTR pin. */
  onInterrupt: (high: boolean) => void;
  /** A byte has left COM1. */
  onSerialOutput: (byte: number) => void;
  onReset: (cause: string) => void;
  onPowerOff: (cause: string) => void;
  log: (line: string) => void;
}

/** The ISA PC's main board: every device at its ports and on its interrupt line. */
export class Board {
  readonly bus: Bus;
  readonly pic = new PicPair();
  readonly pit: Pit;
  readonly cmos: Cmos;
  readonly com1: Uart16550;
  readonly keyboard: KeyboardController;
  readonly power: PowerControl;
  readonly dma = new Dma();

  /** @param events the machine's queue; slots reserved earlier fire first at equal counts */
  constructor(events: EventQueue, options: BoardOptions) {
    const { now, log } = options;
    const line = (irq: number) => (high: boolean) => this.pic.setLine(irq, high);
    this.bus = new Bus(log);
    this.pic.onOutput = options.onInterrupt;
    this.pit = new Pit(events, now, line(0));
    this.cmos = new Cmos(options.epoch, options.memoryMiB, events, now, line(CMOS_IRQ));
    this.com1 = new Uart16550('com1', COM1, events, now, options.serialSpeed, line(COM1_IRQ), options.onSerialOutput);
    this.keyboard = new KeyboardController(line(KEYBOARD_IRQ), () => options.onReset('the keyboard controller'), log);
    this.power = new PowerControl(options.onReset, options.onPowerOff);

    for (const [device, ports] of [
      [this.pic, PicPair.PORTS],
      [this.pit, Pit.PORTS],
      [this.cmos, Cmos.PORTS],
      [this.keyboard, KeyboardController.PORTS],
      [this.power, PowerControl.PORTS],
      [this.dma, Dma.PORTS],
    ] as const) {
      for (const [first, count] of ports) {
        this.bus.attach(device, first, count);
      }
    }
    this.bus.attach(this.com1, COM1, 8);
  }

  /** All devices' state, as plain data. */
  getState(): BoardState {
    return {
      pic: this.pic.getState(),
      pit: this.pit.getState(),
      cmos: this.cmos.getState(),
      com1: this.com1.getState(),
      keyboard: this.keyboard.getState(),
      power: this.power.getState(),
      dma: this.dma.getState(),
    };
  }

  setState(state: BoardState): void {
    this.pit.setState(state.pit);
    this.cmos.setState(state.cmos);
    this.com1.setState(state.com1);
    this.keyboard.setState(state.keyboard);
    this.power.setState(state.power);
    this.dma.setState(state.dma);
    // Last, since it drives the processor's pin.
    this.pic.setState(state.pic);
  }
}

export interface BoardState {
  pic: ReturnType<PicPair['getState']>;
  pit: ReturnType<Pit['getState']>;
  cmos: ReturnType<Cmos['getState']>;
  com1: ReturnType<Uart16550['getState']>;
  keyboard: ReturnType<KeyboardController['getState']>;
  power: ReturnType<PowerControl['getState']>;
  dma: ReturnType<Dma['getState']>;
}

import type { PortDevice } from './bus';

export interface DmaState {
  controllers: DmaControllerState[];
  pages: number[];
}

interface DmaControllerState {
  baseAddress: number[];
  baseCount: number[];
  address: number[];
  count: number[];
  mode: number[];
  command: number;
  mask: number;
  request: number;
  highByte: boolean;
}

/** One 8237A (Intel data sheet 231466): its registers. No device of this machine asks for transfers, so none take place. */
class DmaController {
  private state = masterClear();

  /** @param register 0..15: 0..7 address and count by channel, 8..15 the others */
  read(register: number): number {
    const state = this.state;
    if (register < 8) {
      const value = (register & 1 ? state.count : state.address)[register >> 1];
      return this.flipFlop() ? value >> 8 : value & 0xff;
    }
    switch (register) {
      case 8: // status: no terminal count reached; requests by software in the upper half
        return state.request << 4;
      case 13: // temporary register, of memory-to-memory transfers
        return 0;
      case 15: // mask
        return state.mask | 0xf0;
      default:
        return 0xff;
    }
  }

  write(register: number, value: number): void {
    const state = this.state;
    const channel = value & 3;
    if (register < 8) {
      const base = register & 1 ? state.baseCount : state.baseAddress;
      const current = register & 1 ? state.count : state.address;
      const index = register >> 1;
      base[index] = this.flipFlop() ? (base[index] & 0xff) | (value << 8) : (base[index] & 0xff00) | value;
      current[index] = base[index];
      return;
    }
    switch (register) {
      case 8:
        state.command = value;
        break;
      case 9:
        state.request = value & 4 ? state.request | (1 << channel) : state.request & ~(1 << channel);
        break;
      case 10:
        state.mask = value & 4 ? state.mask | (1 << channel) : state.mask & ~(1 << channel);
        break;
      case 11:
        state.mode[channel] = value;
        break;
      case 12: // clear byte pointer flip-flop
        state.highByte = false;
        break;
      case 13:
        this.state = masterClear();
        break;
      case 14: // clear mask register
        state.mask = 0;
        break;
      case 15:
        state.mask = value & 0x0f;
        break;
    }
  }

  getState(): DmaControllerState {
    return structuredClone(this.state);
  }

  setState(state: DmaControllerState): void {
    this.state = structuredClone(state);
  }

  /** Low byte first, then high. */
  private flipFlop(): boolean {
    const high = this.state.highByte;
    this.state.highByte = !high;
    return high;
  }
}

function masterClear(): DmaControllerState {
  const four = (): number[] => [0, 0, 0, 0];
  return {
    baseAddress: four(),
    baseCount: four(),
    address: four(),
    count: four(),
    mode: four(),
    command: 0,
    mask: 0x0f,
    request: 0,
    highByte: false,
  };
}

/**
 * The PC's two DMA controllers at 0x00 (bytes) and 0xc0 (words), and the page registers at 0x80..0x8f, of which 0x80 shows the
 * power-on self test's progress and serves as a delay.
 */
export class Dma implements PortDevice {
  static readonly PORTS: readonly (readonly [number, number])[] = [
    [0x00, 16],
    [0x80, 16],
    [0xc0, 32],
  ];

  private readonly controllers = [new DmaController(), new DmaController()];
  private pages = new Array<number>(16).fill(0);

  readPort(port: number): number {
    if (port >= 0xc0) {
      return this.controllers[1].read((port - 0xc0) >> 1);
    }
    return port >= 0x80 ? this.pages[port - 0x80] : this.controllers[0].read(port);
  }

  writePort(port: number, value: number): void {
    if (port >= 0xc0) {
      this.controllers[1].write((port - 0xc0) >> 1, value);
    } else if (port >= 0x80) {
      this.pages[port - 0x80] = value;
    } else {
      this.controllers[0].write(port, value);
    }
  }

  getState(): DmaState {
    return { controllers: this.controllers.map((controller) => controller.getState()), pages: [...this.pages] };
  }

  setState(state: DmaState): void {
    this.controllers.forEach((controller, index) => controller.setState(state.controllers[index]));
    this.pages = [...state.pages];
  }
}

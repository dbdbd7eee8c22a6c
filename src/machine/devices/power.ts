import type { PortDevice } from './bus';

export interface PowerState {
  port92: number;
  resetControl: number;
}

/** Bit 13 (SLP_EN) of the ACPI PM1a control register; with sleep type 0 in bits 12..10 it means "off" at the ports below. */
const SLEEP_ENABLE = 0x2000;

/**
 * What ends the machine:
 *  - system control port A, 0x92: bit 0 resets (0 → 1), bit 1 is the A20 line, which here is always open;
 *  - the reset control register, 0xcf9: bit 2 resets (0 → 1), as in Intel's PIIX3;
 *  - power-off: a word with bit 13 set, that is `outw $0x2000`, written to port 0x604 or 0xb004, where virtual PCs have their ACPI PM1a
 *    control register.
 *
 * 0xcf9 lies among the ports of PCI's configuration mechanism 1 (0xcf8..0xcff), which this machine does not have: they read all ones.
 */
export class PowerControl implements PortDevice {
  static readonly PORTS: readonly (readonly [number, number])[] = [
    [0x92, 1],
    [0x604, 2],
    [0xb004, 2],
    [0xcf8, 8],
  ];

  private port92 = 0x02;
  private resetControl = 0;

  constructor(
    private readonly reset: (cause: string) => void,
    private readonly powerOff: (cause: string) => void,
  ) {}

  readPort(port: number): number {
    switch (port) {
      case 0x92:
        return this.port92;
      case 0xcf9:
        return this.resetControl;
      default:
        return port >= 0xcf8 && port <= 0xcff ? 0xff : 0;
    }
  }

  writePort(port: number, value: number): void {
    if (port === 0x92) {
      const rises = value & ~this.port92 & 1;
      this.port92 = value | 0x02;
      if (rises) {
        this.reset('port 0x92');
      }
    } else if (port === 0xcf9) {
      const rises = value & ~this.resetControl & 4;
      this.resetControl = value & 0x0e;
      if (rises) {
        this.reset('port 0xcf9');
      }
    }
  }

  /** A doubleword at 0xcf8 addresses PCI, and is no write of 0xcf9. */
  readWide(port: number): number | undefined {
    return port >= 0xcf8 && port <= 0xcff ? 0xffffffff : undefined;
  }

  writeWide(port: number, value: number): boolean {
    if (port >= 0xcf8 && port <= 0xcff) {
      return true;
    }
    if (port === 0x604 || port === 0xb004) {
      if (value & SLEEP_ENABLE) {
        this.powerOff(`port 0x${port.toString(16)}`);
      }
      return true;
    }
    return false;
  }

  getState(): PowerState {
    return { port92: this.port92, resetControl: this.resetControl };
  }

  setState(state: PowerState): void {
    this.port92 = state.port92;
    this.resetControl = state.resetControl;
  }
}

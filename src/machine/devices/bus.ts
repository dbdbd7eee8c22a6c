/** Width of a port access in bits. */
export type PortSize = 8 | 16 | 32;

/** A device on the I/O bus. Accesses wider than a byte reach it byte by byte, as on the ISA bus, unless it claims them whole. */
export interface PortDevice {
  /** Read one byte. */
  readPort(port: number): number;
  /** Write one byte. */
  writePort(port: number, value: number): void;
  /** Read 16 or 32 bits at once; undefined to have the access broken into bytes. */
  readWide?(port: number, size: 16 | 32): number | undefined;
  /** Write 16 or 32 bits at once; false to have the access broken into bytes. */
  writeWide?(port: number, value: number, size: 16 | 32): boolean;
}

/**
 * The 64 Ki I/O ports (SDM volume 1, chapter 19). A port that no device claims reads as all ones and ignores writes, as on a bus
 * with pull-up resistors; the first read and the first write of each such port are logged.
 */
export class Bus {
  private readonly devices: (PortDevice | undefined)[] = new Array<PortDevice | undefined>(0x10000).fill(undefined);
  private readonly logged = new Set<number>();

  constructor(private readonly log: (line: string) => void = () => {}) {}

  /** Connect `device` to `count` ports from `first`. */
  attach(device: PortDevice, first: number, count = 1): void {
    for (let port = first; port < first + count; port++) {
      if (this.devices[port]) {
        throw new Error(`Port 0x${port.toString(16)} is claimed twice.`);
      }
      this.devices[port] = device;
    }
  }

  /** IN. The value is unsigned. */
  read(port: number, size: PortSize): number {
    port &= 0xffff;
    const device = this.devices[port];
    if (size === 8) {
      return device ? device.readPort(port) & 0xff : this.unknownRead(port);
    }
    const wide = device?.readWide?.(port, size);
    if (wide !== undefined) {
      return size === 16 ? wide & 0xffff : wide >>> 0;
    }
    let value = 0;
    for (let byte = 0; byte < size / 8; byte++) {
      value |= this.read(port + byte, 8) << (8 * byte);
    }
    return value >>> 0;
  }

  /** OUT. Only the low `size` bits of the value count. */
  write(port: number, value: number, size: PortSize): void {
    port &= 0xffff;
    const device = this.devices[port];
    if (size === 8) {
      if (device) {
        device.writePort(port, value & 0xff);
      } else {
        this.unknownWrite(port, value & 0xff);
      }
      return;
    }
    if (device?.writeWide?.(port, size === 16 ? value & 0xffff : value >>> 0, size)) {
      return;
    }
    for (let byte = 0; byte < size / 8; byte++) {
      this.write(port + byte, (value >>> (8 * byte)) & 0xff, 8);
    }
  }

  private unknownRead(port: number): number {
    if (!this.logged.has(port)) {
      this.logged.add(port);
      this.log(`Read of unknown port 0x${port.toString(16)} gives all ones.`);
    }
    return 0xff;
  }

  private unknownWrite(port: number, value: number): void {
    const key = port | 0x10000;
    if (!this.logged.has(key)) {
      this.logged.add(key);
      this.log(`Write of 0x${value.toString(16)} to unknown port 0x${port.toString(16)} is ignored.`);
    }
  }
}

/** Packets that cross the loopback interface, taken at the kernel's own transmit function `loopback_xmit` (drivers/net/loopback.c). */

import { MemoryError } from '../debugger/target';
import { LinuxError } from './kernel';
import type { LinuxPlatform } from './platform';
import { collect, concatenate } from './sk-buff';

/** A packet as it was handed to the interface, link-layer header included. */
export interface Packet {
  /** Instruction count at which it was sent. */
  readonly count: number;
  readonly pid: number;
  readonly comm: string;
  readonly bytes: Uint8Array;
  /** Length of the packet; more than `bytes.length` where a part of it could not be read. */
  readonly length: number;
}

/** Kept at most; older packets are dropped first. */
const MAX_PACKETS = 10_000;

/** Listens at the transmit function; never stops the guest. */
export class PacketCapture {
  private readonly kept: Packet[] = [];
  private breakpoint: number | undefined;
  /** Packets dropped because there were too many. */
  dropped = 0;

  constructor(private readonly platform: LinuxPlatform) {}

  /** All kept packets, oldest first. */
  get packets(): readonly Packet[] {
    return this.kept;
  }

  /** @throws LinuxError where this kernel has no loopback interface */
  start(): void {
    if (this.breakpoint !== undefined) return;
    const { kernel, target } = this.platform;
    const address = kernel.symbol('loopback_xmit');
    if (address === undefined) throw new LinuxError('This kernel has no loopback interface (no loopback_xmit).');
    this.breakpoint = target.addBreakpoint(address, () => {
      this.take();
      return false;
    });
  }

  stop(): void {
    if (this.breakpoint === undefined) return;
    this.platform.target.removeBreakpoint(this.breakpoint);
    this.breakpoint = undefined;
  }

  /** The task in whose time a packet is sent: nothing is switching here, so the kernel's own record says which. */
  private sender(): Pick<Packet, 'pid' | 'comm'> {
    const { tasks } = this.platform;
    try {
      const task = tasks.recordedAddress();
      return task === 0 ? { pid: 0, comm: '' } : { pid: tasks.pidOf(task), comm: tasks.commOf(task) };
    } catch (error) {
      if (error instanceof MemoryError || error instanceof LinuxError) return { pid: 0, comm: '' };
      throw error;
    }
  }

  private take(): void {
    const { platform } = this;
    const { target } = platform;
    // First argument of a kernel function: i386 kernels are built with -mregparm=3, whatever the configuration.
    const skb = target.registers().eax;
    const { pid, comm } = this.sender();
    const parts: Uint8Array[] = [];
    let length = 0;
    try {
      length = platform.kernel.word('sk_buff', 'len', skb);
      collect(platform.kernel, skb, parts);
    } catch (error) {
      // A broken buffer is the guest's own affair; what could be read is kept.
      if (!(error instanceof MemoryError)) throw error;
    }
    const bytes = concatenate(parts);
    this.kept.push({ count: target.instructionCount(), pid, comm, bytes, length });
    if (this.kept.length > MAX_PACKETS) {
      this.kept.shift();
      this.dropped++;
    }
  }
}

import fs from 'node:fs';
import { DebuggerError } from '../debugger/api';
import type { PacketCapture } from '../linux/packets';
import { toPcapng } from '../linux/pcapng';
import { NANOSECONDS_PER_INSTRUCTION } from './emulator-target';
import type { BodyOf } from './protocol';

/** Answer to `sockscope/packets`: what has crossed the loopback interface, from number `start` on. */
export function packetList(capture: PacketCapture, args: { start?: unknown }): BodyOf<'sockscope/packets'> {
  const start = typeof args.start === 'number' ? args.start : 0;
  return {
    packets: capture.packets.slice(start).map(({ count, pid, comm, bytes, length }, i) => ({
      number: start + i,
      instructionCount: count,
      timeNs: count * NANOSECONDS_PER_INSTRUCTION,
      pid,
      comm,
      length,
      data: Buffer.from(bytes).toString('base64'),
    })),
    dropped: capture.dropped,
  };
}

/** Writes the packets as a pcapng file (`sockscope/exportPackets`). @throws DebuggerError */
export function exportPackets(capture: PacketCapture, args: { path?: unknown }): BodyOf<'sockscope/exportPackets'> {
  if (typeof args.path !== 'string' || args.path === '')
    throw new DebuggerError('sockscope/exportPackets needs "path".');
  try {
    fs.writeFileSync(args.path, toPcapng(capture.packets, NANOSECONDS_PER_INSTRUCTION));
  } catch (error) {
    throw new DebuggerError(`The packets cannot be written: ${(error as Error).message}.`);
  }
  return { path: args.path, packets: capture.packets.length };
}

import type { DebugProtocol } from '@vscode/debugprotocol';
import { disassemble } from './disassembly';
import { memoryPlace, spaceOf } from './memory-reference';
import { hex32 } from './registers';
import type { RequestGroup, RequestHost } from './request-host';

/**
 * The protocol's requests about memory and code.
 * @param written is told of each range that a request has changed
 */
export function memoryRequests(
  host: RequestHost,
  written: (reference: string, offset: number, count: number) => void,
): RequestGroup {
  return {
    readMemory: (args: DebugProtocol.ReadMemoryArguments) => {
      const { session } = host;
      const place = memoryPlace(args.memoryReference, args.offset);
      const { address } = place;
      const count = Math.min(args.count, 0x100000000 - address);
      const bytes = session.target.readAvailable(address, count, spaceOf(place, session));
      return {
        address: hex32(address),
        data: Buffer.from(bytes).toString('base64'),
        ...(bytes.length < args.count ? { unreadableBytes: args.count - bytes.length } : {}),
      };
    },
    writeMemory: (args: DebugProtocol.WriteMemoryArguments) => {
      const { target } = host.session;
      const place = memoryPlace(args.memoryReference, args.offset);
      const { address } = place;
      const space = spaceOf(place, host.session);
      const bytes = Buffer.from(args.data, 'base64');
      const writable = args.allowPartial ? target.readAvailable(address, bytes.length, space).length : bytes.length;
      target.writeMemory(address, bytes.subarray(0, writable), space);
      written(args.memoryReference, args.offset ?? 0, writable);
      return { bytesWritten: writable };
    },
    disassemble: (args: DebugProtocol.DisassembleArguments) => ({
      instructions: disassemble(host.session, host.sourceTable, args),
    }),
  };
}

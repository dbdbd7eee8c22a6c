/** Packets as a pcapng file (draft-ietf-opsawg-pcapng), which Wireshark reads. */

import type { Packet } from './packets';

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** LINKTYPE_ETHERNET: the loopback interface has Ethernet headers of zeros. */
const ETHERNET = 1;
const OPTION_END = 0;
const OPTION_COMMENT = 1;
const OPTION_INTERFACE_NAME = 2;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_USER_APPLICATION = 4;

/**
 * A capture file.
 * @param nanosecondsPerInstruction the guest's time runs with its instruction count; time 0 is power-on
 */
export function toPcapng(packets: readonly Packet[], nanosecondsPerInstruction: number): Uint8Array {
  const writer = new BlockWriter();
  writer.block(SECTION_HEADER, (block) => {
    block.u32(BYTE_ORDER_MAGIC);
    block.u16(1);
    block.u16(0);
    // Section length: not given.
    block.u32(0xffffffff);
    block.u32(0xffffffff);
    block.option(OPTION_USER_APPLICATION, text('SockScope'));
    block.option(OPTION_END, new Uint8Array(0));
  });
  writer.block(INTERFACE_DESCRIPTION, (block) => {
    block.u16(ETHERNET);
    block.u16(0);
    block.u32(0);
    block.option(OPTION_INTERFACE_NAME, text('lo'));
    block.option(OPTION_TIME_RESOLUTION, Uint8Array.of(9));
    block.option(OPTION_END, new Uint8Array(0));
  });
  for (const packet of packets) {
    writer.block(ENHANCED_PACKET, (block) => {
      const time = BigInt(Math.round(packet.count * nanosecondsPerInstruction));
      block.u32(0);
      block.u32(Number(time >> 32n));
      block.u32(Number(time & 0xffffffffn));
      block.u32(packet.bytes.length);
      block.u32(packet.length);
      block.padded(packet.bytes);
      block.option(OPTION_COMMENT, text(`${packet.comm} (pid ${packet.pid}), instruction ${packet.count}`));
      block.option(OPTION_END, new Uint8Array(0));
    });
  }
  return writer.bytes();
}

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** Writes blocks: type, length, contents, length again; all little-endian and padded to four bytes. */
class BlockWriter {
  private buffer = new Uint8Array(4096);
  private length = 0;

  block(type: number, write: (block: BlockWriter) => void): void {
    const start = this.length;
    this.u32(type);
    this.u32(0);
    write(this);
    const size = this.length - start + 4;
    this.u32(size);
    new DataView(this.buffer.buffer).setUint32(start + 4, size, true);
  }

  u16(value: number): void {
    this.reserve(2);
    new DataView(this.buffer.buffer).setUint16(this.length, value, true);
    this.length += 2;
  }

  u32(value: number): void {
    this.reserve(4);
    new DataView(this.buffer.buffer).setUint32(this.length, value >>> 0, true);
    this.length += 4;
  }

  padded(bytes: Uint8Array): void {
    const size = (bytes.length + 3) & ~3;
    this.reserve(size);
    this.buffer.set(bytes, this.length);
    this.length += size;
  }

  option(code: number, value: Uint8Array): void {
    this.u16(code);
    this.u16(value.length);
    this.padded(value);
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.length);
  }

  private reserve(size: number): void {
    if (this.length + size <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + size));
    larger.set(this.buffer);
    this.buffer = larger;
  }
}

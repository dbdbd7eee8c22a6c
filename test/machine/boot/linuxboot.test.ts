import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readKernelImage } from '../../../src/machine/boot/elf';
import { BootError } from '../../../src/machine/boot/error';
import { type BootFiles, loadBzImage, loadElfKernel } from '../../../src/machine/boot/linuxboot';
import { readSetupHeader } from '../../../src/machine/boot/setup-header';
import { ensureGuest, type Guest } from '../../../guest/build/guest.mjs';

const MIB = 0x100000;

interface Segment {
  physical: number;
  virtual?: number;
  bytes: number[];
  memory?: number;
}

/** A small ELF executable: header, program headers, contents. */
function elf(segments: Segment[], entry: number): Uint8Array {
  const headers = 52 + 32 * segments.length;
  const file = new Uint8Array(headers + segments.reduce((sum, { bytes }) => sum + bytes.length, 0));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 1, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 3, true);
  view.setUint32(24, entry, true);
  view.setUint32(28, 52, true);
  view.setUint16(42, 32, true);
  view.setUint16(44, segments.length, true);
  let offset = headers;
  segments.forEach(({ physical, virtual, bytes, memory }, index) => {
    const at = 52 + 32 * index;
    [1, offset, virtual ?? physical, physical, bytes.length, memory ?? bytes.length].forEach((value, word) =>
      view.setUint32(at + 4 * word, value, true),
    );
    file.set(bytes, offset);
    offset += bytes.length;
  });
  return file;
}

const KERNEL = elf([{ physical: MIB, bytes: [0xf4] }], MIB);
const changed = (file: Uint8Array, offset: number, ...bytes: number[]): Uint8Array => {
  const copy = new Uint8Array(file);
  copy.set(bytes, offset);
  return copy;
};
const refuses = (action: () => unknown, message: RegExp): void => {
  assert.throws(action, (error) => {
    assert.ok(error instanceof BootError, String(error));
    assert.match(error.message, message);
    assert.match(error.message, /^[^.]*[^.].*\.$/, 'one sentence');
    return true;
  });
};

describe('machine/boot: ELF kernels', () => {
  it('loads segments at their physical addresses and zeroes what the file does not fill', () => {
    const ram = new Uint8Array(4 * MIB).fill(0xcc);
    const entry = loadElfKernel(
      ram,
      elf(
        [
          { physical: MIB, bytes: [1, 2, 3] },
          { physical: 2 * MIB, virtual: 0xc0200000, bytes: [4, 5], memory: 6 },
          { physical: 3 * MIB, bytes: [], memory: 4 },
        ],
        MIB + 1,
      ),
      {},
    );
    assert.equal(entry.eip, MIB + 1);
    assert.deepEqual([...ram.subarray(MIB, MIB + 4)], [1, 2, 3, 0xcc]);
    assert.deepEqual([...ram.subarray(2 * MIB, 2 * MIB + 7)], [4, 5, 0, 0, 0, 0, 0xcc]);
    assert.deepEqual([...ram.subarray(3 * MIB, 3 * MIB + 5)], [0, 0, 0, 0, 0xcc]);
  });

  it('takes a physical entry as it is and translates a virtual one', () => {
    const segments = [{ physical: MIB, virtual: 0xc0100000, bytes: [0x90, 0xf4] }];
    assert.equal(readKernelImage(elf(segments, MIB)).entry, MIB);
    assert.equal(readKernelImage(elf(segments, 0xc0100001)).entry, MIB + 1);
  });

  it('refuses what is not an i386 executable, in one sentence', () => {
    refuses(() => readKernelImage(new Uint8Array(0)), /not an ELF file/);
    refuses(() => readKernelImage(new TextEncoder().encode('#!/bin/sh')), /not an ELF file/);
    refuses(() => readKernelImage(changed(KERNEL, 4, 2)), /for 64-bit x86.*needs an i386 kernel/);
    refuses(() => readKernelImage(changed(KERNEL, 18, 62)), /for 64-bit x86/);
    refuses(() => readKernelImage(changed(KERNEL, 18, 40)), /another processor \(ELF machine 40\)/);
    refuses(() => readKernelImage(changed(KERNEL, 5, 2)), /another processor/);
    refuses(() => readKernelImage(changed(KERNEL, 16, 1)), /not an executable one/);
    refuses(() => readKernelImage(changed(KERNEL, 24, 0xff, 0xff)), /entry 0x10ffff lies in none of its segments/);
    refuses(() => readKernelImage(elf([], 0)), /nothing to load/);
    refuses(() => readKernelImage(changed(KERNEL, 42, 8)), /program headers are damaged/);
    refuses(
      () => readKernelImage(elf([{ physical: MIB, bytes: [1, 2], memory: 1 }], MIB)),
      /larger in the file than in/,
    );
  });

  it('refuses a file cut off anywhere', () => {
    for (let length = 4; length < KERNEL.length; length++) {
      refuses(() => readKernelImage(KERNEL.subarray(0, length)), /truncated/);
    }
  });

  it('refuses a kernel that the memory cannot hold', () => {
    const big = elf([{ physical: MIB, bytes: [0xf4], memory: 7 * MIB }], MIB);
    refuses(() => loadElfKernel(new Uint8Array(4 * MIB), big, {}), /needs memory up to 8 MiB; the machine has 4 MiB/);
  });
});

describe('machine/boot: boot_params', () => {
  const prepare = (files: BootFiles = {}, mib = 4): { ram: Uint8Array; params: DataView } => {
    const ram = new Uint8Array(mib * MIB);
    const { bootParams } = loadElfKernel(ram, KERNEL, files);
    return { ram, params: new DataView(ram.buffer, bootParams, 4096) };
  };

  it('has the signatures, the loader’s type and where the kernel starts', () => {
    const { params } = prepare();
    assert.equal(params.getUint16(0x1fe, true), 0xaa55);
    assert.equal(params.getUint32(0x202, true), 0x53726448);
    assert.equal(params.getUint8(0x210), 0xff);
    assert.equal(params.getUint8(0x211) & 1, 1);
    assert.equal(params.getUint32(0x214, true), MIB);
    // The sentinel by which Linux tells a zeroed page from a copied one.
    assert.equal(params.getUint8(0x1ef), 0);
  });

  it('maps the memory as a BIOS does', () => {
    const { params } = prepare({}, 64);
    const entries = Array.from({ length: params.getUint8(0x1e8) }, (_, index) => {
      const at = 0x2d0 + 20 * index;
      return [
        Number(params.getBigUint64(at, true)),
        Number(params.getBigUint64(at + 8, true)),
        params.getUint32(at + 16, true),
      ];
    });
    assert.deepEqual(entries, [
      [0, 0x9fc00, 1],
      [0x9fc00, 0x400, 2],
      [0xf0000, 0x10000, 2],
      [0x100000, 63 * MIB, 1],
    ]);
  });

  it('passes the command line, terminated', () => {
    const { ram, params } = prepare({ commandLine: 'console=ttyS0 quiet' });
    const at = params.getUint32(0x228, true);
    assert.equal(new TextDecoder().decode(ram.subarray(at, at + 20)), 'console=ttyS0 quiet\0');
  });

  it('takes a command line of 2047 bytes, no more, and no zero byte in it', () => {
    prepare({ commandLine: 'x'.repeat(2047) });
    refuses(() => prepare({ commandLine: 'x'.repeat(2048) }), /2048 bytes; this kernel takes at most 2047/);
    refuses(() => prepare({ commandLine: 'é'.repeat(1024) }), /2048 bytes/);
    refuses(() => prepare({ commandLine: 'a\0b' }), /zero byte/);
  });

  it('puts the initrd on whole pages at the end of memory', () => {
    const initrd = Uint8Array.from({ length: 5000 }, (_, index) => index & 0xff);
    const { ram, params } = prepare({ initrd });
    const at = params.getUint32(0x218, true);
    assert.equal(at, 4 * MIB - 8192);
    assert.equal(params.getUint32(0x21c, true), 5000);
    assert.deepEqual(ram.subarray(at, at + 5000), initrd);
  });

  it('keeps the initrd below what the kernel can reach: 896 MiB', () => {
    const { params } = prepare({ initrd: new Uint8Array(4096) }, 1000);
    assert.equal(params.getUint32(0x218, true), 0x38000000 - 4096);
  });

  it('refuses an initrd that is empty or does not fit', () => {
    refuses(() => prepare({ initrd: new Uint8Array(0) }), /initrd is empty/);
    refuses(() => prepare({ initrd: new Uint8Array(3 * MIB) }), /does not fit into 4 MiB/);
    refuses(() => prepare({ initrd: new Uint8Array(9 * MIB) }), /does not fit into 4 MiB/);
  });
});

describe('machine/boot: bzImage', () => {
  let guest: Guest;
  let image: Uint8Array;
  before(async function () {
    this.timeout(600_000);
    guest = await ensureGuest();
    image = readFileSync(guest.bzImage);
  });

  it('loads the protected-mode code at 1 MiB, enters there, and hands the header on', () => {
    const ram = new Uint8Array(64 * MIB);
    const entry = loadBzImage(ram, image, { commandLine: 'x', initrd: new Uint8Array(10) });
    const header = readSetupHeader(image);
    assert.equal(entry.eip, MIB);
    assert.deepEqual(ram.subarray(MIB, MIB + 64), new Uint8Array(image.subarray(header.payload, header.payload + 64)));
    const params = new DataView(ram.buffer, entry.bootParams, 4096);
    // init_size and the preferred address come from the file.
    const view = new DataView(image.buffer, image.byteOffset);
    for (const offset of [0x206, 0x238, 0x258, 0x260]) {
      assert.equal(params.getUint32(offset, true), view.getUint32(offset, true));
    }
    assert.equal(params.getUint8(0x210), 0xff);
  });

  it('says what it needs', () => {
    const header = readSetupHeader(image);
    assert.ok(header.version >= 0x020c);
    assert.equal(header.commandLineSize, 2047);
    // It unpacks to 16 MiB and beyond.
    assert.ok(header.end > 16 * MIB && header.end < 64 * MIB);
    refuses(() => loadBzImage(new Uint8Array(16 * MIB), image, {}), /unpacked, needs memory up to \d+ MiB/);
  });

  it('refuses what it is not, or cannot boot', () => {
    refuses(() => readSetupHeader(new Uint8Array(10)), /not a bzImage/);
    refuses(() => readSetupHeader(KERNEL), /not a bzImage/);
    refuses(() => readSetupHeader(readFileSync(guest.vmlinux)), /not a bzImage/);
    refuses(() => readKernelImage(image), /not an ELF file/);
    refuses(() => readSetupHeader(changed(image, 0x206, 0x05, 0x02)), /protocol 2\.05; at least 2\.06/);
    refuses(() => readSetupHeader(changed(image, 0x211, image[0x211] & ~1)), /zImage/);
    refuses(() => readSetupHeader(changed(image, 0x236, image[0x236] | 1)), /for 64-bit x86/);
    for (const length of [0x300, 0x8000, image.length - 4096]) {
      refuses(() => readSetupHeader(image.subarray(0, length)), /truncated/);
    }
  });
});

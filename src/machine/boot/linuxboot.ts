import { readKernelImage } from './elf';
import { BootError } from './error';
import {
  BOOT_FLAG,
  BOOT_FLAG_VALUE,
  CMD_LINE_PTR,
  CODE32_START,
  DEFAULT_CMDLINE_SIZE,
  DEFAULT_INITRD_ADDR_MAX,
  HEADER_MAGIC,
  LOADED_HIGH,
  LOADFLAGS,
  MAGIC,
  RAMDISK_IMAGE,
  RAMDISK_SIZE,
  readSetupHeader,
  type SetupHeader,
  SETUP_HEADER,
  TYPE_OF_LOADER,
  VERSION,
} from './setup-header';

/** Where things lie in low memory while the kernel starts; it copies what it needs before it uses that memory. */
const GDT = 0x1000;
const BOOT_PARAMS = 0x10000;
const COMMAND_LINE = 0x20000;

/** Where a bzImage's protected-mode code is loaded and entered. */
const HIGH_LOAD = 0x100000;

const E820_ENTRIES = 0x1e8;
const E820_TABLE = 0x2d0;
const E820_RAM = 1;
const E820_RESERVED = 2;
/** End of conventional memory: below 640 KiB, less the BIOS data area's kilobyte. */
const CONVENTIONAL_END = 0x9fc00;

const UNDEFINED_LOADER = 0xff;
const PAGE = 4096;

export interface BootFiles {
  initrd?: Uint8Array;
  commandLine?: string;
}

/** How the processor is to start: flat segments by the table below, paging and interrupts off. */
export interface BootEntry {
  eip: number;
  /** Physical address of boot_params, for ESI. */
  bootParams: number;
  gdt: { base: number; limit: number };
  codeSelector: number;
  dataSelector: number;
}

/**
 * Load an ELF kernel by its segments and prepare Linux's 32-bit boot protocol (Documentation/x86/boot.rst).
 * @param ram all of RAM, zeroed
 * @param header the setup header of the same kernel's bzImage; without it a minimal one is made
 */
export function loadElfKernel(ram: Uint8Array, file: Uint8Array, files: BootFiles, header?: SetupHeader): BootEntry {
  const image = readKernelImage(file);
  let end = 0;
  for (const segment of image.segments) {
    const segmentEnd = segment.physicalAddress + segment.memorySize;
    if (segmentEnd > ram.length) {
      throw tooSmall('kernel', segmentEnd, ram.length);
    }
    end = Math.max(end, segmentEnd);
    ram.set(file.subarray(segment.offset, segment.offset + segment.fileSize), segment.physicalAddress);
    ram.fill(0, segment.physicalAddress + segment.fileSize, segmentEnd);
  }
  return prepare(ram, files, header, end, image.entry);
}

/** Load a bzImage: its protected-mode code goes to 0x100000 and unpacks the kernel in the guest. */
export function loadBzImage(ram: Uint8Array, file: Uint8Array, files: BootFiles): BootEntry {
  const header = readSetupHeader(file);
  if (header.end > ram.length) {
    throw tooSmall('kernel, unpacked,', header.end, ram.length);
  }
  ram.set(file.subarray(header.payload), HIGH_LOAD);
  return prepare(ram, files, header, header.end, HIGH_LOAD);
}

function tooSmall(what: string, needed: number, present: number): BootError {
  const mib = (bytes: number): string => `${Math.ceil(bytes / 0x100000)} MiB`;
  return new BootError(`The ${what} needs memory up to ${mib(needed)}; the machine has ${mib(present)}.`);
}

function prepare(
  ram: Uint8Array,
  files: BootFiles,
  header: SetupHeader | undefined,
  kernelEnd: number,
  entry: number,
): BootEntry {
  const view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  ram.fill(0, BOOT_PARAMS, BOOT_PARAMS + PAGE);
  writeHeader(ram, view, header, entry);
  writeMemoryMap(view, ram.length);
  writeCommandLine(ram, view, files.commandLine ?? '', header?.commandLineSize ?? DEFAULT_CMDLINE_SIZE);
  if (files.initrd) {
    writeInitrd(ram, view, files.initrd, kernelEnd, header?.initrdMaximum ?? DEFAULT_INITRD_ADDR_MAX);
  }
  writeGdt(view);
  return {
    eip: entry,
    bootParams: BOOT_PARAMS,
    gdt: { base: GDT, limit: 4 * 8 - 1 },
    codeSelector: 0x10,
    dataSelector: 0x18,
  };
}

function writeHeader(ram: Uint8Array, view: DataView, header: SetupHeader | undefined, entry: number): void {
  if (header) {
    ram.set(header.bytes, BOOT_PARAMS + SETUP_HEADER);
  } else {
    view.setUint16(BOOT_PARAMS + BOOT_FLAG, BOOT_FLAG_VALUE, true);
    view.setUint32(BOOT_PARAMS + HEADER_MAGIC, MAGIC, true);
    view.setUint16(BOOT_PARAMS + VERSION, 0x020c, true);
    view.setUint8(BOOT_PARAMS + LOADFLAGS, LOADED_HIGH);
  }
  view.setUint8(BOOT_PARAMS + TYPE_OF_LOADER, UNDEFINED_LOADER);
  view.setUint32(BOOT_PARAMS + CODE32_START, entry, true);
}

/** The map that a BIOS would give by interrupt 15h, function e820h. */
function writeMemoryMap(view: DataView, ramSize: number): void {
  const entries: [start: number, end: number, type: number][] = [
    [0, CONVENTIONAL_END, E820_RAM],
    [CONVENTIONAL_END, 0xa0000, E820_RESERVED],
    [0xf0000, 0x100000, E820_RESERVED],
  ];
  if (ramSize > 0x100000) {
    entries.push([0x100000, ramSize, E820_RAM]);
  }
  view.setUint8(BOOT_PARAMS + E820_ENTRIES, entries.length);
  entries.forEach(([start, end, type], index) => {
    const at = BOOT_PARAMS + E820_TABLE + index * 20;
    view.setBigUint64(at, BigInt(start), true);
    view.setBigUint64(at + 8, BigInt(end - start), true);
    view.setUint32(at + 16, type, true);
  });
}

function writeCommandLine(ram: Uint8Array, view: DataView, commandLine: string, maximum: number): void {
  const bytes = new TextEncoder().encode(commandLine);
  if (bytes.length > maximum) {
    throw new BootError(`The kernel's command line has ${bytes.length} bytes; this kernel takes at most ${maximum}.`);
  }
  if (bytes.includes(0)) {
    throw new BootError("The kernel's command line contains a zero byte.");
  }
  ram.set(bytes, COMMAND_LINE);
  ram[COMMAND_LINE + bytes.length] = 0;
  view.setUint32(BOOT_PARAMS + CMD_LINE_PTR, COMMAND_LINE, true);
}

/** As high as the kernel can reach it, out of the way of what it unpacks and allocates first. */
function writeInitrd(ram: Uint8Array, view: DataView, initrd: Uint8Array, kernelEnd: number, maximum: number): void {
  if (initrd.length === 0) {
    throw new BootError('The initrd is empty.');
  }
  const start = Math.floor((Math.min(ram.length, maximum + 1) - initrd.length) / PAGE) * PAGE;
  if (start < kernelEnd) {
    throw new BootError(
      `The initrd (${initrd.length} bytes) does not fit into ${ram.length / 0x100000} MiB of memory beside the kernel.`,
    );
  }
  ram.set(initrd, start);
  view.setUint32(BOOT_PARAMS + RAMDISK_IMAGE, start, true);
  view.setUint32(BOOT_PARAMS + RAMDISK_SIZE, initrd.length, true);
}

/** Flat 4 GiB code at selector 0x10 and data at 0x18, as the protocol asks. */
function writeGdt(view: DataView): void {
  view.setBigUint64(GDT, 0n, true);
  view.setBigUint64(GDT + 0x08, 0n, true);
  view.setBigUint64(GDT + 0x10, 0x00cf9b000000ffffn, true);
  view.setBigUint64(GDT + 0x18, 0x00cf93000000ffffn, true);
}

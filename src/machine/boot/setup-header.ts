import { BootError } from './error';

/** Offsets in boot_params and in a bzImage's first sectors (Linux: Documentation/x86/boot.rst, "The Real-Mode Kernel Header"). */
export const SETUP_HEADER = 0x1f1;
export const BOOT_FLAG = 0x1fe;
export const HEADER_LENGTH = 0x201;
export const HEADER_MAGIC = 0x202;
export const VERSION = 0x206;
export const TYPE_OF_LOADER = 0x210;
export const LOADFLAGS = 0x211;
export const CODE32_START = 0x214;
export const RAMDISK_IMAGE = 0x218;
export const RAMDISK_SIZE = 0x21c;
export const CMD_LINE_PTR = 0x228;
export const INITRD_ADDR_MAX = 0x22c;
export const KERNEL_ALIGNMENT = 0x230;
export const RELOCATABLE_KERNEL = 0x234;
export const CMDLINE_SIZE = 0x238;
export const PREF_ADDRESS = 0x258;
export const INIT_SIZE = 0x260;

/** "HdrS" */
export const MAGIC = 0x53726448;
export const BOOT_FLAG_VALUE = 0xaa55;
/** loadflags: the protected-mode code belongs at 0x100000. */
export const LOADED_HIGH = 0x01;

/** The highest address an initrd may reach under kernels that do not say. */
export const DEFAULT_INITRD_ADDR_MAX = 0x37ffffff;
/** The longest command line, without its terminator, of kernels that do not say (x86's COMMAND_LINE_SIZE less one). */
export const DEFAULT_CMDLINE_SIZE = 2047;
/** Protocol 2.06 brought cmdline_size. */
const OLDEST_PROTOCOL = 0x0206;
const SECTOR = 512;

/** What a bzImage says of itself. */
export interface SetupHeader {
  /** The header's bytes, from 0x1f1 on, to be copied into boot_params. */
  bytes: Uint8Array;
  /** Boot protocol: major in the high byte, minor in the low one. */
  version: number;
  /** Where the protected-mode code begins in the file. */
  payload: number;
  commandLineSize: number;
  initrdMaximum: number;
  /** First physical address that the kernel does not need while it unpacks and starts. */
  end: number;
}

/** Read a bzImage's setup header. Throws BootError where the file is none, or needs what this machine does not offer. */
export function readSetupHeader(file: Uint8Array): SetupHeader {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (
    file.length < 0x268 ||
    view.getUint16(BOOT_FLAG, true) !== BOOT_FLAG_VALUE ||
    view.getUint32(HEADER_MAGIC, true) !== MAGIC
  ) {
    throw new BootError('The kernel is not a bzImage (no boot flag 0xaa55 and "HdrS" in its first sectors).');
  }
  const version = view.getUint16(VERSION, true);
  if (version < OLDEST_PROTOCOL) {
    throw new BootError(
      `The bzImage speaks boot protocol ${version >> 8}.${String(version & 0xff).padStart(2, '0')}; at least 2.06 is needed.`,
    );
  }
  if (!(file[LOADFLAGS] & LOADED_HIGH)) {
    throw new BootError('The kernel is a zImage, to be loaded low; only a bzImage can be booted.');
  }
  const payload = ((file[SETUP_HEADER] || 4) + 1) * SECTOR;
  // syssize counts the protected-mode code in 16-byte units.
  const size = view.getUint32(0x1f4, true) * 16;
  if (payload >= file.length || payload + size > file.length + 15) {
    throw new BootError(`The bzImage is truncated: it should have ${payload + size} bytes and has ${file.length}.`);
  }
  if (is64BitOnly(file, payload)) {
    throw new BootError('The bzImage is for 64-bit x86; this machine is a 32-bit i686 and needs an i386 kernel.');
  }
  const headerEnd = Math.min(HEADER_MAGIC + file[HEADER_LENGTH], file.length);
  return {
    bytes: file.subarray(SETUP_HEADER, headerEnd),
    version,
    payload,
    commandLineSize: view.getUint32(CMDLINE_SIZE, true),
    initrdMaximum: view.getUint32(INITRD_ADDR_MAX, true) || DEFAULT_INITRD_ADDR_MAX,
    end: unpackedEnd(view, version, file.length - payload),
  };
}

/** xloadflags bit 0 (protocol 2.12): the kernel has a 64-bit entry, which only 64-bit kernels have. */
function is64BitOnly(file: Uint8Array, payload: number): boolean {
  const version = file[VERSION] | (file[VERSION + 1] << 8);
  return version >= 0x020c && payload > 0x237 && (file[0x236] & 1) !== 0;
}

/** Protocol 2.10 says where the kernel unpacks itself to and how much it needs there. */
function unpackedEnd(view: DataView, version: number, compressedSize: number): number {
  const compressedEnd = 0x100000 + compressedSize;
  if (version < 0x020a) {
    return compressedEnd;
  }
  const alignment = view.getUint32(KERNEL_ALIGNMENT, true) || 0x1000;
  const preferred = view.getUint32(PREF_ADDRESS, true);
  // The decompressor of a relocatable kernel aligns its own address; it never unpacks below its preferred one.
  const start = Math.max(preferred, Math.ceil(0x100000 / alignment) * alignment);
  return Math.max(compressedEnd, start + view.getUint32(INIT_SIZE, true));
}

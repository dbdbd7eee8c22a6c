import { BootError } from './error';

/** A loadable segment of an ELF executable (System V ABI, "Program Header"). */
export interface LoadSegment {
  /** Where its bytes lie in the file. */
  offset: number;
  fileSize: number;
  physicalAddress: number;
  virtualAddress: number;
  /** Size in memory; what the file does not fill is zero. */
  memorySize: number;
}

export interface KernelImage {
  /** Physical address of the entry. */
  entry: number;
  segments: LoadSegment[];
}

const ELF_HEADER_SIZE = 52;
const PROGRAM_HEADER_SIZE = 32;
const ELFCLASS32 = 1;
const ELFDATA2LSB = 1;
const ET_EXEC = 2;
const EM_386 = 3;
const EM_X86_64 = 62;
const PT_LOAD = 1;

/** Read what is needed to load a 32-bit x86 kernel. Throws BootError where the file is not one. */
export function readKernelImage(file: Uint8Array): KernelImage {
  if (file.length < 4 || file[0] !== 0x7f || file[1] !== 0x45 || file[2] !== 0x4c || file[3] !== 0x46) {
    throw new BootError('The kernel is not an ELF file (it does not begin with 7f 45 4c 46).');
  }
  if (file.length < ELF_HEADER_SIZE) {
    throw new BootError(
      `The kernel is truncated: its ELF header needs ${ELF_HEADER_SIZE} bytes, it has ${file.length}.`,
    );
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const machine = view.getUint16(18, true);
  if (file[4] !== ELFCLASS32 || machine === EM_X86_64) {
    throw new BootError('The kernel is for 64-bit x86; this machine is a 32-bit i686 and needs an i386 kernel.');
  }
  if (file[5] !== ELFDATA2LSB || machine !== EM_386) {
    throw new BootError(`The kernel is for another processor (ELF machine ${machine}); this machine needs i386 (3).`);
  }
  if (view.getUint16(16, true) !== ET_EXEC) {
    throw new BootError('The kernel is an ELF file but not an executable one (is it an object file or a module?).');
  }
  const segments = readSegments(view, file.length);
  return { entry: physicalEntry(view.getUint32(24, true), segments), segments };
}

function readSegments(view: DataView, length: number): LoadSegment[] {
  const tableOffset = view.getUint32(28, true);
  const entrySize = view.getUint16(42, true);
  const entries = view.getUint16(44, true);
  if (entries > 0 && entrySize < PROGRAM_HEADER_SIZE) {
    throw new BootError(`The kernel's ELF program headers are damaged: ${entrySize} bytes each.`);
  }
  if (tableOffset + entries * entrySize > length) {
    throw new BootError('The kernel is truncated: its ELF program headers lie beyond the end of the file.');
  }
  const segments: LoadSegment[] = [];
  for (let index = 0; index < entries; index++) {
    const at = tableOffset + index * entrySize;
    if (view.getUint32(at, true) !== PT_LOAD) {
      continue;
    }
    const segment: LoadSegment = {
      offset: view.getUint32(at + 4, true),
      virtualAddress: view.getUint32(at + 8, true),
      physicalAddress: view.getUint32(at + 12, true),
      fileSize: view.getUint32(at + 16, true),
      memorySize: view.getUint32(at + 20, true),
    };
    if (segment.offset + segment.fileSize > length) {
      throw new BootError(
        `The kernel is truncated: a segment ends at byte ${segment.offset + segment.fileSize} of a file of ${length}.`,
      );
    }
    if (segment.fileSize > segment.memorySize) {
      throw new BootError('The kernel is damaged: a segment is larger in the file than in memory.');
    }
    segments.push(segment);
  }
  if (segments.every((segment) => segment.memorySize === 0)) {
    throw new BootError('The kernel has nothing to load: no PT_LOAD segment in its ELF program headers.');
  }
  return segments;
}

/** Linux gives its entry as a physical address; other kernels give a virtual one, which is translated by the segment it lies in. */
function physicalEntry(entry: number, segments: LoadSegment[]): number {
  const inside = (start: number, size: number): boolean => entry >= start && entry < start + size;
  if (segments.some((segment) => inside(segment.physicalAddress, segment.memorySize))) {
    return entry;
  }
  const segment = segments.find((candidate) => inside(candidate.virtualAddress, candidate.memorySize));
  if (!segment) {
    throw new BootError(`The kernel's entry 0x${entry.toString(16)} lies in none of its segments.`);
  }
  return entry - segment.virtualAddress + segment.physicalAddress;
}

import fs from 'node:fs';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { unzlibSync } from 'fflate';
import { cpioArchive } from '../../guest/build/cpio.mjs';
import { openElf, SymbolFile, type ElfFile } from '../symbols';
import { LaunchError, LaunchProblem } from './errors';
import type { LaunchConfiguration } from './launch-configuration';
import { l10n } from './texts';

/** The files of a session, read and opened. */
export interface GuestFiles {
  /** What is booted: an ELF kernel, or a bzImage. */
  readonly boot: { kind: 'vmlinux' | 'bzImage'; bytes: Uint8Array };
  readonly kernel: LoadedElf;
  readonly initrd: Uint8Array | undefined;
  readonly programs: readonly LoadedElf[];
  /** The vDSO with its debug information. */
  readonly vdso: LoadedElf | undefined;
  /** Folders in which sources are looked for, besides what sourceMap says. */
  readonly sourceFolders: readonly string[];
  /** Where sources are unless the configuration's sourceMap says otherwise. */
  readonly sourceMap: Readonly<Record<string, string>>;
}

export interface LoadedElf {
  readonly name: string;
  readonly path: string;
  readonly elf: ElfFile;
  readonly symbols: SymbolFile;
}

/** The 32-bit vDSO as the kernel's build names it. */
const VDSO = 'vdso32.so.dbg';
/** Behind the name of a file that the extension's package holds compressed (scripts/package.mjs). */
const COMPRESSED = '.br';
/** Files of the built-in guest, in a folder that the build fills. */
const BUILT_IN = { kernel: 'vmlinux', initrd: 'initrd', programs: 'programs', sources: 'sources' };

/**
 * Reads everything a launch configuration names.
 * @param builtIn folder of the built-in guest
 * @throws LaunchError with one sentence for the user
 */
export function loadGuestFiles(configuration: LaunchConfiguration, builtIn: string): GuestFiles {
  const own = configuration.kernel;
  const vmlinux = typeof own === 'string' ? own : (own?.vmlinux ?? path.join(builtIn, BUILT_IN.kernel));
  if (own === undefined && !fs.existsSync(vmlinux) && !fs.existsSync(vmlinux + COMPRESSED)) {
    throw new LaunchError(
      LaunchProblem.NoBuiltInKernel,
      l10n.t('The built-in kernel is not there ({file}); build it with "npm run guest", or give "kernel".'),
      { file: vmlinux },
    );
  }
  const kernelBytes = own === undefined ? readBuiltInKernel(vmlinux) : readFile(vmlinux, 'kernel');
  if (isBzImage(kernelBytes)) {
    throw new LaunchError(
      LaunchProblem.KernelIsBzImage,
      l10n.t(
        '{file} is a bzImage, which has no symbols; give "kernel": {"bzImage": …, "vmlinux": …} with the vmlinux it was made of.',
      ),
      { file: vmlinux },
      'builtInKernel',
    );
  }
  const kernel = load(kernelBytes, vmlinux, 'kernel');
  if (!kernel.symbols.hasDebugInfo) {
    throw new LaunchError(
      LaunchProblem.NoDebugInformation,
      l10n.t(
        '{file} has no debug information; build the kernel with CONFIG_DEBUG_INFO_DWARF5=y and give the vmlinux that is not stripped.',
      ),
      { file: vmlinux },
      'builtInKernel',
    );
  }
  let boot: GuestFiles['boot'] = { kind: 'vmlinux', bytes: kernelBytes };
  if (typeof own === 'object') {
    const image = readFile(own.bzImage, 'kernel.bzImage');
    if (!isBzImage(image)) {
      const format = l10n.t('{file} is not a bzImage.');
      throw new LaunchError(LaunchProblem.NotABzImage, format, { file: own.bzImage }, 'builtInKernel');
    }
    mustBelongTogether(own.bzImage, image, vmlinux, kernelBytes);
    boot = { kind: 'bzImage', bytes: image };
  }
  const initrd = configuration.initrd ?? (own === undefined ? path.join(builtIn, BUILT_IN.initrd) : undefined);
  const programFolder = path.join(builtIn, BUILT_IN.programs);
  const given = configuration.programs ?? (fs.existsSync(programFolder) ? [programFolder] : []);
  const programs = given.flatMap(programFiles);
  // Whoever has an initial RAM file system of their own has put their programs there.
  const added = configuration.initrd === undefined ? programs.filter((each) => !isBelow(each.path, programFolder)) : [];
  return {
    boot,
    kernel,
    initrd: initrd === undefined ? undefined : withPrograms(readFile(initrd, 'initrd'), added),
    programs,
    vdso: vdsoBeside(vmlinux),
    // The built-in sources are those of the built-in kernel: lines of another kernel's are elsewhere.
    sourceFolders: own === undefined ? [path.join(builtIn, BUILT_IN.sources)] : [],
    sourceMap: own === undefined ? {} : sourcesBeside(vmlinux, builtIn),
  };
}

/** Whether a file is in a folder, whatever links lead to either. */
function isBelow(file: string, folder: string): boolean {
  if (!fs.existsSync(folder)) return false;
  return !path.relative(fs.realpathSync(folder), fs.realpathSync(file)).startsWith('..');
}

/**
 * The guest's root with programs in its /bin: one more archive behind the first, as the kernel takes them (Documentation/driver-api/
 * early-userspace/buffer-format.rst; an archive that is not compressed begins at a multiple of four bytes).
 */
function withPrograms(initrd: Uint8Array, programs: readonly LoadedElf[]): Uint8Array {
  if (programs.length === 0) return initrd;
  const entries = programs.map(({ name, path: file }) => ({
    path: `bin/${name}`,
    data: readFile(file, 'programs'),
    mode: 0o755,
  }));
  const padding = new Uint8Array((4 - (initrd.length % 4)) % 4);
  return Buffer.concat([initrd, padding, cpioArchive(entries)]);
}

/** A kernel's sources are in the folder that it was built in, or in `sources` there; those of the built-in programs are our own. */
function sourcesBeside(vmlinux: string, builtIn: string): Record<string, string> {
  const folder = path.dirname(path.resolve(vmlinux));
  const kept = path.join(folder, BUILT_IN.sources);
  const programs = path.join(builtIn, BUILT_IN.sources, 'guest');
  return {
    '.': fs.existsSync(kept) ? kept : folder,
    ...(fs.existsSync(programs) ? { guest: programs } : {}),
  };
}

/** The built-in kernel as it was built, or decompressed (a third of a second) where the package has it so. */
function readBuiltInKernel(vmlinux: string): Uint8Array {
  if (fs.existsSync(vmlinux)) return readFile(vmlinux, 'kernel');
  const compressed = readFile(vmlinux + COMPRESSED, 'kernel');
  try {
    return brotliDecompressSync(compressed);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new LaunchError(
      LaunchProblem.DamagedBuiltInKernel,
      l10n.t('The built-in kernel is damaged ({file}: {reason}); install SockScope again.'),
      { file: vmlinux + COMPRESSED, reason: why },
    );
  }
}

/** The kernel's build leaves the vDSO's debug information in its tree; a built guest has it beside the kernel. */
function vdsoBeside(vmlinux: string): LoadedElf | undefined {
  const folder = path.dirname(vmlinux);
  const file = [VDSO, path.join('arch/x86/entry/vdso', VDSO)]
    .map((name) => path.join(folder, name))
    .find((candidate) => fs.existsSync(candidate));
  return file === undefined ? undefined : load(readFile(file, 'kernel'), file, 'kernel');
}

function readFile(file: string, attribute: string): Uint8Array {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const values = { file, attribute, code };
    if (code === 'ENOENT') {
      const format = l10n.t('The file {file} (launch attribute "{attribute}") does not exist.');
      throw new LaunchError(LaunchProblem.FileMissing, format, values);
    }
    if (code === 'EISDIR') {
      const format = l10n.t('The file {file} (launch attribute "{attribute}") is a folder.');
      throw new LaunchError(LaunchProblem.FileIsFolder, format, values);
    }
    const format = l10n.t('The file {file} (launch attribute "{attribute}") cannot be read ({code}).');
    throw new LaunchError(LaunchProblem.FileUnreadable, format, values);
  }
}

/** The setup header's magic "HdrS" (Documentation/x86/boot.rst). */
function isBzImage(bytes: Uint8Array): boolean {
  return bytes.length > 0x206 && new TextDecoder('latin1').decode(bytes.subarray(0x202, 0x206)) === 'HdrS';
}

/**
 * Refuses symbols of another build. The setup header's kernel_version (Documentation/x86/boot.rst) is release, builder and version of
 * the build; the kernel's banner (init/version.c) has the same with the compiler between them. A kernel may hold two of those, of which the
 * first was made before the build had its number. A kernel without a banner is believed.
 */
function mustBelongTogether(bzImage: string, image: Uint8Array, vmlinux: string, kernel: Uint8Array): void {
  const view = Buffer.from(image.buffer, image.byteOffset, image.byteLength);
  const at = view.readUInt16LE(0x20e) + 0x200;
  const said = view.toString('latin1', at, view.indexOf(0, at));
  const elf = Buffer.from(kernel.buffer, kernel.byteOffset, kernel.byteLength);
  const [, release, builder, version] = /^(\S+) (\(.*?\)) (#.*)$/.exec(said) ?? [];
  if (release === undefined) return;
  let banner: string | undefined;
  for (let start = -1; (start = elf.indexOf('Linux version ', start + 1, 'latin1')) >= 0;) {
    banner = elf.toString('latin1', start, elf.indexOf('\n', start, 'latin1'));
    if (banner.startsWith(`Linux version ${release} ${builder} `) && banner.endsWith(` ${version}`)) return;
  }
  if (banner === undefined) return;
  throw new LaunchError(
    LaunchProblem.OtherBuild,
    l10n.t('{bzImage} ({version}) was not made of {vmlinux} ({banner}); give the two files of one build.'),
    { bzImage, version: said, vmlinux, banner },
    'builtInKernel',
  );
}

function load(bytes: Uint8Array, file: string, attribute: string): LoadedElf {
  try {
    const inflate = (compressed: Uint8Array, size: number): Uint8Array =>
      unzlibSync(compressed, { out: new Uint8Array(size) });
    const elf = openElf(bytes, file, { inflate });
    return { name: path.basename(file), path: file, elf, symbols: SymbolFile.load(elf) };
  } catch (error) {
    if (error instanceof Error && error.name === 'SymbolError') {
      throw new LaunchError(
        LaunchProblem.FileUnusable,
        l10n.t('The file {file} (launch attribute "{attribute}") cannot be used: {reason}.'),
        { file, attribute, reason: reasonOf(error.message, file) },
        attribute === 'kernel' ? 'builtInKernel' : undefined,
      );
    }
    throw error;
  }
}

/** What an error says of a file, behind words that name the file already. */
function reasonOf(message: string, file: string): string {
  if (message.startsWith(`${file}: `)) return message.slice(file.length + 2);
  return message.startsWith(`${file} `) ? `it${message.slice(file.length)}` : message;
}

function programFiles(given: string): LoadedElf[] {
  let isFolder: boolean;
  try {
    isFolder = fs.statSync(given).isDirectory();
  } catch {
    const format = l10n.t('The program {file} (launch attribute "programs") does not exist.');
    throw new LaunchError(LaunchProblem.ProgramMissing, format, { file: given });
  }
  if (!isFolder) return [load(readFile(given, 'programs'), given, 'programs')];
  // In a folder, whatever is not a program is no mistake.
  return fs
    .readdirSync(given, { withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => path.join(given, entry.name))
    .filter((file) => fs.statSync(file).isFile())
    .map((file) => ({ file, bytes: readFile(file, 'programs') }))
    .filter(({ bytes }) => bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46)
    .map(({ file, bytes }) => load(bytes, file, 'programs'));
}

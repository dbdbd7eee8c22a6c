/**
 * Debian packages that the project's scripts need: which, why, and their installation.
 */
import { spawnSync } from 'node:child_process';

/** Every package that any script may ask for, with the reason. Groups below refer to these names. */
const WHY = {
  'linux-source-6.1': 'the kernel that the guest runs, as Debian ships its source',
  'linux-source-6.12': 'a newer kernel, which `npm run test:kernels` boots',
  'xz-utils': 'unpacks the kernel source',
  make: 'drives the kernel build',
  gcc: 'compiles the kernel and the lab programs (32-bit code without a C library)',
  'libc6-dev': "C headers for the kernel build's own tools",
  binutils: 'assembler and linker; readelf and objdump as oracles in tests',
  flex: 'kernel configuration parser',
  bison: 'kernel configuration parser',
  bc: "computes the kernel's time constants",
  cpio: 'reference reader of the archives that the guest boots from',
  'gcc-multilib': 'runs generated 32-bit test programs on this processor',
  'libc6-dev-i386': '32-bit C library for those test programs',
  'qemu-system-x86': 'reference machine that the guest and the emulator are compared with',
  tshark: 'reads the exported packet captures as Wireshark does',
  gdb: 'reference debugger for frames, values and line tables',
  strace: 'reference for the trace of system calls',
  llvm: 'llvm-dwarfdump, a second reading of DWARF',
  chromium: 'the window of the VS Code workbench that the extension is tried in',
  'g++': "compiles the workbench's two native modules",
  python3: "runs node-gyp's generator for those native modules",
};

/** What building the guest needs. */
export const GUEST_PACKAGES = [
  'linux-source-6.1',
  'xz-utils',
  'make',
  'gcc',
  'libc6-dev',
  'binutils',
  'flex',
  'bison',
  'bc',
];

/** What the test suites need beside the guest. */
export const TEST_PACKAGES = [
  'gcc-multilib',
  'libc6-dev-i386',
  'binutils',
  'cpio',
  'qemu-system-x86',
  'gdb',
  'strace',
  'llvm',
  'tshark',
  'chromium',
  'g++',
  'make',
  'python3',
];

/**
 * Why a package is wanted.
 * @param {string} name
 * @returns {string}
 */
export function reasonFor(name) {
  const reason = WHY[name];
  if (!reason) throw new Error(`${name} is not in the list of packages in scripts/lib/packages.mjs.`);
  return reason;
}

/**
 * The packages of a list that are not installed.
 * @param {string[]} names
 * @returns {string[]}
 */
export function missingPackages(names) {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${binary:Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  if (query.error) {
    throw new Error('This set-up installs Debian packages, but dpkg-query was not found: a Debian system is needed.');
  }
  const installed = new Set();
  for (const line of query.stdout.split('\n')) {
    const [name, status] = line.split(' ');
    if (status === 'installed') installed.add(name.split(':')[0]);
  }
  return names.filter((name) => !installed.has(name));
}

/**
 * Version of an installed package, for instance "6.1.192-2".
 * @param {string} name
 * @returns {string}
 */
export function packageVersion(name) {
  const query = spawnSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8' });
  if (query.status !== 0) throw new Error(`The Debian package ${name} is not installed.`);
  return query.stdout.trim();
}

/**
 * Makes sure that packages are installed. As root it installs what is missing (with one `apt-get update` first if the
 * package lists don't know a name); otherwise it throws with the one command to run.
 * @param {string[]} names packages of the list above
 * @param {(line: string) => void} [report] gets a line on what is being done; standard error by default
 */
export function ensurePackages(names, report = (line) => process.stderr.write(`${line}\n`)) {
  for (const name of names) reasonFor(name);
  const missing = missingPackages(names);
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0) throw new Error(missingMessage(missing));

  for (const name of missing) report(`installing ${name}: ${WHY[name]}`);
  const install = () => apt(['install', '-y', '--no-install-recommends', ...missing]);
  let result = install();
  if (result.status !== 0) {
    report('apt-get update');
    apt(['update']);
    result = install();
  }
  const still = missingPackages(names);
  if (still.length > 0) {
    throw new Error(`apt-get could not install ${still.join(', ')}:\n${lastLines(result.stderr, 5)}`);
  }
}

/**
 * What to tell somebody who may not install packages.
 * @param {string[]} missing
 * @returns {string}
 */
export function missingMessage(missing) {
  return `Missing Debian packages. Run this, then try again:\n  sudo apt-get install -y ${missing.join(' ')}`;
}

function apt(args) {
  // Waits for another apt-get, such as that of a second script started at the same time.
  return spawnSync('apt-get', ['-q', '-o', 'DPkg::Lock::Timeout=300', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    maxBuffer: 1 << 26,
  });
}

function lastLines(text, count) {
  return (text ?? '').trim().split('\n').slice(-count).join('\n');
}

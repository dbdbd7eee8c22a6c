/**
 * Builds the guest's kernel: Debian's linux-source, unmodified, for 32-bit x86, with our configuration fragment, DWARF 5
 * and source paths relative to the kernel tree.
 */
import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { hashInputs, ensureEntry, fileInputs } from '../../scripts/lib/cache.mjs';
import { packageVersion } from '../../scripts/lib/packages.mjs';
import { progress } from '../../scripts/lib/progress.mjs';
import { lineTableFiles } from './line-files.mjs';
import { copySources } from './sources.mjs';
import { toolVersions } from './tools.mjs';

/**
 * A kernel to build: Debian's source package, the target of `make`, the lines that it prints (for the percentage only), and a fragment that is
 * merged over our configuration (path in the checkout).
 * @typedef {{package: string, target: 'bzImage' | 'vmlinux', lines: number, fragment?: string}} KernelKind
 */

/** The kernel of the guest. */
const BUILT_IN = {
  package: 'linux-source-6.1',
  target: 'bzImage',
  lines: 1211,
};
/** A newer one of the same configuration, for the tests that a kernel need not be the built-in one. */
export const NEWER_KERNEL = {
  package: 'linux-source-6.12',
  target: 'vmlinux',
  lines: 1290,
};

/** Most of the 1.3 GB are drivers and other processors; their Kconfig files are read all the same. */
const NOT_NEEDED = [
  'Documentation/[!K]*',
  'arch/[!x]*/*.[chS]',
  'arch/[!x]*/*.dts*',
  'arch/xtensa/*.[chS]',
  ...['accel', 'gpu', 'infiniband', 'media', 'scsi', 'staging', 'usb', 'iio', 'clk', 'misc', 'crypto', 'video'].map(
    (name) => `drivers/${name}/*.[chS]`,
  ),
  ...['hwmon', 'input', 'isdn', 'md', 'mfd', 'mmc', 'mtd', 'pinctrl', 'platform', 'power', 'regulator', 'soc'].map(
    (name) => `drivers/${name}/*.[chS]`,
  ),
  'drivers/net/*/*.[chS]',
  'sound/*.[chS]',
  'fs/btrfs/*.[ch]',
  'fs/xfs/*.[ch]',
  'tools/testing/*',
  'tools/perf/*',
];

/** Files kept with the sources although no line table names them. */
const EXTRA_SOURCES = ['arch/x86/entry/syscalls/syscall_32.tbl'];

const CONFIG = 'guest/kernel/sockscope.config';
const SCRIPTS = ['guest/build/kernel.mjs', 'guest/build/line-files.mjs', 'guest/build/sources.mjs'];

/**
 * Gives the folder with a built kernel: vmlinux, bzImage (of the target of that name), System.map, config, vdso32.so.dbg and sources/, the
 * files that the line tables name, by their relative paths.
 * @param {string} project root of the checkout
 * @param {string} [cache] the cache's folder
 * @param {KernelKind} [kind] the guest's kernel unless given
 * @returns {Promise<string>}
 */
export function ensureKernel(project, cache, kind = BUILT_IN) {
  const key = hashInputs({
    ...fileInputs(project, [...fragmentsOf(kind), ...SCRIPTS]),
    'kernel source': packageVersion(kind.package),
    tools: toolVersions(),
  });
  const report = progress('kernel');
  return ensureEntry({
    root: cache,
    kind: 'kernel',
    key,
    build: (out, scratch) => buildKernel(project, kind, out, scratch, report),
    waiting: (text) => report.update(text),
  });
}

function fragmentsOf({ fragment }) {
  return fragment ? [CONFIG, fragment] : [CONFIG];
}

async function buildKernel(project, kind, out, tree, report) {
  const tarball = `/usr/src/${kind.package}.tar.xz`;
  report.update(`unpacking ${tarball}`);
  const root = path.basename(tarball, '.tar.xz');
  const excludes = NOT_NEEDED.map((pattern) => `--exclude=${root}/${pattern}`);
  await run('tar', ['-xJf', tarball, '-C', tree, '--strip-components=1', '--wildcards', ...excludes]);

  report.update('configuring');
  const fragments = fragmentsOf(kind).map((name) => path.join(project, name));
  await make(tree, ['tinyconfig']);
  await run('scripts/kconfig/merge_config.sh', ['-m', '.config', ...fragments], { cwd: tree });
  await make(tree, ['olddefconfig']);
  const wanted = mergedFragments(fragments.map((file) => fs.readFileSync(file, 'utf8')));
  checkConfig(wanted, fs.readFileSync(path.join(tree, '.config'), 'utf8'));

  let lines = 0;
  await make(tree, [`-j${os.availableParallelism()}`, kind.target], (line) => {
    lines++;
    report.update(line.trim().replace(/\s+/g, ' '), Math.min(lines / kind.lines, 0.99));
  });

  const results = {
    vmlinux: 'vmlinux',
    ...(kind.target === 'bzImage' ? { bzImage: 'arch/x86/boot/bzImage' } : {}),
    'System.map': 'System.map',
    config: '.config',
    'vdso32.so.dbg': 'arch/x86/entry/vdso/vdso32.so.dbg',
  };
  for (const [name, from] of Object.entries(results)) fs.copyFileSync(path.join(tree, from), path.join(out, name));
  const named = ['vmlinux', 'vdso32.so.dbg'].flatMap((name) => [
    ...lineTableFiles(fs.readFileSync(path.join(out, name))),
  ]);
  copySources(tree, path.join(out, 'sources'), [...named, ...EXTRA_SOURCES]);
  report.done('built');
}

/** One fragment out of several: of lines for the same option, the last counts. */
function mergedFragments(fragments) {
  const lines = fragments.flatMap((text) => text.split('\n')).filter((line) => line.startsWith('CONFIG_'));
  return [...new Map(lines.map((line) => [line.split('=')[0], line])).values()].join('\n');
}

/**
 * Fails if the configuration lost a line of the fragment: a misspelt option or an unmet dependency is dropped silently.
 * @param {string} fragment
 * @param {string} config
 */
export function checkConfig(fragment, config) {
  const set = new Set(config.split('\n'));
  const lost = fragment.split('\n').filter((line) => {
    if (!line.startsWith('CONFIG_')) return false;
    const [name, value] = line.split('=');
    return value === 'n' ? [...set].some((other) => other.startsWith(`${name}=`)) : !set.has(line);
  });
  if (lost.length > 0) throw new Error(`The kernel's configuration does not take: ${lost.join(', ')}`);
}

function make(tree, targets, onLine) {
  // Paths relative to the tree in debug information and in __FILE__, whatever folder was built in.
  const flags = `-fdebug-prefix-map=${tree}=. -fmacro-prefix-map=${tree}/=`;
  const settings = {
    ARCH: 'i386',
    KCFLAGS: flags,
    KAFLAGS: flags,
    KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
    KBUILD_BUILD_USER: 'sockscope',
    KBUILD_BUILD_HOST: 'guest',
    KBUILD_BUILD_VERSION: '1',
  };
  const assignments = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  return run('nice', ['make', ...assignments, ...targets], { cwd: tree }, onLine);
}

/** Runs a command to its end; fails with the last lines of what it said on standard error. */
function run(command, args, options = {}, onLine) {
  const env = { ...process.env, LC_ALL: 'C', SOURCE_DATE_EPOCH: '0' };
  for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'CFLAGS', 'LDFLAGS', 'ARCH', 'CROSS_COMPILE'])
    delete env[name];
  const child = spawn(command, args, {
    ...options,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const complaints = [];
  createInterface({ input: child.stdout }).on('line', (line) => onLine?.(line));
  createInterface({ input: child.stderr }).on('line', (line) => {
    complaints.push(line);
    if (complaints.length > 30) complaints.shift();
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command} could not be started: ${error.message}`)));
    child.on('close', (status, signal) => {
      if (status === 0) resolve();
      else reject(new Error(`${command} ${args.at(-1)} failed (${signal ?? status}):\n${complaints.join('\n')}`));
    });
  });
}

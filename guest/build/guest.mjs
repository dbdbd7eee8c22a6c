/**
 * The guest as one folder: kernel, initial RAM file system, programs and all their sources.
 */
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, ensureEntry, hashInputs } from '../../scripts/lib/cache.mjs';
import { GUEST_PACKAGES, ensurePackages } from '../../scripts/lib/packages.mjs';
import { ensureKernel } from './kernel.mjs';
import { ensurePrograms } from './programs.mjs';

const PROJECT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/**
 * Builds whatever of the guest is not in the cache yet (minutes for the kernel, a second for the programs).
 *
 * @returns {Promise<{dir: string, vmlinux: string, bzImage: string, initrd: string, sources: string, programs: string}>}
 *   absolute paths: `dir` holds the others and System.map, config and vdso32.so.dbg; `sources` is the root of the
 *   relative paths in the debug information; `programs` holds init and the lab programs, ELF files with DWARF
 * @throws an Error with one clear message if packages are missing or a step of the build fails
 */
export async function ensureGuest() {
  ensurePackages(GUEST_PACKAGES);
  const root = cacheRoot();
  const kernel = await ensureKernel(PROJECT, root);
  const programs = await ensurePrograms(PROJECT, root);
  const dir = await ensureEntry({
    root,
    kind: 'guest',
    key: hashInputs({
      kernel: path.basename(kernel),
      programs: path.basename(programs),
    }),
    build: (out) => join(out, [kernel, programs]),
  });
  const at = (name) => path.join(dir, name);
  return {
    dir,
    vmlinux: at('vmlinux'),
    bzImage: at('bzImage'),
    initrd: at('initrd'),
    sources: at('sources'),
    programs: at('programs'),
  };
}

/**
 * Builds another kernel than the guest's, if it is not in the cache yet. For tests: nothing is to depend on the version and the options of the
 * built-in kernel.
 *
 * @param {import('./kernel.mjs').KernelKind} kind
 * @returns {Promise<{folder: string, sources: string}>} `folder` holds vmlinux, System.map, config and vdso32.so.dbg
 * @throws an Error with one clear message if packages are missing or a step of the build fails
 */
export async function ensureOtherKernel(kind) {
  ensurePackages([...GUEST_PACKAGES, kind.package]);
  const folder = await ensureKernel(PROJECT, cacheRoot(), kind);
  return { folder, sources: path.join(folder, 'sources') };
}

/** Links everything from several cache entries into one folder; their sources/ are merged one level deep. */
function join(out, entries) {
  const sources = path.join(out, 'sources');
  fs.mkdirSync(sources);
  for (const entry of entries) {
    const from = path.basename(entry);
    for (const name of fs.readdirSync(entry)) {
      if (name !== 'sources') fs.symlinkSync(path.join('..', from, name), path.join(out, name));
    }
    for (const name of fs.readdirSync(path.join(entry, 'sources'))) {
      fs.symlinkSync(path.join('../..', from, 'sources', name), path.join(sources, name));
    }
  }
}

/**
 * A program that somebody else compiled, for the tests: Debian's static busybox for i386. It comes from Debian's mirrors by an apt of its own
 * in a temporary folder, so that no foreign architecture is added to the system.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheRoot, ensureEntry, hashInputs } from './cache.mjs';

const PACKAGE = 'busybox-static';

/**
 * Fetches busybox if the cache does not have it.
 * @returns {Promise<{program: string, version: string}>} path of the executable, and version of the package
 * @throws an Error with one clear message if Debian's mirrors cannot be reached or do not have it
 */
export async function ensureBusybox() {
  const folder = await ensureEntry({
    root: cacheRoot(),
    kind: 'busybox',
    key: hashInputs({ package: PACKAGE, script: fs.readFileSync(fileURLToPath(import.meta.url)) }),
    build: fetchPackage,
  });
  return {
    program: path.join(folder, 'busybox'),
    version: fs.readFileSync(path.join(folder, 'version'), 'utf8').trim(),
  };
}

/** Leaves the executable and the package's version in a folder. */
function fetchPackage(out, scratch) {
  const at = (name) => path.join(scratch, name);
  for (const folder of ['state/lists/partial', 'cache/archives/partial']) fs.mkdirSync(at(folder), { recursive: true });
  fs.writeFileSync(at('status'), '');
  const options = {
    'Dir::State': at('state'),
    'Dir::State::status': at('status'),
    'Dir::Cache': at('cache'),
    'APT::Architecture': 'i386',
    'APT::Architectures': 'i386',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
    // apt's own user has no access to this folder.
    'APT::Sandbox::User': 'root',
  };
  const apt = (...args) => {
    const given = Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    return spawnSync('apt-get', ['-q', ...given, ...args], { cwd: scratch, encoding: 'utf8', maxBuffer: 1 << 26 });
  };
  // One list of several that fails need not be the one that is wanted: only the download decides.
  const lists = apt('update');
  const download = apt('download', PACKAGE);
  const file = fs.readdirSync(scratch).find((name) => name.startsWith(`${PACKAGE}_`) && name.endsWith('_i386.deb'));
  if (!file) {
    const said = [lists.error?.message, lists.stderr, download.stderr].filter(Boolean).join('\n').trim();
    throw new Error(`${PACKAGE} for i386 could not be fetched from Debian's mirrors with apt-get:\n${said}`);
  }
  const unpack = spawnSync('dpkg-deb', ['-x', at(file), at('files')], { encoding: 'utf8' });
  if (unpack.status !== 0) throw new Error(`${file} could not be unpacked: ${unpack.error?.message ?? unpack.stderr}`);
  const program = ['bin/busybox', 'usr/bin/busybox'].map((name) => at(path.join('files', name))).find(fs.existsSync);
  if (!program) throw new Error(`${file} holds no busybox.`);
  fs.copyFileSync(program, path.join(out, 'busybox'));
  fs.chmodSync(path.join(out, 'busybox'), 0o755);
  fs.writeFileSync(path.join(out, 'version'), `${file.split('_')[1].replaceAll('%3a', ':')}\n`);
}

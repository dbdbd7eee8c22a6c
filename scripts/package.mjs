/**
 * `npm run package`: makes sockscope-VERSION.vsix, which runs F5 on a machine with nothing installed. Its contents are put together in a
 * folder of their own with real files (dist/guest is a link into the build cache); .vscodeignore lists what of it goes in.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import { ROOT, checkNode, ensureNodeModules, fail, progress, run } from './lib/setup.mjs';

/** The kernel is most of the package: Brotli's long window takes a quarter off what the package's own compression would leave. */
const BROTLI = {
  [constants.BROTLI_PARAM_QUALITY]: 5,
  [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
};

/** Files that go in as they are. */
const AS_THEY_ARE =
  '.vscodeignore LICENSE NOTICE.md README.md CHANGELOG.md docs l10n licenses syntaxes'.split(' '); // prettier-ignore
/** What makes the kernel and the programs again, for the licence of the kernel. */
const REBUILD = ['guest', 'scripts/guest.mjs', 'scripts/lib'];

/**
 * Makes the package.
 * @param {string} [target] where it goes
 * @returns {Promise<string>} its path
 */
export async function makePackage(target) {
  const { ensureGuest } = await import('./guest.mjs');
  const { bundle } = await import('./build.mjs');
  const guest = await ensureGuest();
  const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8'));
  const vsix = target ?? path.join(ROOT, `${manifest.name}-${manifest.version}.vsix`);
  mkdirSync(path.join(ROOT, 'out'), { recursive: true });
  // Below the project, where vsce finds no other manifest by mistake.
  const stage = path.join(ROOT, 'out', `package-${process.pid}`);
  rmSync(stage, { recursive: true, force: true });
  try {
    const at = (...parts) => path.join(stage, ...parts);
    const copy = (from, to) => cpSync(from, to, { recursive: true, dereference: true });
    for (const name of AS_THEY_ARE) copy(path.join(ROOT, name), at(name));
    for (const name of translations()) copy(path.join(ROOT, name), at(name));
    for (const name of REBUILD) copy(path.join(ROOT, name), at('rebuild', name));
    writeFileSync(at('package.json'), `${JSON.stringify(forUsers(manifest), undefined, 2)}\n`);
    licencesOf(await bundle(at('dist'), true), at('licenses'));
    for (const name of ['vdso32.so.dbg', 'initrd', 'config', 'programs', 'sources'])
      copy(path.join(guest.dir, name), at('dist/guest', name));
    copy(await compressedKernel(guest), at('dist/guest/vmlinux.br'));
    writeFileSync(at('dist/guest/SOURCE.md'), await sourceOf(guest));
    const vsce = path.join(ROOT, 'node_modules/@vscode/vsce/vsce');
    // vsce's search for secrets would take minutes for the kernel's sources, which are public.
    const secrets = ['--allow-package-all-secrets', '--allow-package-env-file'];
    const options = ['--no-dependencies', '--no-rewrite-relative-links', '--allow-missing-repository', ...secrets];
    run(process.execPath, [vsce, 'package', ...options, '--out', vsix], { cwd: stage, quiet: true });
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return vsix;
}

/** package.nls.json and its translations. */
function translations() {
  return readdirSync(ROOT).filter((name) => /^package\.nls\..*json$/.test(name));
}

/** The manifest without what only the development needs. */
function forUsers({ scripts: _scripts, devDependencies: _development, dependencies: _bundled, ...manifest }) {
  return manifest;
}

/** The licences of the npm packages in the bundles; NOTICE.md has to name each. */
function licencesOf(packages, folder) {
  const notice = readFileSync(path.join(ROOT, 'NOTICE.md'), 'utf8');
  // The protocol's types leave no code in the bundle, but the adapter library's compiled code is made of them.
  for (const name of new Set([...packages, '@vscode/debugprotocol'])) {
    const home = path.join(ROOT, 'node_modules', name);
    const { version, license } = JSON.parse(readFileSync(path.join(home, 'package.json'), 'utf8'));
    const file = ['LICENSE', 'LICENSE.txt', 'License.txt', 'LICENSE.md'].find((candidate) =>
      existsSync(path.join(home, candidate)),
    );
    if (!file) throw new Error(`The npm package ${name} has no licence file.`);
    const text = `${name.replace('/', '-')}.txt`;
    if (!notice.includes(`licenses/${text}`))
      throw new Error(`NOTICE.md does not name the bundled npm package ${name}.`);
    writeFileSync(
      path.join(folder, text),
      `${name} ${version}, ${license}\n\n${readFileSync(path.join(home, file), 'utf8')}`,
    );
  }
}

/** The kernel as the package holds it, kept in the build cache. */
async function compressedKernel({ dir, vmlinux }) {
  const { ensureEntry, hashInputs } = await import('./lib/cache.mjs');
  const entry = await ensureEntry({
    kind: 'package',
    key: hashInputs({ guest: path.basename(dir), brotli: JSON.stringify(BROTLI) }),
    async build(out) {
      progress('compressing the kernel …');
      const bytes = readFileSync(vmlinux);
      const params = { ...BROTLI, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      writeFileSync(path.join(out, 'vmlinux.br'), await promisify(brotliCompress)(bytes, { params }));
    },
  });
  return path.join(entry, 'vmlinux.br');
}

/** What the kernel was made of, for whoever wants to make it again. */
async function sourceOf({ vmlinux, dir }) {
  const { packageVersion } = await import('./lib/packages.mjs');
  const { toolVersions } = await import('../guest/build/tools.mjs');
  const version = packageVersion('linux-source-6.1');
  const checksum = createHash('sha256').update(readFileSync(vmlinux)).digest('hex');
  const config = createHash('sha256')
    .update(readFileSync(path.join(dir, 'config')))
    .digest('hex');
  return `# Where this kernel comes from

- source: Debian's package linux-source-6.1, version ${version}, unmodified; https://snapshot.debian.org/package/linux/${version}/
- compiler and linker: ${toolVersions().split('\n').join('; ')}
- vmlinux (vmlinux.br when decompressed): SHA-256 ${checksum}
- config: SHA-256 ${config}

NOTICE.md says how to build it again.
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  checkNode();
  ensureNodeModules();
  makePackage().then(
    (vsix) => progress(`${path.relative(process.cwd(), vsix)}: ${(statSync(vsix).size / 1e6).toFixed(1)} MB`),
    (error) => fail(error instanceof Error ? error.message : String(error)),
  );
}

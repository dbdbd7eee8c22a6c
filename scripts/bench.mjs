/** `npm run bench`: sets up what is missing, then measures (test/bench/main.ts). Arguments name the parts to run. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { ROOT, checkNode, ensureNodeModules, fail } from './lib/setup.mjs';

checkNode();
try {
  ensureNodeModules();
  const { ensurePackages, TEST_PACKAGES } = await import('./lib/packages.mjs');
  ensurePackages(TEST_PACKAGES);
  const { ensureGuest } = await import('./guest.mjs');
  const guest = await ensureGuest();
  const { build } = await import('./build.mjs');
  await build(guest.dir);
  const { build: bundle } = await import('esbuild');
  // Bundled as the product is: the loader of the tests would slow some code down.
  const outfile = path.join(ROOT, 'dist/bench.js');
  await bundle({
    absWorkingDir: ROOT,
    entryPoints: ['test/bench/main.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    logLevel: 'warning',
  });
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
  process.exit(status ?? 1);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

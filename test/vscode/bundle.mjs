/** Bundles the suites that run inside the extension host; VS Code and mocha come from outside of the bundle. */
import path from 'node:path';
import { ROOT } from '../../scripts/lib/setup.mjs';

/**
 * @param {string} folder where the bundle goes; below the project, so that it finds mocha
 * @returns {Promise<string>} the module that exports `run()`
 */
export async function bundleSuites(folder) {
  const { build } = await import('esbuild');
  const outfile = path.join(folder, 'suites.js');
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['test/vscode/suite/index.ts'],
    outfile,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'warning',
  });
  return outfile;
}

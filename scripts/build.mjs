/** Bundles the extension, the adapter and the command line into dist/ (`npm run build`). */
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './lib/setup.mjs';

/**
 * Bundles what runs.
 * @param {string} outdir
 * @param {boolean} [release] for the extension's package: without the command line and source maps, and smaller
 * @returns {Promise<string[]>} names of the npm packages that went in
 */
export async function bundle(outdir, release = false) {
  const { build: esbuild } = await import('esbuild');
  const common = { absWorkingDir: ROOT, bundle: true, metafile: true, logLevel: 'warning', minifyWhitespace: release };
  mkdirSync(outdir, { recursive: true });
  const hosts = await esbuild({
    ...common,
    entryPoints: {
      extension: 'src/extension.ts',
      adapter: 'src/adapter/main.ts',
      ...(release ? {} : { cli: 'src/cli/main.ts' }),
    },
    outdir,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: !release,
    external: ['vscode'],
  });
  const webview = await esbuild({
    ...common,
    entryPoints: ['src/views/webview/dispatch.ts', 'src/views/webview/dispatch.css'],
    outdir: path.join(outdir, 'webview'),
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
  });
  // iced-x86 reads its WebAssembly from beside the bundle.
  copyFileSync(path.join(ROOT, 'node_modules/iced-x86/iced_x86_bg.wasm'), path.join(outdir, 'iced_x86_bg.wasm'));
  const inputs = [hosts, webview].flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const packages = inputs.map((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  return [...new Set(packages.filter((name) => name !== undefined))].sort();
}

/**
 * @param {string} [guest] folder of the built guest; the bundles find it as dist/guest
 * @returns a promise that resolves when dist/ is up to date
 */
export async function build(guest) {
  await bundle(path.join(ROOT, 'dist'));
  if (guest) {
    const link = path.join(ROOT, 'dist/guest');
    rmSync(link, { force: true, recursive: true });
    symlinkSync(guest, link);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // No await at the top level: tests load this file as a CommonJS module.
  import('./guest.mjs')
    .then(async ({ ensureGuest }) => build((await ensureGuest()).dir))
    .catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
}

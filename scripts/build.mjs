/** Bundles the extension, the adapter and the command line into dist/ (`npm run build`). */
import { copyFileSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ROOT } from './lib/setup.mjs';

/**
 * @param {string} [guest] folder of the built guest; the bundles find it as dist/guest
 * @returns a promise that resolves when dist/ is up to date
 */
export async function build(guest) {
  const { build: bundle } = await import('esbuild');
  mkdirSync(path.join(ROOT, 'dist'), { recursive: true });
  await bundle({
    absWorkingDir: ROOT,
    entryPoints: {
      extension: 'src/extension.ts',
      adapter: 'src/adapter/main.ts',
      cli: 'src/cli/main.ts',
    },
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    sourcemap: true,
    external: ['vscode'],
    logLevel: 'warning',
  });
  await bundle({
    absWorkingDir: ROOT,
    entryPoints: ['src/views/webview/dispatch.ts', 'src/views/webview/dispatch.css'],
    outdir: 'dist/webview',
    bundle: true,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    logLevel: 'warning',
  });
  // iced-x86 reads its WebAssembly from beside the bundle.
  copyFileSync(path.join(ROOT, 'node_modules/iced-x86/iced_x86_bg.wasm'), path.join(ROOT, 'dist/iced_x86_bg.wasm'));
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

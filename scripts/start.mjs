/** `npm start`: sets up what is missing, then runs the command line (src/cli). */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { ROOT, checkNode, ensureNodeModules, fail } from './lib/setup.mjs';

checkNode();
try {
  ensureNodeModules();
  const { ensureGuest } = await import('./guest.mjs');
  const guest = await ensureGuest();
  const { build } = await import('./build.mjs');
  await build(guest.dir);
  const child = spawn(process.execPath, [path.join(ROOT, 'dist/cli.js'), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

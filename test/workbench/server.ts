import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { Workbench } from './install';

/** Quiet defaults: nothing of VS Code's own that talks to the network or covers the window. */
const SETTINGS = {
  'workbench.startupEditor': 'none',
  'chat.disableAIFeatures': true,
  'chat.agentHost.enabled': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'workbench.enableExperiments': false,
  'workbench.tips.enabled': false,
  'npm.fetchOnlinePackageInfo': false,
  'json.schemaDownload.enable': false,
  'git.enabled': false,
  'remote.autoForwardPorts': false,
  'workbench.reduceMotion': 'on',
  'editor.cursorBlinking': 'solid',
  'editor.accessibilitySupport': 'off',
  'files.simpleDialog.enable': true,
  'window.restoreWindows': 'none',
  'debug.internalConsoleOptions': 'neverOpen',
  'debug.openDebug': 'openOnSessionStart',
};

const READY = 120_000;

/** A running workbench server with folders of its own. */
export interface Server {
  readonly port: number;
  /** What the server and its extension host have said, for failures. */
  output(): string;
  stop(): Promise<void>;
}

export interface ServerOptions {
  /** Folder of the installed extensions; none unless given. */
  extensions?: string;
  settings?: Record<string, unknown>;
  /** Whether folders have to be trusted first, as they have by default outside of tests. */
  asksForTrust?: boolean;
  env?: Record<string, string>;
}

/** Starts the workbench's server and waits until it answers. */
export async function startServer(workbench: Workbench, options: ServerOptions = {}): Promise<Server> {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-workbench-'));
  const user = path.join(home, 'user');
  const extensions = options.extensions ?? path.join(home, 'extensions');
  fs.mkdirSync(path.join(user, 'User'), { recursive: true });
  fs.mkdirSync(extensions, { recursive: true });
  fs.writeFileSync(
    path.join(user, 'User/settings.json'),
    JSON.stringify({
      ...SETTINGS,
      'security.workspace.trust.enabled': options.asksForTrust === true,
      ...options.settings,
    }),
  );
  fs.writeFileSync(path.join(home, 'none.yaml'), 'auth: none\n');

  const port = await freePort();
  // prettier-ignore
  const args = [
    workbench.server, '--config', path.join(home, 'none.yaml'), '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none',
    '--disable-telemetry', '--disable-update-check', '--disable-getting-started-override',
    ...(options.asksForTrust ? [] : ['--disable-workspace-trust']),
    '--ignore-last-opened', '--reconnection-grace-time', '1',
    // A built workbench honours the parameters of tests, and exposes window.driver, only with this.
    '--vscode-option', 'enable-smoke-test-driver',
    '--user-data-dir', user, '--extensions-dir', extensions,
  ];
  const env: NodeJS.ProcessEnv = { ...process.env, ...options.env };
  // Another VS Code or server around us is none of its business.
  for (const name of Object.keys(env)) if (name === 'PORT' || name.startsWith('VSCODE_')) delete env[name];
  const child = spawn(workbench.node, args, { env, cwd: home, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const collect = (chunk: Buffer): string => (said = (said + chunk.toString()).slice(-20_000));
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);

  const stop = async (): Promise<void> => {
    await endGroup(child);
    fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await answers(port, child);
  } catch (error) {
    await stop();
    throw new Error(`The workbench's server did not start: ${(error as Error).message}\n${said}`);
  }
  return { port, output: () => said, stop };
}

/** A port that nobody listens on. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as net.AddressInfo;
      probe.close(() => resolve(port));
    });
  });
}

async function answers(port: number, child: ChildProcess): Promise<void> {
  for (const end = Date.now() + READY; Date.now() < end;) {
    if (child.exitCode !== null) throw new Error(`it ended with exit status ${child.exitCode}.`);
    try {
      if ((await fetch(`http://127.0.0.1:${port}/healthz`)).ok) return;
    } catch {
      // Nobody listens yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`it did not answer within ${READY / 1000} s.`);
}

/** Ends the server with all that it started. */
async function endGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    else child.once('exit', () => resolve());
  });
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(-child.pid!, name);
    } catch {
      // It is gone already.
    }
  };
  signal('SIGTERM');
  const last = setTimeout(() => signal('SIGKILL'), 5_000);
  await ended;
  clearTimeout(last);
  signal('SIGKILL');
}

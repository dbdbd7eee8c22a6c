import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { prepared, PREPARATION } from '../adapter/fixture';
import { ensureWorkbench } from '../workbench/install';
import { installedPackage } from '../workbench/package';
import { startServer, type Server } from '../workbench/server';
import { settingsOf, Window } from './window';

/** How a window is opened. */
export interface Opening {
  /** Settings beside those that every suite has. */
  settings?: Record<string, unknown>;
  /** The folder that it shows; it is empty unless given. */
  folder?: string;
  /** The folder of the extensions; the package's unless given. */
  extensions?: string;
  /** Whether folders have to be trusted first. */
  asksForTrust?: boolean;
}

/** What a suite prepares its windows with. */
export interface SetUp {
  /** Folder of extensions in which the package, and nothing else, is installed. */
  readonly extensions: string;
  /** Makes a folder with files, by their paths in it; it is gone after the suite. */
  folder(files: Record<string, string>): string;
  /** Starts a workbench with a fresh profile and opens a window of it; it is closed after the suite. */
  open(opening?: Opening): Promise<Window>;
}

/** A launch.json with one configuration. */
export function launchJson(attributes: { name: string }): string {
  const configuration = { type: 'sockscope', request: 'launch', ...attributes };
  return JSON.stringify({ version: '0.2.0', configurations: [configuration] });
}

const STEP = 4 * 60_000;

/**
 * Prepares a suite whose tests go one way through a window, each from where the one before has ended: after the first failure, of which a
 * picture is taken, the others are skipped. (Mocha's `bail` would leave all of them out, unsaid, where a test of another suite has failed.)
 * @param name of that picture
 * @param prepare makes folders and opens the window
 */
export function withWindow(suite: Mocha.Suite, name: string, prepare: (setUp: SetUp) => Promise<void>): void {
  suite.timeout(STEP);
  const servers: Server[] = [];
  const windows: Window[] = [];
  const folders: string[] = [];
  let failed = false;

  suite.beforeAll(async function () {
    this.timeout(PREPARATION);
    await prepared();
    const workbench = await ensureWorkbench();
    const extensions = await installedPackage(workbench);
    await prepare({
      extensions,
      folder(files) {
        const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-workspace-'));
        folders.push(folder);
        for (const [file, text] of Object.entries(files)) {
          fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
          fs.writeFileSync(path.join(folder, file), text);
        }
        return folder;
      },
      async open({ settings, folder, ...options } = {}) {
        const server = await startServer(workbench, { extensions, settings: settingsOf(settings), ...options });
        servers.push(server);
        const window = await Window.open(workbench, server, folder);
        windows.push(window);
        return window;
      },
    });
  });

  suite.beforeEach(function () {
    if (failed) this.skip();
  });

  suite.afterEach(async function () {
    if (this.currentTest?.state !== 'failed') return;
    failed = true;
    for (const window of windows) await window.screenshot(`failure-${name}`);
  });

  suite.afterAll(async () => {
    for (const window of windows) await window.close();
    for (const server of servers) await server.stop();
    for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
}

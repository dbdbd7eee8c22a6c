/**
 * `npm run test:electron`: the suites of test/vscode inside a desktop VS Code, which @vscode/test-electron downloads. It is no
 * part of `npm test`, where the same suites run inside the workbench's extension host; it fails where the download is not
 * possible, and says so.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, checkNode, ensureNodeModules, fail, progress } from './lib/setup.mjs';

checkNode();
ensureNodeModules();
const { ensureGuest } = await import('./guest.mjs');
const { build } = await import('./build.mjs');
await build((await ensureGuest()).dir);
const { bundleSuites } = await import('../test/vscode/bundle.mjs');
const { downloadAndUnzipVSCode, runTests } = await import('@vscode/test-electron');

let vscodeExecutablePath;
try {
  progress('downloading VS Code …');
  vscodeExecutablePath = await downloadAndUnzipVSCode();
} catch (error) {
  fail(`nothing was run: VS Code could not be downloaded (${error instanceof Error ? error.message : error}).`);
}

mkdirSync(path.join(ROOT, 'out'), { recursive: true });
const folder = mkdtempSync(path.join(ROOT, 'out/vscode-suites-'));
const workspace = mkdtempSync(path.join(os.tmpdir(), 'sockscope-workspace-'));
let status = 1;
try {
  writeFileSync(path.join(workspace, 'program.c'), 'int main(void)\n{\n\treturn 0;\n}\n');
  const suites = await bundleSuites(folder);
  status = await runTests({
    vscodeExecutablePath,
    extensionDevelopmentPath: ROOT,
    extensionTestsPath: suites,
    launchArgs: [workspace, '--disable-extensions', '--disable-workspace-trust', '--skip-welcome'],
  }).catch((error) => {
    progress(error instanceof Error ? error.message : String(error));
    return 1;
  });
  const results = JSON.parse(readFileSync(path.join(folder, 'results.json'), 'utf8'));
  const failed = results.filter(({ error }) => error !== undefined).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  if (results.length === 0) status = 1;
} catch (error) {
  progress(`VS Code did not run the suites: ${error instanceof Error ? error.message : error}`);
  status = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
  rmSync(workspace, { recursive: true, force: true });
}
process.exit(status);

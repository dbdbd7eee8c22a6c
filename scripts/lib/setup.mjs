/**
 * What a fresh clone needs before anything can run. Everything here works with Node alone: npm dependencies may not be there yet.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's folder. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** One line of progress, on standard error so that standard output stays what the user asked for. */
export function progress(text) {
  process.stderr.write(`[sockscope] ${text}\n`);
}

/** Ends the process with one sentence. */
export function fail(text) {
  process.stderr.write(`sockscope: ${text}\n`);
  process.exit(1);
}

/** Runs a program with our standard error; throws where it fails. Its standard output goes to ours unless `quiet`. */
export function run(command, args, { quiet = false, ...options } = {}) {
  const result = spawnSync(command, args, {
    cwd: ROOT,
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    ...options,
  });
  if (result.error) throw new Error(`${command} could not be started: ${result.error.message}`);
  if (result.status !== 0) {
    const said = quiet ? `\n${result.stdout}${result.stderr}` : '';
    throw new Error(`${command} ${args.join(' ')} failed (exit ${result.status ?? result.signal}).${said}`);
  }
  return result;
}

/** Ends with a clear sentence on a Node that is too old. */
export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) fail(`Node 20 or newer is needed, this is ${process.version}.`);
}

/** Installs npm dependencies where package-lock.json asks for others than are there. */
export function ensureNodeModules() {
  const lock = readFileSync(path.join(ROOT, 'package-lock.json'));
  const stamp = path.join(ROOT, 'node_modules', '.sockscope-lock');
  const hash = createHash('sha256').update(lock).digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return;
  progress('installing npm dependencies …');
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { stdio: ['ignore', 2, 2] });
  writeFileSync(stamp, hash);
}

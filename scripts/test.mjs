/**
 * `npm test`: sets up what is missing, then type check, lint and every suite. Ends with one line
 * `N passed, N failed, N skipped`; the exit status is 0 only where nothing failed.
 * Arguments are handed to mocha (files, --grep …); then only mocha runs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ROOT, checkNode, ensureNodeModules, fail, progress } from './lib/setup.mjs';

checkNode();
const args = process.argv.slice(2);
const scratch = mkdtempSync(path.join(os.tmpdir(), 'sockscope-test-'));
const totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs one check that passes or fails as a whole. */
function check(name, script, scriptArgs) {
  progress(`${name} …`);
  const result = spawnSync(process.execPath, [path.join(ROOT, script), ...scriptArgs], { cwd: ROOT, stdio: 'inherit' });
  if (result.status === 0) totals.passed++;
  else {
    totals.failed++;
    console.log(`FAILED: ${name}`);
  }
}

try {
  ensureNodeModules();
  const { ensurePackages, TEST_PACKAGES } = await import('./lib/packages.mjs');
  await ensurePackages(TEST_PACKAGES);
  const { ensureGuest } = await import('./guest.mjs');
  const guest = await ensureGuest();
  const { build } = await import('./build.mjs');
  await build(guest.dir);

  if (args.length === 0) {
    check('type check', 'node_modules/typescript/bin/tsc', ['--noEmit']);
    check('lint', 'node_modules/eslint/bin/eslint.js', ['.']);
    check('format', 'node_modules/prettier/bin/prettier.cjs', ['--check', '--log-level=warn', '.']);
  }
  progress('test suites …');
  const counts = path.join(scratch, 'counts.json');
  const mocha = spawnSync(
    process.execPath,
    [
      path.join(ROOT, 'node_modules/mocha/bin/mocha.js'),
      '--reporter',
      'scripts/lib/reporter.cjs',
      // a handle that a failed test left open must not keep the run from ending
      '--exit',
      ...(args.length > 0 ? args : ['test/**/*.test.ts']),
    ],
    { cwd: ROOT, stdio: 'inherit', env: { ...process.env, SOCKSCOPE_COUNTS: counts } },
  );
  try {
    const { passes, failures, pending } = JSON.parse(readFileSync(counts, 'utf8'));
    totals.passed += passes;
    totals.failed += failures;
    totals.skipped += pending;
    // A runner that fails without a failing test (a crash after the last one) is a failure too.
    if (mocha.status !== 0 && failures === 0) totals.failed++;
  } catch {
    console.log('FAILED: the test runner ended before it could report.');
    totals.failed++;
  }
} catch (error) {
  console.log(`0 passed, 1 failed, 0 skipped`);
  fail(error instanceof Error ? error.message : String(error));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

/**
 * The system architecture as a whole: a kernel of our own (system/) tries every kind of descriptor, gate, page and task switch, and prints what came of it.
 * Its output was recorded under Bochs 2.7 (system/record-bochs.sh) and must be the same here, on both engines.
 */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

import type * as RunKernel from './system/run-kernel';

const SYSTEM = join(__dirname, 'system');

/** Lines in which this processor follows the manual rather than Bochs: what Bochs prints, and what is right. */
const DIFFERENT: readonly { bochs: string; ours: string; why: string }[] = [
  {
    bochs: 'instruction breakpoint, stepping level 3: +1/4000/1 +2/4001/1 +3/4000/1 +4/4000/1 then ok +6',
    ours: 'instruction breakpoint, stepping level 3: +1/4000/1 +2/4000/1 +2/1/1 +3/4000/1 +4/4000/1 then ok +6',
    why: 'the trap of one instruction comes before the breakpoint fault of the next (volume 3, table 6-2)',
  },
];

describe('system architecture, against Bochs', () => {
  let directory = '';
  let kernel: Uint8Array;
  let runKernel: typeof RunKernel.runKernel;
  let expected: string[] = [];

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'sockscope-system-'));
    execFileSync('sh', [join(SYSTEM, 'build-kernel.sh'), join(directory, 'kernel')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    kernel = readFileSync(join(directory, 'kernel'));
    // Bundled, constants are constants; the test runner's loader makes a function call of each use of one.
    const bundle = join(directory, 'run-kernel.cjs');
    buildSync({
      entryPoints: [join(SYSTEM, 'run-kernel.ts')],
      bundle: true,
      platform: 'node',
      outfile: bundle,
      logLevel: 'error',
    });
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- built just now, so it can't be imported statically
    runKernel = (require(bundle) as typeof RunKernel).runKernel;
    expected = gunzipSync(readFileSync(join(SYSTEM, 'bochs.txt.gz')))
      .toString()
      .trimEnd()
      .split('\n');
    assert.ok(expected.length > 1800, 'the recording is not whole');
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  for (const engine of ['wasm', 'evaluator'] as const) {
    it(`prints the same on the ${engine} engine`, function () {
      this.timeout(300_000);
      const { printed, instructions } = runKernel(kernel, engine);
      const lines = printed.trimEnd().split('\n');
      const wrong: string[] = [];
      for (let n = 0; n < Math.max(lines.length, expected.length); n++) {
        const wanted = DIFFERENT.find(({ bochs }) => bochs === expected[n])?.ours ?? expected[n];
        if (lines[n] !== wanted) wrong.push(`line ${n + 1}\n  here  ${lines[n]}\n  Bochs ${wanted}`);
      }
      console.log(`      ${lines.length} lines, ${instructions} instructions`);
      assert.equal(wrong.length, 0, `${wrong.length} lines differ:\n${wrong.slice(0, 20).join('\n')}`);
    });
  }
});

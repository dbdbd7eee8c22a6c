/**
 * The compiler in use, as an input of the cache's keys.
 */
import { spawnSync } from 'node:child_process';

/** First lines of what compiler and linker say of themselves. */
export function toolVersions() {
  return ['gcc', 'ld']
    .map((tool) => {
      const run = spawnSync(tool, ['--version'], { encoding: 'utf8' });
      if (run.error) throw new Error(`${tool} could not be run: ${run.error.message}`);
      return run.stdout.split('\n')[0];
    })
    .join('\n');
}

/**
 * What VS Code starts inside its extension host: the page's `extensionTestsPath` here, `runTests` of @vscode/test-electron on a
 * desktop. The results are left in results.json beside the bundle, one entry a test.
 */
import fs from 'node:fs';
import path from 'node:path';
import type Mocha from 'mocha';
import { registerActivationSuite } from './activation';
import { registerConfigurationSuite } from './configuration';
import { registerDebuggingSuite } from './debugging';
import { registerHealthSuite } from './health';
import { registerSessionSuite } from './sessions';
import { registerSourcesSuite } from './sources';
import { registerViewsSuite } from './views';
import { registerTerminalSuite } from './terminal';

/** One test's outcome, as the runner outside reads it. */
export interface Result {
  title: string;
  milliseconds: number;
  error?: string;
}

/** Everything runs on a machine that may be busy with other suites. */
const TIMEOUT = 120_000;

export async function run(): Promise<void> {
  const { default: Runner } = (await import('mocha')) as unknown as { default: typeof Mocha };
  const mocha = new Runner({ ui: 'bdd', timeout: TIMEOUT, reporter: 'spec', color: false });
  // Defines describe, it, … as globals, which mocha does by itself only for files that it loads.
  mocha.suite.emit('pre-require', globalThis, '', mocha);
  registerActivationSuite();
  registerSourcesSuite();
  registerConfigurationSuite();
  registerSessionSuite();
  registerHealthSuite();
  registerTerminalSuite();
  registerDebuggingSuite();
  registerViewsSuite();

  const results: Result[] = [];
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    runner.on('pass', (test) => results.push({ title: test.fullTitle(), milliseconds: test.duration ?? 0 }));
    runner.on('fail', (test, error: Error) =>
      results.push({
        title: test.fullTitle(),
        milliseconds: test.duration ?? 0,
        error: error.stack ?? error.message,
      }),
    );
  });
  fs.writeFileSync(path.join(__dirname, 'results.json'), JSON.stringify(results, undefined, 2));
  if (failures > 0) throw new Error(`${failures} tests failed.`);
}

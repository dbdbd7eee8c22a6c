import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';
import { prepared, PREPARATION, ROOT } from '../adapter/fixture';
import { openBrowser } from '../workbench/browser';
import { ensureWorkbench } from '../workbench/install';
import { startServer } from '../workbench/server';
import { bundleSuites } from './bundle.mjs';
import type { Result } from './suite/index';

/** From opening the page to the last test's end. */
const LIMIT = 8 * 60_000;

/** What VS Code says at every start, which only hides what the suites say. */
const NOISE = /^(Resolv|Creating|Updating|\[)|open-vsx|authentication provider/;

interface Outcome {
  exit: number | 'timeout';
  results: Result[];
  log: string;
}

/** Opens the workbench with the extension under development, and lets its extension host run the suites. */
async function runInsideHost(): Promise<Outcome> {
  const workbench = await ensureWorkbench();
  fs.mkdirSync(path.join(ROOT, 'out'), { recursive: true });
  const folder = fs.mkdtempSync(path.join(ROOT, 'out/vscode-suites-'));
  const suites = await bundleSuites(folder);
  const workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-workspace-'));
  fs.writeFileSync(path.join(workspace, 'program.c'), 'int main(void)\n{\n\treturn 0;\n}\n');
  const server = await startServer(workbench);
  const browser = await openBrowser(workbench);
  const said: string[] = [];
  try {
    const { page } = browser;
    const exit = new Promise<number>((resolve) => {
      void page.exposeFunction('codeAutomationExit', (code: number) => resolve(code));
    });
    await page.exposeFunction('codeAutomationLog', (_type: string, args: unknown[]) => {
      if (!NOISE.test(String(args[0]))) said.push(format(...args));
    });
    const remote = (file: string): string => `vscode-remote://127.0.0.1:${server.port}${file}`;
    const payload = JSON.stringify([
      ['extensionDevelopmentPath', remote(ROOT)],
      ['extensionTestsPath', remote(suites)],
    ]);
    await page.goto(
      `http://127.0.0.1:${server.port}/?folder=${encodeURIComponent(workspace)}&payload=${encodeURIComponent(payload)}`,
    );
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<'timeout'>((resolve) => (timer = setTimeout(() => resolve('timeout'), LIMIT)));
    const code = await Promise.race([exit, limit]);
    clearTimeout(timer);
    if (code !== 0) {
      fs.mkdirSync(path.join(ROOT, 'out/screenshots'), { recursive: true });
      await page.screenshot({ path: path.join(ROOT, 'out/screenshots/extension-host-failure.png') });
    }
    const file = path.join(folder, 'results.json');
    const results = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as Result[]) : [];
    return { exit: code, results, log: `${said.join('\n')}\n${server.output()}` };
  } finally {
    await browser.close();
    await server.stop();
    fs.rmSync(workspace, { recursive: true, force: true });
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

describe('inside the extension host', () => {
  let outcome: Outcome;

  before(async function () {
    this.timeout(PREPARATION + LIMIT);
    await prepared();
    outcome = await runInsideHost();
    // Each test inside is a test here; they are known only now.
    const suite = this.test?.parent;
    for (const { title, error } of outcome.results) {
      const run = (): void => {
        if (error !== undefined) throw new Error(error);
      };
      suite?.addTest(new Mocha.Test(title, run));
    }
  });

  it('all suites run to their end', () => {
    assert.ok(outcome.results.length > 0, `no results (exit ${outcome.exit}):\n${outcome.log.slice(-4000)}`);
    const failed = outcome.results.filter(({ error }) => error !== undefined).length;
    assert.equal(outcome.exit, failed > 0 ? 1 : 0, outcome.log.slice(-4000));
  });
});

import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { GUEST_PACKAGES, TEST_PACKAGES, packageVersion, reasonFor } from '../../scripts/lib/packages.mjs';

const PACKAGES_MODULE = path.resolve(__dirname, '../../scripts/lib/packages.mjs');

describe('Debian packages', () => {
  let tools: string;

  beforeEach(() => (tools = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-tools-'))));
  afterEach(() => fs.rmSync(tools, { recursive: true, force: true }));

  it('each has a reason', () => {
    for (const name of [...GUEST_PACKAGES, ...TEST_PACKAGES]) assert.ok(reasonFor(name).length > 10, name);
    assert.throws(() => reasonFor('cowsay'), /cowsay is not in the list/);
  });

  it('tells the version of an installed one', () => {
    assert.match(packageVersion('dpkg'), /^\d/);
    assert.throws(() => packageVersion('no-such-package'), /no-such-package is not installed/);
  });

  /**
   * Runs ensurePackages(['make', 'bison']) with stand-ins for dpkg-query and apt-get: a package counts as installed once
   * its name is in the file `installed`; apt-get notes its arguments in `log`.
   */
  function ensure(
    uid: number,
    installed: string[],
    aptGet: string,
  ): { log: string; stderr: string; status: number | null } {
    const script = (name: string, body: string): void =>
      fs.writeFileSync(path.join(tools, name), `#!/bin/sh\ncd ${tools}\n${body}\n`, { mode: 0o755 });
    fs.writeFileSync(path.join(tools, 'installed'), installed.map((name) => `${name} installed\n`).join(''));
    fs.writeFileSync(path.join(tools, 'log'), '');
    script('dpkg-query', 'cat installed');
    script('apt-get', `echo "$DEBIAN_FRONTEND $*" >> log\n${aptGet}`);
    const program = `
      import { ensurePackages } from ${JSON.stringify(PACKAGES_MODULE)};
      process.getuid = () => ${uid};
      try { ensurePackages(['make', 'bison']); } catch (error) { console.error(error.message); process.exitCode = 1; }
    `;
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { ...process.env, PATH: `${tools}:${process.env.PATH}` },
    });
    return { log: fs.readFileSync(path.join(tools, 'log'), 'utf8'), stderr: run.stderr, status: run.status };
  }

  it('nothing is run if all are there', () => {
    assert.deepEqual(ensure(0, ['make', 'bison'], 'exit 1'), { log: '', stderr: '', status: 0 });
  });

  it('root gets the missing ones installed, without questions', () => {
    const result = ensure(0, ['make'], 'echo "bison installed" >> installed');
    assert.equal(result.log, 'noninteractive -q -o DPkg::Lock::Timeout=300 install -y --no-install-recommends bison\n');
    assert.match(result.stderr, /^installing bison: /);
    assert.equal(result.status, 0);
  });

  it('the package lists are brought up to date once if that fails', () => {
    const result = ensure(
      0,
      ['make'],
      'if [ "$4" = update ]; then touch new; fi; [ -f new ] && echo "bison installed" >> installed',
    );
    assert.deepEqual(
      result.log.split('\n').map((line) => line.split(' ')[4]),
      ['install', 'update', 'install', undefined],
    );
    assert.equal(result.status, 0);
  });

  it('what cannot be installed is named, with what apt-get said', () => {
    const result = ensure(0, ['make'], 'echo "E: Unable to locate package bison" >&2; exit 100');
    assert.match(result.stderr, /apt-get could not install bison:\nE: Unable to locate package bison/);
    assert.equal(result.status, 1);
  });

  it('others are told the one command to run', () => {
    const result = ensure(1000, [], 'exit 1');
    assert.equal(result.log, '');
    assert.equal(
      result.stderr,
      'Missing Debian packages. Run this, then try again:\n  sudo apt-get install -y make bison\n',
    );
    assert.equal(result.status, 1);
  });
});

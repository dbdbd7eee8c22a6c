import * as assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { cpioArchive } from '../../guest/build/cpio.mjs';
import { ensureGuest } from '../../guest/build/guest.mjs';
import { ensureKernel } from '../../guest/build/kernel.mjs';
import { ensurePrograms, programNames } from '../../guest/build/programs.mjs';

const PROJECT = path.resolve(__dirname, '../..');

/** What GNU cpio lists: permissions, then for a device its numbers, else the size, then the name. */
function listing(archive: Buffer): string[] {
  const text = execFileSync('cpio', ['-itvn', '--quiet'], { input: archive, encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .map((line) =>
      line.replace(/^(\S+) +\d+ \S+ +\S+ +(\d+(?:, +\d+)?) \w+ +\d+ +\d+ (.*)$/, '$1 $2 $3').replace(/, +/, ','),
    );
}

describe('guest: initial RAM file system', function () {
  this.timeout(15 * 60_000);

  it('GNU cpio reads our archives', () => {
    const archive = cpioArchive([
      { path: 'dev', directory: true, mode: 0o755 },
      { path: 'dev/console', device: [5, 1], mode: 0o600 },
      ...[0, 1, 2, 3, 4, 5].map((size) => ({ path: 'x'.repeat(size + 1), data: Buffer.alloc(size, 65), mode: 0o644 })),
    ]);
    assert.deepEqual(listing(archive), [
      'drwxr-xr-x 0 dev',
      'crw------- 5,1 dev/console',
      ...[0, 1, 2, 3, 4, 5].map((size) => `-rw-r--r-- ${size} ${'x'.repeat(size + 1)}`),
    ]);
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-cpio-'));
    try {
      execFileSync('cpio', ['-i', '--quiet', 'x*'], { input: archive, cwd: folder });
      assert.equal(fs.readFileSync(path.join(folder, 'xxxxxx'), 'utf8'), 'AAAAA');
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('holds init, the shell, all programs without debug information, and /dev/console', async () => {
    const guest = await ensureGuest();
    const list = listing(gunzipSync(fs.readFileSync(guest.initrd)));
    const names = list.map((line) => line.split(' ')[2]);
    for (const name of ['shell', ...programNames(PROJECT)]) assert.ok(names.includes(`bin/${name}`), name);
    assert.ok(list.includes('crw------- 5,1 dev/console'));
    assert.ok(list.some((line) => /^-rwxr-xr-x \d+ init$/.test(line)));
    assert.ok(fs.statSync(guest.initrd).size < 100_000);
  });

  it('is the same, byte for byte, when built in another folder; and so are the programs', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-elsewhere-'));
    try {
      fs.cpSync(path.join(PROJECT, 'guest'), path.join(folder, 'guest'), { recursive: true });
      const here = await ensurePrograms(PROJECT);
      const there = await ensurePrograms(folder, path.join(folder, 'cache'));
      assert.equal(path.basename(there), path.basename(here));
      for (const name of ['initrd', ...fs.readdirSync(path.join(here, 'programs')).map((file) => `programs/${file}`)]) {
        assert.ok(fs.readFileSync(path.join(here, name)).equals(fs.readFileSync(path.join(there, name))), name);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('another program gives other programs, but not another kernel', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-elsewhere-'));
    try {
      fs.cpSync(path.join(PROJECT, 'guest'), path.join(folder, 'guest'), { recursive: true });
      fs.appendFileSync(path.join(folder, 'guest/programs/udp.c'), '/* changed */\n');
      const there = await ensurePrograms(folder, path.join(folder, 'cache'));
      assert.notEqual(path.basename(there), path.basename(await ensurePrograms(PROJECT)));
      // Found in the cache although the project is another folder with another program.
      assert.equal(await ensureKernel(folder), await ensureKernel(PROJECT));
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('a program that does not compile is named, and nothing is left', async () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-elsewhere-'));
    try {
      fs.cpSync(path.join(PROJECT, 'guest'), path.join(folder, 'guest'), { recursive: true });
      fs.appendFileSync(path.join(folder, 'guest/programs/udp.c'), 'nonsense\n');
      await assert.rejects(
        ensurePrograms(folder, path.join(folder, 'cache')),
        /gcc failed for .*udp\.c\.o:\n[^]*nonsense/,
      );
      assert.deepEqual(fs.readdirSync(path.join(folder, 'cache')), []);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

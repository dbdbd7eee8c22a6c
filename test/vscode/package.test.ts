import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { makePackage } from '../../scripts/package.mjs';
import { INITIALIZE, prepared, PREPARATION, ROOT } from '../adapter/fixture';
import { TestClient } from '../adapter/test-client';

/** The limit that the package must keep, in bytes. */
const LIMIT = 40e6;

describe('the extension package', () => {
  let folder: string;
  let vsix: string;
  let files: Map<string, Uint8Array>;
  const text = (name: string): string => Buffer.from(files.get(name) ?? assert.fail(`no ${name}`)).toString('utf8');

  before(async function () {
    this.timeout(PREPARATION);
    await prepared();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-package-'));
    vsix = await makePackage(path.join(folder, 'sockscope.vsix'));
    const inside = Object.entries(unzipSync(fs.readFileSync(vsix)));
    files = new Map(
      inside
        .filter(([name]) => name.startsWith('extension/') && !name.endsWith('/'))
        .map(([name, bytes]) => [name.slice('extension/'.length), bytes]),
    );
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('has what a session needs on a machine with nothing installed', () => {
    const needed = [
      'package.json',
      'package.nls.json',
      'l10n/bundle.l10n.json',
      'readme.md',
      'changelog.md',
      'NOTICE.md',
      'dist/extension.js',
      'dist/adapter.js',
      'dist/iced_x86_bg.wasm',
      'dist/webview/dispatch.js',
      'dist/guest/vmlinux.br',
      'dist/guest/vdso32.so.dbg',
      'dist/guest/initrd',
      'dist/guest/programs/replyhi',
      'dist/guest/programs/hello',
      'dist/guest/sources/net/socket.c',
      'dist/guest/sources/arch/x86/entry/entry_32.S',
      'dist/guest/sources/arch/x86/entry/syscalls/syscall_32.tbl',
      'dist/guest/sources/guest/programs/replyhi.c',
      'syntaxes/i386-assembly.tmLanguage.json',
    ];
    const present = new Set([...files.keys()].map((name) => (/^(readme|changelog)\./i.test(name) ? name.toLowerCase() : name))); // prettier-ignore
    assert.deepEqual(
      needed.filter((file) => !present.has(file)),
      [],
    );
    const kernel = brotliDecompressSync(files.get('dist/guest/vmlinux.br') ?? assert.fail());
    assert.ok(
      kernel.equals(fs.readFileSync(path.join(ROOT, 'dist/guest/vmlinux'))),
      'the kernel is the one that is tested',
    );
  });

  it('is at most 40 MB', () => {
    const { size } = fs.statSync(vsix);
    console.log(`      ${(size / 1e6).toFixed(1)} MB, ${files.size} files`);
    assert.ok(size <= LIMIT, `${size} bytes`);
  });

  it('has nothing of the development, and real files only', () => {
    const foreign =
      /^(src|test|scripts|node_modules|out|\.)|\.map$|\bbench\.js|^dist\/cli|\.tsx?$|tsconfig|eslint|syntaxes\/source/;
    assert.deepEqual(
      [...files.keys()].filter((file) => foreign.test(file) && !/^(dist\/guest|rebuild)\//.test(file)),
      [],
    );
    const manifest = JSON.parse(text('package.json')) as Record<string, unknown>;
    for (const key of ['scripts', 'devDependencies', 'dependencies']) assert.equal(manifest[key], undefined, key);
    assert.deepEqual([...files].filter(([name, bytes]) => bytes.length === 0 && !name.startsWith('dist/guest/sources')).map(([name]) => name), []); // prettier-ignore
  });

  it('loads little when VS Code activates it: the adapter and its libraries are a file of their own', () => {
    const extension = text('dist/extension.js');
    assert.ok(extension.length < 200_000, `${extension.length} characters`);
    for (const foreign of ['iced_x86', 'unzlibSync', 'WebAssembly.Module', 'class DebugSession'])
      assert.ok(!extension.includes(foreign), `dist/extension.js contains ${foreign}`);
    assert.ok(text('dist/adapter.js').includes('iced_x86'));
  });

  it('names no folder of the machine that it was made on', () => {
    const own = [ROOT, os.homedir().length > 3 ? `${os.homedir()}/` : undefined, `${os.tmpdir()}/sockscope`]
      .filter((name) => name !== undefined)
      .map((name) => Buffer.from(name));
    const found = [...files].flatMap(([name, bytes]) => {
      const whole = Buffer.from(name.endsWith('.br') ? brotliDecompressSync(bytes) : bytes);
      return own.filter((needle) => whole.includes(needle)).map((needle) => `${needle} in ${name}`);
    });
    // "/root/" is the home of this machine's user, and a word of the kernel and its init.
    assert.deepEqual(found.filter((line) => !/^\/root\/ in (dist\/guest|rebuild|licenses)\//.test(line)), []); // prettier-ignore
  });

  it('carries the licences of what it contains, and what rebuilds the kernel', () => {
    assert.match(text('licenses/GPL-2.0.txt'), /GNU GENERAL PUBLIC LICENSE\s+Version 2, June 1991/);
    assert.match(text('licenses/Linux-COPYING.txt'), /GPL-2\.0 WITH Linux-syscall-note/);
    const source = text('dist/guest/SOURCE.md');
    const [, version] = /linux-source-6\.1, version (\S+), unmodified/.exec(source) ?? assert.fail(source);
    assert.ok(source.includes(`https://snapshot.debian.org/package/linux/${version}/`));
    const kernel = fs.readFileSync(path.join(ROOT, 'dist/guest/vmlinux'));
    assert.ok(source.includes(createHash('sha256').update(kernel).digest('hex')), 'the checksum of the kernel');

    const notice = text('NOTICE.md');
    for (const [, name] of notice.matchAll(/`((?:dist|licenses|rebuild)\/[\w@./-]*)`/g))
      assert.ok(
        [...files.keys()].some((file) => file === name || file.startsWith(name)),
        `NOTICE.md names ${name}`,
      );
    for (const name of ['@vscode-debugadapter', '@vscode-debugprotocol', 'fflate', 'iced-x86'])
      assert.match(text(`licenses/${name}.txt`), /^\S+ \d+\.\d+\.\d+, MIT\n/);
  });

  it('rebuilds the guest from what is in the package: its scripts load, and ask for the same kernel', () => {
    const place = path.join(folder, 'unpacked');
    for (const [name, bytes] of files) {
      if (!name.startsWith('rebuild/')) continue;
      fs.mkdirSync(path.join(place, path.dirname(name)), { recursive: true });
      fs.writeFileSync(path.join(place, name), bytes);
    }
    // The cache has this kernel and these programs already if they are made of the same inputs; another would be built for minutes.
    const run = spawnSync(process.execPath, [path.join(place, 'rebuild/scripts/guest.mjs')], { encoding: 'utf8', timeout: 60_000 }); // prettier-ignore
    assert.equal(run.status, 0, run.stderr);
    const [, kernel] = /^vmlinux\s+(\S+)$/m.exec(run.stdout) ?? assert.fail(run.stdout);
    assert.equal(fs.realpathSync(kernel), fs.realpathSync(path.join(ROOT, 'dist/guest/vmlinux')));
  });

  it('boots to the prompt by itself, from its own files', async function () {
    this.timeout(120_000);
    const place = path.join(folder, 'installed');
    for (const [name, bytes] of files) {
      if (!name.startsWith('dist/') || name.startsWith('dist/guest/sources/include')) continue;
      fs.mkdirSync(path.join(place, path.dirname(name)), { recursive: true });
      fs.writeFileSync(path.join(place, name), bytes);
    }
    const client = new TestClient(path.join(place, 'dist/adapter.js'));
    try {
      await client.request('initialize', INITIALIZE);
      await client.request('launch', {});
      await client.request('configurationDone');
      await client.console('sockscope# ', 100_000);
    } finally {
      await client.kill();
    }
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { prepared, PREPARATION, ROOT } from '../adapter/fixture';

describe('the extension package', () => {
  let files: string[];

  before(async function () {
    this.timeout(PREPARATION);
    await prepared();
    const vsce = path.join(ROOT, 'node_modules/@vscode/vsce/vsce');
    const listed = spawnSync(process.execPath, [vsce, 'ls', '--no-dependencies', '--follow-symlinks'], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 1 << 24,
    });
    assert.equal(listed.status, 0, listed.stderr);
    files = listed.stdout.trim().split('\n');
  });

  it('has what a session needs on a machine with nothing installed', () => {
    const needed = [
      'package.json',
      'LICENSE',
      'README.md',
      'dist/extension.js',
      'dist/adapter.js',
      'dist/iced_x86_bg.wasm',
      'dist/guest/vmlinux',
      'dist/guest/vdso32.so.dbg',
      'dist/guest/initrd',
      'dist/guest/programs/replyhi',
      'dist/guest/programs/hello',
      'dist/guest/sources/net/socket.c',
      'dist/guest/sources/arch/x86/entry/entry_32.S',
      'dist/guest/sources/guest/programs/replyhi.c',
    ];
    assert.deepEqual(
      needed.filter((file) => !files.includes(file)),
      [],
    );
  });

  it('has nothing of the development', () => {
    const foreign = files.filter((file) => /^(src|test|scripts|node_modules|out|\.)|\.map$|bench/.test(file));
    assert.deepEqual(
      foreign.filter((file) => !file.startsWith('dist/guest/')),
      [],
    );
  });
});

import * as assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { cacheRoot, ensureEntry, fileInputs, hashInputs } from '../../scripts/lib/cache.mjs';

const CACHE_MODULE = path.resolve(__dirname, '../../scripts/lib/cache.mjs');

describe('build cache', () => {
  let root: string;

  beforeEach(() => (root = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-cache-'))));
  afterEach(() => fs.rmSync(root, { recursive: true, force: true }));

  describe('its folder', () => {
    it('is below XDG_CACHE_HOME', () => {
      assert.equal(cacheRoot({ XDG_CACHE_HOME: '/somewhere', HOME: '/home/me' }), '/somewhere/sockscope');
    });

    it('is ~/.cache/sockscope without it, or if it is relative', () => {
      assert.equal(cacheRoot({ HOME: '/home/me' }), '/home/me/.cache/sockscope');
      assert.equal(cacheRoot({ XDG_CACHE_HOME: 'relative', HOME: '/home/me' }), '/home/me/.cache/sockscope');
    });
  });

  describe('keys', () => {
    it('depend on names and contents, not on order', () => {
      const key = hashInputs({ a: 'one', b: 'two' });
      assert.match(key, /^[0-9a-f]{16}$/);
      assert.equal(hashInputs({ b: 'two', a: 'one' }), key);
      const others: Record<string, string>[] = [
        { a: 'one', b: 'tw0' },
        { a: 'one', c: 'two' },
        { a: 'one' },
        { a: 'onetwo', b: '' },
      ];
      for (const other of others) assert.notEqual(hashInputs(other), key);
    });

    it('take all files below a folder', () => {
      fs.mkdirSync(path.join(root, 'src/deep'), { recursive: true });
      fs.writeFileSync(path.join(root, 'src/a.c'), 'a');
      fs.writeFileSync(path.join(root, 'src/deep/b.c'), 'b');
      fs.writeFileSync(path.join(root, 'other'), 'c');
      const inputs = fileInputs(root, ['src', 'other']);
      assert.deepEqual(Object.keys(inputs).sort(), ['other', 'src/a.c', 'src/deep/b.c']);
    });
  });

  it('builds an entry once', async () => {
    let builds = 0;
    const build = (out: string): void => {
      builds++;
      fs.writeFileSync(path.join(out, 'result'), 'done');
    };
    const first = await ensureEntry({ root, kind: 'thing', key: 'k', build });
    const second = await ensureEntry({ root, kind: 'thing', key: 'k', build });
    assert.equal(first, path.join(root, 'thing-k'));
    assert.equal(second, first);
    assert.equal(builds, 1);
    assert.deepEqual(fs.readdirSync(root), ['thing-k']);
    assert.deepEqual(fs.readdirSync(first), ['result']);
  });

  it('shows nothing under the final name while it builds', async () => {
    await ensureEntry({
      root,
      kind: 'thing',
      key: 'k',
      build: (out, scratch) => {
        fs.writeFileSync(path.join(out, 'half'), '');
        fs.writeFileSync(path.join(scratch, 'object'), '');
        assert.ok(!fs.existsSync(path.join(root, 'thing-k')));
      },
    });
    assert.deepEqual(fs.readdirSync(path.join(root, 'thing-k')), ['half']);
  });

  it('keeps nothing of a build that fails, and the next may try again', async () => {
    const failing = ensureEntry({
      root,
      kind: 'thing',
      key: 'k',
      build: (out) => {
        fs.writeFileSync(path.join(out, 'half'), '');
        throw new Error('compiler error');
      },
    });
    await assert.rejects(failing, /compiler error/);
    assert.deepEqual(fs.readdirSync(root), []);
    await ensureEntry({ root, kind: 'thing', key: 'k', build: () => {} });
    assert.deepEqual(fs.readdirSync(root), ['thing-k']);
  });

  /** Another Node process that builds the entry "thing-k" in `milliseconds` and notes that it did so. */
  function builder(milliseconds: number): ChildProcess {
    const program = `
      import { ensureEntry } from ${JSON.stringify(CACHE_MODULE)};
      import * as fs from 'node:fs';
      const root = ${JSON.stringify(root)};
      const entry = await ensureEntry({ root, kind: 'thing', key: 'k', build: async (out) => {
        fs.appendFileSync(root + '/builds', process.pid + '\\n');
        fs.writeFileSync(out + '/a', '1');
        await new Promise((resolve) => setTimeout(resolve, ${milliseconds}));
        fs.writeFileSync(out + '/b', '2');
      } });
      process.stdout.write(fs.readdirSync(entry).join());
    `;
    return spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  }

  function output(child: ChildProcess): Promise<string> {
    return new Promise((resolve) => {
      let text = '';
      child.stdout?.on('data', (data) => (text += data));
      child.on('close', () => resolve(text));
    });
  }

  it('is built by one of several processes; all see it complete', async () => {
    const seen = await Promise.all([1, 2, 3, 4].map(() => output(builder(400))));
    assert.deepEqual(seen, ['a,b', 'a,b', 'a,b', 'a,b']);
    assert.equal(fs.readFileSync(path.join(root, 'builds'), 'utf8').trim().split('\n').length, 1);
    assert.deepEqual(fs.readdirSync(root).sort(), ['builds', 'thing-k']);
  });

  it('is built anew at once after a builder was killed', async () => {
    const victim = builder(60_000);
    while (!fs.existsSync(path.join(root, 'builds'))) await new Promise((resolve) => setTimeout(resolve, 20));
    const ended = output(victim);
    victim.kill('SIGKILL');
    await ended;
    assert.ok(!fs.existsSync(path.join(root, 'thing-k')));
    const started = Date.now();
    assert.equal(await output(builder(0)), 'a,b');
    assert.ok(Date.now() - started < 10_000);
    assert.deepEqual(fs.readdirSync(root).sort(), ['builds', 'thing-k']);
  });

  it('takes over a lock that shows no sign of life, even from another machine', async () => {
    const lock = path.join(root, 'thing-k.lock');
    fs.writeFileSync(lock, 'another-machine 1');
    const longAgo = new Date(Date.now() - 60_000);
    fs.utimesSync(lock, longAgo, longAgo);
    await ensureEntry({ root, kind: 'thing', key: 'k', build: () => {} });
    assert.deepEqual(fs.readdirSync(root), ['thing-k']);
  });
});

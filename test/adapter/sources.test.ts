import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SOURCE_SCHEME, Sources } from '../../src/adapter/sources';
import type { SourceFile } from '../../src/symbols/api';

const file = (name: string): SourceFile => ({ path: name }) as SourceFile;

describe('adapter: sources', () => {
  let root: string;
  let cached: string;
  let own: string;

  before(() => {
    root = mkdtempSync(path.join(os.tmpdir(), 'sockscope-sources-'));
    cached = path.join(root, 'cached');
    own = path.join(root, 'own');
    for (const name of ['cached/net/socket.c', 'cached/init/main.c', 'own/net/socket.c', 'own/core/sock.c']) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), `/* ${name} */\n`);
    }
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  it('are found in the cached folder; other clients get the path, the extension its scheme', () => {
    const plain = new Sources([cached], {}, false);
    assert.deepEqual(plain.toSource(file('net/socket.c')), {
      name: 'socket.c',
      path: path.join(cached, 'net/socket.c'),
    });
    assert.equal(plain.text('net/socket.c'), '/* cached/net/socket.c */\n');
    const byScheme = new Sources([cached], {}, true);
    assert.deepEqual(byScheme.toSource(file('net/socket.c')), {
      name: 'socket.c',
      path: `${SOURCE_SCHEME}:/net/socket.c`,
    });
  });

  it('sourceMap comes first, its longest prefix before others, and such files are opened where they are', () => {
    const sources = new Sources([cached], { net: path.join(own, 'net'), 'net/core': path.join(own, 'core') }, true);
    assert.equal(sources.text('net/socket.c'), '/* own/net/socket.c */\n');
    assert.equal(sources.text('net/core/sock.c'), '/* own/core/sock.c */\n');
    assert.equal(sources.text('init/main.c'), '/* cached/init/main.c */\n');
    assert.equal(sources.toSource(file('net/socket.c')).path, path.join(own, 'net/socket.c'));
    assert.equal(sources.text('network/socket.c'), undefined, 'a prefix ends at a slash');
  });

  it('"." and "" stand for all relative paths', () => {
    for (const prefix of ['.', ''])
      assert.equal(new Sources([], { [prefix]: own }, false).text('net/socket.c'), '/* own/net/socket.c */\n');
  });

  it('what is not there gets a reference, always the same, and leads back to its name', () => {
    const sources = new Sources([cached], {}, true);
    const source = sources.toSource(file('net/nothing.c'));
    assert.equal(source.origin, 'source not available');
    assert.ok((source.sourceReference ?? 0) > 0);
    assert.deepEqual(sources.toSource(file('net/nothing.c')), source);
    assert.notEqual(sources.toSource(file('net/other.c')).sourceReference, source.sourceReference);
    assert.equal(sources.fromSource({ sourceReference: source.sourceReference }), 'net/nothing.c');
    assert.equal(sources.text('net/nothing.c'), undefined);
  });

  it('clients’ names lead back to those of the debug information', () => {
    const sources = new Sources([cached], { net: path.join(own, 'net') }, true);
    const cases: [given: object, name: string | undefined][] = [
      [{ path: `${SOURCE_SCHEME}:/net/socket.c` }, 'net/socket.c'],
      [{ path: `${SOURCE_SCHEME}:///net/a%20b.c` }, 'net/a b.c'],
      [{ path: path.join(cached, 'init/main.c') }, 'init/main.c'],
      [{ path: path.join(own, 'net/socket.c') }, 'net/socket.c'],
      [{ path: '/elsewhere/socket.c' }, '/elsewhere/socket.c'],
      [{ path: 'net/socket.c' }, 'net/socket.c'],
      [{ name: 'socket.c' }, 'socket.c'],
      [{}, undefined],
      [{ sourceReference: 99 }, undefined],
    ];
    for (const [given, name] of cases) assert.equal(sources.fromSource(given), name, JSON.stringify(given));
  });
});

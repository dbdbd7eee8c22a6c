import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import { SymbolError, SymbolFile, openElf } from '../../src/symbols';
import { compile, fixture, kernel, open, run } from './tools';

function failure(action: () => unknown): SymbolError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof SymbolError, String(error));
    return error;
  }
  assert.fail('no error');
}

describe('symbols: ELF', () => {
  it("has readelf's sections, segments and entry", async () => {
    const { path, elf } = await kernel();
    const header = run('readelf', ['-hW', path]);
    assert.equal(elf.entry, Number(/Entry point address: +(0x[0-9a-f]+)/.exec(header)?.[1]));
    const sections = [
      ...run('readelf', ['-SW', path]).matchAll(/^ +\[ *(\d+)\] (\S*) +\S+ +([0-9a-f]{8}) ([0-9a-f]+) ([0-9a-f]+) /gm),
    ];
    assert.ok(sections.length > 20);
    for (const [, index, name, address, offset, size] of sections.slice(1)) {
      const section = elf.sections[Number(index)];
      const ours = [section.name, section.address, section.offset, section.size];
      assert.deepEqual(ours, [name, parseInt(address, 16), parseInt(offset, 16), parseInt(size, 16)]);
    }
    const segments = [...run('readelf', ['-lW', path]).matchAll(/^ +LOAD +(0x\w+) (0x\w+) (0x\w+) (0x\w+) (0x\w+)/gm)];
    const ours = elf.segments.filter((s) => s.type === 1);
    assert.deepEqual(
      ours.map((s) => [s.offset, s.virtualAddress, s.physicalAddress, s.fileSize, s.memorySize]),
      segments.map((match) => match.slice(1).map(Number)),
    );
  });

  it("has readelf's symbols, all of them", async () => {
    const { path, elf } = await kernel();
    const rows = [
      ...run('readelf', ['-sW', path]).matchAll(
        /^ +\d+: ([0-9a-f]{8}) +(\d+|0x[0-9a-f]+) (\w+) +(\w+) +\w+ +(\w+) (\S+)$/gm,
      ),
    ];
    const expected = rows
      .filter((row) => row[5] !== 'UND' && row[3] !== 'SECTION')
      .map((row) => `${row[1]} ${Number(row[2])} ${row[6]}`);
    const ours = elf.symbols
      .filter((s) => s.kind !== 'section')
      .map((s) => `${s.address.toString(16).padStart(8, '0')} ${s.size} ${s.name}`);
    assert.deepEqual(ours.sort(), expected.sort());
    assert.ok(ours.length > 15_000, `${ours.length} symbols compared`);
  });

  it('finds symbols by name and by address', async () => {
    const { elf } = await kernel();
    const [bind] = elf.symbolsNamed('__sys_bind');
    assert.equal(bind.kind, 'function');
    assert.deepEqual(elf.symbolAt(bind.address + 5), { symbol: bind, offset: 5 });
    assert.equal(elf.symbolAt(bind.address)?.symbol.name, '__sys_bind');
    assert.deepEqual(elf.symbolsNamed('no_such_symbol'), []);
    assert.equal(elf.symbolAt(0), undefined);
    const counts = new Map<string, number>();
    for (const symbol of elf.symbols)
      if (symbol.kind === 'function') counts.set(symbol.name, (counts.get(symbol.name) ?? 0) + 1);
    const [name, count] = [...counts].find(([, n]) => n > 1) ?? ['', 0];
    assert.equal(elf.symbolsNamed(name).length, count, `all functions called ${name}`);
  });

  it('agrees with gdb on every 20th symbol from its middle', async () => {
    const { elf } = await kernel();
    const functions = elf.symbols.filter((s) => s.kind === 'function' && s.size > 4);
    for (let i = 0; i < functions.length; i += 20) {
      const symbol = functions[i];
      const found = elf.symbolAt(symbol.address + (symbol.size >> 1));
      assert.equal(found?.symbol.address, symbol.address, symbol.name);
    }
  });

  it('reads the build id and initialised memory', () => {
    const file = compile(fixture('everything.c'), ['-g', '-Wl,--build-id']);
    const { elf } = open(file);
    const id = /Build ID: ([0-9a-f]+)/.exec(run('readelf', ['-n', file]))?.[1];
    assert.equal(elf.buildId, id);
    const [counter] = elf.symbolsNamed('global_counter');
    assert.deepEqual([...(elf.read(counter.address, 4) ?? [])], [7, 0, 0, 0]);
    const [ports] = elf.symbolsNamed('ports');
    assert.deepEqual([...(elf.read(ports.address, 4) ?? [])], [0, 0, 0, 0]);
    assert.equal(elf.read(0xfffffff0, 4), undefined);
  });

  for (const flag of ['zlib', 'zlib-gnu']) {
    it(`reads sections compressed with --compress-debug-sections=${flag}`, () => {
      const file = compile(fixture('everything.c'), ['-g', `-Wl,--compress-debug-sections=${flag}`]);
      const { symbols } = open(file);
      assert.equal(symbols.findFunctions('walk').concrete.length, 1);
      assert.ok(symbols.findFiles('everything.c').length + symbols.sourceFiles().length > 0);
    });
  }

  it('refuses what it cannot read, each with one clear sentence', async () => {
    const file = compile(fixture('everything.c'), ['-g']);
    const { elf } = open(file);
    const bytes = elf.bytes;
    const changed = (change: (copy: Uint8Array) => void): Uint8Array => {
      const copy = bytes.slice();
      change(copy);
      return copy;
    };
    const cases: readonly [string, Uint8Array, string, RegExp][] = [
      ['empty', new Uint8Array(0), 'not-elf', /^x is not an ELF file$/],
      ['text', new TextEncoder().encode('#!/bin/sh\necho hello\n'), 'not-elf', /^x is not an ELF file$/],
      ['a header only in part', bytes.slice(0, 30), 'truncated', /truncated/],
      [
        'half a file',
        bytes.slice(0, bytes.length >> 1),
        'truncated',
        /^x is truncated: its section headers lie beyond its end$/,
      ],
      ['big-endian', changed((b) => (b[5] = 2)), 'byte-order', /^x is big-endian; 32-bit x86 is little-endian$/],
      ['ARM', changed((b) => (b[18] = 40)), 'architecture', /^x is for ARM, not for 32-bit x86 \(i386\)$/],
      [
        'x86-64',
        changed((b) => ((b[4] = 2), (b[18] = 62))),
        'architecture',
        /^x is for 64-bit x86-64, not for 32-bit x86 \(i386\)$/,
      ],
    ];
    for (const [name, input, code, message] of cases) {
      const error = failure(() => openElf(input, 'x'));
      assert.equal(error.code, code, name);
      assert.match(error.message, message, name);
    }
    const native = compile('int main(void) { return 0; }', ['-m64']);
    assert.match(failure(() => open(native)).message, /is for 64-bit x86-64/);
  });

  it('says why there is no debug information', () => {
    const none = open(compile('int main(void) { return 0; }', []));
    assert.equal(none.symbols.hasDebugInfo, false);
    assert.match(failure(() => none.symbols.requireDebugInfo()).message, /has no debug information: build it with -g/);
    assert.equal(none.symbols.functionAt(none.elf.entry), undefined);
    assert.deepEqual(none.symbols.sourceFiles(), []);
    assert.equal(none.symbols.findType('int'), undefined);

    const split = open(compile('int main(void) { return 0; }', ['-g', '-gsplit-dwarf']));
    assert.match(
      failure(() => split.symbols.requireDebugInfo()).message,
      /\.dwo files: build it without -gsplit-dwarf/,
    );
  });

  it('refuses bad compressed sections without inflating what they claim', () => {
    const file = compile(fixture('everything.c'), ['-g', '-Wl,--compress-debug-sections=zlib']);
    const { elf } = open(file);
    const info = elf.section('.debug_info');
    assert.ok(info);
    const damaged = elf.bytes.slice();
    damaged.fill(0xaa, info.offset + 20, info.offset + 40);
    const inflate = (): never => {
      throw new Error('bad block');
    };
    assert.match(
      failure(() => SymbolFile.load(openElf(damaged, 'x', { inflate }))).message,
      /^x: \.debug_info cannot be decompressed: bad block$/,
    );
    const bomb = elf.bytes.slice();
    new DataView(bomb.buffer).setUint32(info.offset + 4, 0x3fffffff, true);
    assert.match(
      failure(() => SymbolFile.load(openElf(bomb, 'x', { inflate }))).message,
      /impossible uncompressed size/,
    );
    assert.match(failure(() => SymbolFile.load(openElf(elf.bytes, 'x'))).message, /no inflate function/);
    const short = deflateSync(Buffer.from('short'));
    const wrong = (): Uint8Array => short;
    assert.match(failure(() => SymbolFile.load(openElf(elf.bytes, 'x', { inflate: wrong }))).message, /instead of/);
  });
});

import * as assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ensureGuest } from '../../guest/build/guest.mjs';
import type { Breakpoint } from '../../src/debugger/api';
import { Debugger } from '../../src/debugger/debugger';
import { type Module, ModuleList } from '../../src/debugger/modules';
import type { HitPredicate, Target } from '../../src/debugger/target';
import { openElf, SymbolFile } from '../../src/symbols';

const MAIN = 'guest/programs/replyhi.c';

/** A target that only keeps breakpoints. */
function keeper(): { target: Target; places: Map<number, { address: number; predicate?: HitPredicate }> } {
  const places = new Map<number, { address: number; predicate?: HitPredicate }>();
  let next = 100;
  const target = {
    registers: () => ({ eip: 0, esp: 0, ebp: 0, cs: 0x60 }),
    addBreakpoint: (address: number, predicate?: HitPredicate) => (places.set(next, { address, predicate }), next++),
    removeBreakpoint: (id: number) => void places.delete(id),
    readAvailable: () => new Uint8Array(0),
  };
  return { target: target as unknown as Target, places };
}

describe('debugger: breakpoints', function () {
  this.timeout(10 * 60_000);
  let program: Omit<Module, 'id'>;
  let modules: ModuleList;
  let places: ReturnType<typeof keeper>['places'];
  let session: Debugger;

  before(async () => {
    const file = path.join((await ensureGuest()).programs, 'replyhi');
    const elf = openElf(readFileSync(file), 'replyhi');
    program = { name: 'replyhi', kind: 'program', path: file, elf, symbols: SymbolFile.load(elf) };
  });
  beforeEach(() => {
    const kept = keeper();
    places = kept.places;
    modules = new ModuleList();
    session = new Debugger(kept.target, modules);
  });

  it('wait for their module, and go with it', () => {
    const changes: Breakpoint[] = [];
    session.on('breakpointChanged', ({ breakpoint }) => changes.push(breakpoint));
    const [byLine] = session.setSourceBreakpoints(MAIN, [{ line: 57 }]);
    const [byName] = session.setFunctionBreakpoints([{ name: 'main' }]);
    assert.deepEqual([byLine.verified, byLine.pending, byName.verified, byName.pending], [false, true, false, true]);
    assert.equal(byLine.message, `No loaded module was compiled from ${MAIN} (no module is loaded).`);

    const module = modules.add(program);
    assert.deepEqual([byLine.verified, byLine.pending, byName.verified], [true, false, true]);
    assert.deepEqual(changes, [byLine, byName]);
    assert.equal(byLine.locations[0].line, 57);
    assert.equal(places.size, byLine.locations.length + byName.locations.length);

    modules.remove(module);
    assert.deepEqual([byLine.verified, places.size], [false, 0]);
  });

  it('keep their identity when the same line is asked for again; others go', () => {
    modules.add(program);
    const [first, second] = session.setSourceBreakpoints(MAIN, [{ line: 57 }, { line: 58 }]);
    const [again, third] = session.setSourceBreakpoints(MAIN, [{ line: 58 }, { line: 59, condition: 'port == 1' }]);
    assert.equal(again.id, second.id);
    assert.notEqual(third.id, first.id);
    assert.deepEqual(
      [...places.values()].map(({ address }) => address).sort(),
      [...again.locations, ...third.locations].map(({ address }) => address).sort(),
    );
    session.setSourceBreakpoints(MAIN, []);
    assert.equal(places.size, 0);
    assert.deepEqual(session.breakpoints(), []);
  });

  it('are found by a path on the host, at a load bias, and in other files not at all', () => {
    modules.add({ ...program, loadBias: 0x1000 });
    const [plain] = session.setSourceBreakpoints(`/home/me/${MAIN}`, [{ line: 57 }]);
    const linked = program.symbols.addressesForLine(program.symbols.findFiles(MAIN)[0], 57)[0].address;
    assert.equal(plain.locations[0].address, linked + 0x1000);
    const [other] = session.setSourceBreakpoints('elsewhere/replyhi.c', [{ line: 57 }]);
    assert.equal(other.verified, false);
  });

  it('count hits for a hit condition, print for a log message, and say what is wrong with either', () => {
    modules.add(program);
    const lines: string[] = [];
    session.on('output', ({ text }) => lines.push(text));
    session.setSourceBreakpoints(MAIN, [
      { line: 57, hitCondition: '%2' },
      { line: 58, logMessage: 'here' },
    ]);
    const [third, fourth] = session.setFunctionBreakpoints([
      { name: 'serve', hitCondition: 'often' },
      { name: 'serve', logMessage: '{' },
    ]);
    const [counted, logged] = [...places.values()];
    assert.deepEqual(
      [1, 2, 3, 4].map(() => counted.predicate!()),
      [false, true, false, true],
    );
    assert.equal(logged.predicate!(), false);
    assert.deepEqual(lines, ['here']);
    assert.match(third.message ?? '', /^The hit count "often" is not understood/);
    assert.match(fourth.message ?? '', /without its "}"/);
    assert.deepEqual([third.verified, fourth.verified], [false, false]);
  });

  it('name what can be asked for: MODULE:FUNCTION, FILE:FUNCTION, FILE:LINE, an address', () => {
    modules.add(program);
    const address = program.elf.symbolsNamed('main')[0].address;
    const named = session.setFunctionBreakpoints(
      ['replyhi:main', `${MAIN}:main`, `${MAIN}:57`, `0x${address.toString(16)}`, 'lib/lab.c:main', ''].map((name) => ({
        name,
      })),
    );
    assert.deepEqual(
      named.map(({ verified }) => verified),
      [true, true, true, true, false, false],
    );
    assert.match(
      named[4].message ?? '',
      /^There is no function main in lib\/lab\.c \(there is one in .*replyhi\.c\)\.$/,
    );
    assert.equal(named[5].message, 'The name of a function is missing.');
    assert.ok(session.breakpointLocations(MAIN, 56, 58).some(({ line }) => line === 57));
  });
});

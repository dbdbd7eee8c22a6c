import assert from 'node:assert/strict';
import { normalize } from 'node:path/posix';
import { type SourceFile } from '../../src/symbols';
import { type Unit } from '../../src/symbols/info';
import { type Subject, compile, fixture, gdb, hex, kernel, open, run, sample } from './tools';

/** Units whose whole tables are compared; among them assembly and generated code. */
const UNITS = ['net/socket.c', 'net/ipv4/tcp.c', 'arch/x86/kernel/head_32.S', 'kernel/sched/core.c', 'lib/vsprintf.c'];

/** A row of `llvm-dwarfdump --debug-line`: address, line, column, file, ISA, discriminator, flags. */
interface DumpedRow {
  readonly address: number;
  readonly line: number;
  readonly column: number;
  readonly discriminator: number;
  readonly flags: string;
}

function dumpedRows(file: string, offset: number): DumpedRow[] {
  const rows: DumpedRow[] = [];
  for (const text of run('llvm-dwarfdump', [`--debug-line=${hex(offset)}`, file]).split('\n')) {
    const match = /^0x([0-9a-f]{16}) +(\d+) +(\d+) +(\d+) +(\d+) +(\d+) *(.*)$/.exec(text);
    if (!match) continue;
    rows.push({
      address: parseInt(match[1], 16),
      line: Number(match[2]),
      column: Number(match[3]),
      discriminator: Number(match[6]),
      flags: match[7].trim(),
    });
  }
  return rows;
}

/** Compares the tables of a unit row by row with llvm-dwarfdump's. */
function compareUnit({ path, symbols }: Subject, name: string): number {
  const unit = symbols.units().find((u) => u.name === name || u.name.endsWith(`/${name}`));
  assert.ok(unit, name);
  const offset = (unit as Unit).lineOffset;
  assert.ok(offset !== undefined, `line table of ${name}`);
  const expected = new Map<number, DumpedRow[]>();
  let start = -1;
  let current: DumpedRow[] = [];
  for (const row of dumpedRows(path, offset)) {
    if (start < 0) start = row.address;
    current.push(row);
    if (!row.flags.includes('end_sequence')) continue;
    if (start > 1) expected.set(start, current);
    start = -1;
    current = [];
  }
  let compared = 0;
  for (const [first, rows] of expected) {
    const end = rows[rows.length - 1].address;
    const ours = symbols.lineRows(first, end);
    // Empty rows at the very end of a sequence are outside the half-open range.
    rows.splice(rows.findIndex((row) => row.address === end));
    assert.equal(ours.length, rows.length, `${name} at ${hex(first)}`);
    ours.forEach((row, i) => {
      const flags = [
        row.isStmt ? 'is_stmt' : '',
        row.basicBlock ? 'basic_block' : '',
        row.prologueEnd ? 'prologue_end' : '',
        row.epilogueBegin ? 'epilogue_begin' : '',
      ];
      const { address, line, column, discriminator } = row;
      const text = flags.filter((flag) => flag !== '').join(' ');
      assert.deepEqual({ address, line, column, discriminator, flags: text }, rows[i], `${name} row ${i}`);
      compared++;
    });
  }
  return compared;
}

/** What gdb's `info line *address` says: file and line, and where they start; undefined where it knows none. */
function gdbLines(file: string, addresses: readonly number[]): ({ place: string; start: number } | undefined)[] {
  return gdb(
    file,
    addresses.map((address) => `info line *${hex(address)}`),
  ).map((text) => {
    const match = /^Line (\d+) of "(.*?)" .*?(0x[0-9a-f]+)/.exec(text);
    return match ? { place: `${normalize(match[2])}:${match[1]}`, start: Number(match[3]) } : undefined;
  });
}

/** The addresses that gdb's `break file:line` chooses, and the line it moves to. */
function gdbBreakpoints(file: string, places: readonly string[]): { line: number; addresses: number[] }[] {
  const commands = places.flatMap((place) => [`break ${place}`, 'info breakpoints', 'delete']);
  const outputs = gdb(file, commands);
  return places.map((_, i) => {
    const table = outputs[i * 3 + 1];
    const addresses = [...table.matchAll(/^\d+(?:\.\d+)? .*?(0x[0-9a-f]{8}) in .*:(\d+)$/gm)];
    return {
      line: Number(addresses[0]?.[2] ?? 0),
      addresses: addresses.map((match) => parseInt(match[1], 16)).sort((a, b) => a - b),
    };
  });
}

/** The statement rows that gdb keeps of a file, as `line:address`. */
function gdbRows(file: string, source: string): Set<string> {
  const [, text] = gdb(file, [`list ${source}:1`, `maint info line-table ${source}$`]);
  const rows = new Set<string>();
  for (const match of text.matchAll(/^\d+ +(\d+) +(0x[0-9a-f]+) +Y/gm)) rows.add(`${match[1]}:${Number(match[2])}`);
  return rows;
}

describe('symbols: source files', () => {
  let files: readonly SourceFile[];
  let subject: Subject;

  before(async () => {
    subject = await kernel();
    files = subject.symbols.sourceFiles();
  });

  it('have one entry a path, normalised and relative as the build wrote them', () => {
    assert.ok(files.length > 1000);
    assert.equal(new Set(files.map((file) => file.path)).size, files.length);
    assert.ok(files.every((file) => !file.path.includes('/./') && !/^\.\//.test(file.path)));
    assert.ok(files.some((file) => file.path === 'net/socket.c'));
    assert.ok(files.some((file) => file.path === 'include/net/sock.h'));
  });

  it('tell which units name them', () => {
    const [file] = subject.symbols.findFiles('net/socket.c');
    assert.deepEqual(
      file.units.map((unit) => unit.name),
      ['net/socket.c'],
    );
    const [header] = subject.symbols.findFiles('include/net/sock.h');
    assert.ok(header.units.length > 20);
  });

  it('are found by exact path, by the end of a path and by a longer path', () => {
    const paths = (path: string): string[] => subject.symbols.findFiles(path).map((file) => file.path);
    assert.deepEqual(paths('net/socket.c'), ['net/socket.c']);
    assert.deepEqual(paths('socket.c'), ['net/socket.c']);
    assert.deepEqual(paths('/home/me/linux-6.1/net/socket.c'), ['net/socket.c']);
    assert.deepEqual(paths('./net/../net/socket.c'), ['net/socket.c']);
    assert.deepEqual(paths('ocket.c'), []);
    assert.deepEqual(paths('nothing/of/that/name.c'), []);
  });

  it('of one base name are never taken for each other when a longer path is given', () => {
    const paths = (path: string): string[] => subject.symbols.findFiles(path).map((file) => file.path);
    assert.ok(paths('core.c').length > 1, 'the kernel has several core.c');
    assert.deepEqual(paths('sched/core.c'), ['kernel/sched/core.c']);
    assert.deepEqual(paths('/src/linux/kernel/sched/core.c'), ['kernel/sched/core.c']);
    assert.deepEqual(paths('ipv4/af_inet.c'), ['net/ipv4/af_inet.c']);
    assert.deepEqual(paths('ipv9/core.c'), []);
  });
});

describe('symbols: line tables', function () {
  // gdb and llvm-dwarfdump read the whole kernel.
  this.timeout(180_000);

  it("equal llvm-dwarfdump's, row by row", async () => {
    const subject = await kernel();
    const compared = UNITS.map((name) => compareUnit(subject, name)).reduce((a, b) => a + b);
    assert.ok(compared > 20_000, `${compared} rows compared`);
  });

  for (const version of [2, 3, 4, 5]) {
    it(`equal llvm-dwarfdump's for DWARF ${version}`, () => {
      const file = compile(fixture('everything.c'), [`-gdwarf-${version}`, '-O2']);
      const subject = open(file);
      assert.equal(subject.symbols.units()[0].dwarfVersion, version);
      const compared = compareUnit(subject, subject.symbols.units()[0].name);
      assert.ok(compared > 100, `${compared} rows compared`);
    });
  }

  it("give the line of an address as gdb's `info line` does (2,000 addresses)", async () => {
    const { path, symbols, elf } = await kernel();
    const functions = elf.symbols.filter(
      (s) => s.kind === 'function' && s.size > 8 && elf.sectionAt(s.address)?.name !== '.notes',
    );
    const addresses = sample(functions, 2000).map((s, i) => s.address + ((i * 37) % s.size));
    const expected = gdbLines(path, addresses);
    const ours = addresses.map((address) => {
      const line = symbols.lineAt(address);
      return line && `${line.file.path}:${line.line}`;
    });
    let compared = 0;
    const others: string[] = [];
    addresses.forEach((address, i) => {
      const wanted = expected[i];
      if (ours[i] !== undefined) compared++;
      if (ours[i] === wanted?.place) return;
      // gdb leaves out repeated rows of a line with discriminators, and so may extend an earlier row over later ones.
      assert.ok(wanted, `${hex(address)}: ${ours[i]}`);
      const rows = symbols.lineRows(wanted.start, address + 1).map((row) => `${row.file.path}:${row.line}`);
      assert.ok(rows.includes(wanted.place), `${hex(address)}: ${ours[i]} instead of ${wanted.place}`);
      others.push(hex(address));
    });
    assert.ok(compared > 1800 && others.length < 20, `${compared} addresses have lines, ${others.length} differ`);
  });

  it('reach assembly: the system-call entry', async () => {
    const { symbols, elf } = await kernel();
    const [entry] = elf.symbolsNamed('entry_INT80_32');
    const line = symbols.lineAt(entry.address + 4);
    assert.equal(line?.file.path, 'arch/x86/entry/entry_32.S');
    const [location] = symbols.addressesForLine(line.file, line.line);
    assert.equal(location.address, line.range.start);
    assert.equal(location.functionName, 'entry_INT80_32');
    assert.equal(symbols.unitAt(entry.address)?.language, 0x8001);
  });

  it('have nothing to say of data and of addresses outside the file', async () => {
    const { symbols, elf } = await kernel();
    assert.equal(symbols.lineAt(elf.symbolsNamed('tcp_prot')[0].address), undefined);
    assert.equal(symbols.lineAt(0), undefined);
    assert.equal(symbols.lineAt(0xffffffff), undefined);
  });
});

describe('symbols: breakpoints on lines', function () {
  this.timeout(180_000);

  it('are where gdb sets them, for lines with and without code (300 lines)', async () => {
    const { path, symbols } = await kernel();
    const places: { file: SourceFile; line: number }[] = [];
    for (const name of ['net/socket.c', 'net/ipv4/tcp.c', 'net/ipv4/af_inet.c', 'fs/read_write.c', 'kernel/fork.c']) {
      const [file] = symbols.findFiles(name);
      const lines = symbols.breakpointLines(file, 1, 100_000);
      const last = lines[lines.length - 1].line;
      for (let i = 0; i < 60; i++) places.push({ file, line: 1 + Math.floor((i * last) / 60) });
    }
    const expected = gdbBreakpoints(
      path,
      places.map(({ file, line }) => `${file.path}:${line}`),
    );
    // gdb drops rows without code where the file changes, that is, where an inlined call begins: it then takes a later
    // row or line. Its tables tell which rows it has left.
    const known = new Map([...new Set(places.map((p) => p.file))].map((file) => [file, gdbRows(path, file.path)]));
    let same = 0;
    let dropped = 0;
    let wrapped = 0;
    const differences: string[] = [];
    places.forEach(({ file, line }, i) => {
      const ours = symbols.addressesForLine(file, line);
      const addresses = ours.map((location) => location.address);
      const gdbs = expected[i].addresses;
      const inGdb = (address: number): boolean => known.get(file)?.has(`${ours[0].actualLine}:${address}`) ?? false;
      if (addresses.join() === gdbs.join()) same++;
      else if (
        !addresses.every(inGdb) ||
        !symbols.addressesForLine(file, line, { everyRun: true }).every((l) => inGdb(l.address))
      )
        dropped++;
      else if (
        gdbs.length > addresses.length &&
        addresses.every((a) => gdbs.includes(a)) &&
        isWrapper(file, line, gdbs)
      )
        wrapped++;
      else differences.push(`${file.path}:${line} ours ${addresses.map(hex)} gdb ${gdbs.map(hex)}`);
    });
    function isWrapper(file: SourceFile, line: number, gdbs: readonly number[]): boolean {
      return gdbs.some((a) => symbols.inlinesAt(a).some((call) => call.callFile === file && call.callLine >= line));
    }
    assert.deepEqual(differences, []);
    assert.ok(same > 240, `${same} the same, ${dropped} with rows that gdb drops, ${wrapped} macro wrappers`);
  });

  it('on a `case` label move to its statement and say so', async () => {
    const { symbols } = await kernel();
    const [file] = symbols.findFiles('net/socket.c');
    const [location] = symbols.addressesForLine(file, 3047);
    assert.equal(location.requestedLine, 3047);
    assert.equal(location.actualLine, 3048);
    assert.equal(location.functionName, '__ia32_sys_socketcall');
    assert.equal(location.inlined?.name, '__do_sys_socketcall');
  });

  it('beyond the last line with code have no place', async () => {
    const { symbols } = await kernel();
    const [file] = symbols.findFiles('net/socket.c');
    assert.deepEqual(symbols.addressesForLine(file, 100_000), []);
  });

  it('in an inlined function are in every copy, once each', () => {
    const { symbols } = open(compile(fixture('everything.c'), ['-g', '-O2']));
    const [file] = symbols.findFiles(symbols.units()[0].name);
    const text = fixture('everything.c').split('\n');
    const line = text.findIndex((t) => t.includes('int result = value * value;')) + 1;
    const locations = symbols.addressesForLine(file, line);
    const copies = symbols.findFunctions('square').inlined;
    assert.ok(copies.length >= 3);
    // gcc attributes some rows to the line outside the ranges it gives for the instance; those are in the function.
    const blocks = locations.map((location) => location.inlined?.id ?? location.functionName);
    assert.equal(new Set(blocks).size, copies.length);
    assert.deepEqual([...new Set(locations.map((location) => location.functionName))].sort(), ['main', 'mix', 'walk']);
  });

  it('offer the columns of a line', async () => {
    const { symbols } = await kernel();
    const [file] = symbols.findFiles('net/socket.c');
    const places = symbols.breakpointLines(file, 3044, 3050);
    assert.ok(places.length > 3);
    for (const { line, column } of places) {
      const locations = symbols.addressesForLine(file, line, { column });
      assert.ok(locations.length > 0 && locations.every((l) => l.actualLine === line && l.column === column));
    }
  });
});

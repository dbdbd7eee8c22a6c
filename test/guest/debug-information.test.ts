import * as assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { createInterface } from 'node:readline';
import { ensureGuest, type Guest } from '../../guest/build/guest.mjs';
import { checkConfig } from '../../guest/build/kernel.mjs';
import { lineTableFiles } from '../../guest/build/line-files.mjs';
import { programNames, summaryOf } from '../../guest/build/programs.mjs';

const PROJECT = path.resolve(__dirname, '../..');
const MINUTES = 60_000;
const TARBALL = '/usr/src/linux-source-6.1.tar.xz';
/** Sources that the kernel's build writes itself, from scripts and tables of the tree. */
const GENERATED =
  /^(arch\/x86\/include\/generated\/.*|arch\/x86\/kernel\/cpu\/capflags\.c|arch\/x86\/entry\/vdso\/vdso-image-32\.c|arch\/x86\/lib\/inat-tables\.c|lib\/crc32table\.h)$/;

/** What a command prints, line by line: the listings of a kernel are too long for one string. */
async function eachLine(command: string, args: string[], visit: (line: string) => void): Promise<void> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const status = new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  for await (const line of createInterface({ input: child.stdout })) visit(line);
  assert.equal(await status, 0, `${command} failed`);
}

/** The files of all line tables as llvm-dwarfdump reads them. */
async function filesByDwarfdump(elf: string): Promise<Set<string>> {
  const files = new Set<string>();
  let directories: string[] = [];
  let name = '';
  await eachLine('llvm-dwarfdump', ['--debug-line', elf], (line) => {
    const [, what, value] = /^ *(debug_line|include_directories|name|dir_index)\b.*?[\]:=] *(.*)$/.exec(line) ?? [];
    if (what === 'debug_line') directories = [];
    else if (what === 'include_directories') directories.push(value.replace(/^= "|"$/g, ''));
    else if (what === 'name') name = value.slice(1, -1);
    else if (what === 'dir_index') files.add(path.normalize(`${directories[Number(value)]}/${name}`));
  });
  return files;
}

describe('guest: debug information and sources', function () {
  this.timeout(15 * MINUTES);
  let guest: Guest;
  let programs: string[];

  before(async () => {
    guest = await ensureGuest();
    programs = fs.readdirSync(guest.programs);
  });

  it('programs/ holds init, the shell and every lab program', () => {
    assert.deepEqual(programs.sort(), ['init', 'shell', ...programNames(PROJECT)].sort());
  });

  it('our reading of the file tables is that of llvm-dwarfdump', async () => {
    let compared = 0;
    for (const elf of [guest.vmlinux, ...programs.map((name) => path.join(guest.programs, name))]) {
      const ours = lineTableFiles(fs.readFileSync(elf));
      assert.deepEqual([...ours].sort(), [...(await filesByDwarfdump(elf))].sort(), elf);
      compared += ours.size;
    }
    assert.ok(compared > 2000, `${compared} files compared`);
  });

  it('no path is absolute, and every file is there', () => {
    for (const elf of [guest.vmlinux, ...programs.map((name) => path.join(guest.programs, name))]) {
      for (const file of lineTableFiles(fs.readFileSync(elf))) {
        if (file === '<built-in>') continue;
        assert.ok(!path.isAbsolute(file), file);
        assert.ok(fs.existsSync(path.join(guest.sources, file)), `${file}, named by ${elf}`);
      }
    }
    assert.ok(fs.existsSync(path.join(guest.sources, 'arch/x86/entry/syscalls/syscall_32.tbl')));
  });

  it('all compilation units lie in ".", are DWARF 5, and the C of the kernel is optimised with -O2', async () => {
    const seen: Record<string, Set<string>> = {
      comp_dir: new Set(),
      level: new Set(),
      dwarf: new Set(),
      version: new Set(),
    };
    await eachLine('llvm-dwarfdump', ['--debug-info', '--recurse-depth=0', guest.vmlinux], (line) => {
      const dir = /DW_AT_comp_dir\t\("(.*)"\)/.exec(line)?.[1];
      if (dir) seen.comp_dir.add(dir);
      const version = /Compile Unit:.* version = (0x[0-9a-f]+)/.exec(line)?.[1];
      if (version) seen.version.add(version);
      const producer = /DW_AT_producer\t\("GNU C.*?"\)/.exec(line)?.[0];
      if (!producer) return;
      assert.ok(!producer.includes(os.homedir()), producer);
      seen.level.add(/ -O\w*/.exec(producer)?.[0] ?? 'none');
      seen.dwarf.add(/-gdwarf-\d/.exec(producer)?.[0] ?? 'none');
    });
    assert.deepEqual(Object.fromEntries(Object.entries(seen).map(([name, values]) => [name, [...values]])), {
      comp_dir: ['.'],
      level: [' -O2'],
      dwarf: ['-gdwarf-5'],
      version: ['0x0005'],
    });
  });

  it('the sources are those of the distribution, byte for byte', () => {
    const listed = execFileSync('find', ['-L', guest.sources, '-type', 'f', '-printf', '%P\\n'], { encoding: 'utf8' });
    const files = listed.split('\n').filter((file) => file !== '');
    const ours = files.filter((file) => file.startsWith('guest/'));
    const kernel = files.filter((file) => !file.startsWith('guest/') && !GENERATED.test(file));
    for (const file of ours) {
      assert.ok(
        fs.readFileSync(path.join(PROJECT, file)).equals(fs.readFileSync(path.join(guest.sources, file))),
        file,
      );
    }
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-sources-'));
    try {
      fs.writeFileSync(path.join(folder, 'list'), kernel.map((file) => `linux-source-6.1/${file}\n`).join(''));
      execFileSync('tar', ['-xJf', TARBALL, '-C', folder, '-T', path.join(folder, 'list')]);
      for (const file of kernel) {
        const original = fs.readFileSync(path.join(folder, 'linux-source-6.1', file));
        assert.ok(original.equals(fs.readFileSync(path.join(guest.sources, file))), file);
      }
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
    assert.ok(ours.length > 30 && kernel.length > 1500, `${ours.length} and ${kernel.length} files compared`);
  });

  it('a configuration that drops a line is refused', () => {
    checkConfig('CONFIG_A=y\nCONFIG_B=n\n# a comment', 'CONFIG_A=y\n# CONFIG_B is not set\n');
    assert.throws(() => checkConfig('CONFIG_A=y', '# CONFIG_A is not set'), /does not take: CONFIG_A=y/);
    assert.throws(() => checkConfig('CONFIG_B=n', 'CONFIG_B=y'), /does not take: CONFIG_B=n/);
  });

  it('a program says in its first line what it shows', () => {
    assert.equal(summaryOf('udp', '/* udp: a datagram. */\nint x;'), 'a datagram.');
    assert.throws(() => summaryOf('udp', 'int x;'), /must start with the line/);
  });
});

describe('guest: frames of the lab programs, as gdb sees them on this processor', function () {
  this.timeout(15 * MINUTES);
  let guest: Guest;

  before(async () => {
    guest = await ensureGuest();
  });

  /** Runs a gdb script on a program and gives what it prints. */
  function gdb(program: string, argument: string, commands: string[]): string {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-gdb-'));
    try {
      const script = path.join(folder, 'script');
      fs.writeFileSync(script, ['set backtrace past-main on', 'set width 0', ...commands].join('\n'));
      const file = path.join(guest.programs, program);
      return execFileSync('gdb', ['--batch', '-nx', '-x', script, '--args', file, argument], {
        encoding: 'utf8',
        cwd: guest.sources,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  }

  const line = fs
    .readFileSync(path.join(PROJECT, 'guest/programs/lib/entry.c'), 'utf8')
    .split('\n')
    .findIndex((text) => text.includes('asm volatile("int $0x80"'));

  it('from int $0x80 to _start, with arguments', () => {
    const said = gdb('names', '--entry=int80', [`break guest/programs/lib/entry.c:${line + 1}`, 'run', 'backtrace']);
    const frames = said.split('\n').filter((text) => text.startsWith('#'));
    const expected = [
      /^#0 .*system_call \(number=102, a1=1, a2=-?\d+, a3=0, a4=0, a5=0, a6=0\) at guest\/programs\/lib\/entry\.c/,
      /^#1 .* in socketcall \(call=1, args=0x[0-9a-f]+\) at guest\/programs\/lib\/socket\.c/,
      /^#2 .* in socket \(family=2, type=1, protocol=0\) at guest\/programs\/lib\/socket\.c/,
      /^#3 .* in connected_pair \(\) at guest\/programs\/lib\/lab\.c/,
      /^#4 .* in main \(argc=2, argv=0x[0-9a-f]+\) at guest\/programs\/names\.c/,
      /^#5 .* in _start \(\) at guest\/programs\/lib\/start\.S/,
    ];
    assert.equal(frames.length, expected.length, said);
    expected.forEach((pattern, index) => assert.match(frames[index], pattern));
  });

  for (const way of ['int80', 'sysenter', 'direct']) {
    it(`at every instruction of a call and back, --entry=${way}`, () => {
      const steps = 80;
      const said = gdb('accept4', `--entry=${way}`, [
        'break listen',
        'run',
        'set $i = 0',
        `while $i < ${steps}`,
        'stepi',
        'echo @\\n',
        'backtrace',
        'set $i = $i + 1',
        'end',
      ]);
      const stops = said.split('@\n').slice(1);
      assert.equal(stops.length, steps);
      let inside = 0;
      for (const stop of stops) {
        const functions = stop
          .split('\n')
          .flatMap((text) => /^#\d+ +(?:0x[0-9a-f]+ in )?(\w+) \(/.exec(text)?.[1] ?? []);
        assert.doesNotMatch(stop, /corrupt|\?\?/);
        assert.deepEqual(functions.slice(-2), ['main', '_start'], stop);
        if (functions.includes('system_call')) {
          inside++;
          const chain = way === 'direct' ? ['system_call', 'listen'] : ['system_call', 'socketcall', 'listen'];
          assert.deepEqual(functions.slice(functions.indexOf('system_call')), [...chain, 'main', '_start'], stop);
        }
      }
      assert.ok(inside > 15, `${inside} of ${steps} instructions were in system_call`);
    });
  }
});

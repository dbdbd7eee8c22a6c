/**
 * Builds what runs in the guest's user mode: init and the lab programs, each its own static ELF file with DWARF, and the
 * initial RAM file system that holds them.
 */
import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as path from 'node:path';
import { gzipSync } from 'node:zlib';
import { hashInputs, ensureEntry, fileInputs } from '../../scripts/lib/cache.mjs';
import { progress } from '../../scripts/lib/progress.mjs';
import { cpioArchive } from './cpio.mjs';
import { lineTableFiles } from './line-files.mjs';
import { copySources } from './sources.mjs';
import { toolVersions } from './tools.mjs';

const PROGRAMS = 'guest/programs';
const LIBRARY = 'guest/programs/lib';
/** What makes the system usable: a folder of sources for each. */
const SYSTEM = { init: 'guest/init', shell: 'guest/shell' };

/** Freestanding 32-bit code with frames that a debugger can follow; no C library, no position independence. */
const FLAGS = [
  ...['-m32', '-march=i686', '-std=gnu11', '-ffreestanding', '-nostdinc', '-fno-pic', '-fno-stack-protector'],
  ...['-fno-asynchronous-unwind-tables', '-fcf-protection=none', '-fno-tree-loop-distribute-patterns'],
  ...['-g', '-gdwarf-5', '-Wall', '-Wextra', '-Werror'],
];
const LINK = [
  ...['-m32', '-static', '-no-pie', '-nostdlib'],
  ...['-Wl,--build-id=none', '-Wl,-z,noexecstack', '-Wl,-z,norelro', '-Wl,-u,_start'],
];

/** Unoptimised, so that each line and variable is there to be stepped through and looked at. */
const PLAIN = ['-O0', '-fno-omit-frame-pointer'];
/** entry.c needs every register (see there); the benchmark is to be optimised code. */
const SPECIAL = {
  [`${LIBRARY}/entry.c`]: ['-O1', '-fomit-frame-pointer'],
  [`${PROGRAMS}/bench.c`]: ['-O2', '-fno-omit-frame-pointer'],
};

/**
 * Gives the folder with programs/ (ELF files with DWARF), initrd and sources/guest/.
 * @param {string} project root of the checkout
 * @param {string} [cache] the cache's folder
 * @returns {Promise<string>}
 */
export function ensurePrograms(project, cache) {
  const key = hashInputs({
    ...fileInputs(project, [PROGRAMS, ...Object.values(SYSTEM), 'guest/build/programs.mjs', 'guest/build/cpio.mjs']),
    tools: toolVersions(),
  });
  const report = progress('programs');
  return ensureEntry({
    root: cache,
    kind: 'programs',
    key,
    build: (out, scratch) => buildPrograms(project, out, scratch, report),
    waiting: (text) => report.update(text),
  });
}

/** Names of the lab programs: each C file directly in guest/programs. */
export function programNames(project) {
  return fs
    .readdirSync(path.join(project, PROGRAMS))
    .filter((file) => file.endsWith('.c'))
    .map((file) => path.basename(file, '.c'))
    .sort();
}

/**
 * The line of help of a program: its source starts with a comment "name: what it shows."
 * @param {string} name
 * @param {string} source
 * @returns {string}
 */
export function summaryOf(name, source) {
  const match = /^\/\* ([\w-]+): (.+?) \*\/\n/.exec(source);
  if (match?.[1] !== name)
    throw new Error(`${PROGRAMS}/${name}.c must start with the line /* ${name}: what it shows. */`);
  return match[2];
}

function buildPrograms(project, out, objects, report) {
  const names = programNames(project);
  const library = path.join(objects, 'library.a'); // of an archive, only what a program uses is linked
  tool(project, 'ar', ['rcD', library, ...compileFolder(project, LIBRARY, objects)]);
  const programs = path.join(out, 'programs');
  fs.mkdirSync(programs);
  for (const [name, folder] of Object.entries(SYSTEM)) {
    link(project, path.join(programs, name), [...compileFolder(project, folder, objects), library]);
  }
  for (const [index, name] of names.entries()) {
    report.update(name, index / names.length);
    link(project, path.join(programs, name), [compile(project, `${PROGRAMS}/${name}.c`, objects), library]);
  }
  const named = fs
    .readdirSync(programs)
    .flatMap((name) => [...lineTableFiles(fs.readFileSync(path.join(programs, name)))]);
  copySources(project, path.join(out, 'sources'), named);
  writeInitrd(project, names, programs, objects, path.join(out, 'initrd'));
  report.done(`${names.length} lab programs, init and shell built`);
}

function writeInitrd(project, names, programs, scratch, target) {
  const stripped = (name) => {
    const file = path.join(scratch, name);
    tool(project, 'strip', ['--strip-debug', '-o', file, path.join(programs, name)]);
    return fs.readFileSync(file);
  };
  const help = names.map((name) => {
    const source = fs.readFileSync(path.join(project, PROGRAMS, `${name}.c`), 'utf8');
    return `${name}\t${summaryOf(name, source)}\n`;
  });
  const archive = cpioArchive([
    ...['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'].map((name) => ({ path: name, directory: true, mode: 0o755 })),
    { path: 'dev/console', device: [5, 1], mode: 0o600 },
    { path: 'etc/programs', data: Buffer.from(help.join('')), mode: 0o644 },
    { path: 'init', data: stripped('init'), mode: 0o755 },
    ...['shell', ...names].map((name) => ({ path: `bin/${name}`, data: stripped(name), mode: 0o755 })),
  ]);
  fs.writeFileSync(target, gzipSync(archive, { level: 9 }));
}

function compileFolder(project, folder, objects) {
  return fs
    .readdirSync(path.join(project, folder))
    .filter((file) => /\.[cS]$/.test(file))
    .sort()
    .map((file) => compile(project, `${folder}/${file}`, objects));
}

function compile(project, source, objects) {
  const object = path.join(objects, `${source.replaceAll('/', '-')}.o`);
  const paths = [`-fdebug-prefix-map=${project}=.`, `-I${LIBRARY}`];
  tool(project, 'gcc', [...FLAGS, ...(SPECIAL[source] ?? PLAIN), ...paths, '-c', source, '-o', object]);
  return object;
}

function link(project, target, objects) {
  tool(project, 'gcc', [...LINK, '-o', target, ...objects]);
}

/** Runs a compiler tool in the project's root, so that the paths it sees are relative to it. */
function tool(project, command, args) {
  const run = spawnSync(command, args, { cwd: project, encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } });
  if (run.error) throw new Error(`${command} could not be run: ${run.error.message}`);
  if (run.status !== 0) throw new Error(`${command} failed for ${args.at(-1)}:\n${run.stderr}`);
  return run.stdout;
}

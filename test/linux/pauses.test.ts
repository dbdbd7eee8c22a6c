import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Frame } from '../../src/debugger/api';
import type { ThreadId } from '../../src/debugger/platform';
import type { Task } from '../../src/linux';
import { PREPARATION, prepared } from '../adapter/fixture';
import { coreFile, type MemorySegment } from './core-file';
import { Guest, randomNumbers } from './guest';

const PAUSES = 1000;
/** Instructions from one pause to the next, at most. */
const LONGEST = 100_000;
/** A step of the running task at every so manieth pause. */
const STEP_EVERY = 10;
/** Running tasks' stacks that gdb is asked about. */
const ASKED = 100;
const PROGRAMS = [
  'udp', 'sendmsg', 'sendmmsg', 'select', 'shutdown', 'names', 'options', 'sendfile', 'socketpair', 'accept4', 'unix', 'raw', 'errors',
]; // prettier-ignore
/** What a task's stack begins with: a program's start, the start of kernel threads, the boot. */
const BEGINNINGS = ['_start', 'ret_from_fork', 'startup_32_smp'];
/** Why there may be no frame of a program behind the divider of its call. */
const GONE = /^The memory of .* has been given back: the task is ending\.$|^The program that called execve is gone/;

/** What gdb is asked about: the kernel's part of a stack up to the entry code. */
interface Question {
  readonly core: Uint8Array;
  readonly frames: readonly string[];
}

/** `do_tcp_setsockopt net/ipv4/tcp.c:3545`, as gdb's helper below prints it. */
function frameText({ functionName, location }: Frame): string {
  return `${functionName} ${location ? `${location.file.path.replace(/^\.\//, '')}:${location.line}` : '?'}`;
}

/** What is wrong with a stack; undefined for one that ends honestly. */
function problemOf(task: Task, frames: readonly Frame[], endReason: string | undefined): string | undefined {
  const last = frames.at(-1);
  if (!last) return 'no frames';
  if (frames.some(({ kind }) => kind === 'unknown')) return 'a frame of unknown code';
  if (last.kind === 'divider') return GONE.test(endReason ?? '') ? undefined : `ends at the divider: ${endReason}`;
  if (endReason !== undefined) return endReason;
  if (!BEGINNINGS.includes(last.functionName)) return `ends in ${last.functionName}`;
  const expected = task.pid === 0 ? 'startup_32_smp' : task.isKernelThread ? 'ret_from_fork' : '_start';
  return last.functionName === expected ? undefined : `ends in ${last.functionName} instead of ${expected}`;
}

/** The kernel's stacks that a stack of the running task goes through, as memory. */
function stackMemory(guest: Guest, frames: readonly Frame[]): MemorySegment[] {
  const STACK = 8192;
  const found = new Map<number, MemorySegment>();
  for (const frame of frames) {
    const pointer = frame.registers.get('esp')?.value ?? 0;
    const address = pointer - (pointer % STACK);
    if (!found.has(address)) found.set(address, { address, bytes: guest.target.readAvailable(address, STACK) });
  }
  return [...found.values()].filter(({ bytes }) => bytes.length > 0);
}

const GDB_SCRIPT = `
import gdb
gdb.execute('set confirm off')
for number in range(COUNT):
    gdb.execute('core-file %s/%d' % (FOLDER, number), to_string=True)
    frame = gdb.newest_frame()
    gdb.write('@@stack\\n')
    while frame:
        sal = frame.find_sal()
        where = '%s:%d' % (sal.symtab.filename.removeprefix('./'), sal.line) if sal.symtab and sal.line else '?'
        gdb.write('@@%s %s\\n' % (frame.name() or '??', where))
        try:
            frame = frame.older()
        except gdb.error:
            break
`;

/** gdb's frames of each core file. */
function askGdb(vmlinux: string, questions: readonly Question[]): string[][] {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'cores-'));
  try {
    questions.forEach(({ core }, i) => fs.writeFileSync(path.join(folder, String(i)), core));
    const script = path.join(folder, 'script.py');
    fs.writeFileSync(script, `FOLDER = ${JSON.stringify(folder)}\nCOUNT = ${questions.length}\n${GDB_SCRIPT}`);
    const args = ['-nx', '-q', '-batch', '-x', script, vmlinux];
    const { stdout, stderr, error } = spawnSync('gdb', args, { encoding: 'utf8', timeout: 300_000 });
    assert.equal(error, undefined, `gdb is needed: apt-get install gdb (${String(error)})`);
    const stacks = stdout.split('@@stack\n').slice(1);
    assert.equal(stacks.length, questions.length, stderr);
    return stacks.map((text) =>
      text
        .split('\n')
        .filter((line) => line.startsWith('@@'))
        .map((line) => line.slice(2)),
    );
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

describe('linux: the tasks at random moments', function () {
  this.timeout(PREPARATION);
  const questions: Question[] = [];

  it(`at ${PAUSES} pauses every task's stack begins where stacks begin, and steps stay in their task`, async () => {
    const ways = ['int80', 'sysenter', 'direct'];
    const round = ways.flatMap((way) => [
      `replyhi --once --entry=${way} &`,
      `hello --entry=${way}`,
      ...PROGRAMS.map((name) => `${name} --entry=${way}`),
    ]);
    const guest = await Guest.made({ run: [...round, ...round, ...round] });
    await guest.until('sockscope# ');
    const { debugger: debug, platform, target } = guest;
    const random = randomNumbers(1);
    const problems = new Map<string, number>();
    const note = (what: string): unknown => problems.set(what, (problems.get(what) ?? 0) + 1);
    const looked = new Map<ThreadId, string>();
    let [stacks, frameCount, steps, ended] = [0, 0, 0, 0];
    let text: string | undefined;
    debug.on('stopped', (event) => (text = event.text));

    for (let pause = 0; pause < PAUSES; pause++) {
      await debug.continue({ limit: 1 + Math.floor(random() * LONGEST) });
      const threads = platform.threads();
      const tasks = platform.tasks.list();
      const running = platform.currentThread();
      assert.equal(new Set(threads.map(({ id }) => id)).size, threads.length, 'a thread comes twice');
      assert.equal(threads[0].id, running, 'the running task is the first');
      // A task that has ended for good may still run, though it is in no list.
      assert.ok(threads.length - tasks.length <= 1 && threads.length >= tasks.length, 'tasks and threads differ');

      for (const { id, name } of threads) {
        const task = platform.task(id);
        if (!task) {
          note(`${name}: no task`);
          continue;
        }
        // A sleeper's stack is what it was unless it has run.
        const { kernel } = platform;
        const word = (member: string): number => kernel.word('task_struct', member, task.address);
        const state = [task.address, task.mm, word('thread.sp'), word('nvcsw'), word('nivcsw')].join();
        if (id !== running && looked.get(id) === state) continue;
        looked.set(id, id === running ? '' : state);
        const { frames, endReason } = debug.frames(id);
        stacks++;
        frameCount += frames.length;
        const problem = problemOf(task, frames, endReason);
        if (problem)
          note(`${name}: ${problem}\nat 0x${frames[0].address.toString(16)}\n${frames.map(frameText).join('\n')}`);
        if (id === running && !frames[0].isUser && questions.length < ASKED) {
          // In a core file gdb shows inlined calls that begin at the very instruction, too.
          const all = guest.stackOf(id).frames;
          const divider = all.findIndex(({ kind }) => kind === 'divider');
          // The entry code itself has no call-frame information that gdb could use.
          const own = all.slice(0, divider < 0 ? all.length : divider - 1);
          if (own.length === 0) continue;
          questions.push({ core: coreFile(target.registers(), stackMemory(guest, own)), frames: own.map(frameText) });
        }
      }
      if (pause % STEP_EVERY !== 0) continue;
      text = undefined;
      await debug.step('over', running);
      steps++;
      if (platform.currentThread() === running) continue;
      if (text !== undefined && /end/.test(text)) ended++;
      else note(`a step of ${threads[0].name} ended in another task`);
    }
    guest.dispose();
    assert.deepEqual([...problems], []);
    assert.ok(stacks >= PAUSES && frameCount >= 10 * PAUSES, `${stacks} stacks of ${frameCount} frames`);
    console.log(
      `      ${PAUSES} pauses: ${stacks} stacks of ${frameCount} frames; ${steps} steps, ${ended} to the task's end`,
    );
  });

  it(`${ASKED} stacks of the kernel are those that gdb finds in core files of the same moments`, async () => {
    const { vmlinux } = await prepared();
    assert.equal(questions.length, ASKED);
    const answers = askGdb(vmlinux, questions);
    let compared = 0;
    questions.forEach(({ frames }, i) => {
      // Where several lines begin at the innermost frame's instruction, which is shown is a matter of choice.
      const [theirs, ours] = [answers[i].slice(0, frames.length), frames].map(([top, ...others]) => [
        top.replace(/ .*/, ''),
        ...others,
      ]);
      assert.deepEqual(theirs, ours, `stack ${i}`);
      compared += frames.length;
    });
    console.log(`      ${compared} frames compared`);
  });
});

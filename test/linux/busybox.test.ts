import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureBusybox } from '../../scripts/lib/busybox.mjs';
import { PREPARATION, prepared } from '../adapter/fixture';
import type { TracedCall } from '../../src/linux';
import { SOCKET_CALL_NAMES } from '../../src/linux/call-places';
import { runInGuest } from './busybox-guest';
import { runOnHost } from './busybox-host';
import { normal } from './busybox-normal';
import { commandOf, NETWORK, OTHERS, type Step } from './busybox-steps';

/** A traced call of either side. */
interface Line {
  readonly pid: number;
  readonly text: string;
}

/** The lines of each process, in the order in which the processes began. */
function byProcess(calls: readonly Line[]): string[][] {
  const pids = [...new Set(calls.map(({ pid }) => pid))];
  return pids.map((pid) => normal(calls.filter((call) => call.pid === pid).map(({ text }) => text)));
}

describe('linux: trace of a program that somebody else compiled', function () {
  this.timeout(PREPARATION);
  const steps: readonly Step[] = [...NETWORK, ...OTHERS, { program: 'calls', words: [] }];
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sockscope-calls-'));
  let programs: string[];
  let guest: string;
  let ours: TracedCall[][];
  let theirs: readonly Line[][];
  before(async () => {
    const { program } = await ensureBusybox();
    guest = (await prepared()).dir;
    programs = [program, path.join(folder, 'calls')];
    execFileSync('gcc', ['-m32', '-static', '-O1', '-w', '-o', programs[1], path.join(__dirname, 'calls.c')]);
    theirs = runOnHost(programs, steps);
    ours = await runInGuest(guest, programs, steps, 'all');
  });

  after(() => rmSync(folder, { recursive: true, force: true }));

  const compared = (from: number, some: readonly Step[]): void => {
    let count = 0;
    some.forEach((step, i) => {
      const expected = byProcess(theirs[from + i]);
      assert.deepEqual(byProcess(ours[from + i]), expected, commandOf(step).join(' '));
      count += expected.reduce((sum, lines) => sum + lines.length, 0);
    });
    console.log(`        ${count} calls of ${some.length} programs compared`);
    assert.ok(count > 20 * some.length, `${count} calls`);
  };

  it("shows all that strace shows of busybox's ping, httpd and wget, nc and others on this host", () => {
    compared(0, NETWORK);
  });

  it('shows all that strace shows of applets that work on files and processes', () => {
    compared(NETWORK.length, OTHERS);
  });

  it('shows what strace shows of calls of every family, with many kinds of arguments', () => {
    compared(NETWORK.length + OTHERS.length, steps.slice(-1));
  });

  it('shows the same socket calls where it is asked for no others', async () => {
    const [some] = await runInGuest(guest, programs, NETWORK, 'sockets');
    const names = new Set(SOCKET_CALL_NAMES);
    const network = ours.slice(0, NETWORK.length).flat().sort((a, b) => a.enteredAt - b.enteredAt); // prettier-ignore
    // The same instructions have been executed up to the end of the last: to the very ports and numbers of processes.
    const lines = (calls: readonly TracedCall[]): string[] =>
      calls
        .filter(({ call, result }) => names.has(call) && result !== undefined && result > -512)
        .map(({ text }) => text);
    assert.deepEqual(lines(some), lines(network));
    assert.ok(some.length > 50, `${some.length} calls`);
  });
});

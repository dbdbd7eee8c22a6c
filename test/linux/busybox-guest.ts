/** Runs steps with busybox in the guest, at the prompt of its shell, and takes the trace apart into steps. */

import assert from 'node:assert/strict';
import { GuestSession } from '../../src/adapter/guest-session';
import { loadGuestFiles } from '../../src/adapter/guest-files';
import { Sources } from '../../src/adapter/sources';
import { CallTrace, type TracedCall, type TraceScope } from '../../src/linux';
import { beginningOf, commandOf, FILES, FOLDERS, outputOf, type Step } from './busybox-steps';
import { SHOWN } from './busybox-host';

/** Calls that make a process; what they return in the parent is its number. */
const FORKS = new Set(['fork', 'vfork', 'clone', 'clone3']);

/**
 * @param folder of the built guest
 * @param programs busybox, and others that the steps run
 * @returns the calls of each step in the order of their beginnings
 */
export async function runInGuest(
  folder: string,
  programs: string[],
  steps: readonly Step[],
  scope: TraceScope,
): Promise<TracedCall[][]> {
  const configuration = { run: linesOf(steps), programs };
  const files = loadGuestFiles(configuration, folder);
  const guest = new GuestSession(files, configuration, new Sources(files.sourceFolders, {}, false), () => {});
  const calls: TracedCall[] = [];
  const trace = new CallTrace(guest.platform, guest.platform.callPlaces(), scope, (call) => calls.push(call), {
    limit: SHOWN,
  });
  guest.debugger.setObservers([trace]);
  await guest.debugger.continue();
  trace.finish();
  guest.dispose();
  calls.sort((a, b) => a.enteredAt - b.enteredAt);
  return scope === 'all' ? stepsOf(calls, steps) : [calls];
}

function linesOf(steps: readonly Step[]): string[] {
  const lines = [
    ...FOLDERS.map((folder) => `mkdir ${folder}`),
    ...FILES.map((file) => `echo ${file.text} > ${file.path}`),
    // Fills the kernel's pool of randomness as the boot of any system does: before, getrandom has nothing to give.
    'busybox dd if=/dev/random of=/dev/null bs=1 count=1',
  ];
  let running = 0;
  steps.forEach((step, i) => {
    const { input = '/dev/null', background } = step;
    const command = [...commandOf(step), '<', input, '>', outputOf(i)];
    lines.push([...command, ...(background ? ['&'] : [])].join(' '));
    if (background?.endsBySignal) running++;
  });
  for (let job = 1; job <= running; job++) lines.push(`kill %${job}`);
  return [...lines, 'exit'];
}

/** Each step's calls: those of the process that became the applet, from then on, and of all that it made. */
function stepsOf(calls: readonly TracedCall[], steps: readonly Step[]): TracedCall[][] {
  let next = 0;
  return steps.map((step) => {
    const beginning = beginningOf(step);
    const first = calls.findIndex(({ text }, i) => i >= next && text.startsWith(beginning));
    assert.ok(first >= 0, `${beginning} was not run in the guest`);
    next = first + 1;
    const pids = new Set([calls[first].pid]);
    return calls.slice(first).filter((call) => {
      if (!pids.has(call.pid)) return false;
      if (FORKS.has(call.call) && call.result !== undefined && call.result > 0) pids.add(call.result);
      return true;
    });
  });
}

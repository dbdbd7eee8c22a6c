import assert from 'node:assert/strict';
import { PREPARATION } from '../adapter/fixture';
import { Guest } from './guest';

/** Single steps, each looked at where it is in one of the places below. */
const STEPS = 150_000;
/** Where registers and stacks change hands: the entry code, the task switch, the start of a new task. */
const PLACES =
  /^(entry_|asm_|restore_all|handle_exception|irq_entries|__switch_to|ret_from_fork|schedule_tail_wrapper)/;
const GONE = /given back|execve is gone/;

describe('linux: stacks where registers and stacks change hands', function () {
  this.timeout(PREPARATION);

  it('begin where stacks begin at every single instruction', async () => {
    const guest = await Guest.made();
    const { platform, target } = guest;
    await guest.until('sockscope# ');
    guest.type('replyhi --once --entry=sysenter &');
    await guest.until('listening on port');
    await target.resume(1_000_000);
    guest.type('hello');
    // The shell reads the line, forks, and the child becomes hello.
    const [fork] = platform.kernel.module.elf.symbolsNamed('kernel_clone');
    const breakpoint = target.addBreakpoint(fork.address);
    await target.resume();
    target.removeBreakpoint(breakpoint);

    const problems = new Map<string, number>();
    const looked = new Map<string, number>();
    for (let step = 0; step < STEPS; step++) {
      await target.step();
      const { eip } = target.registers();
      const name = platform.kernel.symbolName(eip);
      if (eip < 0xc0000000 || name === undefined || !PLACES.test(name)) continue;
      looked.set(name, (looked.get(name) ?? 0) + 1);
      const { frames, endReason } = guest.stackOf(platform.currentThread());
      const last = frames.at(-1)?.functionName ?? '';
      const isHonest =
        frames.every(({ kind }) => kind !== 'unknown') &&
        (endReason === undefined ? ['_start', 'ret_from_fork', 'startup_32_smp'].includes(last) : GONE.test(endReason));
      if (isHonest) continue;
      const what = `${name}+${eip.toString(16)} (${platform.currentTask()?.comm}): ${endReason ?? last}`;
      problems.set(what, (problems.get(what) ?? 0) + 1);
    }
    guest.dispose();
    assert.deepEqual([...problems], []);
    const count = [...looked.values()].reduce((sum, each) => sum + each, 0);
    assert.ok(looked.has('__switch_to_asm') && looked.has('entry_INT80_32') && looked.has('ret_from_fork'));
    console.log(`      ${count} instructions of ${[...looked.keys()].join(', ')}`);
  });
});

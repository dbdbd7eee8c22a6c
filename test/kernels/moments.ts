/** The stacks of a kernel's tasks at random moments and where stacks change, whatever the compiler was told to do. */

import assert from 'node:assert/strict';
import type { LaunchConfiguration } from '../../src/adapter/launch-configuration';
import type { Frame } from '../../src/debugger/api';
import type { ThreadId } from '../../src/debugger/platform';
import { Guest, randomNumbers } from '../linux/guest';

const PAUSES = 400;
/** Instructions from one pause to the next, at most. */
const LONGEST = 60_000;
const STEPS = 100_000;
/** One instruction of so many is looked at, besides all of those in the places below. */
const LOOKED_AT = 25;
const PROGRAMS = ['udp', 'sendmsg', 'select', 'shutdown', 'names', 'options', 'sendfile', 'accept4', 'unix', 'raw', 'errors']; // prettier-ignore
const WAYS = ['int80', 'sysenter', 'direct'];
/** Where registers and stacks change hands: the entry code, interrupts' stacks, the task switch, the start of a new task. */
const PLACES =
  /^(?:entry_|asm_|restore_all|handle_exception|irq_entries|__handle_irq$|do_softirq_own_stack|call_on_stack|__switch_to|ret_from_fork|schedule_tail_wrapper)/;
const BEGINNINGS = /^(?:_start|ret_from_fork(?:_asm)?|ret_from_kernel_thread|startup_32\w*|default_entry|is486)$/;
const GONE = /given back|execve is gone/;

class Problems {
  private readonly counts = new Map<string, number>();
  stacks = 0;

  constructor(private readonly guest: Guest) {}

  look(thread: ThreadId): void {
    const { frames, endReason } = this.guest.stackOf(thread);
    this.stacks++;
    if (frames.length > 0 && (isHonest(frames, endReason) || this.isUnmapped(endReason))) return;
    const names = frames.map(({ functionName, address }) => `${functionName} at 0x${address.toString(16)}`);
    const { comm } = this.guest.platform.task(thread) ?? { comm: 'no task' };
    const text = `${comm}: ${endReason ?? 'ends'}: ${names.join(' < ')}`;
    this.counts.set(text, (this.counts.get(text) ?? 0) + 1);
  }

  /** While the kernel copies a page of the program's stack, that page is not there. */
  private isUnmapped(endReason: string | undefined): boolean {
    const address = /^Cannot access memory at (0x\w+): no page is mapped there/.exec(endReason ?? '')?.[1];
    return address !== undefined && !this.guest.platform.isKernelAddress(Number(address));
  }

  end(): void {
    this.guest.dispose();
    assert.deepEqual([...this.counts], []);
  }
}

function isHonest(frames: readonly Frame[], endReason: string | undefined): boolean {
  if (frames.some(({ kind }) => kind === 'unknown')) return false;
  return endReason === undefined ? BEGINNINGS.test(frames[frames.length - 1].functionName) : GONE.test(endReason);
}

export function exerciseMoments(configuration: () => LaunchConfiguration): void {
  it('stacks begin where stacks begin at random moments', async () => {
    const lines = WAYS.flatMap((way) => [
      `replyhi --once --entry=${way} &`,
      `hello --entry=${way}`,
      ...PROGRAMS.map((name) => `${name} --entry=${way}`),
    ]);
    const guest = await Guest.made({ ...configuration(), run: lines });
    await guest.until('sockscope# ');
    const problems = new Problems(guest);
    const random = randomNumbers(1);
    for (let pause = 0; pause < PAUSES; pause++) {
      await guest.target.resume(1 + Math.floor(random() * LONGEST));
      for (const { id } of guest.platform.threads()) problems.look(id);
    }
    problems.end();
    console.log(`      ${problems.stacks} stacks at ${PAUSES} moments`);
  });

  it('stacks begin where stacks begin at every instruction where they change hands', async () => {
    const guest = await Guest.made(configuration());
    const { platform, target } = guest;
    await guest.until('sockscope# ');
    guest.type('replyhi --once --entry=sysenter &');
    await guest.until('listening on port');
    await target.resume(1_000_000);
    guest.type('hello');
    // The shell reads the line, forks, and the child becomes hello.
    const breakpoint = target.addBreakpoint(
      platform.kernel.symbol('kernel_clone') ?? platform.kernel.symbol('_do_fork') ?? 0,
    );
    await target.resume();
    target.removeBreakpoint(breakpoint);
    const problems = new Problems(guest);
    for (let step = 0; step < STEPS; step++) {
      await target.step();
      const { eip } = target.registers();
      if (!platform.isKernelAddress(eip)) continue;
      if (step % LOOKED_AT === 0 || PLACES.test(platform.kernel.symbolName(eip) ?? ''))
        problems.look(platform.currentThread());
    }
    problems.end();
    console.log(`      ${problems.stacks} instructions`);
  });
}

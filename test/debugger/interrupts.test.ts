import * as assert from 'node:assert/strict';
import { ensureGuest, type Guest } from '../../guest/build/guest.mjs';
import type { StepKind } from '../../src/debugger/api';
import { StubSession, type StubOptions } from './stub';

const MINUTES = 60_000;

/** Where a series of steps leads, from the hit of a breakpoint on. */
async function journey(
  guest: Guest,
  options: StubOptions,
  breakpoint: string,
  steps: StepKind[],
): Promise<{ places: string[]; interrupts: number }> {
  const session = await StubSession.start(guest, options);
  try {
    await session.boot();
    session.debugger.setFunctionBreakpoints([{ name: breakpoint }]);
    session.machine.type('replyhi &');
    await session.continue();
    session.debugger.setFunctionBreakpoints([]);
    const before = session.debugger.expressions.address('jiffies', session.top);
    const places = [session.here];
    for (const kind of steps) {
      const event = await session.step(kind);
      assert.equal(event.reason, 'step');
      places.push(session.here);
    }
    return { places, interrupts: session.debugger.expressions.address('jiffies', session.top) - before };
  } finally {
    session.end();
  }
}

describe('debugger: steps and interrupts', function () {
  this.timeout(10 * MINUTES);
  let guest: Guest;

  before(async () => {
    guest = await ensureGuest();
  });

  // QEMU holds interrupts back while it steps, unless asked not to: the same steps must lead to the same places.
  const JOURNEYS: [what: string, breakpoint: string, steps: StepKind[]][] = [
    ['over the lines of a kernel function', '__sys_bind', Array<StepKind>(10).fill('over')],
    ['into kernel functions', '__sys_bind', Array<StepKind>(40).fill('into')],
    ['over the lines of a user program', 'replyhi:main', Array<StepKind>(5).fill('over')],
    ['out of everything', '__sys_listen', Array<StepKind>(9).fill('out')],
  ];
  for (const [what, breakpoint, steps] of JOURNEYS) {
    it(`no interrupt ends steps ${what}`, async () => {
      const quiet = await journey(guest, {}, breakpoint, steps);
      const disturbed = await journey(guest, { interrupts: true }, breakpoint, steps);
      assert.deepEqual(disturbed.places, quiet.places);
      if (steps.length > 20) assert.ok(disturbed.interrupts > 0, 'no timer interrupt came, so nothing was shown');
    });
  }
});

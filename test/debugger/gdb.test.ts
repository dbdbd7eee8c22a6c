import * as assert from 'node:assert/strict';
import { ensureGuest, type Guest } from '../../guest/build/guest.mjs';
import type { StepKind } from '../../src/debugger/api';
import { askGdb } from './gdb';
import { StubSession } from './stub';

const MINUTES = 60_000;
const KIND: Record<string, StepKind> = { next: 'over', step: 'into', finish: 'out' };

/** gdb keeps a leading `./` in paths. */
const plain = (line: string): string => line.replace(' ./', ' ');

describe('debugger: the same as gdb on the same kernel', function () {
  this.timeout(10 * MINUTES);
  let guest: Guest;

  before(async () => {
    guest = await ensureGuest();
  });

  /** Compares the stack at a breakpoint, and where steps lead. */
  async function compare(breakpoint: string, commands: string[]): Promise<{ frames: number; steps: number }> {
    const script = `stack()\nsteps('${commands.join(' ')}')`;
    const expected = (await askGdb(guest, breakpoint, 'replyhi &', script)).map(plain);
    const session = await StubSession.start(guest);
    try {
      await session.boot();
      const [set] = session.debugger.setFunctionBreakpoints([{ name: breakpoint }]);
      assert.ok(set.verified, set.message);
      session.machine.type('replyhi &');
      await session.continue();
      session.debugger.setFunctionBreakpoints([]);

      const frames = expected.filter((line) => line.startsWith('frame ')).map((line) => line.slice(6));
      // Below the kernel's entry gdb has nothing, or nonsense.
      const kernel = frames.slice(0, frames.findIndex((line) => line.startsWith('entry_INT80_32')) + 1);
      assert.ok(kernel.length > 4, frames.join('\n'));
      const ours = session.stack();
      assert.deepEqual(ours.slice(0, kernel.length), kernel);
      assert.match(ours[kernel.length], /^--- int \$0x80/);
      assert.match(ours.at(-2) ?? '', /^main guest\/programs\/replyhi\.c:/);

      const places: string[] = [];
      for (const command of commands) {
        await session.step(KIND[command]);
        places.push(`${command} ${session.here}`);
      }
      assert.deepEqual(places, expected.slice(frames.length));
      return { frames: kernel.length, steps: places.length };
    } finally {
      session.end();
    }
  }

  const times = (command: string, count: number): string[] => Array<string>(count).fill(command);
  const CASES: [breakpoint: string, commands: string[]][] = [
    // The level to beat: case SYS_LISTEN of the switch.
    ['net/socket.c:3048', times('next', 6)],
    ['net/socket.c:3042', times('next', 6)],
    ['__sys_bind', times('next', 11)],
    ['inet_listen', times('next', 18)],
    ['inet_csk_listen_start', times('next', 12)],
  ];
  for (const [breakpoint, commands] of CASES) {
    it(`${breakpoint}: stack and ${commands.length} steps`, async () => {
      const { frames, steps } = await compare(breakpoint, commands);
      assert.ok(frames > 4 && steps === commands.length);
    });
  }
});

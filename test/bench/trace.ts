/** What it costs to trace the socket calls while programs exchange data: the guest's speed with and without, in turns. */

import { GuestSession } from '../../src/adapter/guest-session';
import { loadGuestFiles } from '../../src/adapter/guest-files';
import { Sources } from '../../src/adapter/sources';
import { traceEvent, traceOutput } from '../../src/adapter/system-call-trace';

const PROMPT = 'sockscope# ';
const EXCHANGES = ['hello', 'udp', 'hello', 'sendmsg', 'hello', 'names', 'hello', 'unix', 'hello', 'hello'];
/** Short turns, and many of them: a machine that others share is fast and slow by the second. */
const REPEATED = Array.from({ length: 4 }, () => EXCHANGES).flat();
const PAIRS = 80;
/** Turns that count as the first ones: some thousand calls. */
const WARMING = 8;

export interface TraceCost {
  /** Speed while traced, as a part of the speed while not: the mean of the middle half of turns that ran one after the other. */
  readonly ratio: number;
  /** How far that may be from what more turns would give (standard error). */
  readonly error: number;
  /** The same for the first calls of a session, while each path is found for the first time and the code is not compiled yet. */
  readonly first: number;
  /** Traced calls in a million instructions. */
  readonly callsPerMillion: number;
}

/**
 * Measures by instructions executed in a second of processor time.
 * @param dir the built guest
 * @param events whether clients are told all of each call, with its dispatch path, and not only its line
 */
export async function traceCost(dir: string, events: boolean): Promise<TraceCost> {
  const files = loadGuestFiles({}, dir);
  const guest = new GuestSession(files, {}, new Sources(files.sourceFolders, files.sourceMap, false), () => {});
  const { target } = guest;
  const { machine } = target;
  let idle = 0;
  const runMachine = machine.run.bind(machine);
  machine.run = (limit) => {
    const stop = runMachine(limit);
    idle += stop.idleInstructions;
    return stop;
  };
  let said = '';
  let lines: string[] = [];
  const decoder = new TextDecoder();
  const typeNext = (): void => target.consoleInput(new TextEncoder().encode(`${lines.shift() ?? ''}\r`));
  target.onConsoleOutput((bytes) => {
    said += decoder.decode(bytes, { stream: true });
    if (!said.includes(PROMPT)) return;
    said = '';
    if (lines.length > 0) typeNext();
    else void guest.debugger.pause();
  });
  const run = async (commands: readonly string[]): Promise<void> => {
    lines = [...commands];
    typeNext();
    await guest.debugger.continue();
  };
  await guest.debugger.continue();
  await run(['replyhi &', '']);

  let calls = 0;
  let letters = 0;
  guest.trace.listener = (traced) => {
    calls += traced.length;
    // As they go over the wire.
    for (const event of [traceOutput(traced), ...(events ? [traceEvent(traced)] : [])])
      letters += Buffer.byteLength(JSON.stringify(event));
  };
  const speed = async (traced: boolean): Promise<number> => {
    guest.trace.set(traced ? 'sockets' : undefined, events);
    // The code that the breakpoints are in is decoded again first.
    await run(EXCHANGES);
    const [begin, before] = [process.cpuUsage(), machine.count];
    idle = 0;
    calls = 0;
    await run(REPEATED);
    const { user, system } = process.cpuUsage(begin);
    executed = machine.count - before - idle;
    return executed / (user + system);
  };
  let executed = 0;
  // The machine's own code is compiled first.
  await speed(false);
  const ratios: number[] = [];
  let callsPerMillion = 0;
  for (let i = 0; i < PAIRS; i++) {
    const plain = await speed(false);
    ratios.push((await speed(true)) / plain);
    callsPerMillion = calls / (executed / 1e6);
  }
  guest.dispose();
  if (letters === 0) throw new Error('Nothing was traced.');
  const [first] = ratios;
  return { ...middle(ratios.slice(WARMING)), first, callsPerMillion };
}

/** Interquartile mean and its standard error: turns in which the machine did something else do not count. */
function middle(values: readonly number[]): { ratio: number; error: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const quarter = sorted.length >> 2;
  const half = sorted.slice(quarter, sorted.length - quarter);
  const ratio = half.reduce((sum, value) => sum + value, 0) / half.length;
  // The distance of the quartiles of a normal distribution is 1.35 standard deviations.
  const deviation = (half[half.length - 1] - half[0]) / 1.35;
  return { ratio, error: deviation / Math.sqrt(sorted.length) };
}

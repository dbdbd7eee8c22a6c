/** What it costs to trace the socket calls while programs exchange data: the guest's speed with and without, in turns. */

import { GuestSession } from '../../src/adapter/guest-session';
import { loadGuestFiles } from '../../src/adapter/guest-files';
import { Sources } from '../../src/adapter/sources';
import { CallTrace } from '../../src/linux';

const PROMPT = 'sockscope# ';
const EXCHANGES = ['hello', 'udp', 'hello', 'sendmsg', 'hello', 'names', 'hello', 'unix', 'hello', 'hello'];
const PAIRS = 12;

export interface TraceCost {
  /** Speed while traced, as a part of the speed while not: medians of pairs that ran one after the other. */
  readonly ratio: number;
  /** Traced calls in a million instructions. */
  readonly callsPerMillion: number;
}

/** Measures by instructions executed in a second of processor time. @param dir the built guest */
export async function traceCost(dir: string): Promise<TraceCost> {
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
  const speed = async (traced: boolean): Promise<number> => {
    const trace = new CallTrace(guest.platform, guest.platform.callPlaces(), 'sockets', () => calls++);
    guest.debugger.setObservers(traced ? [trace] : []);
    // The code that the breakpoints are in is decoded again first.
    await run(EXCHANGES);
    const [begin, before] = [process.cpuUsage(), machine.count];
    idle = 0;
    calls = 0;
    await run([...EXCHANGES, ...EXCHANGES]);
    const { user, system } = process.cpuUsage(begin);
    executed = machine.count - before - idle;
    return executed / (user + system);
  };
  let executed = 0;
  await speed(true);
  const ratios: number[] = [];
  let callsPerMillion = 0;
  for (let i = 0; i < PAIRS; i++) {
    const plain = await speed(false);
    ratios.push((await speed(true)) / plain);
    callsPerMillion = calls / (executed / 1e6);
  }
  guest.dispose();
  return { ratio: ratios.sort((a, b) => a - b)[PAIRS >> 1], callsPerMillion };
}

/**
 * Which hops of a call have been made. The stack tells where the call is; of what comes behind that it tells nothing once a function has
 * returned. So a hop behind the present one is told to be ahead or done only where the code that has been executed in the present function
 * is certain, or where the call was watched (dispatch-path-witness.ts); else it is not known.
 */

import type { Frame } from '../debugger/api';
import { callBefore } from '../debugger/instructions';
import type { Hop } from './dispatch-path-hops';
import type { WatchedCall } from './dispatch-path-witness';
import { returnOfEntry } from './entry';
import type { LinuxPlatform } from './platform';
import { caseAtLine } from './socketcall';

/** `unknown`: it may have been made and left again, or passed over by a call that failed. */
export type HopState = 'done' | 'present' | 'ahead' | 'unknown';

/** A call as it stands on a task's stack. */
export interface StandingCall {
  /** The kernel's frames of the call, innermost first. */
  readonly kernelFrames: readonly Frame[];
  /** Address of the saved struct pt_regs. */
  readonly saved: number;
}

/** include/uapi/asm-generic/errno.h */
const ENOSYS = 38;
/** More bytes than a case of the switch has. */
const CASE_SIZE = 256;

/** The last hop whose function is on the stack. */
export function presentHop(hops: readonly Hop[], { kernelFrames }: StandingCall, platform: LinuxPlatform): number {
  const entry = hops.findIndex(({ kind }) => kind === 'entry');
  return Math.max(
    entry,
    hops.findLastIndex((hop, i) => i > entry && frameOf(hop, kernelFrames, platform) !== undefined),
  );
}

/** The innermost frame of a hop's function; of a case of the switch, the frame that stands in its lines. */
function frameOf(hop: Hop, frames: readonly Frame[], platform: LinuxPlatform): Frame | undefined {
  if (hop.symbol === undefined) return undefined;
  if (hop.kind === 'switch') return frames.find((frame) => isInCase(frame, hop, platform));
  return frames.find(({ functionName }) => functionName === hop.symbol);
}

/** Whether a frame of socketcall stands in the lines of a case. */
function isInCase(frame: Frame, hop: Hop, platform: LinuxPlatform): boolean {
  if (!isSocketcall(frame) || frame.location?.file !== hop.file) return false;
  return caseAtLine(platform.socketcallCases(), frame.location?.line ?? 0)?.name === hop.symbol;
}

function isSocketcall({ functionName }: Frame): boolean {
  return functionName.endsWith('sys_socketcall');
}

/**
 * The states of all hops.
 * @param witnessed what is known of a hop's place by watching the call
 */
export function hopStates(
  hops: readonly Hop[],
  present: number,
  call: StandingCall,
  platform: LinuxPlatform,
  witnessed: (address: number | undefined) => 'executed' | 'not' | undefined,
): HopState[] {
  const next = nextState(hops, present, call, platform);
  const states = hops.map(({ address }, i): HopState => {
    if (i <= present) return i === present ? 'present' : 'done';
    const seen = witnessed(address);
    if (seen === 'executed' || (next === 'done' && i === present + 1)) return 'done';
    return seen === 'not' || next === 'ahead' ? 'ahead' : 'unknown';
  });
  // Each hop is made by the one before it.
  const last = states.lastIndexOf('done');
  return states.map((state, i) => (i > present && i < last ? 'done' : state));
}

/** Whether a call has come to the function that the system-call table leads to. @param entry its address */
export function progressOf(
  hops: readonly Hop[],
  states: readonly HopState[],
  { kernelFrames: [top] }: StandingCall,
  entry: number | undefined,
): WatchedCall['progress'] {
  const table = hops.findIndex(({ kind }) => kind === 'table');
  if (states[table] === 'ahead') return 'early';
  return top.address === entry ? 'entering' : 'begun';
}

/** The state of the hop behind the present one, by the place of the present one in its function alone. */
function nextState(
  hops: readonly Hop[],
  present: number,
  call: StandingCall,
  platform: LinuxPlatform,
): Exclude<HopState, 'present'> {
  const { kernelFrames: frames } = call;
  const [hop, next] = [hops[present], hops[present + 1]];
  const frame = hop && frameOf(hop, frames, platform);
  const [top] = frames;
  if (!next || !top) return 'unknown';
  if (hop.kind === 'entry') return behindEntry(hop, call, platform);
  if (!frame) return 'unknown';
  if (hop.kind === 'switch') return behindCase(hop, next, frame, platform);
  // All that has been called from here is the function that is on the stack.
  if (frame.address === top.address && (isAtBeginning(top) || top.address === hop.address)) return 'ahead';
  return next.kind === 'switch' && isBeforeSwitch(frames, platform) ? 'ahead' : 'unknown';
}

/** In the entry code and do_int80_syscall_32 or its like, which call the table's function. */
function behindEntry(hop: Hop, call: StandingCall, { kernel }: LinuxPlatform): 'done' | 'ahead' | 'unknown' {
  const [top] = call.kernelFrames;
  const back = hop.address === undefined ? undefined : returnOfEntry(kernel, hop.address);
  if (top.functionName === hop.symbol && back !== undefined && top.address < back) return 'ahead';
  // The entry code saves ENOSYS as the result, which stays until the table's function has given another.
  if ((kernel.word('pt_regs', 'ax', call.saved) | 0) !== -ENOSYS) return 'done';
  return isAtBeginning(top) && /^do_\w*(?:syscall|sysenter)/i.test(top.functionName) ? 'ahead' : 'unknown';
}

/** In a case of the switch, which is one call. @param frame of socketcall */
function behindCase(hop: Hop, next: Hop, frame: Frame, { kernel }: LinuxPlatform): 'done' | 'ahead' | 'unknown' {
  const { address: from } = hop;
  const pc = frame.address;
  if (from === undefined || next.address === undefined || pc < from || pc - from > CASE_SIZE) return 'unknown';
  const isInlined = kernel.module.symbols.functionAt(next.address) === kernel.module.symbols.functionAt(from);
  if (isInlined) return pc < next.address ? 'ahead' : 'unknown';
  const code = kernel.target.readAvailable(from, CASE_SIZE);
  for (let at = 5; at <= code.length; at++) {
    if (callBefore(code.subarray(at - 5, at), (from + at) >>> 0) === next.address)
      return pc < from + at ? 'ahead' : 'done';
  }
  return 'unknown';
}

/** Whether a frame stands where breakpoints on its function go, or before: nothing has been called there. */
function isAtBeginning({ function: fn, kind, module, address }: Frame): boolean {
  if (!fn || !module || kind === 'divider' || kind === 'unknown') return false;
  return address >= fn.lowPc && address <= module.symbols.functionBreakpointAddress(fn);
}

/** Whether socketcall is in a line before the switch: it does not come back to there. */
function isBeforeSwitch(frames: readonly Frame[], platform: LinuxPlatform): boolean {
  const frame = frames.find(isSocketcall);
  const line = frame?.location?.line;
  const [first] = platform.socketcallCases();
  if (!frame || line === undefined || !first || frame.location?.file.path !== platform.socketcallFile) return false;
  // The function's own line stands for its end, too.
  return line > (frame.function?.line ?? Infinity) && line < first.label;
}

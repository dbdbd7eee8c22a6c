import { DebuggerError } from '../debugger/api';
import { integerOf, isInteger } from '../debugger/values';
import { IDLE_THREAD } from '../linux';
import { MAX_SOCKADDR } from '../linux/sockaddr';
import { decodeSockaddr, sockaddrLength } from '../linux/sockaddr-fields';
import { memoryPlace, memoryReference, spaceOf } from './memory-reference';
import { hex32 } from './registers';
import type { ArgumentsOf, OwnHandlers, SockaddrBody, TaskRow } from './protocol';
import type { RequestHost } from './request-host';

type SockaddrArguments = { readonly [Key in keyof ArgumentsOf<'sockscope/sockaddr'>]?: unknown };

/**
 * The requests that only views make:
 *  - `sockscope/tasks`: every task with its state and where it sleeps
 *  - `sockscope/focusTask`: makes a task the one that the client's stack, variables and steps are about
 *  - `sockscope/sources`: every source that the debug information names, and where it is on this machine
 *  - `sockscope/sockaddr`: a socket address in the guest's memory, by an expression or a memory reference
 *
 * @param focus tells the client that a thread is the one to look at
 */
export function viewRequests(
  host: RequestHost,
  focus: (threadId: number) => void,
): OwnHandlers<'sockscope/tasks' | 'sockscope/focusTask' | 'sockscope/sources' | 'sockscope/sockaddr'> {
  return {
    'sockscope/tasks': () => ({ tasks: tasks(host) }),
    'sockscope/focusTask': ({ threadId }) => {
      const { session } = host;
      session.debugger.mustStandStill();
      if (typeof threadId !== 'number') throw new DebuggerError('sockscope/focusTask needs "threadId".');
      if (!session.debugger.threads().some(({ id }) => id === threadId))
        throw new DebuggerError('That task has ended.');
      focus(threadId);
      return {};
    },
    'sockscope/sources': () => {
      const { session, sourceTable } = host;
      const files = [...session.modules].flatMap(({ symbols }) => symbols.sourceFiles());
      const unique = new Map(files.map((file) => [file.path, file]));
      return {
        sources: [...unique.values()].map((file) => ({
          file: file.path,
          available: sourceTable.hostPath(file.path) !== undefined,
          source: sourceTable.toSource(file),
        })),
      };
    },
    'sockscope/sockaddr': (args) => sockaddr(host, args),
  };
}

function tasks({ session: { platform } }: RequestHost): TaskRow[] {
  const { tasks, kernel } = platform;
  const running = platform.currentTask()?.address;
  return tasks.list().map((task) => {
    const { address, pid, tgid, mm } = task;
    const isRunning = address === running;
    return {
      threadId: pid === 0 ? IDLE_THREAD : pid,
      pid,
      tgid,
      ppid: tasks.tgidOf(kernel.word('task_struct', 'real_parent', address)),
      comm: tasks.nameOf(task),
      state: tasks.stateOf(task, isRunning),
      isRunning,
      isKernelThread: mm === 0 && pid !== 0,
      program: tasks.program(task),
      waitChannel: isRunning ? undefined : platform.waitChannel(task),
      memoryReference: hex32(address),
    };
  });
}

/** @throws DebuggerError, ExpressionError, ValueError, MemoryError */
function sockaddr(host: RequestHost, args: SockaddrArguments): SockaddrBody {
  const { session } = host;
  const reference = referenceOf(host, args);
  const place = memoryPlace(reference);
  const length = typeof args.length === 'number' ? Math.min(MAX_SOCKADDR, Math.max(0, args.length)) : undefined;
  const bytes = session.target.readAvailable(place.address, length ?? MAX_SOCKADDR, spaceOf(place, session));
  if (bytes.length === 0) throw new DebuggerError(`Nothing is mapped at ${hex32(place.address)}.`);
  const address = bytes.subarray(0, length ?? sockaddrLength(bytes));
  const { structure, text, fields } = decodeSockaddr(address);
  return {
    address: hex32(place.address),
    memoryReference: reference,
    length: address.length,
    structure,
    text,
    fields: fields.map(({ bytes: own, ...rest }) => ({ ...rest, data: Buffer.from(own).toString('base64') })),
  };
}

/** Where the address is: what a pointer or number points to, or where a structure itself is. */
function referenceOf({ session }: RequestHost, args: SockaddrArguments): string {
  const frame = typeof args.frameId === 'number' ? session.debugger.frame(args.frameId) : session.debugger.topFrame();
  if (typeof args.expression === 'string') {
    const value = session.evaluate(args.expression, frame);
    const { bareType } = value;
    const isAddress = bareType.kind === 'pointer' || isInteger(bareType);
    const address = isAddress ? Number(BigInt.asUintN(32, integerOf(value))) : value.address;
    if (address === undefined) throw new DebuggerError(`${args.expression} is not in memory.`);
    return memoryReference(address, frame, session);
  }
  if (typeof args.memoryReference === 'string') return args.memoryReference;
  throw new DebuggerError('sockscope/sockaddr needs "expression" or "memoryReference".');
}

import { formatValue } from '../debugger/values';
import { accessThrough } from '../debugger/expressions';
import type { Frame } from '../debugger/api';
import { MemoryError } from '../debugger/target';
import { callArguments, callFrameOf, savedRegisters, type CallFrame } from '../linux/call-frame';
import { LinuxError, socketCallAt, type SocketCallAt, type Task } from '../linux';
import { isSocket, socketsOf, type OpenSocket } from '../linux/sockets';
import type { GuestSession } from './guest-session';
import type { PlainVariable, Row } from './handles';
import { socketStructures, socketValues } from './socket-rows';

/** Scopes that a stop in the kernel has beyond those of its debug information, by name. */
export function linuxScopes(frame: Frame, session: GuestSession): [name: string, rows: () => readonly Row[]][] {
  const at = attempt(() => callFrameOf(frame, session.platform));
  if (!at) return [];
  const scopes: [string, () => readonly Row[]][] = [['System call', () => systemCallRows(at, frame, session)]];
  const of = attempt(() => socketAt(frame, session));
  if (of) scopes.push(['Socket', () => socketRows(socketsOf(session.platform.kernel, of.task), of.fd)]);
  return scopes;
}

/** The open socket that the socket call of a frame is about, by its descriptor. */
function socketAt(frame: Frame, { platform }: GuestSession): { task: Task; fd: number } | undefined {
  let call: SocketCallAt | undefined;
  for (let at: Frame | undefined = frame; at && at.kind !== 'divider' && !call?.arguments.fd; at = at.caller())
    call = socketCallAt(at, platform);
  const task = platform.task(frame.thread);
  const fd = call?.arguments.fd;
  if (!task || typeof fd !== 'number') return undefined;
  return isSocket(platform.kernel, task, fd) ? { task, fd } : undefined;
}

function socketRows(sockets: readonly OpenSocket[], fd: number): Row[] {
  const socket = sockets.find((each) => each.fd === fd);
  if (!socket) return [];
  const { task, options } = socket;
  return [
    { name: 'task', value: `${task.comm} (pid ${task.pid})` },
    ...Object.entries(socketValues(socket)).map(([name, value]) => ({ name, value: String(value) })),
    { name: 'options', value: options.join(' ') || 'none' },
    ...socketStructures(socket),
  ];
}

function systemCallRows(at: CallFrame, frame: Frame, session: GuestSession): Row[] {
  const { platform } = session;
  const { call } = at;
  const values = callArguments(at, platform, accessThrough(frame, [...session.modules]));
  const decoded = socketCallAt(frame, platform);
  const plain = (name: string, value: string): PlainVariable => ({ name, value });
  return [
    plain('number', String(at.number)),
    plain('name', call?.name ?? 'not a system call of this kernel'),
    plain('way in', at.gate),
    ...(call ? [plain('entry', call.symbol)] : []),
    {
      name: 'arguments',
      value: values.map((value) => `${value.name} = ${formatValue(value, { depth: 0 })}`).join(', '),
      children: () => values,
    },
    ...(decoded
      ? [
          {
            name: decoded.case ?? decoded.call,
            value: '',
            children: () => Object.entries(decoded.arguments).map(([name, value]) => plain(name, String(value))),
          },
        ]
      : []),
    savedRegisters(at, platform),
  ];
}

/** Undefined where the kernel is not far enough, or its structures are damaged: a stop then has its other scopes. */
function attempt<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof MemoryError || error instanceof LinuxError) return undefined;
    throw error;
  }
}

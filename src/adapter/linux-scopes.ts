import { formatValue } from '../debugger/values';
import { accessThrough } from '../debugger/expressions';
import type { Frame } from '../debugger/api';
import { MemoryError } from '../debugger/target';
import { callArguments, callFrameOf, savedRegisters, type CallFrame } from '../linux/call-frame';
import { LinuxError, socketCallAt } from '../linux';
import type { GuestSession } from './guest-session';
import type { PlainVariable, Row } from './handles';

/** Scopes that a stop in the kernel has beyond those of its debug information, by name. */
export function linuxScopes(frame: Frame, session: GuestSession): [name: string, rows: () => readonly Row[]][] {
  const at = attempt(() => callFrameOf(frame, session.platform));
  return at ? [['System call', () => systemCallRows(at, frame, session)]] : [];
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

import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebuggerError, type FunctionBreakpointRequest } from '../debugger/api';
import { parseMoment } from '../linux';
import { KERNEL_FAULT } from '../linux/kernel-faults';

/** The calls that the exception breakpoints offer one by one. */
const OFFERED = [
  'socketcall', 'socket', 'bind', 'connect', 'accept', 'accept4', 'listen', 'send', 'sendto', 'sendmsg', 'recv', 'recvfrom', 'recvmsg',
  'select', 'shutdown', 'getsockname', 'getpeername', 'getsockopt', 'setsockopt', 'sendfile', 'socketpair',
]; // prettier-ignore
const FAULT = 'fault';
const SOCKETS = 'sockets';
const FAILING = 'failing';
const ALL = 'all';
const OTHER = 'other';
/** What is left of the list for a client that shows the calls in a view of its own. */
const BRIEF: readonly string[] = [FAULT, SOCKETS, FAILING, ALL, OTHER];
const WHEN = 'entry (unless given), return, fail, or an error such as EADDRINUSE; then an expression';

/** What clients list among their breakpoints: a system call is something to stop at before it is known where it is. */
const FILTERS: DebugProtocol.ExceptionBreakpointsFilter[] = [
  {
    filter: FAULT,
    label: 'Kernel panic/oops',
    description: 'Stops where the kernel panics or has met a fault of its own, before it prints anything.',
    default: true,
    supportsCondition: true,
    conditionDescription: 'An expression. Example: $comm == "hello"',
  },
  {
    filter: SOCKETS,
    label: 'Socket calls',
    description: 'Stops at every call of the socket interface, however a program makes it.',
    default: false,
    supportsCondition: true,
    conditionDescription: `When: ${WHEN}. Example: return && $comm == "hello"`,
  },
  {
    filter: FAILING,
    label: 'Socket calls that fail',
    description: 'Stops where a call of the socket interface returns an error.',
    default: false,
    supportsCondition: true,
    conditionDescription: 'An expression. Example: $comm == "hello"',
  },
  ...OFFERED.map((call) => ({
    filter: call,
    label: `System call ${call}`,
    description: `Stops at ${call}, however a program calls it.`,
    default: false,
    supportsCondition: true,
    conditionDescription: `When: ${WHEN}. Example: fail && $comm == "hello"`,
  })),
  {
    filter: ALL,
    label: 'All system calls',
    description: 'Stops at every system call of every program.',
    default: false,
    supportsCondition: true,
    conditionDescription: `When: ${WHEN}. Example: ENOENT && $comm == "sh"`,
  },
  {
    filter: OTHER,
    label: 'System call by name…',
    description: 'Stops at the system call that the condition names.',
    default: false,
    supportsCondition: true,
    conditionDescription: `Its name, then when: ${WHEN}. Example: openat return && $comm == "hello"`,
  },
];

/**
 * The filters, `fault` first.
 * @param brief without the calls one by one. VS Code lists all filters above every other breakpoint and cannot fold them, so its users
 *   have each call in the view "System Calls", in a quick pick, and here by name
 */
export function exceptionFilters(brief: boolean): DebugProtocol.ExceptionBreakpointsFilter[] {
  return brief ? FILTERS.filter(({ filter }) => BRIEF.includes(filter)) : FILTERS;
}

/**
 * The breakpoints that `setExceptionBreakpoints` asks for, in its order.
 * @throws DebuggerError for an unknown filter or a condition that names no call
 */
export function systemCallRequests(args: DebugProtocol.SetExceptionBreakpointsArguments): FunctionBreakpointRequest[] {
  const options = [
    ...args.filters.map((filterId) => ({ filterId, condition: undefined })),
    ...(args.filterOptions ?? []),
  ];
  return options.map(({ filterId, condition }) => requestOf(filterId, condition?.trim() ?? ''));
}

function requestOf(filter: string, text: string): FunctionBreakpointRequest {
  if (!FILTERS.some((each) => each.filter === filter))
    throw new DebuggerError(`There is no system-call filter "${filter}".`);
  if (filter === FAULT) return { name: KERNEL_FAULT, ...(text === '' ? {} : { condition: text }) };
  if (filter === FAILING) return { name: 'catch:sockets:fail', ...(text === '' ? {} : { condition: text }) };
  if (filter !== OTHER) return withMoment(filter, text);
  const match = /^(\w+)\s*(.*)$/s.exec(text);
  if (!match) throw new DebuggerError('Name the system call in the condition, for example: openat return');
  return withMoment(match[1], match[2]);
}

/** `return && $comm == "hello"`: the first word says when, the rest is the condition. */
function withMoment(call: string, text: string): FunctionBreakpointRequest {
  const match = /^(\w+)\b\s*(?:&&|,|\bif\b)?\s*(.*)$/s.exec(text);
  const moment = match && parseMoment(match[1]) ? match[1] : undefined;
  const condition = (moment ? (match?.[2] ?? '') : text.replace(/^(?:&&|,|if\b)\s*/, '')).trim();
  return { name: `catch:${call}${moment ? `:${moment}` : ''}`, ...(condition === '' ? {} : { condition }) };
}

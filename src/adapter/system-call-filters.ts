import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebuggerError, type FunctionBreakpointRequest } from '../debugger/api';
import { parseMoment } from '../linux';
import { KERNEL_FAULT } from '../linux/kernel-faults';
import { filled, l10n, type Texts } from './texts';

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

/** A filter, its texts marked for translation; `{call}` is its call, `{example}` its example. */
interface Filter {
  readonly filter: string;
  readonly label: string;
  readonly description: string;
  readonly conditionDescription: string;
  readonly example: string;
}

const EXPRESSION = l10n.t('An expression. Example: {example}');
const WHEN = l10n.t(
  'When: entry (unless given), return, fail, or an error such as EADDRINUSE; then an expression. Example: {example}',
);

/** What clients list among their breakpoints: a system call is something to stop at before it is known where it is. */
const FILTERS: readonly Filter[] = [
  {
    filter: FAULT,
    label: l10n.t('Kernel panic/oops'),
    description: l10n.t('Stops where the kernel panics or has met a fault of its own, before it prints anything.'),
    conditionDescription: EXPRESSION,
    example: '$comm == "hello"',
  },
  {
    filter: SOCKETS,
    label: l10n.t('Socket calls'),
    description: l10n.t('Stops at every call of the socket interface, however a program makes it.'),
    conditionDescription: WHEN,
    example: 'return && $comm == "hello"',
  },
  {
    filter: FAILING,
    label: l10n.t('Socket calls that fail'),
    description: l10n.t('Stops where a call of the socket interface returns an error.'),
    conditionDescription: EXPRESSION,
    example: '$comm == "hello"',
  },
  ...OFFERED.map((filter) => ({
    filter,
    label: l10n.t('System call {call}'),
    description: l10n.t('Stops at {call}, however a program calls it.'),
    conditionDescription: WHEN,
    example: 'fail && $comm == "hello"',
  })),
  {
    filter: ALL,
    label: l10n.t('All system calls'),
    description: l10n.t('Stops at every system call of every program.'),
    conditionDescription: WHEN,
    example: 'ENOENT && $comm == "sh"',
  },
  {
    filter: OTHER,
    label: l10n.t('System call by name…'),
    description: l10n.t('Stops at the system call that the condition names.'),
    conditionDescription: l10n.t(
      'Its name, then when: entry (unless given), return, fail, or an error such as EADDRINUSE; then an expression. Example: {example}',
    ),
    example: 'openat return && $comm == "hello"',
  },
];

/**
 * The filters, `fault` first.
 * @param brief without the calls one by one. VS Code lists all filters above every other breakpoint and cannot fold them, so its users
 *   have each call in the view "System Calls", in a quick pick, and here by name
 */
export function exceptionFilters(brief: boolean, texts: Texts): DebugProtocol.ExceptionBreakpointsFilter[] {
  const offered = brief ? FILTERS.filter(({ filter }) => BRIEF.includes(filter)) : FILTERS;
  return offered.map(({ filter, label, description, conditionDescription, example }) => ({
    filter,
    label: filled(texts.of(label), { call: filter }),
    description: filled(texts.of(description), { call: filter }),
    default: filter === FAULT,
    supportsCondition: true,
    conditionDescription: filled(texts.of(conditionDescription), { example }),
  }));
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

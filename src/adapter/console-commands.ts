import type { DebugProtocol } from '@vscode/debugprotocol';
import { DebuggerError } from '../debugger/api';
import { LinuxError, type Task } from '../linux';
import { dispatchPathAt } from '../linux/dispatch-path';
import { pathRows } from '../linux/dispatch-path-text';
import { formatRecord, readLog } from '../linux/dmesg';
import { formatMapping, readMappings } from '../linux/maps';
import { readMounts } from '../linux/mounts';
import { placeOf } from '../linux/places';
import { allSockets } from '../linux/sockets';
import { readVectors } from '../linux/vectors';
import { traceScopeOf } from './guest-requests';
import type { GuestSession } from './guest-session';
import type { Inspection } from './inspection';
import { hex32 } from './registers';

interface Command {
  readonly name: string;
  readonly argument?: string;
  readonly help: string;
  run(session: GuestSession, argument: string): string;
}

/** Commands of the debug console. They read the kernel's memory, so they work at any stop, also after a panic. */
const COMMANDS: readonly Command[] = [
  { name: 'ps', help: 'the tasks', run: ps },
  { name: 'dmesg', help: "the kernel's log", run: ({ platform }) => readLog(platform.kernel).map(formatRecord).join('\n') },
  { name: 'sockets', help: 'every open socket: task, descriptor, protocol, state, addresses, queues', run: sockets },
  { name: 'syscalls', argument: '[NAME]', help: 'the system-call table, or the calls whose name contains NAME', run: systemCalls },
  { name: 'idt', help: 'the interrupt descriptor table as it stands in memory', run: vectors },
  { name: 'mount', help: 'the mounted file systems, as the current task sees them', run: mounts },
  { name: 'maps', argument: 'PID', help: 'the mappings of a process', run: maps },
  { name: 'path', argument: '[PID]', help: 'the way of the system call that a task is in, from its program to the protocol', run: path },
  { name: 'trace', argument: '[sockets|all|off]', help: 'shows these system calls from now on, without stopping; alone, which are shown', run: trace },
  { name: 'help', help: 'this list', run: help },
]; // prettier-ignore

/**
 * Runs what was typed into the debug console, where it is a command and no variable of that name is in sight.
 * @returns undefined where it is not: it is an expression then
 */
export function consoleCommand(
  args: DebugProtocol.EvaluateArguments,
  session: GuestSession,
  inspection: Inspection,
): DebugProtocol.EvaluateResponse['body'] | undefined {
  if (args.context !== 'repl') return undefined;
  const match = /^\s*([a-z]+)(?:\s+(\w+))?\s*$/.exec(args.expression);
  const command = match && COMMANDS.find(({ name }) => name === match[1]);
  if (!command || isVariable(command.name, args.frameId, session, inspection)) return undefined;
  if (match[2] !== undefined && !command.argument) throw new DebuggerError(`${command.name} takes no argument.`);
  return { result: command.run(session, match[2] ?? ''), variablesReference: 0 };
}

/** Commands that complete what has been typed so far, if that is the line's first word. */
export function commandCompletions(args: DebugProtocol.CompletionsArguments): DebugProtocol.CompletionItem[] {
  const before = args.text.slice(0, args.column - 1);
  if (!/^[a-z]*$/.test(before)) return [];
  return COMMANDS.filter(({ name }) => name.startsWith(before) && name !== before).map(({ name, help: detail }) => ({
    label: name,
    detail,
    type: 'function',
    start: 0,
    length: before.length,
  }));
}

function isVariable(name: string, frameId: number | undefined, session: GuestSession, inspection: Inspection): boolean {
  const frame = frameId === undefined ? session.debugger.topFrame() : session.debugger.frame(frameId);
  if (frame.kind !== 'divider') {
    const values = [...inspection.argumentValues(frame), ...inspection.localValues(frame)];
    if (values.some((value) => value.name === name)) return true;
  }
  const modules = frame.module ? [frame.module] : [...session.modules];
  return modules.some(({ elf }) => elf.symbolsNamed(name).some(({ kind }) => kind === 'object'));
}

function help(): string {
  const rows = COMMANDS.map(({ name, argument, help: text }) => [`${name} ${argument ?? ''}`.trim(), text]);
  return `${table(rows)}\nAnything else is an expression in C.`;
}

function tasks(session: GuestSession): Task[] {
  return session.platform.tasks.list();
}

function ps(session: GuestSession): string {
  const { platform } = session;
  const { kernel } = platform;
  const running = platform.currentTask()?.address;
  const rows = tasks(session).map((task) => {
    const parent = kernel.word('task_struct', 'real_parent', task.address);
    const where = task.address === running ? '' : (platform.waitChannel(task) ?? '');
    const state = platform.tasks.stateOf(task, task.address === running);
    const name = platform.tasks.nameOf(task);
    const comm = task.mm === 0 ? `[${name}]` : name;
    return [String(task.pid), String(task.tgid), String(platform.tasks.tgidOf(parent)), state, where, comm];
  });
  return table([['PID', 'TGID', 'PPID', 'STATE', 'WCHAN', 'COMMAND'], ...rows], 3);
}

function sockets({ platform }: GuestSession): string {
  const found = allSockets(platform);
  if (found.length === 0) return 'No process has an open socket.';
  const rows = found.map((each) => [
    `${each.task.comm}/${each.task.pid}`,
    String(each.fd),
    each.family,
    each.type,
    each.protocol,
    each.state,
    each.local || '-',
    each.remote || '-',
    String(each.receiveQueue),
    String(each.sendQueue),
  ]);
  return table([['TASK', 'FD', 'FAMILY', 'TYPE', 'PROTOCOL', 'STATE', 'LOCAL', 'REMOTE', 'RECV-Q', 'SEND-Q'], ...rows]);
}

function systemCalls({ platform }: GuestSession, wanted: string): string {
  const calls = [...platform.systemCalls().values()].filter(({ name }) => name.includes(wanted));
  if (calls.length === 0) throw new DebuggerError(`This kernel has no system call with "${wanted}" in its name.`);
  return table(
    calls.map(({ number, name, symbol, address }) => [
      String(number), name, hex32(address), `${symbol}${where(placeOf(platform.kernel, address))}`,
    ]),
    1,
  ); // prettier-ignore
}

function vectors({ platform }: GuestSession): string {
  const rows = readVectors(platform.kernel)
    .filter(({ present }) => present)
    .map((gate) => [
      `0x${gate.vector.toString(16).padStart(2, '0')}`,
      gate.type,
      `DPL ${gate.dpl}`,
      `${hex32(gate.handler)}${gate.symbol ? ` <${gate.symbol}>` : ''}${where(gate)}`,
      gate.meaning ?? '',
    ]);
  return rows.length > 0 ? table(rows) : 'No entry of the interrupt descriptor table is present.';
}

function where({ file, line }: { file: { path: string } | undefined; line: number | undefined }): string {
  return file ? ` ${file.path}${line === undefined ? '' : `:${line}`}` : '';
}

function mounts({ platform }: GuestSession): string {
  const task = platform.currentTask();
  if (!task) throw new LinuxError(platform.kernel.lacksTasks ?? 'There is no current task yet.');
  return readMounts(platform.kernel, task.address)
    .map(({ device, path, type, options }) => `${device} ${path} ${type} ${options.join(',')}`)
    .join('\n');
}

function maps(session: GuestSession, pid: string): string {
  if (!/^\d+$/.test(pid)) throw new DebuggerError('maps needs the number of a process, for example: maps 1');
  const task = tasks(session).find((each) => each.pid === Number(pid));
  if (!task) throw new DebuggerError(`There is no process ${pid}.`);
  if (task.mm === 0) return `${task.comm} (pid ${pid}) is a kernel thread: it has no mappings of its own.`;
  return readMappings(session.platform.kernel, task.mm).map(formatMapping).join('\n');
}

function path(session: GuestSession, pid: string): string {
  const { debugger: debug, platform } = session;
  if (pid !== '' && !/^\d+$/.test(pid)) throw new DebuggerError('path takes the number of a task, for example: path 1');
  if (pid !== '' && !platform.task(Number(pid))) throw new DebuggerError(`There is no task ${pid}.`);
  const found = dispatchPathAt(debug.topFrame(pid === '' ? undefined : Number(pid)), platform, platform.pathWitness);
  const { text, task, pid: of } = found.call;
  return `${text} by ${task} (pid ${of})\n${table(pathRows(found))}`;
}

function trace(session: GuestSession, scope: string): string {
  const { trace } = session;
  if (scope !== '') trace.set(traceScopeOf(scope));
  if (trace.scope === undefined) return 'No system calls are traced.';
  return trace.scope === 'all' ? 'All system calls are traced.' : 'The socket calls are traced.';
}

/** Columns in line; the first `right` of them to the right. */
function table(rows: readonly (readonly string[])[], right = 0): string {
  const widths = rows.reduce<number[]>((max, row) => row.map((cell, i) => Math.max(cell.length, max[i] ?? 0)), []);
  const pad = (cell: string, i: number): string => (i < right ? cell.padStart(widths[i]) : cell.padEnd(widths[i]));
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

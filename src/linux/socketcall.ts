/**
 * The switch of `SYSCALL_DEFINE2(socketcall, …)` in net/socket.c. Its cases are found in the source text, because `SYS_BIND` and kin are
 * macros and leave no trace in the debug information.
 */

/** A case of the switch. */
export interface SocketcallCase {
  /** `SYS_BIND`. */
  readonly name: string;
  /** Line of the `case` label. */
  readonly label: number;
  /** First line after it that is not another label: its statement. */
  readonly statement: number;
}

/** File of the switch in every kernel since 2.1. */
export const SOCKETCALL_FILE = 'net/socket.c';

/** The cases in the source of net/socket.c, in order; empty where the text has no such switch. */
export function findSocketcallCases(source: string): SocketcallCase[] {
  const lines = source.split('\n');
  const start = lines.findIndex((line) =>
    /^SYSCALL_DEFINE2\(socketcall\b|^asmlinkage long sys_socketcall\b/.test(line),
  );
  if (start < 0) return [];
  const end = lines.findIndex((line, i) => i > start && line.startsWith('}'));
  const cases: SocketcallCase[] = [];
  for (let i = start; i < (end < 0 ? lines.length : end); i++) {
    const match = /^\s*case\s+(SYS_\w+)\s*:/.exec(lines[i]);
    if (!match) continue;
    let statement = i + 1;
    // Labels and comments between the case and what it does.
    while (statement < lines.length && /^\s*(case\s+\w+\s*:|\/[/*].*|\*.*)?\s*$/.test(lines[statement])) statement++;
    cases.push({ name: match[1], label: i + 1, statement: statement + 1 });
  }
  return cases;
}

/** The case whose statements contain a line: from its label up to the next one. */
export function caseAtLine(cases: readonly SocketcallCase[], line: number): SocketcallCase | undefined {
  return cases.findLast((c) => c.label <= line && line < nextLabel(cases, c));
}

function nextLabel(cases: readonly SocketcallCase[], of: SocketcallCase): number {
  // A case of this switch is one statement and a break; the last one must not claim the rest of the function.
  const next = cases.find((c) => c.label > of.label);
  return next ? next.label : of.statement + 3;
}

/** `SYS_BIND`, `socketcall:SYS_BIND`, `socketcall:bind` → the case's name; undefined for anything else. */
export function caseNameOf(text: string): string | undefined {
  const match = /^(?:socketcall:)?(SYS_[A-Z0-9]+)$/.exec(text) ?? /^socketcall:([a-z0-9]+)$/.exec(text);
  if (!match) return undefined;
  return match[1].startsWith('SYS_') ? match[1] : `SYS_${match[1].toUpperCase()}`;
}

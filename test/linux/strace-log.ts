/** strace's log of several processes (`strace -f -o`), as whole calls of each process. */

export interface LoggedCall {
  readonly pid: number;
  /** `bind(3, {…}, 16) = 0`, however many lines strace needed for it. */
  text: string;
}

/**
 * Calls in the order of their beginnings. What is no call (signals, exits) is left out. A call that has not returned ends with
 * `<unfinished ...>`.
 */
export function readStraceLog(log: string): LoggedCall[] {
  const calls: LoggedCall[] = [];
  const begun = new Map<number, LoggedCall>();
  for (const line of log.split('\n')) {
    const [, number, text] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (number === undefined) continue;
    const pid = Number(number);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const before = begun.get(pid);
    if (resumed && before) {
      before.text = `${before.text}${resumed[1]}`;
      begun.delete(pid);
    } else if (/^\w+\(/.test(text)) {
      const unfinished = /^(.*?) ?<unfinished \.\.\.>(.*)$/.exec(text);
      const call = { pid, text: unfinished ? unfinished[1] : text };
      calls.push(call);
      if (unfinished) begun.set(pid, call);
    }
  }
  for (const call of begun.values()) call.text += ' <unfinished ...>';
  return calls;
}

/** Stop replies of the remote serial protocol (gdb manual, E.3). */
export type StopReply =
  | { kind: 'signal'; signal: number }
  | { kind: 'watchpoint'; address: number; access: 'read' | 'write' | 'access' }
  | { kind: 'exited'; message: string }
  /** The connection is gone. */
  | { kind: 'gone'; message: string };

export function parseStopReply(text: string): StopReply {
  const code = parseInt(text.slice(1, 3), 16);
  switch (text[0]) {
    case 'W':
      return { kind: 'exited', message: `The machine ended with status ${code}.` };
    case 'X':
      return { kind: 'exited', message: `The machine was ended by signal ${code}.` };
    case 'S':
      return { kind: 'signal', signal: code };
    case 'T': {
      for (const pair of text.slice(3).split(';')) {
        const match = /^(watch|rwatch|awatch):([0-9a-fA-F]+)$/.exec(pair);
        if (!match) continue;
        const access = match[1] === 'watch' ? 'write' : match[1] === 'rwatch' ? 'read' : 'access';
        return { kind: 'watchpoint', address: parseInt(match[2], 16), access };
      }
      return { kind: 'signal', signal: code };
    }
    default:
      return { kind: 'gone', message: `The stub sent "${text.slice(0, 40)}" instead of a reason to stop.` };
  }
}

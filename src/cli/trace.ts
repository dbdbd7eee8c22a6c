import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { OwnEvents } from '../adapter/protocol';
import { DapClient } from './dap-client';

export interface TraceOptions {
  /** All calls of the kernel's table; only those of the socket interface unless given. */
  readonly all: boolean;
  /** A line for each call: its structured data instead of strace's notation. */
  readonly json: boolean;
  readonly verbose: boolean;
  /** Programs of the user's own, or folders of them. */
  readonly programs?: readonly string[];
  /** Lines for the guest's shell. */
  readonly commands: readonly string[];
}

/** The exchange of the study. */
const DEFAULT_COMMANDS = ['replyhi --once &', 'hello'];

/**
 * Boots the guest, runs commands in it and prints the system calls that are made meanwhile.
 * @param adapter path of the adapter's bundle
 */
export async function runTrace(adapter: string, options: TraceOptions, print: (line: string) => void): Promise<void> {
  const client = new DapClient(adapter);
  try {
    client.onEvent((event) => {
      if (event.event === 'sockscope/trace') {
        const { calls } = event.body as OwnEvents['sockscope/trace'];
        for (const { line, ...call } of calls) print(options.json ? JSON.stringify(call) : line);
      } else if (event.event === 'output') {
        const { category, output } = (event as DebugProtocol.OutputEvent).body;
        if (category === 'stdout' ? options.verbose : category === 'stderr' || category === 'important')
          process.stderr.write(output);
      }
    });
    await client.request('initialize', { adapterID: 'sockscope', clientID: 'sockscope-cli', pathFormat: 'path' });
    const initialized = client.next('initialized');
    const commands = options.commands.length > 0 ? options.commands : DEFAULT_COMMANDS;
    await client.request('launch', {
      run: [...commands, 'exit'],
      ...(options.programs ? { programs: options.programs.map((program) => path.resolve(program)) } : {}),
    });
    await initialized;
    await client.request('sockscope/traceScope', { scope: options.all ? 'all' : 'sockets', events: true });
    const ended = client.next('terminated');
    await client.request('configurationDone');
    await ended;
  } finally {
    await client.close();
  }
}

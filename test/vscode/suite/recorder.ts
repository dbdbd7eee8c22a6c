import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';

/** How long anything that a session does may take on a busy machine. */
const PATIENCE = 100_000;

/** Listens to every message between VS Code and the adapter, as an extension may. */
export class Recorder implements vscode.Disposable {
  readonly events: DebugProtocol.Event[] = [];
  readonly responses: DebugProtocol.Response[] = [];
  private readonly registration: vscode.Disposable;
  private waiting: (() => void)[] = [];
  /** Events before this one have been looked at by `stop`. */
  private seen = 0;

  constructor() {
    this.registration = vscode.debug.registerDebugAdapterTrackerFactory('sockscope', {
      createDebugAdapterTracker: () => ({
        onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => {
          if (message.type === 'event') this.events.push(message as DebugProtocol.Event);
          if (message.type === 'response') this.responses.push(message as DebugProtocol.Response);
          for (const wake of this.waiting.splice(0)) wake();
        },
      }),
    });
  }

  dispose(): void {
    this.registration.dispose();
  }

  /** Waits for what `find` gives as soon as it gives something. */
  async until<T>(what: string, find: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
    const end = Date.now() + PATIENCE;
    for (;;) {
      const found = await find();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > end) {
        throw new Error(`waited ${PATIENCE / 1000} s for ${what}; the guest said:\n${this.console().slice(-800)}`);
      }
      // A message is the usual cause of a change; the timer is for what VS Code does by itself.
      await new Promise<void>((resolve) => {
        this.waiting.push(resolve);
        setTimeout(resolve, 100);
      });
    }
  }

  /** What the guest has written on its console. */
  console(): string {
    return this.events
      .filter(({ event }) => event === 'sockscope/console')
      .map(({ body }) => (body as { text: string }).text)
      .join('');
  }

  output(category: string): string {
    return this.events
      .filter((event) => event.event === 'output' && (event as DebugProtocol.OutputEvent).body.category === category)
      .map((event) => (event as DebugProtocol.OutputEvent).body.output)
      .join('');
  }

  /** The next stop that has not been asked for yet. */
  async stop(): Promise<DebugProtocol.StoppedEvent['body']> {
    const index = await this.until('a stop', () => {
      const at = this.events.findIndex((event, i) => i >= this.seen && event.event === 'stopped');
      return at < 0 ? undefined : { at };
    });
    this.seen = index.at + 1;
    return (this.events[index.at] as DebugProtocol.StoppedEvent).body;
  }
}

/** The active SockScope session. */
export function activeSession(): vscode.DebugSession {
  const session = vscode.debug.activeDebugSession;
  if (session?.type !== 'sockscope') throw new Error('there is no active SockScope session');
  return session;
}

/** Ends whatever runs, removes all breakpoints and closes all editors and terminals. */
export async function cleanUp(recorder: Recorder): Promise<void> {
  await vscode.debug.stopDebugging();
  await recorder.until('the end of the session', () => vscode.debug.activeDebugSession === undefined);
  vscode.debug.removeBreakpoints(vscode.debug.breakpoints);
  for (const terminal of vscode.window.terminals) terminal.dispose();
  await vscode.commands.executeCommand('workbench.action.closeAllEditors');
}

/** Line (from 0) of the first line of a document that contains a text. */
export function lineOf(document: vscode.TextDocument, text: string): number {
  const line = document
    .getText()
    .split('\n')
    .findIndex((content) => content.includes(text));
  if (line < 0) throw new Error(`${document.uri.toString()} has no "${text}"`);
  return line;
}

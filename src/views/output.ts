import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';

/** The channel of this name in the Output panel; its level is set there ("Developer: Set Log Level…"). */
export const CHANNEL = 'SockScope';

/** Milliseconds since a moment, as text. */
const since = (start: number): string => `${Date.now() - start} ms`;

/** What a configuration boots, for a person. */
function kernelOf({ kernel }: vscode.DebugConfiguration): string {
  if (kernel === undefined) return 'the built-in kernel';
  return typeof kernel === 'string' ? kernel : JSON.stringify(kernel);
}

/**
 * Writes what happens to sessions: start, kernel, times, failures, what the machine says of its guest, and the adapter's end. Nothing of
 * it leaves this machine. The log is for whoever looks for a mistake, and so is not translated.
 */
export class SessionLog implements vscode.DebugAdapterTrackerFactory, vscode.Disposable {
  private readonly channel = vscode.window.createOutputChannel(CHANNEL, { log: true });

  show(): void {
    this.channel.show(true);
  }

  dispose(): void {
    this.channel.dispose();
  }

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    const { channel } = this;
    const { name, configuration } = session;
    const start = Date.now();
    let spoken = false;
    const say = (text: string): string => `${name}: ${text}`;
    return {
      onWillStartSession: () => channel.info(say(`starts ${kernelOf(configuration)}`)),
      onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => {
        if (message.type === 'response') {
          const { success, command, message: why } = message as DebugProtocol.Response;
          if (!success && command === 'launch') channel.error(say(`launch failed: ${why}`));
          else if (!success) channel.debug(say(`${command} failed: ${why}`));
          else if (command === 'launch') channel.info(say(`symbols loaded after ${since(start)}`));
          return;
        }
        if (message.type !== 'event') return;
        const { event, body } = message as DebugProtocol.Event;
        if (event === 'sockscope/console' && !spoken) {
          spoken = true;
          channel.info(say(`the guest speaks after ${since(start)}`));
        } else if (event === 'sockscope/log') channel.warn(say((body as { line: string }).line));
        else if (event === 'stopped')
          channel.debug(say(`stopped: ${(body as DebugProtocol.StoppedEvent['body']).reason}`));
        else if (event === 'output') {
          const { category, output } = body as DebugProtocol.OutputEvent['body'];
          if (category === 'stderr') channel.error(say(output.trimEnd()));
          else if (category === 'important') channel.warn(say(output.trimEnd()));
        }
      },
      onError: ({ message }) => {
        // VS Code says this of every adapter whose streams close, as they do at its end.
        if (message === 'read error') channel.debug(say(message));
        else channel.error(say(`the adapter failed: ${message}`));
      },
      onExit: (code, signal) => {
        const how = `the adapter ended after ${since(start)} (${signal ?? code ?? 'disconnected'})`;
        if (code) channel.error(say(how));
        else channel.info(say(how));
      },
    };
  }
}

import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';

/** The guest's serial console as a terminal, one a session. */
class GuestTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<void>();
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;
  /** Output before the terminal is shown, which VS Code would drop. */
  private early: string[] | undefined = [];
  private ended = false;

  constructor(private readonly session: vscode.DebugSession) {}

  open(): void {
    for (const text of this.early ?? []) this.written.fire(text);
    this.early = undefined;
  }

  close(): void {}

  write(text: string): void {
    if (this.early) this.early.push(text);
    else this.written.fire(text);
  }

  handleInput(text: string): void {
    if (this.ended) return;
    this.session.customRequest('sockscope/consoleInput', { text }).then(undefined, (error: Error) => {
      this.write(`\r\n[SockScope] ${error.message}\r\n`);
    });
  }

  /** The guest is gone; what it said stays readable. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    this.write(`\r\n[SockScope] ${vscode.l10n.t('The session has ended.')}\r\n`);
  }

  get hasEnded(): boolean {
    return this.ended;
  }
}

/** Shows each session's console as a terminal in the panel. */
export function registerGuestTerminal(context: vscode.ExtensionContext): void {
  /** The terminal of the last session of each name, which the next of that name takes the place of. */
  const shown = new Map<string, { pseudo: GuestTerminal; terminal: vscode.Terminal }>();

  function open(session: vscode.DebugSession): GuestTerminal {
    const last = shown.get(session.name);
    if (last?.pseudo.hasEnded) last.terminal.dispose();
    const pseudo = new GuestTerminal(session);
    const terminal = vscode.window.createTerminal({ name: vscode.l10n.t('Guest: {0}', session.name), pty: pseudo });
    shown.set(session.name, { pseudo, terminal });
    terminal.show(true);
    return pseudo;
  }

  context.subscriptions.push(
    vscode.debug.registerDebugAdapterTrackerFactory('sockscope', {
      createDebugAdapterTracker(session) {
        let pseudo: GuestTerminal | undefined;
        return {
          onDidSendMessage(message: DebugProtocol.ProtocolMessage) {
            if (message.type !== 'event') return;
            const { event } = message as DebugProtocol.Event;
            // Only a launch that was accepted has a guest.
            if (event === 'initialized') pseudo ??= open(session);
            if (event !== 'output') return;
            const { category, output } = (message as DebugProtocol.OutputEvent).body;
            if (category === 'stdout') pseudo?.write(output);
          },
          onWillStopSession: () => pseudo?.end(),
          onExit: () => pseudo?.end(),
        };
      },
    }),
  );
}

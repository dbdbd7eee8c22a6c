import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { ask } from './ask';
import { FOCUS_TERMINAL } from './debug-configurations';
import { ConsoleHistory } from './guest-console';

/** A step is over in less, in milliseconds. */
const STEP_TIME = 300;

/** One opened terminal on a guest's console. */
class GuestTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly renamed = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.written.event;
  readonly onDidChangeName = this.renamed.event;
  private opened = false;

  constructor(private readonly guest: GuestConsole) {}

  open(): void {
    // What was written before VS Code listens would be lost.
    this.opened = true;
    this.written.fire(this.guest.history.text);
    this.rename();
  }

  close(): void {
    this.guest.terminalClosed(this);
    this.written.dispose();
    this.renamed.dispose();
  }

  write(text: string): void {
    if (this.opened) this.written.fire(text);
  }

  rename(): void {
    if (this.opened) this.renamed.fire(this.guest.name);
  }

  handleInput(text: string): void {
    this.guest.type(text);
  }
}

/** The serial console of a session's guest, whether a terminal shows it or not. */
class GuestConsole implements vscode.Disposable {
  readonly history = new ConsoleHistory();
  private shown: { pseudo: GuestTerminal; terminal: vscode.Terminal } | undefined;
  private state: 'running' | 'stopped' | 'ended' = 'running';
  private notice: vscode.Disposable | undefined;
  private renaming: NodeJS.Timeout | undefined;

  constructor(readonly session: vscode.DebugSession) {}

  get ended(): boolean {
    return this.state === 'ended';
  }

  get name(): string {
    const { name } = this.session;
    return this.state === 'stopped' ? vscode.l10n.t('Guest: {0} (stopped)', name) : vscode.l10n.t('Guest: {0}', name);
  }

  /** Shows the terminal, a new one where it has been closed. */
  show(preserveFocus: boolean): void {
    if (!this.shown) {
      const pseudo = new GuestTerminal(this);
      const iconPath = new vscode.ThemeIcon('vm-running');
      this.shown = { pseudo, terminal: vscode.window.createTerminal({ name: this.name, pty: pseudo, iconPath }) };
    }
    this.shown.terminal.show(preserveFocus);
  }

  terminalClosed(pseudo: GuestTerminal): void {
    if (this.shown?.pseudo === pseudo) this.shown = undefined;
  }

  write(text: string): void {
    this.history.add(text);
    this.shown?.pseudo.write(text);
  }

  /** Sends keys to the guest. One that is stopped has them waiting on the line, and reads them when it goes on. */
  type(text: string): void {
    if (this.state === 'ended') return;
    if (this.state === 'stopped') {
      this.notice ??= vscode.window.setStatusBarMessage(
        `$(debug-pause) ${vscode.l10n.t('The guest is stopped; it reads what you type when it continues.')}`,
      );
    }
    ask(this.session, 'sockscope/consoleInput', { text }).then(undefined, (error: Error) => {
      // The session may have ended with keys on their way.
      if (this.state !== 'ended') this.write(`\r\n[SockScope] ${error.message}\r\n`);
    });
  }

  /** Follows the session's state, which the terminal's name tells. */
  become(state: 'running' | 'stopped'): void {
    if (this.state === 'ended' || this.state === state) return;
    this.state = state;
    clearTimeout(this.renaming);
    if (state === 'running') this.endNotice();
    // A name that changes to and fro at every step would disturb.
    this.renaming = setTimeout(() => this.shown?.pseudo.rename(), state === 'running' ? STEP_TIME : 0);
  }

  /** The guest is gone; what it said stays readable. */
  end(): void {
    if (this.state === 'ended') return;
    this.state = 'ended';
    clearTimeout(this.renaming);
    this.endNotice();
    this.write(`\r\n[SockScope] ${vscode.l10n.t('The session has ended.')}\r\n`);
    this.shown?.pseudo.rename();
  }

  private endNotice(): void {
    this.notice?.dispose();
    this.notice = undefined;
  }

  dispose(): void {
    clearTimeout(this.renaming);
    this.endNotice();
    this.shown?.terminal.dispose();
  }
}

/** The consoles of all sessions, by what the adapters tell VS Code. */
class GuestConsoles implements vscode.DebugAdapterTrackerFactory {
  /** Of running sessions, and the last ended one of each name; the latest is last. */
  private readonly consoles = new Set<GuestConsole>();

  createDebugAdapterTracker(session: vscode.DebugSession): vscode.DebugAdapterTracker {
    let guest: GuestConsole | undefined;
    return {
      onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => {
        if (message.type !== 'event') return;
        const { event } = message as DebugProtocol.Event;
        // Only a launch that was accepted has a guest.
        if (event === 'initialized') guest ??= this.open(session);
        if (event === 'stopped') guest?.become('stopped');
        if (event === 'continued') guest?.become('running');
        if (event === 'sockscope/console')
          guest?.write((message as DebugProtocol.Event & { body: { text: string } }).body.text);
      },
      onWillStopSession: () => guest?.end(),
      onExit: () => guest?.end(),
    };
  }

  private open(session: vscode.DebugSession): GuestConsole {
    // A new session takes the place of an ended one of the same name.
    for (const last of [...this.consoles]) {
      if (!last.ended || last.session.name !== session.name) continue;
      last.dispose();
      this.consoles.delete(last);
    }
    const guest = new GuestConsole(session);
    this.consoles.add(guest);
    guest.show(session.configuration[FOCUS_TERMINAL] !== true);
    return guest;
  }

  /** Shows the console of the active session, or else the latest one. */
  show(): void {
    const all = [...this.consoles];
    const guest = all.find(({ session }) => session === vscode.debug.activeDebugSession) ?? all.at(-1);
    if (guest) guest.show(false);
    else {
      const start = vscode.l10n.t('Boot Linux');
      const message = vscode.l10n.t('There is no guest yet.');
      void vscode.window.showInformationMessage(message, start).then((chosen) => {
        if (chosen === start) void vscode.commands.executeCommand('sockscope.start');
      });
    }
  }
}

/** Shows each session's console as a terminal in the panel. */
export function registerGuestTerminal(context: vscode.ExtensionContext): void {
  const consoles = new GuestConsoles();
  context.subscriptions.push(
    vscode.debug.registerDebugAdapterTrackerFactory('sockscope', consoles),
    vscode.commands.registerCommand('sockscope.showGuestTerminal', () => consoles.show()),
  );
}

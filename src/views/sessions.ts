import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { ArgumentsOf, BodyOf, OwnRequest } from '../adapter/protocol';
import { ask } from './ask';

/** What the guest of the session in view does; `none` where there is no session. */
export type Phase = 'none' | 'running' | 'stopped';

interface Known {
  readonly session: vscode.DebugSession;
  phase: 'running' | 'stopped';
  /** Thread that stopped last. */
  thread: number | undefined;
  stops: number;
}

/**
 * The SockScope session that the views are about: VS Code's active one, else the one started last. Told by the messages of its
 * adapter, because VS Code has no event for stops.
 */
export class Sessions implements vscode.Disposable {
  private readonly known = new Map<string, Known>();
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registrations: vscode.Disposable[];
  private shown: string | undefined;
  /** The session in view is another, has stopped, has gone on, or has ended. */
  readonly onDidChange = this.changed.event;

  constructor() {
    this.registrations = [
      this.changed,
      vscode.debug.registerDebugAdapterTrackerFactory('sockscope', {
        createDebugAdapterTracker: (session) => ({
          onDidSendMessage: (message: DebugProtocol.ProtocolMessage) => {
            if (message.type === 'event') this.onEvent(session, message as DebugProtocol.Event);
          },
          onWillStopSession: () => this.forget(session),
          onExit: () => this.forget(session),
        }),
      }),
      vscode.debug.onDidChangeActiveDebugSession(() => this.tell()),
      vscode.debug.onDidTerminateDebugSession((session) => this.forget(session)),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  private onEvent(session: vscode.DebugSession, { event, body }: DebugProtocol.Event): void {
    const known = this.known.get(session.id);
    if (event === 'initialized') this.known.set(session.id, { session, phase: 'running', thread: undefined, stops: 0 });
    else if (!known) return;
    else if (event === 'stopped') {
      known.phase = 'stopped';
      known.thread = (body as DebugProtocol.StoppedEvent['body']).threadId;
      known.stops++;
    } else if (event === 'continued') known.phase = 'running';
    else if (event === 'terminated') this.known.delete(session.id);
    else return;
    this.tell();
  }

  private forget(session: vscode.DebugSession): void {
    if (this.known.delete(session.id)) this.tell();
  }

  private tell(): void {
    const state = this.state();
    if (state === this.shown) return;
    this.shown = state;
    void vscode.commands.executeCommand('setContext', 'sockscope.phase', this.phase);
    this.changed.fire();
  }

  private get one(): Known | undefined {
    const active = vscode.debug.activeDebugSession;
    return (active && this.known.get(active.id)) ?? [...this.known.values()].at(-1);
  }

  get current(): vscode.DebugSession | undefined {
    return this.one?.session;
  }

  get phase(): Phase {
    return this.one?.phase ?? 'none';
  }

  /** Thread that stopped last. */
  get stoppedThread(): number | undefined {
    return this.one?.thread;
  }

  /** Whether the session in view has stopped at least once. */
  get hasStopped(): boolean {
    return (this.one?.stops ?? 0) > 0;
  }

  /** Another text at each change, so that what was read before is known to be old. */
  state(): string {
    const one = this.one;
    return one ? `${one.session.id}/${one.stops}/${one.phase}` : 'none';
  }

  /** The session in view with this id, where it still runs. */
  byId(id: string): vscode.DebugSession | undefined {
    return this.known.get(id)?.session;
  }

  /** Asks the adapter of the session in view. @throws Error with its one sentence, or where there is no session */
  async request<R extends OwnRequest>(command: R, args: ArgumentsOf<R>): Promise<BodyOf<R>> {
    const session = this.current;
    if (!session) throw new Error(vscode.l10n.t('There is no SockScope session.'));
    return ask(session, command, args);
  }
}

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { DispatchHop } from '../adapter/protocol';
import { dispatchContents, dispatchDocument, dispatchStatus, type DispatchState } from './dispatch-html';
import { told, uriOf } from './places';
import type { Sessions } from './sessions';
import type { Render, Report } from './webview/dispatch';

const VIEW_TYPE = 'sockscope.dispatchPath';
/** A step is over in less, in milliseconds; the drawing stays meanwhile. */
const STEP_TIME = 400;

/** The panel "Dispatch Path": the way of the call that the guest is stopped in. There is one at most. */
class DispatchPanel implements vscode.Disposable {
  private state: DispatchState = { kind: 'none' };
  /** What the panel has been given last, so that nothing is drawn twice. */
  private given: string | undefined;
  /** The stop and thread that the state belongs to. */
  private shownFor: string | undefined;
  private waiting: NodeJS.Timeout | undefined;
  private readonly registrations: vscode.Disposable[];

  constructor(
    private readonly panel: vscode.WebviewPanel,
    extension: vscode.Uri,
    private readonly sessions: Sessions,
    private readonly onClosed: () => void,
  ) {
    const { webview } = panel;
    const folder = vscode.Uri.joinPath(extension, 'dist', 'webview');
    webview.options = { enableScripts: true, enableCommandUris: false, localResourceRoots: [folder] };
    this.registrations = [
      webview.onDidReceiveMessage((report: Report) => this.onReport(report)),
      panel.onDidDispose(() => this.closed()),
      sessions.onDidChange(() => this.update()),
      vscode.debug.onDidChangeActiveStackItem(() => this.update()),
      vscode.debug.onDidChangeBreakpoints(() => this.draw()),
    ];
    webview.html = dispatchDocument({
      language: vscode.env.language,
      title: panel.title,
      nonce: randomBytes(16).toString('base64url'),
      cspSource: webview.cspSource,
      style: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'dispatch.css')).toString(),
      script: webview.asWebviewUri(vscode.Uri.joinPath(folder, 'dispatch.js')).toString(),
    });
    this.update();
  }

  reveal(): void {
    this.panel.reveal(undefined, true);
  }

  dispose(): void {
    this.panel.dispose();
  }

  private closed(): void {
    clearTimeout(this.waiting);
    vscode.Disposable.from(...this.registrations).dispose();
    this.onClosed();
  }

  /** The thread that the user looks at: the one chosen in the call stack, else the one that stopped. */
  private get thread(): number | undefined {
    const item = vscode.debug.activeStackItem;
    return item && item.session.id === this.sessions.current?.id ? item.threadId : this.sessions.stoppedThread;
  }

  private update(): void {
    const { sessions } = this;
    const stop = `${sessions.state()}/${sessions.phase === 'stopped' ? this.thread : ''}`;
    if (stop === this.shownFor) return;
    this.shownFor = stop;
    clearTimeout(this.waiting);
    if (sessions.phase === 'none') this.show({ kind: 'none' });
    else if (sessions.phase === 'running') {
      this.waiting = setTimeout(() => this.show({ kind: 'running' }), this.state.kind === 'stopped' ? STEP_TIME : 0);
    } else void this.ask(stop);
  }

  private async ask(stop: string): Promise<void> {
    let state: DispatchState;
    try {
      const { thread } = this;
      const body = await this.sessions.request(
        'sockscope/dispatchPath',
        thread === undefined ? {} : { threadId: thread },
      );
      state = { kind: 'stopped', body };
    } catch (error) {
      state = { kind: 'failed', message: (error as Error).message };
    }
    // The guest may have gone on meanwhile.
    if (this.shownFor === stop) this.show(state);
  }

  private show(state: DispatchState): void {
    this.state = state;
    this.draw();
  }

  private draw(force = false): void {
    const contents = dispatchContents(this.state, breakpointNames(), vscode.l10n);
    if (contents === this.given && !force) return;
    this.given = contents;
    const message: Render = { type: 'render', contents, status: dispatchStatus(this.state, vscode.l10n) };
    void this.panel.webview.postMessage(message);
  }

  private onReport(report: Report): void {
    if (report.type === 'ready') this.draw(true);
    else if (report.type === 'start') void vscode.commands.executeCommand('sockscope.start');
    else {
      const hop = this.state.kind === 'stopped' ? this.state.body.path?.hops[report.hop] : undefined;
      if (hop && report.type === 'open') void this.open(hop);
      else if (hop?.breakpoint && report.type === 'breakpoint') toggleBreakpoint(hop.breakpoint);
      else if (hop?.memory && report.type === 'memory') {
        void vscode.commands.executeCommand('sockscope.showMemory', hop.memory);
      }
    }
  }

  private async open({ source, line }: DispatchHop): Promise<void> {
    const session = this.sessions.current;
    const uri = source && session && uriOf(source, session);
    if (!uri || !line) return;
    const selection = new vscode.Range(line - 1, 0, line - 1, 0);
    // Beside the panel, never over it.
    const viewColumn = this.panel.viewColumn === vscode.ViewColumn.One ? vscode.ViewColumn.Two : vscode.ViewColumn.One;
    await told(() => vscode.window.showTextDocument(uri, { selection, viewColumn }));
  }
}

function functionBreakpoints(): vscode.FunctionBreakpoint[] {
  return vscode.debug.breakpoints.filter((each) => each instanceof vscode.FunctionBreakpoint);
}

function breakpointNames(): Set<string> {
  return new Set(
    functionBreakpoints()
      .filter(({ enabled }) => enabled)
      .map(({ functionName }) => functionName),
  );
}

function toggleBreakpoint(name: string): void {
  const of = functionBreakpoints().filter(({ functionName }) => functionName === name);
  // One that is switched off is not shown as set; it is replaced by one that is on.
  vscode.debug.removeBreakpoints(of);
  if (!of.some(({ enabled }) => enabled)) vscode.debug.addBreakpoints([new vscode.FunctionBreakpoint(name)]);
}

/** Offers the panel by command, and puts it back after a reload of the window. */
export function registerDispatchPanel(context: vscode.ExtensionContext, sessions: Sessions): void {
  let shown: DispatchPanel | undefined;
  const take = (panel: vscode.WebviewPanel): void => {
    shown = new DispatchPanel(panel, context.extensionUri, sessions, () => (shown = undefined));
  };
  context.subscriptions.push(
    vscode.commands.registerCommand('sockscope.showDispatchPath', () => {
      if (shown) shown.reveal();
      else {
        const place = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
        take(vscode.window.createWebviewPanel(VIEW_TYPE, vscode.l10n.t('SockScope: Dispatch Path'), place));
      }
    }),
    vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
      deserializeWebviewPanel(panel) {
        take(panel);
        return Promise.resolve();
      },
    }),
    { dispose: () => shown?.dispose() },
  );
}

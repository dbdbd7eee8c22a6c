import * as vscode from 'vscode';
import type { Sessions } from './sessions';

/** A step is over in less, in milliseconds; the rows stay as they are meanwhile, and nothing flickers. */
const STEP_TIME = 400;

/**
 * A view of what the kernel's memory holds, read anew at each stop while the view is open. While the guest runs it shows the last
 * stop's rows and says so; without a stop it is empty, and the manifest's welcome text for its phase is seen.
 */
export abstract class StopTree<Node> implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly registrations: vscode.Disposable[];
  private readonly view: vscode.TreeView<Node>;
  private rows: Node[] = [];
  /** Session and stop that the rows were read at. */
  private readAt: string | undefined;
  private waiting: NodeJS.Timeout | undefined;
  readonly onDidChangeTreeData = this.changed.event;

  constructor(
    viewId: string,
    protected readonly sessions: Sessions,
  ) {
    this.view = vscode.window.createTreeView(viewId, { treeDataProvider: this, showCollapseAll: true });
    this.registrations = [this.changed, this.view, sessions.onDidChange(() => this.onSession())];
  }

  dispose(): void {
    clearTimeout(this.waiting);
    vscode.Disposable.from(...this.registrations).dispose();
  }

  /** Rows of the first level, read from the stopped guest. */
  protected abstract read(): Promise<Node[]>;

  /** Rows below a row. */
  protected abstract below(node: Node): Node[] | Promise<Node[]>;

  abstract getTreeItem(node: Node): vscode.TreeItem;

  /** Shows the rows again, without reading them again. */
  protected redraw(): void {
    this.changed.fire();
  }

  /** Above the rows: what they are, where they are not what the guest has now. */
  get message(): string | undefined {
    return this.view.message || undefined;
  }

  private onSession(): void {
    clearTimeout(this.waiting);
    const { phase } = this.sessions;
    if (phase !== 'running') this.refresh();
    // A session that has just begun has nothing in common with the one before.
    else if (!this.isOfSession()) this.refresh();
    else this.waiting = setTimeout(() => this.tellRunning(), STEP_TIME);
  }

  private refresh(): void {
    this.view.message = undefined;
    this.changed.fire();
  }

  private tellRunning(): void {
    if (this.rows.length > 0) this.view.message = vscode.l10n.t('The guest runs. This is how it was at the last stop.');
  }

  private isOfSession(): boolean {
    const id = this.sessions.current?.id;
    return id !== undefined && this.readAt?.startsWith(`${id}/`) === true;
  }

  async getChildren(node?: Node): Promise<Node[]> {
    if (node !== undefined) return this.below(node);
    if (this.sessions.phase === 'stopped') await this.readAgain();
    else if (!this.isOfSession()) {
      this.rows = [];
      this.readAt = undefined;
    }
    return this.rows;
  }

  private async readAgain(): Promise<void> {
    const state = this.sessions.state();
    if (this.readAt === state) return;
    try {
      const rows = await this.read();
      // Gone on meanwhile: the next stop asks again.
      if (this.sessions.state() !== state) return;
      this.rows = rows;
      this.readAt = state;
      this.view.message = rows.length > 0 ? undefined : this.nothing;
    } catch (error) {
      if (this.sessions.state() !== state) return;
      this.rows = [];
      this.readAt = undefined;
      this.view.message = error instanceof Error ? error.message : String(error);
    }
  }

  /** What is said where there are no rows at a stop. */
  protected abstract readonly nothing: string;
}

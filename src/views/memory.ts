import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { ask } from './ask';
import { DOCUMENT_SCHEME, documentUri, showBeside, type Documents } from './documents';
import { hexDump } from './hex-dump';
import { told } from './places';
import type { Sessions } from './sessions';
import { sockaddrText } from './sockaddr-text';

/** The extension that VS Code's own memory view needs; it offers to install it, which a machine without a network cannot. */
const HEX_EDITOR = 'ms-vscode.hexeditor';
const VIEW_MEMORY = 'workbench.debug.viewlet.action.viewMemory';
/** Bytes of a dump, and by how many it grows. */
const PAGE = 256;

/** What VS Code gives a command of the Variables view's menu. */
interface VariableContext {
  readonly sessionId: string;
  readonly variable: DebugProtocol.Variable;
}

/** What a command is called with: by the Variables view, by a row of ours, or by nobody from the palette. */
type Subject = VariableContext | { readonly memoryReference?: string } | undefined;

/** A dump that is shown as a document. */
interface Dump {
  readonly session: string;
  readonly reference: string;
  readonly name: string;
  /** Bytes from the reference on; negative for what is before it. */
  start: number;
  end: number;
  read: boolean;
}

/** "Show in Memory" and "View as sockaddr". */
export class MemoryCommands implements vscode.CodeLensProvider, vscode.Disposable {
  private readonly dumps = new Map<string, Dump>();
  private readonly registrations: vscode.Disposable[];
  private readonly changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.changed.event;

  constructor(
    private readonly sessions: Sessions,
    private readonly documents: Documents,
  ) {
    const command = (name: string, action: (...args: never[]) => Promise<unknown>): vscode.Disposable =>
      vscode.commands.registerCommand(name, (...args: never[]) => told(() => action(...args)));
    this.registrations = [
      this.changed,
      command('sockscope.showMemory', (subject: Subject) => this.showMemory(subject)),
      command('sockscope.viewSockaddr', (subject: Subject) => this.viewSockaddr(subject)),
      command('sockscope.growDump', (uri: string, before: number, after: number) => this.grow(uri, before, after)),
      sessions.onDidChange(() => {
        for (const [uri, dump] of this.dumps) if (sessions.phase === 'stopped') void this.fill(uri, dump);
      }),
      vscode.languages.registerCodeLensProvider({ scheme: DOCUMENT_SCHEME, pattern: '**/*.mem' }, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => this.dumps.delete(uri.toString())),
    ];
  }

  dispose(): void {
    vscode.Disposable.from(...this.registrations).dispose();
  }

  private async showMemory(subject: Subject): Promise<void> {
    const session = this.sessionOf(subject);
    const at = await this.referenceOf(subject, session);
    if (!at) return;
    if (vscode.extensions.getExtension(HEX_EDITOR)) {
      const variable = { memoryReference: at.reference };
      await vscode.commands.executeCommand(VIEW_MEMORY, { sessionId: session.id, variable });
      return;
    }
    const uri = documentUri(`${at.name.replaceAll(/[^\w.$*[\]-]+/g, ' ').trim()}.mem`, `${session.id}&${at.reference}`);
    const dump = { session: session.id, start: 0, end: PAGE, read: false, ...at };
    this.dumps.set(uri.toString(), dump);
    await this.fill(uri.toString(), dump);
    await showBeside(uri);
    // VS Code asks anew only where something has changed; the line of the last lens has.
    this.changed.fire();
  }

  private async viewSockaddr(subject: Subject): Promise<void> {
    const session = this.sessionOf(subject);
    const item = vscode.debug.activeStackItem;
    const frameId = item instanceof vscode.DebugStackFrame && item.session.id === session.id ? item.frameId : undefined;
    const { memoryReference, evaluateName, name } = variableOf(subject);
    const expression =
      evaluateName ??
      (memoryReference
        ? undefined
        : await vscode.window.showInputBox({
            title: vscode.l10n.t('View as sockaddr'),
            prompt: vscode.l10n.t(
              'An expression that is a socket address, a pointer to one, or its address as a number.',
            ),
            placeHolder: 'umyaddr',
          }));
    if (expression === undefined && memoryReference === undefined) return;
    const args = expression === undefined ? { memoryReference } : { expression };
    const body = await ask(session, 'sockscope/sockaddr', { ...args, ...(frameId === undefined ? {} : { frameId }) });
    const title = expression ?? name ?? body.address;
    const tab = `sockaddr ${title.replaceAll(/[^\w.$*[\]-]+/g, ' ').trim()}`;
    await this.documents.show(tab, sockaddrText(title, body), `${session.id}&${body.memoryReference}`);
  }

  /** @throws Error where there is none */
  private sessionOf(subject: Subject): vscode.DebugSession {
    const id = subject && 'sessionId' in subject ? subject.sessionId : undefined;
    const session = id === undefined ? this.sessions.current : this.sessions.byId(id);
    if (!session) throw new Error(vscode.l10n.t('There is no SockScope session.'));
    return session;
  }

  /** Where the memory is; asked for where nothing says so. */
  private async referenceOf(
    subject: Subject,
    session: vscode.DebugSession,
  ): Promise<{ reference: string; name: string } | undefined> {
    const { memoryReference, evaluateName, name } = variableOf(subject);
    if (memoryReference !== undefined)
      return { reference: memoryReference, name: evaluateName ?? name ?? memoryReference };
    if (subject !== undefined) throw new Error(vscode.l10n.t('{0} is not in memory.', name ?? vscode.l10n.t('This')));
    const expression = await vscode.window.showInputBox({
      title: vscode.l10n.t('Show in Memory'),
      prompt: vscode.l10n.t('An address, or an expression that is in memory or points there.'),
      placeHolder: '0xc1000000',
    });
    if (!expression) return undefined;
    if (/^\s*0x[0-9a-f]+\s*$/i.test(expression)) return { reference: expression.trim(), name: expression.trim() };
    const item = vscode.debug.activeStackItem;
    const frame = item instanceof vscode.DebugStackFrame ? { frameId: item.frameId } : {};
    const args = { expression, context: 'watch', ...frame };
    const body = (await session.customRequest('evaluate', args)) as DebugProtocol.EvaluateResponse['body'];
    if (body.memoryReference === undefined) throw new Error(vscode.l10n.t('{0} is not in memory.', expression));
    return { reference: body.memoryReference, name: expression };
  }

  private async grow(uri: string, before: number, after: number): Promise<void> {
    const dump = this.dumps.get(uri);
    if (!dump) return;
    dump.start -= before;
    dump.end += after;
    await this.fill(uri, dump);
    this.changed.fire();
  }

  private async fill(uri: string, dump: Dump): Promise<void> {
    const session = this.sessions.byId(dump.session);
    // What was read last stays.
    if (!session) return;
    let text: string;
    try {
      text = await this.textOf(dump, session);
    } catch (error) {
      if (!dump.read) throw error;
      text = error instanceof Error ? error.message : String(error);
    }
    dump.read = true;
    this.documents.put(vscode.Uri.parse(uri), text);
  }

  private async textOf({ reference, start, end, name }: Dump, session: vscode.DebugSession): Promise<string> {
    const args = { memoryReference: reference, offset: start, count: end - start };
    const body = (await session.customRequest('readMemory', args)) as NonNullable<
      DebugProtocol.ReadMemoryResponse['body']
    >;
    const bytes = Uint8Array.from(atob(body.data ?? ''), (character) => character.charCodeAt(0));
    const head = vscode.l10n.t('{0}: {1} bytes at {2}', name, end - start, body.address);
    return `${head}\n\n${hexDump(Number(body.address), bytes, end - start)}\n`;
  }

  provideCodeLenses({ uri, lineCount }: vscode.TextDocument): vscode.CodeLens[] {
    if (!this.dumps.has(uri.toString())) return [];
    const lens = (line: number, title: string, before: number, after: number): vscode.CodeLens =>
      new vscode.CodeLens(new vscode.Range(line, 0, line, 0), {
        command: 'sockscope.growDump',
        title,
        arguments: [uri.toString(), before, after],
      });
    return [
      lens(2, vscode.l10n.t('{0} bytes before', PAGE), PAGE, 0),
      lens(lineCount - 1, vscode.l10n.t('{0} bytes more', PAGE), 0, PAGE),
    ];
  }
}

function variableOf(subject: Subject): { memoryReference?: string; evaluateName?: string; name?: string } {
  if (!subject) return {};
  return 'variable' in subject ? subject.variable : subject;
}

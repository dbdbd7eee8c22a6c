import * as vscode from 'vscode';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { SOURCE_SCHEME } from '../adapter/sources';
import { sourceColumn } from './documents';

/** A line of a source. */
export interface Place {
  readonly uri: vscode.Uri;
  /** 1-based. */
  readonly line: number;
}

/** Address of one of the built-in sources. @param path as the debug information has it: `net/socket.c` */
export function builtIn(path: string): vscode.Uri {
  return vscode.Uri.from({ scheme: SOURCE_SCHEME, path: `/${path}` });
}

/** Address of a source as the adapter names it: one that we serve, a file of this machine, or a text that only the adapter has. */
export function uriOf(source: DebugProtocol.Source, session: vscode.DebugSession): vscode.Uri | undefined {
  if (source.sourceReference) return vscode.debug.asDebugSourceUri(source as vscode.DebugProtocolSource, session);
  if (source.path === undefined) return undefined;
  // One letter is a drive.
  return /^[a-z][\w+.-]+:/i.test(source.path) ? vscode.Uri.parse(source.path) : vscode.Uri.file(source.path);
}

/** Shows a line, as the debugger does at a stop: in the tab for previews. */
export async function showPlace({ uri, line }: Place, preserveFocus = false): Promise<void> {
  const at = new vscode.Range(line - 1, 0, line - 1, 0);
  const options = { selection: at, preserveFocus, preview: true, viewColumn: sourceColumn() };
  const editor = await vscode.window.showTextDocument(uri, options);
  editor.revealRange(at, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
}

/** Command that a row runs at a click. */
export function openCommand(place: Place): vscode.Command {
  return { command: 'sockscope.openPlace', title: vscode.l10n.t('Go to Source'), arguments: [place] };
}

/** Runs what a command does; what it throws is told in one sentence. */
export async function told(action: () => Thenable<unknown> | Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
  }
}

import * as vscode from 'vscode';
import type { Sessions } from './sessions';

/**
 * Writes what has crossed the guest's loopback interface as Wireshark reads it.
 * @param wanted the file; asked for where a key binding does not say (menus pass what they like)
 */
export async function exportPackets(sessions: Sessions, wanted: unknown): Promise<void> {
  // Without a session there is nothing to ask a file for.
  await sessions.request('sockscope/packets', { start: Number.MAX_SAFE_INTEGER });
  const file = wanted instanceof vscode.Uri ? wanted : await chosenFile();
  if (!file) return;
  const { packets, path } = await sessions.request('sockscope/exportPackets', { path: file.fsPath });
  void vscode.window.showInformationMessage(vscode.l10n.t('{0} packets were written to {1}.', packets, path));
}

async function chosenFile(): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return vscode.window.showSaveDialog({
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder, 'loopback.pcapng') } : {}),
    filters: { [vscode.l10n.t('Packet captures')]: ['pcapng'] },
    title: vscode.l10n.t("Export the Guest's Packets"),
  });
}

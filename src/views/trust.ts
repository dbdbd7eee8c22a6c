import * as vscode from 'vscode';

/** Attributes that name files of the workspace's choice: what a workspace that is not trusted may not decide. */
const NEED_TRUST = ['kernel', 'initrd', 'programs', 'sourceMap'] as const;

/** The attributes of a configuration that only a trusted workspace may use. */
export function attributesThatNeedTrust(configuration: object): string[] {
  return NEED_TRUST.filter((name) => (configuration as Record<string, unknown>)[name] !== undefined);
}

/**
 * Refuses files of its own to a workspace that is not trusted, and offers the way out. (VS Code asks for trust before any session; where
 * a host does not, the built-in kernel can still be run.)
 * @returns whether the session may start
 */
export async function mayStart(configuration: vscode.DebugConfiguration): Promise<boolean> {
  if (vscode.workspace.isTrusted) return true;
  const attributes = attributesThatNeedTrust(configuration);
  if (attributes.length === 0) return true;
  const manage = vscode.l10n.t('Manage Workspace Trust');
  const message = vscode.l10n.t(
    'This workspace is not trusted, so only the built-in kernel can be run; the configuration also has {0}.',
    attributes.map((name) => `"${name}"`).join(', '),
  );
  if ((await vscode.window.showErrorMessage(message, manage)) === manage)
    await vscode.commands.executeCommand('workbench.trust.manage');
  return false;
}

import type * as vscode from 'vscode';
import type { ArgumentsOf, BodyOf, OwnRequest } from '../adapter/protocol';

/** One of SockScope's own requests to a session's adapter. @throws Error with the adapter's one sentence */
export async function ask<R extends OwnRequest>(
  session: vscode.DebugSession,
  command: R,
  args: ArgumentsOf<R>,
): Promise<BodyOf<R>> {
  return (await session.customRequest(command, args)) as BodyOf<R>;
}

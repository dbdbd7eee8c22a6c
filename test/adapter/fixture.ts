/** What every protocol suite starts from: the built guest, the bundled adapter, and sessions with both. */

import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { after } from 'mocha';
import { build } from '../../scripts/build.mjs';
import { ensureGuest } from '../../scripts/guest.mjs';
import type { Guest } from '../../guest/build/guest.mjs';
import { checkedMessages, TestClient } from './test-client';

export const ROOT = path.resolve(__dirname, '../..');
export const ADAPTER = path.join(ROOT, 'dist/adapter.js');
export const CLI = path.join(ROOT, 'dist/cli.js');
/** The first build of the kernel may be part of a suite's preparation. */
export const PREPARATION = 20 * 60_000;

// A root hook: what a failed test has not ended must not keep the test runner waiting.
after(async () => {
  await TestClient.killAll();
  console.log(`    ${checkedMessages()} protocol messages checked against the published protocol`);
});

let preparing: Promise<Guest> | undefined;

/** Builds guest and bundles once for all suites of a run. */
export function prepared(): Promise<Guest> {
  return (preparing ??= prepare());
}

async function prepare(): Promise<Guest> {
  const guest = await ensureGuest();
  await build(guest.dir);
  return guest;
}

/** What a client says of itself: a capable one, such as VS Code. */
export const INITIALIZE: DebugProtocol.InitializeRequestArguments = {
  clientID: 'test',
  adapterID: 'sockscope',
  linesStartAt1: true,
  columnsStartAt1: true,
  pathFormat: 'path',
  supportsVariableType: true,
  supportsVariablePaging: true,
  supportsMemoryReferences: true,
  supportsProgressReporting: true,
  supportsInvalidatedEvent: true,
  supportsMemoryEvent: true,
  supportsANSIStyling: true,
};

/** A client that has launched the guest; the adapter waits for `configurationDone`. */
export async function launched(launch: object = {}): Promise<TestClient> {
  await prepared();
  const client = new TestClient(ADAPTER);
  try {
    await client.request('initialize', INITIALIZE);
    const response = client.request('launch', launch);
    await Promise.race([client.event('initialized'), response]);
    return client;
  } catch (error) {
    await client.kill();
    throw error;
  }
}

/** Goes on from `launched` to the first stop. */
export async function started(client: TestClient): Promise<DebugProtocol.StoppedEvent['body']> {
  await client.request('configurationDone');
  return client.stopped();
}

/** A client whose guest waits at its prompt, running. */
export async function atPrompt(launch: object = {}): Promise<TestClient> {
  const client = await launched(launch);
  await client.request('configurationDone');
  await client.console('sockscope# ');
  return client;
}

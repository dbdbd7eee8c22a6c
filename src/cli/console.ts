import type { DebugProtocol } from '@vscode/debugprotocol';
import { DapClient } from './dap-client';

/** Boots the guest and connects this terminal to its console, until the guest ends. */
export async function runConsole(adapter: string): Promise<void> {
  const client = new DapClient(adapter);
  const { stdin, stdout } = process;
  try {
    client.onEvent((event) => {
      if (event.event !== 'output') return;
      const { category, output } = (event as DebugProtocol.OutputEvent).body;
      (category === 'stdout' ? stdout : process.stderr).write(output);
    });
    await client.request('initialize', { adapterID: 'sockscope', clientID: 'sockscope-cli', pathFormat: 'path' });
    const initialized = client.next('initialized');
    await client.request('launch', {});
    await initialized;
    const ended = client.next('terminated');
    await client.request('configurationDone');
    if (stdin.isTTY) stdin.setRawMode(true);
    stdin.setEncoding('utf8');
    stdin.on(
      'data',
      (text: string | Buffer) => void client.request('sockscope/consoleInput', { text: String(text) }).catch(() => {}),
    );
    await ended;
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.pause();
    await client.close();
  }
}

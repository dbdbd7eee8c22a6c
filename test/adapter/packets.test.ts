/** Packets on the loopback interface: captured at the kernel's transmit function, and read by Wireshark's tshark. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BodyOf } from '../../src/adapter/protocol';
import { launched, PREPARATION } from './fixture';
import type { TestClient } from './test-client';

type PacketList = BodyOf<'sockscope/packets'>;

describe('packets', function () {
  this.timeout(PREPARATION);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sockscope-packets-'));
  const file = path.join(folder, 'capture.pcapng');
  let client: TestClient;

  before(async () => {
    client = await launched({ run: ['replyhi --once &', 'hello', 'udp', 'sendfile'] });
    await client.request('configurationDone');
    await client.console('sockscope# ');
    for (const line of ['hello: received "hi"', 'udp', 'sendfile']) await client.console(line);
    await client.console('sockscope# ');
  });
  after(async () => {
    await client?.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The fields of each packet as tshark dissects them. */
  function dissect(filter: string, ...fields: string[]): string[] {
    const wanted = fields.flatMap((field) => ['-e', field]);
    const args = ['-r', file, '-Y', filter, '-T', 'fields', '-E', 'separator= ', ...wanted];
    return execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
      .trim()
      .split('\n');
  }

  it('gives each packet with its task and instruction count, in order', async () => {
    const { packets, dropped } = (await client.request('sockscope/packets', {})) as PacketList;
    assert.equal(dropped, 0);
    assert.ok(packets.length >= 10, `${packets.length} packets`);
    assert.ok(packets.every((p, i) => i === 0 || p.instructionCount >= packets[i - 1].instructionCount));
    assert.ok(
      packets.every((p) => Buffer.from(p.data, 'base64').length === p.length),
      'every packet is whole',
    );
    assert.ok(packets.some((p) => p.comm === 'hello') && packets.some((p) => p.comm === 'udp'));
    const later = (await client.request('sockscope/packets', { start: 5 })) as PacketList;
    assert.equal(later.packets[0].number, 5);
  });

  it('exports what tshark reads as the exchange of hello and replyhi', async () => {
    await client.request('sockscope/exportPackets', { path: file });
    const flags = dissect('tcp.port == 5001', 'tcp.flags.str').map((text) => text.replaceAll('·', ''));
    assert.deepEqual(flags.slice(0, 3), ['S', 'AS', 'A'], 'the handshake');
    assert.deepEqual(dissect('tcp.port == 5001 && tcp.len > 0', 'tcp.payload'), [
      Buffer.from('hello').toString('hex'),
      Buffer.from('hi').toString('hex'),
    ]);
    const [comment] = dissect('tcp.port == 5001', 'frame.comment');
    assert.match(comment, /^hello \(pid \d+\), instruction \d+$/);
  });

  it('has every byte right: all IP checksums verify, also of data in page fragments', () => {
    const args = ['-r', file, '-o', 'ip.check_checksum:TRUE', '-Y', 'ip.checksum.status == "Bad" || _ws.malformed'];
    const bad = execFileSync('tshark', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    assert.equal(bad, '');
    assert.ok(dissect('udp', 'udp.length').length > 0);
  });

  it('says why a file cannot be written', async () => {
    await assert.rejects(
      client.request('sockscope/exportPackets', { path: '/nonexistent/x.pcapng' }),
      /cannot be written: ENOENT/,
    );
    await assert.rejects(client.request('sockscope/exportPackets', {}), /needs "path"/);
  });
});

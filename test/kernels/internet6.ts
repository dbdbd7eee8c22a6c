/** What a kernel with CONFIG_IPV6 must do besides: sockets of AF_INET6, and the way of their calls. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cpioArchive } from '../../guest/build/cpio.mjs';
import type { DispatchPathBody } from '../../src/adapter/protocol';
import type { LaunchConfiguration } from '../../src/adapter/launch-configuration';
import { launched, prepared, started } from '../adapter/fixture';

/** The calls of ipv6.c in order, each with the functions that its last hops lead to. */
const WAYS: readonly [call: string, ...symbols: string[]][] = [
  ['socket', 'inet6_create', 'tcp_v6_init_sock'],
  ['bind', 'inet6_bind', 'inet_csk_get_port'],
  ['listen', 'inet_listen', 'inet_csk_get_port', 'inet6_hash'],
  ['socket', 'inet6_create', 'tcp_v6_init_sock'],
  ['connect', 'inet_stream_connect', 'tcp_v6_connect'],
  ['accept', 'inet_accept', 'inet_csk_accept'],
  ['send', 'inet6_sendmsg', 'tcp_sendmsg'],
  ['recv', 'inet6_recvmsg', 'tcp_recvmsg'],
  ['socket', 'inet6_create', 'udpv6_init_sock'],
  ['bind', 'inet6_bind', 'udp_v6_get_port'],
  ['socket', 'inet6_create', 'udpv6_init_sock'],
  ['bind', 'inet6_bind', 'udp_v6_get_port'],
  ['sendto', 'inet6_sendmsg', 'udpv6_sendmsg'],
  ['sendto', 'inet6_sendmsg', 'udpv6_sendmsg'],
  ['recvfrom', 'inet6_recvmsg', 'udpv6_recvmsg'],
];
const TCP_STATES: Readonly<Record<number, string>> = { 1: 'ESTABLISHED', 7: 'CLOSE', 10: 'LISTEN' };

/** Builds ipv6.c with the C library and puts it behind the guest's programs. */
async function withProgram(configuration: LaunchConfiguration, scratch: string): Promise<LaunchConfiguration> {
  const guest = await prepared();
  const program = path.join(scratch, 'ipv6');
  execFileSync('gcc', ['-m32', '-static', '-g', '-O0', '-o', program, path.join(__dirname, 'ipv6.c')]);
  const stripped = path.join(scratch, 'stripped');
  execFileSync('strip', ['-o', stripped, program]);
  const first = fs.readFileSync(guest.initrd);
  const more = cpioArchive([{ path: 'bin/ipv6', data: fs.readFileSync(stripped), mode: 0o100755 }]);
  const initrd = path.join(scratch, 'initrd');
  fs.writeFileSync(initrd, Buffer.concat([first, Buffer.alloc(-first.length & 3), more]));
  return { ...configuration, initrd, programs: [program, guest.programs], run: ['ipv6'] };
}

/** `00000000000000000000000001000000:1771`: the address as four words in memory, the port as a number. */
function endpoint(text: string): { bytes: string; port: number } {
  const [words, port] = text.split(':');
  const bytes = (words.match(/.{8}/g) ?? []).map((word) => (word.match(/../g) ?? []).reverse().join('')).join('');
  return { bytes, port: parseInt(port, 16) };
}

function written({ bytes, port }: { bytes: string; port: number }): string {
  if (/^0*$/.test(bytes)) return `[::]:${port}`;
  assert.equal(bytes, '0'.repeat(31) + '1', 'only :: and ::1 are used');
  return `[::1]:${port}`;
}

export function exerciseInternet6(configuration: () => LaunchConfiguration): void {
  it('IPv6: each call goes the way that is foretold, and the sockets are those of /proc/net/tcp6 and udp6', async () => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-ipv6-'));
    const client = await launched(await withProgram(configuration(), scratch));
    const program = { condition: '$comm == "ipv6"' };
    const entry = { name: '__ia32_sys_socketcall', ...program };
    await client.functionBreakpoints(entry);
    let stop = await started(client);
    const path6 = async (): Promise<NonNullable<DispatchPathBody['path']>> => {
      const body = await client.request<DispatchPathBody>('sockscope/dispatchPath', { threadId: stop.threadId });
      assert.ok(body.path, body.reason);
      return body.path;
    };
    let compared = 0;
    for (const [call, ...symbols] of WAYS) {
      const { call: made, hops } = await path6();
      assert.equal(made.name, call);
      if (call === 'bind') assert.match(made.text, /sa_family=AF_INET6, sin6_port=htons\(600\d\), /);
      const last = hops.filter(({ kind }) => kind === 'operations' || kind === 'protocol');
      assert.deepEqual(last.map(({ symbol }) => symbol), symbols, made.text); // prettier-ignore
      for (const hop of last) {
        await client.functionBreakpoints({ name: hop.breakpoint ?? '', ...program });
        stop = await client.run('continue', { threadId: stop.threadId });
        const now = await path6();
        assert.equal(now.hops[now.present ?? 0].symbol, hop.symbol, made.text);
        compared++;
      }
      if (call === 'recvfrom') break;
      await client.functionBreakpoints(entry);
      stop = await client.run('continue', { threadId: stop.threadId });
    }
    await client.functionBreakpoints('all_open');
    await client.request('continue', { threadId: stop.threadId });
    const tables = await client.console('all open');
    await client.stopped();
    const rows = new Map(
      [...tables.matchAll(/^\s*\d+: (\S+) (\S+) (\S+) (\S+) (?:\S+ +){2}\S+ +\S+ +(\d+) /gm)].map((row) => [Number(row[5]), row]),
    ); // prettier-ignore
    type Row = {
      comm: string;
      family: string;
      local: string;
      remote: string;
      state: string;
      inode: number;
      receiveQueue: number;
    };
    const { sockets } = await client.request<{ sockets: Row[] }>('sockscope/sockets');
    const own = sockets.filter(({ comm }) => comm === 'ipv6');
    assert.equal(own.length, 5);
    for (const { family, local, remote, state, inode, receiveQueue } of own) {
      const row = rows.get(inode);
      assert.ok(row, `no row of inode ${inode} in\n${tables}`);
      const theirs = [written(endpoint(row[1])), written(endpoint(row[2])), TCP_STATES[parseInt(row[3], 16)]];
      assert.deepEqual([family, local, remote, state], ['AF_INET6', ...theirs]);
      if (state !== 'LISTEN') assert.equal(receiveQueue, parseInt(row[4].split(':')[1], 16), local);
    }
    await client.end();
    fs.rmSync(scratch, { recursive: true });
    console.log(`      ${compared} hops reached as foretold, ${own.length} sockets compared`);
  });
}

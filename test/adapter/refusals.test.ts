import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { loadGuestFiles } from '../../src/adapter/guest-files';
import { filled } from '../../src/adapter/texts';
import { ADAPTER, INITIALIZE, prepared, PREPARATION } from './fixture';
import { TestClient } from './test-client';
import type { Guest } from '../../guest/build/guest.mjs';

describe('a refused launch', () => {
  let guest: Guest;
  let folder: string;
  before(async function () {
    this.timeout(PREPARATION);
    guest = await prepared();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-refusals-'));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  /** The error that a launch is answered with. */
  async function refusal(launch: object): Promise<DebugProtocol.Message> {
    const client = new TestClient(ADAPTER);
    try {
      await client.request('initialize', INITIALIZE);
      await client.request('launch', launch).then(
        () => assert.fail('the launch was accepted'),
        () => {},
      );
      const response = client.messages.map(({ message }) => message as DebugProtocol.Response).find((m) => m.command === 'launch' && m.type === 'response'); // prettier-ignore
      return (response?.body as { error: DebugProtocol.Message }).error;
    } finally {
      await client.kill();
    }
  }

  /** The built-in bzImage with a changed word in its setup header's version. */
  function otherBuild(): string {
    const image = fs.readFileSync(guest.bzImage);
    const at = image.readUInt16LE(0x20e) + 0x200;
    assert.match(image.toString('latin1', at, at + 40), /^6\.1\.\d+\S* \(/);
    image.write('5', at, 'latin1');
    const file = path.join(folder, 'bzImage');
    fs.writeFileSync(file, image);
    return file;
  }

  it('says that bzImage and vmlinux are of two builds', async () => {
    const bzImage = otherBuild();
    const { format, variables } = await refusal({ kernel: { bzImage, vmlinux: guest.vmlinux } });
    const text = filled(format, variables ?? {});
    assert.ok(text.startsWith(`${bzImage} (5.1.`), text);
    assert.match(text, /was not made of \S+vmlinux \(Linux version 6\.1\..*\); give the two files of one build\.$/);
  });

  it('takes bzImage and vmlinux for one build though a first banner lacks the number of the build, as in Debian’s', () => {
    const kernel = fs.readFileSync(guest.vmlinux);
    const banner = kernel.indexOf('Linux version ', 0, 'latin1');
    const number = kernel.indexOf('#1 ', banner, 'latin1');
    assert.ok(number < kernel.indexOf('\n', banner, 'latin1'));
    kernel.write('# ', number, 'latin1');
    const vmlinux = path.join(folder, 'vmlinux-two-banners');
    fs.writeFileSync(vmlinux, kernel);
    assert.equal(loadGuestFiles({ kernel: { bzImage: guest.bzImage, vmlinux } }, guest.dir).boot.kind, 'bzImage');
  });

  it("offers SockScope's extension the built-in kernel instead of one that cannot be used", async () => {
    const launch = { type: 'sockscope', name: 'mine', kernel: guest.bzImage, __sourceScheme: 'sockscope' };
    const { format, url, urlLabel } = await refusal(launch);
    assert.match(format, /is a bzImage, which has no symbols/);
    assert.equal(urlLabel, 'Use Built-in Kernel');
    const [command, argument] = (url ?? '').split('?');
    assert.equal(command, 'command:sockscope.startWithBuiltInKernel');
    assert.deepEqual(JSON.parse(decodeURIComponent(argument)), [launch]);
  });

  it('offers other clients no command of the extension, and a mistyped path only its correction', async () => {
    assert.equal((await refusal({ kernel: guest.bzImage })).url, undefined);
    assert.equal((await refusal({ kernel: '/no/such/vmlinux', __sourceScheme: 'sockscope' })).url, undefined);
  });
});

describe('a client with a terminal for the guest', () => {
  it('gets the console in events of its own, and no output', async function () {
    this.timeout(PREPARATION);
    await prepared();
    const client = new TestClient(ADAPTER);
    try {
      await client.request('initialize', INITIALIZE);
      await client.request('launch', { __guestTerminal: true });
      await client.request('configurationDone');
      let said = '';
      while (!said.includes('sockscope# '))
        said += (await client.event('sockscope/console', 100_000)).body.text as string;
      assert.match(said, /Linux version 6\.1/);
      assert.equal(client.output, '');
    } finally {
      await client.kill();
    }
  });
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { ADAPTER, INITIALIZE, prepared, PREPARATION } from './fixture';
import { TestClient } from './test-client';

/** What an adapter is made to do from inside, as soon as a file appears beside this script. */
const DEFECT = `setInterval(() => {
  if (!require('node:fs').existsSync(__dirname + '/now')) return;
  console.log('a library speaks');
  throw new Error('a defect');
}, 20);`;

describe('adapter: a defect that nothing catches', function () {
  this.timeout(PREPARATION);
  let folder: string;
  let before: string | undefined;

  beforeEach(async () => {
    await prepared();
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sockscope-crash-'));
    const file = path.join(folder, 'defect.js');
    fs.writeFileSync(file, DEFECT);
    before = process.env.NODE_OPTIONS;
    process.env.NODE_OPTIONS = `--require ${file}`;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.NODE_OPTIONS;
    else process.env.NODE_OPTIONS = before;
    fs.rmSync(folder, { recursive: true, force: true });
  });

  it('is told to the client, with where it was, before the adapter ends; so is what libraries print', async () => {
    const client = new TestClient(ADAPTER);
    await client.request('initialize', INITIALIZE);
    fs.writeFileSync(path.join(folder, 'now'), '');
    const said = async (): Promise<string> => {
      const { body } = await client.event<DebugProtocol.OutputEvent>('output');
      assert.equal(body.category, 'stderr');
      return body.output;
    };
    assert.equal(await said(), 'a library speaks\n');
    assert.match(await said(), /^Error: a defect\n +at .*defect\.js:4/);
    await client.event('terminated');
    assert.deepEqual(client.problems, []);
    await client.kill();
  });
});

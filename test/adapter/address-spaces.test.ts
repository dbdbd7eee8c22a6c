import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { chained } from './chain';
import { launched, PREPARATION, started } from './fixture';
import type { TestClient } from './test-client';

/** While `hello` runs, `replyhi` sleeps: both programs are linked to the same addresses. */
describe('adapter: memory of a task that sleeps', function () {
  this.timeout(PREPARATION);
  chained(this);
  let client: TestClient;
  let running: number;
  let sleeping: number;
  let main: DebugProtocol.StackFrame;

  const read = async (memoryReference: string | undefined, count: number): Promise<Buffer> => {
    const body = await client.request<DebugProtocol.ReadMemoryResponse['body']>('readMemory', {
      memoryReference,
      count,
    });
    return Buffer.from(body?.data ?? '', 'base64');
  };

  before(async () => {
    client = await launched({ run: ['replyhi &', 'hello'] });
    await client.functionBreakpoints({ name: 'sys_connect' });
    running = (await started(client)).threadId ?? 0;
    const { threads } = await client.request<DebugProtocol.ThreadsResponse['body']>('threads');
    sleeping = threads.find(({ name }) => name.startsWith('replyhi '))?.id ?? 0;
    main = (await client.frames(sleeping)).find(({ name }) => name === 'main')!;
  });
  after(() => client.end());

  it('is what its own variables say', async () => {
    const socket = await client.evaluate('&server', main.id);
    assert.match(socket.memoryReference ?? '', new RegExp(`^0x[0-9a-f]{8}@${sleeping}$`));
    const bytes = await read(socket.memoryReference, 4);
    assert.equal(bytes.readInt32LE(), 3, "the listening socket is replyhi's descriptor 3");
  });

  it('has its own code, although the running program has other code there', async () => {
    const { instructionPointerReference = '' } = main;
    assert.ok(instructionPointerReference.endsWith(`@${sleeping}`), instructionPointerReference);
    const { instructions } = (await client.request<DebugProtocol.DisassembleResponse['body']>('disassemble', {
      memoryReference: instructionPointerReference,
      instructionOffset: -1,
      instructionCount: 2,
      resolveSymbols: true,
    }))!;
    assert.match(instructions[0].instruction, /^call\b/);
    assert.match(instructions[1].symbol ?? '', /^main\+/);
    const [address] = instructionPointerReference.split('@');
    assert.notDeepEqual(await read(address, 64), await read(instructionPointerReference, 64));
  });

  it('of a task that has ended is refused in a sentence', async () => {
    assert.equal(
      await client.failure('readMemory', { memoryReference: '0x08049000@9999', count: 4 }),
      'That task has ended.',
    );
  });

  it("is watched in its own address space: accept's address is written by the kernel for replyhi", async () => {
    const { dataId } = await client.request<DebugProtocol.DataBreakpointInfoResponse['body']>('dataBreakpointInfo', {
      name: 'peer.sin_port',
      frameId: main.id,
    });
    assert.match(dataId ?? '', new RegExp(`@${sleeping}/2$`));
    await client.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] });
    await client.functionBreakpoints();
    const stop = await client.run('continue', { threadId: running });
    assert.deepEqual([stop.reason, stop.threadId], ['data breakpoint', sleeping]);
    const names = (await client.frames(sleeping)).map(({ name }) => name);
    assert.ok(names.includes('move_addr_to_user') && names.includes('main'), names.join(' < '));
  });
});

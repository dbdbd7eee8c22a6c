import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { launched, PREPARATION, started } from './fixture';
import type { TestClient } from './test-client';

interface Vector {
  readonly vector: number;
  readonly type: string;
  readonly present: boolean;
  readonly dpl: number;
  readonly selector: number;
  readonly symbol?: string;
  readonly file?: string;
  readonly handler: string;
  readonly memoryReference: string;
}

interface Row {
  readonly number: number;
  readonly name: string;
  readonly symbol: string;
  readonly file?: string;
  readonly line?: number;
  readonly breakpointIds: number[];
  readonly hits: number;
}

describe('adapter: the kernel’s tables and the system call at a stop', function () {
  this.timeout(PREPARATION);
  let client: TestClient;
  let thread: number;
  let frameId: number;
  let breakpointId: number | undefined;
  let earlyVectors: Vector[];

  before(async () => {
    client = await launched({ run: ['replyhi'] });
    await client.functionBreakpoints('idt_setup_traps');
    const early = await started(client);
    assert.equal(early.reason, 'function breakpoint');
    earlyVectors = (await client.request<{ vectors: Vector[] }>('sockscope/vectors')).vectors;
    [{ id: breakpointId }] = await client.functionBreakpoints('SYS_BIND');
    const stop = await client.run('continue', { threadId: early.threadId });
    thread = stop.threadId ?? 0;
    frameId = (await client.top(thread)).id;
  });
  after(() => client.end());

  it('sockscope/vectors gives the table at IDTR, each gate as memory has it', async () => {
    const { base, limit, vectors } = await client.request<{ base: string; limit: number; vectors: Vector[] }>(
      'sockscope/vectors',
    );
    assert.equal(limit, 256 * 8 - 1);
    assert.equal(vectors.length, 256);
    const { data } = await client.request<{ data: string }>('readMemory', { memoryReference: base, count: 2048 });
    const memory = Buffer.from(data, 'base64');
    for (const { vector, handler, selector, present, dpl } of vectors) {
      const at = memory.readUInt16LE(vector * 8) | (memory.readUInt16LE(vector * 8 + 6) << 16);
      assert.equal(Number(handler), at >>> 0);
      assert.equal(selector, memory.readUInt16LE(vector * 8 + 2));
      assert.equal(present, (memory[vector * 8 + 5] & 0x80) !== 0);
      assert.equal(dpl, (memory[vector * 8 + 5] >> 5) & 3);
    }
    const call = vectors[0x80];
    assert.deepEqual([call.type, call.dpl, call.symbol], ['interrupt gate', 3, 'entry_INT80_32']);
    assert.equal(call.file, 'arch/x86/entry/entry_32.S');
    assert.deepEqual([vectors[14].dpl, vectors[14].symbol], [0, 'asm_exc_page_fault']);
    // What a program may do by itself: int3, into, and the system call.
    const reachable = vectors.filter(({ present, dpl }) => present && dpl === 3).map(({ vector }) => vector);
    assert.deepEqual(reachable, [3, 4, 0x80]);
  });

  it('sockscope/vectors gives the early table before idt_setup_traps ran', () => {
    assert.ok(earlyVectors.length > 0);
    assert.match(earlyVectors[0].symbol ?? '', /^early_idt_handler_array/);
    assert.notEqual(earlyVectors[0x80]?.symbol, 'entry_INT80_32');
  });

  it('sockscope/systemCalls lists the table, with breakpoints and hits', async () => {
    const { systemCalls } = await client.request<{ systemCalls: Row[] }>('sockscope/systemCalls');
    const slots = await client.value('sizeof(sys_call_table) / sizeof(sys_call_table[0])', frameId);
    assert.ok(systemCalls.length > 350 && systemCalls.length <= Number(slots), `${systemCalls.length} of ${slots}`);
    for (const { number, symbol } of [systemCalls[0], systemCalls[100], systemCalls[systemCalls.length - 1]])
      assert.ok((await client.value(`sys_call_table[${number}]`, frameId)).includes(`<${symbol}>`));
    const socketcall = systemCalls.find(({ name }) => name === 'socketcall');
    assert.ok(socketcall);
    assert.equal(socketcall.number, 102);
    assert.equal(socketcall.file, 'net/socket.c');
    assert.deepEqual([socketcall.breakpointIds, socketcall.hits], [[breakpointId], 1]);
    assert.equal(systemCalls.find(({ name }) => name === 'read')?.hits, 0);
    assert.deepEqual(
      systemCalls.filter(({ line }) => line === undefined),
      [],
    );
  });

  it('sockscope/socketcallCases lists the cases, with breakpoints and hits', async () => {
    const { cases } = await client.request<{ cases: (Row & { label: number; statement: number })[] }>(
      'sockscope/socketcallCases',
    );
    assert.equal(cases.length, 20);
    const bind = cases.find(({ name }) => name === 'SYS_BIND');
    assert.deepEqual([bind?.breakpointIds, bind?.hits], [[breakpointId], 1]);
    assert.deepEqual([bind?.label, bind?.statement], [3041, 3042]);
    assert.ok(cases.every(({ name, hits }) => name === 'SYS_BIND' || hits === 0));
  });

  it('a stop in a call has its number, name, typed arguments and saved registers', async () => {
    const scope = (await client.scopes(frameId))['System call'];
    const rows = await client.variables(scope.variablesReference);
    const row = (name: string): DebugProtocol.Variable => {
      const found = rows.find((each) => each.name === name);
      assert.ok(found, `no ${name}`);
      return found;
    };
    assert.deepEqual([row('number').value, row('name').value, row('way in').value], ['102', 'socketcall', 'int $0x80']);
    const parameters = await client.variables(row('arguments').variablesReference);
    assert.deepEqual(
      parameters.map(({ name, type }) => [name, type]),
      [
        ['call', 'int'],
        ['args', 'unsigned long *'],
      ],
    );
    assert.equal(parameters[0].value, '2');
    const saved = await client.variables(row('pt_regs').variablesReference);
    const field = (name: string): string => saved.find((each) => each.name === name)?.value ?? '';
    assert.equal(field('orig_ax'), '102');
    assert.equal(field('bx'), '2');
    // The user program's own frame has the same instruction pointer.
    const frames = await client.frames(thread);
    const divider = frames.findIndex(({ presentationHint }) => presentationHint === 'label');
    assert.equal(Number(field('ip')), Number(frames[divider + 1].instructionPointerReference));
    const member = saved.find(({ name }) => name === 'ip');
    assert.equal(await client.value(member?.evaluateName ?? '', frameId), field('ip'));
  });

  it('a user frame has no such scope', async () => {
    const frames = await client.frames(thread);
    assert.equal((await client.scopes(frames[frames.length - 1].id))['System call'], undefined);
  });

  it('a sleeping task says where it sleeps', async () => {
    const { threads } = await client.request<DebugProtocol.ThreadsResponse['body']>('threads');
    const names = threads.map(({ name }) => name);
    assert.ok(names.includes('init (pid 1) sleeping in do_wait'), names.join('\n'));
    assert.ok(names.some((name) => /^kthreadd \(pid 2, kernel thread\) sleeping in kthreadd$/.test(name)));
    assert.match(names[0], /^replyhi \(pid \d+\) running$/);
  });
});

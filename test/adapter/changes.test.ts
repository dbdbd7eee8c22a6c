import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { chained } from './chain';
import { launched, PREPARATION, started } from './fixture';
import type { TestClient } from './test-client';

const REPLYHI = 'guest/programs/replyhi.c';

describe('adapter: changing a stopped guest', function () {
  this.timeout(PREPARATION);
  chained(this);
  let client: TestClient;
  let thread: number;

  before(async () => {
    client = await launched({ run: ['replyhi --once &'] });
    await client.functionBreakpoints({ name: 'SYS_LISTEN', condition: '$comm == "replyhi"' });
    thread = (await started(client)).threadId ?? 0;
    await client.functionBreakpoints();
  });
  after(() => client.end());

  const set = (variablesReference: number, name: string, value: string) =>
    client.request<DebugProtocol.SetVariableResponse['body']>('setVariable', { variablesReference, name, value });

  it('setVariable on a register, a flag and a segment register', async () => {
    const { id } = await client.top(thread);
    const groups = await client.variables((await client.scopes(id)).Registers.variablesReference);
    const [general, flags, segment] = groups.map((group) => group.variablesReference);
    const before = await client.value('$esi', id);
    assert.match((await set(general, 'esi', '0x1234 + 1')).value, /^0x00001235/);
    assert.equal(await client.value('$esi', id), String(0x1235));
    await set(general, 'esi', before);
    const carry = (await client.values(flags)).CF;
    assert.equal((await set(flags, 'CF', '1')).value, '1');
    assert.equal(await client.value('$eflags & 1', id), '1');
    await set(flags, 'CF', carry);
    const bad = { variablesReference: flags, name: 'CF', value: '2' };
    assert.equal(await client.failure('setVariable', bad), 'A flag is 0 or 1, not 2.');
    assert.match(
      await client.failure('setVariable', { variablesReference: segment, name: 'cs', value: '0' }),
      /cannot be changed/,
    );
  });

  it('setVariable on a local in memory and its elements; setExpression on what an expression names', async () => {
    const { id } = await client.top(thread);
    const { Locals } = await client.scopes(id);
    const locals = await client.variables(Locals.variablesReference);
    const a = locals.find(({ name }) => name === 'a')!;
    assert.equal((await set(a.variablesReference, '[5]', '4711')).value, '4711');
    assert.equal(await client.value('a[5]', id), '4711');
    const args = { expression: 'a[4]', value: 'a[5] + 1', frameId: id };
    const answer = await client.request<DebugProtocol.SetExpressionResponse['body']>('setExpression', args);
    assert.equal(answer.value, '4712');
    assert.equal((await client.evaluate('a[4] = 8', id, { context: 'repl' })).result, '8');
    assert.equal(await client.value('a[4]', id), '8');
  });

  it('says why something cannot be changed', async () => {
    const { id } = await client.top(thread);
    const { Locals } = await client.scopes(id);
    const variablesReference = Locals.variablesReference;
    assert.match(
      await client.failure('setVariable', { variablesReference, name: 'err', value: '1' }),
      /^It has no place that could be changed: no location at 0x/,
    );
    assert.equal(
      await client.failure('setVariable', { variablesReference, name: 'nothing', value: '1' }),
      'There is no "nothing" here.',
    );
    assert.match(await client.failure('setExpression', { expression: '1', value: '2', frameId: id }), /^\S.*\.$/);
    assert.match(
      await client.failure('setVariable', { variablesReference, name: 'a0', value: 'nonsense' }),
      /nonsense/,
    );
  });

  it('and the guest goes on with what was set: another backlog, and the member of a structure', async () => {
    const { id } = await client.top(thread);
    const { Locals } = await client.scopes(id);
    await set(Locals.variablesReference, 'a1', '3');
    await client.functionBreakpoints('inet_listen');
    const stop = await client.run('continue', { threadId: thread });
    const listen = await client.top(stop.threadId ?? 0);
    assert.equal(await client.value('backlog', listen.id), '3');
    // A structure's member: the accept queue's limit, which listen stores behind.
    await client.request('setExpression', {
      expression: 'sock->sk->sk_max_ack_backlog',
      value: '77',
      frameId: listen.id,
    });
    assert.equal(await client.value('sock->sk->sk_max_ack_backlog', listen.id), '77');
  });

  it('a data breakpoint stops at the write, and shows who writes', async () => {
    const { id } = await client.top(thread);
    const info = await client.request<DebugProtocol.DataBreakpointInfoResponse['body']>('dataBreakpointInfo', {
      name: 'sock->sk->sk_max_ack_backlog',
      frameId: id,
    });
    assert.ok(info.dataId);
    assert.deepEqual(info.accessTypes, ['read', 'write', 'readWrite']);
    const { breakpoints } = await client.request<DebugProtocol.SetDataBreakpointsResponse['body']>(
      'setDataBreakpoints',
      {
        breakpoints: [{ dataId: info.dataId, accessType: 'write' }],
      },
    );
    assert.equal(breakpoints[0].verified, true);
    await client.functionBreakpoints();
    const stop = await client.run('continue', { threadId: thread });
    assert.equal(stop.reason, 'data breakpoint');
    assert.deepEqual(stop.hitBreakpointIds, [breakpoints[0].id]);
    const names = (await client.frames(thread)).map(({ name }) => name);
    assert.ok(names.includes('inet_listen'), names.join(' '));
    await client.request('setDataBreakpoints', { breakpoints: [] });
    const register = await client.request<DebugProtocol.DataBreakpointInfoResponse['body']>('dataBreakpointInfo', {
      name: '$eax',
      frameId: (await client.top(thread)).id,
    });
    assert.deepEqual(register, { dataId: null, description: '$eax is not in memory, so it cannot be watched.' });
  });

  it('steps by instruction', async () => {
    for (let i = 0; i < 5; i++) {
      const { instructionPointerReference } = await client.top(thread);
      const { instructions } = (await client.request<DebugProtocol.DisassembleResponse['body']>('disassemble', {
        memoryReference: instructionPointerReference,
        instructionCount: 2,
      }))!;
      await client.run('next', { threadId: thread, granularity: 'instruction' });
      const now = (await client.top(thread)).instructionPointerReference;
      if (!/^(j|call|ret)/.test(instructions[0].instruction)) assert.equal(now, instructions[1].address);
      else assert.notEqual(now, instructionPointerReference);
    }
  });

  it('stepInTargets names the calls of a line, and stepIn enters the chosen one', async () => {
    await client.lineBreakpoints(REPLYHI, 62);
    await client.run('continue', { threadId: thread });
    await client.lineBreakpoints(REPLYHI);
    const { id, line } = await client.top(thread);
    const { targets } = await client.request<DebugProtocol.StepInTargetsResponse['body']>('stepInTargets', {
      frameId: id,
    });
    const labels = targets.map(({ label }) => label);
    assert.ok(
      labels.some((label) => label.includes('accept')) && labels.some((label) => label.includes('check')),
      `${line}: ${labels}`,
    );
    const target = targets.find(({ label }) => label.includes('accept'))!;
    await client.run('stepIn', { threadId: thread, targetId: target.id });
    assert.equal((await client.top(thread)).name, 'accept');
    assert.equal(
      await client.failure('stepIn', { threadId: thread, targetId: target.id }),
      'That call is gone: the guest has run since.',
    );
  });
});

describe('adapter: going elsewhere', function () {
  this.timeout(PREPARATION);

  it('gotoTargets and goto move the program counter within the function, with one stop', async () => {
    const client = await launched({ run: ['replyhi &'] });
    await client.lineBreakpoints(REPLYHI, 57);
    const { threadId = 0 } = await started(client);
    const source = { path: REPLYHI };
    const targetsOf = async (line: number) =>
      (await client.request<DebugProtocol.GotoTargetsResponse['body']>('gotoTargets', { source, line })).targets;
    assert.deepEqual(await targetsOf(24), [], 'another function');
    const [target] = await targetsOf(58);
    assert.equal(target.line, 58);
    const stop = await client.run('goto', { threadId, targetId: target.id });
    assert.equal(stop.reason, 'goto');
    const top = await client.top(threadId);
    assert.equal(top.line, 58);
    assert.equal(top.instructionPointerReference, target.instructionPointerReference);
    assert.equal(client.takeEvents('stopped').length, 0, 'one stop only');
    assert.equal(
      await client.failure('goto', { threadId, targetId: 999 }),
      'That place is gone: the guest has run since.',
    );
    // bind was passed by, so listen takes a port of the kernel's choice: the program sees no error.
    await client.lineBreakpoints(REPLYHI);
    await client.request('continue', { threadId });
    await client.console('replyhi: listening on port');
    await client.end();
  });
});

import assert from 'node:assert/strict';
import { exceptionFilters } from '../../src/adapter/system-call-filters';
import { Texts } from '../../src/adapter/texts';
import { ADAPTER, INITIALIZE, PREPARATION, prepared } from './fixture';
import { checkedMessages, TestClient } from './test-client';

const ENGLISH = new Texts('/nonexistent', 'en');

describe('adapter: initialize', () => {
  before(async function () {
    this.timeout(PREPARATION);
    await prepared();
  });

  it('announces exactly what the adapter can do', async () => {
    const client = new TestClient(ADAPTER);
    assert.deepEqual(await client.request('initialize', INITIALIZE), {
      supportsConfigurationDoneRequest: true,
      supportsFunctionBreakpoints: true,
      supportsConditionalBreakpoints: true,
      supportsHitConditionalBreakpoints: true,
      supportsLogPoints: true,
      supportsBreakpointLocationsRequest: true,
      supportsInstructionBreakpoints: true,
      supportsSteppingGranularity: true,
      supportsDataBreakpoints: true,
      supportsDataBreakpointBytes: true,
      supportsEvaluateForHovers: true,
      supportsSetVariable: true,
      supportsSetExpression: true,
      supportsClipboardContext: true,
      supportsValueFormattingOptions: true,
      supportsCompletionsRequest: true,
      completionTriggerCharacters: ['.', '>'],
      supportsStepInTargetsRequest: true,
      supportsGotoTargetsRequest: true,
      supportsExceptionInfoRequest: true,
      supportsLoadedSourcesRequest: true,
      supportsModulesRequest: true,
      supportsReadMemoryRequest: true,
      supportsWriteMemoryRequest: true,
      supportsDisassembleRequest: true,
      supportsDelayedStackTraceLoading: true,
      supportsTerminateRequest: true,
      supportsCancelRequest: true,
      supportsANSIStyling: true,
      supportsExceptionFilterOptions: true,
      exceptionBreakpointFilters: exceptionFilters(false, ENGLISH),
    });
    await client.end();
  });

  it('offers each of the twenty socket calls, every other one by name, and a short list where the client shows them itself', () => {
    const names = (brief: boolean): string[] => exceptionFilters(brief, ENGLISH).map(({ filter }) => filter);
    const calls =
      'socketcall socket bind connect accept send sendto sendmsg recv recvfrom recvmsg listen select shutdown getsockname getpeername getsockopt setsockopt sendfile socketpair';
    assert.equal(calls.split(' ').length, 20);
    assert.deepEqual(
      calls.split(' ').filter((call) => !names(false).includes(call)),
      [],
    );
    assert.deepEqual(names(true), ['fault', 'sockets', 'failing', 'all', 'other']);
    assert.deepEqual(
      names(true).filter((name) => !names(false).includes(name)),
      [],
    );
  });

  it('refuses the path format "uri"', async () => {
    const client = new TestClient(ADAPTER);
    const message = await client.failure('initialize', { ...INITIALIZE, pathFormat: 'uri' });
    assert.equal(message, 'The path format "uri" is not supported.');
    await client.end();
  });

  it('the checking client finds what the protocol does not allow', async () => {
    const client = new TestClient(ADAPTER);
    await client.request('initialize', { ...INITIALIZE, linesStartAt1: 'yes' });
    await client.failure('noSuchRequest', {});
    await client.close();
    assert.equal(client.problems.length, 2);
    assert.match(client.problems[0], /linesStartAt1 must be boolean/);
    assert.match(client.problems[1], /the protocol has no such request/);
    assert.ok(checkedMessages() > 4);
  });
});

import assert from 'node:assert/strict';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { EXPERIMENTS } from '../../src/cli/experiment';
import { launched, PREPARATION } from './fixture';
import type { TestClient } from './test-client';
import { Transcript } from './transcript';

const CONDITION = '$comm == "replyhi" || $comm == "hello"';
const STUDIED = /^(replyhi|hello) \(pid \d+\)/;

/** Values of a frame's arguments and locals that are the same in each run: no pointers. */
async function variablesOf(client: TestClient, frame: DebugProtocol.StackFrame): Promise<string> {
  const { Arguments, Locals } = await client.scopes(frame.id);
  const variables = [
    ...(Arguments ? await client.variables(Arguments.variablesReference) : []),
    ...(Locals ? await client.variables(Locals.variablesReference) : []),
  ];
  return variables.map(({ name, value }) => `${name}=${value}`).join(' ');
}

describe('adapter: the study’s experiments as protocol sessions', function () {
  this.timeout(PREPARATION);

  for (const { id, title, breakpoints } of EXPERIMENTS) {
    it(`(${id}) ${title}`, async () => {
      const client = await launched({ run: ['replyhi --once &', 'hello', 'exit'] });
      const transcript = new Transcript(client);
      const set = await client.functionBreakpoints(...breakpoints.map((name) => ({ name, condition: CONDITION })));
      set.forEach((breakpoint, i) => {
        assert.equal(breakpoint.verified, true, breakpoints[i]);
        const { source, line, message } = breakpoint;
        transcript.add(`breakpoint ${breakpoints[i]}: ${source?.path}:${line}${message ? ` (${message})` : ''}`);
      });
      await client.request('configurationDone');
      for (let stops = 0; stops < 20; stops++) {
        const body = await client.stopOrEnd();
        if (!body) break;
        const threadId = body.threadId ?? 0;
        const { threads } = await client.request<DebugProtocol.ThreadsResponse['body']>('threads');
        const task = threads.find((thread) => thread.id === threadId)?.name ?? '';
        assert.match(task, STUDIED);
        transcript.add(`stop ${stops + 1}: ${task}`);
        const [top] = await transcript.stop(body, true);
        transcript.add(`    ${await variablesOf(client, top)}`);
        await client.request('continue', { threadId });
      }
      for (const line of client.output.split('\n')) {
        if (/^(replyhi|hello): /.test(line)) transcript.add(`console: ${line.trimEnd()}`);
      }
      await client.end();
      transcript.check(`experiment-${id}`);
    });
  }
});

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { DebugProtocol } from '@vscode/debugprotocol';
import { CALL_TABLE, reasonAgainst, STOPS, WAYS, type Stop, type Way } from './call-table';
import { launched, PREPARATION, ROOT } from './fixture';
import type { TestClient } from './test-client';

/** The number of socketcall. */
const MULTIPLEXED = 102;
/** Programs that run by themselves, in this order. */
const PROGRAMS = [
  'udp', 'sendmsg', 'select', 'shutdown', 'names', 'options', 'sendfile', 'socketpair', 'accept4', 'errors',
]; // prettier-ignore

/** What was seen where a breakpoint stopped. */
interface Seen {
  readonly text: string;
  readonly frames: readonly DebugProtocol.StackFrame[];
  /** The scope "System call". */
  readonly scope: Readonly<Record<string, string>>;
  /** The decoded arguments in it. */
  readonly arguments: string;
}

/** A session in which every cell of a way in has its breakpoint, and what came of it. */
interface Session {
  readonly seen: ReadonlyMap<string, Seen>;
  readonly breakpoints: ReadonlyMap<string, DebugProtocol.Breakpoint>;
  readonly calls: readonly string[];
  readonly cases: readonly { name: string; label: number; statement: number }[];
}

const cells = Object.keys(CALL_TABLE).flatMap((call) => STOPS.map((stop) => ({ call, stop })));
const keyOf = (call: string, stop: Stop): string => `${call} ${stop}`;
const caseOf = (call: string): string => `SYS_${call.toUpperCase()}`;

/** Without what differs from run to run. */
function masked(text: string): string {
  return text
    .replace(/0xbf[0-9a-f]{6}/g, 'P')
    .replace(/htons\((?!5001\)|0\)|1\))\d+\)/g, 'htons(PORT)')
    .replace(/(127\.0\.0\.1:)(?!5001\b)\d+/g, '$1PORT');
}

/** The breakpoint of a cell that is no line's, by its name. */
function nameOf(call: string, stop: Stop): string {
  switch (stop) {
    case 'on entry':
      return `catch:${call}`;
    case 'on return':
      return `catch:${call}:return`;
    case 'on failure':
      // Of the many calls that fail by way of socketcall, the one whose number it does not know.
      return `catch:${call}:${call === 'socketcall' ? 'EINVAL' : 'fail'}`;
    default:
      return `sys_${call}`;
  }
}

/** Of a cell that exists the first hit in its program; of one that cannot exist any hit by any program. */
function conditionsOf(call: string, way: Way, stop: Stop): { condition?: string; hitCondition: string } {
  if (reasonAgainst(call, way, stop) !== undefined) return { hitCondition: '==1' };
  const program = stop === 'on failure' ? 'errors' : CALL_TABLE[call].by;
  return { condition: `$comm == "${program}"`, hitCondition: '==1' };
}

async function seenAt(client: TestClient, stop: DebugProtocol.StoppedEvent['body']): Promise<Seen> {
  const frames = await client.frames(stop.threadId ?? 0);
  const scope = (await client.scopes(frames[0].id))['System call'];
  const rows = await client.variables(scope.variablesReference);
  const decoded = rows.find(
    ({ name, value, variablesReference }) => /^\w+$/.test(name) && !value && variablesReference,
  );
  const values = decoded ? await client.variables(decoded.variablesReference) : [];
  return {
    text: masked(stop.text ?? ''),
    frames,
    scope: Object.fromEntries(rows.map(({ name, value }) => [name, value])),
    arguments: masked(values.map(({ name, value }) => `${name} = ${value}`).join(', ')),
  };
}

/** Boots once, sets the breakpoints of all cells, runs every program and looks at each stop. */
async function drive(way: Way): Promise<Session> {
  const by = (line: string): string => `${line} --entry=${way}`;
  const client = await launched({ run: [`${by('replyhi --once')} &`, by('hello'), ...PROGRAMS.map(by), 'exit'] });
  const { cases } = await client.request<Pick<Session, 'cases'>>('sockscope/socketcallCases');
  const { systemCalls } = await client.request<{ systemCalls: { name: string }[] }>('sockscope/systemCalls');

  const breakpoints = new Map<string, DebugProtocol.Breakpoint>();
  const named = cells.filter(({ stop }) => stop !== 'by case line');
  const names = named.map(({ call, stop }) => ({ name: nameOf(call, stop), ...conditionsOf(call, way, stop) }));
  const setNames = await client.functionBreakpoints(...names);
  named.forEach(({ call, stop }, i) => breakpoints.set(keyOf(call, stop), setNames[i]));

  const onLines = cells.flatMap(({ call, stop }) => {
    const found = stop === 'by case line' ? cases.find(({ name }) => name === caseOf(call)) : undefined;
    return found ? [{ call, stop, line: found.label }] : [];
  });
  const lines = onLines.map(({ call, stop, line }) => ({ line, ...conditionsOf(call, way, stop) }));
  const setLines = await client.lineBreakpoints('net/socket.c', ...lines);
  onLines.forEach(({ call, stop }, i) => breakpoints.set(keyOf(call, stop), setLines[i]));

  const cellOf = new Map([...breakpoints].map(([key, { id }]) => [id, key]));
  const seen = new Map<string, Seen>();
  await client.request('configurationDone');
  // A host that is busy with other tests takes its time.
  const patience = 60_000;
  for (let stop = await client.stopOrEnd(patience); stop; stop = await client.stopOrEnd(patience)) {
    const what = await seenAt(client, stop);
    for (const id of stop.hitBreakpointIds ?? []) seen.set(cellOf.get(id) ?? `breakpoint ${id}`, what);
    await client.request('continue', { threadId: stop.threadId ?? 0 });
  }
  await client.end();
  return { seen, breakpoints, cases, calls: systemCalls.map(({ name }) => name) };
}

/** Checks a cell that exists. */
function check(call: string, way: Way, stop: Stop, { seen, breakpoints, cases }: Session): void {
  const row = CALL_TABLE[call];
  const breakpoint = breakpoints.get(keyOf(call, stop));
  assert.equal(breakpoint?.verified, true, breakpoint?.message);
  const what = seen.get(keyOf(call, stop));
  assert.ok(what, 'the breakpoint was not hit');
  const { frames, scope, text } = what;

  // The right program, and the way it came in.
  const main = frames.find(({ name, source }) => name === 'main' && source?.path?.includes('guest/programs/'));
  assert.equal(path.basename(main?.source?.path ?? ''), `${stop === 'on failure' ? 'errors' : row.by}.c`);
  const gate = way === 'sysenter' ? 'sysenter' : 'int $0x80';
  const isOwn = way === 'direct' || row.ownNumber === true;
  const number = isOwn ? row.direct : MULTIPLEXED;
  assert.deepEqual([scope.number, scope.name, scope['way in']], [String(number), isOwn ? call : 'socketcall', gate]);

  // The right place.
  const [top] = frames;
  const found = cases.find(({ name }) => name === caseOf(call));
  const isAtCase = top.name === '__do_sys_socketcall' && top.line === found?.statement;
  if (stop === 'by case line') assert.ok(isAtCase, `${top.name}:${top.line}`);
  else if (stop === 'by name')
    assert.ok([`__sys_${call}`, `__ia32_sys_${call}`].includes(top.name) || (row.direct === undefined && isAtCase));
  else if (stop === 'on entry') assert.equal(top.name, `__ia32_sys_${isOwn ? call : 'socketcall'}`);
  else assert.equal(top.name, 'ia32_sys_call', 'where the entry function returns to');

  // The right arguments.
  if (stop === 'by name' || stop === 'by case line') return assert.equal(what.arguments, row.arguments);
  const part = call === 'socketcall' ? (stop === 'on failure' ? undefined : 'SYS_SOCKET') : caseOf(call);
  const detail = isOwn ? call : ['socketcall', part].filter(Boolean).join(', ');
  const expected = stop === 'on entry' ? row.entry : stop === 'on return' ? row.back : row.fails;
  assert.equal(text, `${expected}, entered by ${gate}, system call ${number} (${detail})`);
}

/** Checks that what is said against a cell is true: in the kernel's own tables, and because its breakpoint was never hit. */
function checkReason(call: string, way: Way, stop: Stop, session: Session): void {
  assert.equal(session.seen.get(keyOf(call, stop))?.text, undefined, 'the cell exists');
  if (way === 'direct' && CALL_TABLE[call].direct === undefined && call !== 'socketcall') {
    assert.ok(!session.calls.includes(call), 'the system-call table in the kernel has it');
    const table = fs.readFileSync(path.join(ROOT, 'dist/guest/sources/arch/x86/entry/syscalls/syscall_32.tbl'), 'utf8');
    assert.ok(!new RegExp(`^\\d+\\s+i386\\s+${call}\\s`, 'm').test(table), 'the table’s source has it');
    assert.match(table, /^361\s+i386\s+bind\s/m);
  }
  const isLine = stop === 'by case line';
  const hasCase = session.cases.some(({ name }) => name === caseOf(call));
  if (isLine && way !== 'direct') assert.equal(hasCase, false, 'the switch has such a case');
  // Nobody can hit what is not set; where there is something to set, it was.
  if (!isLine || hasCase) assert.equal(session.breakpoints.get(keyOf(call, stop))?.verified, true);
}

describe('adapter: every socket call × way in × way to stop', function () {
  this.timeout(PREPARATION);
  let driven = 0;
  let impossible = 0;
  after(() => console.log(`    ${driven} cells driven, ${impossible} cannot exist`));

  for (const way of WAYS) {
    describe(way, () => {
      let session: Session;
      before(async () => {
        session = await drive(way);
      });
      for (const { call, stop } of cells) {
        const reason = reasonAgainst(call, way, stop);
        if (reason === undefined) {
          it(`${call} ${stop}`, () => {
            check(call, way, stop, session);
            driven++;
          });
        } else {
          it(`${call} ${stop} cannot exist: ${reason}`, () => {
            checkReason(call, way, stop, session);
            impossible++;
          });
        }
      }
    });
  }
});

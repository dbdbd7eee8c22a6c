import assert from 'node:assert/strict';
import type { DispatchHop, DispatchPathBody } from '../../src/adapter/protocol';
import { dispatchContents, dispatchDocument, dispatchStatus, type DispatchState } from '../../src/views/dispatch-html';

/** As `vscode.l10n` does without a translation. */
const l10n = {
  t: (message: string, ...args: (string | number)[]): string => message.replace(/\{(\d)\}/g, (_, i) => String(args[i])),
};
const SOCKET = { name: 'socket.c', path: 'sockscope:/net/socket.c' };

const API: DispatchHop = {
  kind: 'api',
  title: 'bind',
  symbol: 'bind',
  address: '0x8049b10',
  source: { name: 'socket.c', path: 'sockscope:/guest/programs/lib/socket.c' },
  line: 53,
  breakpoint: 'bind',
  state: 'done',
};
const GATE: DispatchHop = {
  kind: 'gate',
  title: 'vector 0x80',
  detail: 'trap gate, DPL 3',
  symbol: 'entry_INT80_32',
  state: 'done',
  memory: {
    address: '0xfffba400',
    bytes: '60 00',
    meaning: 'idt[0x80] → entry_INT80_32',
    memoryReference: '0xfffba400',
  },
  table: {
    name: 'idt_table',
    index: 0x80,
    entrySize: 8,
    count: 256,
    rows: [
      { index: 0x7f, address: '0xfffba3f8', bytes: '00 11', symbol: 'irq_entries_start+0x2f8', isCurrent: false },
      { index: 0x80, address: '0xfffba400', bytes: '60 00', symbol: 'entry_INT80_32', isCurrent: true },
    ],
  },
};
const CASE: DispatchHop = { kind: 'switch', title: 'case SYS_BIND', symbol: 'SYS_BIND', source: SOCKET, line: 3042, breakpoint: 'SYS_BIND', state: 'present' }; // prettier-ignore
const OPERATIONS: DispatchHop = {
  kind: 'operations',
  title: 'sock->ops->bind',
  symbol: 'inet_bind',
  state: 'ahead',
  table: {
    name: 'inet_stream_ops',
    index: 3,
    entrySize: 4,
    count: 4,
    rows: [
      { index: 3, name: 'bind', address: '0xc12e40ac', bytes: '40 be 25 c1', symbol: 'inet_bind', isCurrent: true },
    ],
  },
};

const call = { name: 'bind', way: 'int80', number: 102, socketcall: 2, text: 'bind(3, "a<b", 16)', task: 'replyhi', pid: 18 } as const; // prettier-ignore
const BODY: DispatchPathBody = { path: { call, hops: [API, GATE, CASE, OPERATIONS], present: 2 } };
const STOPPED: DispatchState = { kind: 'stopped', body: BODY };

const contents = (state: DispatchState, breakpoints: string[] = []): string =>
  dispatchContents(state, new Set(breakpoints), l10n);
/** Text of each element of the list, as one reads it. */
const items = (html: string): string[] =>
  html
    .split('<li ')
    .slice(1)
    .map((item) =>
      `<${item}`
        .replace(/<[^>]*>/g, ' ')
        .replaceAll('&#62;', '>')
        .replace(/\s+/g, ' ')
        .trim(),
    );

describe('contents of the dispatch panel', () => {
  it('begin with the call, who makes it, and the numbers that select it', () => {
    const html = contents(STOPPED);
    assert.match(html, /<h1><code>bind\(3, &#34;a&#60;b&#34;, 16\)<\/code><\/h1>/);
    assert.match(html, /replyhi \(pid 18\) · int \$0x80 · <code>eax = 102, call = 2<\/code>/);
  });

  it('have a box for each hop with its place, and the border between user and kernel mode', () => {
    const [api, border, gate, case_, operations] = items(contents(STOPPED));
    assert.match(api, /^bind 0x8049b10 guest\/programs\/lib\/socket\.c:53$/);
    assert.equal(border, 'user mode kernel mode');
    assert.match(gate, /^vector 0x80 entry_INT80_32 trap gate, DPL 3 0xfffba400 60 00 idt\[0x80\] → entry_INT80_32 /);
    // The title has the symbol already.
    assert.equal(case_, 'case SYS_BIND net/socket.c:3042');
    assert.match(operations, /^sock->ops->bind inet_bind /);
  });

  it('light the present hop, and tell what is done from what is ahead', () => {
    const html = contents(STOPPED);
    assert.deepEqual(
      html.match(/class="hop \w+/g),
      ['done', 'done', 'present', 'ahead'].map((s) => `class="hop ${s}`),
    );
    assert.equal(html.match(/aria-current="step"/g)?.length, 1);
    assert.match(html, /<li class="hop present switch" aria-current="step">/);
    assert.deepEqual(
      [...html.matchAll(/role="img" aria-label="([^"]*)"/g)].map(([, label]) => label),
      ['done', 'done', 'the call is here', 'still ahead'],
    );
  });

  it('tell where it cannot be known whether a hop has been made', () => {
    const hops: DispatchHop[] = [API, GATE, CASE, { ...OPERATIONS, state: 'unknown' }];
    const html = contents({ kind: 'stopped', body: { path: { call, hops, present: 2 } } });
    assert.match(html, /<li class="hop unknown operations">/);
    assert.match(html, /aria-label="not known: made and left again, or passed over"/);
  });

  it('show the rows of a table with their bytes, the one that is taken marked', () => {
    const [, , gate, , operations] = items(contents(STOPPED));
    assert.match(gate, /idt_table: 256 entries of 8 bytes 0xfffba000 \+ 128 × 8 ⋮ 0x7f 0xfffba3f8 00 11 irq_entries_start \+0x2f8 0x80 0xfffba400 60 00 entry_INT80_32 ⋮$/); // prettier-ignore
    // A narrow panel breaks a name before its offset.
    assert.match(contents(STOPPED), />irq_entries_start<wbr>\+0x2f8</);
    // Members of a structure go by their names; nothing lies behind the last one.
    assert.match(operations, /inet_stream_ops: 4 entries of 4 bytes ⋮ bind 0xc12e40ac 40 be 25 c1 inet_bind$/);
    const marked = contents(STOPPED).match(/<tr class="current" aria-current="true">.*?<\/tr>/g) ?? [];
    assert.deepEqual(
      marked.map((row) => /<th scope="row">(.*?)</.exec(row)?.[1]),
      ['0x80', 'bind'],
    );
  });

  it('have a link where there is a line, and a button where a breakpoint can be', () => {
    const html = contents(STOPPED, ['SYS_BIND', 'other']);
    assert.match(html, /data-action="memory" data-hop="1" title="Show in Memory">0xfffba400</);
    assert.deepEqual(
      [...html.matchAll(/data-action="open" data-hop="(\d)" title="([^"]*)"/g)].map(([, hop, tip]) => [hop, tip]),
      [
        ['0', 'Open socket.c at line 53'],
        ['2', 'Open socket.c at line 3042'],
      ],
    );
    const buttons = /data-action="breakpoint" data-hop="(\d)" aria-pressed="(\w+)" aria-label="[^"]*" title="([^"]*)"/g;
    assert.deepEqual(
      [...html.matchAll(buttons)].map(([, ...rest]) => rest),
      [
        ['0', 'false', 'Set a breakpoint on bind'],
        ['2', 'true', 'Remove the breakpoint on SYS_BIND'],
      ],
    );
  });

  it('say in a sentence why there is no way to draw', () => {
    assert.match(contents({ kind: 'none' }), /There is no session\..*<button [^>]*data-action="start">Boot Linux</);
    assert.match(contents({ kind: 'running' }), /The guest is running\./);
    assert.match(
      contents({ kind: 'failed', message: 'It <b>broke</b>.' }),
      /<p>It &#60;b&#62;broke&#60;\/b&#62;\.<\/p>/,
    );
    const reason = 'init (pid 1) runs in user mode: it is not inside a system call.';
    assert.match(contents({ kind: 'stopped', body: { reason } }), new RegExp(`<p>${reason.replace(/[().]/g, '\\$&')}`));
    assert.match(contents({ kind: 'stopped', body: {} }), /not stopped inside a system call/);
  });

  it('cannot be made to hold code by what the guest says', () => {
    const evil = '"><img src=x onerror=alert(1)>\'';
    const source = { name: evil, path: evil };
    const memory = { address: evil, bytes: evil, meaning: evil, memoryReference: evil };
    const rows = [{ index: 0, address: evil, bytes: evil, symbol: evil, name: evil, isCurrent: true }];
    const table = { name: evil, index: 0, entrySize: 4, count: 1, rows };
    const hop: DispatchHop = { kind: 'table', title: evil, detail: evil, symbol: 'x' + evil, address: evil, source, line: 1, breakpoint: evil, state: 'done', memory, table }; // prettier-ignore
    const path = { call: { ...call, text: evil, task: evil }, hops: [hop], present: 0 };
    const html = contents({ kind: 'stopped', body: { path } });
    assert.doesNotMatch(html, /<img|="[^"]*>'|onerror=alert\(1\)>/);
    assert.ok(html.split('&#60;img').length > 10);
    assert.doesNotMatch(html, / on\w+="| style="/);
  });

  it('say to a screen reader where the call is', () => {
    assert.equal(dispatchStatus(STOPPED, l10n), 'bind: hop 3 of 4, case SYS_BIND');
    assert.equal(dispatchStatus({ kind: 'running' }, l10n), '');
  });
});

describe('page of the dispatch panel', () => {
  const page = dispatchDocument({ language: 'en', title: 'Dispatch', nonce: 'bm9uY2U', cspSource: 'https://webview.test', style: 'https://webview.test/d.css', script: 'https://webview.test/d.js' }); // prettier-ignore

  it('runs its own script only and loads nothing from elsewhere', () => {
    const [, policy] = /Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
    assert.equal(
      policy.replaceAll('&#39;', "'"),
      "default-src 'none'; style-src https://webview.test; script-src 'nonce-bm9uY2U'",
    );
    assert.deepEqual(page.match(/<script[^>]*>/g), ['<script nonce="bm9uY2U" src="https://webview.test/d.js">']);
    assert.doesNotMatch(page, /<style| style=| on\w+=/);
  });
});

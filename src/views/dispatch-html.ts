/** The dispatch panel's contents as HTML, from what the adapter answers to `sockscope/dispatchPath`. Knows nothing of VS Code. */
import type { DispatchHop, DispatchMemory, DispatchPathBody } from '../adapter/protocol';

/** What the panel shows. */
export type DispatchState =
  | { readonly kind: 'none' }
  | { readonly kind: 'running' }
  | { readonly kind: 'stopped'; readonly body: DispatchPathBody }
  | { readonly kind: 'failed'; readonly message: string };

/** The part of `vscode.l10n` that is needed. */
export interface Translator {
  t(message: string, ...args: (string | number)[]): string;
}

type Table = NonNullable<DispatchHop['table']>;
type Call = NonNullable<DispatchPathBody['path']>['call'];

/** Makes a text harmless between tags and in attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * The page around the contents. Scripts run by the nonce only, nothing is loaded from elsewhere.
 * @param resources addresses that the webview may load its script and its style from
 */
export function dispatchDocument(resources: {
  language: string;
  title: string;
  nonce: string;
  cspSource: string;
  style: string;
  script: string;
}): string {
  const { language, title, nonce, cspSource, style, script } = resources;
  const policy = `default-src 'none'; style-src ${cspSource}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${escapeHtml(language)}">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="${escapeHtml(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<main id="contents"></main>
<div id="status" role="status" class="unseen"></div>
<script nonce="${nonce}" src="${escapeHtml(script)}"></script>
</body>
</html>`;
}

/**
 * The contents.
 * @param breakpoints names of the function breakpoints that are set
 */
export function dispatchContents(state: DispatchState, breakpoints: ReadonlySet<string>, l10n: Translator): string {
  switch (state.kind) {
    case 'none': {
      const text = l10n.t(
        'There is no session. When a system call is stopped in, its way through the kernel is drawn here.',
      );
      return emptyState(text, `<button class="primary" data-action="start">${html(l10n.t('Boot Linux'))}</button>`);
    }
    case 'running':
      return emptyState(l10n.t('The guest is running. The way of its call is drawn when it stops.'));
    case 'failed':
      return emptyState(state.message);
    case 'stopped': {
      const { path, reason } = state.body;
      if (!path) return emptyState(reason ?? l10n.t('The guest is not stopped inside a system call.'));
      return header(path.call, l10n) + hopList(path.hops, breakpoints, l10n);
    }
  }
}

/** One sentence that says where the call is, for screen readers; empty where the contents say all. */
export function dispatchStatus(state: DispatchState, l10n: Translator): string {
  const path = state.kind === 'stopped' ? state.body.path : undefined;
  const present = path?.present === undefined ? undefined : path.hops[path.present];
  if (!path || !present) return '';
  return l10n.t('{0}: hop {1} of {2}, {3}', path.call.name, path.present! + 1, path.hops.length, present.title);
}

const html = escapeHtml;

function emptyState(text: string, action = ''): string {
  return `<div class="empty"><p>${html(text)}</p>${action}</div>`;
}

function header(call: Call, l10n: Translator): string {
  const numbers = [`eax = ${call.number}`, ...(call.socketcall === undefined ? [] : [`call = ${call.socketcall}`])];
  return `<header>
<h1><code>${html(call.text)}</code></h1>
<p>${html(l10n.t('{0} (pid {1})', call.task, call.pid))} · ${html(wayIn(call.way))} · <code>${numbers.join(', ')}</code></p>
</header>`;
}

function wayIn(way: string): string {
  return way === 'int80' ? 'int $0x80' : way;
}

function hopList(hops: readonly DispatchHop[], breakpoints: ReadonlySet<string>, l10n: Translator): string {
  const items = hops.map((hop, index) => {
    const entersKernel = index > 0 && hops[index - 1].kind === 'api' && hop.kind !== 'api';
    return (entersKernel ? border(l10n) : '') + hopItem(hop, index, breakpoints, l10n);
  });
  return `<ol class="hops" aria-label="${html(l10n.t('Way of the call'))}">${items.join('')}</ol>`;
}

function border(l10n: Translator): string {
  return `<li class="border"><span>${html(l10n.t('user mode'))}</span><span>${html(l10n.t('kernel mode'))}</span></li>`;
}

function hopItem(hop: DispatchHop, index: number, breakpoints: ReadonlySet<string>, l10n: Translator): string {
  const { state, title, detail, memory, table } = hop;
  const figure =
    memory || table
      ? `<div class="figure">${memoryLine(memory, index, l10n)}${table ? slots(table, hop.kind, l10n) : ''}</div>`
      : '';
  return `<li class="hop ${state} ${hop.kind}"${state === 'present' ? ' aria-current="step"' : ''}>
<div class="box">
<div class="head"><span class="mark" role="img" aria-label="${html(stateName(state, l10n))}"></span>${titleOf(hop, index, l10n)}${breakpointButton(hop, index, breakpoints, l10n)}</div>
${symbolLine(hop, title)}${placeLine(hop)}${detail ? `<div class="detail">${html(detail)}</div>` : ''}
</div>
${figure}</li>`;
}

function stateName(state: DispatchHop['state'], l10n: Translator): string {
  if (state === 'done') return l10n.t('done');
  if (state === 'unknown') return l10n.t('not known: made and left again, or passed over');
  return state === 'present' ? l10n.t('the call is here') : l10n.t('still ahead');
}

function titleOf({ title, source, line }: DispatchHop, index: number, l10n: Translator): string {
  if (!source || !line) return `<span class="title">${html(title)}</span>`;
  const tip = l10n.t('Open {0} at line {1}', source.name ?? source.path ?? '', line);
  return `<button class="title link" data-action="open" data-hop="${index}" title="${html(tip)}">${html(title)}</button>`;
}

function breakpointButton(
  { breakpoint }: DispatchHop,
  index: number,
  breakpoints: ReadonlySet<string>,
  l10n: Translator,
): string {
  if (breakpoint === undefined) return '';
  const isSet = breakpoints.has(breakpoint);
  const tip = isSet
    ? l10n.t('Remove the breakpoint on {0}', breakpoint)
    : l10n.t('Set a breakpoint on {0}', breakpoint);
  return `<button class="breakpoint" data-action="breakpoint" data-hop="${index}" aria-pressed="${isSet}" aria-label="${html(l10n.t('Breakpoint on {0}', breakpoint))}" title="${html(tip)}"></button>`;
}

/** The symbol that the hop leads to, unless the title has it already, and its address. */
function symbolLine({ symbol, address }: DispatchHop, title: string): string {
  const parts = [...(symbol !== undefined && !title.includes(symbol) ? [symbol] : []), ...(address ? [address] : [])];
  return parts.length > 0 ? `<div class="symbol"><code>${html(parts.join(' '))}</code></div>` : '';
}

function placeLine({ source, line }: DispatchHop): string {
  if (!source) return '';
  const file = (source.path ?? source.name ?? '').replace(/^sockscope:\/+/, '');
  return `<div class="place">${html(line ? `${file}:${line}` : file)}</div>`;
}

function memoryLine(memory: DispatchMemory | undefined, index: number, l10n: Translator): string {
  if (!memory) return '';
  const tip = html(l10n.t('Show in Memory'));
  const address =
    memory.address === undefined || memory.memoryReference === undefined
      ? ''
      : `<button class="link" data-action="memory" data-hop="${index}" title="${tip}">${html(memory.address)}</button> `;
  const bytes = memory.bytes === '' ? '' : `<span class="bytes">${html(memory.bytes)}</span>`;
  return `<div class="memory"><code>${address}${bytes}</code><div class="meaning">${html(memory.meaning)}</div></div>`;
}

/** The table's rows around the one that the call takes, as the study draws them. */
function slots(table: Table, kind: DispatchHop['kind'], l10n: Translator): string {
  const { name, index, entrySize, count, rows } = table;
  const base = tableBase(table);
  const caption = l10n.t('{0}: {1} entries of {2} bytes', name, count, entrySize);
  const formula = base === undefined ? '' : `${base} + ${index} × ${entrySize}`;
  const gap = (isThere: boolean): string =>
    isThere ? '<tr class="gap" aria-hidden="true"><td colspan="4">⋮</td></tr>' : '';
  const drawn = rows.map(
    (row) =>
      `<tr${row.isCurrent ? ' class="current" aria-current="true"' : ''}><th scope="row">${html(rowLabel(row, kind))}</th><td class="address">${html(row.address)}</td><td class="bytes">${html(row.bytes)}</td><td class="target">${breakable(row.symbol ?? '')}</td></tr>`,
  );
  const before = gap(rows.length > 0 && rows[0].index > 0);
  const behind = gap(rows.length > 0 && rows[rows.length - 1].index < count - 1);
  return `<table><caption>${html(caption)}${formula ? ` <code>${html(formula)}</code>` : ''}</caption><tbody>${before}${drawn.join('')}${behind}</tbody></table>`;
}

/** A symbol with its offset, which go into two lines rather than anywhere else. */
function breakable(symbol: string): string {
  return html(symbol).replace('+', '<wbr>+');
}

/** Vectors are written in hexadecimal in the kernel and in the manuals, members of a structure by name. */
function rowLabel({ index, name }: Table['rows'][number], kind: DispatchHop['kind']): string {
  return name ?? (kind === 'gate' ? `0x${index.toString(16)}` : String(index));
}

function tableBase({ entrySize, rows }: Table): string | undefined {
  const [first] = rows;
  if (!first || first.name !== undefined) return undefined;
  return `0x${((Number(first.address) - first.index * entrySize) >>> 0).toString(16)}`;
}

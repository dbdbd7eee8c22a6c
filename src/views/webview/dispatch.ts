/** What runs inside the dispatch panel: puts the contents in place, keeps them while hidden, and reports clicks. */

/** From the extension. */
export interface Render {
  readonly type: 'render';
  readonly contents: string;
  readonly status: string;
}

/** To the extension. */
export type Report =
  | { readonly type: 'ready' }
  | { readonly type: 'start' }
  | { readonly type: 'open' | 'breakpoint' | 'memory'; readonly hop: number };

interface Kept {
  readonly contents: string;
  readonly status: string;
  readonly top: number;
}

declare function acquireVsCodeApi(): {
  postMessage(message: Report): void;
  getState(): Kept | undefined;
  setState(state: Kept): void;
};

const api = acquireVsCodeApi();
const contents = document.getElementById('contents')!;
const status = document.getElementById('status')!;
let kept: Kept = api.getState() ?? { contents: '', status: '', top: 0 };

function keep(change: Partial<Kept>): void {
  kept = { ...kept, ...change };
  api.setState(kept);
}

/** What finds a button again after its element has been replaced. */
function selectorOf(element: Element | null): string | undefined {
  const { action, hop } = (element as HTMLElement | null)?.dataset ?? {};
  return action === undefined
    ? undefined
    : `[data-action="${action}"]${hop === undefined ? '' : `[data-hop="${hop}"]`}`;
}

function render(text: string, said: string): void {
  const focused = selectorOf(document.activeElement);
  // The extension has escaped what comes from the guest; scripts cannot run here in any case.
  contents.innerHTML = text;
  if (status.textContent !== said) status.textContent = said;
  if (focused) contents.querySelector<HTMLElement>(focused)?.focus();
}

window.addEventListener('message', ({ data }: MessageEvent<Render>) => {
  if (data.type !== 'render') return;
  const moved = data.status !== kept.status;
  render(data.contents, data.status);
  keep({ contents: data.contents, status: data.status });
  if (moved) contents.querySelector('.present')?.scrollIntoView({ block: 'nearest' });
});

contents.addEventListener('click', ({ target }) => {
  const button = (target as Element).closest<HTMLElement>('[data-action]');
  const { action, hop } = button?.dataset ?? {};
  if (action === 'start') api.postMessage({ type: 'start' });
  else if (action === 'open' || action === 'breakpoint' || action === 'memory')
    api.postMessage({ type: action, hop: Number(hop) });
});

/** Arrow keys go from hop to hop, Home and End to the first and the last. */
contents.addEventListener('keydown', (event) => {
  const titles = [...contents.querySelectorAll<HTMLElement>('button.title')];
  const at = titles.findIndex((title) => title.closest('.hop')?.contains(document.activeElement));
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: titles.length - 1 }[event.key];
  if (at < 0 || to === undefined || !titles[to]) return;
  event.preventDefault();
  titles[to].focus();
});

let scrolled: number | undefined;
window.addEventListener('scroll', () => {
  clearTimeout(scrolled);
  scrolled = window.setTimeout(() => keep({ top: window.scrollY }), 100);
});

render(kept.contents, kept.status);
window.scrollTo(0, kept.top);
api.postMessage({ type: 'ready' });

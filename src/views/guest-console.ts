/** So much of what a guest has said is kept for a terminal that is opened later: more than VS Code's own scroll-back holds. */
const KEPT = 400_000;
/** A terminal's answer to these would be typed into the guest: cursor position, status, attributes. */
const QUERIES = /\x1b\[[?>=]?[0-9;]*[nc]/g;

/** What a guest has said on its serial console, so that a terminal opened later shows it too. */
export class ConsoleHistory {
  private parts: string[] = [];
  private size = 0;

  add(text: string): void {
    this.parts.push(text);
    this.size += text.length;
    if (this.size < 2 * KEPT) return;
    const all = this.parts.join('');
    // A line that is cut in the middle, perhaps within a control sequence, would look odd.
    const start = all.indexOf('\n', all.length - KEPT) + 1;
    this.parts = [all.slice(start)];
    this.size = all.length - start;
  }

  /** All that is kept, without what a terminal would answer: it has answered at the time. */
  get text(): string {
    return this.parts.join('').replace(QUERIES, '');
  }
}

/** Finding lines and files. Pure text, so that it is tested without VS Code. */

/** A line that was found. */
export interface Match {
  /** 1-based. */
  readonly line: number;
  /** 0-based, in characters. */
  readonly column: number;
  readonly length: number;
  /** The line as it is. */
  readonly text: string;
}

/**
 * What was typed into a search box: `/…/` is a regular expression, with `i` behind it whatever the case; anything else is the text itself,
 * whatever the case unless it has a capital.
 * @throws SyntaxError for a regular expression that is none
 */
export function searchPattern(typed: string): RegExp {
  const expression = /^\/(.+)\/(i?)$/.exec(typed);
  if (expression) return new RegExp(expression[1], expression[2]);
  const text = typed.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(text, /[A-Z]/.test(typed) ? '' : 'i');
}

/** Lines of a text in which a pattern is found, by its first place in each. */
export function matchingLines(text: string, pattern: RegExp): Match[] {
  const whole = new RegExp(pattern.source, pattern.flags + 'm');
  // Most files have none.
  if (!whole.test(text)) return [];
  return text.split('\n').flatMap((content, i) => {
    const found = pattern.exec(content);
    return found ? [{ line: i + 1, column: found.index, length: found[0].length, text: content }] : [];
  });
}

/** Results as a text: a heading, then each file with its lines. `links` are the places of its lines, by the text's line from 0. */
export function resultText<File extends { readonly path: string }>(
  heading: string,
  results: readonly { readonly file: File; readonly matches: readonly Match[] }[],
): { text: string; links: Map<number, { file: File; match: Match }> } {
  const lines = [heading, ''];
  const links = new Map<number, { file: File; match: Match }>();
  for (const { file, matches } of results) {
    lines.push(`${file.path}:`);
    for (const match of matches) {
      links.set(lines.length, { file, match });
      lines.push(`${String(match.line).padStart(6)}: ${match.text}`);
    }
    lines.push('');
  }
  return { text: lines.join('\n'), links };
}

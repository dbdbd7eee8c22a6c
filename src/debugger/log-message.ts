/** A log message: plain text and expressions in turn. */
export type LogPart =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'expression'; readonly text: string };

/**
 * Splits a log message at its {expressions}. Braces within an expression nest, quotes protect them, `\{` and `\}` are braces as such.
 * @throws Error with one sentence where braces do not match or are empty
 */
export function parseLogMessage(message: string): LogPart[] {
  const parts: LogPart[] = [];
  let text = '';
  for (let i = 0; i < message.length; i++) {
    const character = message[i];
    if (character === '\\' && (message[i + 1] === '{' || message[i + 1] === '}')) {
      text += message[++i];
    } else if (character === '{') {
      const end = closingBrace(message, i);
      const expression = message.slice(i + 1, end).trim();
      if (expression === '') throw new Error('The log message has an empty expression {}.');
      if (text) parts.push({ kind: 'text', text });
      text = '';
      parts.push({ kind: 'expression', text: expression });
      i = end;
    } else text += character;
  }
  if (text) parts.push({ kind: 'text', text });
  return parts;
}

function closingBrace(message: string, open: number): number {
  let depth = 0;
  let quote = '';
  for (let i = open; i < message.length; i++) {
    const character = message[i];
    if (quote) {
      if (character === '\\') i++;
      else if (character === quote) quote = '';
    } else if (character === '"' || character === "'") quote = character;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return i;
  }
  throw new Error(`The log message has a "{" without its "}" (at character ${open + 1}).`);
}

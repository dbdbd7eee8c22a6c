import assert from 'node:assert/strict';
import { ConsoleHistory } from '../../src/views/guest-console';

describe('what a guest has said', () => {
  it('is kept as it was said', () => {
    const history = new ConsoleHistory();
    history.add('sock');
    history.add('scope# \x1b[31mred\x1b[0m\r\n');
    assert.equal(history.text, 'sockscope# \x1b[31mred\x1b[0m\r\n');
  });

  it('is shown again without the questions that a terminal answers', () => {
    const history = new ConsoleHistory();
    history.add('\x1b[6n\x1b[c\x1b[>0c\x1b[?25hprompt\x1b[');
    history.add('5n$ ');
    assert.equal(history.text, '\x1b[?25hprompt$ ');
  });

  it('is cut at the beginning of a line when it gets long', () => {
    const history = new ConsoleHistory();
    const line = (i: number): string => `line ${i}${' '.repeat(80)}\n`;
    for (let i = 0; i < 50_000; i++) history.add(line(i));
    const { text } = history;
    assert.ok(text.length >= 390_000 && text.length < 900_000, `${text.length} characters`);
    assert.ok(text.startsWith('line ') && text.endsWith(line(49_999)));
  });
});

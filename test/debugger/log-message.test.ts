import * as assert from 'node:assert/strict';
import { parseLogMessage } from '../../src/debugger/log-message';

/** Parts in short: expressions in angle brackets. */
const parts = (message: string): string[] =>
  parseLogMessage(message).map(({ kind, text }) => (kind === 'text' ? text : `<${text}>`));

describe('debugger: log messages', () => {
  const CASES: [message: string, parts: string[]][] = [
    ['plain', ['plain']],
    ['fd={fd}', ['fd=', '<fd>']],
    ['{a}{ b }', ['<a>', '<b>']],
    ['{(struct pair){1, 2}} end', ['<(struct pair){1, 2}>', ' end']],
    ['{f == \'}\'} {s == "}\\""}', ["<f == '}'>", ' ', '<s == "}\\"">']],
    ['\\{not one\\}', ['{not one}']],
    ['a } alone', ['a } alone']],
  ];
  for (const [message, expected] of CASES)
    it(`splits ${message}`, () => {
      assert.deepEqual(parts(message), expected);
    });
  it('refuses an open brace and an empty expression', () => {
    assert.throws(() => parseLogMessage('x {a'), /without its "}" \(at character 3\)/);
    assert.throws(() => parseLogMessage('x { }'), /empty expression/);
  });
});

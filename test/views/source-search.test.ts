import assert from 'node:assert/strict';
import { matchingLines, resultText, searchPattern } from '../../src/views/source-search';

describe('views: search in sources', () => {
  it('takes a text as it is, and minds its case where it has a capital', () => {
    assert.ok(searchPattern('sys_bind(').test('__SYS_BIND(int'));
    assert.ok(!searchPattern('SYS_BIND').test('__sys_bind'));
    assert.ok(searchPattern('a[0]').test('= a[0];'));
    assert.ok(!searchPattern('a.b').test('a->b'));
  });

  it('takes /…/ as a regular expression', () => {
    assert.ok(searchPattern('/^case SYS_[AB]/').test('case SYS_BIND:'));
    assert.ok(!searchPattern('/^case sys_/').test('case SYS_BIND:'));
    assert.ok(searchPattern('/^case sys_/i').test('case SYS_BIND:'));
    assert.throws(() => searchPattern('/(/'), SyntaxError);
    assert.ok(searchPattern('/').test('a/b'), 'a single stroke is a text');
  });

  it('finds lines, each once', () => {
    const text = 'one\n\ttwo two\n\nTWO';
    assert.deepEqual(matchingLines(text, searchPattern('two')), [
      { line: 2, column: 1, length: 3, text: '\ttwo two' },
      { line: 4, column: 0, length: 3, text: 'TWO' },
    ]);
    assert.deepEqual(matchingLines(text, searchPattern('/^o.e$/')).length, 1, '^ and $ are those of a line');
    assert.deepEqual(matchingLines(text, searchPattern('three')), []);
  });

  it('writes results with a link for each line', () => {
    const file = { path: 'net/socket.c' };
    const match = { line: 3042, column: 2, length: 4, text: '\t\terr = 1;' };
    const { text, links } = resultText('1 line', [{ file, matches: [match] }]);
    assert.deepEqual(text.split('\n'), ['1 line', '', 'net/socket.c:', '  3042: \t\terr = 1;', '']);
    assert.deepEqual([...links], [[3, { file, match }]]);
  });
});

import * as assert from 'node:assert/strict';
import { parseHitCondition } from '../../src/debugger/hit-counts';

describe('debugger: hit counts', () => {
  const CASES: [text: string, stops: number[]][] = [
    ['3', [3]],
    ['==3', [3]],
    ['= 3', [3]],
    ['>3', [4, 5, 6]],
    ['>= 3', [3, 4, 5, 6]],
    ['<3', [1, 2]],
    ['<=3', [1, 2, 3]],
    ['!=3', [1, 2, 4, 5, 6]],
    [' %3 ', [3, 6]],
  ];
  for (const [text, stops] of CASES) {
    it(`"${text}" stops at ${stops.join(', ')} of six hits`, () => {
      const test = parseHitCondition(text);
      assert.deepEqual(
        [1, 2, 3, 4, 5, 6].filter((hit) => test(hit)),
        stops,
      );
    });
  }
  for (const text of ['', 'often', '3x', '>', '-1', '%0', '=>3'])
    it(`"${text}" is refused in one sentence`, () => {
      assert.throws(() => parseHitCondition(text), /^Error: The hit count .*\.$/);
    });
});

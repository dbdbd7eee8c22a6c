import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './fixture';

/** Line of a project's source that contains a text. */
export function lineOf(file: string, text: string): number {
  const line =
    readFileSync(path.join(ROOT, file), 'utf8')
      .split('\n')
      .findIndex((each) => each.includes(text)) + 1;
  assert.ok(line > 0, `${file} has no "${text}"`);
  return line;
}

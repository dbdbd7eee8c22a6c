import assert from 'node:assert/strict';
import type { Context, Suite } from 'mocha';

/** For a suite whose tests share one session, each going on where the one before it ended: what follows a failure fails at once. */
export function chained(suite: Suite): void {
  let broken: string | undefined;
  suite.beforeEach(() => assert.equal(broken, undefined, 'not reached: an earlier part of this session failed'));
  suite.afterEach(function (this: Context) {
    if (this.currentTest?.state === 'failed') broken = this.currentTest.title;
  });
}

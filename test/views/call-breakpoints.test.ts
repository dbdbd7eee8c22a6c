import assert from 'node:assert/strict';
import {
  commOf,
  isCallBreakpoint,
  isOn,
  momentWord,
  nameFor,
  programOf,
  withProgram,
} from '../../src/views/call-breakpoints';

const named = (functionName: string): { functionName: string } => ({ functionName });

describe('views: names of system-call breakpoints', () => {
  it('a breakpoint belongs to the row of its call, whatever its moment', () => {
    for (const name of ['catch:bind', 'catch:bind:return', 'catch:bind:fail', 'catch:bind:EADDRINUSE']) {
      assert.ok(isOn(named(name), { call: 'bind' }), name);
      assert.ok(!isOn(named(name), { call: 'listen' }), name);
      assert.ok(!isOn(named(name), { case: 'SYS_BIND' }), name);
      assert.ok(isCallBreakpoint(named(name)), name);
    }
    for (const name of ['SYS_BIND', 'socketcall:SYS_BIND', 'socketcall:bind']) {
      assert.ok(isOn(named(name), { case: 'SYS_BIND' }), name);
      assert.ok(!isOn(named(name), { call: 'bind' }), name);
      assert.ok(isCallBreakpoint(named(name)), name);
    }
    for (const name of ['__sys_bind', 'catch:', 'catch:bind:never', 'catch:bind:return:2', '']) {
      assert.ok(!isCallBreakpoint(named(name)), name);
    }
  });

  it('the name says the moment, and is read back', () => {
    assert.equal(nameFor({ call: 'bind' }), 'catch:bind');
    assert.equal(nameFor({ call: 'bind' }, { kind: 'return' }), 'catch:bind:return');
    assert.equal(nameFor({ call: 'bind' }, { kind: 'error', number: 98 }), 'catch:bind:EADDRINUSE');
    assert.equal(nameFor({ case: 'SYS_BIND' }), 'socketcall:SYS_BIND');
    const words = ['catch:bind', 'catch:bind:entry', 'catch:bind:fail', 'catch:bind:EADDRINUSE', 'SYS_BIND'].map(
      (name) => momentWord(named(name)),
    );
    assert.deepEqual(words, ['', '', 'fail', 'EADDRINUSE', '']);
  });

  it('a condition is limited to a program, and the limit is taken away again', () => {
    const cases: [condition: string | undefined, program: string | undefined, result: string | undefined][] = [
      [undefined, 'hello', '$comm == "hello"'],
      [undefined, undefined, undefined],
      ['$comm == "hello"', 'replyhi', '$comm == "replyhi"'],
      ['$comm == "hello"', undefined, undefined],
      ['fd == 3', 'hello', '$comm == "hello" && fd == 3'],
      ['a || b', 'hello', '$comm == "hello" && (a || b)'],
      ['$comm == "hello" && (a || b)', undefined, 'a || b'],
      ['$comm == "hello" && (a || b)', 'x', '$comm == "x" && (a || b)'],
      ['$comm == "hello" && a || b', undefined, '$comm == "hello" && a || b'],
      ['a || b && $comm == "hello"', 'x', '$comm == "x" && (a || b && $comm == "hello")'],
      ['$comm == "hello" && f(a, b)', 'x', '$comm == "x" && f(a, b)'],
      ['$comm == "hello" && (a) == (b)', undefined, '(a) == (b)'],
      ['fd == 3 && $comm == "hello"', 'x', '$comm == "x" && fd == 3'],
      ['fd == 3', undefined, 'fd == 3'],
      [undefined, 'a"b\\c', '$comm == "a\\"b\\\\c"'],
      ['$comm == "a\\"b"', undefined, undefined],
    ];
    for (const [condition, program, result] of cases) {
      assert.equal(withProgram(condition, program), result, `${condition} for ${program}`);
      if (program !== undefined) assert.equal(programOf(result), program);
    }
  });

  it('a program is named as the kernel knows it', () => {
    assert.equal(commOf('/bin/replyhi'), 'replyhi');
    assert.equal(commOf('a-very-long-program-name'), 'a-very-long-pro');
  });
});

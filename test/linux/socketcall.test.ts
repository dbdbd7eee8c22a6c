import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ensureGuest } from '../../scripts/guest.mjs';
import { caseAtLine, caseNameOf, findSocketcallCases, type SocketcallCase } from '../../src/linux/socketcall';
import { systemCallAliases } from '../../src/linux/system-calls';

const NAMES = (
  'SOCKET BIND CONNECT LISTEN ACCEPT GETSOCKNAME GETPEERNAME SOCKETPAIR SEND SENDTO RECV RECVFROM SHUTDOWN SETSOCKOPT GETSOCKOPT ' +
  'SENDMSG SENDMMSG RECVMSG RECVMMSG ACCEPT4'
)
  .split(' ')
  .map((name) => `SYS_${name}`);

describe('linux: the socketcall switch in the kernel’s source', function () {
  this.timeout(20 * 60_000);
  let cases: SocketcallCase[];
  let lines: string[];

  before(async () => {
    const { sources } = await ensureGuest();
    const text = readFileSync(path.join(sources, 'net/socket.c'), 'utf8');
    lines = text.split('\n');
    cases = findSocketcallCases(text);
  });

  it('has the twenty cases, in their order', () => {
    assert.deepEqual(
      cases.map(({ name }) => name),
      NAMES,
    );
  });

  it('each with its label and the statement behind it', () => {
    for (const { name, label, statement } of cases) {
      assert.match(lines[label - 1], new RegExp(`^\\s*case ${name}:$`));
      assert.match(lines[statement - 1], /^\s*(err =|if \()/);
      assert.ok(statement > label && statement <= label + 2);
    }
  });

  it('a line belongs to the case above it, up to the next', () => {
    for (const each of cases) {
      assert.equal(caseAtLine(cases, each.label), each);
      assert.equal(caseAtLine(cases, each.statement), each);
    }
    assert.equal(caseAtLine(cases, cases[0].label - 1), undefined);
    assert.equal(caseAtLine(cases, cases[19].statement + 20), undefined, 'the rest of the function is no case');
  });

  it('comments and labels that share a statement', () => {
    const text = `SYSCALL_DEFINE2(socketcall, int, call)\n{\n\tswitch (call) {\n\tcase SYS_SEND:\n\t\t/* as */\n\tcase SYS_RECV:\n\t\terr = 1;\n\t}\n}\ncase SYS_BIND:\n`;
    assert.deepEqual(findSocketcallCases(text), [
      { name: 'SYS_SEND', label: 4, statement: 7 },
      { name: 'SYS_RECV', label: 6, statement: 7 },
    ]);
    assert.deepEqual(findSocketcallCases('int main(void) { return 0; }'), []);
  });

  it('is asked for by several names', () => {
    for (const name of ['SYS_BIND', 'socketcall:SYS_BIND', 'socketcall:bind'])
      assert.equal(caseNameOf(name), 'SYS_BIND');
    assert.equal(caseNameOf('SYS_ACCEPT4'), 'SYS_ACCEPT4');
    for (const name of ['bind', 'sys_bind', 'SYS_', 'socketcall', 'other:SYS_BIND', '__SYS_BIND'])
      assert.equal(caseNameOf(name), undefined, name);
  });
});

describe('linux: names of system calls', () => {
  it('what people say stands for what the kernel has, the inner function first', () => {
    for (const name of [
      'sys_bind',
      '__ia32_sys_bind',
      '__se_sys_bind',
      '__do_sys_bind',
      '__x64_sys_bind',
      'SyS_bind',
    ]) {
      assert.equal(systemCallAliases(name)[0], '__sys_bind', name);
      assert.equal(systemCallAliases(name)[1], '__ia32_sys_bind', name);
    }
    assert.deepEqual(systemCallAliases('bind'), []);
    assert.deepEqual(systemCallAliases('tcp_sendmsg'), []);
  });
});

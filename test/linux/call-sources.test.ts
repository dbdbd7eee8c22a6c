import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { findDefinitions, parseSystemCallTable, SYSTEM_CALL_FILE } from '../../src/linux/call-sources';
import { ensureGuest } from '../../scripts/guest.mjs';
import { PREPARATION } from '../adapter/fixture';

describe('linux: system calls in the kernel’s sources', () => {
  it('the table gives number and entry function', () => {
    const text = [
      '# comment',
      '0\ti386\trestart_syscall\t\tsys_restart_syscall',
      '82\ti386\tselect\t\t\tsys_old_select\t\tcompat_sys_old_select',
      '17\ti386\tbreak',
      '137\ti386\tafs_syscall\tsys_ni_syscall',
      '102\ti386\tsocketcall\t\tsys_socketcall\t\tcompat_sys_socketcall',
    ].join('\n');
    assert.deepEqual(parseSystemCallTable(text), [
      { number: 0, name: 'restart_syscall', line: 2 },
      { number: 82, name: 'old_select', line: 3 },
      { number: 102, name: 'socketcall', line: 6 },
    ]);
  });

  it('definitions are found by their macro', () => {
    const text =
      'x\nSYSCALL_DEFINE2(socketcall, int, call,\nCOMPAT_SYSCALL_DEFINE2(a, b)\n SYSCALL32_DEFINE0(sigreturn)\n/* SYSCALL_DEFINE1(no */';
    assert.deepEqual(findDefinitions(text), [
      { name: 'socketcall', line: 2 },
      { name: 'sigreturn', line: 4 },
    ]);
    assert.deepEqual(findDefinitions(''), []);
  });

  it('the built kernel’s sources have the table, and define each socket call once', async function () {
    this.timeout(PREPARATION);
    const sources = path.join((await ensureGuest()).dir, 'sources');
    const calls = parseSystemCallTable(fs.readFileSync(path.join(sources, SYSTEM_CALL_FILE), 'utf8'));
    assert.ok(calls.length > 400, `${calls.length} calls`);
    const socket = findDefinitions(fs.readFileSync(path.join(sources, 'net/socket.c'), 'utf8')).map(({ name }) => name);
    for (const call of ['socketcall', 'socket', 'bind', 'connect', 'accept4', 'sendmsg', 'recvmsg', 'shutdown']) {
      assert.equal(socket.filter((name) => name === call).length, 1, call);
      assert.ok(
        calls.some(({ name }) => name === call),
        call,
      );
    }
  });
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { straceName } from '../../src/linux/strace-call-names';
import { descriptionOf } from '../../src/linux/strace-calls';
import { DescribedParameters } from '../../src/linux/strace-described';
import { FILE_NAMES } from '../../src/linux/strace-names-files';
import { signalName, signalSet } from '../../src/linux/strace-names';
import { MemoryError } from '../../src/debugger/target';
import { PREPARATION, prepared } from '../adapter/fixture';

/** Words that decide what a call's other arguments are: commands, flags. */
const DECIDING = [...Array(1100).keys(), 0x1200011, 0x410000, 0x8001, 0xa1b2c3d4 | 0, 0xc0ed0020 | 0, -1];

describe('linux: descriptions of system calls for strace’s notation', function () {
  this.timeout(PREPARATION);

  it('names of calls are those of the kernel’s table', async () => {
    const { sources } = await prepared();
    const table = readFileSync(path.join(sources, 'arch/x86/entry/syscalls/syscall_32.tbl'), 'utf8');
    const rows = [...table.matchAll(/^(\d+)\s+i386\s+(\w+)/gm)];
    for (const [, number, name] of rows) assert.equal(straceName(Number(number), 'other', false), name, number);
    assert.ok(rows.length > 430, `${rows.length} rows`);
    assert.equal(straceName(102, 'bind', true), 'bind');
  });

  it('every description can be read, whatever the words are, also where no memory is mapped', () => {
    const read = (address: number): never => {
      throw new MemoryError(address);
    };
    const described = new DescribedParameters({ read, readAvailable: () => new Uint8Array() }, 32);
    let calls = 0, kinds = 0; // prettier-ignore
    for (let number = 0; number < 470; number++) {
      const name = straceName(number, '', false);
      if (name === '' || descriptionOf(name, [0, 0, 0, 0, 0, 0]) === undefined) continue;
      calls++;
      const seen = new Set<string>();
      for (const word of DECIDING) {
        for (const words of [Array<number>(6).fill(word), [0, word, word, 0, 0, 0], [3, 1, 2, word, 5, 6]]) {
          const description = descriptionOf(name, words) ?? '';
          if (seen.has(description)) continue;
          seen.add(description);
          const before = described.atEntry(name, { words });
          const after = described.atReturn(name, { words }, before ?? [], 0);
          const names = described.names(name, { words });
          assert.ok(before && after && names && before.length === after.length && before.length === names.length, name);
          kinds++;
        }
      }
    }
    console.log(`      ${calls} calls, with ${kinds} kinds of arguments`);
    assert.ok(calls > 290, `${calls} calls`);
  });

  it('flags, names and signals that are not known are numbers with a remark', () => {
    assert.equal(FILE_NAMES.whence.one(77), '0x4d /* SEEK_??? */');
    assert.equal(FILE_NAMES.at.flags(0x100 | 0x40000000), 'AT_SYMLINK_NOFOLLOW|0x40000000');
    assert.equal(FILE_NAMES.at.flags(0x40000000), '0x40000000 /* AT_??? */');
    assert.equal(FILE_NAMES.at.flags(0), '0');
    assert.deepEqual([17, 32, 33, 64, 65, 0].map(signalName), [
      'SIGCHLD',
      'SIGRTMIN',
      'SIGRT_1',
      'SIGRT_32',
      '65',
      '0',
    ]);
    assert.equal(signalSet([1 << 16, 0]), '[CHLD]');
    assert.equal(signalSet([~(1 << 8), ~0]), '~[KILL]');
  });
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  familyName, levelName, messageFlags, optionName, protocolName, shutdownName, socketTypeName, SOCKETCALLS,
} from '../../src/linux/socket-constants'; // prettier-ignore

/** Names as this host's C headers define them, with their values; names that they lack are left out. */
function valuesInC(names: readonly string[]): Map<string, number> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'sockscope-constants-'));
  try {
    const headers = [
      'sys/socket.h',
      'netinet/in.h',
      'netinet/tcp.h',
      'linux/net.h',
      'linux/if_packet.h',
      'linux/udp.h',
      'stdio.h',
    ];
    const lines = names.map((name) => `#ifdef ${name}\n  printf("${name} %ld\\n", (long)${name});\n#endif`);
    const source = `#define _GNU_SOURCE\n${headers.map((h) => `#include <${h}>\n`).join('')}
${ENUMERATORS.map((name) => `#define ${name} ${name}\n`).join('')}
int main(void) {\n${lines.join('\n')}\n  return 0;\n}\n`;
    const file = path.join(folder, 'constants');
    writeFileSync(`${file}.c`, source);
    execFileSync('gcc', ['-m32', '-w', '-o', file, `${file}.c`]);
    const output = execFileSync(file, { encoding: 'utf8' });
    return new Map(
      output
        .trim()
        .split('\n')
        .map((line) => line.split(' '))
        .map(([name, value]) => [name, Number(value)]),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Names that headers define as enumerators only, so that #ifdef does not see them. */
const ENUMERATORS = ['SHUT_RD', 'SHUT_WR', 'SHUT_RDWR'];

/** All names in the module's tables: they are what its source quotes. */
function namesInModule(pattern: RegExp): string[] {
  const text = readFileSync(path.resolve(__dirname, '../../src/linux/socket-constants.ts'), 'utf8');
  return [
    ...new Set(
      [...text.matchAll(/'([A-Z][A-Z0-9_a-z]+)'/g)].map(([, name]) => name).filter((name) => pattern.test(name)),
    ),
  ];
}

/** Compares names with C's values by a function that gives the name of a value. */
function compare(names: string[], nameOf: (value: number) => string, least: number): void {
  const values = valuesInC(names);
  for (const [name, value] of values) assert.equal(nameOf(value), name, `${name} is ${value}`);
  assert.ok(values.size >= least, `${values.size} of ${names.length} names compared`);
}

describe('linux: numbers of the socket interface, compared with this host’s C headers', () => {
  it('the calls of socketcall', () => {
    compare(namesInModule(/^SYS_/), (value) => SOCKETCALLS[value] ?? '', 20);
  });
  it('address families', () => {
    compare(namesInModule(/^AF_/), familyName, 40);
  });
  it('socket types and their flags', () => {
    const flags = ['SOCK_NONBLOCK', 'SOCK_CLOEXEC'];
    const types = namesInModule(/^SOCK_/).filter((name) => !flags.includes(name));
    compare(types, socketTypeName, 7);
    const values = valuesInC(flags);
    for (const flag of flags) assert.equal(socketTypeName(1 | values.get(flag)!), `SOCK_STREAM|${flag}`);
  });
  it('protocols', () => {
    compare(namesInModule(/^IPPROTO_/), (value) => protocolName(value, 2), 20);
    assert.equal(protocolName(6, 1), '6', 'AF_UNIX has protocols of its own');
  });
  it('message flags', () => {
    compare(namesInModule(/^MSG_/), messageFlags, 18);
    assert.equal(messageFlags(0), '0');
    assert.equal(messageFlags(0x42), 'MSG_PEEK|MSG_DONTWAIT');
    assert.equal(messageFlags(0x10000001 | 0), 'MSG_OOB|0x10000000');
  });
  it('shutdown', () => {
    compare(ENUMERATORS, shutdownName, 3);
  });
  it('levels', () => {
    compare(namesInModule(/^SOL_/), levelName, 6);
  });
  for (const [prefix, level, least] of [
    ['SO_', 1, 40],
    ['IP_', 0, 35],
    ['TCP_', 6, 25],
    ['PACKET_', 263, 15],
  ] as const) {
    it(`options ${prefix}…`, () => {
      // The _OLD and _NEW forms have one name in user space.
      const names = namesInModule(new RegExp(`^${prefix}`)).filter((name) => !/_(OLD|NEW)$/.test(name));
      compare(names, (value) => optionName(level, value), least);
    });
  }
  it('what has no name is a number', () => {
    assert.equal(familyName(99), '99');
    assert.equal(optionName(1, 999), '999');
    assert.equal(shutdownName(7), '7');
    assert.equal(levelName(999), '999');
  });
});

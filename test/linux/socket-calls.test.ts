import assert from 'node:assert/strict';
import { MemoryError } from '../../src/debugger/target';
import type { ReadMemory } from '../../src/linux/argument-values';
import { decodeArguments } from '../../src/linux/brief-values';
import { callOfCase, SOCKET_CALLS } from '../../src/linux/socket-calls';

/** A memory with a few things in it; everything else is not mapped. */
class FakeMemory {
  private readonly parts = new Map<number, Uint8Array>();

  put(address: number, bytes: Uint8Array | string): this {
    this.parts.set(address, typeof bytes === 'string' ? Buffer.from(bytes) : bytes);
    return this;
  }

  words(address: number, ...words: number[]): this {
    return this.put(address, new Uint8Array(Uint32Array.from(words).buffer));
  }

  readonly read: ReadMemory = (address, length) => {
    for (const [start, bytes] of this.parts) {
      if (address >= start && address + length <= start + bytes.length)
        return bytes.subarray(address - start, address - start + length);
    }
    throw new MemoryError(address);
  };
}

const LOOPBACK = Uint8Array.from([2, 0, 0x13, 0x89, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);

describe('linux: arguments of socket calls', () => {
  const memory = new FakeMemory()
    .put(0x1000, LOOPBACK)
    .put(0x2000, 'hello\n\x01"quoted"')
    .put(0x3000, 'x'.repeat(200))
    .words(0x4000, 16)
    .words(0x5000, 1)
    .words(0x6000, 0x1000, 16, 0x6100, 2, 0, 0, 0)
    .words(0x6100, 0x2000, 5, 0x3000, 100)
    .words(0x7000, 2, 500000)
    .words(0x8000, 0b1010, 0);

  const cases: [call: string, words: number[], decoded: Record<string, string | number>][] = [
    ['socket', [2, 1, 6], { family: 'AF_INET', type: 'SOCK_STREAM', protocol: 'IPPROTO_TCP' }],
    ['socket', [1, 0x80802, 0], { family: 'AF_UNIX', type: 'SOCK_DGRAM|SOCK_NONBLOCK|SOCK_CLOEXEC', protocol: '0' }],
    ['socketpair', [1, 1, 0, 0x9000], { family: 'AF_UNIX', type: 'SOCK_STREAM', protocol: '0', sv: '0x9000' }],
    ['bind', [3, 0x1000, 16], { fd: 3, addr: '127.0.0.1:5001', addrlen: 16 }],
    ['connect', [3, 0x1000, 16], { fd: 3, addr: '127.0.0.1:5001', addrlen: 16 }],
    ['connect', [3, 0xdead0000, 16], { fd: 3, addr: '0xdead0000', addrlen: 16 }],
    ['connect', [-1, 0, 0], { fd: -1, addr: 'NULL', addrlen: 0 }],
    ['listen', [3, 5], { fd: 3, backlog: 5 }],
    ['accept', [3, 0x1000, 0x4000], { fd: 3, addr: '0x1000', addrlen: '[16]' }],
    ['accept', [3, 0, 0], { fd: 3, addr: 'NULL', addrlen: 'NULL' }],
    ['accept4', [3, 0, 0, 0x800], { fd: 3, addr: 'NULL', addrlen: 'NULL', flags: 'SOCK_NONBLOCK' }],
    ['getsockname', [3, 0x1000, 0x4000], { fd: 3, addr: '0x1000', addrlen: '[16]' }],
    ['getpeername', [3, 0x1000, 0x4000], { fd: 3, addr: '0x1000', addrlen: '[16]' }],
    ['send', [4, 0x2000, 6, 0x4000], { fd: 4, buf: '"hello\\n"', len: 6, flags: 'MSG_NOSIGNAL' }],
    ['send', [4, 0x2006, 9, 0], { fd: 4, buf: '"\\x01\\"quoted\\""', len: 9, flags: '0' }],
    [
      'sendto',
      [4, 0x3000, 100, 0x40, 0x1000, 16],
      { fd: 4, buf: `"${'x'.repeat(64)}"…`, len: 100, flags: 'MSG_DONTWAIT', addr: '127.0.0.1:5001', addrlen: 16 },
    ],
    ['recv', [4, 0x2000, 6, 0], { fd: 4, buf: '0x2000', len: 6, flags: '0' }],
    [
      'recvfrom',
      [4, 0x2000, 6, 2, 0x1000, 0x4000],
      { fd: 4, buf: '0x2000', len: 6, flags: 'MSG_PEEK', addr: '0x1000', addrlen: '[16]' },
    ],
    ['shutdown', [3, 1], { fd: 3, how: 'SHUT_WR' }],
    [
      'setsockopt',
      [3, 1, 2, 0x5000, 4],
      { fd: 3, level: 'SOL_SOCKET', optname: 'SO_REUSEADDR', optval: '[1]', optlen: 4 },
    ],
    [
      'setsockopt',
      [3, 1, 13, 0x7000, 8],
      {
        fd: 3,
        level: 'SOL_SOCKET',
        optname: 'SO_LINGER',
        optval: '{0x02 0x00 0x00 0x00 0x20 0xa1 0x07 0x00}',
        optlen: 8,
      },
    ],
    [
      'getsockopt',
      [3, 6, 1, 0x5000, 0x4000],
      { fd: 3, level: 'SOL_TCP', optname: 'TCP_NODELAY', optval: '0x5000', optlen: '[16]' },
    ],
    ['sendmsg', [3, 0x6000, 0], { fd: 3, msg: '{name=127.0.0.1:5001, iov=[{0x2000, 5}, {0x3000, 100}]}', flags: '0' }],
    [
      'recvmsg',
      [3, 0x6000, 0x100],
      // Where the name will go.
      { fd: 3, msg: '{name=0x1000, iov=[{0x2000, 5}, {0x3000, 100}]}', flags: 'MSG_WAITALL' },
    ],
    ['sendmmsg', [3, 0x6000, 1, 0], { fd: 3, vec: '0x6000', vlen: 1, flags: '0' }],
    ['recvmmsg', [3, 0x6000, 1, 0, 0x7000], { fd: 3, vec: '0x6000', vlen: 1, flags: '0', timeout: '{2, 500000}' }],
    ['select', [4, 0x8000, 0, 0, 0x7000], { n: 4, inp: '[1 3]', outp: 'NULL', exp: 'NULL', tvp: '{2, 500000}' }],
    ['sendfile', [4, 3, 0x4000, 8000], { out_fd: 4, in_fd: 3, offset: '[16]', count: 8000 }],
    ['socketcall', [2, 0x5000], { call: 'SYS_BIND', args: '0x5000' }],
    ['socketcall', [99, 0x5000], { call: 99, args: '0x5000' }],
  ];
  for (const [call, words, decoded] of cases) {
    it(`${call}(${words.map((word) => (word > 255 ? `0x${word.toString(16)}` : word)).join(', ')})`, () =>
      assert.deepEqual(decodeArguments(call, words, memory.read), decoded));
  }

  it('covers each call of the interface', () => {
    assert.deepEqual(new Set(cases.map(([call]) => call)), new Set(Object.keys(SOCKET_CALLS)));
  });

  it('words that are not known are said to be', () => {
    assert.deepEqual(decodeArguments('listen', [3], memory.read), { fd: 3, backlog: '<optimized out>' });
  });

  it('other calls are none of its business', () => {
    assert.equal(decodeArguments('read', [1, 2, 3], memory.read), undefined);
    assert.equal(decodeArguments('constructor', [], memory.read), undefined);
  });

  it('cases have the names of calls', () => {
    assert.equal(callOfCase('SYS_GETSOCKNAME'), 'getsockname');
    assert.equal(callOfCase('SYS_ACCEPT4'), 'accept4');
  });
});

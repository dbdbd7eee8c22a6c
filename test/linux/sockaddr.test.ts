import assert from 'node:assert/strict';
import { formatIpv6, formatSockaddr } from '../../src/linux/sockaddr';

const bytes = (...parts: (number[] | string)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : part)));

describe('linux: socket addresses as text', () => {
  const cases: [what: string, address: Uint8Array, text: string][] = [
    ['IPv4, port in network order', bytes([2, 0, 0x13, 0x89, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), '127.0.0.1:5001'],
    ['IPv4 without padding', bytes([2, 0, 0, 80, 10, 1, 2, 3]), '10.1.2.3:80'],
    ['IPv4 cut short', bytes([2, 0, 0, 80, 10, 1]), 'AF_INET, cut short: 6 bytes'],
    [
      'IPv6',
      bytes([10, 0, 0, 80], new Array(4).fill(0), [0x20, 1, 0xd, 0xb8], new Array(11).fill(0), [1], [0, 0, 0, 0]),
      '[2001:db8::1]:80',
    ],
    ['IPv6 cut short', bytes([10, 0, 0, 80]), 'AF_INET6, cut short: 4 bytes'],
    ['a path', bytes([1, 0], '/run/socket\0rest'), '/run/socket'],
    ['a path without its zero', bytes([1, 0], '/run/socket'), '/run/socket'],
    ['an abstract name', bytes([1, 0, 0], 'name'), '@name'],
    ['an unnamed socket', bytes([1, 0]), '<unnamed>'],
    ['netlink', bytes([16, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0]), 'AF_NETLINK pid 5, groups 0x3'],
    ['packet', bytes([17, 0, 0x08, 0x00, 2, 0, 0, 0, 0, 0, 0, 0]), 'AF_PACKET interface 2, protocol 0x0800'],
    ['no family', bytes([0, 0, 1, 2]), 'AF_UNSPEC'],
    ['another family', bytes([31, 0, 1, 2]), 'AF_BLUETOOTH, 4 bytes'],
    ['an unknown family', bytes([0xff, 0xff]), '65535, 2 bytes'],
    ['one byte', bytes([2]), '<1 bytes, too short for an address>'],
    ['nothing', bytes(), '<0 bytes, too short for an address>'],
  ];
  for (const [what, address, text] of cases) {
    it(`${what}: ${text}`, () => assert.equal(formatSockaddr(address), text));
  }

  it('IPv6 addresses are as short as RFC 5952 wants them', () => {
    const ipv6 = (...groups: number[]): string => formatIpv6(Uint8Array.from(groups.flatMap((g) => [g >> 8, g & 255])));
    assert.equal(ipv6(0, 0, 0, 0, 0, 0, 0, 0), '::');
    assert.equal(ipv6(0, 0, 0, 0, 0, 0, 0, 1), '::1');
    assert.equal(ipv6(1, 0, 0, 0, 0, 0, 0, 0), '1::');
    assert.equal(ipv6(0x2001, 0xdb8, 0, 1, 1, 1, 1, 1), '2001:db8:0:1:1:1:1:1', 'a single zero stays');
    assert.equal(ipv6(1, 0, 0, 2, 0, 0, 0, 3), '1:0:0:2::3', 'the longest run');
    assert.equal(ipv6(1, 0, 0, 2, 3, 0, 0, 4), '1::2:3:0:0:4', 'the first of equal runs');
  });
});

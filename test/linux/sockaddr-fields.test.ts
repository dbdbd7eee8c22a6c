import assert from 'node:assert/strict';
import { decodeSockaddr, sockaddrLength } from '../../src/linux/sockaddr-fields';

const bytes = (...parts: (number[] | string)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [...Buffer.from(part)] : part)));
const zeros = (count: number): number[] => new Array<number>(count).fill(0);

/** `sin_port=5001`, one a member. */
const members = (address: Uint8Array): string[] =>
  decodeSockaddr(address).fields.map(({ name, offset, value }) => `${offset} ${name}=${value}`);

describe('linux: socket addresses member by member', () => {
  it('struct sockaddr_in', () => {
    const address = bytes([2, 0, 0x13, 0x89, 127, 0, 0, 1], zeros(8));
    assert.deepEqual(members(address), [
      '0 sin_family=AF_INET (2)',
      '2 sin_port=5001',
      '4 sin_addr=127.0.0.1',
      '8 sin_zero=',
    ]);
    assert.equal(decodeSockaddr(address).text, '127.0.0.1:5001');
    assert.deepEqual([...decodeSockaddr(address).fields[1].bytes], [0x13, 0x89]);
  });

  it('struct sockaddr_in6', () => {
    const address = bytes([10, 0, 0, 80, 0, 0, 0, 1], zeros(15), [1], [3, 0, 0, 0]);
    assert.deepEqual(members(address), [
      '0 sin6_family=AF_INET6 (10)', '2 sin6_port=80', '4 sin6_flowinfo=0x1', '8 sin6_addr=::1', '24 sin6_scope_id=3',
    ]); // prettier-ignore
  });

  it('struct sockaddr_un, with a path and with an abstract name', () => {
    assert.deepEqual(members(bytes([1, 0], '/run/s\0')), ['0 sun_family=AF_UNIX (1)', '2 sun_path=/run/s']);
    assert.deepEqual(members(bytes([1, 0, 0], 'name')), ['0 sun_family=AF_UNIX (1)', '2 sun_path=@name']);
    assert.deepEqual(members(bytes([1, 0])), ['0 sun_family=AF_UNIX (1)']);
  });

  it('struct sockaddr_nl and sockaddr_ll', () => {
    assert.deepEqual(members(bytes([16, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0])), [
      '0 nl_family=AF_NETLINK (16)', '2 nl_pad=', '4 nl_pid=5', '8 nl_groups=0x3',
    ]); // prettier-ignore
    assert.deepEqual(members(bytes([17, 0, 8, 0, 2, 0, 0, 0, 1, 0, 4, 6, 1, 2, 3, 4, 5, 6, 0, 0])), [
      '0 sll_family=AF_PACKET (17)', '2 sll_protocol=0x0800', '4 sll_ifindex=2', '8 sll_hatype=1', '10 sll_pkttype=PACKET_OUTGOING',
      '11 sll_halen=6', '12 sll_addr=01:02:03:04:05:06:00:00',
    ]); // prettier-ignore
  });

  it('any other family is shown as bytes, and what is cut short ends early', () => {
    const other = bytes([31, 0], zeros(13), [9]);
    assert.deepEqual(members(other), [
      '0 sa_family=AF_BLUETOOTH (31)',
      '2 sa_data=00 00 00 00 00 00 00 00 00 00 00 00 00 09',
    ]);
    assert.deepEqual(members(bytes([2, 0, 0, 80])), ['0 sin_family=AF_INET (2)', '2 sin_port=80']);
    assert.deepEqual(members(bytes([2])), []);
    assert.deepEqual(members(bytes()), []);
  });

  it('an address of unknown length is as long as its family says', () => {
    assert.equal(sockaddrLength(bytes([2, 0], zeros(126))), 16);
    assert.equal(sockaddrLength(bytes([10, 0], zeros(126))), 28);
    assert.equal(sockaddrLength(bytes([16, 0], zeros(126))), 12);
    assert.equal(sockaddrLength(bytes([17, 0], zeros(126))), 20);
    assert.equal(sockaddrLength(bytes([31, 0], zeros(126))), 16);
    assert.equal(sockaddrLength(bytes([1, 0], '/run/s', zeros(120))), 9, 'with the zero at its end');
    assert.equal(sockaddrLength(bytes([1, 0, 0], 'name', zeros(121))), 7);
    assert.equal(sockaddrLength(bytes([1, 0], zeros(126))), 2, 'unnamed');
    assert.equal(sockaddrLength(bytes([2, 0, 0])), 3, 'no more than there is');
  });
});

import assert from 'node:assert/strict';
import { sockaddrText } from '../../src/views/sockaddr-text';

describe('views: a socket address as text', () => {
  it('has a line for each member, with its bytes', () => {
    const data = (...bytes: number[]): string => Buffer.from(bytes).toString('base64');
    const text = sockaddrText('uservaddr', {
      address: '0xbff0e2c0',
      memoryReference: '0xbff0e2c0@47',
      length: 28,
      structure: 'struct sockaddr_in6',
      text: '[::1]:80',
      fields: [
        { name: 'sin6_family', offset: 0, value: 'AF_INET6 (10)', data: data(10, 0) },
        { name: 'sin6_port', offset: 2, value: '80', data: data(0, 80) },
        { name: 'sin6_addr', offset: 8, value: '::1', data: data(...new Array<number>(15).fill(0), 1) },
      ],
    });
    assert.deepEqual(text.split('\n'), [
      'uservaddr = [::1]:80',
      '',
      'struct sockaddr_in6, 28 bytes at 0xbff0e2c0',
      '',
      '    0  0a 00                    sin6_family  AF_INET6 (10)',
      '    2  00 50                    sin6_port    80',
      '    8  00 00 00 00 00 00 00 00  sin6_addr    ::1',
      '   16  00 00 00 00 00 00 00 01',
      '',
    ]);
  });
});

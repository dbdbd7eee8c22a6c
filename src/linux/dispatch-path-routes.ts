/**
 * Which functions and which members of `struct proto_ops` (include/linux/net.h) and `struct proto` (include/net/sock.h) each call goes
 * through, by the call's name and the function that serves it. Names of Linux 5.x and 6.x; a member or function that a kernel lacks
 * is passed over.
 */

/** A socket call's way below its case or its direct entry: net/socket.c unless another file is named. */
export interface Route {
  /** The kernel function that every way in leads to; the first that this kernel has. */
  readonly functions: readonly string[];
  /** Member of proto_ops, the first that this kernel has and the socket's operations serve; absent for calls that make a socket. */
  readonly operation?: readonly string[];
  /** Index of the descriptor among the arguments. */
  readonly fd?: number;
}

const onSocket = (functions: string, ...operation: string[]): Route => ({
  functions: functions.split(' '),
  operation,
  fd: 0,
});

/** Calls of the socket interface, and those of files that sockets serve too. */
export const ROUTES: Readonly<Record<string, Route>> = {
  socket: { functions: ['__sys_socket'] },
  socketpair: { functions: ['__sys_socketpair'], operation: ['socketpair'] },
  bind: onSocket('__sys_bind', 'bind'),
  connect: onSocket('__sys_connect', 'connect'),
  listen: onSocket('__sys_listen', 'listen'),
  accept: onSocket('__sys_accept4', 'accept'),
  accept4: onSocket('__sys_accept4', 'accept'),
  getsockname: onSocket('__sys_getsockname', 'getname'),
  getpeername: onSocket('__sys_getpeername', 'getname'),
  send: onSocket('__sys_sendto', 'sendmsg'),
  sendto: onSocket('__sys_sendto', 'sendmsg'),
  sendmsg: onSocket('__sys_sendmsg', 'sendmsg'),
  sendmmsg: onSocket('__sys_sendmmsg', 'sendmsg'),
  recv: onSocket('__sys_recvfrom', 'recvmsg'),
  recvfrom: onSocket('__sys_recvfrom', 'recvmsg'),
  recvmsg: onSocket('__sys_recvmsg', 'recvmsg'),
  recvmmsg: onSocket('__sys_recvmmsg', 'recvmsg'),
  shutdown: onSocket('__sys_shutdown', 'shutdown'),
  setsockopt: onSocket('__sys_setsockopt', 'setsockopt'),
  getsockopt: onSocket('__sys_getsockopt', 'getsockopt'),
  // fs/read_write.c; sock_sendpage until 6.4, splice_to_socket since.
  sendfile: onSocket('do_sendfile', 'sendpage', 'sendmsg'),
  read: onSocket('ksys_read', 'recvmsg'),
  write: onSocket('ksys_write', 'sendmsg'),
  readv: onSocket('do_readv', 'recvmsg'),
  writev: onSocket('do_writev', 'sendmsg'),
  // fs/ioctl.c and fs/open.c
  ioctl: onSocket('__do_sys_ioctl', 'ioctl'),
  close: onSocket('close_fd', 'release'),
  // fs/select.c: the descriptor is the first socket of the sets.
  select: { functions: ['core_sys_select'], operation: ['poll'] },
};

/** Members of file_operations (include/linux/fs.h) through which calls on files reach what the file is, in the order of fs/read_write.c. */
export const FILE_OPERATIONS: Readonly<Record<string, readonly string[]>> = {
  read: ['read', 'read_iter'],
  write: ['write', 'write_iter'],
  readv: ['read_iter', 'read'],
  writev: ['write_iter', 'write'],
  ioctl: ['unlocked_ioctl'],
  sendfile: ['sendpage', 'splice_write'],
  close: ['release'],
  select: ['poll'],
};

/** A choice among members of struct proto: the first that is not NULL is called. */
export type ProtocolStep = readonly string[];

/** What a function of proto_ops calls in `sk->sk_prot`, in order; a function that is not here does the work itself. */
export const PROTOCOL_STEPS: Readonly<Record<string, readonly ProtocolStep[]>> = {
  // net/ipv4/af_inet.c. inet_bind asks for a bind of the protocol's own (raw_bind, ping_bind) before it takes a port.
  inet_bind: [['bind', 'get_port']],
  inet_stream_connect: [['connect']],
  inet_dgram_connect: [['connect']],
  // By inet_csk_listen_start (net/ipv4/inet_connection_sock.c).
  inet_listen: [['get_port'], ['hash']],
  inet_accept: [['accept']],
  inet_sendmsg: [['sendmsg']],
  inet_recvmsg: [['recvmsg']],
  inet_sendpage: [['sendpage']],
  inet_shutdown: [['shutdown']],
  inet_ioctl: [['ioctl']],
  inet_release: [['close']],
  // net/ipv6/af_inet6.c
  inet6_bind: [['bind', 'get_port']],
  inet6_sendmsg: [['sendmsg']],
  inet6_recvmsg: [['recvmsg']],
  inet6_ioctl: [['ioctl']],
  inet6_release: [['close']],
  // net/core/sock.c
  sock_common_setsockopt: [['setsockopt']],
  sock_common_getsockopt: [['getsockopt']],
  sock_common_recvmsg: [['recvmsg']],
};

/** connect with an address of AF_UNSPEC dissolves the association, and so does shutdown while connecting or listening (net/ipv4/af_inet.c). */
export const DISCONNECT: ProtocolStep = ['disconnect'];

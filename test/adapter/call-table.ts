/**
 * The study's calls and what each of them shows at a stop: the first such call that a lab program makes, and the one that `errors` makes
 * fail. Texts are without what differs from run to run: `P` is a pointer, `PORT` a port that the kernel chose.
 */

export interface CallRow {
  /** The lab program whose first such call is meant. */
  readonly by: string;
  /** Decoded arguments as the scope "System call" lists them. */
  readonly arguments: string;
  /** On entry, in strace's notation. */
  readonly entry: string;
  /** On return. */
  readonly back: string;
  /** The call of `errors`, on its return. */
  readonly fails: string;
  /** Number of the direct call; absent where the call has none. */
  readonly direct?: number;
  /** The number is the same in every way in: the call was never multiplexed. */
  readonly ownNumber?: true;
}

const SERVER = '{sa_family=AF_INET, sin_port=htons(5001), sin_addr=inet_addr("0.0.0.0")}';
const TO_SERVER = '{sa_family=AF_INET, sin_port=htons(5001), sin_addr=inet_addr("127.0.0.1")}';
const PEER = '{sa_family=AF_INET, sin_port=htons(PORT), sin_addr=inet_addr("127.0.0.1")}';
const DATAGRAM = `"a datagram", 10, 0, ${PEER}, 16)`;
const GATHERED =
  '{iov_base="gathered ", iov_len=9}, {iov_base="from ", iov_len=5}, {iov_base="three buffers", iov_len=13}';
const SENT = `sendmsg(4, {msg_name=${PEER}, msg_namelen=16, msg_iov=[${GATHERED}], msg_iovlen=3, msg_controllen=0, msg_flags=0}, 0)`;
const EMPTY = '{iov_base=P, iov_len=9}, {iov_base=P, iov_len=63}';
const SCATTERED = '{iov_base="gathered ", iov_len=9}, {iov_base="from three buffers", iov_len=63}';
const REST = 'msg_iovlen=2, msg_controllen=0, msg_flags=0}, 0)';
const NO_NAME = 'msg_name=NULL, msg_namelen=0';
const ONE_BUFFER = 'msg_iovlen=1, msg_controllen=0, msg_flags=0}';
const STREAM = 'socket(AF_INET, SOCK_STREAM, IPPROTO_IP)';
const UNIX_PAIR = 'socketpair(AF_UNIX, SOCK_STREAM, 0, ';
const OPTION = 'setsockopt(3, SOL_SOCKET, SO_REUSEADDR, ';
const WAIT = 'select(5, [3 4], NULL, NULL, {tv_sec=0, tv_usec=20000})';
const NON_BLOCKING = 'SOCK_CLOEXEC|SOCK_NONBLOCK)';

/** By the name of the call. */
export const CALL_TABLE: Readonly<Record<string, CallRow>> = {
  socketcall: {
    by: 'names',
    arguments: 'call = SYS_SOCKET, args = P',
    entry: STREAM,
    back: `${STREAM} returns 3`,
    fails: 'socketcall(99, NULL) returns -22 EINVAL',
  },
  socket: {
    by: 'replyhi',
    direct: 359,
    arguments: 'family = AF_INET, type = SOCK_STREAM, protocol = IPPROTO_IP',
    entry: STREAM,
    back: `${STREAM} returns 3`,
    fails: 'socket(AF_INET, SOCK_STREAM, IPPROTO_UDP) returns -93 EPROTONOSUPPORT',
  },
  bind: {
    by: 'replyhi',
    direct: 361,
    arguments: 'fd = 3, addr = 0.0.0.0:5001, addrlen = 16',
    entry: `bind(3, ${SERVER}, 16)`,
    back: `bind(3, ${SERVER}, 16) returns 0`,
    fails:
      'bind(3, {sa_family=AF_INET, sin_port=htons(0), sin_addr=inet_addr("192.0.2.1")}, 16) returns -99 EADDRNOTAVAIL',
  },
  connect: {
    by: 'hello',
    direct: 362,
    arguments: 'fd = 3, addr = 127.0.0.1:5001, addrlen = 16',
    entry: `connect(3, ${TO_SERVER}, 16)`,
    back: `connect(3, ${TO_SERVER}, 16) returns 0`,
    fails:
      'connect(3, {sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("127.0.0.1")}, 16) returns -111 ECONNREFUSED',
  },
  accept: {
    by: 'replyhi',
    arguments: 'fd = 3, addr = P, addrlen = [16]',
    entry: 'accept(3, P, [16])',
    back: `accept(3, ${PEER}, [16]) returns 4`,
    fails: 'accept(3, NULL, NULL) returns -22 EINVAL',
  },
  send: {
    by: 'hello',
    arguments: 'fd = 3, buf = "hello", len = 5, flags = 0',
    entry: 'send(3, "hello", 5, 0)',
    back: 'send(3, "hello", 5, 0) returns 5',
    fails: 'send(3, "nowhere to go", 13, MSG_NOSIGNAL) returns -32 EPIPE',
  },
  sendto: {
    by: 'udp',
    direct: 369,
    arguments: 'fd = 3, buf = "a datagram", len = 10, flags = 0, addr = 127.0.0.1:PORT, addrlen = 16',
    entry: `sendto(3, ${DATAGRAM}`,
    back: `sendto(3, ${DATAGRAM} returns 10`,
    fails: 'sendto(4, "nowhere to go", 13, 0, NULL, 0) returns -89 EDESTADDRREQ',
  },
  sendmsg: {
    by: 'sendmsg',
    direct: 370,
    arguments: 'fd = 4, msg = {name=127.0.0.1:PORT, iov=[{P, 9}, {P, 5}, {P, 13}]}, flags = 0',
    entry: SENT,
    back: `${SENT} returns 27`,
    fails: `sendmsg(4, {${NO_NAME}, msg_iov=[{iov_base="nowhere to go", iov_len=13}], ${ONE_BUFFER}, 0) returns -89 EDESTADDRREQ`,
  },
  recv: {
    by: 'hello',
    arguments: 'fd = 3, buf = P, len = 127, flags = 0',
    entry: 'recv(3, P, 127, 0)',
    back: 'recv(3, "hi", 127, 0) returns 2',
    fails: 'recv(3, P, 16, 0) returns -107 ENOTCONN',
  },
  recvfrom: {
    by: 'udp',
    direct: 371,
    arguments: 'fd = 4, buf = P, len = 63, flags = 0, addr = P, addrlen = [16]',
    entry: 'recvfrom(4, P, 63, 0, P, [16])',
    back: `recvfrom(4, "a datagram", 63, 0, ${PEER}, [16]) returns 10`,
    fails: 'recvfrom(4, P, 16, MSG_DONTWAIT, NULL, NULL) returns -11 EAGAIN',
  },
  recvmsg: {
    by: 'sendmsg',
    direct: 372,
    arguments: 'fd = 3, msg = {name=P, iov=[{P, 9}, {P, 63}]}, flags = 0',
    entry: `recvmsg(3, {msg_name=P, msg_namelen=16, msg_iov=[${EMPTY}], ${REST}`,
    back: `recvmsg(3, {msg_name=${PEER}, msg_namelen=16, msg_iov=[${SCATTERED}], ${REST} returns 27`,
    fails: `recvmsg(4, {${NO_NAME}, msg_iov=[{iov_base=P, iov_len=13}], ${ONE_BUFFER}, MSG_DONTWAIT) returns -11 EAGAIN`,
  },
  listen: {
    by: 'replyhi',
    direct: 363,
    arguments: 'fd = 3, backlog = 5',
    entry: 'listen(3, 5)',
    back: 'listen(3, 5) returns 0',
    fails: 'listen(4, 1) returns -95 EOPNOTSUPP',
  },
  select: {
    by: 'select',
    direct: 142,
    ownNumber: true,
    arguments: 'n = 5, inp = [3 4], outp = NULL, exp = NULL, tvp = {0, 20000}',
    entry: WAIT,
    back: `${WAIT} returns 0`,
    fails: 'select(21, [20], NULL, NULL, {tv_sec=0, tv_usec=0}) returns -9 EBADF',
  },
  shutdown: {
    by: 'shutdown',
    direct: 373,
    arguments: 'fd = 4, how = SHUT_WR',
    entry: 'shutdown(4, SHUT_WR)',
    back: 'shutdown(4, SHUT_WR) returns 0',
    fails: 'shutdown(3, SHUT_RDWR) returns -107 ENOTCONN',
  },
  getsockname: {
    by: 'names',
    direct: 367,
    arguments: 'fd = 3, addr = P, addrlen = [16]',
    entry: 'getsockname(3, P, [16])',
    back: `getsockname(3, ${PEER}, [16]) returns 0`,
    fails: 'getsockname(3, P, [-1]) returns -22 EINVAL',
  },
  getpeername: {
    by: 'names',
    direct: 368,
    arguments: 'fd = 4, addr = P, addrlen = [16]',
    entry: 'getpeername(4, P, [16])',
    back: `getpeername(4, ${PEER}, [16]) returns 0`,
    fails: 'getpeername(3, P, [16]) returns -107 ENOTCONN',
  },
  getsockopt: {
    by: 'options',
    direct: 365,
    arguments: 'fd = 3, level = SOL_SOCKET, optname = SO_TYPE, optval = P, optlen = [4]',
    entry: 'getsockopt(3, SOL_SOCKET, SO_TYPE, P, [4])',
    back: 'getsockopt(3, SOL_SOCKET, SO_TYPE, [SOCK_STREAM], [4]) returns 0',
    fails: 'getsockopt(3, SOL_SOCKET, 0x270f /* SO_??? */, P, [4]) returns -92 ENOPROTOOPT',
  },
  setsockopt: {
    by: 'options',
    direct: 366,
    arguments: 'fd = 3, level = SOL_SOCKET, optname = SO_REUSEADDR, optval = [1], optlen = 4',
    entry: `${OPTION}[1], 4)`,
    back: `${OPTION}[1], 4) returns 0`,
    fails: `${OPTION}"\\1", 1) returns -22 EINVAL`,
  },
  sendfile: {
    by: 'sendfile',
    direct: 187,
    ownNumber: true,
    arguments: 'out_fd = 5, in_fd = 3, offset = [1234], count = 8000',
    entry: 'sendfile(5, 3, [1234], 8000)',
    back: 'sendfile(5, 3, [1234] => [9234], 8000) returns 8000',
    fails: 'sendfile(4, 20, NULL, 16) returns -9 EBADF',
  },
  socketpair: {
    by: 'socketpair',
    direct: 360,
    arguments: 'family = AF_UNIX, type = SOCK_STREAM, protocol = 0, sv = P',
    entry: `${UNIX_PAIR}P)`,
    back: `${UNIX_PAIR}[3, 4]) returns 0`,
    fails: 'socketpair(AF_INET, SOCK_STREAM, IPPROTO_IP, P) returns -95 EOPNOTSUPP',
  },
  // Beyond the study's twenty: what accept is by the direct way.
  accept4: {
    by: 'accept4',
    direct: 364,
    arguments: 'fd = 3, addr = P, addrlen = [16], flags = SOCK_NONBLOCK|SOCK_CLOEXEC',
    entry: `accept4(3, P, [16], ${NON_BLOCKING}`,
    back: `accept4(3, ${PEER}, [16], ${NON_BLOCKING} returns 5`,
    fails: 'accept4(3, NULL, NULL, 0x1 /* SOCK_??? */) returns -22 EINVAL',
  },
};

/** Ways into the kernel: `--entry` of the lab programs. */
export const WAYS = ['int80', 'sysenter', 'direct'] as const;
export type Way = (typeof WAYS)[number];
/** Ways to stop at a call. */
export const STOPS = ['by name', 'by case line', 'on entry', 'on return', 'on failure'] as const;
export type Stop = (typeof STOPS)[number];

/** Why a cell cannot exist; undefined for one that does. What is said here is looked up in the kernel by the test. */
export function reasonAgainst(call: string, way: Way, stop: Stop): string | undefined {
  const { direct, ownNumber } = CALL_TABLE[call];
  if (way === 'direct' && call === 'socketcall') return 'the direct calls are those that do without socketcall';
  if (way === 'direct' && direct === undefined) return `the system-call table has no ${call}: there is no direct call`;
  if (stop !== 'by case line') return undefined;
  if (ownNumber || call === 'socketcall') return `the socketcall switch has no case for ${call}`;
  return way === 'direct' ? 'a direct call does not come to the socketcall switch' : undefined;
}

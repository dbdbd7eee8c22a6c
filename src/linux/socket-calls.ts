/**
 * The socket calls of mission and manual (section 2): their parameters, in the order of the direct system call and of socketcall's
 * argument array, and how each is shown.
 */

type ParameterKind =
  | 'fd' | 'family' | 'type' | 'protocol' | 'sockaddrIn' | 'sockaddrOut' | 'length' | 'lengthPointer' | 'backlog' | 'dataIn' | 'dataOut'
  | 'size' | 'messageFlags' | 'acceptFlags' | 'how' | 'level' | 'option' | 'optionValueIn' | 'optionValueOut' | 'pair' | 'messageHeader'
  | 'messageVector' | 'count' | 'timeout' | 'call' | 'pointer' | 'fdSet' | 'offsetPointer'; // prettier-ignore

export interface Parameter {
  readonly name: string;
  readonly kind: ParameterKind;
}

function parameters(text: string): Parameter[] {
  return text.split(' ').map((part) => {
    const [name, kind] = part.split(':');
    return { name, kind: kind as ParameterKind };
  });
}

/** Calls by name. */
export const SOCKET_CALLS: Readonly<Record<string, readonly Parameter[]>> = {
  socketcall: parameters('call:call args:pointer'),
  socket: parameters('family:family type:type protocol:protocol'),
  bind: parameters('fd:fd addr:sockaddrIn addrlen:length'),
  connect: parameters('fd:fd addr:sockaddrIn addrlen:length'),
  listen: parameters('fd:fd backlog:backlog'),
  accept: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer'),
  accept4: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer flags:acceptFlags'),
  getsockname: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer'),
  getpeername: parameters('fd:fd addr:sockaddrOut addrlen:lengthPointer'),
  socketpair: parameters('family:family type:type protocol:protocol sv:pair'),
  send: parameters('fd:fd buf:dataIn len:size flags:messageFlags'),
  sendto: parameters('fd:fd buf:dataIn len:size flags:messageFlags addr:sockaddrIn addrlen:length'),
  recv: parameters('fd:fd buf:dataOut len:size flags:messageFlags'),
  recvfrom: parameters('fd:fd buf:dataOut len:size flags:messageFlags addr:sockaddrOut addrlen:lengthPointer'),
  shutdown: parameters('fd:fd how:how'),
  setsockopt: parameters('fd:fd level:level optname:option optval:optionValueIn optlen:length'),
  getsockopt: parameters('fd:fd level:level optname:option optval:optionValueOut optlen:lengthPointer'),
  sendmsg: parameters('fd:fd msg:messageHeader flags:messageFlags'),
  recvmsg: parameters('fd:fd msg:messageHeader flags:messageFlags'),
  sendmmsg: parameters('fd:fd vec:messageVector vlen:count flags:messageFlags'),
  recvmmsg: parameters('fd:fd vec:messageVector vlen:count flags:messageFlags timeout:timeout'),
  select: parameters('n:count inp:fdSet outp:fdSet exp:fdSet tvp:timeout'),
  sendfile: parameters('out_fd:fd in_fd:fd offset:offsetPointer count:size'),
};

/** `SYS_BIND` → `bind`. */
export function callOfCase(caseName: string): string {
  return caseName.replace(/^SYS_/, '').toLowerCase();
}

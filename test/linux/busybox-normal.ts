/** What truly differs between the guest and a host, taken out of lines of a trace. Each entry says why it has to be. */

/** A change of one line, on both sides. */
interface Normalisation {
  readonly why: string;
  readonly pattern: RegExp;
  readonly by: string;
}

const EVERY_LINE: readonly Normalisation[] = [
  { why: 'strace fills up to a column', pattern: /\) += /, by: ') = ' },
  { why: 'addresses are random', pattern: /0x[0-9a-f]{7,12}\b/g, by: 'ADDRESS' },
  { why: 'numbers of processes are given in turn', pattern: /^((?:set_tid_address|getpid|getppid|gettid|clone3?|v?fork|wait4|waitpid|setsid|getpgrp)\(.*\) = )[1-9]\d*$/, by: '$1PID' }, // prettier-ignore
  { why: 'the same', pattern: /^(kill|wait4)\([1-9]\d+, /, by: '$1(PID, ' },
  { why: 'the number of a request for an address, and checksums', pattern: /"E\\0\\1H(?:[^"\\]|\\.)*"/, by: '"DHCP"' },
  { why: 'the same', pattern: /(?<=\bsi_pid=|waitid\(P_PID, |waitpid\(|\{pid=)[1-9]\d+/g, by: 'PID' },
  { why: 'random bytes', pattern: /^getrandom\("[^"]*"/, by: 'getrandom("RANDOM"' },
  { why: 'ports that the kernel chooses', pattern: /htons\((?:3[2-9]|[45]\d|6\d)\d{3}\)/g, by: 'htons(CHOSEN)' },
  { why: "an x86-64 kernel's descriptors of a thread's segments begin at 12, an i386 kernel's at 6 (GDT_ENTRY_TLS_MIN)", pattern: /\(entry_number=(?:6|12)\)/, by: '(entry_number=FIRST)' }, // prettier-ignore
  { why: 'dates', pattern: /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, by: 'DATE' },
  { why: "a file's time in hexadecimal", pattern: /ETag: \\"[0-9a-f]+-/, by: 'ETag: \\"TIME-' },
  { why: 'the same in a list of files', pattern: /\b[A-Z][a-z]{2} [ \d]\d \d\d:\d\d /g, by: 'DATE ' },
  { why: 'numbers and addresses of sockets', pattern: /\d+ 1 [0-9a-f]{8,16} 100 0 0 10 \d+ +\\n/g, by: 'SOCKET\\n' },
  { why: 'ports and times of connections that are over', pattern: /   \d: \S+ \S+ 06 .*?\\n/g, by: '' },
  { why: "strace asks its kernel for an interface's name", pattern: /if_nametoindex\("lo"\)/g, by: '1' },
  { why: 'round trips', pattern: /\d+\.\d{3}(?=[ /]| ms)/g, by: 'TIME' },
  { why: 'an ICMP packet holds the number of the process, the time and a checksum', pattern: /^(sendto\(0, "\\10\\0|recvfrom\(0, "E\\0\\0T)(?:[^"\\]|\\.)*"/, by: '$1PACKET"' }, // prettier-ignore
  {
    why: 'an ICMP error holds the packet that it is about, and checksums',
    pattern: /iov_base="E\\300(?:[^"\\]|\\.)*"/,
    by: 'iov_base="ERROR"',
  },
  { why: 'how much has been sent before', pattern: /((?:packets|bytes):)\d+(?: \([^)]*\))?/g, by: '$1COUNT' },
  { why: "whether the peer's end has arrived with its data is a race", pattern: /POLLIN\|POLLHUP/g, by: 'POLLIN' },
];

/** Calls that only one side makes, or that have another result there. */
const OTHER_KERNEL: readonly Normalisation[] = [
  {
    why: "the guest's kernel has no restartable sequences (CONFIG_RSEQ)",
    pattern: /^(rseq\(.*\)) = .*$/,
    by: '$1 = WHATEVER',
  },
];

/** Lines of the host as they would be without IPv6, which the guest's kernel does not have. */
const WITHOUT_IPV6: readonly Normalisation[] = [
  { why: 'the socket', pattern: /^socket\(AF_INET6,/, by: 'socket(AF_INET,' },
  { why: 'its address, any', pattern: /\{sa_family=AF_INET6, sin6_port=(htons\(\w+\)), sin6_flowinfo=htonl\(0\), inet_pton\(AF_INET6, "::", &sin6_addr\), sin6_scope_id=0\}, 28/, by: '{sa_family=AF_INET, sin_port=$1, sin_addr=inet_addr("0.0.0.0")}, 16' }, // prettier-ignore
  { why: "the interface's address", pattern: /          inet6 addr:.*?\\n/, by: '' },
];
/** Files that only a kernel with IPv6 has. */
const IPV6_FILE = /^(openat\(AT_FDCWD, "\/proc\/net\/(?:if_inet6|\w+6)", .*\)) = (\d+)$/;
const NO_IPV6_FILE = /^write\(2, "netstat: \/proc\/net\/\w+6: No such file or directory\\n"/;
const NO_IPV6 = /^socket\(AF_INET6, .*\) = -1 EAFNOSUPPORT /;

/** After all others. */
const LENGTHS: readonly Normalisation[] = [
  { why: 'lengths of texts that hold what has been replaced', pattern: /^(write\(1, ".*(?:TIME|COUNT).*", )\d+\) = \d+/, by: '$1LENGTH) = LENGTH' }, // prettier-ignore
];

const apply = (line: string, normalisations: readonly Normalisation[]): string =>
  normalisations.reduce((text, { pattern, by }) => text.replace(pattern, by), line);

/** One process's lines, each as it would be on any machine. */
export function normal(lines: readonly string[]): string[] {
  const alike = withoutIpv6Files(lines.map((line) => apply(line, EVERY_LINE)))
    .filter((line) => !NO_IPV6.test(line) && !NO_IPV6_FILE.test(line))
    .map((line) => apply(line, [...OTHER_KERNEL, ...WITHOUT_IPV6, ...LENGTHS]));
  return ended(joinedReads(alike));
}

/** As if the files that tell of IPv6 were not there: neither are the calls that read them. */
function withoutIpv6Files(lines: readonly string[]): string[] {
  const result: string[] = [];
  let reading: string | undefined;
  for (const line of lines) {
    if (reading !== undefined) {
      if (line.startsWith(`close(${reading})`)) reading = undefined;
      continue;
    }
    const opened = IPV6_FILE.exec(line);
    reading = opened?.[2];
    result.push(opened ? `${opened[1]} = -1 ENOENT (No such file or directory)` : line);
  }
  return result;
}

/**
 * Where TCP cuts a stream into reads is a race of two processes: all that a process has read of one socket is joined, at the place of
 * the first read.
 */
function joinedReads(lines: readonly string[]): string[] {
  const sockets = new Map<string, { index: number; data: string; length: number }>();
  const connected = new Set<string>();
  const result: string[] = [];
  for (const line of lines) {
    const opened = /^socket\(AF_INET, SOCK_STREAM, .*\) = (\d+)$/.exec(line);
    if (opened) connected.add(opened[1]);
    // Whoever finds nothing yet asks again when something has come.
    const again = /^(?:read\((\d+), .*\) = -1 EAGAIN |poll\(\[\{fd=(\d+), events=POLLIN\|POLLPRI\}\], 1, )/.exec(line);
    if (again && connected.has(again[1] ?? again[2])) continue;
    const read = /^read\((\d+), "(.*)", \d+\) = (\d+)$/.exec(line);
    if (!read || !connected.has(read[1]) || read[3] === '0') {
      result.push(line);
      continue;
    }
    let all = sockets.get(read[1]);
    if (!all) {
      all = { index: result.length, data: '', length: 0 };
      sockets.set(read[1], all);
      result.push('');
    }
    all.data += read[2];
    all.length += Number(read[3]);
    result[all.index] = `read(${read[1]}, "${all.data}") = ${all.length}, in one or more reads`;
  }
  return result;
}

/** A call that the end of its process has cut off: strace sees it go back to be done again, or does not see it any more. */
function ended(lines: readonly string[]): string[] {
  return lines.map((line, i) =>
    i < lines.length - 1
      ? line
      : line.replace(/ = \? ERESTARTSYS .*$| <unfinished \.\.\.>$|\) = \?$|(?<=^kill\(.*)\) = 0$/, ')'),
  );
}

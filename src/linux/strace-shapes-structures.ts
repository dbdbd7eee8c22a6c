/**
 * Structures of i386 that calls of files, processes, signals and time take, as strace writes them (arch/x86/include/uapi/asm/stat.h, uapi/
 * asm-generic/statfs.h, fcntl.h, uapi/linux/stat.h, resource.h, sysinfo.h, utsname.h, sched.h, signal.h).
 */

import { EVENT_NAMES } from './strace-names-events';
import { FILE_NAMES } from './strace-names-files';
import { PROCESS_NAMES } from './strace-names-processes';
import { signalName, signalSet } from './strace-names';
import { device, fileMode, openFlags } from './strace-shapes-basic';
import { hexOrZero, members, structure, type Fields, type Shape } from './strace-shape';
import { hex, pointer } from './strace-text';

const S_IFMT = 0o170000, S_IFCHR = 0o020000, S_IFBLK = 0o060000; // prettier-ignore

/** `{st_mode=S_IFREG|0644, st_size=5, ...}`; devices with their number in place of a size. */
function stat(mode: number, number: bigint, size: bigint): string {
  const type = mode & S_IFMT;
  const isDevice = type === S_IFCHR || type === S_IFBLK;
  return `{st_mode=${fileMode(mode)}, ${isDevice ? `st_rdev=${device(number)}` : `st_size=${size}`}, ...}`;
}

function statx(f: Fields): string {
  const mask = f.u32(0);
  const [TYPE_OR_MODE, SIZE] = [3, 0x200];
  return members(
    `stx_mask=${FILE_NAMES.statxMask.flags(mask)}`,
    `stx_attributes=${FILE_NAMES.statxAttribute.flags(f.u32(8))}`,
    mask & TYPE_OR_MODE ? `stx_mode=${fileMode(f.u16(28))}` : undefined,
    mask & SIZE ? `stx_size=${f.u64(40)}` : undefined,
    '...',
  );
}

/** The members of struct statfs (of words) and statfs64 by their offsets. */
function statfs(f: Fields, wide: boolean): string {
  const ST_VALID = 0x20;
  const count = (index: number): bigint => (wide ? f.u64(8 + 8 * index) : BigInt(f.u32(8 + 4 * index)));
  const at = wide ? 48 : 28;
  const flags = f.u32(at + 16);
  return members(
    `f_type=${FILE_NAMES.fileSystem.one(f.u32(0))}`,
    `f_bsize=${f.u32(4)}`,
    ...['f_blocks', 'f_bfree', 'f_bavail', 'f_files', 'f_ffree'].map((name, i) => `${name}=${count(i)}`),
    `f_fsid={val=[${hexOrZero(f.u32(at))}, ${hexOrZero(f.u32(at + 4))}]}`,
    `f_namelen=${f.u32(at + 8)}`,
    `f_frsize=${f.u32(at + 12)}`,
    flags & ST_VALID ? `f_flags=${FILE_NAMES.statfs.flags(flags)}` : undefined,
  );
}

/** struct flock and flock64; the owner of a lock is only told, never asked for. */
function flock(wide: boolean, withOwner: boolean): Shape {
  return structure(wide ? 24 : 16, (f) =>
    members(
      `l_type=${FILE_NAMES.lockType.one(f.s16(0))}`,
      `l_whence=${FILE_NAMES.whence.one(f.s16(2))}`,
      `l_start=${wide ? f.s64(4) : f.s32(4)}`,
      `l_len=${wide ? f.s64(12) : f.s32(8)}`,
      withOwner ? `l_pid=${f.s32(wide ? 20 : 12)}` : undefined,
    ),
  );
}

/** `8192*1024`, `RLIM_INFINITY`. */
function limit(value: bigint, infinity: bigint, name: string): string {
  if (value === infinity) return name;
  return value > 1024n && value % 1024n === 0n ? `${value / 1024n}*1024` : String(value);
}

function limits(wide: boolean): Shape {
  return structure(wide ? 16 : 8, (f) => {
    const show = (index: number): string =>
      wide
        ? limit(f.u64(8 * index), 0xffffffffffffffffn, 'RLIM64_INFINITY')
        : limit(BigInt(f.u32(4 * index)), 0xffffffffn, 'RLIM_INFINITY');
    return `{rlim_cur=${show(0)}, rlim_max=${show(1)}}`;
  });
}

/** `SIG_DFL`, `SIG_IGN`, or an address. */
export function handler(value: number): string {
  return ['SIG_DFL', 'SIG_IGN'][value] ?? (value === 0xffffffff ? 'SIG_ERR' : pointer(value));
}

/** struct sigaction of rt_sigaction (kernel_sigaction), and of the call before it. */
function action(isOld: boolean): Shape {
  return structure(isOld ? 16 : 20, (f) => {
    const flags = f.u32(isOld ? 8 : 4);
    const mask = isOld ? [f.u32(4)] : [f.u32(12), f.u32(16)];
    const SA_RESTORER = 0x04000000;
    return members(
      `sa_handler=${handler(f.u32(0))}`,
      `sa_mask=${signalSet(mask)}`,
      `sa_flags=${EVENT_NAMES.sigaction.flags(flags)}`,
      flags & SA_RESTORER ? `sa_restorer=${pointer(f.u32(isOld ? 12 : 8))}` : undefined,
    );
  });
}

/** What wait4 tells of a process: `[{WIFEXITED(s) && WEXITSTATUS(s) == 0}]`. */
function waitStatus(status: number): string {
  const WCOREFLAG = 0x80;
  const [low, high] = [status & 0x7f, (status >>> 8) & 0xff];
  let text: string;
  let rest = 0;
  if ((status & 0xff) === 0x7f) {
    text = `{WIFSTOPPED(s) && WSTOPSIG(s) == ${signalName(high & 0x7f)}${high & 0x80 ? ' | 0x80' : ''}}`;
    rest = status & ~0xffff;
  } else if (status === 0xffff) text = '{WIFCONTINUED(s)}';
  else if (low !== 0) {
    text = `{WIFSIGNALED(s) && WTERMSIG(s) == ${signalName(low)}${status & WCOREFLAG ? ' && WCOREDUMP(s)' : ''}}`;
    rest = status & ~0xff;
  } else {
    text = `{WIFEXITED(s) && WEXITSTATUS(s) == ${high}}`;
    rest = status & ~0xff00;
  }
  return `[${text}${rest ? `|${hex(rest)}` : ''}]`;
}

/** Hundredths of a second (USER_HZ). */
function ticks(count: number): string {
  return count === 0 ? '0' : `${count} /* ${(count / 100).toFixed(2)} s */`;
}

/** struct siginfo as waitid fills it; its `si_pid` is zero where nothing has happened. */
function childInfo(f: Fields): string {
  const codes = ['', 'CLD_EXITED', 'CLD_KILLED', 'CLD_DUMPED', 'CLD_TRAPPED', 'CLD_STOPPED', 'CLD_CONTINUED'];
  const [signal, code] = [f.s32(0), f.s32(8)];
  if (signal === 0) return '{}';
  const status = code === 1 ? String(f.s32(20)) : signalName(f.s32(20));
  return members(
    `si_signo=${signalName(signal)}`,
    `si_code=${codes[code] ?? hexOrZero(code >>> 0)}`,
    `si_pid=${f.s32(12)}`,
    `si_uid=${f.u32(16)}`,
    `si_status=${status}`,
    `si_utime=${ticks(f.u32(24))}`,
    `si_stime=${ticks(f.u32(28))}`,
  );
}

function sysinfo(f: Fields): string {
  const words = ['totalram', 'freeram', 'sharedram', 'bufferram', 'totalswap', 'freeswap'];
  return members(
    `uptime=${f.u32(0)}`,
    `loads=[${[4, 8, 12].map((at) => f.u32(at)).join(', ')}]`,
    ...words.map((name, i) => `${name}=${f.u32(16 + 4 * i)}`),
    `procs=${f.u16(40)}`,
    `totalhigh=${f.u32(44)}`,
    `freehigh=${f.u32(48)}`,
    `mem_unit=${f.u32(52)}`,
  );
}

/** struct user_desc (arch/x86/include/uapi/asm/ldt.h). */
function segment(f: Fields): string {
  const bits = f.u32(12);
  const bit = (at: number, width = 1): number => (bits >>> at) & ((1 << width) - 1);
  return members(
    `entry_number=${f.s32(0)}`,
    `base_addr=${f.u32(4) === 0 ? '00000000' : `0x${f.u32(4).toString(16).padStart(6, '0')}`}`,
    `limit=0x${f.u32(8).toString(16).padStart(6, '0')}`,
    `seg_32bit=${bit(0)}`,
    `contents=${bit(1, 2)}`,
    `read_exec_only=${bit(3)}`,
    `limit_in_pages=${bit(4)}`,
    `seg_not_present=${bit(5)}`,
    `useable=${bit(6)}`,
  );
}

/** struct clone_args (uapi/linux/sched.h), of which the caller may have an older, shorter version. */
const cloneArguments: Shape = ({ value, words, read }) => {
  const FIRST_SIZE = 64;
  const given = words[1] >>> 0;
  if (given < FIRST_SIZE) return undefined;
  const bytes = new Uint8Array(88);
  bytes.set(read(value >>> 0, Math.min(given, bytes.length)));
  const view = new DataView(bytes.buffer);
  const at = (index: number): number => view.getUint32(8 * index, true);
  const flags = at(0);
  const [PIDFD, SETTLS, PARENT_SETTID, CHILD_TID, INTO_CGROUP] = [0x1000, 0x80000, 0x100000, 0x1200000, 2];
  const { parts, rest } = PROCESS_NAMES.clone.split(flags);
  const high = PROCESS_NAMES.clone3.split(rest);
  const unknown = high.rest ? [hex(high.rest)] : [];
  return members(
    `flags=${[...parts, ...high.parts, ...unknown].join('|') || '0'}`,
    flags & PIDFD ? `pidfd=${pointer(at(1))}` : undefined,
    flags & CHILD_TID ? `child_tid=${pointer(at(2))}` : undefined,
    flags & PARENT_SETTID ? `parent_tid=${pointer(at(3))}` : undefined,
    `exit_signal=${signalName(at(4))}`,
    `stack=${pointer(at(5))}`,
    `stack_size=${hexOrZero(at(6))}`,
    flags & SETTLS ? `tls=${pointer(at(7))}` : undefined,
    at(8) || at(9) ? `set_tid=${pointer(at(8))}, set_tid_size=${at(9)}` : undefined,
    at(10) || view.getUint32(4, true) & INTO_CGROUP ? `cgroup=${at(10)}` : undefined,
  );
};

const LAST_CAPABILITY_VERSIONS: Readonly<Record<number, string>> = {
  0x19980330: '_LINUX_CAPABILITY_VERSION_1',
  0x20071026: '_LINUX_CAPABILITY_VERSION_2',
  0x20080522: '_LINUX_CAPABILITY_VERSION_3',
};

function capabilityBits(low: number, high: number): string {
  const parts = low || !high ? [PROCESS_NAMES.capabilities.flags(low)] : [];
  return [...parts, ...(high ? [PROCESS_NAMES.capabilitiesHigh.flags(high)] : [])].join('|');
}

/** The sets of capget; as many as the version in the header before it says. */
const capabilities: Shape = ({ value, words, read }) => {
  const version = new DataView(read(words[0] >>> 0, 4).slice().buffer).getUint32(0, true);
  const two = version === 0x20071026 || version === 0x20080522;
  const bytes = read(value >>> 0, two ? 24 : 12).slice();
  const view = new DataView(bytes.buffer);
  const set = (index: number): string =>
    capabilityBits(view.getUint32(4 * index, true), two ? view.getUint32(12 + 4 * index, true) : 0);
  return `{effective=${set(0)}, permitted=${set(1)}, inheritable=${set(2)}}`;
};

/** `{sysname="Linux", nodename="host", ...}`: names of 65 bytes each, of 9 in the oldest call. */
function names(size: number, all: boolean): Shape {
  const members = ['sysname', 'nodename', 'release', 'version', 'machine'];
  return structure(5 * size, (f) => {
    const shown = all ? members : members.slice(0, 2);
    return `{${shown.map((name, i) => `${name}=${f.text(size * i, size)}`).join(', ')}${all ? '' : ', ...'}}`;
  });
}

export const STRUCTURES: Readonly<Record<string, Shape>> = {
  stat64: structure(96, (f) => stat(f.u32(16), f.u64(32), f.s64(44))),
  stat: structure(64, (f) => stat(f.u16(8), BigInt(f.u32(16)), BigInt(f.u32(20)))),
  oldstat: structure(32, (f) => stat(f.u16(4), BigInt(f.u16(12)), BigInt(f.u32(16)))),
  statx: structure(256, statx),
  statfs: structure(64, (f) => statfs(f, false)),
  statfs64: structure(84, (f) => statfs(f, true)),
  ustat: structure(20, (f) => `{f_tfree=${f.u32(0)}, f_tinode=${f.u32(4)}}`),
  lock: flock(false, false),
  lock64: flock(true, false),
  heldLock: flock(false, true),
  heldLock64: flock(true, true),
  owner: structure(8, (f) => `{type=${FILE_NAMES.owner.one(f.u32(0))}, pid=${f.s32(4)}}`),
  how: structure(24, (f) =>
    members(
      `flags=${openFlags(f.u32(0))}`,
      f.u32(8) ? `mode=${fileMode(f.u32(8))}` : undefined,
      `resolve=${FILE_NAMES.resolve.flags(f.u32(16))}`,
    ),
  ),
  limits: limits(false),
  limits64: limits(true),
  usage: structure(72, (f) => {
    const time = (at: number): string => `{tv_sec=${f.s32(at)}, tv_usec=${f.u32(at + 4)}}`;
    return `{ru_utime=${time(0)}, ru_stime=${time(8)}, ...}`;
  }),
  waitStatus: structure(4, (f) => waitStatus(f.u32(0))),
  childInfo: structure(128, childInfo),
  action: action(false),
  oldAction: action(true),
  alternateStack: structure(12, (f) =>
    members(`ss_sp=${pointer(f.u32(0))}`, `ss_flags=${EVENT_NAMES.sigaltstack.flags(f.u32(4))}`, `ss_size=${f.u32(8)}`),
  ),
  sysinfo: structure(64, sysinfo),
  names: names(65, false),
  oldestNames: names(9, true),
  segment: structure(16, segment),
  cloneArguments,
  capabilityHeader: structure(8, (f) =>
    members(
      `version=${LAST_CAPABILITY_VERSIONS[f.u32(0)] ?? `${hex(f.u32(0))} /* _LINUX_CAPABILITY_VERSION_??? */`}`,
      `pid=${f.s32(4)}`,
    ),
  ),
  capabilities,
  times: structure(16, (f) =>
    members(...['tms_utime', 'tms_stime', 'tms_cutime', 'tms_cstime'].map((name, i) => `${name}=${f.s32(4 * i)}`)),
  ),
};

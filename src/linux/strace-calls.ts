/**
 * The parameters of i386 system calls, for strace's notation: one line a call, by the name that programs use. Calls of sockets are in
 * socket-calls.ts; calls that are in neither are shown by the types of their entry function (typed-parameters.ts).
 *
 * A parameter is `name:shape`. Shapes are those of strace-shapes-*.ts; `=table` is one name of a table of strace-names-*.ts, `|table` its flags;
 * `shape/2` takes the third word of the call for its size. With `>` before it, the call fills what the pointer leads to: it is read at the
 * return, if the call has not failed. With `!`, only where a signal interrupts the call.
 */

import { describeDeviceControl } from './strace-device-control';
import { describeFileControl, describeFutex, describeProcessControl } from './strace-control-calls';

/** What the words of a call decide: a command, a flag. */
export type Description = string | ((words: readonly number[]) => string);

const O_CREAT = 0x40, O_TMPFILE = 0x410000; // prettier-ignore
const S_IFMT = 0o170000, S_IFCHR = 0o020000, S_IFBLK = 0o060000; // prettier-ignore
const CLONE_PARENT_SETTID = 0x100000, CLONE_CHILD_CLEARTID = 0x200000, CLONE_CHILD_SETTID = 0x1000000; // prettier-ignore
const CLONE_SETTLS = 0x80000, CLONE_PIDFD = 0x1000; // prettier-ignore
const MREMAP_MOVED = 3;
/** MS_BIND, MS_MOVE, and how a mount is shared with others: MS_UNBINDABLE, MS_PRIVATE, MS_SLAVE, MS_SHARED. */
const MS_ALIKE = 0x1000 | 0x2000 | 0x20000 | 0x40000 | 0x80000 | 0x100000;
const MS_REMOUNT = 0x20, MS_MAGIC = 0xc0ed0000; // prettier-ignore
const EPOLL_CTL_DEL = 2;
const TIMER_ABSTIME = 1;
const SYSLOG_READ = 2, SYSLOG_READ_CLEAR = 4; // prettier-ignore
const REBOOT_RESTART2 = 0xa1b2c3d4 | 0;

const creates = (flags: number): boolean => (flags & O_CREAT) !== 0 || (flags & O_TMPFILE) === O_TMPFILE;
const deviceOf = (mode: number): string =>
  (mode & S_IFMT) === S_IFCHR || (mode & S_IFMT) === S_IFBLK ? ' dev:device' : '';
const ids = (names: string, shape = 'id'): string => names.split(' ').map((name) => `${name}:${shape}`).join(' '); // prettier-ignore

/** flags holds the signal that the end sends in its lowest byte. */
function describeClone([flags]: readonly number[]): string {
  return [
    'child_stack=:address@1 flags=:cloneFlags@0',
    flags & (CLONE_PARENT_SETTID | CLONE_PIDFD) ? 'parent_tid=:>int@2' : '',
    flags & CLONE_SETTLS ? 'tls=:segment@3' : '',
    flags & (CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID) ? 'child_tidptr=:address@4' : '',
  ].join(' ');
}

/** A change of a mount takes no type; to bind, to move and to share it no data either. */
function describeMount([, , , flags]: readonly number[]): string {
  const hasMagic = (flags & ~0xffff) >>> 0 === MS_MAGIC;
  const own = hasMagic ? flags & 0xffff : flags;
  const changes = (own & (MS_REMOUNT | MS_ALIKE)) !== 0;
  const data = (own & MS_REMOUNT) === 0 && (own & MS_ALIKE) !== 0 ? 'address' : 'string';
  return `dev_name:path dir_name:path type:${changes ? 'address' : 'string'} flags:mountFlags data:${data}`;
}

const FILES: Readonly<Record<string, Description>> = {
  read: 'fd:fd buf:>data/2 count:u',
  write: 'fd:fd buf:data/2 count:u',
  readv: 'fd:fd vec:>vector/2 vlen:u',
  writev: 'fd:fd vec:vector/2 vlen:u',
  pread64: 'fd:fd buf:>data/2 count:u pos:d64',
  pwrite64: 'fd:fd buf:data/2 count:u pos:d64',
  preadv: 'fd:fd vec:>vector/2 vlen:u pos:d64',
  pwritev: 'fd:fd vec:vector/2 vlen:u pos:d64',
  preadv2: 'fd:fd vec:>vector/2 vlen:u pos:d64 flags:|rwf',
  pwritev2: 'fd:fd vec:vector/2 vlen:u pos:d64 flags:|rwf',
  readahead: 'fd:fd offset:d64 count:u',
  open: ([, flags]) => `filename:path flags:openFlags${creates(flags) ? ' mode:octal' : ''}`,
  openat: ([, , flags]) => `dfd:dirfd filename:path flags:openFlags${creates(flags) ? ' mode:octal' : ''}`,
  openat2: 'dfd:dirfd filename:path how:how usize:u',
  creat: 'pathname:path mode:octal',
  close: 'fd:fd',
  close_range: 'fd:u max_fd:u flags:|closeRange',
  dup: 'fildes:fd',
  dup2: 'oldfd:fd newfd:fd',
  dup3: 'oldfd:fd newfd:fd flags:|open',
  pipe: 'fildes:>descriptors',
  pipe2: 'fildes:>descriptors flags:|open',
  lseek: 'fd:fd offset:d whence:=whence',
  _llseek: 'fd:fd offset:d64Swapped result:>long whence:=whence',
  truncate: 'path:path length:d',
  ftruncate: 'fd:fd length:u',
  truncate64: 'path:path length:d64',
  ftruncate64: 'fd:fd length:d64',
  fallocate: 'fd:fd mode:|fallocate offset:d64 len:d64',
  fadvise64: 'fd:fd offset:d64 len:u advice:=fadvise',
  fadvise64_64: 'fd:fd offset:d64 len:d64 advice:=fadvise',
  sync_file_range: 'fd:fd offset:d64 nbytes:d64 flags:|syncFileRange',
  copy_file_range: 'fd_in:fd off_in:long fd_out:fd off_out:long len:u flags:u',
  splice: 'fd_in:fd off_in:long fd_out:fd off_out:long len:u flags:|splice',
  tee: 'fdin:fd fdout:fd len:u flags:|splice',
  vmsplice: 'fd:fd uiov:vector/2 nr_segs:u flags:|splice',
  flock: 'fd:fd cmd:|flock',
  fsync: 'fd:fd',
  fdatasync: 'fd:fd',
  sync: '',
  syncfs: 'fd:fd',
  access: 'filename:path mode:|access',
  faccessat: 'dfd:dirfd filename:path mode:|access',
  faccessat2: 'dfd:dirfd filename:path mode:|access flags:|faccessat',
  chdir: 'filename:path',
  fchdir: 'fd:fd',
  chroot: 'filename:path',
  getcwd: 'buf:>writtenPath size:u',
  mkdir: 'pathname:path mode:octal',
  mkdirat: 'dfd:dirfd pathname:path mode:octal',
  rmdir: 'pathname:path',
  mknod: ([, mode]) => `filename:path mode:mode${deviceOf(mode)}`,
  mknodat: ([, , mode]) => `dfd:dirfd filename:path mode:mode${deviceOf(mode)}`,
  link: 'oldname:path newname:path',
  linkat: 'olddfd:dirfd oldname:path newdfd:dirfd newname:path flags:|at',
  unlink: 'pathname:path',
  unlinkat: 'dfd:dirfd pathname:path flag:|at',
  symlink: 'oldname:path newname:path',
  symlinkat: 'oldname:path newdfd:dirfd newname:path',
  readlink: 'path:path buf:>link bufsiz:u',
  readlinkat: 'dfd:dirfd pathname:path buf:>link bufsiz:u',
  rename: 'oldname:path newname:path',
  renameat: 'olddfd:dirfd oldname:path newdfd:dirfd newname:path',
  renameat2: 'olddfd:dirfd oldname:path newdfd:dirfd newname:path flags:|rename',
  chmod: 'filename:path mode:octal',
  fchmod: 'fd:fd mode:octal',
  fchmodat: 'dfd:dirfd filename:path mode:octal',
  chown: `filename:path ${ids('user group', 'id16')}`,
  lchown: `filename:path ${ids('user group', 'id16')}`,
  fchown: `fd:fd ${ids('user group', 'id16')}`,
  chown32: `filename:path ${ids('user group')}`,
  lchown32: `filename:path ${ids('user group')}`,
  fchown32: `fd:fd ${ids('user group')}`,
  fchownat: `dfd:dirfd filename:path ${ids('user group')} flag:|at`,
  utime: 'filename:path times:utime',
  utimes: 'filename:path utimes:fileTimevals',
  futimesat: 'dfd:dirfd filename:path utimes:fileTimevals',
  utimensat: 'dfd:dirfd filename:path utimes:fileTimes flags:|at',
  utimensat_time64: 'dfd:dirfd filename:path utimes:fileTimes64 flags:|at',
  umask: 'mask:octal',
  oldstat: 'filename:path statbuf:>oldstat',
  oldlstat: 'filename:path statbuf:>oldstat',
  oldfstat: 'fd:fd statbuf:>oldstat',
  stat: 'filename:path statbuf:>stat',
  lstat: 'filename:path statbuf:>stat',
  fstat: 'fd:fd statbuf:>stat',
  stat64: 'filename:path statbuf:>stat64',
  lstat64: 'filename:path statbuf:>stat64',
  fstat64: 'fd:fd statbuf:>stat64',
  fstatat64: 'dfd:dirfd filename:path statbuf:>stat64 flag:|at',
  statx: 'dfd:dirfd filename:path flags:statxFlags mask:|statxMask buffer:>statx',
  statfs: 'pathname:path buf:>statfs',
  fstatfs: 'fd:fd buf:>statfs',
  statfs64: 'pathname:path sz:u buf:>statfs64',
  fstatfs64: 'fd:fd sz:u buf:>statfs64',
  ustat: 'dev:device ubuf:>ustat',
  getdents: 'fd:fd dirent:>entries count:u',
  getdents64: 'fd:fd dirent:>entries64 count:u',
  getxattr: 'pathname:path name:string value:>data/3 size:u',
  lgetxattr: 'pathname:path name:string value:>data/3 size:u',
  fgetxattr: 'fd:fd name:string value:>data/3 size:u',
  setxattr: 'pathname:path name:string value:data/3 size:u flags:|xattr',
  lsetxattr: 'pathname:path name:string value:data/3 size:u flags:|xattr',
  fsetxattr: 'fd:fd name:string value:data/3 size:u flags:|xattr',
  listxattr: 'pathname:path list:>data/2 size:u',
  llistxattr: 'pathname:path list:>data/2 size:u',
  flistxattr: 'fd:fd list:>data/2 size:u',
  removexattr: 'pathname:path name:string',
  lremovexattr: 'pathname:path name:string',
  fremovexattr: 'fd:fd name:string',
  mount: describeMount,
  umount: 'name:path',
  umount2: 'name:path flags:|umount',
  pivot_root: 'new_root:path put_old:path',
  open_tree: 'dfd:dirfd filename:path flags:|openTree',
  move_mount: 'from_dfd:dirfd from_pathname:path to_dfd:dirfd to_pathname:path flags:|moveMount',
  fsopen: 'fs_name:string flags:|fsopen',
  fsmount: 'fs_fd:fd flags:|fsmount attr_flags:|fsmountAttribute',
  fspick: 'dfd:dirfd path:path flags:|fspick',
  memfd_create: 'uname:string flags:|memfd',
  ioctl: describeDeviceControl,
  fcntl: describeFileControl,
  fcntl64: describeFileControl,
};

const WAITING: Readonly<Record<string, Description>> = {
  poll: 'ufds:pollDescriptors nfds:u timeout_msecs:d',
  ppoll: 'ufds:pollDescriptors nfds:u tsp:timespec sigmask:signals/4 sigsetsize:u',
  ppoll_time64: 'ufds:pollDescriptors nfds:u tsp:timespec64 sigmask:signals/4 sigsetsize:u',
  pselect6: 'n:d inp:descriptorSet outp:descriptorSet exp:descriptorSet tsp:timespec sig:maskWithSize',
  pselect6_time64: 'n:d inp:descriptorSet outp:descriptorSet exp:descriptorSet tsp:timespec64 sig:maskWithSize',
  epoll_create: 'size:d',
  epoll_create1: 'flags:|epollFlag',
  epoll_ctl: ([, op]) => `epfd:fd op:=epollControl fd:fd event:${op === EPOLL_CTL_DEL ? 'address' : 'epollEvent'}`,
  epoll_wait: 'epfd:fd events:>epollEvents maxevents:d timeout:d',
  epoll_pwait: 'epfd:fd events:>epollEvents maxevents:d timeout:d sigmask:signals/5 sigsetsize:u',
  epoll_pwait2: 'epfd:fd events:>epollEvents maxevents:d timeout:timespec64 sigmask:signals/5 sigsetsize:u',
  eventfd: 'count:u',
  eventfd2: 'count:u flags:|eventfd',
  signalfd: 'ufd:fd user_mask:signals/2 sizemask:u',
  signalfd4: 'ufd:fd user_mask:signals/2 sizemask:u flags:|signalfd',
};

const SIGNALS: Readonly<Record<string, Description>> = {
  kill: 'pid:d sig:signal',
  tkill: 'pid:d sig:signal',
  tgkill: 'tgid:d pid:d sig:signal',
  signal: 'sig:signal handler:handler',
  sigaction: 'sig:signal act:oldAction oact:>oldAction',
  rt_sigaction: 'sig:signal act:action oact:>action sigsetsize:u',
  sigprocmask: 'how:=sigprocmask nset:signals4 oset:>signals4',
  rt_sigprocmask: 'how:=sigprocmask nset:signals/3 oset:>signals/3 sigsetsize:u',
  sigpending: 'set:>signals4',
  rt_sigpending: 'uset:>signals/1 sigsetsize:u',
  // The first two words of the oldest interface are not used.
  sigsuspend: 'mask:oldSignals@2',
  rt_sigsuspend: 'unewset:signals/1 sigsetsize:u',
  rt_sigtimedwait: 'uthese:signals/3 uinfo:address uts:timespec sigsetsize:u',
  rt_sigtimedwait_time64: 'uthese:signals/3 uinfo:address uts:timespec64 sigsetsize:u',
  sigaltstack: 'uss:alternateStack uoss:>alternateStack',
  pause: '',
  alarm: 'seconds:u',
};

const MEMORY: Readonly<Record<string, Description>> = {
  brk: 'brk:address',
  // The oldest call has its six arguments in memory; the reader has put them in place of its one word.
  mmap: 'addr:address len:u prot:|protection flags:mapFlags fd:d offset:x',
  mmap2: 'addr:address len:u prot:|protection flags:mapFlags fd:d pgoff:pages',
  munmap: 'addr:address len:u',
  mprotect: 'start:address len:u prot:|protection',
  mremap: ([, , , flags]) =>
    `addr:address old_len:u new_len:u flags:|mremap${(flags & MREMAP_MOVED) === MREMAP_MOVED ? ' new_addr:address' : ''}`,
  madvise: 'start:address len_in:u behavior:=madvise',
  mincore: 'start:address len:u vec:>residency/1',
  msync: 'start:address len:u flags:|msync',
  mlock: 'start:address len:u',
  mlock2: 'start:address len:u flags:|mlock',
  munlock: 'start:address len:u',
  mlockall: 'flags:|mlockall',
  munlockall: '',
  remap_file_pages: 'start:address size:u prot:|protection pgoff:u flags:mapFlags',
};

const PROCESSES: Readonly<Record<string, Description>> = {
  fork: '',
  vfork: '',
  clone: describeClone,
  clone3: 'uargs:cloneArguments size:u',
  execve: 'filename:path argv:strings envp:environment',
  execveat: 'fd:dirfd filename:path argv:strings envp:environment flags:|at',
  exit: 'error_code:d',
  exit_group: 'error_code:d',
  waitpid: 'pid:d stat_addr:>waitStatus options:|wait',
  wait4: 'upid:d stat_addr:>waitStatus options:|wait ru:>usage',
  waitid: 'which:=waitid upid:d infop:>childInfo options:|wait ru:>usage',
  unshare: 'unshare_flags:|unshare',
  setns: 'fd:fd flags:|setns',
  ...Object.fromEntries(
    ['getpid', 'getppid', 'gettid', 'getpgrp', 'setsid', 'vhangup', 'sched_yield'].map((name) => [name, '']),
  ),
  getpgid: 'pid:d',
  setpgid: 'pid:d pgid:d',
  getsid: 'pid:d',
  ...Object.fromEntries(
    ['getuid', 'geteuid', 'getgid', 'getegid'].flatMap((name) => [
      [name, ''],
      [`${name}32`, ''],
    ]),
  ),
  ...Object.fromEntries(
    [
      ['setuid', 'uid'],
      ['setgid', 'gid'],
      ['setfsuid', 'uid'],
      ['setfsgid', 'gid'],
      ['setreuid', 'ruid euid'],
      ['setregid', 'rgid egid'],
      ['setresuid', 'ruid euid suid'],
      ['setresgid', 'rgid egid sgid'],
    ].flatMap(([name, parameters]) => [
      [name, ids(parameters, 'id16')],
      [`${name}32`, ids(parameters)],
    ]),
  ),
  getresuid: ids('ruid euid suid', '>userId16'),
  getresgid: ids('rgid egid sgid', '>userId16'),
  getresuid32: ids('ruid euid suid', '>userId'),
  getresgid32: ids('rgid egid sgid', '>userId'),
  getgroups: 'gidsetsize:d grouplist:>ids16/0',
  getgroups32: 'gidsetsize:d grouplist:>ids/0',
  setgroups: 'gidsetsize:d grouplist:ids16/0',
  setgroups32: 'gidsetsize:d grouplist:ids/0',
  capget: 'header:capabilityHeader dataptr:>capabilities',
  capset: 'header:capabilityHeader data:capabilities',
  set_tid_address: 'tidptr:address',
  set_robust_list: 'head:address len:u',
  get_robust_list: 'pid:d head_ptr:>addressAt len_ptr:>uint',
  set_thread_area: 'u_info:segment',
  get_thread_area: 'u_info:>segment',
  futex: (words) => describeFutex(words, 'timespec'),
  futex_time64: (words) => describeFutex(words, 'timespec64'),
  prctl: describeProcessControl,
  personality: 'personality:personality',
  nice: 'increment:d',
  getpriority: 'which:=priority who:d',
  setpriority: 'which:=priority who:d niceval:d',
  sched_setscheduler: 'pid:d policy:=scheduler param:int',
  sched_getscheduler: 'pid:d',
  sched_setparam: 'pid:d param:int',
  sched_getparam: 'pid:d param:>int',
  sched_get_priority_max: 'policy:=scheduler',
  sched_get_priority_min: 'policy:=scheduler',
  sched_rr_get_interval: 'pid:d interval:>timespec',
  sched_rr_get_interval_time64: 'pid:d interval:>timespec64',
  sched_setaffinity: 'pid:d len:u user_mask_ptr:processors/1',
  sched_getaffinity: 'pid:d len:u user_mask_ptr:>processors/1',
  getrlimit: 'resource:=resource rlim:>limits',
  ugetrlimit: 'resource:=resource rlim:>limits',
  setrlimit: 'resource:=resource rlim:limits',
  prlimit64: 'pid:d resource:=resource new_rlim:limits64 old_rlim:>limits64',
  getrusage: 'who:=usage ru:>usage',
  times: 'tbuf:>times',
  getcpu: 'cpup:>uint nodep:>uint unused:address',
  ioperm: 'from:x num:x turn_on:d',
  iopl: 'level:d',
  pidfd_open: 'pid:d flags:|pidfd',
  rseq: 'rseq:address rseq_len:x flags:d sig:x',
};

const TIME: Readonly<Record<string, Description>> = {
  time: 'tloc:>seconds',
  stime: 'tptr:seconds',
  gettimeofday: 'tv:>timeval tz:>timezone',
  settimeofday: 'tv:timeval tz:timezone',
  clock_gettime: 'which_clock:=clock tp:>timespec',
  clock_gettime64: 'which_clock:=clock tp:>timespec64',
  clock_settime: 'which_clock:=clock tp:timespec',
  clock_settime64: 'which_clock:=clock tp:timespec64',
  clock_getres: 'which_clock:=clock tp:>timespec',
  clock_getres_time64: 'which_clock:=clock tp:>timespec64',
  clock_nanosleep: ([, flags]) =>
    `which_clock:=clock flags:|clockFlag rqtp:timespec rmtp:${flags & TIMER_ABSTIME ? 'address' : '!timespec'}`,
  clock_nanosleep_time64: ([, flags]) =>
    `which_clock:=clock flags:|clockFlag rqtp:timespec64 rmtp:${flags & TIMER_ABSTIME ? 'address' : '!timespec64'}`,
  nanosleep: 'rqtp:timespec rmtp:!timespec',
  getitimer: 'which:=itimer value:>interval',
  setitimer: 'which:=itimer value:interval ovalue:>interval',
  timer_create: 'which_clock:=clock timer_event_spec:signalEvent created_timer_id:>int',
  timer_settime: 'timer_id:d flags:|clockFlag new:timer old:>timer',
  timer_settime64: 'timer_id:d flags:|clockFlag new:timer64 old:>timer64',
  timer_gettime: 'timer_id:d setting:>timer',
  timer_gettime64: 'timer_id:d setting:>timer64',
  timer_getoverrun: 'timer_id:d',
  timer_delete: 'timer_id:d',
  timerfd_create: 'clockid:=clock flags:|timerfd',
  timerfd_settime: 'ufd:fd flags:|timerfd utmr:timer otmr:>timer',
  timerfd_settime64: 'ufd:fd flags:|timerfd utmr:timer64 otmr:>timer64',
  timerfd_gettime: 'ufd:fd otmr:>timer',
  timerfd_gettime64: 'ufd:fd otmr:>timer64',
};

const SYSTEM: Readonly<Record<string, Description>> = {
  uname: 'name:>names',
  olduname: 'name:>names',
  oldolduname: 'name:>oldestNames',
  sysinfo: 'info:>sysinfo',
  sethostname: 'name:data/1 len:u',
  setdomainname: 'name:data/1 len:u',
  getrandom: 'ubuf:>randomBytes count:u flags:|getrandom',
  syslog: ([type]) =>
    `type:=syslog buf:${type >= SYSLOG_READ && type <= SYSLOG_READ_CLEAR ? '>data/2' : 'address'} len:u`,
  reboot: ([, , command]) =>
    `magic1:=rebootMagic1 magic2:=rebootMagic2 cmd:=reboot${command === REBOOT_RESTART2 ? ' arg:string' : ''}`,
};

/** What is known of a call; undefined where nothing is. @param call its name as programs have it */
export function descriptionOf(call: string, words: readonly number[]): string | undefined {
  for (const family of [FILES, PROCESSES, SIGNALS, MEMORY, WAITING, TIME, SYSTEM]) {
    if (!Object.hasOwn(family, call)) continue;
    const description = family[call];
    return typeof description === 'string' ? description : description(words);
  }
  return undefined;
}

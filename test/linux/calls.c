/*
 * Makes many system calls with many kinds of arguments, for the trace's notation: what each does is of no interest, only that it does
 * the same on any kernel. Calls are made by their numbers, so that each is the one that is meant.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* A call by its number; its words as the kernel takes them. */
#define CALL(name, ...) syscall(SYS_##name, ##__VA_ARGS__)
#define LONG(number) (long)(number), (long)((int64_t)(number) >> 32)

typedef struct { long sec, nsec; } time32;
typedef struct { int64_t sec, nsec; } time64;

static char buffer[4096], room[65536];

static void files(void)
{
	struct iovec vector[2] = {{"first ", 6}, {"second\n", 7}}, places[2] = {{buffer, 3}, {buffer + 8, 64}};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 2};
	struct flock64 lock64 = {.l_type = F_RDLCK, .l_whence = SEEK_END, .l_start = -4, .l_len = 0};
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH};
	time32 times[2] = {{1000000000, 5000}, {0, UTIME_OMIT}}, now[2] = {{0, UTIME_NOW}, {1700000000, 0}};
	time64 wide[2] = {{4000000000LL, 123456789}, {0, UTIME_NOW}};
	long pair[2] = {1000000000, 1100000000}, vals[4] = {1000000000, 250000, 1100000000, 0};
	long pipes[2], one = 1, offset64[2] = {0, 0};
	int fd = CALL(open, "calls.tmp", O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOATIME, 0640), other;

	CALL(open, "calls.tmp", O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_SYNC, 07777);
	CALL(open, "missing", O_DIRECTORY | O_NONBLOCK | O_DSYNC | O_PATH);
	CALL(openat, AT_FDCWD, ".", O_RDWR | O_TMPFILE, 0600);
	CALL(openat, 99, "x", O_RDONLY | 0x40000000);
	CALL(openat2, AT_FDCWD, "calls.tmp", &how, sizeof how);
	CALL(creat, "calls.new", 0);
	CALL(writev, fd, vector, 2);
	CALL(pwrite64, fd, "at an offset \1\0012\33\177\377\"\\\t\v\f\r", 25, LONG(20));
	CALL(pread64, fd, buffer, 10, LONG(3));
	CALL(preadv, fd, places, 2, LONG(0));
	CALL(preadv2, fd, places, 1, LONG(0), RWF_NOWAIT | RWF_HIPRI);
	CALL(pwritev, fd, vector, 1, LONG(40));
	CALL(lseek, fd, -5, SEEK_END);
	CALL(lseek, fd, 0, 77);
	CALL(readv, fd, places, 2);
	CALL(readv, 99, places, 2);
	CALL(_llseek, fd, 0, 4, buffer, SEEK_SET);
	CALL(_llseek, fd, -1, -2, buffer, SEEK_CUR);
	CALL(ftruncate64, fd, LONG(0x12345));
	CALL(truncate, "calls.tmp", 100);
	CALL(truncate64, "missing", LONG(1LL << 40));
	CALL(fallocate, fd, FALLOC_FL_KEEP_SIZE, LONG(4096), LONG(8192));
	CALL(fallocate, 99, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, LONG(0), LONG(1));
	CALL(fadvise64, fd, LONG(0), 10, POSIX_FADV_WILLNEED);
	CALL(fadvise64_64, 99, LONG(1), LONG(2), POSIX_FADV_DONTNEED);
	CALL(readahead, 99, LONG(1), 2);
	CALL(sync_file_range, 99, LONG(1), LONG(2), SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
	CALL(copy_file_range, 99, offset64, 98, 0, 5, 0);
	CALL(splice, 99, 0, 98, 0, 5, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	CALL(tee, 99, 98, 5, SPLICE_F_MORE);
	CALL(vmsplice, 99, vector, 2, SPLICE_F_GIFT);
	CALL(fcntl, fd, F_SETLK, &lock);
	CALL(fcntl64, fd, 13 /* F_SETLK64 */, &lock64);
	CALL(fcntl64, fd, 12 /* F_GETLK64 */, &lock64);
	CALL(fcntl64, fd, F_DUPFD, 20);
	CALL(fcntl64, fd, F_DUPFD_CLOEXEC, 21);
	CALL(fcntl64, 21, F_GETFD);
	CALL(fcntl64, fd, F_GETFD);
	CALL(fcntl64, fd, F_SETFL, O_APPEND | O_NONBLOCK);
	CALL(fcntl64, fd, F_GETFL);
	CALL(fcntl64, fd, F_SETSIG, SIGIO);
	CALL(fcntl64, fd, F_GETSIG);
	CALL(fcntl64, fd, F_GETOWN);
	CALL(fcntl64, fd, F_SETLEASE, F_UNLCK);
	CALL(fcntl64, fd, F_GETLEASE);
	CALL(fcntl64, fd, 4242, 0x1234);
	CALL(flock, fd, LOCK_EX | LOCK_NB);
	CALL(flock, fd, LOCK_UN);
	CALL(pipe, pipes);
	CALL(pipe2, pipes, O_CLOEXEC | O_NONBLOCK);
	CALL(read, pipes[0], buffer, 10);
	CALL(fcntl64, pipes[1], F_SETPIPE_SZ, 4096);
	CALL(fcntl64, pipes[1], F_GETPIPE_SZ);
	CALL(dup, fd);
	CALL(dup2, fd, 30);
	CALL(dup3, fd, 31, O_CLOEXEC);
	CALL(close_range, 20, 40, 0);
	other = CALL(memfd_create, "memory", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	CALL(fcntl64, other, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
	CALL(fcntl64, other, F_GET_SEALS);
	CALL(close, other);
	CALL(access, "calls.tmp", R_OK | W_OK | X_OK);
	CALL(faccessat, AT_FDCWD, "missing", F_OK);
	CALL(faccessat2, AT_FDCWD, "calls.tmp", R_OK, AT_EACCESS | AT_SYMLINK_NOFOLLOW);
	CALL(stat64, "/dev/null", buffer);
	CALL(stat, "calls.tmp", buffer);
	CALL(lstat64, "missing", buffer);
	CALL(fstat64, fd, buffer);
	CALL(fstatat64, AT_FDCWD, "calls.tmp", buffer, AT_SYMLINK_NOFOLLOW);
	CALL(statx, AT_FDCWD, "calls.tmp", AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, buffer);
	CALL(statx, AT_FDCWD, "missing", AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW, STATX_ALL, buffer);
	CALL(mkdirat, AT_FDCWD, "folder", 0750);
	CALL(mknodat, AT_FDCWD, "folder/fifo", S_IFIFO | S_ISUID | 0644, 0);
	CALL(mknod, "folder/missing/device", S_IFBLK | 0600, 0x0803);
	CALL(symlinkat, "target", AT_FDCWD, "folder/link");
	CALL(readlinkat, AT_FDCWD, "folder/link", buffer, 100);
	CALL(linkat, AT_FDCWD, "folder/link", AT_FDCWD, "folder/hard", AT_SYMLINK_FOLLOW);
	CALL(renameat, AT_FDCWD, "folder/link", AT_FDCWD, "folder/other");
	CALL(renameat2, AT_FDCWD, "folder/other", AT_FDCWD, "folder/fifo", RENAME_NOREPLACE);
	CALL(unlinkat, AT_FDCWD, "folder", AT_REMOVEDIR);
	CALL(fchmodat, AT_FDCWD, "calls.tmp", 04755);
	CALL(fchmod, fd, 0);
	CALL(fchownat, AT_FDCWD, "calls.tmp", -1, 3, AT_SYMLINK_NOFOLLOW);
	CALL(chown, "missing", 1, -1);
	CALL(utimensat, AT_FDCWD, "calls.tmp", times, 0);
	CALL(utimensat, AT_FDCWD, "calls.tmp", now, AT_SYMLINK_NOFOLLOW);
	CALL(utimensat, fd, 0, 0, 0);
	CALL(utimensat_time64, AT_FDCWD, "calls.tmp", wide, 0);
	CALL(utime, "calls.tmp", pair);
	CALL(utimes, "calls.tmp", vals);
	CALL(futimesat, AT_FDCWD, "calls.tmp", vals);
	CALL(umask, 027);
	CALL(umask, 022);
	CALL(fgetxattr, 99, "user.name", buffer, 10);
	CALL(setxattr, "missing", "user.name", "value", 5, 1);
	CALL(lremovexattr, "missing", "user.name");
	CALL(mount, "what", "missing", "tmpfs", 2 | 4 | 1024, "size=1");
	CALL(mount, 0, "missing", "tmpfs", 32 | 1, 0);
	CALL(umount2, "missing", 2 | 8);
	CALL(chroot, "missing");
	CALL(ioctl, fd, FIONREAD, &one);
	CALL(ioctl, 99, 0xc0106677, 0x1234);
	CALL(ioctl, 99, 0x9977, 0);
	CALL(unlinkat, AT_FDCWD, "folder/fifo", 0);
	CALL(close, fd);
}

static void memory(void)
{
	long words[6] = {0, 4096, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0};
	char *at = (char *)CALL(mmap2, 0, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	*at = 1;
	CALL(mmap, words);
	CALL(mmap2, 0, 0, PROT_NONE, MAP_PRIVATE | MAP_FIXED | MAP_STACK | MAP_GROWSDOWN, 99, 3);
	CALL(mprotect, at, 4096, PROT_READ | PROT_EXEC);
	CALL(mprotect, at, 4096, PROT_READ | PROT_WRITE | 0x40000000);
	CALL(madvise, at, 4096, MADV_SEQUENTIAL);
	CALL(madvise, at, 4096, 4242);
	CALL(msync, at, 4096, MS_SYNC | MS_INVALIDATE);
	CALL(mincore, at + 1, 4096, buffer);
	CALL(mlock2, 1, 1, 4242);
	CALL(mremap, at, 16384, 32768, MREMAP_MAYMOVE);
	CALL(mremap, 1, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED, 0x1000);
	CALL(munmap, 1, 4096);
}

static void handle(int signal)
{
	(void)signal;
}

static void signals(void)
{
	struct { void *handler; unsigned long flags; void *restorer; uint32_t mask[2]; } action = {handle, SA_SIGINFO | SA_RESTART | SA_NODEFER, 0, {1 << 9, 1}};
	struct { void *handler; uint32_t mask; unsigned long flags; void *restorer; } old = {SIG_IGN, 6, SA_RESETHAND, 0};
	uint32_t set[2] = {0x00004004, 0x80000000}, all[2] = {~0u, ~0u};
	stack_t stack = {.ss_sp = room, .ss_size = sizeof room, .ss_flags = 0};
	time32 soon = {0, 1000};
	uint32_t none = 0;

	CALL(rt_sigaction, SIGUSR1, &action, 0, 8);
	CALL(rt_sigaction, SIGUSR1, 0, &action, 8);
	CALL(rt_sigaction, 77, 0, &action, 8);
	CALL(sigaction, SIGUSR2, &old, 0);
	CALL(sigaction, SIGUSR2, 0, &old);
	CALL(signal, SIGTERM, SIG_IGN);
	CALL(signal, SIGHUP, handle);
	CALL(signal, SIGHUP, SIG_DFL);
	CALL(rt_sigprocmask, SIG_BLOCK, set, buffer, 8);
	CALL(rt_sigprocmask, SIG_SETMASK, all, buffer, 8);
	CALL(rt_sigprocmask, SIG_UNBLOCK, all, 0, 8);
	CALL(rt_sigprocmask, 42, 0, 0, 4);
	CALL(sigprocmask, SIG_BLOCK, set, buffer);
	CALL(kill, getpid(), SIGQUIT + 12);
	CALL(rt_sigpending, buffer, 8);
	CALL(sigpending, buffer);
	CALL(rt_sigtimedwait, set + 1, 0, &soon, 8);
	CALL(sigprocmask, SIG_SETMASK, &none, 0);
	CALL(sigaltstack, &stack, 0);
	CALL(sigaltstack, 0, &stack);
	CALL(kill, getpid(), SIGUSR1);
	CALL(tgkill, 1, 2, SIGTERM);
	CALL(tkill, -1, 40);
	CALL(signalfd4, -1, set, 8, 02000000 | 04000);
	CALL(alarm, 0);
}

static void processes(void)
{
	struct rlimit limit = {100, 200}, limits[2];
	uint64_t limit64[2] = {2048, ~0ull};
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	/* Few, which root has on any machine: CAP_CHOWN, CAP_SETGID, CAP_NET_RAW, and CAP_SYSLOG. */
	struct __user_cap_data_struct data[2] = {{0x2041, 0x2041, 0}, {4, 4, 0}};
	int pid, status, groups[3] = {1, 2, 70000};
	char info[128] = "";

	if ((pid = CALL(fork)) == 0)
		CALL(exit_group, 3);
	CALL(wait4, pid, &status, __WALL, 0);
	if ((pid = CALL(fork)) == 0)
		CALL(kill, getpid(), SIGKILL);
	CALL(waitid, P_PID, pid, info, WEXITED | WNOWAIT, 0);
	CALL(waitpid, pid, &status, WUNTRACED);
	CALL(wait4, -1, &status, WNOHANG, 0);
	CALL(setpriority, PRIO_PROCESS, 0, 3);
	CALL(getpriority, PRIO_PROCESS, 0);
	CALL(nice, 1);
	CALL(sched_getscheduler, 0);
	CALL(sched_setscheduler, 0, SCHED_OTHER, "\0\0\0\0");
	CALL(sched_getparam, 0, buffer);
	CALL(sched_get_priority_max, SCHED_FIFO);
	CALL(sched_yield);
	CALL(getrlimit, RLIMIT_CORE, limits);
	CALL(setrlimit, RLIMIT_MSGQUEUE, &limit);
	CALL(ugetrlimit, RLIMIT_MSGQUEUE, limits);
	CALL(prlimit64, 0, RLIMIT_CORE, limit64, buffer);
	CALL(prlimit64, 0, 77, 0, buffer);
	CALL(prctl, PR_SET_NAME, "a name that is too long", 1, 2, 3);
	CALL(prctl, PR_GET_NAME, buffer, 0, 0, 0);
	CALL(prctl, PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	CALL(prctl, PR_GET_PDEATHSIG, buffer, 0, 0, 0);
	CALL(prctl, PR_GET_DUMPABLE, 0, 0, 0, 0);
	CALL(prctl, PR_GET_SECUREBITS, 0, 0, 0, 0);
	CALL(prctl, PR_CAPBSET_READ, 12, 0, 0, 0);
	CALL(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0);
	CALL(prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
	CALL(prctl, 4242, 1, 2, 3, 4);
	CALL(personality, -1);
	CALL(capset, &header, data);
	CALL(capget, &header, buffer);
	CALL(getresuid32, buffer, buffer + 4, buffer + 8);
	CALL(setresuid32, -1, 0, -1);
	CALL(setregid32, -1, 0);
	CALL(setfsuid32, 0);
	CALL(setgroups32, 3, groups);
	CALL(getgroups32, 64, buffer);
	CALL(getresgid, buffer, buffer + 4, buffer + 8);
	CALL(futex, buffer, FUTEX_WAKE_PRIVATE, 1);
	CALL(futex, buffer, FUTEX_WAIT, 4242, 0);
	CALL(futex, buffer, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 4242, 0, 0, -1);
	CALL(futex, buffer, FUTEX_CMP_REQUEUE_PRIVATE, 1, 2, buffer + 4, 4242);
	CALL(futex, buffer, FUTEX_WAKE_OP, 1, 1, buffer + 4, FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_GE, 5));
	CALL(unshare, CLONE_FS | CLONE_FILES);
	CALL(setns, 99, CLONE_NEWNET);
	CALL(ioperm, 0x80, 1, 0);
	CALL(reboot, 1, 2, 0x89abcdef);
	CALL(chdir, "/missing");
	CALL(execve, "/missing", (char *[]){"one", "two", 0}, (char *[]){"A=1", 0});
	CALL(execveat, AT_FDCWD, "/missing", 0, 0, AT_EMPTY_PATH);
}

static void times(void)
{
	time32 none = {0, 0}, soon = {0, 1000000}, timer[2] = {{1, 500}, {100, 0}}, bad = {-1, 5};
	time64 wide = {0, 5};
	struct sigevent event = {.sigev_notify = SIGEV_NONE};
	int id, fd;

	CALL(nanosleep, &soon, buffer);
	CALL(nanosleep, &bad, 0);
	CALL(clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &none, 0);
	CALL(clock_nanosleep_time64, CLOCK_REALTIME, 0, &wide, 0);
	CALL(clock_gettime, 4242, buffer);
	CALL(clock_settime, CLOCK_MONOTONIC, &none);
	CALL(setitimer, ITIMER_VIRTUAL, timer, buffer);
	CALL(setitimer, 42, timer, 0);
	CALL(timer_create, CLOCK_MONOTONIC, &event, &id);
	CALL(timer_settime, id, TIMER_ABSTIME, timer, buffer);
	CALL(timer_getoverrun, id);
	CALL(timer_delete, id);
	fd = CALL(timerfd_create, CLOCK_BOOTTIME, O_CLOEXEC | O_NONBLOCK);
	CALL(timerfd_settime, fd, 0, timer, buffer);
	CALL(timerfd_gettime, 99, buffer);
	CALL(close, fd);
}

static void waiting(void)
{
	struct pollfd polled[3] = {{0, POLLIN | POLLPRI, 0}, {-5, POLLOUT, 0}, {99, POLLOUT | POLLRDHUP, 0}};
	struct epoll_event event = {EPOLLIN | EPOLLOUT | EPOLLET | EPOLLONESHOT, {.u64 = 0x100000007}}, events[4];
	uint32_t set[32] = {1 << 3 | 1 << 5}, mask[2] = {1 << 14, 0};
	struct { void *mask; long size; } with_size = {mask, 8};
	time32 none = {0, 0};
	int fd = CALL(epoll_create1, EPOLL_CLOEXEC), counter = CALL(eventfd2, 7, O_NONBLOCK);

	CALL(poll, polled, 3, 0);
	CALL(poll, polled + 1, 1, 1);
	CALL(ppoll, polled, 2, &none, mask, 8);
	CALL(epoll_ctl, fd, EPOLL_CTL_ADD, counter, &event);
	CALL(epoll_wait, fd, events, 4, 0);
	CALL(epoll_ctl, fd, EPOLL_CTL_MOD, counter, &event);
	CALL(epoll_pwait, fd, events, 4, -1, mask, 8);
	CALL(epoll_ctl, fd, EPOLL_CTL_DEL, counter, &event);
	CALL(epoll_wait, fd, events, 4, 0);
	set[0] = 1 << counter;
	CALL(pselect6, 8, set, 0, 0, &none, &with_size);
	set[0] = 0;
	CALL(pselect6, 8, set, 0, set, &none, 0);
	CALL(read, counter, buffer, 8);
	CALL(close, counter);
	CALL(close, fd);
}

static void terminals(void)
{
	struct winsize size = {24, 80, 0, 0};
	struct termios settings;
	int unlocked = 0, number, fd = CALL(open, "/dev/ptmx", O_RDWR | O_NOCTTY);

	CALL(ioctl, fd, TIOCSPTLCK, &unlocked);
	CALL(ioctl, fd, TIOCGPTN, &number);
	CALL(ioctl, fd, TCGETS, &settings);
	settings.c_lflag &= ~(ICANON | ECHO);
	settings.c_iflag |= IGNBRK | INLCR;
	settings.c_cflag = B115200 | CS7 | PARENB | CREAD;
	CALL(ioctl, fd, TCSETSW, &settings);
	CALL(ioctl, fd, TCGETS, &settings);
	CALL(ioctl, fd, TIOCSWINSZ, &size);
	CALL(ioctl, fd, TIOCGWINSZ, &size);
	CALL(ioctl, fd, TIOCOUTQ, &number);
	CALL(ioctl, fd, TCFLSH, TCIOFLUSH);
	CALL(ioctl, fd, TCXONC, TCOON);
	CALL(ioctl, fd, FIONBIO, &number);
	CALL(ioctl, fd, TIOCMGET, &number);
	CALL(ioctl, fd, FIOCLEX);
	CALL(close, fd);
}

static void interfaces(void)
{
	static const unsigned long asked[] = {SIOCGIFINDEX, SIOCGIFFLAGS, SIOCGIFADDR, SIOCGIFNETMASK, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFTXQLEN, SIOCGIFMETRIC, SIOCGIFMAP};
	struct ifreq request = {0};
	struct ifconf list = {.ifc_len = 0, .ifc_buf = 0};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	CALL(ioctl, fd, SIOCGIFCONF, &list);
	list = (struct ifconf){.ifc_len = sizeof buffer, .ifc_buf = buffer};
	CALL(ioctl, fd, SIOCGIFCONF, &list);
	for (unsigned i = 0; i < sizeof asked / sizeof *asked; i++) {
		memset(&request, 0, sizeof request);
		strcpy(request.ifr_name, "lo");
		CALL(ioctl, fd, asked[i], &request);
	}
	request.ifr_ifindex = 1;
	CALL(ioctl, fd, SIOCGIFNAME, &request);
	strcpy(request.ifr_name, "none");
	CALL(ioctl, fd, SIOCGIFADDR, &request);
	request.ifr_mtu = 1234;
	CALL(ioctl, fd, SIOCSIFMTU, &request);
	CALL(close, fd);
}

static void messages(void)
{
	int pair[2], one = 1, udp, fds[2] = {0, 1};
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5353), .sin_addr = {htonl(INADDR_LOOPBACK)}};
	char control[256], text[32];
	struct iovec vector = {"rights", 6}, place = {text, sizeof text};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(sizeof fds)};
	struct cmsghdr *header = (struct cmsghdr *)control;

	socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair);
	*header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(header), fds, sizeof fds);
	sendmsg(pair[0], &message, MSG_DONTWAIT);
	message = (struct msghdr){.msg_iov = &place, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	recvmsg(pair[1], &message, MSG_CMSG_CLOEXEC);
	setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
	send(pair[0], "who", 3, MSG_NOSIGNAL);
	message.msg_controllen = sizeof control;
	recvmsg(pair[1], &message, 0);
	udp = socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP);
	bind(udp, (struct sockaddr *)&to, sizeof to);
	setsockopt(udp, IPPROTO_IP, IP_RECVTTL, &one, sizeof one);
	setsockopt(udp, IPPROTO_IP, IP_RECVTOS, &one, sizeof one);
	setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
	setsockopt(udp, IPPROTO_IP, IP_RECVORIGDSTADDR, &one, sizeof one);
	sendto(udp, "to itself", 9, MSG_CONFIRM, (struct sockaddr *)&to, sizeof to);
	message.msg_controllen = sizeof control;
	recvmsg(udp, &message, 0);
}

int main(void)
{
	CALL(chdir, "/tmp");
	files();
	memory();
	signals();
	processes();
	times();
	waiting();
	terminals();
	interfaces();
	messages();
	return 0;
}

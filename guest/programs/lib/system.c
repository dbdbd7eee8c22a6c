#include "system.h"

#include "entry.h"
#include "numbers.h"

enum { TCGETS = 0x5401, TCSETS = 0x5402, TIOCSCTTY = 0x540e, TIOCSPGRP = 0x5410, TIOCGWINSZ = 0x5413 };
enum { SIG_BLOCK = 0, SIG_SETMASK = 2 };
enum { REBOOT_MAGIC1 = 0xfee1dead, REBOOT_MAGIC2 = 672274793 };

/* Signals as the kernel counts them here: 64 bits, bit n - 1 for signal n. */
typedef uint64_t signal_set;

/* The kernel's struct sigaction. Without SA_RESTORER a handler returns through the vDSO. */
struct signal_action {
	signal_handler handler;
	unsigned long flags;
	void *restorer;
	signal_set mask;
};

int execve(const char *path, char *const argv[], char *const envp[])
{
	return result_of(system_call3(__NR_execve, path, argv, envp));
}

int kill(pid_t pid, int signal)
{
	return result_of(system_call2(__NR_kill, pid, signal));
}

int setpgid(pid_t pid, pid_t group)
{
	return result_of(system_call2(__NR_setpgid, pid, group));
}

int setsid(void)
{
	return result_of(system_call0(__NR_setsid));
}

void set_signal(int signal, signal_handler handler)
{
	struct signal_action action = {.handler = handler};

	system_call4(__NR_rt_sigaction, signal, &action, NULL, sizeof(signal_set));
}

void block_signal(int signal)
{
	signal_set set = (signal_set)1 << (signal - 1);

	system_call4(__NR_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof(set));
}

void unblock_signals(void)
{
	signal_set none = 0;

	system_call4(__NR_rt_sigprocmask, SIG_SETMASK, &none, NULL, sizeof(none));
}

bool wait_readable(int fd)
{
	const short readable = 1; /* POLLIN */
	struct {
		int fd;
		short events;
		short revents;
	} poll = {fd, readable, 0};
	signal_set none = 0;

	return result_of(system_call5(__NR_ppoll, &poll, 1, NULL, &none, sizeof(none))) == 1;
}

int get_termios(int fd, struct termios *settings)
{
	return result_of(system_call3(__NR_ioctl, fd, TCGETS, settings));
}

int set_termios(int fd, const struct termios *settings)
{
	return result_of(system_call3(__NR_ioctl, fd, TCSETS, settings));
}

int get_window_size(int fd, struct winsize *size)
{
	return result_of(system_call3(__NR_ioctl, fd, TIOCGWINSZ, size));
}

int set_controlling_terminal(int fd)
{
	return result_of(system_call3(__NR_ioctl, fd, TIOCSCTTY, 1));
}

int set_foreground_group(int fd, pid_t group)
{
	return result_of(system_call3(__NR_ioctl, fd, TIOCSPGRP, &group));
}

int mount(const char *what, const char *where, const char *type)
{
	return result_of(system_call5(__NR_mount, what, where, type, 0, NULL));
}

int mkdir(const char *path, int mode)
{
	return result_of(system_call2(__NR_mkdir, path, mode));
}

int chdir(const char *path)
{
	return result_of(system_call1(__NR_chdir, path));
}

int getcwd(char *buffer, size_t size)
{
	return result_of(system_call2(__NR_getcwd, buffer, size));
}

int dup2(int from, int to)
{
	return result_of(system_call2(__NR_dup2, from, to));
}

int getdents64(int fd, void *buffer, size_t size)
{
	return result_of(system_call3(__NR_getdents64, fd, buffer, size));
}

int uname(struct utsname *name)
{
	return result_of(system_call1(__NR_uname, name));
}

int read_kernel_log(int action, char *buffer, int size)
{
	return result_of(system_call3(__NR_syslog, action, buffer, size));
}

void sync(void)
{
	system_call0(__NR_sync);
}

int reboot(int action)
{
	return result_of(system_call4(__NR_reboot, REBOOT_MAGIC1, REBOOT_MAGIC2, action, NULL));
}

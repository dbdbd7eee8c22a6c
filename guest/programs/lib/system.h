/* System calls and structures that init and the shell need: processes, signals, terminals, mounts, power. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "types.h"

enum { SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGKILL = 9, SIGPIPE = 13, SIGTERM = 15, SIGCHLD = 17, SIGCONT = 18 };
enum { SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22 };
enum { WNOHANG = 1, WUNTRACED = 2 };
enum { POWER_OFF = 0x4321fedc, RESTART = 0x01234567 };
enum { ICANON = 2, ECHO = 8, ISIG = 1, IEXTEN = 0x8000, IXON = 0x400 };
enum { SYSLOG_ACTION_READ_ALL = 3, SYSLOG_ACTION_SIZE_BUFFER = 10 };

/* The kernel's struct termios (include/uapi/asm-generic/termbits.h). */
struct termios {
	uint32_t c_iflag;
	uint32_t c_oflag;
	uint32_t c_cflag;
	uint32_t c_lflag;
	uint8_t c_line;
	uint8_t c_cc[19];
};

struct winsize {
	uint16_t rows;
	uint16_t columns;
	uint16_t width;
	uint16_t height;
};

struct utsname {
	char sysname[65];
	char nodename[65];
	char release[65];
	char version[65];
	char machine[65];
	char domainname[65];
};

/* One entry of a directory, of d_reclen bytes. */
struct dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};
enum { DT_DIR = 4 };

typedef void (*signal_handler)(int);
#define SIG_DFL ((signal_handler)0)
#define SIG_IGN ((signal_handler)1)

int execve(const char *path, char *const argv[], char *const envp[]);
int kill(pid_t pid, int signal);
int setpgid(pid_t pid, pid_t group);
int setsid(void);
void set_signal(int signal, signal_handler handler);

/* Blocks one signal, or lets all through again. */
void block_signal(int signal);
void unblock_signals(void);

/* Waits until a descriptor can be read from. False if a signal came, of which none is blocked during the wait. */
bool wait_readable(int fd);

int get_termios(int fd, struct termios *settings);
int set_termios(int fd, const struct termios *settings);
int get_window_size(int fd, struct winsize *size);
int set_controlling_terminal(int fd);
int set_foreground_group(int fd, pid_t group);

int mount(const char *what, const char *where, const char *type);
int mkdir(const char *path, int mode);
int chdir(const char *path);
int getcwd(char *buffer, size_t size);
int dup2(int from, int to);
int getdents64(int fd, void *buffer, size_t size);
int uname(struct utsname *name);
int read_kernel_log(int action, char *buffer, int size);
void sync(void);
int reboot(int action);

#endif

/*
 * init: the first process. Prepares the system, then keeps a shell on the console and takes the exit statuses of
 * processes whose parent is gone.
 *
 * The shell is a process of its own because the kernel does not stop (ctrl-Z) children of the first process.
 * Neither makes a socket call: the loopback interface is brought up through sysfs, so that whoever breaks on a socket
 * call meets the lab programs only.
 */
#include "entry.h"
#include "print.h"
#include "string.h"
#include "system.h"
#include "unistd.h"

static void prepare(const char *type, const char *where)
{
	if (mount(type, where, type) < 0)
		print("init: mounting %s: %s\n", where, error_text(errno));
}

static void put(const char *text, const char *where, const char *purpose)
{
	int fd = open(where, O_WRONLY, 0);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		print("init: %s: %s\n", purpose, error_text(errno));
	if (fd >= 0)
		close(fd);
}

/*
 * Makes the console this session's terminal, so that its keys send signals. /dev/console itself can't be that: the
 * device behind it is named last in /sys/class/tty/console/active.
 */
static void open_console(void)
{
	char names[128], path[140] = "/dev/console", *name = names;
	int fd = open("/sys/class/tty/console/active", O_RDONLY, 0);
	ssize_t count = fd < 0 ? -1 : read(fd, names, sizeof(names) - 1);

	if (fd >= 0)
		close(fd);
	if (count > 0) {
		names[count - (names[count - 1] == '\n')] = 0;
		for (char *space; (space = strchr(name, ' ')) != NULL;)
			name = space + 1;
		format(path, sizeof(path), "/dev/%s", name);
	}
	setsid();
	fd = open(path, O_RDWR, 0);
	if (fd < 0) {
		print("init: %s: %s\n", path, error_text(errno));
		return;
	}
	set_controlling_terminal(fd);
	set_foreground_group(fd, getpid());
	for (int standard = STDIN; standard <= STDERR; standard++)
		dup2(fd, standard);
	if (fd > STDERR)
		close(fd);
}

static void be_shell(void)
{
	static char *const words[] = {"shell", NULL}, *const environment[] = {"HOME=/", "PATH=/bin", "TERM=vt100", NULL};

	open_console();
	execve("/bin/shell", words, environment);
	print("init: /bin/shell: %s\n", error_text(errno));
	exit(127);
}

int main(void)
{
	const struct timespec second = {.tv_sec = 1};

	prepare("proc", "/proc");
	prepare("sysfs", "/sys");
	prepare("devtmpfs", "/dev");
	mkdir("/dev/pts", 0755);
	prepare("devpts", "/dev/pts");
	prepare("tmpfs", "/tmp");
	put("0x9" /* IFF_UP | IFF_LOOPBACK */, "/sys/class/net/lo/flags", "bringing up the loopback interface");
	/* From here on notices and worse only: the kernel's small talk would be written over the line that is being typed. */
	put("6", "/proc/sys/kernel/printk", "lowering the console's log level");
	for (;;) {
		pid_t shell = fork(), ended;

		if (shell == 0)
			be_shell();
		do
			ended = wait4(-1, NULL, 0, NULL);
		while (ended != shell && ended > 0);
		print("init: the shell ended; starting another\n");
		nanosleep(&second, NULL);
	}
}

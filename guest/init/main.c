/*
 * The first process: prepares the system, then is a shell on the console.
 *
 * It makes no socket call of its own (the loopback interface is brought up through sysfs), so that whoever breaks on
 * one meets the lab programs only.
 */
#include "commands.h"
#include "entry.h"
#include "jobs.h"
#include "line.h"
#include "print.h"
#include "shell.h"
#include "string.h"
#include "system.h"
#include "unistd.h"

static const char prompt[] = "sockscope# ";

static void prepare(const char *type, const char *where)
{
	if (mount(type, where, type) < 0)
		print("init: mounting %s: %s\n", where, error_text(errno));
}

static void bring_up_loopback(void)
{
	const char up[] = "0x9"; /* IFF_UP | IFF_LOOPBACK */
	int fd = open("/sys/class/net/lo/flags", O_WRONLY, 0);

	if (fd < 0 || write(fd, up, strlen(up)) < 0)
		print("init: bringing up the loopback interface: %s\n", error_text(errno));
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

static void report_children(void)
{
	if (reap())
		redraw_line();
}

int main(void)
{
	struct utsname name = {0};
	char line[LINE_SIZE];

	prepare("proc", "/proc");
	prepare("sysfs", "/sys");
	prepare("devtmpfs", "/dev");
	mkdir("/dev/pts", 0755);
	prepare("devpts", "/dev/pts");
	prepare("tmpfs", "/tmp");
	bring_up_loopback();
	open_console();
	jobs_start();
	commands_start();
	line_complete = complete_command;
	line_interrupted = report_children;

	uname(&name);
	print("SockScope guest: %s %s on %s. help lists the commands.\n", name.sysname, name.release, name.machine);
	for (;;) {
		reap();
		terminal_for_editing();
		if (read_line(prompt, line))
			run_line(line);
		else
			print("\nexit powers the machine off\n");
	}
}

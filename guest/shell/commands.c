#include "commands.h"

#include "entry.h"
#include "jobs.h"
#include "print.h"
#include "string.h"
#include "system.h"
#include "unistd.h"

enum { PROGRAMS = 32, BUFFER = 4096 };

/* The lab programs: /etc/programs has a line "name<TAB>what it shows" for each. */
static char programs_text[BUFFER];
static struct {
	const char *name;
	const char *help;
} programs[PROGRAMS];
static int program_count;

static int complain(const char *command, const char *what)
{
	print_to(STDERR, "%s: %s: %s\n", command, what, error_text(errno));
	return 1;
}

/* Reads a small file whole and ends it with a zero byte. Returns its length or -1. */
static ssize_t read_file(const char *path, char *buffer, size_t size)
{
	ssize_t count, total = 0;
	int fd = open(path, O_RDONLY, 0);

	if (fd < 0)
		return -1;
	while ((count = read(fd, buffer + total, size - 1 - total)) > 0)
		total += count;
	close(fd);
	buffer[total] = 0;
	return count < 0 ? -1 : total;
}

void commands_start(void)
{
	char *line = programs_text;

	if (read_file("/etc/programs", programs_text, sizeof(programs_text)) < 0)
		return;
	while (*line && program_count < PROGRAMS) {
		char *tab = strchr(line, '\t'), *end = strchr(line, '\n');

		if (!tab || !end)
			break;
		*tab = *end = 0;
		programs[program_count].name = line;
		programs[program_count++].help = tab + 1;
		line = end + 1;
	}
}

static int echo(char **words)
{
	for (words++; *words; words++)
		print("%s%s", *words, words[1] ? " " : "");
	print("\n");
	return 0;
}

static int copy_out(const char *command, int fd, const char *name)
{
	char buffer[BUFFER];
	ssize_t count;

	while ((count = read(fd, buffer, sizeof(buffer))) > 0)
		write(STDOUT, buffer, count);
	return count < 0 ? complain(command, name) : 0;
}

static int cat(char **words)
{
	int status = 0;

	if (!words[1])
		return copy_out("cat", STDIN, "input");
	for (int i = 1; words[i]; i++) {
		int fd = open(words[i], O_RDONLY, 0);

		if (fd < 0) {
			status = complain("cat", words[i]);
			continue;
		}
		status |= copy_out("cat", fd, words[i]);
		close(fd);
	}
	return status;
}

/* Calls a function for each entry of a directory. Returns -1 if it can't be read. */
static int for_each_entry(const char *path, void (*visit)(const struct dirent64 *entry))
{
	char buffer[2048] __attribute__((aligned(8)));
	int count, fd = open(path, O_RDONLY, 0);

	if (fd < 0)
		return -1;
	while ((count = getdents64(fd, buffer, sizeof(buffer))) > 0) {
		for (int at = 0; at < count;) {
			const struct dirent64 *entry = (const struct dirent64 *)(buffer + at);

			if (entry->d_name[0] != '.')
				visit(entry);
			at += entry->d_reclen;
		}
	}
	close(fd);
	return count;
}

static void print_entry(const struct dirent64 *entry)
{
	print("%s%s\n", entry->d_name, entry->d_type == DT_DIR ? "/" : "");
}

static int ls(char **words)
{
	int status = 0;

	if (!words[1])
		return for_each_entry(".", print_entry) < 0 ? complain("ls", ".") : 0;
	for (int i = 1; words[i]; i++)
		if (for_each_entry(words[i], print_entry) < 0)
			status = complain("ls", words[i]);
	return status;
}

static int cd(char **words)
{
	const char *path = words[1] ? words[1] : "/";

	return chdir(path) < 0 ? complain("cd", path) : 0;
}

static int pwd(char **words)
{
	char path[256];

	if (getcwd(path, sizeof(path)) < 0)
		return complain(words[0], "current folder");
	print("%s\n", path);
	return 0;
}

/* One line of ps, from /proc/PID/stat: pid (name) state parent ... */
static void print_process(const struct dirent64 *entry)
{
	char path[64], text[512], *name, *end, *parent;
	int pid;

	if (!parse_number(entry->d_name, &pid))
		return;
	format(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, text, sizeof(text)) < 0)
		return; /* it ended meanwhile */
	name = strchr(text, '(');
	end = text + strlen(text);
	while (end > text && *end != ')') /* the name itself may hold parentheses */
		end--;
	if (!name || end <= name || strlen(end) < 5)
		return;
	*end = 0;
	parent = end + 4;
	*strchr(parent, ' ') = 0;
	/* Process 2 is kthreadd, the parent of all kernel threads. */
	bool kernel = pid == 2 || strcmp(parent, "2") == 0;

	print("%5d %5s %c     %s%s%s\n", pid, parent, end[2], kernel ? "[" : "", name + 1, kernel ? "]" : "");
}

static int ps(char **words)
{
	print("  PID  PPID STATE COMMAND\n");
	return for_each_entry("/proc", print_process) < 0 ? complain(words[0], "/proc") : 0;
}

static int kill_process(char **words)
{
	int signal = SIGTERM, status = 0, first = 1;

	if (words[1] && words[1][0] == '-') {
		if (!parse_number(words[1] + 1, &signal)) {
			print_to(STDERR, "kill: %s is not the number of a signal\n", words[1] + 1);
			return 1;
		}
		first = 2;
	}
	if (!words[first]) {
		print_to(STDERR, "kill: which process? (a number, or %%n for a job)\n");
		return 1;
	}
	for (int i = first; words[i]; i++) {
		pid_t pid = words[i][0] == '%' ? job_process(words[i]) : -1;

		if (pid < 0 && !parse_number(words[i], &pid)) {
			print_to(STDERR, "kill: %s: there is no such process\n", words[i]);
			status = 1;
		} else if (kill(pid, signal) < 0) {
			status = complain("kill", words[i]);
		}
	}
	return status;
}

static int sleep_seconds(char **words)
{
	struct timespec duration = {0};
	int seconds;

	if (!words[1] || !parse_number(words[1], &seconds)) {
		print_to(STDERR, "sleep: how many seconds?\n");
		return 1;
	}
	duration.tv_sec = seconds;
	nanosleep(&duration, NULL);
	return 0;
}

static int make_folder(char **words)
{
	int status = 0;

	for (int i = 1; words[i]; i++)
		if (mkdir(words[i], 0755) < 0)
			status = complain("mkdir", words[i]);
	return status;
}

static int remove_file(char **words)
{
	int status = 0;

	for (int i = 1; words[i]; i++)
		if (unlink(words[i]) < 0)
			status = complain("rm", words[i]);
	return status;
}

static int dmesg(char **words)
{
	static char log[1 << 17]; /* CONFIG_LOG_BUF_SHIFT */
	int count = read_kernel_log(SYSLOG_ACTION_READ_ALL, log, sizeof(log));

	if (count < 0)
		return complain(words[0], "kernel log");
	write(STDOUT, log, count);
	return 0;
}

static int print_uname(char **words)
{
	struct utsname name;

	if (uname(&name) < 0)
		return complain(words[0], "uname");
	print("%s %s %s %s\n", name.sysname, name.release, name.version, name.machine);
	return 0;
}

/* Asks the kernel to panic (Documentation/admin-guide/sysrq.rst). */
static int make_panic(char **words)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY, 0);

	if (fd < 0 || write(fd, "c", 1) < 0)
		return complain(words[0], "/proc/sysrq-trigger");
	return 0;
}

static int end_everything(char **words, const char *message, int action)
{
	const struct timespec moment = {.tv_nsec = 50000000};

	print("%s\n", message);
	kill(-1, SIGTERM);
	nanosleep(&moment, NULL);
	kill(-1, SIGKILL);
	sync();
	reboot(action);
	return complain(words[0], "reboot");
}

static int power_off(char **words)
{
	return end_everything(words, "powering off", POWER_OFF);
}

static int restart(char **words)
{
	return end_everything(words, "restarting", RESTART);
}

static int help(char **words);

static const struct shell_command commands[] = {
	{"help", "", "lists the commands", help, false},
	{"jobs", "", "lists background and stopped jobs", list_jobs, false},
	{"fg", "[%n]", "continues a job in the foreground", resume_in_foreground, false},
	{"bg", "[%n]", "continues a stopped job in the background", resume_in_background, false},
	{"ps", "", "lists all processes", ps, false},
	{"kill", "[-signal] pid|%n ...", "sends a signal, 15 if none is named", kill_process, false},
	{"echo", "[word ...]", "prints its arguments", echo, false},
	{"cat", "[file ...]", "prints files", cat, true},
	{"ls", "[folder ...]", "lists folders", ls, false},
	{"cd", "[folder]", "changes the current folder", cd, false},
	{"pwd", "", "prints the current folder", pwd, false},
	{"mkdir", "folder ...", "makes folders", make_folder, false},
	{"rm", "file ...", "removes files", remove_file, false},
	{"sleep", "seconds", "waits", sleep_seconds, true},
	{"dmesg", "", "prints the kernel's log", dmesg, false},
	{"uname", "", "prints the kernel's version", print_uname, false},
	{"panic", "", "makes the kernel panic", make_panic, false},
	{"reboot", "", "restarts the machine", restart, false},
	{"exit", "", "powers the machine off (also: poweroff)", power_off, false},
	{"poweroff", "", NULL, power_off, false},
};

static int help(char **words)
{
	(void)words;
	print("Commands of the shell (a program or command takes < file, > file, >> file, and & for the background):\n");
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		char left[40];

		if (!commands[i].help)
			continue;
		format(left, sizeof(left), "%s %s", commands[i].name, commands[i].arguments);
		print("  %-26s %s\n", left, commands[i].help);
	}
	print("Lab programs (all take --entry=int80|sysenter|direct and --help):\n");
	for (int i = 0; i < program_count; i++)
		print("  %-11s %s\n", programs[i].name, programs[i].help);
	return 0;
}

const struct shell_command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

const char *complete_command(const char *beginning, int index)
{
	size_t length = strlen(beginning);

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (strncmp(commands[i].name, beginning, length) == 0 && index-- == 0)
			return commands[i].name;
	for (int i = 0; i < program_count; i++)
		if (strncmp(programs[i].name, beginning, length) == 0 && index-- == 0)
			return programs[i].name;
	return NULL;
}

#include "jobs.h"

#include "entry.h"
#include "print.h"
#include "string.h"
#include "system.h"
#include "unistd.h"

enum { JOBS = 16, TEXT = 64 };
enum state { NONE, RUNNING, STOPPED, ENDED };

struct job {
	enum state state;
	pid_t pid;
	bool background;
	bool news;  /* it stopped or ended in the background, and nobody was told yet */
	int status; /* as wait4 gives it; valid when it stopped or ended */
	char text[TEXT];
};

static struct job jobs[JOBS];
static struct termios cooked;

/* Signals that the terminal's keys send; the shell itself ignores them. */
static const int terminal_signals[] = {SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU};

static void note_child(int signal)
{
	(void)signal; /* its only purpose is to end a wait for keys */
}

void jobs_start(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(terminal_signals); i++)
		set_signal(terminal_signals[i], SIG_IGN);
	set_signal(SIGCHLD, note_child);
	block_signal(SIGCHLD); /* delivered only within wait_readable */
	get_termios(STDIN, &cooked);
	/* A shell that was killed may have left it set for editing. */
	cooked.c_lflag |= ICANON | ECHO | ISIG | IEXTEN;
	cooked.c_iflag |= IXON;
}

void terminal_for_editing(void)
{
	struct termios raw = cooked;

	raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
	raw.c_iflag &= ~IXON;
	set_termios(STDIN, &raw);
}

void terminal_for_programs(void)
{
	set_termios(STDIN, &cooked);
}

static bool exited(int status)
{
	return (status & 0x7f) == 0;
}

static bool stopped(int status)
{
	return (status & 0xff) == 0x7f;
}

static const char *signal_text(int signal)
{
	static const char *const names[] = {
		[1] = "Hangup", [2] = "Interrupt", [3] = "Quit", [4] = "Illegal instruction", [5] = "Trace/breakpoint trap",
		[6] = "Aborted", [7] = "Bus error", [8] = "Floating point exception", [9] = "Killed",
		[10] = "User defined signal 1", [11] = "Segmentation fault", [12] = "User defined signal 2",
		[13] = "Broken pipe", [14] = "Alarm clock", [15] = "Terminated",
	};
	static char other[16];

	if (signal < (int)ARRAY_SIZE(names) && names[signal])
		return names[signal];
	format(other, sizeof(other), "signal %d", signal);
	return other;
}

/* "exit 1", "Segmentation fault", or "done". */
static const char *outcome(int status)
{
	static char text[16];

	if (!exited(status))
		return signal_text(status & 0x7f);
	if (status == 0)
		return "done";
	format(text, sizeof(text), "exit %d", status >> 8 & 0xff);
	return text;
}

static bool is_alive(const struct job *job)
{
	return job->state == RUNNING || job->state == STOPPED;
}

static struct job *job_of(pid_t pid)
{
	for (int i = 0; i < JOBS; i++)
		if (is_alive(&jobs[i]) && jobs[i].pid == pid)
			return &jobs[i];
	return NULL;
}

static int number_of(const struct job *job)
{
	return job - jobs + 1;
}

/* Keeps what wait4 said of a process; processes that nobody here started are only reaped. */
static void note_status(pid_t pid, int status)
{
	struct job *job = job_of(pid);

	if (!job)
		return;
	job->status = status;
	job->state = stopped(status) ? STOPPED : ENDED;
	job->news = job->background;
}

static void tell(struct job *job)
{
	print("[%d] %s: %s\n", number_of(job), job->text, job->state == STOPPED ? "stopped" : outcome(job->status));
	job->news = false;
	if (job->state == ENDED)
		job->state = NONE;
}

void reap(void)
{
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG | WUNTRACED, NULL)) > 0)
		note_status(pid, status);
}

void tell_news(void)
{
	for (int i = 0; i < JOBS; i++)
		if (jobs[i].news)
			tell(&jobs[i]);
}

/* Waits until a foreground job ends or stops; the terminal is the shell's again afterwards. */
static int wait_for(struct job *job)
{
	int status;
	pid_t pid;

	do {
		pid = wait4(-1, &status, WUNTRACED, NULL);
		if (pid > 0)
			note_status(pid, status);
	} while (job->state == RUNNING);
	set_foreground_group(STDIN, getpid());
	if (job->state == STOPPED) {
		print("\n");
		job->background = true;
		tell(job);
		return 128 + (job->status >> 8 & 0xff);
	}
	job->state = NONE;
	if (!exited(job->status) && (job->status & 0x7f) == SIGINT)
		print("\n"); /* the ^C is on the line already */
	else if (job->status != 0)
		print("%s: %s\n", job->text, outcome(job->status));
	return exited(job->status) ? job->status >> 8 & 0xff : 128 + (job->status & 0x7f);
}

static void redirect(const char *path, int flags, int to)
{
	int fd = open(path, flags, 0644);

	if (fd < 0) {
		print_to(STDERR, "%s: %s\n", path, error_text(errno));
		exit(1);
	}
	dup2(fd, to);
	close(fd);
}

/* What the new process does; it never comes back. */
static void child(const struct command *command)
{
	static char *const environment[] = {"HOME=/", "PATH=/bin", "TERM=vt100", NULL};
	char path[128];

	setpgid(0, 0);
	if (!command->background)
		set_foreground_group(STDIN, getpid());
	for (size_t i = 0; i < ARRAY_SIZE(terminal_signals); i++)
		set_signal(terminal_signals[i], SIG_DFL);
	set_signal(SIGCHLD, SIG_DFL);
	unblock_signals();
	if (command->input)
		redirect(command->input, O_RDONLY, STDIN);
	if (command->output)
		redirect(command->output, O_WRONLY | O_CREAT | (command->append ? O_APPEND : O_TRUNC), STDOUT);
	if (command->function)
		exit(command->function(command->words));

	format(path, sizeof(path), strchr(command->words[0], '/') ? "%s" : "/bin/%s", command->words[0]);
	execve(path, command->words, environment);
	if (errno == 2 /* ENOENT */ && !strchr(command->words[0], '/'))
		print_to(STDERR, "%s: there is no such command; help lists them\n", command->words[0]);
	else
		print_to(STDERR, "%s: %s\n", command->words[0], error_text(errno));
	exit(127);
}

static struct job *free_job(void)
{
	for (int i = 0; i < JOBS; i++)
		if (jobs[i].state == NONE)
			return &jobs[i];
	return NULL;
}

int run_command(const struct command *command)
{
	const struct timespec moment = {.tv_nsec = 30000000};
	struct job *job = free_job();
	pid_t pid;

	if (!job) {
		print_to(STDERR, "there are %d jobs already\n", JOBS);
		return 1;
	}
	terminal_for_programs();
	pid = fork();
	if (pid < 0) {
		print_to(STDERR, "fork: %s\n", error_text(errno));
		return 1;
	}
	if (pid == 0)
		child(command);
	setpgid(pid, pid);
	job->pid = pid;
	job->state = RUNNING;
	job->background = command->background;
	job->news = false;
	copy_text(job->text, command->words[0], TEXT);
	if (!command->background) {
		set_foreground_group(STDIN, pid);
		return wait_for(job);
	}
	print("[%d] %d\n", number_of(job), pid);
	/* Lets it get going, so that a server listens before the next line starts its client. */
	nanosleep(&moment, NULL);
	return 0;
}

int list_jobs(char **words)
{
	(void)words;
	for (int i = 0; i < JOBS; i++)
		if (is_alive(&jobs[i]))
			print("[%d] %d %s %s\n", i + 1, jobs[i].pid, jobs[i].state == STOPPED ? "stopped" : "running", jobs[i].text);
	return 0;
}

static struct job *job_named(const char *name)
{
	int number;

	if (name && *name == '%')
		name++;
	if (!name) {
		for (int i = JOBS - 1; i >= 0; i--)
			if (is_alive(&jobs[i]))
				return &jobs[i];
		return NULL;
	}
	if (!parse_number(name, &number) || number < 1 || number > JOBS)
		return NULL;
	return is_alive(&jobs[number - 1]) ? &jobs[number - 1] : NULL;
}

pid_t job_process(const char *name)
{
	struct job *job = job_named(name);

	return job ? job->pid : -1;
}

static struct job *resume(char **words, bool background)
{
	struct job *job = job_named(words[1]);

	if (!job) {
		print_to(STDERR, "%s: there is no such job\n", words[0]);
		return NULL;
	}
	job->background = background;
	job->state = RUNNING;
	if (!background) {
		terminal_for_programs();
		set_foreground_group(STDIN, job->pid);
	}
	print("%s%s\n", job->text, background ? " &" : "");
	kill(-job->pid, SIGCONT);
	return job;
}

int resume_in_foreground(char **words)
{
	struct job *job = resume(words, false);

	return job ? wait_for(job) : 1;
}

int resume_in_background(char **words)
{
	return resume(words, true) ? 0 : 1;
}

/*
 * shell: reads lines from the console and runs them.
 */
#include "commands.h"
#include "jobs.h"
#include "line.h"
#include "parse.h"
#include "print.h"
#include "system.h"

static const char prompt[] = "sockscope# ";

int main(void)
{
	struct utsname name = {0};
	char line[LINE_SIZE];

	jobs_start();
	commands_start();
	line_complete = complete_command;
	line_interrupted = reap;

	uname(&name);
	print("SockScope guest: %s %s on %s. help lists the commands.\n", name.sysname, name.release, name.machine);
	for (;;) {
		reap();
		tell_news();
		terminal_for_editing();
		if (read_line(prompt, line))
			run_line(line);
		else
			print("\nexit powers the machine off\n");
	}
}

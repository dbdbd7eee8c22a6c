/* The processes that the shell started. */
#ifndef JOBS_H
#define JOBS_H

#include "types.h"

/* What a process is to do: run a function of the shell, or a program. */
struct command {
	char **words;          /* name and arguments, ended by NULL */
	const char *input;     /* file names of redirections, or NULL */
	const char *output;
	bool append;
	bool background;
	int (*function)(char **words); /* NULL: execute the program of that name */
};

/* Takes over the console: its settings, and the signals that its keys send. */
void jobs_start(void);

/* The terminal's settings: while a line is edited, or while a program runs. */
void terminal_for_editing(void);
void terminal_for_programs(void);

/* Starts a process. Gives its exit status, 128 + n if signal n ended it; 0 at once for a background job. */
int run_command(const struct command *command);

/* Takes the exit statuses of all processes that ended or stopped, so that no zombie stays. */
void reap(void);

/* Prints a line for each background job that ended or stopped since it was last asked; for use before a prompt only. */
void tell_news(void);

/* The shell's commands jobs, fg and bg, and the process of "%n"; -1 if there is no such job. */
int list_jobs(char **words);
int resume_in_foreground(char **words);
int resume_in_background(char **words);
pid_t job_process(const char *name);

#endif

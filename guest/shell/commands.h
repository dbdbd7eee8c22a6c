/* The commands that are part of the shell. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include "types.h"

struct shell_command {
	const char *name;
	const char *arguments; /* as help shows them */
	const char *help;
	int (*run)(char **words); /* words end with NULL; returns the exit status */
	bool own_process;         /* may take long: runs as a process that ctrl-C ends */
};

/* The command of a name, or NULL. */
const struct shell_command *find_command(const char *name);

/* The index-th name of a command or program that begins so, or NULL. */
const char *complete_command(const char *beginning, int index);

/* Reads the list of programs; to be called once. */
void commands_start(void);

#endif

/* From a line to the commands in it. */
#ifndef PARSE_H
#define PARSE_H

/*
 * Runs a line: commands apart by ; or &, words in '...' or "...", redirections < > >>, and $? for the last status.
 * Prints one sentence if it makes no sense. The line is changed.
 */
void run_line(char *line);

#endif

/* Reading a line from a terminal with editing: cursor keys, history, completion. */
#ifndef LINE_H
#define LINE_H

#include "types.h"

enum { LINE_SIZE = 512 };

/*
 * Reads one line, shown after the prompt, into a buffer of LINE_SIZE bytes; without the line's end. Keys are those of
 * readline: arrows, Home, End, Delete, Backspace, Tab, ctrl-A B C D E F H K L N P U W. ctrl-C gives an empty line.
 * False at the end of input (ctrl-D on an empty line).
 */
bool read_line(const char *prompt, char *line);

/*
 * Filled in by the user of this file. line_complete is asked for the index-th completion of a word's beginning (NULL
 * when there are no more); line_interrupted is called when a signal came while waiting for a key.
 */
extern const char *(*line_complete)(const char *beginning, int index);
extern void (*line_interrupted)(void);

#endif

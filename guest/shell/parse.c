#include "parse.h"

#include "commands.h"
#include "jobs.h"
#include "print.h"
#include "string.h"
#include "unistd.h"

enum { WORDS = 32 };

static int last_status;

static bool is_operator(char character)
{
	return character == ';' || character == '&' || character == '<' || character == '>';
}

/*
 * Takes the next word off a line, in place, without its quotes. Returns NULL if an operator or the line's end comes
 * first. *problem is set if a quote is not closed. The character after the word is kept in *next, as its place may be
 * taken by the word's closing zero byte.
 */
static char *take_word(char **line, char *next, const char **problem)
{
	static char status[12];
	char *from = *line, *to, *word;
	bool quoted = false;

	word = to = from;
	while (*next && *next != ' ' && *next != '\t' && !is_operator(*next)) {
		if (*next == '\'' || *next == '"') {
			char quote = *next;

			quoted = true;
			for (*next = *++from; *next != quote; *next = *++from) {
				if (!*next) {
					*problem = "a quote is not closed";
					return NULL;
				}
				*to++ = *next;
			}
		} else {
			*to++ = *next;
		}
		*next = *++from;
	}
	*line = from;
	if (to == word && !quoted)
		return NULL;
	*to = 0;
	if (!quoted && strcmp(word, "$?") == 0) {
		format(status, sizeof(status), "%d", last_status);
		return status;
	}
	return word;
}

static void skip_blanks(char **line, char *next)
{
	while (*next == ' ' || *next == '\t')
		*next = *++*line;
}

static void run(struct command *command)
{
	const struct shell_command *own = find_command(command->words[0]);

	if (own && !own->own_process && !command->background && !command->input && !command->output) {
		last_status = own->run(command->words);
		return;
	}
	command->function = own ? own->run : NULL;
	last_status = run_command(command);
}

/* Reads one command up to its end: ';', '&' or the end of the line. */
static const char *take_command(char **line, char *next, char **words, struct command *command)
{
	const char *problem = NULL;
	int count = 0;

	memset(command, 0, sizeof(*command));
	command->words = words;
	for (;;) {
		skip_blanks(line, next);
		if (*next == '<' || *next == '>') {
			char operator = *next;

			*next = *++*line;
			if (operator== '>' && *next == '>') {
				command->append = true;
				*next = *++*line;
			}
			skip_blanks(line, next);
			char *file = take_word(line, next, &problem);

			if (!file)
				return problem ? problem : "a redirection names no file";
			if (operator== '<')
				command->input = file;
			else
				command->output = file;
			continue;
		}
		char *word = take_word(line, next, &problem);

		if (problem)
			return problem;
		if (!word)
			break;
		if (count == WORDS - 1)
			return "the command has too many words";
		words[count++] = word;
	}
	words[count] = NULL;
	command->background = *next == '&';
	if (count == 0 && (*next == '&' || command->input || command->output))
		return "a command is missing";
	return NULL;
}

void run_line(char *line)
{
	char next = *line;

	for (;;) {
		char *words[WORDS];
		struct command command;
		const char *problem = take_command(&line, &next, words, &command);

		if (problem) {
			print_to(STDERR, "%s\n", problem);
			last_status = 2;
			return;
		}
		if (words[0])
			run(&command);
		if (!next)
			return;
		next = *++line;
	}
}

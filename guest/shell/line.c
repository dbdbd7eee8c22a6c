#include "line.h"

#include "print.h"
#include "string.h"
#include "system.h"
#include "unistd.h"

enum { HISTORY = 32 };
enum { CTRL_A = 1, CTRL_B, CTRL_C, CTRL_D, CTRL_E, CTRL_F, CTRL_H = 8, TAB, CTRL_K = 11, CTRL_L, CTRL_N = 14 };
enum { CTRL_P = 16, CTRL_U = 21, CTRL_W = 23, ESCAPE = 27, BACKSPACE = 127 };
/* Keys that a terminal sends as several bytes. */
enum { KEY_NONE = 256, KEY_UP, KEY_DOWN, KEY_LEFT, KEY_RIGHT, KEY_HOME, KEY_END, KEY_DELETE, KEY_END_OF_INPUT };

const char *(*line_complete)(const char *beginning, int index);
void (*line_interrupted)(void);

/* The line being edited. */
static const char *shown_prompt = "";
static char *text;
static int length, cursor;

/* Lines entered before; the newest is history[history_count - 1]. */
static char history[HISTORY][LINE_SIZE];
static int history_count;

static int columns(void)
{
	struct winsize size = {0};

	get_window_size(STDIN, &size);
	return size.columns ? size.columns : 80; /* a serial line knows no size */
}

/* A line too long for the terminal is shown as the part around the cursor. */
static void redraw_line(void)
{
	char output[LINE_SIZE + 128];
	int room = columns() - (int)strlen(shown_prompt) - 1;
	int start = cursor > room ? cursor - room : 0;
	int count = length - start > room ? room : length - start;
	size_t size = format(output, sizeof(output), "\r%s", shown_prompt);

	memcpy(output + size, text + start, count);
	size += count;
	size += format(output + size, sizeof(output) - size, "\x1b[K");
	if (start + count > cursor)
		size += format(output + size, sizeof(output) - size, "\x1b[%dD", start + count - cursor);
	write(STDOUT, output, size);
}

static void insert(const char *bytes, int count)
{
	if (length + count >= LINE_SIZE)
		return;
	memmove(text + cursor + count, text + cursor, length - cursor);
	memcpy(text + cursor, bytes, count);
	length += count;
	cursor += count;
	if (cursor == length && (int)strlen(shown_prompt) + length < columns())
		write(STDOUT, bytes, count);
	else
		redraw_line();
}

/* Removes what is between two places of the line; the cursor ends at the first. */
static void erase(int from, int to)
{
	memmove(text + from, text + to, length - to);
	length -= to - from;
	cursor = from;
	redraw_line();
}

static void move_to(int place)
{
	if (place < 0 || place > length)
		return;
	cursor = place;
	redraw_line();
}

static int word_start(void)
{
	int place = cursor;

	while (place > 0 && text[place - 1] == ' ')
		place--;
	while (place > 0 && text[place - 1] != ' ')
		place--;
	return place;
}

static void show(const char *other)
{
	copy_text(text, other, LINE_SIZE);
	length = cursor = strlen(text);
	redraw_line();
}

/* Extends the word before the cursor as far as its completions agree; lists them if they don't agree on more. */
static void complete(void)
{
	char beginning[LINE_SIZE], common[LINE_SIZE];
	int start = cursor, agreed = -1, count = 0;
	const char *candidate;

	while (start > 0 && text[start - 1] != ' ')
		start--;
	for (int i = 0; i < start; i++) /* only the first word is a command */
		if (text[i] != ' ')
			return;
	memcpy(beginning, text + start, cursor - start);
	beginning[cursor - start] = 0;
	while ((candidate = line_complete(beginning, count)) != NULL) {
		if (count++ == 0) {
			copy_text(common, candidate, sizeof(common));
			agreed = strlen(common);
		}
		while (strncmp(candidate, common, agreed) != 0)
			agreed--;
	}
	if (count == 1)
		common[agreed++] = ' ';
	if (agreed > cursor - start) {
		insert(common + (cursor - start), agreed - (cursor - start));
	} else if (count > 1) {
		print("\n");
		for (int i = 0; i < count; i++)
			print("%s  ", line_complete(beginning, i));
		print("\n");
		redraw_line();
	}
}

static int read_byte(void)
{
	unsigned char byte;

	while (!wait_readable(STDIN))
		line_interrupted();
	return read(STDIN, &byte, 1) == 1 ? byte : KEY_END_OF_INPUT;
}

/* The rest of an escape sequence (ECMA-48): ESC [ parameters final, or ESC O final. */
static int read_escape(void)
{
	int byte = read_byte(), number = 0;

	if (byte != '[' && byte != 'O')
		return KEY_NONE;
	for (byte = read_byte(); byte >= '0' && byte <= '?'; byte = read_byte())
		if (byte <= '9')
			number = number * 10 + (byte - '0');
	switch (byte) {
	case 'A':
		return KEY_UP;
	case 'B':
		return KEY_DOWN;
	case 'C':
		return KEY_RIGHT;
	case 'D':
		return KEY_LEFT;
	case 'H':
		return KEY_HOME;
	case 'F':
		return KEY_END;
	case '~':
		return number == 1 || number == 7 ? KEY_HOME
		     : number == 4 || number == 8 ? KEY_END
		     : number == 3		  ? KEY_DELETE
						  : KEY_NONE;
	default:
		return KEY_NONE;
	}
}

static void remember(void)
{
	if (length == 0 || (history_count > 0 && strcmp(history[history_count - 1], text) == 0))
		return;
	if (history_count == HISTORY) {
		memmove(history[0], history[1], sizeof(history) - sizeof(history[0]));
		history_count--;
	}
	copy_text(history[history_count++], text, LINE_SIZE);
}

/* Shows an entry of the history; the line that was being written is behind the newest. */
static int recall(int from, int to, char *draft)
{
	if (to < 0 || to > history_count)
		return from;
	text[length] = 0;
	if (from == history_count)
		copy_text(draft, text, LINE_SIZE);
	show(to == history_count ? draft : history[to]);
	return to;
}

bool read_line(const char *prompt, char *line)
{
	char draft[LINE_SIZE] = "";
	int place = history_count;

	shown_prompt = prompt;
	text = line;
	length = cursor = 0;
	print("%s", prompt);
	for (;;) {
		int key = read_byte();

		if (key == ESCAPE)
			key = read_escape();
		switch (key) {
		case '\r':
		case '\n':
			text[length] = 0;
			print("\n");
			remember();
			return true;
		case CTRL_C:
			text[0] = 0;
			print("^C\n");
			return true;
		case KEY_END_OF_INPUT:
			return false;
		case CTRL_D:
			if (length == 0)
				return false;
			/* otherwise it deletes, as in readline */
			/* fall through */
		case KEY_DELETE:
			if (cursor < length)
				erase(cursor, cursor + 1);
			break;
		case CTRL_H:
		case BACKSPACE:
			if (cursor > 0)
				erase(cursor - 1, cursor);
			break;
		case CTRL_A:
		case KEY_HOME:
			move_to(0);
			break;
		case CTRL_E:
		case KEY_END:
			move_to(length);
			break;
		case CTRL_B:
		case KEY_LEFT:
			move_to(cursor - 1);
			break;
		case CTRL_F:
		case KEY_RIGHT:
			move_to(cursor + 1);
			break;
		case CTRL_K:
			length = cursor;
			redraw_line();
			break;
		case CTRL_U:
			erase(0, cursor);
			break;
		case CTRL_W:
			erase(word_start(), cursor);
			break;
		case CTRL_L:
			print("\x1b[H\x1b[2J");
			redraw_line();
			break;
		case CTRL_P:
		case KEY_UP:
			place = recall(place, place - 1, draft);
			break;
		case CTRL_N:
		case KEY_DOWN:
			place = recall(place, place + 1, draft);
			break;
		case TAB:
			complete();
			break;
		default:
			if (key >= ' ' && key < KEY_NONE) {
				char byte = (char)key;

				insert(&byte, 1);
			}
		}
	}
}

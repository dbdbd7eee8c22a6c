/* What the lab programs share: their options, their way of failing, and loopback addresses. */
#ifndef LAB_H
#define LAB_H

#include "entry.h"
#include "print.h"
#include "socket.h"
#include "string.h"
#include "types.h"
#include "unistd.h"

/* Exit statuses of all lab programs. */
enum {
	EXIT_OK = 0,           /* the data arrived intact */
	EXIT_FAILED = 1,       /* a call failed, or the data differ */
	EXIT_USAGE = 2,        /* options that make no sense */
	EXIT_NOT_OFFERED = 3,  /* the way in that --entry asks for does not exist on this machine */
};

/* One option beside --entry and --help, which all programs have. Exactly one of the three pointers is set. */
struct lab_option {
	const char *name;   /* without the leading "--" */
	const char *help;
	bool *flag;         /* --name */
	int *number;        /* --name=NUMBER */
	const char **text;  /* --name=TEXT */
};

/* Remembers the program's name, reads the options, ends the program if they are wrong. The list ends with {0}. */
void lab_start(int argc, char **argv, const struct lab_option *options);

/* The name that the program was started by. */
extern const char *lab_name;

/* Prints "name: text: error" and ends the program if a call's result is -1; gives other results back. */
long check(long result, const char *what);

/* Ends the program with EXIT_FAILED after a sentence of what went wrong, unless the condition holds. */
void expect(bool condition, const char *otherwise);

/* 127.0.0.1 and a port in host byte order; port 0 lets the kernel choose. */
struct sockaddr_in loopback(int port);

/* An address as text, "127.0.0.1:5001"; the buffer holds ADDRESS_TEXT bytes. */
enum { ADDRESS_TEXT = 24 };
const char *address_text(const struct sockaddr_in *address, char *buffer);

/* Two connected TCP sockets of this program, made with socket, bind, listen, connect and accept. */
struct tcp_pair {
	int client;
	int server;
};
struct tcp_pair connected_pair(void);

#endif

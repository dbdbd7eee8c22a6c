/* options: sets socket options of three kinds with setsockopt and reads them back with getsockopt. */
#include "lab.h"

static const struct lab_option no_options[] = {{0}};

static int number(int fd, int level, int option, const char *name)
{
	int value = -1;
	socklen_t length = sizeof(value);

	check(getsockopt(fd, level, option, &value, &length), name);
	expect(length == sizeof(value), "the option is no number");
	return value;
}

static void set_number(int fd, int level, int option, const char *name, int value, int expected)
{
	int before = number(fd, level, option, name), after;

	check(setsockopt(fd, level, option, &value, sizeof(value)), name);
	after = number(fd, level, option, name);
	print("options: %s was %d, set to %d, is %d\n", name, before, value, after);
	expect(after == expected, "the option has another value");
}

int main(int argc, char **argv)
{
	struct linger linger = {.l_onoff = 1, .l_linger = 7}, read_linger = {0};
	struct timeval timeout = {.tv_sec = 2}, read_timeout = {0};
	socklen_t length = sizeof(read_linger);
	struct sockaddr_in nowhere = loopback(1);
	int fd;

	lab_start(argc, argv, no_options);
	fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

	expect(number(fd, SOL_SOCKET, SO_TYPE, "SO_TYPE") == SOCK_STREAM, "the socket has another type");
	print("options: SO_TYPE is SOCK_STREAM\n");
	set_number(fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR", 1, 1);
	/* The kernel doubles the size for its own book-keeping (socket(7)). */
	set_number(fd, SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF", 8192, 16384);
	set_number(fd, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY", 1, 1);

	check(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), "SO_LINGER");
	check(getsockopt(fd, SOL_SOCKET, SO_LINGER, &read_linger, &length), "SO_LINGER");
	print("options: SO_LINGER is on for %d s\n", read_linger.l_linger);
	expect(length == sizeof(linger) && memcmp(&linger, &read_linger, sizeof(linger)) == 0, "SO_LINGER differs");

	length = sizeof(read_timeout);
	check(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)), "SO_RCVTIMEO");
	check(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &read_timeout, &length), "SO_RCVTIMEO");
	print("options: SO_RCVTIMEO is %ld s\n", read_timeout.tv_sec);
	expect(length == sizeof(timeout) && memcmp(&timeout, &read_timeout, sizeof(timeout)) == 0, "SO_RCVTIMEO differs");

	/* An option of the other direction: the kernel sets it, the program reads and so clears it. */
	expect(connect(fd, &nowhere, sizeof(nowhere)) == -1, "somebody listens on port 1");
	print("options: connect to port 1: %s\n", error_text(errno));
	expect(number(fd, SOL_SOCKET, SO_ERROR, "SO_ERROR") == 0, "connect left its error in SO_ERROR");
	expect(setsockopt(fd, SOL_SOCKET, 9999, &length, sizeof(length)) == -1 && errno == 92 /* ENOPROTOOPT */,
	       "option 9999 exists");
	print("options: option 9999: %s\n", error_text(errno));
	check(close(fd), "close");
	return EXIT_OK;
}

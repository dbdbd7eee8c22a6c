/* select: waits on two sockets at once: nothing, then one ready, then both; then for room to write. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

static int bound_socket(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	*address = loopback(0);
	check(bind(fd, address, sizeof(*address)), "bind");
	check(getsockname(fd, address, &length), "getsockname");
	return fd;
}

/* Asks which of two sockets can be read from, and compares the answer. */
static void expect_readable(int a, int b, bool a_ready, bool b_ready)
{
	struct timeval patience = {.tv_usec = 20000};
	fd_set readable;
	int count;

	fd_zero(&readable);
	fd_add(a, &readable);
	fd_add(b, &readable);
	count = check(select((a > b ? a : b) + 1, &readable, NULL, NULL, &patience), "select");
	print("select: %d ready:%s%s%s\n", count, fd_has(a, &readable) ? " first" : "", fd_has(b, &readable) ? " second" : "",
	      count ? "" : " time is over");
	expect(count == a_ready + b_ready, "another number of sockets is ready");
	expect(fd_has(a, &readable) == a_ready && fd_has(b, &readable) == b_ready, "another socket is ready");
}

int main(int argc, char **argv)
{
	struct sockaddr_in first, second;
	struct timeval at_once = {0};
	const char text[] = "wake up";
	char buffer[16];
	fd_set writable;
	int a, b, sender;

	lab_start(argc, argv, options);
	a = bound_socket(&first);
	b = bound_socket(&second);
	sender = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	expect_readable(a, b, false, false);
	check(sendto(sender, text, sizeof(text), 0, &second, sizeof(second)), "sendto");
	expect_readable(a, b, false, true);
	check(sendto(sender, text, sizeof(text), 0, &first, sizeof(first)), "sendto");
	expect_readable(a, b, true, true);
	expect(check(recv(b, buffer, sizeof(buffer), 0), "recv") == sizeof(text), "the datagram has another length");
	expect(memcmp(buffer, text, sizeof(text)) == 0, "the datagram changed on its way");
	expect_readable(a, b, true, false);

	fd_zero(&writable);
	fd_add(sender, &writable);
	expect(check(select(sender + 1, NULL, &writable, NULL, &at_once), "select") == 1, "there is no room to write");
	print("select: 1 writable\n");
	check(close(sender), "close");
	check(close(a), "close");
	check(close(b), "close");
	return EXIT_OK;
}

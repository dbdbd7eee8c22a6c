/* sendmmsg: four datagrams with one sendmmsg, taken with one recvmmsg. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

enum { COUNT = 4, SIZE = 32 };

static struct mmsghdr messages[COUNT];
static struct iovec vectors[COUNT];

/* Makes message i point to one buffer. */
static void set_buffer(int i, char *buffer, size_t size)
{
	vectors[i].iov_base = buffer;
	vectors[i].iov_len = size;
	memset(&messages[i], 0, sizeof(messages[i]));
	messages[i].msg_hdr.msg_iov = &vectors[i];
	messages[i].msg_hdr.msg_iovlen = 1;
}

int main(int argc, char **argv)
{
	char out[COUNT][SIZE], in[COUNT][SIZE];
	struct timespec patience = {.tv_sec = 5};
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	int to, from, count;

	lab_start(argc, argv, options);
	to = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	check(bind(to, &address, sizeof(address)), "bind");
	check(getsockname(to, &address, &length), "getsockname");
	from = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	check(connect(from, &address, sizeof(address)), "connect");

	for (int i = 0; i < COUNT; i++)
		set_buffer(i, out[i], format(out[i], SIZE, "datagram number %d", i + 1));
	count = check(sendmmsg(from, messages, COUNT, 0), "sendmmsg");
	print("sendmmsg: sent %d datagrams in one call\n", count);
	expect(count == COUNT, "not all were sent");

	for (int i = 0; i < COUNT; i++)
		set_buffer(i, in[i], SIZE - 1);
	count = check(recvmmsg(to, messages, COUNT, 0, &patience), "recvmmsg");
	print("sendmmsg: received %d datagrams in one call\n", count);
	expect(count == COUNT, "not all arrived");
	for (int i = 0; i < COUNT; i++) {
		in[i][messages[i].msg_len] = 0;
		print("sendmmsg: %u bytes: \"%s\"\n", messages[i].msg_len, in[i]);
		expect(strcmp(in[i], out[i]) == 0, "a datagram differs");
	}
	check(close(from), "close");
	check(close(to), "close");
	return EXIT_OK;
}

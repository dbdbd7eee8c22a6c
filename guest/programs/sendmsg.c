/* sendmsg: gathers a message from three buffers with sendmsg and scatters it into two with recvmsg. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

static struct iovec part(void *buffer, size_t size)
{
	struct iovec vector = {.iov_base = buffer, .iov_len = size};

	return vector;
}

int main(int argc, char **argv)
{
	char one[] = "gathered ", two[] = "from ", three[] = "three buffers";
	const char whole[] = "gathered from three buffers";
	char head[9], tail[64];
	struct sockaddr_in address = loopback(0), source;
	socklen_t length = sizeof(address);
	int to, from;
	ssize_t count;

	lab_start(argc, argv, options);
	to = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	check(bind(to, &address, sizeof(address)), "bind");
	check(getsockname(to, &address, &length), "getsockname");
	from = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	struct iovec out[] = {part(one, strlen(one)), part(two, strlen(two)), part(three, strlen(three))};
	struct msghdr sent = {.msg_name = &address, .msg_namelen = sizeof(address), .msg_iov = out, .msg_iovlen = ARRAY_SIZE(out)};

	count = check(sendmsg(from, &sent, 0), "sendmsg");
	print("sendmsg: sent %ld bytes from %u buffers\n", count, ARRAY_SIZE(out));

	struct iovec in[] = {part(head, sizeof(head)), part(tail, sizeof(tail) - 1)};
	struct msghdr received = {.msg_name = &source, .msg_namelen = sizeof(source), .msg_iov = in, .msg_iovlen = ARRAY_SIZE(in)};

	count = check(recvmsg(to, &received, 0), "recvmsg");
	expect(count == (ssize_t)strlen(whole), "the message has another length");
	tail[count - sizeof(head)] = 0;
	print("sendmsg: received %ld bytes into %u buffers, the second holds \"%s\"\n", count, ARRAY_SIZE(in), tail);
	expect(memcmp(head, whole, sizeof(head)) == 0, "the first buffer differs");
	expect(strcmp(tail, whole + sizeof(head)) == 0, "the second buffer differs");
	expect(received.msg_namelen == sizeof(source) && source.sin_addr == htonl(INADDR_LOOPBACK), "the sender is not 127.0.0.1");
	check(close(from), "close");
	check(close(to), "close");
	return EXIT_OK;
}

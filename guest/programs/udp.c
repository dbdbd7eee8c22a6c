/* udp: a datagram there with sendto and back, each taken with recvfrom. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

static int bound_socket(struct sockaddr_in *address)
{
	socklen_t length = sizeof(*address);
	int fd = check(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP), "socket");

	*address = loopback(0);
	check(bind(fd, address, sizeof(*address)), "bind");
	check(getsockname(fd, address, &length), "getsockname");
	return fd;
}

/* Sends text from one socket to an address and takes it from another; the sender's name must come with it. */
static void pass(int from, const struct sockaddr_in *sender, int to, const struct sockaddr_in *receiver, const char *text)
{
	struct sockaddr_in source;
	socklen_t length = sizeof(source);
	char buffer[64], a[ADDRESS_TEXT], b[ADDRESS_TEXT];
	ssize_t count;

	count = check(sendto(from, text, strlen(text), 0, receiver, sizeof(*receiver)), "sendto");
	print("udp: sent %ld bytes from %s to %s\n", count, address_text(sender, a), address_text(receiver, b));
	count = check(recvfrom(to, buffer, sizeof(buffer) - 1, 0, &source, &length), "recvfrom");
	buffer[count] = 0;
	print("udp: received \"%s\" from %s\n", buffer, address_text(&source, a));
	expect(strcmp(buffer, text) == 0, "the datagram changed on its way");
	expect(length == sizeof(source) && memcmp(&source, sender, 8) == 0, "the datagram names another sender");
}

int main(int argc, char **argv)
{
	struct sockaddr_in one, other;
	int a, b;

	lab_start(argc, argv, options);
	a = bound_socket(&one);
	b = bound_socket(&other);
	pass(a, &one, b, &other, "a datagram");
	pass(b, &other, a, &one, "and its answer");
	check(close(a), "close");
	check(close(b), "close");
	return EXIT_OK;
}

/* accept4: takes a connection with flags; the new socket then does not wait for data. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

int main(int argc, char **argv)
{
	const char text[] = "now there is data";
	struct sockaddr_in address = loopback(0), peer;
	socklen_t length = sizeof(address);
	int listener, client, server;
	char buffer[32], shown[ADDRESS_TEXT];
	ssize_t count;

	lab_start(argc, argv, options);
	listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(bind(listener, &address, sizeof(address)), "bind");
	check(listen(listener, 1), "listen");
	check(getsockname(listener, &address, &length), "getsockname");
	client = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(connect(client, &address, sizeof(address)), "connect");

	length = sizeof(peer);
	server = check(accept4(listener, &peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept4");
	print("accept4: connection from %s with SOCK_NONBLOCK and SOCK_CLOEXEC\n", address_text(&peer, shown));
	count = recv(server, buffer, sizeof(buffer), 0);
	expect(count == -1 && errno == 11 /* EAGAIN */, "receiving waited although the socket is not to wait");
	print("accept4: nothing there yet: %s\n", error_text(errno));

	check(send(client, text, sizeof(text), 0), "send");
	count = check(recv(server, buffer, sizeof(buffer), 0), "recv");
	expect(count == sizeof(text) && memcmp(buffer, text, count) == 0, "the data differ");
	print("accept4: received \"%s\"\n", buffer);
	check(close(server), "close");
	check(close(client), "close");
	check(close(listener), "close");
	return EXIT_OK;
}

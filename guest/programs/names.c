/* names: asks both ends of a TCP connection for their own name (getsockname) and the other's (getpeername). */
#include "lab.h"

static const struct lab_option options[] = {{0}};

static struct sockaddr_in name(int (*call)(int, void *, socklen_t *), int fd, const char *what)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	char text[ADDRESS_TEXT];

	check(call(fd, &address, &length), what);
	expect(length == sizeof(address) && address.sin_family == AF_INET, "this is not an IPv4 address");
	print("names: %s: %s\n", what, address_text(&address, text));
	return address;
}

static bool same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
	return a->sin_addr == b->sin_addr && a->sin_port == b->sin_port;
}

int main(int argc, char **argv)
{
	struct sockaddr_in client, server, clients_peer, servers_peer;
	socklen_t length = sizeof(client);
	struct tcp_pair pair;
	int lonely;

	lab_start(argc, argv, options);
	pair = connected_pair();
	client = name(getsockname, pair.client, "getsockname of the client");
	clients_peer = name(getpeername, pair.client, "getpeername of the client");
	server = name(getsockname, pair.server, "getsockname of the server");
	servers_peer = name(getpeername, pair.server, "getpeername of the server");
	expect(same(&clients_peer, &server), "the client's peer is not the server");
	expect(same(&servers_peer, &client), "the server's peer is not the client");
	expect(client.sin_port != 0 && client.sin_addr == htonl(INADDR_LOOPBACK), "the client has no name of its own");

	lonely = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	expect(getpeername(lonely, &client, &length) == -1 && errno == 107 /* ENOTCONN */, "a socket without peer names one");
	print("names: getpeername without a connection: %s\n", error_text(errno));
	check(close(lonely), "close");
	check(close(pair.client), "close");
	check(close(pair.server), "close");
	return EXIT_OK;
}

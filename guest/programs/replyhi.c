/* replyhi: TCP server on port 5001: answers "hello" with "hi" until a client says "quit". */
#include "lab.h"

static int port = 5001;
static bool once;

static const struct lab_option options[] = {
	{.name = "port", .help = "port to listen on (5001)", .number = &port},
	{.name = "once", .help = "end after the first client", .flag = &once},
	{0},
};

static bool is_text(const char *bytes, ssize_t count, const char *text)
{
	return count == (ssize_t)strlen(text) && memcmp(bytes, text, count) == 0;
}

/* Answers one client. Returns false if it asked the server to end. */
static bool serve(int client)
{
	char request[128];
	char end;
	const char *reply;
	ssize_t count = recv(client, request, sizeof(request) - 1, 0);

	if (count < 0) {
		print("replyhi: receive: %s\n", error_text(errno));
		return true;
	}
	request[count] = 0;
	print("replyhi: received \"%s\"\n", request);
	reply = is_text(request, count, "hello") ? "hi" : is_text(request, count, "quit") ? "bye" : "what?";
	print("replyhi: replying \"%s\"\n", reply); /* said before the client has it: nothing is printed after its end */
	if (send(client, reply, strlen(reply), MSG_NOSIGNAL) < 0)
		print("replyhi: send: %s\n", error_text(errno));
	/*
	 * Let the client close first: the side that does so holds its port in TIME_WAIT for a minute, and port 5001 is
	 * to be free for the next replyhi. read, unlike recv, is not one of the socket calls under study.
	 */
	while (read(client, &end, 1) > 0)
		;
	return !is_text(request, count, "quit");
}

int main(int argc, char **argv)
{
	struct sockaddr_in address, peer;
	char text[ADDRESS_TEXT];
	int server;
	bool more;

	lab_start(argc, argv, options);
	address = loopback(port);
	address.sin_addr = htonl(INADDR_ANY);

	server = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(bind(server, &address, sizeof(address)), "bind");
	check(listen(server, 5), "listen");
	print("replyhi: listening on port %d\n", port);
	do {
		socklen_t length = sizeof(peer);
		int client = check(accept(server, &peer, &length), "accept");

		print("replyhi: connection from %s\n", address_text(&peer, text));
		more = serve(client);
		check(close(client), "close");
	} while (more && !once);
	check(close(server), "close");
	return EXIT_OK;
}

/* hello: TCP client of replyhi: sends "hello" to 127.0.0.1:5001 and expects "hi". */
#include "lab.h"

static int port = 5001;
static const char *message = "hello";

static const struct lab_option options[] = {
	{.name = "port", .help = "port of the server (5001)", .number = &port},
	{.name = "message", .help = "what to send (hello); quit ends the server", .text = &message},
	{0},
};

/* What the server answers to a message. */
static const char *expected_reply(const char *text)
{
	return strcmp(text, "hello") == 0 ? "hi" : strcmp(text, "quit") == 0 ? "bye" : "what?";
}

int main(int argc, char **argv)
{
	struct sockaddr_in server;
	char reply[128];
	ssize_t count;
	int fd;

	lab_start(argc, argv, options);
	server = loopback(port);

	fd = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(connect(fd, &server, sizeof(server)), "connect (is replyhi running?)");
	check(send(fd, message, strlen(message), 0), "send");
	print("hello: sent \"%s\"\n", message);
	count = check(recv(fd, reply, sizeof(reply) - 1, 0), "receive");
	reply[count] = 0;
	print("hello: received \"%s\"\n", reply);
	check(close(fd), "close");
	expect(strcmp(reply, expected_reply(message)) == 0, "that is not the reply expected");
	return EXIT_OK;
}

/* shutdown: closes one direction of a TCP connection, then the other, and shows what each side sees. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

int main(int argc, char **argv)
{
	const char last[] = "last words", answer[] = "still heard";
	struct tcp_pair pair;
	char buffer[32];
	ssize_t count;

	lab_start(argc, argv, options);
	pair = connected_pair();

	check(send(pair.client, last, sizeof(last), 0), "send");
	check(shutdown(pair.client, SHUT_WR), "shutdown");
	print("shutdown: the client sent \"%s\" and closed its sending direction\n", last);
	count = check(recv(pair.server, buffer, sizeof(buffer), 0), "recv");
	expect(count == sizeof(last) && memcmp(buffer, last, count) == 0, "the client's data differ");
	expect(check(recv(pair.server, buffer, sizeof(buffer), 0), "recv") == 0, "the server sees no end of data");
	print("shutdown: the server received it, then the end\n");

	check(send(pair.server, answer, sizeof(answer), 0), "send");
	count = check(recv(pair.client, buffer, sizeof(buffer), 0), "recv");
	expect(count == sizeof(answer) && memcmp(buffer, answer, count) == 0, "the server's answer differs");
	print("shutdown: the other direction still works: \"%s\"\n", buffer);

	count = send(pair.client, last, sizeof(last), MSG_NOSIGNAL);
	expect(count == -1 && errno == 32 /* EPIPE */, "the client can still send");
	print("shutdown: sending after it fails: %s\n", error_text(errno));

	check(shutdown(pair.server, SHUT_RDWR), "shutdown");
	expect(check(recv(pair.client, buffer, sizeof(buffer), 0), "recv") == 0, "the client sees no end of data");
	print("shutdown: both directions are closed\n");
	check(close(pair.client), "close");
	check(close(pair.server), "close");
	return EXIT_OK;
}

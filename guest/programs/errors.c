/* errors: makes each socket call once in a way that must fail, and shows the error. */
/* accept4, sendto and recvfrom come before accept, send and recv, which are the same calls by the direct way. */
#include "lab.h"
#include "numbers.h"

static const struct lab_option options[] = {{0}};

enum {
	EBADF = 9,
	EAGAIN = 11,
	EINVAL = 22,
	EPIPE = 32,
	EDESTADDRREQ = 89,
	ENOPROTOOPT = 92,
	EPROTONOSUPPORT = 93,
	EOPNOTSUPP = 95,
	EADDRNOTAVAIL = 99,
	ENOTCONN = 107,
	ECONNREFUSED = 111,
};
enum { NOT_OPEN = 20, NO_SUCH_OPTION = 9999, NO_SUCH_CALL = 99 };

/* Takes a call's result: it must be -1, with this error number. */
static void fails(long result, const char *call, int expected)
{
	print("errors: %s: %s\n", call, result == -1 ? error_text(errno) : "no error");
	expect(result == -1 && errno == expected, "another error was expected");
}

static void making_and_naming(int stream, int datagram)
{
	struct sockaddr_in address = loopback(1), elsewhere = {.sin_family = AF_INET, .sin_addr = htonl(0xc0000201U)};
	socklen_t length = sizeof(address), negative = (socklen_t)-1;
	int pair[2];

	if (entry_way != ENTRY_DIRECT) /* By the direct way there is no number that socketcall could refuse. */
		fails(result_of(system_call2(__NR_socketcall, NO_SUCH_CALL, NULL)), "socketcall of number 99", EINVAL);
	fails(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), "socket: a stream over UDP", EPROTONOSUPPORT);
	fails(socketpair(AF_INET, SOCK_STREAM, 0, pair), "socketpair of TCP", EOPNOTSUPP);
	fails(bind(stream, &elsewhere, sizeof(elsewhere)), "bind to 192.0.2.1", EADDRNOTAVAIL);
	fails(listen(datagram, 1), "listen for datagrams", EOPNOTSUPP);
	fails(accept4(stream, NULL, NULL, 1), "accept4 with a flag that there is not", EINVAL);
	fails(accept(stream, NULL, NULL), "accept without listen", EINVAL);
	fails(connect(stream, &address, sizeof(address)), "connect to port 1", ECONNREFUSED);
	fails(getsockname(stream, &address, &negative), "getsockname with a length of -1", EINVAL);
	fails(getpeername(stream, &address, &length), "getpeername without a connection", ENOTCONN);
	fails(shutdown(stream, SHUT_RDWR), "shutdown without a connection", ENOTCONN);
}

static void passing_data(int stream, int datagram)
{
	char text[] = "nowhere to go", buffer[16];
	struct iovec vector = {.iov_base = text, .iov_len = sizeof(text) - 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};

	fails(sendto(datagram, text, sizeof(text) - 1, 0, NULL, 0), "sendto without an address", EDESTADDRREQ);
	fails(recvfrom(datagram, buffer, sizeof(buffer), MSG_DONTWAIT, NULL, NULL), "recvfrom of nothing", EAGAIN);
	fails(send(stream, text, sizeof(text) - 1, MSG_NOSIGNAL), "send without a connection", EPIPE);
	fails(recv(stream, buffer, sizeof(buffer), 0), "recv without a connection", ENOTCONN);
	fails(sendmsg(datagram, &message, 0), "sendmsg without an address", EDESTADDRREQ);
	vector.iov_base = buffer;
	fails(recvmsg(datagram, &message, MSG_DONTWAIT), "recvmsg of nothing", EAGAIN);
	fails(sendfile(datagram, NOT_OPEN, NULL, sizeof(buffer)), "sendfile from a descriptor that is not open", EBADF);
}

static void options_and_waiting(int stream)
{
	struct timeval at_once = {0};
	int value = 1;
	socklen_t length = sizeof(value);
	fd_set readable;

	fails(setsockopt(stream, SOL_SOCKET, SO_REUSEADDR, &value, 1), "setsockopt with one byte", EINVAL);
	fails(getsockopt(stream, SOL_SOCKET, NO_SUCH_OPTION, &value, &length), "getsockopt of option 9999", ENOPROTOOPT);
	fd_zero(&readable);
	fd_add(NOT_OPEN, &readable);
	fails(select(NOT_OPEN + 1, &readable, NULL, NULL, &at_once), "select on a descriptor that is not open", EBADF);
}

int main(int argc, char **argv)
{
	int stream, datagram;

	lab_start(argc, argv, options);
	stream = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	datagram = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	passing_data(stream, datagram); /* before connect: after one that failed, recv sees the end of data */
	making_and_naming(stream, datagram);
	options_and_waiting(stream);
	check(close(datagram), "close");
	check(close(stream), "close");
	return EXIT_OK;
}

/* states: takes sockets of each kind from state to state, and reads in each what /proc says of them. */
#include "lab.h"

static int pid = 1;
static bool quiet;

static const struct lab_option options[] = {
	{.name = "pid", .help = "a process that is looked at too (1)", .number = &pid},
	{.name = "quiet", .help = "read, but print no tables", .flag = &quiet},
	{0},
};
static const char unix_path[] = "/tmp/states.socket";
static char text[8192];

/* Reads a file to its end; each read gives a part that the kernel made at one moment. */
static void read_whole(const char *path, bool show)
{
	ssize_t count;
	int fd = check(open(path, O_RDONLY, 0), path);

	while ((count = check(read(fd, text, sizeof(text)), path)) > 0)
		if (show)
			check(write(STDOUT, text, count), "write");
	check(close(fd), "close");
}

static void look(const char *state)
{
	static const char *const tables[] = {"tcp", "udp", "unix"}, *const files[] = {"stat", "maps", "syscall"};
	char path[64];

	print("states: %s\n", state);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		format(path, sizeof(path), "/proc/net/%s", tables[i]);
		read_whole(path, !quiet);
	}
	read_whole("/proc/self/stat", false);
	read_whole("/proc/self/maps", false);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		format(path, sizeof(path), "/proc/%d/%s", pid, files[i]);
		read_whole(path, false);
	}
}

static void stream_sockets(void)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	char buffer[8];
	int server, client, listener = check(socket(AF_INET, SOCK_STREAM, 0), "socket");

	look("a stream socket without a name");
	check(bind(listener, &address, sizeof(address)), "bind");
	look("bound");
	check(listen(listener, 3), "listen");
	look("listening");
	check(getsockname(listener, &address, &length), "getsockname");
	client = check(socket(AF_INET, SOCK_STREAM, 0), "socket");
	check(connect(client, &address, sizeof(address)), "connect");
	look("connected, not accepted");
	server = check(accept(listener, NULL, NULL), "accept");
	look("accepted");
	check(send(client, "some data", 9, 0), "send");
	look("data waits to be read");
	check(recv(server, buffer, 4, 0), "recv");
	look("a part of it has been read");
	check(shutdown(client, SHUT_WR), "shutdown");
	look("half closed");
	check(close(server), "close");
	look("closed at one end");
	check(close(client), "close");
	check(close(listener), "close");
}

static void datagram_sockets(void)
{
	struct sockaddr_in address = loopback(0);
	socklen_t length = sizeof(address);
	char buffer[32];
	int from, to = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	check(bind(to, &address, sizeof(address)), "bind");
	look("a bound socket for datagrams");
	check(getsockname(to, &address, &length), "getsockname");
	from = check(socket(AF_INET, SOCK_DGRAM, 0), "socket");
	check(connect(from, &address, sizeof(address)), "connect");
	look("connected to another");
	for (int i = 0; i < 3; i++)
		check(send(from, "one of three datagrams", 22, 0), "send");
	look("three datagrams wait");
	check(recv(to, buffer, sizeof(buffer), 0), "recv");
	look("one has been read");
	check(close(from), "close");
	check(close(to), "close");
}

static void local_sockets(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int pair[2], client, listener = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");

	copy_text(address.sun_path, unix_path, sizeof(address.sun_path));
	unlink(unix_path);
	look("a local socket without a name");
	check(bind(listener, &address, sizeof(address)), "bind");
	check(listen(listener, 2), "listen");
	look("listening at a path");
	client = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	check(connect(client, &address, sizeof(address)), "connect");
	look("connected to the path");
	check(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
	check(send(pair[0], "to the other", 12, 0), "send");
	look("a pair without names");
	check(close(pair[0]), "close");
	check(close(pair[1]), "close");
	check(close(client), "close");
	check(close(listener), "close");
	check(unlink(unix_path), "unlink");
}

int main(int argc, char **argv)
{
	lab_start(argc, argv, options);
	stream_sockets();
	datagram_sockets();
	local_sockets();
	return EXIT_OK;
}

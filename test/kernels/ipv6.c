/* TCP and UDP by IPv6 over loopback; then what the kernel's own tables say of the sockets, before they are closed. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int checked(int result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return result;
}

static struct sockaddr_in6 address(const char *text, int port)
{
	struct sockaddr_in6 result = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	inet_pton(AF_INET6, text, &result.sin6_addr);
	return result;
}

static void show(const char *path)
{
	char line[512];
	FILE *file = fopen(path, "r");

	printf("%s\n", path);
	while (file && fgets(line, sizeof(line), file))
		fputs(line, stdout);
	fflush(stdout);
}

/* A place to stop at while all sockets are open. */
__attribute__((noinline)) void all_open(void)
{
	__asm__ volatile("");
}

int main(void)
{
	struct sockaddr_in6 any = address("::", 6001), local = address("::1", 6001);
	struct sockaddr_in6 one = address("::1", 6002), other = address("::1", 6003);
	char buffer[16];
	int server, client, accepted, a, b;

	server = checked(socket(AF_INET6, SOCK_STREAM, 0), "socket");
	checked(bind(server, (struct sockaddr *)&any, sizeof(any)), "bind");
	checked(listen(server, 5), "listen");
	client = checked(socket(AF_INET6, SOCK_STREAM, 0), "socket");
	checked(connect(client, (struct sockaddr *)&local, sizeof(local)), "connect");
	accepted = checked(accept(server, NULL, NULL), "accept");
	checked(send(client, "hello", 5, 0), "send");
	checked(recv(accepted, buffer, sizeof(buffer), 0), "recv");

	a = checked(socket(AF_INET6, SOCK_DGRAM, 0), "socket");
	checked(bind(a, (struct sockaddr *)&one, sizeof(one)), "bind");
	b = checked(socket(AF_INET6, SOCK_DGRAM, 0), "socket");
	checked(bind(b, (struct sockaddr *)&other, sizeof(other)), "bind");
	checked(sendto(a, "datagram", 8, 0, (struct sockaddr *)&other, sizeof(other)), "sendto");
	checked(sendto(a, "another", 7, 0, (struct sockaddr *)&other, sizeof(other)), "sendto");
	checked(recvfrom(b, buffer, sizeof(buffer), 0, NULL, NULL), "recvfrom");

	show("/proc/net/tcp6");
	show("/proc/net/udp6");
	puts("all open");
	fflush(stdout);
	all_open();
	return 0;
}

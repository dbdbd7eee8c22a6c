/* socketpair: a connected pair without names, between a parent and its child. */
#include "lab.h"

static const struct lab_option options[] = {{0}};

/* The child sends back what it gets, in capitals. */
static int child(int fd)
{
	char buffer[64];
	ssize_t count = check(recv(fd, buffer, sizeof(buffer), 0), "recv");

	for (ssize_t i = 0; i < count; i++)
		if (buffer[i] >= 'a' && buffer[i] <= 'z')
			buffer[i] -= 'a' - 'A';
	check(send(fd, buffer, count, 0), "send");
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	const char text[] = "from parent to child";
	char buffer[64];
	int pair[2], status;
	ssize_t count;
	pid_t pid;

	lab_start(argc, argv, options);
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
	print("socketpair: descriptors %d and %d\n", pair[0], pair[1]);
	pid = check(fork(), "fork");
	if (pid == 0) {
		check(close(pair[0]), "close");
		exit(child(pair[1]));
	}
	check(close(pair[1]), "close");
	check(send(pair[0], text, sizeof(text), 0), "send");
	print("socketpair: sent \"%s\"\n", text);
	count = check(recv(pair[0], buffer, sizeof(buffer), 0), "recv");
	expect(count == sizeof(text), "the answer has another length");
	print("socketpair: received \"%s\"\n", buffer);
	expect(strcmp(buffer, "FROM PARENT TO CHILD") == 0, "the answer differs");
	check(wait4(pid, &status, 0, NULL), "wait");
	expect(status == 0, "the child failed");
	check(close(pair[0]), "close");
	return EXIT_OK;
}

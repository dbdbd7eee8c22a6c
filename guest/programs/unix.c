/* unix: a server with a name in the file system; a client passes it an open file (AF_UNIX). */
#include "lab.h"

static const struct lab_option options[] = {{0}};
static const char path[] = "/tmp/unix.socket", data_path[] = "/tmp/unix.data";

/* Ancillary data with one descriptor. */
struct passed_file {
	struct cmsghdr head;
	int fd;
};

static void send_file(int socket_fd, int file, char *text)
{
	struct passed_file control = {
		.head = {.cmsg_len = sizeof(control), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS},
		.fd = file,
	};
	struct iovec vector = {.iov_base = text, .iov_len = strlen(text) + 1};
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	check(sendmsg(socket_fd, &message, 0), "sendmsg");
	print("unix: sent \"%s\" and descriptor %d\n", text, file);
}

static int receive_file(int socket_fd, const char *expected)
{
	char text[64];
	struct passed_file control = {.fd = -1};
	struct iovec vector = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr message = {
		.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};

	check(recvmsg(socket_fd, &message, 0), "recvmsg");
	print("unix: received \"%s\" and descriptor %d\n", text, control.fd);
	expect(strcmp(text, expected) == 0, "the text differs");
	expect(message.msg_controllen == sizeof(control) && control.head.cmsg_type == SCM_RIGHTS, "no descriptor came");
	return control.fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char text[] = "read this file", contents[] = "written before the descriptor was passed", buffer[64] = "";
	int listener, client, server, file, passed;

	lab_start(argc, argv, options);
	copy_text(address.sun_path, path, sizeof(address.sun_path));
	unlink(path); /* left by an earlier run that was ended; usually there is none */
	listener = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	check(bind(listener, &address, sizeof(address)), "bind");
	check(listen(listener, 1), "listen");
	client = check(socket(AF_UNIX, SOCK_STREAM, 0), "socket");
	check(connect(client, &address, sizeof(address)), "connect");
	server = check(accept(listener, NULL, NULL), "accept");
	print("unix: connected through %s\n", path);

	file = check(open(data_path, O_RDWR | O_CREAT | O_TRUNC, 0600), data_path);
	check(write(file, contents, sizeof(contents)), "write");
	send_file(client, file, text);
	check(close(file), "close");
	passed = receive_file(server, text);
	check(lseek(passed, 0, SEEK_SET), "lseek");
	check(read(passed, buffer, sizeof(buffer)), "read");
	print("unix: the passed file says \"%s\"\n", buffer);
	expect(strcmp(buffer, contents) == 0, "the file differs");

	check(close(passed), "close");
	check(unlink(data_path), "unlink");
	check(unlink(path), "unlink");
	check(close(server), "close");
	check(close(client), "close");
	check(close(listener), "close");
	return EXIT_OK;
}

/* sendfile: writes a file, then moves part of it to a TCP connection inside the kernel. */
#include "lab.h"

enum { SIZE = 10000, START = 1234, COUNT = 8000 };

static const struct lab_option options[] = {{0}};
static unsigned char contents[SIZE], received[SIZE];

static void receive_all(int fd, unsigned char *buffer, ssize_t wanted)
{
	while (wanted > 0) {
		ssize_t count = check(recv(fd, buffer, wanted, 0), "recv");

		expect(count > 0, "the connection ended early");
		buffer += count;
		wanted -= count;
	}
}

int main(int argc, char **argv)
{
	const char path[] = "/tmp/sendfile.data";
	struct tcp_pair pair;
	off_t offset = START;
	ssize_t count;
	int file;

	lab_start(argc, argv, options);
	for (int i = 0; i < SIZE; i++)
		contents[i] = (unsigned char)(i * 7 + i / 251);
	file = check(open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), path);
	expect(check(write(file, contents, SIZE), "write") == SIZE, "the file was not written whole");

	pair = connected_pair();
	count = check(sendfile(pair.client, file, &offset, COUNT), "sendfile");
	print("sendfile: %ld bytes moved from %s at %d; the offset is now %ld\n", count, path, START, offset);
	expect(count == COUNT && offset == START + COUNT, "not all was moved");
	receive_all(pair.server, received, COUNT);
	expect(memcmp(received, contents + START, COUNT) == 0, "the data differ");
	print("sendfile: %d bytes received intact\n", COUNT);

	/* Without an offset the file's own position is used and moved on. */
	check(lseek(file, SIZE - 100, SEEK_SET), "lseek");
	count = check(sendfile(pair.client, file, NULL, COUNT), "sendfile");
	expect(count == 100, "sendfile did not stop at the end of the file");
	receive_all(pair.server, received, count);
	expect(memcmp(received, contents + SIZE - 100, 100) == 0, "the data differ");
	print("sendfile: %ld bytes from the file's own position received intact\n", count);
	check(close(file), "close");
	check(unlink(path), "unlink");
	check(close(pair.client), "close");
	check(close(pair.server), "close");
	return EXIT_OK;
}

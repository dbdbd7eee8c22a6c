/* raw: an ICMP echo request over a raw socket, and its reply (protocol dispatch: raw_prot). */
#include "lab.h"

static const struct lab_option options[] = {{0}};

/* include/uapi/linux/icmp.h */
struct echo {
	uint8_t type;
	uint8_t code;
	uint16_t checksum;
	uint16_t id;
	uint16_t sequence;
	char data[16];
};

enum { ICMP_ECHOREPLY = 0, ICMP_ECHO = 8 };

/* The Internet checksum (RFC 1071): the ones' complement of the ones' complement sum of 16-bit words. */
static uint16_t checksum(const void *bytes, size_t count)
{
	const uint16_t *word = bytes;
	uint32_t sum = 0;

	for (; count > 1; count -= 2)
		sum += *word++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

int main(int argc, char **argv)
{
	struct echo request = {.type = ICMP_ECHO, .data = "are you there?"};
	struct sockaddr_in address = loopback(0);
	unsigned char packet[128];
	int fd;

	lab_start(argc, argv, options);
	request.id = htons((uint16_t)getpid());
	request.sequence = htons(1);
	request.checksum = checksum(&request, sizeof(request));

	fd = check(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), "socket");
	check(sendto(fd, &request, sizeof(request), 0, &address, sizeof(address)), "sendto");
	print("raw: sent an echo request of %u bytes to 127.0.0.1\n", sizeof(request));
	for (;;) {
		ssize_t count = check(recvfrom(fd, packet, sizeof(packet), 0, NULL, NULL), "recvfrom");
		size_t header = (packet[0] & 15) * 4; /* a raw socket receives the IP header too */
		const struct echo *reply = (const struct echo *)(packet + header);

		expect(count == (ssize_t)(header + sizeof(request)), "the packet has another length");
		print("raw: received ICMP type %d after an IP header of %u bytes\n", reply->type, header);
		if (reply->type == ICMP_ECHO)
			continue; /* on loopback the request itself arrives first */
		expect(reply->type == ICMP_ECHOREPLY && reply->id == request.id, "this is not our reply");
		expect(memcmp(reply->data, request.data, sizeof(request.data)) == 0, "the data differ");
		expect(checksum(reply, sizeof(*reply)) == 0, "the checksum is wrong");
		break;
	}
	check(close(fd), "close");
	return EXIT_OK;
}

/*
 * The socket calls, one function each, and the structures that they pass to the kernel
 * (include/uapi/linux/in.h, un.h, socket.h and include/linux/socket.h of the kernel).
 */
#ifndef SOCKET_H
#define SOCKET_H

#include "types.h"

enum { AF_UNIX = 1, AF_INET = 2 };
enum { SOCK_STREAM = 1, SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_NONBLOCK = 04000, SOCK_CLOEXEC = 02000000 };
enum { IPPROTO_ICMP = 1, IPPROTO_TCP = 6, IPPROTO_UDP = 17 };
enum { SOL_SOCKET = 1, SO_REUSEADDR = 2, SO_TYPE = 3, SO_ERROR = 4, SO_RCVBUF = 8, SO_LINGER = 13, SO_RCVTIMEO = 20 };
enum { TCP_NODELAY = 1 };
enum { MSG_PEEK = 2, MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_WAITALL = 0x100, MSG_NOSIGNAL = 0x4000 };
enum { SHUT_RD = 0, SHUT_WR = 1, SHUT_RDWR = 2 };
enum { SCM_RIGHTS = 1 };

#define INADDR_LOOPBACK 0x7f000001U /* 127.0.0.1 */
#define INADDR_ANY 0U

typedef unsigned int socklen_t;

/* What every address starts with. */
struct sockaddr {
	uint16_t sa_family;
	char sa_data[14];
};

/* An IPv4 address and port; both in network byte order (see htons, htonl). */
struct sockaddr_in {
	uint16_t sin_family;
	uint16_t sin_port;
	uint32_t sin_addr;
	char sin_zero[8];
};

/* A name in the file system. */
struct sockaddr_un {
	uint16_t sun_family;
	char sun_path[108];
};

struct linger {
	int l_onoff;
	int l_linger;
};

struct iovec {
	void *iov_base;
	size_t iov_len;
};

struct msghdr {
	void *msg_name;
	socklen_t msg_namelen;
	struct iovec *msg_iov;
	size_t msg_iovlen;
	void *msg_control;
	size_t msg_controllen;
	unsigned int msg_flags;
};

struct mmsghdr {
	struct msghdr msg_hdr;
	unsigned int msg_len;
};

/* Head of an ancillary message within msg_control; its data follow. */
struct cmsghdr {
	size_t cmsg_len;
	int cmsg_level;
	int cmsg_type;
};

uint16_t htons(uint16_t host);
uint16_t ntohs(uint16_t network);
uint32_t htonl(uint32_t host);
uint32_t ntohl(uint32_t network);

int socket(int family, int type, int protocol);
int bind(int fd, const void *address, socklen_t length);
int connect(int fd, const void *address, socklen_t length);
int listen(int fd, int backlog);
int accept(int fd, void *address, socklen_t *length);
int accept4(int fd, void *address, socklen_t *length, int flags);
int getsockname(int fd, void *address, socklen_t *length);
int getpeername(int fd, void *address, socklen_t *length);
int socketpair(int family, int type, int protocol, int pair[2]);
ssize_t send(int fd, const void *buffer, size_t count, int flags);
ssize_t recv(int fd, void *buffer, size_t count, int flags);
ssize_t sendto(int fd, const void *buffer, size_t count, int flags, const void *address, socklen_t length);
ssize_t recvfrom(int fd, void *buffer, size_t count, int flags, void *address, socklen_t *length);
int shutdown(int fd, int how);
int setsockopt(int fd, int level, int option, const void *value, socklen_t length);
int getsockopt(int fd, int level, int option, void *value, socklen_t *length);
ssize_t sendmsg(int fd, const struct msghdr *message, int flags);
ssize_t recvmsg(int fd, struct msghdr *message, int flags);
int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags);
int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout);

#endif

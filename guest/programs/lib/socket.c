/*
 * Each socket call has the same two steps on 32-bit x86: pack the arguments into an array, then enter the kernel by
 * the one multiplexed call, socketcall. With --entry=direct the arguments go in registers to a call of its own.
 */
#include "socket.h"

#include "entry.h"
#include "numbers.h"

uint16_t htons(uint16_t host)
{
	return (uint16_t)(host << 8 | host >> 8);
}

uint16_t ntohs(uint16_t network)
{
	return htons(network);
}

uint32_t htonl(uint32_t host)
{
	return __builtin_bswap32(host);
}

uint32_t ntohl(uint32_t network)
{
	return __builtin_bswap32(network);
}

/* Number 102: ebx says which socket call is meant, ecx points to its arguments. */
static long socketcall(int call, const unsigned long *args)
{
	return system_call2(__NR_socketcall, call, args);
}

int socket(int family, int type, int protocol)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call3(__NR_socket, family, type, protocol));

	unsigned long args[] = {family, type, protocol};

	return result_of(socketcall(SYS_SOCKET, args));
}

int bind(int fd, const void *address, socklen_t length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call3(__NR_bind, fd, address, length));

	unsigned long args[] = {fd, (unsigned long)address, length};

	return result_of(socketcall(SYS_BIND, args));
}

int connect(int fd, const void *address, socklen_t length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call3(__NR_connect, fd, address, length));

	unsigned long args[] = {fd, (unsigned long)address, length};

	return result_of(socketcall(SYS_CONNECT, args));
}

int listen(int fd, int backlog)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call2(__NR_listen, fd, backlog));

	unsigned long args[] = {fd, backlog};

	return result_of(socketcall(SYS_LISTEN, args));
}

int accept(int fd, void *address, socklen_t *length)
{
	if (entry_way == ENTRY_DIRECT) /* There is no direct call for accept: it is accept4 without flags. */
		return result_of(system_call4(__NR_accept4, fd, address, length, 0));

	unsigned long args[] = {fd, (unsigned long)address, (unsigned long)length};

	return result_of(socketcall(SYS_ACCEPT, args));
}

int accept4(int fd, void *address, socklen_t *length, int flags)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call4(__NR_accept4, fd, address, length, flags));

	unsigned long args[] = {fd, (unsigned long)address, (unsigned long)length, flags};

	return result_of(socketcall(SYS_ACCEPT4, args));
}

int getsockname(int fd, void *address, socklen_t *length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call3(__NR_getsockname, fd, address, length));

	unsigned long args[] = {fd, (unsigned long)address, (unsigned long)length};

	return result_of(socketcall(SYS_GETSOCKNAME, args));
}

int getpeername(int fd, void *address, socklen_t *length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call3(__NR_getpeername, fd, address, length));

	unsigned long args[] = {fd, (unsigned long)address, (unsigned long)length};

	return result_of(socketcall(SYS_GETPEERNAME, args));
}

int socketpair(int family, int type, int protocol, int pair[2])
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call4(__NR_socketpair, family, type, protocol, pair));

	unsigned long args[] = {family, type, protocol, (unsigned long)pair};

	return result_of(socketcall(SYS_SOCKETPAIR, args));
}

ssize_t send(int fd, const void *buffer, size_t count, int flags)
{
	if (entry_way == ENTRY_DIRECT) /* There is no direct call for send: it is sendto without an address. */
		return result_of(system_call6(__NR_sendto, fd, buffer, count, flags, NULL, 0));

	unsigned long args[] = {fd, (unsigned long)buffer, count, flags};

	return result_of(socketcall(SYS_SEND, args));
}

ssize_t recv(int fd, void *buffer, size_t count, int flags)
{
	if (entry_way == ENTRY_DIRECT) /* There is no direct call for recv: it is recvfrom that asks for no address. */
		return result_of(system_call6(__NR_recvfrom, fd, buffer, count, flags, NULL, NULL));

	unsigned long args[] = {fd, (unsigned long)buffer, count, flags};

	return result_of(socketcall(SYS_RECV, args));
}

ssize_t sendto(int fd, const void *buffer, size_t count, int flags, const void *address, socklen_t length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call6(__NR_sendto, fd, buffer, count, flags, address, length));

	unsigned long args[] = {fd, (unsigned long)buffer, count, flags, (unsigned long)address, length};

	return result_of(socketcall(SYS_SENDTO, args));
}

ssize_t recvfrom(int fd, void *buffer, size_t count, int flags, void *address, socklen_t *length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call6(__NR_recvfrom, fd, buffer, count, flags, address, length));

	unsigned long args[] = {fd, (unsigned long)buffer, count, flags, (unsigned long)address, (unsigned long)length};

	return result_of(socketcall(SYS_RECVFROM, args));
}

int shutdown(int fd, int how)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call2(__NR_shutdown, fd, how));

	unsigned long args[] = {fd, how};

	return result_of(socketcall(SYS_SHUTDOWN, args));
}

int setsockopt(int fd, int level, int option, const void *value, socklen_t length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call5(__NR_setsockopt, fd, level, option, value, length));

	unsigned long args[] = {fd, level, option, (unsigned long)value, length};

	return result_of(socketcall(SYS_SETSOCKOPT, args));
}

int getsockopt(int fd, int level, int option, void *value, socklen_t *length)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call5(__NR_getsockopt, fd, level, option, value, length));

	unsigned long args[] = {fd, level, option, (unsigned long)value, (unsigned long)length};

	return result_of(socketcall(SYS_GETSOCKOPT, args));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call3(__NR_sendmsg, fd, message, flags));

	unsigned long args[] = {fd, (unsigned long)message, flags};

	return result_of(socketcall(SYS_SENDMSG, args));
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call3(__NR_recvmsg, fd, message, flags));

	unsigned long args[] = {fd, (unsigned long)message, flags};

	return result_of(socketcall(SYS_RECVMSG, args));
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call4(__NR_sendmmsg, fd, messages, count, flags));

	unsigned long args[] = {fd, (unsigned long)messages, count, flags};

	return result_of(socketcall(SYS_SENDMMSG, args));
}

int recvmmsg(int fd, struct mmsghdr *messages, unsigned int count, int flags, struct timespec *timeout)
{
	if (entry_way == ENTRY_DIRECT)
		return result_of(system_call5(__NR_recvmmsg, fd, messages, count, flags, timeout));

	unsigned long args[] = {fd, (unsigned long)messages, count, flags, (unsigned long)timeout};

	return result_of(socketcall(SYS_RECVMMSG, args));
}

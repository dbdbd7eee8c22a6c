#include "unistd.h"

#include "entry.h"
#include "numbers.h"
#include "string.h"

void exit(int status)
{
	for (;;)
		system_call1(__NR_exit_group, status);
}

ssize_t read(int fd, void *buffer, size_t count)
{
	return result_of(system_call3(__NR_read, fd, buffer, count));
}

ssize_t write(int fd, const void *buffer, size_t count)
{
	return result_of(system_call3(__NR_write, fd, buffer, count));
}

int open(const char *path, int flags, int mode)
{
	return result_of(system_call3(__NR_open, path, flags, mode));
}

int close(int fd)
{
	return result_of(system_call1(__NR_close, fd));
}

off_t lseek(int fd, off_t offset, int whence)
{
	return result_of(system_call3(__NR_lseek, fd, offset, whence));
}

int unlink(const char *path)
{
	return result_of(system_call1(__NR_unlink, path));
}

pid_t getpid(void)
{
	return result_of(system_call0(__NR_getpid));
}

pid_t fork(void)
{
	return result_of(system_call0(__NR_fork));
}

pid_t wait4(pid_t pid, int *status, int options, void *usage)
{
	return result_of(system_call4(__NR_wait4, pid, status, options, usage));
}

int nanosleep(const struct timespec *duration, struct timespec *left)
{
	return result_of(system_call2(__NR_nanosleep, duration, left));
}

ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t count)
{
	return result_of(system_call4(__NR_sendfile, out_fd, in_fd, offset, count));
}

enum { BITS = 8 * sizeof(unsigned long) };

void fd_zero(fd_set *set)
{
	memset(set, 0, sizeof(*set));
}

void fd_add(int fd, fd_set *set)
{
	set->bits[fd / BITS] |= 1UL << fd % BITS;
}

bool fd_has(int fd, const fd_set *set)
{
	return set->bits[fd / BITS] >> fd % BITS & 1;
}

int select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional, struct timeval *timeout)
{
	return result_of(system_call5(__NR__newselect, count, readable, writable, exceptional, timeout));
}

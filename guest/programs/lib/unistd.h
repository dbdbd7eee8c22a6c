/* The system calls beside sockets that the lab programs need; each is its namesake of section 2 of the manual. */
#ifndef UNISTD_H
#define UNISTD_H

#include "types.h"

enum { STDIN = 0, STDOUT = 1, STDERR = 2 };
enum { O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_TRUNC = 01000, O_APPEND = 02000 };
enum { SEEK_SET = 0 };

void exit(int status) __attribute__((noreturn));
ssize_t read(int fd, void *buffer, size_t count);
ssize_t write(int fd, const void *buffer, size_t count);
int open(const char *path, int flags, int mode);
int close(int fd);
off_t lseek(int fd, off_t offset, int whence);
int unlink(const char *path);
pid_t getpid(void);
pid_t fork(void);
pid_t wait4(pid_t pid, int *status, int options, void *usage);
int nanosleep(const struct timespec *duration, struct timespec *left);

/* Moves count bytes from a file to a socket within the kernel. offset, if not NULL, is where to start and is moved on. */
ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t count);

/* A set of file descriptors for select: bit n of the array stands for descriptor n. */
typedef struct {
	unsigned long bits[1024 / (8 * sizeof(unsigned long))];
} fd_set;

void fd_zero(fd_set *set);
void fd_add(int fd, fd_set *set);
bool fd_has(int fd, const fd_set *set);
int select(int count, fd_set *readable, fd_set *writable, fd_set *exceptional, struct timeval *timeout);

#endif

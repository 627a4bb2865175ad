// SPDX-License-Identifier: MIT
/*
 * closers HOW FILE: closes all file descriptors but 0 to 2, as daemons do,
 * and opens files of its own, at numbers that may have been somebody's:
 *   close_range  one system call      count   one by one
 *   dup2         its own file onto every number, without closing first
 * Copies before and afterwards.  Its files must hold what it wrote.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST 3
#define LAST 900 /* below the usual limit of 1024 */

static unsigned char a[BIG], b[BIG];

static void copy(int times)
{
	while (times--) {
		memset(b, times, unknown(BIG));
		CHECK(is_all(b, BIG, times));
		memcpy(b, a, unknown(BIG));
		CHECK(is_pattern(b, BIG, 0, 8));
	}
}

static void close_all(const char *how)
{
	if (!strcmp(how, "close_range"))
		CHECK(!syscall(SYS_close_range, FIRST, ~0U, 0));
	else if (!strcmp(how, "count"))
		for (int fd = FIRST; fd <= LAST; fd++)
			close(fd);
}

/* A file at every number, and in each a line. */
static void take_all(const char *path)
{
	int first = open(path, O_RDWR | O_CREAT | O_TRUNC | O_APPEND, 0600);

	CHECK(first >= 0);
	for (int fd = FIRST; fd <= LAST; fd++) {
		CHECK(fd == first || dup2(first, fd) == fd);
		CHECK(write(fd, "mine\n", 5) == 5);
	}
}

static void check_file(const char *path, int lines)
{
	char line[5];
	struct stat st;
	int fd = LAST;

	CHECK(!stat(path, &st) && st.st_size == 5L * lines);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	while (lines--)
		CHECK(read(fd, line, 5) == 5 && !memcmp(line, "mine\n", 5));
}

int main(int argc, char **argv)
{
	int status, fd;
	pid_t pid;

	if (argc < 3)
		return 2;
	pattern(a, BIG, 8);
	copy(3);
	/* The lowest number is free, whoever else has files open. */
	fd = open("/dev/null", O_RDONLY);
	printf("lowest is %d\n", fd);
	close_all(argv[1]);
	copy(3);
	take_all(argv[2]);
	copy(20);
	fflush(stdout);
	pid = fork();
	if (!pid) {
		copy(3);
		check_file(argv[2], LAST - FIRST + 1);
		_exit(31);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 31);
	check_file(argv[2], LAST - FIRST + 1);
	for (fd = FIRST; fd <= LAST; fd++)
		CHECK(fcntl(fd, F_GETFL) >= 0 && !close(fd));
	CHECK(open("/dev/null", O_RDONLY) == FIRST);
	copy(3);
	puts("files: right");
	return 32;
}

// SPDX-License-Identifier: MIT
/* Children of every kind, each of which copies and is looked after. */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char a[BIG], b[BIG];
static atomic_int stop;
extern char **environ;

static void copy(int times)
{
	while (times--) {
		errno = ENOTTY;
		memset(b, 0, unknown(BIG));
		memcpy(b, a, unknown(BIG));
		CHECK(errno == ENOTTY);
		CHECK(is_pattern(b, BIG, 0, 8));
	}
}

static void wait_for(pid_t pid, int want, const char *what)
{
	int status;

	CHECK(pid > 0);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == want);
	printf("%s: right\n", what);
	fflush(stdout);
	copy(2);
}

static void plain_fork(void)
{
	pid_t pid = fork();

	if (!pid) {
		copy(5);
		exit(21);
	}
	copy(3);
	wait_for(pid, 21, "fork");
}

static void fork_without_copy(void)
{
	pid_t pid = fork();

	if (!pid)
		exit(22);
	wait_for(pid, 22, "fork without a copy");
}

static void grandchild(void)
{
	pid_t pid = fork();

	if (!pid) {
		pid_t next;

		copy(2);
		next = fork();
		if (!next) {
			pid_t third = fork();

			if (!third) {
				copy(3);
				_exit(25);
			}
			wait_for(third, 25, "great-grandchild");
			_exit(24);
		}
		wait_for(next, 24, "grandchild");
		copy(2);
		exit(23);
	}
	wait_for(pid, 23, "child");
}

static void by_vfork(void)
{
	pid_t pid;

	copy(1);
	pid = vfork();
	if (!pid) {
		/* Shares memory and, for a while, our thread's slot. */
		memcpy(b, a, unknown(BIG));
		_exit(is_pattern(b, BIG, 0, 8) ? 26 : 1);
	}
	wait_for(pid, 26, "vfork");
}

/* No atfork handler runs, and no libc knows of it. */
static void by_raw_clone(void)
{
	pid_t pid;

	copy(1);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (!pid) {
		for (int i = 0; i < 5; i++) {
			memcpy(b, a, unknown(BIG));
			if (!is_pattern(b, BIG, 0, 8))
				_exit(1);
		}
		_exit(27);
	}
	wait_for(pid, 27, "raw clone");
}

static void by_underscore_fork(void)
{
	pid_t pid = _Fork();

	if (!pid) {
		memcpy(b, a, unknown(BIG));
		memset(b, 3, unknown(BIG));
		_exit(is_all(b, BIG, 3) ? 28 : 1);
	}
	wait_for(pid, 28, "_Fork");
}

static int in_clone(void *arg)
{
	memcpy(b, a, unknown(BIG));
	return is_pattern(b, BIG, 0, 8) ? (int)(size_t)arg : 1;
}

/* A thread's memory, a process's identity. */
static void by_clone_vm(void)
{
	static char stack[256 * 1024];
	pid_t pid = clone(in_clone, stack + sizeof(stack),
			  CLONE_VM | CLONE_VFORK | SIGCHLD, (void *)29);

	wait_for(pid, 29, "clone with CLONE_VM");
}

static void *busy(void *arg)
{
	static _Thread_local unsigned char mine[BIG];

	while (!stop) {
		memcpy(mine, a, unknown(BIG));
		CHECK(is_pattern(mine, BIG, 0, 8));
		memset(mine, 1, unknown(BIG));
	}
	return arg;
}

static void *forker(void *arg)
{
	for (int i = 0; i < 20; i++) {
		pid_t pid = fork();
		int status;

		if (!pid) {
			memset(b, 0, unknown(BIG));
			memcpy(b, a, unknown(BIG));
			_exit(is_pattern(b, BIG, 0, 8) ? 30 : 1);
		}
		CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 30);
	}
	return arg;
}

/* Forks in the middle of other threads' copies. */
static void fork_among_threads(void)
{
	pthread_t t[3], f;

	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&t[i], NULL, busy, NULL));
	CHECK(!pthread_create(&f, NULL, forker, NULL));
	CHECK(!pthread_join(f, NULL));
	stop = 1;
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_join(t[i], NULL));
	puts("forks while others copy: right");
	fflush(stdout);
}

static void *child_thread(void *arg)
{
	stop = 0;
	(void)arg;
	for (int i = 0; i < 5; i++) {
		unsigned char *mine = malloc(BIG);

		CHECK(mine);
		memcpy(mine, a, unknown(BIG));
		CHECK(is_pattern(mine, BIG, 0, 8));
		free(mine);
	}
	return NULL;
}

/* All threads of a child may be the first to copy in it. */
static void threads_of_child(void)
{
	pid_t pid = fork();

	if (!pid) {
		pthread_t t[4];

		for (int i = 0; i < 4; i++)
			CHECK(!pthread_create(&t[i], NULL, child_thread, NULL));
		for (int i = 0; i < 4; i++)
			CHECK(!pthread_join(t[i], NULL));
		exit(31);
	}
	wait_for(pid, 31, "threads of a child");
}

static void by_spawn(void)
{
	char *const argv[] = {"sh", "-c", "exit 32", NULL};
	pid_t pid;

	CHECK(!posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	wait_for(pid, 32, "posix_spawn");
}

int main(void)
{
	pattern(a, BIG, 8);
	plain_fork(); /* before this process's first copy */
	copy(3);
	plain_fork();
	fork_without_copy();
	grandchild();
	by_vfork();
	by_raw_clone();
	by_underscore_fork();
	by_clone_vm();
	by_spawn();
	fork_among_threads();
	threads_of_child();
	copy(2);
	return 7;
}

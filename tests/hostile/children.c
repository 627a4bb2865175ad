// SPDX-License-Identifier: MIT
/*
 * children HOW: processes that beget processes, and all copy.  Each that ends
 * by exit() says in the file $COUNTS how many copies it made itself.
 */
#define _GNU_SOURCE
#include "counted.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define CROWD 200

static unsigned char a[BIG], b[BIG];
static atomic_int stop;
extern char **environ;

static void copy_to(unsigned char *to, int times)
{
	while (times--) {
		memset(to, 0, unknown(BIG));
		memcpy(to, a, unknown(BIG));
		CHECK(is_pattern(to, BIG, 0, 8));
		copied += 2;
	}
}

static void copy(int times)
{
	copy_to(b, times);
}

/* fork, and a child that counts from nothing. */
static pid_t beget(void)
{
	pid_t pid = fork();

	CHECK(pid >= 0);
	if (!pid)
		copied = 0;
	return pid;
}

static void expect(pid_t pid, int want)
{
	int status;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == want);
}

/* All alive at once, and copying. */
static void crowd(void)
{
	static pid_t pid[CROWD];

	for (int i = 0; i < CROWD; i++) {
		pid[i] = beget();
		if (!pid[i]) {
			copy(3);
			counted_end(i % 100);
		}
	}
	copy(5);
	for (int i = 0; i < CROWD; i++)
		expect(pid[i], i % 100);
	puts("a crowd of children: right");
}

static void generations(int left)
{
	for (int i = 0; i < 3 && left; i++) {
		pid_t pid = beget();

		if (!pid) {
			if (i != 1)
				copy(2);
			generations(left - 1);
			copy(1);
			counted_end(61);
		}
		copy(1);
		expect(pid, 61);
	}
}

static void *busy(void *arg)
{
	unsigned char *mine = malloc(BIG);

	CHECK(mine);
	while (!stop)
		copy_to(mine, 1);
	free(mine);
	return arg;
}

static void among_threads(void)
{
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		CHECK(!pthread_create(&t[i], NULL, busy, NULL));
	for (int i = 0; i < 20; i++) {
		pid_t pid = beget();

		if (!pid) {
			copy(i % 4);
			counted_end(62);
		}
		expect(pid, 62);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		CHECK(!pthread_join(t[i], NULL));
	puts("children of a process of threads: right");
}

/* Closed by whoever has it last: then all of them are done. */
static void daemons(void)
{
	char c;
	int fd[2];
	pid_t pid;

	CHECK(!pipe(fd));
	pid = beget();
	if (!pid) {
		copy(2);
		CHECK(!daemon(0, 1));
		copied = 0;
		copy(4);
		counted_end(0);
	}
	close(fd[1]);
	copy(2);
	expect(pid, 0);
	copy(2);
	CHECK(read(fd[0], &c, 1) == 0);
	puts("a daemon: right");
}

/* The parent is killed; its child is whole. */
static void orphans(void)
{
	char c;
	int fd[2], status;
	pid_t pid;

	CHECK(!pipe(fd));
	pid = beget();
	if (!pid) {
		copy(2);
		if (!beget()) {
			prctl(PR_SET_PDEATHSIG, 0);
			while (getppid() != 1 && !kill(getppid(), SIGKILL))
				copy(1);
			copy(4);
			counted_end(0);
		}
		for (;;)
			copy(1);
	}
	close(fd[1]);
	CHECK(waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(read(fd[0], &c, 1) == 0);
	copy(1);
	puts("an orphan: right");
}

/* They end without a word, while we copy. */
static void silent_ends(void)
{
	for (int i = 0; i < 30; i++) {
		pid_t pid = i % 3 == 0   ? fork()
			    : i % 3 == 1 ? _Fork()
					 : (pid_t)syscall(SYS_clone, SIGCHLD, 0,
							  0, 0, 0);

		if (!pid) {
			memset(b, 7, unknown(BIG));
			_exit(is_all(b, BIG, 7) ? 63 : 1);
		}
		copy(3);
		expect(pid, 63);
	}
	puts("children that _exit: right");
}

/* What shares our memory counts in our name. */
static void borrowed(void)
{
	char *const argv[] = {"sh", "-c", "exit 64", NULL};
	pid_t pid = vfork();

	if (!pid) {
		memcpy(b, a, unknown(BIG));
		_exit(is_pattern(b, BIG, 0, 8) ? 65 : 1);
	}
	copied++;
	expect(pid, 65);
	CHECK(!posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ));
	copy(2);
	expect(pid, 64);
	puts("vfork, posix_spawn: right");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	setvbuf(stdout, NULL, _IONBF, 0);
	pattern(a, BIG, 8);
	copy(2);
	if (!strcmp(how, "crowd"))
		crowd();
	else if (!strcmp(how, "generations"))
		generations(3);
	else if (!strcmp(how, "threads"))
		among_threads();
	else if (!strcmp(how, "daemon"))
		daemons();
	else if (!strcmp(how, "orphan"))
		orphans();
	else if (!strcmp(how, "silent"))
		silent_ends();
	else if (!strcmp(how, "borrowed"))
		borrowed();
	counted_end(60);
}

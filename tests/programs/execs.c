// SPDX-License-Identifier: MIT
/*
 * execs: a process that becomes a new program again and again, from its main
 * thread, from another one, and in a vfork child, with copies under way in
 * other threads.  The environment, and with it the preload, is inherited.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned char a[BIG], b[BIG];
static char *self;

static void copy(int times)
{
	while (times--) {
		memset(b, 0, unknown(BIG));
		memcpy(b, a, unknown(BIG));
		CHECK(is_pattern(b, BIG, 0, 8));
	}
}

static void become(const char *what)
{
	char *const argv[] = {self, (char *)(size_t)what, NULL};

	fflush(stdout);
	execv("/proc/self/exe", argv);
	_exit(98);
}

static void *busy(void *unused)
{
	unsigned char *mine = malloc(BIG);

	CHECK(mine);
	for (;;)
		memcpy(mine, a, unknown(BIG));
	return unused;
}

static void *from_thread(void *unused)
{
	become("third");
	return unused;
}

static void in_vfork_child(void)
{
	int status;
	pid_t pid = vfork();

	if (!pid) {
		memcpy(b, a, unknown(BIG));
		become("child");
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 41);
	copy(2);
	puts("vfork and exec: right");
}

int main(int argc, char **argv)
{
	const char *which = argc > 1 ? argv[1] : "first";
	pthread_t t;

	self = argv[0];
	pattern(a, BIG, 8);
	copy(3);
	printf("%s: right\n", which);
	if (!strcmp(which, "child"))
		return 41;
	if (!strcmp(which, "first")) {
		CHECK(!pthread_create(&t, NULL, busy, NULL));
		copy(2);
		become("second");
	}
	if (!strcmp(which, "second")) {
		CHECK(!pthread_create(&t, NULL, from_thread, NULL));
		for (;;)
			copy(1);
	}
	in_vfork_child();
	return 42;
}

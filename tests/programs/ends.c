// SPDX-License-Identifier: MIT
/*
 * Copies at every moment of a life: ends [how].  Constructors, main, atexit,
 * destructors, a thread-specific destructor; then leaves by exit, _exit, a
 * signal, or a return.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static unsigned char a[BIG], b[BIG];
static pthread_key_t key;

static void copy(const char *when)
{
	memset(b, 0, unknown(BIG));
	memcpy(b, a, unknown(BIG));
	CHECK(is_pattern(b, BIG, 0, 8));
	printf("%s: right\n", when);
	fflush(stdout);
}

__attribute__((constructor(101))) static void first(void)
{
	pattern(a, BIG, 8);
	copy("first constructor");
}

__attribute__((destructor(101))) static void last(void)
{
	copy("last destructor");
}

static void at_exit(void)
{
	copy("atexit");
}

/* Comes back until the last round, in which slots are gone. */
static void at_thread_end(void *round)
{
	copy("thread-specific destructor");
	if ((size_t)round < PTHREAD_DESTRUCTOR_ITERATIONS)
		pthread_setspecific(key, (void *)((size_t)round + 1));
}

static void *thread(void *arg)
{
	pthread_setspecific(key, (void *)1);
	copy("thread");
	return arg;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";
	pthread_t t;

	CHECK(!pthread_key_create(&key, at_thread_end));
	atexit(at_exit);
	copy("main");
	CHECK(!pthread_create(&t, NULL, thread, NULL));
	CHECK(!pthread_join(t, NULL));
	if (!strcmp(how, "exit"))
		exit(11);
	if (!strcmp(how, "_exit"))
		_exit(12);
	if (!strcmp(how, "exit_group"))
		syscall(SYS_exit_group, 13);
	if (!strcmp(how, "signal"))
		raise(SIGTERM);
	if (!strcmp(how, "abort"))
		abort();
	if (!strcmp(how, "pthread_exit"))
		pthread_exit(NULL);
	if (!strcmp(how, "quick_exit"))
		quick_exit(14);
	return 15;
}

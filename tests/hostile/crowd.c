// SPDX-License-Identifier: MIT
/*
 * crowd HOW [LIBRARY...]: threads that are many and short, that have next to no
 * stack, that copy when they are nearly gone, or in another namespace.
 */
#define _GNU_SOURCE
#include "counted.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#define THREADS 2000
#define AT_ONCE 8
#define LEAST_STACK 16384

/* What C++ calls for the destructor of a thread_local object. */
extern int __cxa_thread_atexit_impl(void (*dtor)(void *), void *obj, void *dso);
extern void *__dso_handle;

static unsigned char a[BIG];
static pthread_key_t key;

/* Room is not on the stack: there is hardly any. */
static void copy_to(unsigned char *to)
{
	memset(to, 1, unknown(BIG));
	CHECK(is_all(to, BIG, 1));
	memcpy(to, a, unknown(BIG));
	CHECK(is_pattern(to, BIG, 0, 8));
	copied += 2;
}

static void at_thread_end(void *to)
{
	copy_to(to);
}

static void last_of_all(void *to)
{
	copy_to(to);
	free(to);
}

static void *short_life(void *arg)
{
	unsigned char *to = malloc(BIG);

	CHECK(to);
	copy_to(to);
	/* The key's destructor runs after those of objects. */
	CHECK(!pthread_setspecific(key, to));
	CHECK(!__cxa_thread_atexit_impl(at_thread_end, to, &__dso_handle));
	return arg;
}

static void crowd(void)
{
	pthread_t t[AT_ONCE];

	for (int i = 0; i < THREADS / AT_ONCE; i++) {
		for (int k = 0; k < AT_ONCE; k++)
			CHECK(!pthread_create(&t[k], NULL, short_life, NULL));
		for (int k = 0; k < AT_ONCE; k++)
			CHECK(!pthread_join(t[k], NULL));
	}
	puts("2000 threads: right");
}

static void *plain_life(void *to)
{
	for (int i = 0; i < 10; i++)
		copy_to(to);
	return NULL;
}

/* Of 16 KiB glibc takes some itself. */
static void least_stack(void)
{
	unsigned char *to = malloc(BIG);
	pthread_attr_t attr;
	pthread_t t;

	CHECK(to && !pthread_attr_init(&attr));
	CHECK(!pthread_attr_setstacksize(&attr, LEAST_STACK));
	for (int i = 0; i < 20; i++) {
		CHECK(!pthread_create(&t, &attr, plain_life, to));
		CHECK(!pthread_join(t, NULL));
	}
	free(to);
	puts("threads with 16 KiB of stack: right");
}

static unsigned char handlers[BIG];
static volatile sig_atomic_t handled;

static void on_signal(int sig)
{
	(void)sig;
	copy_to(handlers);
	handled++;
}

static char *volatile handler_at;

static void note_frame(int sig)
{
	(void)sig;
	handler_at = __builtin_frame_address(0);
}

/*
 * What the kernel puts there before the handler: sysconf's minimum may be far
 * more.  Where instructions are played by signals there are two of them.
 */
static size_t frames_size(char *stack, size_t size)
{
	struct sigaction act = {.sa_handler = note_frame,
				.sa_flags = SA_ONSTACK};
	stack_t ss = {.ss_sp = stack, .ss_size = size};

	CHECK(!sigaltstack(&ss, NULL) && !sigaction(SIGUSR2, &act, NULL));
	CHECK(!raise(SIGUSR2));
	return (size_t)(stack + size - handler_at) * (getenv("TRAPS") ? 2 : 1);
}

/* Of the handler itself: libc's memcpy takes nothing. */
#define HANDLER_ROOM 4096

static void *signalled(void *stack)
{
	size_t n = frames_size(stack, 65536 - 4096) + HANDLER_ROOM;
	stack_t ss = {.ss_sp = stack, .ss_size = n};
	unsigned char *to = malloc(BIG);

	CHECK(to && !sigaltstack(&ss, NULL));
	for (int i = 0; i < 50; i++) {
		CHECK(!pthread_kill(pthread_self(), SIGUSR1));
		copy_to(to);
	}
	free(to);
	return NULL;
}

/* Below the alternate stack is a page that can't be touched. */
static void alternate_stack(void)
{
	struct sigaction act = {.sa_handler = on_signal,
				.sa_flags = SA_ONSTACK};
	pthread_attr_t attr;
	pthread_t t;
	char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED && !mprotect(p, 4096, PROT_NONE));
	CHECK(!sigaction(SIGUSR1, &act, NULL));
	CHECK(!pthread_attr_init(&attr));
	CHECK(!pthread_attr_setstacksize(&attr, LEAST_STACK));
	for (int i = 0; i < 10; i++) {
		CHECK(!pthread_create(&t, &attr, signalled, p + 4096));
		CHECK(!pthread_join(t, NULL));
	}
	CHECK(handled == 500);
	puts("handlers on a small stack of their own: right");
}

typedef void *copier(void *to, const void *from, size_t n);

/* By the library's own memcpy, or by the host's, which it is given. */
static void (*elsewhere)(void *to, const void *from, size_t n);
static void (*by_host)(copier *copy, void *to, const void *from, size_t n);

static void *in_namespace(void *unused)
{
	unsigned char *to = malloc(BIG);

	CHECK(to);
	for (int i = 0; i < 20; i++) {
		elsewhere(to, a, unknown(BIG));
		CHECK(is_pattern(to, BIG, 0, 8));
		copy_to(to);
		by_host(memcpy, to, a, unknown(BIG));
		CHECK(is_pattern(to, BIG, 0, 8));
		copied++;
	}
	free(to);
	return unused;
}

/*
 * Libraries with a libc of their own, that we are not in, one after the other
 * in the same place.
 */
static void namespaces(char **paths)
{
	pthread_t t[4];

	for (; *paths; paths++) {
		void *lib = dlmopen(LM_ID_NEWLM, *paths, RTLD_NOW | RTLD_LOCAL);

		CHECK(lib);
		*(void **)&elsewhere = dlsym(lib, "copy_elsewhere");
		*(void **)&by_host = dlsym(lib, "copy_by_host");
		CHECK(elsewhere && by_host);
		for (int i = 0; i < 4; i++)
			CHECK(!pthread_create(&t[i], NULL, in_namespace, NULL));
		for (int i = 0; i < 4; i++)
			CHECK(!pthread_join(t[i], NULL));
		CHECK(!dlclose(lib));
	}
	puts("a namespace of its own: right");
}

static void at_exit(void)
{
	unsigned char *to = malloc(BIG);

	CHECK(to);
	copy_to(to);
	free(to);
	puts("at exit: right");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";

	pattern(a, BIG, 8);
	CHECK(!pthread_key_create(&key, last_of_all));
	if (!strcmp(how, "crowd"))
		crowd();
	else if (!strcmp(how, "least_stack"))
		least_stack();
	else if (!strcmp(how, "alternate_stack"))
		alternate_stack();
	else if (!strcmp(how, "namespaces") && argc > 2)
		namespaces(argv + 2);
	/* It is not counted before it happens. */
	if (!strcmp(how, "atexit")) {
		atexit(at_exit);
		copied += 2;
	}
	counted_end(71);
}

// SPDX-License-Identifier: MIT
/*
 * leaving HOW TIMES: threads that do not come back to a copy: a handler jumps
 * out of it, or the thread is cancelled in it.  What they leave belongs to the
 * host again, at once: not a byte of it may change later.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ROOM (256 * 1024UL)

static unsigned char from[ROOM], target[ROOM];
static sigjmp_buf back;
static volatile sig_atomic_t may_jump, jumped;
static volatile unsigned long copies;

static void nap(long us)
{
	struct timespec t = {0, us * 1000};

	while (nanosleep(&t, &t))
		;
}

static void on_alarm(int sig)
{
	(void)sig;
	if (may_jump) {
		may_jump = 0;
		jumped++;
		siglongjmp(back, 1);
	}
}

/* The copies that are left, to the stack or to memory that stays. */
static __attribute__((noinline)) void copy_for_ever(int on_stack)
{
	unsigned char room[ROOM];
	unsigned char *to = on_stack ? room : target;

	may_jump = 1;
	for (;;) {
		memcpy(to, from, unknown(ROOM));
		memset(to, 0x5a, unknown(ROOM));
	}
}

/* No function of libc: the host's own bytes, of words that it can tell. */
static __attribute__((noinline)) void own(volatile unsigned long *p, size_t n,
					  unsigned long word)
{
	for (size_t i = 0; i < n / 8; i++)
		p[i] = word ^ i;
}

static __attribute__((noinline)) int is_own(volatile unsigned long *p, size_t n,
					    unsigned long word)
{
	for (size_t i = 0; i < n / 8; i++)
		if (p[i] != (word ^ i))
			return 0;
	return 1;
}

/* Where the frame was that copied is now this one, deeper. */
static __attribute__((noinline)) void reuse_stack(unsigned long word)
{
	unsigned long room[(ROOM + 8192) / 8];

	own(room, sizeof(room), word);
	nap(400);
	CHECK(is_own(room, sizeof(room), word));
}

static void arm(long us)
{
	/* Again: the first may come before the copies do. */
	struct itimerval soon = {{0, us ? 500 : 0}, {0, us}};

	CHECK(!setitimer(ITIMER_REAL, &soon, NULL));
}

static void jumps(int times)
{
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_NODEFER};
	volatile int i;

	CHECK(!sigaction(SIGALRM, &act, NULL));
	for (i = 0; i < times; i++) {
		int on_stack = i & 1;

		if (!sigsetjmp(back, i & 2)) {
			arm(30 + i % 200);
			copy_for_ever(on_stack);
		}
		arm(0);
		if (on_stack) {
			reuse_stack((unsigned long)i << 32);
		} else {
			own((void *)target, ROOM, (unsigned long)i << 32);
			nap(400);
			CHECK(is_own((void *)target, ROOM,
				     (unsigned long)i << 32));
		}
	}
	CHECK(jumped == times);
	puts("jumps: what was left stayed as it was");
}

static void *copier(void *arg)
{
	if (arg)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		memcpy(target, from, unknown(ROOM));
		memset(target, 0x5a, unknown(ROOM));
		copies++;
		if (!arg)
			pthread_testcancel();
	}
	return NULL;
}

static void cancels(int times, int is_async)
{
	for (int i = 0; i < times; i++) {
		unsigned long before = copies, word = (unsigned long)i << 32;
		pthread_t t;
		void *end;

		CHECK(!pthread_create(&t, NULL, copier,
				      is_async ? target : NULL));
		while (copies == before)
			nap(50);
		nap(i % 7 * 30);
		CHECK(!pthread_cancel(t));
		CHECK(!pthread_join(t, &end) && end == PTHREAD_CANCELED);
		own((void *)target, ROOM, word);
		nap(1000);
		CHECK(is_own((void *)target, ROOM, word));
	}
	puts("cancelled threads: what was left stayed as it was");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	int times = argc > 2 ? atoi(argv[2]) : 1;

	pattern(from, ROOM, 3);
	if (!strcmp(how, "jump"))
		jumps(times);
	else if (!strcmp(how, "cancel"))
		cancels(times, 0);
	else if (!strcmp(how, "cancel_async"))
		cancels(times, 1);
	else
		return 2;
	/* Slots and entries came back: copies are the device's, and right. */
	for (int i = 0; i < 20; i++) {
		memset(target, i, unknown(ROOM));
		CHECK(is_all(target, ROOM, i));
		memcpy(target, from, unknown(ROOM));
		CHECK(is_pattern(target, ROOM, 0, 3));
	}
	return 41;
}

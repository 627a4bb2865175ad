// SPDX-License-Identifier: MIT
/*
 * Copies from functions that have never copied, while another thread holds
 * the loader's lock and waits for that:
 *   locked COPIES
 * Prints whether they came about, and how many were right.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <link.h>
#include <pthread.h>
#include <semaphore.h>
#include <string.h>
#include <time.h>

static unsigned char from[BIG], to[BIG];
static sem_t is_locked, is_done;
static int copies, right, waited;

/* A stack that is another each time. */
static __attribute__((noinline)) void copy(int depth, int which)
{
	switch (depth ? which & 3 : 4) {
	case 0:
		copy(depth - 1, which >> 2);
		break;
	case 1:
		copy(depth - 1, which >> 2);
		break;
	case 2:
		copy(depth - 1, which >> 2);
		break;
	case 3:
		copy(depth - 1, which >> 2);
		break;
	default:
		memset(to, 0, 100);
		memcpy(to, from, BIG);
		right += is_pattern(to, BIG, 0, 4);
	}
	__asm__ volatile("" ::: "memory");
}

static void *copy_when_locked(void *user)
{
	(void)user;
	sem_wait(&is_locked);
	for (int i = 0; i < copies; i++)
		copy(4, i);
	sem_post(&is_done);
	return NULL;
}

static int hold(struct dl_phdr_info *info, size_t size, void *user)
{
	struct timespec until;

	(void)info;
	(void)size;
	(void)user;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	sem_post(&is_locked);
	waited = sem_timedwait(&is_done, &until);
	return 1;
}

int main(int argc, char **argv)
{
	pthread_t t;

	copies = argc > 1 ? atoi(argv[1]) : 1;
	pattern(from, BIG, 4);
	sem_init(&is_locked, 0, 0);
	sem_init(&is_done, 0, 0);
	pthread_create(&t, NULL, copy_when_locked, NULL);
	dl_iterate_phdr(hold, NULL);
	pthread_join(t, NULL);
	printf("%s, %d right\n", waited ? "stuck" : "free", right);
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * threads COUNT [ROUNDS]: so many threads alive at once, all copying; more
 * than there are slots if COUNT is over 1024.
 */
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#define MOST 4096
#define BYTES 40000UL

static pthread_barrier_t all_copied;
static int rounds = 3;
static unsigned char source[BYTES];
static pthread_key_t key;

static void copy(unsigned char *to, unsigned seed)
{
	errno = (int)seed;
	memset(to, (int)seed, unknown(BYTES));
	CHECK(to[0] == (unsigned char)seed && to[BYTES - 1] == to[0]);
	memcpy(to, source, unknown(BYTES));
	CHECK(is_pattern(to, BYTES, 0, 1));
	CHECK(errno == (int)seed);
}

static void at_end(void *to)
{
	copy(to, 77);
	free(to);
}

static void *thread(void *arg)
{
	unsigned id = (unsigned)(size_t)arg;
	unsigned char *to = malloc(BYTES);

	CHECK(to);
	pthread_setspecific(key, to);
	copy(to, id);
	/* All are alive here, and have copied. */
	pthread_barrier_wait(&all_copied);
	for (int i = 0; i < rounds; i++)
		copy(to, id + (unsigned)i);
	return NULL;
}

int main(int argc, char **argv)
{
	static pthread_t t[MOST];
	unsigned count = argc > 1 ? (unsigned)atoi(argv[1]) : 8;
	pthread_attr_t attr;

	if (argc > 2)
		rounds = atoi(argv[2]);
	CHECK(count > 0 && count <= MOST);
	pattern(source, BYTES, 1);
	CHECK(!pthread_key_create(&key, at_end));
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	/* Twice: the second crowd takes slots that the first gave back. */
	for (int turn = 0; turn < 2; turn++) {
		CHECK(!pthread_barrier_init(&all_copied, NULL, count));
		for (unsigned i = 0; i < count; i++) {
			int rc = pthread_create(&t[i], &attr, thread,
						(void *)(size_t)(i + 1));

			if (rc) {
				printf("no thread: %s\n", strerror(rc));
				return 77;
			}
		}
		for (unsigned i = 0; i < count; i++)
			CHECK(!pthread_join(t[i], NULL));
		pthread_barrier_destroy(&all_copied);
	}
	printf("%u threads, twice: right\n", count);
	return 0;
}

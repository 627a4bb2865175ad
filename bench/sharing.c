// SPDX-License-Identifier: MIT
/*
 * Is what is learned as good as the best fixed division?  For each size: the
 * CPU alone, every fixed fraction of 0, 5, ... 95 %, and the learned sharing
 * after 50 requests, on the timing-only device; medians of requests, all in
 * one process, in turn.
 *
 *   sharing GBPS LATENCY_US [THREADS [DEVICES [hot|cold]]]
 */
#include "bench.h"
#include "timing.h"

#include "libc_mem.h"
#include "offload.h"
#include "slot.h"
#include "policy.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define LEARN 50
#define ROOM (256UL << 20)
#define MOST_THREADS 8

enum way {
	ALONE,
	FIXED,
	LEARNED
};

static unsigned threads = 1;
static bool is_hot;
static pthread_barrier_t gate;
static struct worker {
	pthread_t thread;
	char *src, *dst;
	size_t at;
	double ns[BENCH_MOST];
} worker[MOST_THREADS];

/* What they all do next. */
static struct {
	enum way way;
	size_t n;
	unsigned learn, count;
	bool is_over;
} task;

static double once(struct worker *w)
{
	char *src, *dst;
	double start;

	if (is_hot || w->at + task.n > ROOM)
		w->at = 0;
	src = w->src + w->at;
	dst = w->dst + w->at;
	w->at += task.n;
	start = bench_ns();
	if (task.way == ALONE)
		dsam_libc.memmove(dst, src, task.n);
	else
		dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, task.n, NULL);
	return bench_ns() - start;
}

static void do_task(struct worker *w)
{
	for (unsigned i = 0; i < task.learn; i++)
		once(w);
	for (unsigned i = 0; i < task.count; i++)
		w->ns[i] = once(w);
}

static void *work(void *arg)
{
	for (;;) {
		pthread_barrier_wait(&gate);
		if (task.is_over)
			return NULL;
		do_task(arg);
		pthread_barrier_wait(&gate);
	}
}

/* All threads; the median of the slowest. */
static double run(enum way way, unsigned percent, unsigned learn,
		  unsigned count)
{
	double worst = 0;

	task.way = way;
	task.learn = learn;
	task.count = count;
	dsam_limits.is_split = way != ALONE && (way == LEARNED || percent);
	dsam_limits.is_learned = way == LEARNED;
	dsam_limits.cpu_percent = (uint8_t)percent;
	pthread_barrier_wait(&gate);
	do_task(&worker[0]);
	pthread_barrier_wait(&gate);
	for (unsigned i = 0; i < threads; i++) {
		double ns = bench_median(worker[i].ns, count);

		worst = ns > worst ? ns : worst;
	}
	return worst;
}

static void size(size_t n)
{
	unsigned rounds = n >= 16UL << 20 ? 3 : 5;
	unsigned count = n >= 16UL << 20 ? 5 : n >= 1UL << 20 ? 15 : 60;
	double ns[20][BENCH_MOST], alone[BENCH_MOST], learned[BENCH_MOST];
	double best = 0, a, l;
	unsigned which = 0;

	task.n = n;
	run(LEARNED, 0, LEARN, 1);
	for (unsigned r = 0; r < rounds; r++) {
		alone[r] = run(ALONE, 0, 1, count);
		learned[r] = run(LEARNED, 0, 1, count);
		for (unsigned f = 0; f < 20; f++)
			ns[f][r] = run(FIXED, 5 * f, 1,
				       count > 20 ? count / 4 : count / 2);
	}
	for (unsigned f = 0; f < 20; f++) {
		double m = bench_median(ns[f], rounds);

		if (!f || m < best) {
			best = m;
			which = f;
		}
	}
	a = bench_median(alone, rounds);
	l = bench_median(learned, rounds);
	printf("%8zuK %12.1f %12.1f (%2u %%) %12.1f %10.3f %10.3f\n", n >> 10,
	       a / 1000, best / 1000, 5 * which, l / 1000, l / best, l / a);
	fflush(stdout);
}

static char *room(void)
{
	char *p = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return p;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {64UL << 10, 256UL << 10, 1UL << 20,
				       4UL << 20,  16UL << 20,  64UL << 20};
	struct timing t = {.doorbell_ns = 160};
	unsigned devices = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: sharing GBPS LATENCY_US [THREADS "
				"[DEVICES [hot|cold]]]\n");
		return 2;
	}
	t.gbps = atof(argv[1]);
	t.latency_ns = atof(argv[2]) * 1000;
	if (argc > 3)
		threads = (unsigned)atoi(argv[3]);
	if (argc > 4)
		devices = (unsigned)atoi(argv[4]);
	is_hot = argc > 5 && !strcmp(argv[5], "hot");
	if (!threads || threads > MOST_THREADS || !devices ||
	    devices > TIMING_DEVICES)
		return 2;
	timing_birth(devices);
	for (unsigned d = 0; d < devices; d++)
		timing_set(d, &t);
	pthread_barrier_init(&gate, NULL, threads);
	for (unsigned i = 0; i < threads; i++) {
		worker[i].src = room();
		worker[i].dst = room();
		if (i &&
		    pthread_create(&worker[i].thread, NULL, work, &worker[i]))
			return 1;
	}
	printf("%u device(s) of %s GB/s, latency %s us, %u thread(s), %s\n\n"
	       "%9s %12s %19s %12s %10s %10s\n",
	       devices, argv[1], argv[2], threads, is_hot ? "hot" : "cold",
	       "size", "CPU us", "best fixed us", "learned us", "/ fixed",
	       "/ CPU");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		size(sizes[i]);
	task.is_over = true;
	if (threads > 1) {
		pthread_barrier_wait(&gate);
		for (unsigned i = 1; i < threads; i++)
			pthread_join(worker[i].thread, NULL);
	}
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * Learned sharing against fixed fractions on a device that moves data: to be
 * run on the test device, whose engines are this machine's CPUs, too.
 *
 *   dsa-testbed --submit mmap --patch -s mbps=1000 -- testdevice SO [ROUNDS]
 *
 * A worker process for each way (plain libc, fixed fractions of 0, 5, ... 90 %
 * for the CPU, what is learned), asked in turn; CSV of medians in us.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define ROOM (128UL << 20)
#define FRACTIONS 19
#define LEARN 60

static char *src, *dst;

struct job {
	size_t n;
	int calls;
};

/* Other bytes each time, as long as there are others. */
static double run(const void *job)
{
	const struct job *j = job;
	static size_t at;
	double ns[BENCH_MOST], start;

	for (int i = 0; i < j->calls; i++) {
		if (at + j->n > ROOM)
			at = 0;
		start = bench_ns();
		memcpy(dst + at, src + at, j->n);
		ns[i] = bench_ns() - start;
		at += j->n;
	}
	return bench_median(ns, (size_t)j->calls);
}

static int work(void)
{
	struct job j;

	src = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	dst = mmap(NULL, ROOM, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (src == MAP_FAILED || dst == MAP_FAILED)
		return 1;
	return bench_serve(run, &j, sizeof(j));
}

static struct bench_worker start(const char *so, const char *percent)
{
	static char mode[] = "DSAMOVE_MODE=split", split[64];
	char *settings[] = {mode, split, NULL};

	snprintf(split, sizeof(split), "DSAMOVE_SPLIT_CPU_PERCENT=%s",
		 percent ? percent : "auto");
	return bench_start(so, settings);
}

/* Some milliseconds, but a median of some. */
static int calls_of(size_t n)
{
	size_t calls = (16UL << 20) / n;

	return calls < 3 ? 3 : calls > 40 ? 40 : (int)calls;
}

static void measure(const struct bench_worker *w, size_t n, int rounds)
{
	double ns[FRACTIONS + 2][BENCH_MOST], plain, best = 0, learned;
	struct job j = {n, LEARN};
	int percent = 0;

	bench_ask(&w[FRACTIONS + 1], &j, sizeof(j));
	j.calls = calls_of(n);
	for (int r = 0; r < rounds; r++)
		for (int i = 0; i < FRACTIONS + 2; i++)
			ns[i][r] = bench_ask(&w[i], &j, sizeof(j));
	plain = bench_median(ns[0], (size_t)rounds);
	learned = bench_median(ns[FRACTIONS + 1], (size_t)rounds);
	for (int i = 1; i <= FRACTIONS; i++) {
		double t = bench_median(ns[i], (size_t)rounds);

		if (i > 1 && t >= best)
			continue;
		best = t;
		percent = 5 * (i - 1);
	}
	printf("%zu,%.1f,%.1f,%d,%.1f,%.3f,%.3f\n", n, plain / 1000,
	       best / 1000, percent, learned / 1000, learned / best,
	       learned / plain);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct bench_worker w[FRACTIONS + 2];
	int rounds = bench_rounds(argc, argv, 2, 7);
	char percent[8];

	if (bench_is_worker(argc, argv))
		return work();
	if (argc < 2) {
		fprintf(stderr, "usage: testdevice SO [ROUNDS]\n");
		return 2;
	}
	w[0] = bench_start(NULL, NULL);
	for (int i = 1; i <= FRACTIONS; i++) {
		snprintf(percent, sizeof(percent), "%d", 5 * (i - 1));
		w[i] = start(argv[1], percent);
	}
	w[FRACTIONS + 1] = start(argv[1], NULL);
	printf("bytes,cpu_us,fixed_us,fixed_percent,auto_us,auto_by_fixed,"
	       "auto_by_cpu\n");
	for (size_t n = 64UL << 10; n <= 64UL << 20; n *= 4)
		measure(w, n, rounds);
	return 0;
}

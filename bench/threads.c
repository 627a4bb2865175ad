// SPDX-License-Identifier: MIT
/*
 * Do threads slow each other?  ns per request for one and for two threads
 * that make small copies (200 bytes) and big ones (offloaded, inline software
 * device), plain and preloaded in turn.
 *
 *   threads SO [ROUNDS]
 */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SMALLS 64
#define BIG (64 * 1024)
#define REQUESTS 400

static pthread_barrier_t gate;

/* A request: some small copies and a big one. */
static void *copier(void *arg)
{
	double *ns = arg, start;
	char *dst = aligned_alloc(4096, BIG), *src = aligned_alloc(4096, BIG);

	memset(src, 1, BIG);
	memset(dst, 1, BIG);
	pthread_barrier_wait(&gate);
	start = bench_ns();
	for (int i = 0; i < REQUESTS; i++) {
		for (int k = 0; k < SMALLS; k++)
			memcpy(dst + k * 256, src + k * 256, 200);
		memcpy(dst, src, BIG);
	}
	*ns = (bench_ns() - start) / REQUESTS;
	free(dst);
	free(src);
	return NULL;
}

static double run(const void *job)
{
	int threads = *(const int *)job;
	pthread_t t[2];
	double ns[2] = {0, 0};

	pthread_barrier_init(&gate, NULL, (unsigned)threads);
	for (int i = 0; i < threads; i++)
		pthread_create(&t[i], NULL, copier, &ns[i]);
	for (int i = 0; i < threads; i++)
		pthread_join(t[i], NULL);
	pthread_barrier_destroy(&gate);
	return (ns[0] + ns[1]) / threads;
}

static char *settings[] = {"DSAMOVE_DEVICE=software",
			   "DSAMOVE_SOFTWARE_ENGINES=0", NULL};

int main(int argc, char **argv)
{
	struct bench_worker w[2];
	int threads, rounds = bench_rounds(argc, argv, 2, 31);
	double ns[2][2][BENCH_MOST];
	size_t n = (size_t)rounds;

	if (bench_is_worker(argc, argv))
		return bench_serve(run, &threads, sizeof(threads));
	if (argc < 2) {
		fprintf(stderr, "usage: threads SO [ROUNDS]\n");
		return 2;
	}
	for (int i = 0; i < 2; i++)
		w[i] = bench_start(i ? argv[1] : NULL, i ? settings : NULL);
	for (int r = -1; r < rounds; r++)
		for (int i = 0; i < 4; i++) {
			threads = i / 2 + 1;
			ns[i % 2][i / 2][r < 0 ? 0 : r] =
				bench_ask(&w[i % 2], &threads, sizeof(threads));
		}
	printf("ns per request (64 copies of 200 bytes, one of 64 KiB), "
	       "median of %d alternating rounds\n\n%-10s %12s %12s %8s\n",
	       rounds, "", "one thread", "two threads", "ratio");
	for (int way = 0; way < 2; way++) {
		double one = bench_median(ns[way][0], n);
		double two = bench_median(ns[way][1], n);

		printf("%-10s %12.0f %12.0f %8.3f\n",
		       way ? "preloaded" : "plain", one, two, two / one);
	}
	return 0;
}

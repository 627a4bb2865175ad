// SPDX-License-Identifier: MIT
/*
 * What an offloaded request costs over the copy itself: the inline software
 * device does the very copy that libc would, so the difference is ours.
 *
 *   cost SO [ROUNDS]
 *
 * Workers, plain and preloaded (device=software, no engine threads, an "ok"
 * script; all to the device, or as is learned), asked in turn; CSV of medians.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#define MOST (256 * 1024)

static char *dst, *src;

static double run(const void *job)
{
	size_t n = *(const size_t *)job;
	int calls = (int)(64 * MOST / n / 8) + 16;
	double start = bench_ns();

	for (int i = 0; i < calls; i++)
		memcpy(dst, src, n);
	return (bench_ns() - start) / calls;
}

static int work(void)
{
	size_t n;

	dst = aligned_alloc(4096, MOST);
	src = aligned_alloc(4096, MOST);
	memset(src, 1, MOST);
	memset(dst, 1, MOST);
	return bench_serve(run, &n, sizeof(n));
}

#define INLINE                                                   \
	"DSAMOVE_DEVICE=software", "DSAMOVE_SOFTWARE_ENGINES=0", \
		"DSAMOVE_SOFTWARE_SCRIPT=ok", "DSAMOVE_MIN_BYTES=1"
#define WAYS 3
static char *settings[WAYS][6] = {
	{NULL},
	{INLINE, "DSAMOVE_MODE=poll", NULL},
	{INLINE, "DSAMOVE_MODE=split", NULL},
};

int main(int argc, char **argv)
{
	static const size_t sizes[] = {256,       1024,      4096, 16384,
				       32 * 1024, 64 * 1024, MOST};
	int rounds = bench_rounds(argc, argv, 2, 31);
	double ns[WAYS][BENCH_MOST], added[WAYS];
	struct bench_worker w[WAYS];
	size_t n = (size_t)rounds;

	if (bench_is_worker(argc, argv))
		return work();
	if (argc < 2) {
		fprintf(stderr, "usage: cost SO [ROUNDS]\n");
		return 2;
	}
	for (int i = 0; i < WAYS; i++)
		w[i] = bench_start(i ? argv[1] : NULL, settings[i]);
	printf("bytes,plain_ns,poll_ns,poll_added_ns,auto_ns,auto_added_ns\n");
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		for (int r = -1; r < rounds; r++)
			for (int i = 0; i < WAYS; i++)
				ns[i][r < 0 ? 0 : r] = bench_ask(
					&w[i], &sizes[s], sizeof(size_t));
		for (int i = 1; i < WAYS; i++)
			added[i] = bench_median_difference(ns[i], ns[0], n);
		printf("%zu,%.1f", sizes[s], bench_median(ns[0], n));
		for (int i = 1; i < WAYS; i++)
			printf(",%.1f,%.1f", bench_median(ns[i], n), added[i]);
		printf("\n");
	}
	return 0;
}

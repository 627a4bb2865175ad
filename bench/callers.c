// SPDX-License-Identifier: MIT
/*
 * What caller rules and stats=callers add to a copy at or above the cutoff:
 *
 *   callers SO [ROUNDS]
 *
 * One worker process for each way, asked in turn, so that a change of the
 * machine's speed meets all of them.  There is no device (stats=all counts,
 * the CPU copies 64 bytes with a cutoff of 64), so that what is left is our
 * own path.  The copies come from eight frames deep.
 */
#include "bench.h"

#include <stdio.h>
#include <string.h>

#define CALLS 40000
#define BYTES 64

#define COMMON "DSAMOVE_DEVICE=none", "DSAMOVE_MIN_BYTES=64", NULL
#define RULES "DSAMOVE_STATS=all", "DSAMOVE_CALLERS_DENY=libnone,libnone:f"
static struct {
	const char *name;
	char *settings[6];
} ways[] = {
	{"no rules", {"DSAMOVE_STATS=all", COMMON}},
	{"depth 1", {RULES, "DSAMOVE_CALLER_DEPTH=1", COMMON}},
	{"depth 8", {RULES, "DSAMOVE_CALLER_DEPTH=8", COMMON}},
	{"callers", {"DSAMOVE_STATS=callers", COMMON}},
};
#define WAYS (sizeof(ways) / sizeof(*ways))

static char dst[4096], src[4096];

/* The loop is at the bottom, so that only the copy is in the time. */
static __attribute__((noinline)) double deep(int depth)
{
	double start, ns;

	if (depth) {
		ns = deep(depth - 1);
		__asm__ volatile("" ::: "memory");
		return ns;
	}
	start = bench_ns();
	for (int i = 0; i < CALLS; i++) {
		memcpy(dst, src, BYTES);
		__asm__ volatile("" ::: "memory");
	}
	return (bench_ns() - start) / CALLS;
}

static double run(const void *job)
{
	(void)job;
	return deep(7);
}

int main(int argc, char **argv)
{
	static double ns[WAYS][BENCH_MOST];
	double diff[WAYS];
	struct bench_worker w[WAYS];
	int rounds = bench_rounds(argc, argv, 2, 51);
	size_t n = (size_t)rounds;
	char job;

	if (bench_is_worker(argc, argv))
		return bench_serve(run, &job, 1);
	if (argc < 2) {
		fprintf(stderr, "usage: callers SO [ROUNDS]\n");
		return 2;
	}
	for (size_t i = 0; i < WAYS; i++)
		w[i] = bench_start(argv[1], ways[i].settings);
	for (int r = -1; r < rounds; r++)
		for (size_t i = 0; i < WAYS; i++)
			ns[i][r < 0 ? 0 : r] = bench_ask(&w[i], "", 1);
	for (size_t i = 0; i < WAYS; i++)
		diff[i] = bench_median_difference(ns[i], ns[0], n);
	printf("ns per counted copy of %d bytes from a known caller, median of "
	       "%d alternating\nrounds; then the difference to no rules\n\n",
	       BYTES, rounds);
	for (size_t i = 0; i < WAYS; i++)
		printf("%-10s %8.2f %+8.2f\n", ways[i].name,
		       bench_median(ns[i], n), diff[i]);
	return 0;
}

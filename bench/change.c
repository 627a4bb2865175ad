// SPDX-License-Identifier: MIT
/*
 * A device whose speed changes in mid-run, as when another process joins: how
 * many requests until what was learned is right again?  The change is made
 * several times over, each time from a fresh start; the curve is the median of
 * each request over them, so that a request that tries another way, or a
 * preempted one, does not count.
 *
 *   change [THREADS]     the number of requests, on stderr
 *                        CSV of the curves, on stdout
 */
#include "crew.h"
#include "timing.h"

#include <stdio.h>

#define BEFORE 100 /* requests that it learns from */
#define SHOWN 20 /* of them */
#define AFTER 200
#define STEADY 100 /* the last of them say what is right */
#define TIMES 9
#define RUN 5 /* so many in a row are right */
#define ROOM (256UL << 20)

static unsigned threads = 1;

static const struct change {
	size_t n;
	double from, to; /* GB/s */
} changes[] = {
	{256UL << 10, 20, 5}, {256UL << 10, 5, 20}, {256UL << 10, 10, 1},
	{256UL << 10, 1, 10}, {4UL << 20, 20, 5},   {4UL << 20, 5, 20},
	{4UL << 20, 10, 1},   {4UL << 20, 1, 10},
};

static void device(double gbps)
{
	const struct timing t = {
		.gbps = gbps, .latency_ns = 2000, .doorbell_ns = 160};

	timing_set(0, &t);
}

static void once(const struct change *c, unsigned i,
		 double ns[SHOWN + AFTER][TIMES])
{
	struct crew_task t = {
		.way = CREW_AUTO, .n = c->n, .is_cold = true, .count = BEFORE};

	crew_forget();
	device(c->from);
	crew_run(&t);
	for (unsigned k = 0; k < SHOWN; k++)
		ns[k][i] = crew_times()[BEFORE - SHOWN + k];
	device(c->to);
	t.count = AFTER;
	crew_run(&t);
	for (unsigned k = 0; k < AFTER; k++)
		ns[SHOWN + k][i] = crew_times()[k];
}

static void change(const struct change *c)
{
	static double ns[SHOWN + AFTER][TIMES];
	double curve[SHOWN + AFTER], last[STEADY], steady;
	unsigned right = 0, at = AFTER;

	for (unsigned i = 0; i < TIMES; i++)
		once(c, i, ns);
	for (unsigned k = 0; k < SHOWN + AFTER; k++) {
		curve[k] = bench_median(ns[k], TIMES);
		printf("%zu,%g,%g,%u,%d,%.2f\n", c->n, c->from, c->to, threads,
		       (int)k - SHOWN, curve[k] / 1000);
	}
	for (unsigned k = 0; k < STEADY; k++)
		last[k] = curve[SHOWN + AFTER - STEADY + k];
	steady = bench_median(last, STEADY);
	for (unsigned k = 0; k < AFTER && right < RUN; k++) {
		right = curve[SHOWN + k] <= 1.05 * steady ? right + 1 : 0;
		at = k + 1 - right;
	}
	fprintf(stderr, "%zu,%g,%g,%u,%u,%.2f\n", c->n, c->from, c->to, threads,
		at, steady / 1000);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		threads = (unsigned)atoi(argv[1]);
	if (!threads || threads > CREW_MOST)
		return 2;
	timing_birth(1);
	crew_birth(threads, ROOM);
	printf("bytes,from_gbps,to_gbps,threads,request,us\n");
	fprintf(stderr,
		"bytes,from_gbps,to_gbps,threads,requests_until_right,us\n");
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++)
		change(&changes[i]);
	return 0;
}

// SPDX-License-Identifier: MIT
/*
 * Where offload wins: CPU alone, all to the device, half each, and the learned
 * sharing, in turn, for requests of 16 KiB to 64 MiB whose data are in the
 * caches or not and whose destination is present or fresh, on the timing-only
 * device.  CSV on stdout: medians, and medians of ratios of the same round.
 *
 *   offload GBPS LATENCY_US [THREADS]
 */
#include "crew.h"
#include "timing.h"

#include <stdio.h>

#define LEARN 50
/* What the kernel takes for a fresh page varies most. */
#define ROUNDS 7
#define ROUNDS_FRESH 15
#define HEAT 3
#define ROOM (256UL << 20)
#define SPLIT_PERCENT 50

static unsigned threads = 1;

/* Requests of one run: some milliseconds. */
static unsigned some(const struct crew_task *t)
{
	size_t count = (t->is_fresh ? 4UL << 20 : 16UL << 20) / t->n;

	return count < 1 ? 1 : count > 40 ? 40 : (unsigned)count;
}

/*
 * Into the caches again, which a device that moves nothing leaves alone: data,
 * and the pages that the kernel will hand out as fresh ones.
 */
static void heat(struct crew_task t)
{
	t.way = CREW_CPU;
	t.warm = HEAT;
	t.count = 1;
	if (!t.is_cold || t.is_fresh)
		crew_run(&t);
}

static void measure(struct crew_task t, double ns[CREW_WAYS][ROUNDS_FRESH],
		    unsigned rounds)
{
	crew_forget();
	t.way = CREW_AUTO;
	t.warm = LEARN;
	t.count = 1;
	crew_run(&t);
	t.warm = 1;
	t.count = some(&t);
	for (unsigned r = 0; r < rounds; r++)
		for (unsigned i = 0; i < CREW_WAYS; i++) {
			t.way = (enum crew_way)((i + r) % CREW_WAYS);
			t.percent = t.way == CREW_FIXED ? SPLIT_PERCENT : 0;
			heat(t);
			ns[t.way][r] = crew_run(&t);
		}
}

static void size(const char *speed, const char *latency, size_t n, bool is_cold,
		 bool is_fresh)
{
	const struct crew_task t = {
		.n = n, .is_cold = is_cold, .is_fresh = is_fresh};
	unsigned rounds = is_fresh ? ROUNDS_FRESH : ROUNDS;
	double ns[CREW_WAYS][ROUNDS_FRESH], ratio[CREW_WAYS];

	measure(t, ns, rounds);
	for (int w = 0; w < CREW_WAYS; w++)
		ratio[w] = bench_median_ratio(ns[w], ns[CREW_CPU], rounds);
	printf("%s,%s,%u,%s,%s,%zu", speed, latency, threads,
	       is_fresh ? "fresh" : "present", is_cold ? "cold" : "hot", n);
	for (int w = 0; w < CREW_WAYS; w++)
		printf(",%.2f", bench_median(ns[w], rounds) / 1000);
	for (int w = CREW_CPU + 1; w < CREW_WAYS; w++)
		printf(",%.3f", ratio[w]);
	printf("\n");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct timing t = {.doorbell_ns = 160};

	if (argc < 3) {
		fprintf(stderr, "usage: offload GBPS LATENCY_US [THREADS]\n");
		return 2;
	}
	t.gbps = atof(argv[1]);
	t.latency_ns = atof(argv[2]) * 1000;
	if (argc > 3)
		threads = (unsigned)atoi(argv[3]);
	if (!threads || threads > CREW_MOST)
		return 2;
	timing_birth(1);
	timing_set(0, &t);
	crew_birth(threads, ROOM);
	printf("gbps,latency_us,threads,destination,data,bytes,cpu_us,poll_us,"
	       "split_us,auto_us,poll_by_cpu,split_by_cpu,auto_by_cpu\n");
	for (int state = 0; state < 4; state++)
		for (size_t n = 16UL << 10; n <= 64UL << 20; n *= 4)
			size(argv[1], argv[2], n, state & 1, state & 2);
	return 0;
}

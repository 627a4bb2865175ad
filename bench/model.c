// SPDX-License-Identifier: MIT
/*
 * What to expect on a Sapphire Rapids core: a model, not a measurement.  The
 * device answers as published, 1.0 us + size / 29.9 GB/s and 160 ns for a
 * doorbell; the core does not copy, either, but passes the time that a copy
 * would take there: 10.1 GB/s is published for cold data (102.6 us a MiB), the
 * faster ones stand for data in its caches.  Only what the engine itself does
 * is real, and of this machine.  CSV on stdout.
 *
 *   model            by size, transfers of up to 2 MiB
 *   model transfer   by what a queue transfers in one go, without and with
 *                    batches; their lists are assumed to take 500 ns to read
 */
#include "clock.h"
#include "crew.h"
#include "libc_mem.h"
#include "timing.h"

#include <stdio.h>
#include <string.h>

#define LEARN 100
#define COUNT 40
#define ROUNDS 5
#define ROOM (64UL << 20)

static uint64_t ticks_per_mib;

static void *paced(void *dst, const void *src, size_t n)
{
	uint64_t start = dsam_ticks(), took = n * ticks_per_mib >> 20;

	(void)src;
	while (dsam_ticks() - start < took)
		;
	return dst;
}

static void size(double core, size_t n)
{
	struct crew_task t = {.way = CREW_AUTO, .n = n, .count = LEARN};
	double ns[CREW_WAYS][ROUNDS], m[CREW_WAYS];

	if (n >= 4UL << 20)
		t.count = LEARN / 2;
	crew_forget();
	crew_run(&t);
	t.warm = 1;
	t.count = n >= 4UL << 20 ? 3 : COUNT;
	for (int r = 0; r < ROUNDS; r++)
		for (int w = 0; w < CREW_WAYS; w++) {
			t.way = (enum crew_way)w;
			ns[w][r] = crew_run(&t);
		}
	for (int w = 0; w < CREW_WAYS; w++)
		m[w] = bench_median(ns[w], ROUNDS);
	printf("%g,%zu,%.3f,%.3f,%.3f,%.3f,%.3f\n", core, n, m[CREW_CPU] / 1000,
	       m[CREW_POLL] / 1000, m[CREW_AUTO] / 1000,
	       m[CREW_CPU] / m[CREW_POLL], m[CREW_CPU] / m[CREW_AUTO]);
	fflush(stdout);
}

static void set_core(double gbps)
{
	ticks_per_mib = (uint64_t)(1048576 / gbps / 1000 *
				   (double)dsam_clock.ticks_per_us);
}

/* The same request with queues that take no batches, and with such that do. */
static void transfer(uint32_t most, size_t n)
{
	static const enum crew_way ways[] = {CREW_POLL, CREW_AUTO};
	double ns[2][2][ROUNDS], us[2][2];

	for (int w = 0; w < 2; w++) {
		struct crew_task t = {.way = ways[w], .n = n, .warm = LEARN};

		t.count = COUNT;
		crew_forget();
		for (int r = 0; r < ROUNDS; r++)
			for (int batch = 0; batch < 2; batch++) {
				timing_transfer(most, batch ? 32 : 0);
				ns[w][batch][r] = crew_run(&t);
			}
		for (int batch = 0; batch < 2; batch++)
			us[w][batch] =
				bench_median(ns[w][batch], ROUNDS) / 1000;
	}
	printf("%u,%zu,%.3f,%.3f,%.3f,%.3f,%.3f,%.3f\n", most, n, us[0][0],
	       us[0][1], us[0][0] / us[0][1], us[1][0], us[1][1],
	       us[1][0] / us[1][1]);
	fflush(stdout);
}

static void transfers(void)
{
	set_core(10.1);
	printf("max_transfer,bytes,poll_us,poll_batch_us,poll_gain,auto_us,"
	       "auto_batch_us,auto_gain\n");
	for (uint32_t most = 2048; most <= 2U << 20; most *= 2)
		for (size_t n = 64UL << 10; n <= 4UL << 20; n *= 4)
			transfer(most, n);
}

int main(int argc, char **argv)
{
	static const double core_gbps[] = {10.1, 20, 40};
	const struct timing spr = {.gbps = 29.9,
				   .latency_ns = 1000,
				   .doorbell_ns = 160,
				   .list_ns = 500};

	timing_birth(1);
	timing_set(0, &spr);
	crew_birth(1, ROOM);
	dsam_libc.memmove = paced;
	if (argc > 1 && !strcmp(argv[1], "transfer")) {
		transfers();
		return 0;
	}
	printf("core_gbps,bytes,cpu_us,poll_us,auto_us,poll_gain,auto_gain\n");
	for (int i = 0; i < 3; i++) {
		set_core(core_gbps[i]);
		for (size_t n = 1024; n <= ROOM; n *= 2)
			size(core_gbps[i], n);
	}
	return 0;
}

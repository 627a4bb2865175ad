// SPDX-License-Identifier: MIT
/*
 * Several devices for one copy: how much of their sum is reached, and what
 * becomes of it when one of four is slow, full, faulty or silent.  The
 * timing-only device, 5 GB/s each, 64 MiB.  CSV on stdout.
 *
 *   devices [THREADS]
 *
 * sum: of the devices that are well, and with the CPU for mode=auto.
 */
#include "clock.h"
#include "crew.h"
#include "queue.h"
#include "timing.h"

#include <stdio.h>

#define BYTES (64UL << 20)
#define GBPS 5.0
#define DEVICES 4
#define LEARN 50
#define COUNT 15
/* A silent device holds up one request so long. */
#define DEADLINE_MS 50

static const struct timing well = {
	.gbps = GBPS, .latency_ns = 2000, .doorbell_ns = 160};

static const struct scene {
	const char *name;
	unsigned count; /* devices */
	unsigned well; /* of them; the last is as follows otherwise */
	struct timing last;
} scenes[] = {
	{"1 device", 1, 1, {.gbps = 0}},
	{"2 devices", 2, 2, {.gbps = 0}},
	{"3 devices", 3, 3, {.gbps = 0}},
	{"4 devices", 4, 4, {.gbps = 0}},
	{"one slow", 4, 3, {.gbps = 0.5, .latency_ns = 50000}},
	{"one full", 4, 3, {.gbps = GBPS, .doorbell_ns = 160, .refuse = 1}},
	{"one faulty", 4, 3, {.gbps = GBPS, .latency_ns = 2000, .fail = 1}},
	{"one silent", 4, 3, {.gbps = 0, .doorbell_ns = 160}},
};

static unsigned threads = 1;

static double run(enum crew_way way, unsigned count)
{
	const struct crew_task t = {
		.way = way, .n = BYTES, .count = count, .is_cold = true};

	return crew_run(&t);
}

/* Of what was learned; the first requests and their longest come first. */
static void scene(const struct scene *s, double cpu_gbps)
{
	static const char *const names[CREW_WAYS] = {
		[CREW_POLL] = "poll", [CREW_AUTO] = "auto"};

	for (int way = CREW_POLL; way < CREW_WAYS; way++) {
		double longest = 0, gbps, sum = GBPS * s->well;

		if (!names[way])
			continue;
		dsam_queues.count = s->count;
		for (unsigned d = 0; d < s->count; d++)
			timing_set(d, d < s->well ? &well : &s->last);
		crew_forget();
		run((enum crew_way)way, LEARN);
		for (unsigned i = 0; i < LEARN; i++)
			if (crew_times()[i] > longest)
				longest = crew_times()[i];
		gbps = (double)BYTES * threads / run((enum crew_way)way, COUNT);
		sum += way == CREW_AUTO ? cpu_gbps : 0;
		printf("%s,%u,%s,%.2f,%.2f,%.3f,%.1f,%.2f\n", s->name, threads,
		       names[way], gbps, sum, gbps / sum, longest / 1e6,
		       cpu_gbps);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	if (argc > 1)
		threads = (unsigned)atoi(argv[1]);
	if (!threads || threads > CREW_MOST)
		return 2;
	timing_birth(DEVICES);
	dsam_queue_deadline = DEADLINE_MS * 1000ULL * dsam_clock.ticks_per_us;
	crew_birth(threads, 4 * BYTES);
	printf("scene,threads,way,gbps,sum_gbps,share,longest_ms,cpu_gbps\n");
	run(CREW_CPU, 3);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(*scenes); i++)
		scene(&scenes[i], (double)BYTES * threads / run(CREW_CPU, 7));
	return 0;
}

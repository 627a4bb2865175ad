// SPDX-License-Identifier: MIT
/*
 * What an offloaded request costs beside the device's time: on the inline
 * software device, a request through the engine against the device alone, that
 * is one descriptor of the same bytes handed to it and executed, in turn.
 *
 *   overhead [ROUNDS]
 *
 * CSV of medians in ns.  The software device is part of the engine, so both
 * are of one build.
 */
#include "bench.h"

#include "clock.h"
#include "descriptor_exec.h"
#include "device_software.h"
#include "libc_mem.h"
#include "offload.h"
#include "policy.h"
#include "queue_open.h"
#include "slot.h"
#include "submit.h"
#include "wait.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MOST (256 * 1024)

static char *dst, *src;
static _Alignas(64) struct dsa_hw_desc desc;
static _Alignas(32) struct dsa_completion_record rec;

static void birth(void)
{
	char why[256];

	dsam_clock_start();
	if (dsam_libc_resolve() || dsam_slot_birth() ||
	    dsam_software_birth(&dsam_queues.q[0], 0, 0, 0) ||
	    dsam_software_script("ok", why, sizeof(why))) {
		fprintf(stderr, "the engine does not start\n");
		exit(1);
	}
	usleep(20000);
	dsam_clock_calibrate();
	dsam_queues.count = 1;
	dsam_queues_settle();
	dsam_limits.min_bytes[DSAM_OP_MEMCPY] = 1;
	dsam_limits.has_device = true;
	dsam_limits.to_cache_allowed = true;
	dsam_limits.cache_bytes = SIZE_MAX;
	dsam_limits.chunk = dsam_queues.max_piece;
	dsam_tuning.fault_resumes = 8;
	dsam_tuning.submit_retries = 32;
	dsam_tuning.touch_auto = true;
	dsam_waiting.is_auto = true;
	dsam_queue_deadline = 2000000ULL * dsam_clock.ticks_per_us;
	dsam_slot_begin();
}

static double by_engine(size_t n, int calls)
{
	double start = bench_ns();

	for (int i = 0; i < calls; i++)
		dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, n, NULL, NULL);
	return (bench_ns() - start) / calls;
}

static double by_device(size_t n, int calls)
{
	struct dsam_queue *q = &dsam_queues.q[0];
	double start = bench_ns();

	for (int i = 0; i < calls; i++) {
		dsam_descriptor_begin(&desc, &rec, DSA_OPCODE_MEMMOVE);
		desc.src_addr = (uintptr_t)src;
		desc.dst_addr = (uintptr_t)dst;
		desc.xfer_size = (uint32_t)n;
		desc.flags |= IDXD_OP_FLAG_CC;
		if (q->ops->enqueue(q, &desc) != DSAM_ENQUEUE_TAKEN)
			abort();
		while (!*(volatile uint8_t *)&rec.status)
			q->ops->relax(q, &desc);
	}
	return (bench_ns() - start) / calls;
}

int main(int argc, char **argv)
{
	static const size_t sizes[] = {256, 1024, 4096, 16384, 65536, MOST};
	int rounds = bench_rounds(argc, argv, 1, 31);
	double engine[BENCH_MOST], device[BENCH_MOST];

	birth();
	dst = aligned_alloc(4096, MOST);
	src = aligned_alloc(4096, MOST);
	memset(src, 1, MOST);
	memset(dst, 1, MOST);
	printf("bytes,engine_ns,device_ns,overhead_ns\n");
	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++) {
		size_t k = (size_t)rounds;
		int calls = (int)(8 * MOST / sizes[s]) + 64;
		double added;

		for (int r = -1; r < rounds; r++) {
			engine[r < 0 ? 0 : r] = by_engine(sizes[s], calls);
			device[r < 0 ? 0 : r] = by_device(sizes[s], calls);
		}
		added = bench_median_difference(engine, device, k);
		printf("%zu,%.1f,%.1f,%.1f\n", sizes[s],
		       bench_median(engine, k), bench_median(device, k), added);
	}
	return 0;
}

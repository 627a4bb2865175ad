// SPDX-License-Identifier: MIT
/* The timing-only device, and an engine around it. */
#include "timing.h"

#include "clock.h"
#include "libc_mem.h"
#include "offload.h"
#include "policy.h"
#include "queue_open.h"
#include "slot.h"
#include "wait.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Ticks, as integers: the engine's own rule, and cheap. */
static struct model {
	uint64_t per_mib, latency, doorbell;
	unsigned refuse, fail;
	_Alignas(64) _Atomic uint64_t free_at;
	_Atomic unsigned seen;
} model[TIMING_DEVICES];

#define JOBS (2 * DSAM_DEPTH)
static __thread struct job {
	const struct dsa_hw_desc *desc;
	uint64_t due;
	bool fails;
} jobs[JOBS];

static enum dsam_enqueue enqueue(struct dsam_queue *q,
				 const struct dsa_hw_desc *desc)
{
	struct model *m = &model[q - dsam_queues.q];
	uint64_t now = dsam_ticks(), free_at, end;
	unsigned seen = 0;

	while (dsam_ticks() - now < m->doorbell)
		;
	if (m->refuse || m->fail)
		seen = atomic_fetch_add(&m->seen, 1) + 1;
	if (m->refuse && seen % m->refuse == 0)
		return DSAM_ENQUEUE_RETRY;
	now = dsam_ticks();
	free_at = atomic_load(&m->free_at);
	do {
		end = (free_at > now ? free_at : now) +
		      (desc->xfer_size * m->per_mib >> 20);
	} while (!atomic_compare_exchange_weak(&m->free_at, &free_at, end));
	for (unsigned i = 0; i < JOBS; i++) {
		if (jobs[i].desc)
			continue;
		jobs[i].due = m->per_mib ? end + m->latency : UINT64_MAX;
		jobs[i].fails = m->fail && seen % m->fail == 0;
		jobs[i].desc = desc;
		return DSAM_ENQUEUE_TAKEN;
	}
	return DSAM_ENQUEUE_RETRY;
}

static void relax(struct dsam_queue *q, const struct dsa_hw_desc *desc)
{
	struct dsa_completion_record *rec =
		(void *)(uintptr_t)desc->completion_addr;

	(void)q;
	for (unsigned i = 0; i < JOBS; i++) {
		if (jobs[i].desc != desc)
			continue;
		if (dsam_ticks() < jobs[i].due)
			return;
		jobs[i].desc = NULL;
		rec->status =
			jobs[i].fails ? DSA_COMP_HW_ERR1 : DSA_COMP_SUCCESS;
		return;
	}
}

/* What was in flight is aborted. */
static bool drain(struct dsam_queue *q)
{
	(void)q;
	for (unsigned i = 0; i < JOBS; i++)
		jobs[i].desc = NULL;
	return true;
}

static const struct dsam_device_ops ops = {
	.name = "timing only",
	.enqueue = enqueue,
	.relax = relax,
	.drain = drain,
};

void timing_set(unsigned d, const struct timing *t)
{
	double us = (double)dsam_clock.ticks_per_us;
	struct model *m = &model[d];

	m->per_mib =
		t->gbps > 0 ? (uint64_t)(1048576.0 / t->gbps / 1000 * us) : 0;
	m->latency = (uint64_t)(t->latency_ns * us / 1000);
	m->doorbell = (uint64_t)(t->doorbell_ns * us / 1000);
	m->refuse = t->refuse;
	m->fail = t->fail;
	atomic_store(&m->free_at, 0);
}

void timing_birth(unsigned devices)
{
	long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);

	dsam_clock_start();
	if (dsam_libc_resolve() || dsam_slot_birth()) {
		fprintf(stderr, "the engine does not start\n");
		exit(1);
	}
	usleep(20000);
	dsam_clock_calibrate();
	dsam_queues.count = devices;
	for (unsigned d = 0; d < devices; d++) {
		struct dsam_queue *q = &dsam_queues.q[d];

		memset(q, 0, sizeof(*q));
		snprintf(q->name, sizeof(q->name), "timing%u", d);
		q->ops = &ops;
		q->fd = -1;
		q->numa_node = -1;
		q->max_transfer = 2U << 20;
		q->has_cache_control = true;
		q->size = q->threshold = 64;
	}
	dsam_queues_settle();
	for (int op = 0; op < DSAM_OPS; op++)
		dsam_limits.min_bytes[op] = 1;
	dsam_limits.has_device = true;
	dsam_limits.to_cache_allowed = true;
	dsam_limits.cache_bytes = l2 > 0 ? (size_t)l2 : 1U << 20;
	dsam_limits.chunk = dsam_queues.max_transfer;
	dsam_tuning.fault_resumes = 8;
	dsam_tuning.submit_retries = 32;
	dsam_waiting.is_auto = true;
	dsam_queue_deadline = 2000000ULL * dsam_clock.ticks_per_us;
	dsam_slot_begin();
}

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
#include <sys/mman.h>
#include <unistd.h>

/* Ticks, as integers: the engine's own rule, and cheap. */
static struct model {
	uint64_t per_mib, latency, doorbell, list;
	unsigned refuse, fail;
	_Alignas(64) _Atomic uint64_t free_at;
	_Atomic unsigned seen;
} model[TIMING_DEVICES];

#define JOBS (2 * DSAM_DEPTH)
#define MAX_TRANSFER (2U << 20)
#define PAGES_MOST (MAX_TRANSFER / DSAM_PAGE + 1)
static __thread struct job {
	const struct dsa_hw_desc *desc;
	const struct dsam_queue *queue;
	uint64_t due;
	uint32_t present; /* bytes up to the first absent page */
	bool fails;
} jobs[JOBS];
static __thread uint32_t live; /* bit n: jobs[n] is in flight */
_Static_assert(JOBS == 32, "the width of live");

static bool does_fault;

/* How much of a destination the device may write before it meets a fault. */
static uint32_t present(const struct dsa_hw_desc *desc)
{
	uintptr_t from = desc->dst_addr, page = from & -DSAM_PAGE;
	unsigned char vec[PAGES_MOST];
	size_t bytes = from + desc->xfer_size - page;
	void *at = (void *)page;

	if (!does_fault || mincore(at, bytes, vec))
		return desc->xfer_size;
	for (size_t i = 0; i * DSAM_PAGE < bytes; i++) {
		if (vec[i] & 1)
			continue;
		page += i * DSAM_PAGE;
		return page > from ? (uint32_t)(page - from) : 0;
	}
	return desc->xfer_size;
}

static const struct dsa_hw_desc *members_of(const struct dsa_hw_desc *desc)
{
	return (const void *)(uintptr_t)desc->desc_list_addr;
}

static bool is_batch(const struct dsa_hw_desc *desc)
{
	return desc->opcode == DSA_OPCODE_BATCH;
}

static uint64_t bytes_of(const struct dsa_hw_desc *desc)
{
	uint64_t n = 0;

	if (!is_batch(desc))
		return desc->xfer_size;
	for (uint32_t k = 0; k < desc->desc_count; k++)
		n += members_of(desc)[k].xfer_size;
	return n;
}

static void drop(const struct dsam_queue *q, const struct dsa_hw_desc *desc)
{
	for (uint32_t left = live; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		if (jobs[i].queue == q || jobs[i].desc == desc)
			live &= ~(1U << i);
	}
}

static enum dsam_enqueue enqueue(struct dsam_queue *q,
				 const struct dsa_hw_desc *desc)
{
	struct model *m = &model[q - dsam_queues.q];
	uint64_t now = dsam_ticks(), free_at, begin, end;
	unsigned seen = 0, i;

	while (dsam_ticks() - now < m->doorbell)
		;
	if (m->refuse || m->fail)
		seen = atomic_fetch_add(&m->seen, 1) + 1;
	if (m->refuse && seen % m->refuse == 0)
		return DSAM_ENQUEUE_RETRY;
	now = dsam_ticks();
	/* A list is read while what came before is moved. */
	begin = is_batch(desc) ? now + m->list : now;
	free_at = atomic_load(&m->free_at);
	do {
		end = (free_at > begin ? free_at : begin) +
		      (bytes_of(desc) * m->per_mib >> 20);
	} while (!atomic_compare_exchange_weak(&m->free_at, &free_at, end));
	/* Of a queue that another thread has closed. */
	drop(NULL, desc);
	if (live == UINT32_MAX)
		return DSAM_ENQUEUE_RETRY;
	i = (unsigned)__builtin_ctz(~live);
	jobs[i] = (struct job){
		.desc = desc,
		.queue = q,
		.due = m->per_mib ? end + m->latency : UINT64_MAX,
		.present = is_batch(desc) ? 0 : present(desc),
		.fails = m->fail && seen % m->fail == 0,
	};
	live |= 1U << i;
	return DSAM_ENQUEUE_TAKEN;
}

static uint8_t answer_one(const struct dsa_hw_desc *desc, uint32_t there)
{
	struct dsa_completion_record *rec =
		(void *)(uintptr_t)desc->completion_addr;

	rec->bytes_completed = there < desc->xfer_size ? there : 0;
	rec->status = DSA_COMP_SUCCESS;
	if (there < desc->xfer_size)
		rec->status = DSA_COMP_PAGE_FAULT_NOBOF | DSA_COMP_STATUS_WRITE;
	return rec->status;
}

static void answer(const struct job *j)
{
	const struct dsa_hw_desc *desc = j->desc;
	struct dsa_completion_record *rec =
		(void *)(uintptr_t)desc->completion_addr;
	uint8_t status = DSA_COMP_SUCCESS;

	if (j->fails) {
		rec->status = DSA_COMP_HW_ERR1;
		return;
	}
	if (!is_batch(desc)) {
		answer_one(desc, j->present);
		return;
	}
	for (uint32_t k = 0; k < desc->desc_count; k++) {
		const struct dsa_hw_desc *member = &members_of(desc)[k];

		if (answer_one(member, present(member)) != DSA_COMP_SUCCESS)
			status = DSA_COMP_BATCH_FAIL;
	}
	rec->status = status;
}

/* Whatever is due, as hardware would: not only what is asked for. */
static void relax(struct dsam_queue *q, const struct dsa_hw_desc *desc)
{
	uint64_t now = dsam_ticks();

	(void)q;
	(void)desc;
	for (uint32_t left = live; left; left &= left - 1) {
		unsigned i = (unsigned)__builtin_ctz(left);

		if (now < jobs[i].due)
			continue;
		live &= ~(1U << i);
		answer(&jobs[i]);
	}
}

/* What was in flight is aborted. */
static bool drain(struct dsam_queue *q)
{
	drop(q, NULL);
	return true;
}

static const struct dsam_device_ops ops = {
	.name = "timing only",
	.enqueue = enqueue,
	.relax = relax,
	.drain = drain,
};

void timing_faults(bool does)
{
	does_fault = does;
}

void timing_set(unsigned d, const struct timing *t)
{
	double us = (double)dsam_clock.ticks_per_us;
	struct model *m = &model[d];

	m->per_mib =
		t->gbps > 0 ? (uint64_t)(1048576.0 / t->gbps / 1000 * us) : 0;
	m->latency = (uint64_t)(t->latency_ns * us / 1000);
	m->doorbell = (uint64_t)(t->doorbell_ns * us / 1000);
	m->list = (uint64_t)(t->list_ns * us / 1000);
	m->refuse = t->refuse;
	m->fail = t->fail;
	atomic_store(&m->free_at, 0);
	dsam_queue_forget(&dsam_queues.q[d]);
	atomic_store(&dsam_queues.q[d].state, DSAM_QUEUE_OPEN);
}

void timing_transfer(uint32_t bytes, uint32_t batch)
{
	for (unsigned d = 0; d < dsam_queues.count; d++) {
		dsam_queues.q[d].max_transfer = bytes;
		dsam_queues.q[d].max_batch = batch;
	}
	dsam_queues_settle();
	dsam_limits.chunk = dsam_queues.max_piece;
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
		q->max_transfer = MAX_TRANSFER;
		q->has_cache_control = true;
		q->size = q->threshold = 64;
	}
	dsam_queues_settle();
	for (int op = 0; op < DSAM_OPS; op++)
		dsam_limits.min_bytes[op] = 1;
	dsam_limits.has_device = true;
	dsam_limits.to_cache_allowed = true;
	dsam_limits.cache_bytes = l2 > 0 ? (size_t)l2 : 1U << 20;
	dsam_limits.chunk = dsam_queues.max_piece;
	dsam_tuning.touch_auto = true;
	dsam_tuning.fault_resumes = 8;
	dsam_tuning.submit_retries = 32;
	dsam_waiting.is_auto = true;
	dsam_queue_deadline = 2000000ULL * dsam_clock.ticks_per_us;
	dsam_slot_begin();
}

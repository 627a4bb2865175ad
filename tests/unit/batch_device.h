/* SPDX-License-Identifier: MIT */
/* A device that takes batches, and ends each member as the test says. */
#ifndef BATCH_DEVICE_H
#define BATCH_DEVICE_H

#include "engine.h"
#include "random.h"

#include <errno.h>
#include <stdlib.h>

#define PART 4096U
#define ROOM (64 * PART)

/* What comes of a member: its record, and how much of it is done. */
struct end {
	uint8_t status; /* 0: no record */
	uint8_t result;
	uint32_t done;
};

static char *src, *dst;
static struct end ends[DSAM_MEMBERS];
static uint8_t parent_status; /* 0: as the members ended; NEVER */
#define NEVER 0xff
static struct dsa_hw_desc seen[256], last_parent;
static uint32_t counts[256]; /* members of what was submitted; 0: single */
static unsigned submitted, members_seen, drained;
static const struct dsa_hw_desc *at;
static void (*meanwhile)(void);

static inline struct dsa_completion_record *
record_of(const struct dsa_hw_desc *d)
{
	return (void *)(uintptr_t)d->completion_addr;
}

static inline void move(const struct dsa_hw_desc *d, size_t from, size_t to)
{
	char *out = (void *)(uintptr_t)d->dst_addr;

	if (d->opcode == DSA_OPCODE_MEMFILL)
		memset(out + from, (int)(d->pattern & 0xff), to - from);
	else
		memcpy(out + from, (char *)(uintptr_t)d->src_addr + from,
		       to - from);
}

static inline uint8_t end_one(const struct dsa_hw_desc *d, const struct end *e)
{
	struct dsa_completion_record *rec = record_of(d);

	switch (e->status & DSA_COMP_STATUS_MASK) {
	case DSA_COMP_SUCCESS:
		move(d, 0, d->xfer_size);
		break;
	case DSA_COMP_PAGE_FAULT_NOBOF:
		if (e->result)
			move(d, d->xfer_size - e->done, d->xfer_size);
		else
			move(d, 0, e->done);
		break;
	default:
		break;
	}
	rec->result = e->result;
	rec->bytes_completed = e->done;
	__atomic_store_n(&rec->status, e->status, __ATOMIC_RELEASE);
	return e->status;
}

static inline void end_batch(const struct dsa_hw_desc *d)
{
	const struct dsa_hw_desc *list = (void *)(uintptr_t)d->desc_list_addr;
	uint8_t status = DSA_COMP_SUCCESS;

	/* The last one first: members end in any order. */
	for (unsigned k = d->desc_count; k-- > 0;)
		if (end_one(&list[k], &ends[k]) != DSA_COMP_SUCCESS)
			status = DSA_COMP_BATCH_FAIL;
	if (parent_status == NEVER)
		return;
	record_of(d)->bytes_completed = d->desc_count;
	__atomic_store_n(&record_of(d)->status,
			 parent_status ? parent_status : status,
			 __ATOMIC_RELEASE);
}

static inline enum dsam_enqueue take(struct dsam_queue *q,
				     const struct dsa_hw_desc *d)
{
	static const struct end well = {.status = DSA_COMP_SUCCESS};
	const struct dsa_hw_desc *list = (void *)(uintptr_t)d->desc_list_addr;

	(void)q;
	ck_assert_uint_eq((uintptr_t)d % 64, 0);
	ck_assert_uint_eq(record_of(d)->status, 0);
	at = d;
	if (d->opcode != DSA_OPCODE_BATCH) {
		counts[submitted++ % 256] = 0;
		if (meanwhile)
			return DSAM_ENQUEUE_TAKEN;
		end_one(d, &well);
		return DSAM_ENQUEUE_TAKEN;
	}
	counts[submitted++ % 256] = d->desc_count;
	last_parent = *d;
	ck_assert_uint_eq((uintptr_t)list % 64, 0);
	for (unsigned k = 0; k < d->desc_count; k++) {
		ck_assert_uint_eq(list[k].completion_addr % 32, 0);
		for (unsigned i = 0; i < 32; i++)
			ck_assert_uint_eq(
				((unsigned char *)record_of(&list[k]))[i], 0);
		seen[members_seen++ % 256] = list[k];
	}
	if (!meanwhile)
		end_batch(d);
	return DSAM_ENQUEUE_TAKEN;
}

static inline void look(struct dsam_queue *q, const struct dsa_hw_desc *d)
{
	(void)q;
	if (meanwhile) {
		void (*now)(void) = meanwhile;

		meanwhile = NULL;
		now();
	}
	if (record_of(d) && !record_of(d)->status) {
		if (d->opcode == DSA_OPCODE_BATCH)
			end_batch(d);
		else
			end_one(d, &(struct end){.status = DSA_COMP_SUCCESS});
	}
}

static inline bool drain(struct dsam_queue *q)
{
	(void)q;
	drained++;
	return true;
}

static const struct dsam_device_ops ops = {
	.name = "batches", .enqueue = take, .relax = look, .drain = drain};

/* Queues of that many bytes, and members, a descriptor. */
static inline void start(unsigned queues, uint32_t transfer, uint32_t batch)
{
	struct random r = {5};

	engine_birth();
	for (unsigned i = 0; i < queues; i++)
		engine_queue(&ops, transfer)->max_batch = batch;
	engine_begin();
	for (unsigned k = 0; k < DSAM_MEMBERS; k++)
		ends[k] = (struct end){.status = DSA_COMP_SUCCESS};
	src = aligned_alloc(4096, ROOM + 4096);
	dst = aligned_alloc(4096, ROOM + 4096);
	ck_assert(src && dst);
	random_fill(&r, (unsigned char *)src, ROOM);
	memset(dst, 0, ROOM);
}

static inline void forget(void)
{
	submitted = members_seen = 0;
	memset(counts, 0, sizeof(counts));
	memset(dst, 0, ROOM);
}

static inline void copy(size_t n)
{
	size_t beyond = 0;

	errno = 77;
	ck_assert_ptr_eq(
		dsam_offload_copy(DSAM_OP_MEMCPY, dst, src, n, NULL, NULL),
		dst);
	ck_assert_int_eq(errno, 77);
	ck_assert_mem_eq(dst, src, n);
	/* One assertion: each is a system call. */
	for (size_t i = n; i < ROOM; i++)
		beyond += dst[i] != 0;
	ck_assert_uint_eq(beyond, 0);
	ck_assert_uint_eq(dsam_self.slot->in_flight, 0);
}

static inline const struct dsam_op_stats *stats(void)
{
	return &dsam_self.slot->stats.op[DSAM_OP_MEMCPY];
}

#endif
